use futures_util::FutureExt;
use serde::Deserialize;

use super::*;
use crate::api::ask::stand_in::Sent;
use crate::domain::address::{Address, Email};
use crate::domain::money::Money;
use crate::domain::pricing::CartLine;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it can be read is of interest")]
struct Wanted {
    email: Email,
    lines: Vec<CartLine>,
    address: Option<Address>,
    price: Option<Money>,
}

fn refusal(body: &str) -> ApiError {
    parse::<Wanted>(body.as_bytes()).unwrap_err()
}

fn refused_field(body: &str) -> (String, String) {
    let error = refusal(body);
    assert_eq!(error.code, ErrorCode::InvalidRequest, "{body}: {error:?}");
    let [field] = error.errors.try_into().unwrap();
    (field.pointer, field.message)
}

#[test]
fn what_is_not_json_is_refused_by_line_and_column() {
    for bad in [
        "",
        " ",
        "{",
        "{\"email\":}",
        "nonsense",
        "{\"email\":\"\\ud800\"}",
        "{\"email\":NaN}",
        "\u{feff}{}",
        "{\"email\":\"a\u{0}b\"}",
        "{\"email\":\"a@b.cd\",\"lines\":[]} {}",
        "{\"email\": \"a\nb\"}",
    ] {
        assert_eq!(refusal(bad).code, ErrorCode::MalformedJson, "{bad:?}");
    }
    for deep in ["[".repeat(10_000), "{\"lines\":[".repeat(5_000), "{\"x\":".repeat(10_000)] {
        assert_eq!(refusal(&deep).code, ErrorCode::InvalidRequest);
    }
    assert_eq!(refused_field("[1]"), (String::new(), "must be an object".to_owned()));
    assert_eq!(refusal("{\n  x").detail, "The body is not JSON; see line 2, column 3.");
    assert_eq!(parse::<Wanted>(b"\xff\xfe{}").unwrap_err().code, ErrorCode::MalformedJson);
}

