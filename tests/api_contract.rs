//! What the API promises, pinned: `schema/api/openapi.json` and `error-codes.md` are what the code says.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test api_contract` writes them anew; read the difference before you
//! commit it.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cartwright::api::error::{ErrorCode, error_codes_document};
use cartwright::api::{openapi, routes};
use serde_json::Value;

fn pin(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/api").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let pinned = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        pinned == text,
        "schema/api/{name} is not what the code says; UPDATE_SNAPSHOTS=1 cargo test --test \
         api_contract writes it anew",
    );
}

fn document() -> Value {
    serde_json::to_value(openapi::document()).unwrap()
}

/// Every operation of the document: method, path, what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    all
}

#[test]
fn the_document_is_what_the_code_says() {
    let mut text = serde_json::to_string_pretty(&document()).unwrap();
    text.push('\n');
    pin("openapi.json", &text);
}

#[test]
fn the_error_codes_are_what_the_code_says() {
    pin("error-codes.md", &error_codes_document());
}

#[test]
fn the_document_and_the_table_know_the_same_routes() {
    let document = document();
    let described: BTreeMap<_, _> = operations(&document)
        .into_iter()
        .map(|(method, path, operation)| {
            let access = operation["x-access"].as_str().unwrap_or_default().to_owned();
            (format!("{method} {path}"), access)
        })
        .collect();
    let served: BTreeMap<_, _> = routes::table()
        .iter()
        .map(|route| (format!("{} {}", route.method, route.template), route.access.name()))
        .collect();
    assert_eq!(described, served);
}

#[test]
fn every_operation_says_what_it_does_and_what_it_may_answer() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} twice");
        assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{id}");
        for (status, answer) in answers {
            assert!(answer["description"].is_string(), "{id} {status}");
            if status.starts_with(['4', '5']) {
                let problem = &answer["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{id} {status}");
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    found.insert(reference.clone());
                }
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut checked = 0;
    for (name, schema) in schemas {
        let Some(example) = schema.get("example") else { continue };
        let mut whole = document.clone();
        whole["$ref"] = format!("#/components/schemas/{name}").into();
        let validator = jsonschema::validator_for(&whole).unwrap();
        let errors: Vec<String> = validator.iter_errors(example).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        checked += 1;
    }
    for (method, path, operation) in operations(&document) {
        let body = &operation["requestBody"]["content"]["application/json"];
        let (Some(example), Some(reference)) =
            (body.get("example"), body["schema"]["$ref"].as_str())
        else {
            continue;
        };
        let mut whole = document.clone();
        whole["$ref"] = reference.into();
        let validator = jsonschema::validator_for(&whole).unwrap();
        let errors: Vec<String> = validator.iter_errors(example).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?}");
        checked += 1;
    }
    assert!(checked > 8, "{checked} examples");
}

#[test]
fn codes_are_one_word_and_one_meaning() {
    let mut seen = BTreeSet::new();
    for code in ErrorCode::ALL {
        let word = code.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(word, "{}", code.code());
        assert!(seen.insert((code.code(), code.status())), "{} twice", code.code());
        assert!((400..600).contains(&code.status()));
        assert!(!code.title().is_empty() && code.when().ends_with('.'), "{}", code.code());
    }
}
