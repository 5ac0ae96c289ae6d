//! Which statuses a route may answer with, as the API's document says.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

type Known = BTreeSet<(String, String, u16)>;

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let text = include_str!("../../../schema/api/openapi.json");
        let document: Value = serde_json::from_str(text).unwrap();
        let mut known = Known::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, described) in methods.as_object().unwrap() {
                let Some(responses) = described["responses"].as_object() else { continue };
                let statuses = responses.keys().filter_map(|status| status.parse().ok());
                let method = method.to_uppercase();
                known.extend(statuses.map(|status| (method.clone(), path.clone(), status)));
            }
        }
        known
    })
}

pub fn is_documented(method: &str, template: &str, status: u16) -> bool {
    known().contains(&(method.to_owned(), template.to_owned(), status))
}