#[test]
fn fields_are_refused_where_they_are() {
    let line = |line: &str| format!(r#"{{"email":"a@b.cd","lines":[{line}]}}"#);
    for (body, pointer, message) in [
        (r#"{"lines":[]}"#.to_owned(), "/email", "is required"),
        (r#"{"email":1,"lines":[]}"#.to_owned(), "/email", "must be a string"),
        (r#"{"email":"no","lines":[]}"#.to_owned(), "/email", "must be an e-mail address"),
        (r#"{"email":"a@b.cd","lines":{}}"#.to_owned(), "/lines", "must be a list"),
        (line(r#"{"sku":"A"}"#), "/lines/0/quantity", "is required"),
        (
            line(r#"{"sku":"A","quantity":1,"price":5}"#),
            "/lines/0/price",
            "is not a field of this request",
        ),
        (line(r#"{"sku":"A","quantity":1,"quantity":2}"#), "/lines/0/quantity", "is given twice"),
        (
            line(r#"{"sku":"A","quantity":"1"}"#),
            "/lines/0/quantity",
            "must be a whole number, not negative",
        ),
        (line(r#"{"sku":"A B","quantity":1}"#), "/lines/0/sku", "malformed identifier"),
        (
            r#"{"email":"a@b.cd","lines":[],"total~/x":1}"#.to_owned(),
            "/total~0~1x",
            "is not a field of this request",
        ),
        (
            r#"{"email":"a@b.cd","lines":[],"price":{"amount":1,"currency":"XXX"}}"#.to_owned(),
            "/price/currency",
            "unknown currency; use an ISO 4217 code in capitals, such as USD",
        ),
    ] {
        assert_eq!(refused_field(&body), (pointer.to_owned(), message.to_owned()), "{body}");
    }
}

/// Every value of an ordinary request, each in turn replaced by one of another type, is refused at its own
/// place, wherever it stands and however the text is laid out.
#[test]
fn whatever_is_wrong_the_pointer_leads_there() {
    let right = serde_json::json!({
        "email": "a@b.cd",
        "lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}],
        "address": {"name": "n", "line1": "l", "city": "c", "postal_code": "1", "country": "US"},
        "price": {"amount": 1, "currency": "USD"}
    });
    let mut leaves = vec![String::new()];
    let mut checked = 0;
    while let Some(pointer) = leaves.pop() {
        match right.pointer(&pointer).unwrap() {
            serde_json::Value::Object(members) => {
                leaves.extend(members.keys().map(|name| format!("{pointer}/{name}")));
            }
            serde_json::Value::Array(items) => {
                leaves.extend((0..items.len()).map(|index| format!("{pointer}/{index}")));
            }
            _ => {}
        }
        for wrong in
            [serde_json::json!(true), serde_json::json!({"x": [1]}), serde_json::json!([[]])]
        {
            let mut document = right.clone();
            *document.pointer_mut(&pointer).unwrap() = wrong.clone();
            for text in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
                let (found, _) = refused_field(&text);
                // An object or a list in place of another may be refused for what is inside.
                assert!(found.starts_with(&pointer), "{text}: {found}, not {pointer}");
                checked += 1;
            }
        }
    }
    assert!(checked > 90, "{checked}");
}

#[test]
fn numbers_are_whole_and_in_range_or_refused() {
    for bad in ["-1", "1.5", "1e3", "2147483648e10", "4294967296", "9007199254740993", "1e400"] {
        let body = format!(r#"{{"email":"a@b.cd","lines":[{{"sku":"A","quantity":{bad}}}]}}"#);
        let error = refusal(&body);
        let expected =
            if bad == "1e400" { ErrorCode::MalformedJson } else { ErrorCode::InvalidRequest };
        assert_eq!(error.code, expected, "{bad}");
    }
}

#[test]
fn a_refusal_never_repeats_a_value() {
    let canary = "4242424242424242";
    for body in [
        format!(r#"{{"email":{canary},"lines":[]}}"#),
        format!(r#"{{"email":"{canary}","lines":[]}}"#),
        format!(r#"{{"email":"a@b.cd","lines":"{canary}"}}"#),
        format!(
            r#"{{"email":"a@b.cd","lines":[{{"sku":"A","quantity":"{canary}, expected {canary}"}}]}}"#
        ),
        format!(r#"{{"email":"a@b.cd","lines":[{{"sku":"{canary} ","quantity":1}}]}}"#),
        format!(
            r#"{{"email":"a@b.cd","lines":[],"price":{{"amount":"{canary}","currency":"USD"}}}}"#
        ),
        format!(r#"{{"email":"a@b.cd","lines":[],"price":{{"amount":1,"currency":"{canary}"}}}}"#),
        format!("{{\"email\": \"{canary}"),
    ] {
        let problem = refusal(&body).problem("req_1").to_string();
        assert!(!problem.contains(canary), "{body} -> {problem}");
    }
}

#[test]
fn text_of_every_script_comes_through_whole() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Named {
        name: String,
    }
    for name in ["Zoë", "東京", "👩‍🚀", "عبد\u{200f}", "a\u{200d}b"] {
        let body = serde_json::json!({ "name": name }).to_string();
        assert_eq!(parse::<Named>(body.as_bytes()).unwrap().name, name);
    }
}

fn read_now(sent: Sent, limit: usize) -> Result<usize, ErrorCode> {
    let mut sent = sent;
    let read = read_json(&mut sent, limit).now_or_never().expect("a stand-in never waits");
    read.map(|body| body.len()).map_err(|error| error.code)
}

#[test]
fn a_body_is_declared_plain_and_within_its_limit() {
    let json = |body: &[u8]| {
        Sent::default().with_header("content-type", "application/json").with_body(body)
    };
    assert_eq!(read_now(json(&[b' '; 100]), 100), Ok(100));
    assert_eq!(read_now(json(&[b' '; 101]), 100), Err(ErrorCode::BodyTooLarge));
    let packed = json(b"{}").with_header("content-encoding", "gzip");
    assert_eq!(read_now(packed, 100), Err(ErrorCode::UnsupportedMediaType));
    let undeclared = Sent::default().with_body(b"{}");
    assert_eq!(read_now(undeclared, 100), Err(ErrorCode::UnsupportedMediaType));
}

#[test]
fn only_json_in_utf_8_is_json() {
    for good in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
    ] {
        assert!(is_json(good), "{good}");
    }
    for bad in [
        "",
        "text/plain",
        "application/jsonp",
        "application/json; charset=utf-16",
        "multipart/form-data",
    ] {
        assert!(!is_json(bad), "{bad}");
    }
}
