//! Which route a request is for: segments are compared as they were sent, then parameters are decoded.

use std::future::Future;
use std::pin::Pin;

use super::access::Access;
use super::ask::Ask;
use super::reply::Outcome;

/// A handler's work.
pub type Work = Pin<Box<dyn Future<Output = Outcome>>>;

/// One row of the table of routes.
pub struct Route {
    /// The method, in capitals.
    pub method: &'static str,
    /// The template, such as `/v1/orders/{id}`: also what logs call the route.
    pub template: String,
    /// What it asks of its caller.
    pub access: Access,
    /// What it does.
    pub handle: fn(Ask) -> Work,
}

/// What a request is for.
pub enum Match<'a> {
    /// This route, with these parameters.
    Route(&'a Route, Vec<(&'static str, String)>),
    /// The address exists and takes other methods than this.
    OtherMethods(Vec<&'static str>),
    /// Nothing is there.
    Nothing,
}

/// Names of parameters in templates.
const PARAMETERS: [&str; 6] = ["id", "sku", "gateway", "number", "channel", "kind"];
/// The longest parameter; none of ours comes near.
const MAX_PARAMETER_BYTES: usize = 128;

/// Finds the route of a request. `HEAD` is a `GET` whose body nobody sends.
#[must_use]
pub fn find<'a>(routes: &'a [Route], method: &str, path: &str) -> Match<'a> {
    let method = if method == "HEAD" { "GET" } else { method };
    let mut other_methods = Vec::new();
    for route in routes {
        let Some(parameters) = matches(&route.template, path) else {
            continue;
        };
        if route.method == method {
            return Match::Route(route, parameters);
        }
        // Two templates may match one path, such as a word where a SKU would be.
        if !other_methods.contains(&route.method) {
            other_methods.push(route.method);
        }
    }
    if other_methods.is_empty() { Match::Nothing } else { Match::OtherMethods(other_methods) }
}

fn matches(template: &str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut parameters = Vec::new();
    let mut sent = path.split('/');
    for wanted in template.split('/') {
        let segment = sent.next()?;
        let name = wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name.and_then(|name| PARAMETERS.into_iter().find(|known| *known == name)) {
            Some(name) => parameters.push((name, decode(segment)?)),
            None if wanted == segment => {}
            None => return None,
        }
    }
    sent.next().is_none().then_some(parameters)
}

/// A parameter as it was meant. `None` for an empty or unreasonable one: nothing is at its address.
fn decode(segment: &str) -> Option<String> {
    if segment.is_empty() || segment.len() > MAX_PARAMETER_BYTES {
        return None;
    }
    let decoded = percent_decode(segment)?;
    (!decoded.contains(['/', '\\']) && !decoded.contains(char::is_control)).then_some(decoded)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            let mut decoded = [0_u8; 1];
            hex::decode_to_slice(pair, &mut decoded).ok()?;
            bytes.extend_from_slice(&decoded);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Vec<Route> {
        let route = |method, template: &str| Route {
            method,
            template: template.to_owned(),
            access: Access::Public,
            handle: |_| Box::pin(async { Ok(crate::api::reply::Reply::empty(204)) }),
        };
        vec![
            route("GET", "/healthz"),
            route("GET", "/v1/orders/{id}"),
            route("PUT", "/v1/admin/products/{id}"),
            route("POST", "/v1/admin/inventory/{sku}/adjustments"),
            route("GET", "/v1/admin/inventory/{sku}"),
            route("GET", "/v1/admin/inventory/alerts"),
        ]
    }

    fn found(method: &str, path: &str) -> Option<(String, Vec<String>)> {
        match find(&routes(), method, path) {
            Match::Route(route, parameters) => {
                let values = parameters.into_iter().map(|(_, value)| value).collect();
                Some((route.template.clone(), values))
            }
            Match::OtherMethods(_) | Match::Nothing => None,
        }
    }

    #[test]
    fn a_path_finds_its_template_and_its_parameters() {
        let some = |template: &str, values: &[&str]| {
            Some((template.to_owned(), values.iter().map(|v| (*v).to_owned()).collect()))
        };
        assert_eq!(found("GET", "/healthz"), some("/healthz", &[]));
        assert_eq!(found("HEAD", "/healthz"), some("/healthz", &[]));
        assert_eq!(found("GET", "/v1/orders/ord_1"), some("/v1/orders/{id}", &["ord_1"]));
        assert_eq!(found("GET", "/v1/orders/a%2Db"), some("/v1/orders/{id}", &["a-b"]));
        assert_eq!(
            found("POST", "/v1/admin/inventory/A.1/adjustments"),
            some("/v1/admin/inventory/{sku}/adjustments", &["A.1"])
        );
    }

    #[test]
    fn what_is_not_exactly_a_route_is_nothing() {
        for path in [
            "",
            "/",
            "//",
            "/healthz/",
            "/healthz//",
            "/HEALTHZ",
            "/v1/orders",
            "/v1/orders/",
            "/v1/orders/a/b",
            "/v1/orders/a%2Fb",
            "/v1/orders/%00",
            "/v1/orders/%",
            "/v1/orders/%zz",
            "/v1/orders/%ff",
            "/v1/orders/..%5c",
            "/v1/orders/{id}/x",
        ] {
            assert_eq!(found("GET", path), None, "{path}");
        }
        let long = format!("/v1/orders/{}", "x".repeat(129));
        assert_eq!(found("GET", &long), None);
    }

    #[test]
    fn another_method_is_told_which_there_are() {
        for (method, path) in [
            ("POST", "/healthz"),
            ("TRACE", "/healthz"),
            ("get", "/healthz"),
            ("POST", "/v1/admin/inventory/alerts"),
        ] {
            let routes = routes();
            let Match::OtherMethods(methods) = find(&routes, method, path) else {
                panic!("{method} {path}");
            };
            assert_eq!(methods, ["GET"]);
        }
    }
}
