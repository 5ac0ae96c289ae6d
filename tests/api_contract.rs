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

/// The names under which the types of a source file stand in the document: each with `ToSchema` among its
/// derives, by its own name or by that of `#[schema(as = …)]`.
fn schema_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("#[derive(") {
        let (_, derive) = rest.split_at(at);
        let (derives, after) = derive.split_once(")]").unwrap_or((derive, ""));
        rest = after;
        if !derives.contains("ToSchema") {
            continue;
        }
        let declares = |line: &&str| {
            let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let line = line.trim_start_matches("pub(super) ");
            line.starts_with("struct ") || line.starts_with("enum ")
        };
        let lines = || after.lines().map(str::trim);
        let declared = lines().find(declares).unwrap();
        let word = |text: &str| {
            let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
            text.split_at(end).0.to_owned()
        };
        let own = declared.split_once("struct ").or(declared.split_once("enum ")).unwrap().1;
        let renamed = lines()
            .take_while(|line| !declares(line))
            .find_map(|line| Some(word(line.split_once("schema(as = ")?.1)));
        names.push(renamed.unwrap_or_else(|| word(own)));
    }
    // Names in URLs are declared by a macro: a comment, then the name.
    for declaration in text.split("slug!(").skip(1) {
        let mut lines = declaration.lines().map(str::trim);
        let name = lines.find(|line| !line.is_empty() && !line.starts_with("///"));
        names.extend(name.map(|line| line.trim_end_matches(',').to_owned()));
    }
    names
}

fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Two types of one name would overwrite each other in the document, whichever is described last.
#[test]
fn no_two_types_fight_for_one_name_in_the_document() {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        for name in schema_names(&fs::read_to_string(&file).unwrap()) {
            owners.entry(name).or_default().push(file.display().to_string());
        }
    }
    let fights: Vec<_> = owners.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(fights.is_empty(), "one name, several types: {fights:#?}; say #[schema(as = …)]");
    for name in document()["components"]["schemas"].as_object().unwrap().keys() {
        assert!(owners.contains_key(name), "{name} is in the document, and no source declares it");
    }
}

#[test]
fn the_names_of_schemas_are_found_however_they_are_declared() {
    let text = "#[derive(Debug, ToSchema)]\n#[schema(as = Told)]\npub struct Own {\n}\n\
        #[derive(\n    Debug,\n    utoipa::ToSchema,\n)]\npub enum Second {}\n\
        #[derive(Debug)]\nstruct Silent;\n#[derive(ToSchema)]\nstruct Third<T>(T);\n";
    assert_eq!(schema_names(text), ["Told", "Second", "Third"]);
}
