//! The rules of the house, for every file under `src/`: who may use whom, what no file may say, and how
//! long it may be. A failure names the file, the line and the rule.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, in lines.
const MAX_LINES: usize = 500;

/// What each folder may use besides itself. The shell (objects, storage, jobs, runtime) may use
/// everything but the API, which only `lib.rs` starts.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("flows", &["domain"]),
    ("providers", &["domain"]),
    ("api", &["domain", "flows", "providers", "objects", "storage", "runtime"]),
    ("objects", &["domain", "flows", "providers", "storage", "runtime"]),
    ("storage", &["domain", "flows", "objects", "runtime"]),
    ("jobs", &["domain", "flows", "providers", "objects", "storage", "runtime"]),
    ("runtime", &["domain", "flows", "providers", "objects"]),
];

/// The only folders that may name JavaScript.
const SHELL: &[&str] = &["objects", "storage", "jobs", "runtime", "lib.rs"];

/// Folders whose functions depend on their arguments alone.
const PURE: &[&str] = &["domain", "flows", "providers"];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "core", "types", "manager", "misc"];

struct Source {
    path: PathBuf,
    text: String,
    /// Whether it is compiled for tests only.
    is_test: bool,
}

impl Source {
    /// The folder below `src/`, or `lib.rs`.
    fn folder(&self) -> &str {
        let below = self.path.strip_prefix(src()).unwrap();
        below.components().next().unwrap().as_os_str().to_str().unwrap()
    }

    fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap().display().to_string()
    }

    /// Where the modules are that this file declares for tests only: a file or a folder each.
    fn test_modules(&self) -> Vec<PathBuf> {
        let beside = self.path.parent().unwrap();
        let own = match self.path.file_stem().unwrap().to_str().unwrap() {
            "mod" | "lib" => beside.to_owned(),
            stem => beside.join(stem),
        };
        let mut found = Vec::new();
        let mut lines = self.text.lines();
        while lines.by_ref().any(|line| line.trim() == "#[cfg(test)]") {
            let mut file = None;
            for line in lines.by_ref() {
                let line = line.trim();
                if let Some(path) = line.strip_prefix("#[path = \"") {
                    file = Some(beside.join(path.trim_end_matches("\"]")));
                } else if let Some((_, name)) = line.split_once("mod ") {
                    let named = name.strip_suffix(';').map(|name| own.join(name));
                    found.extend(file.take().or(named));
                    break;
                } else if !line.starts_with("#[") {
                    break;
                }
            }
        }
        found
    }

    /// The lines that are compiled into the Worker, numbered from 1, without comments.
    fn code(&self) -> Vec<(usize, &str)> {
        if self.is_test {
            return Vec::new();
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let inline_tests = lines.windows(2).position(|pair| {
            pair[0].trim() == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{')
        });
        let code = lines
            .iter()
            .take(inline_tests.unwrap_or(lines.len()))
            .map(|line| without_comment(line));
        (1..).zip(code).collect()
    }
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.find(" // ").map_or(line, |at| line.split_at(at).0)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn src() -> PathBuf {
    root().join("src")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { text, path, is_test: false });
            }
        }
    }
    let tests: Vec<PathBuf> = found.iter().flat_map(Source::test_modules).collect();
    for source in &mut found {
        let whole = source.path.with_extension("");
        source.is_test = tests.iter().any(|test| whole.starts_with(test.with_extension("")));
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(found.len() > 50 && !tests.is_empty(), "the sources were not found");
    found
}

/// Fails with everything found, so that one run shows all there is to mend.
fn report(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}\n", findings.join("\n  "));
}

/// Findings of a rule that looks at lines of code.
fn lines_that(breaks: impl Fn(&Source, &str) -> Option<String>) -> Vec<String> {
    let mut findings = Vec::new();
    for source in &sources() {
        for (number, line) in source.code() {
            if let Some(what) = breaks(source, line) {
                findings.push(format!("{}:{number}: {what}", source.name()));
            }
        }
    }
    findings
}

/// Whether a word stands in a line by itself and not within another.
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = rest.strip_prefix(word).and_then(|rest| rest.chars().next());
        !before.chars().next_back().is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[test]
fn who_may_use_whom() {
    let findings = lines_that(|source, line| {
        let (_, allowed) = MAY_USE.iter().find(|(folder, _)| *folder == source.folder())?;
        let (used, _) = MAY_USE.iter().find(|(folder, _)| {
            line.contains(&format!("crate::{folder}"))
                && *folder != source.folder()
                && !allowed.contains(folder)
        })?;
        Some(format!("{} may not use {used}", source.folder()))
    });
    report("Every folder uses only what DESIGN and README list for it.", &findings);
}

#[test]
fn only_the_shell_names_javascript() {
    let findings = lines_that(|source, line| {
        let forbidden = ["wasm_bindgen", "wasm_bindgen_futures", "js_sys", "web_sys"];
        let named = forbidden.into_iter().find(|word| names(line, word));
        let worker =
            names(line, "worker") && (line.contains("worker::") || line.contains("use worker"));
        let named = named.or(worker.then_some("worker"))?;
        (!SHELL.contains(&source.folder())).then(|| format!("names {named}"))
    });
    report("Only objects, storage, jobs, runtime and lib.rs may name JavaScript.", &findings);
}

#[test]
fn pure_folders_have_no_clock_no_chance_and_no_io() {
    let findings = lines_that(|source, line| {
        let impure = [
            "std::time",
            "SystemTime",
            "Instant",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
            "thread_local",
            "now_v7",
            "new_v4",
            "getrandom",
            "async fn",
            "println",
            "eprintln",
        ];
        let found = impure.into_iter().find(|word| names(line, word))?;
        PURE.contains(&source.folder()).then(|| format!("names {found}"))
    });
    report("Domain, flows and providers are functions of their arguments.", &findings);
}

#[test]
fn nothing_panics() {
    let findings = lines_that(|_, line| {
        let calls = [
            ".unwrap()",
            ".expect(",
            ".unwrap_unchecked(",
            ".expect_err(",
            ".unwrap_err(",
            "panic!(",
            "unreachable!(",
            "todo!(",
            "unimplemented!(",
            "assert!(",
            "assert_eq!(",
            "assert_ne!(",
        ];
        let call = calls.into_iter().find(|call| line.contains(*call))?;
        Some(format!("has {call}"))
    });
    report("A panic drops every request of the isolate: no call that can panic in src.", &findings);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let findings = lines_that(|_, line| {
        let bare = line.contains("#[allow(") || line.contains("#![allow(");
        bare.then(|| "has #[allow(…)]; use #[expect(…, reason = \"…\")]".to_owned())
    });
    report("No lint is switched off without a reason that is checked.", &findings);
}

#[test]
fn sql_is_never_put_together() {
    let findings = lines_that(|source, line| {
        let words = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", " WHERE ", " VALUES ", " FROM "];
        let is_sql = words.iter().any(|word| line.contains(word));
        let built = ["format!(", "push_str(", "concat()", "&format", "write!("];
        let shell = SHELL.contains(&source.folder());
        let builds = built.iter().any(|call| line.contains(call));
        (shell && is_sql && builds).then(|| line.trim().to_owned())
    });
    report("Statements are constants with parameters; no text is put into SQL.", &findings);
}

/// Where SQL is handed to a database: by text that is part of the program.
const ONLY_DOORS_TO_SQL: [(&str, &str); 2] =
    [(".prepare(", "src/runtime/database.rs"), (".exec(", "src/runtime/sqlite/workers.rs")];

/// Where those texts come from.
const BEFORE_THE_DOORS: [&str; 2] = ["src/storage/statement.rs", "src/runtime/sqlite.rs"];

#[test]
fn sql_goes_through_two_doors_that_take_constants_only() {
    let findings = lines_that(|source, line| {
        let (call, _) = ONLY_DOORS_TO_SQL
            .into_iter()
            .find(|(call, door)| line.contains(call) && source.name() != *door)?;
        Some(format!("calls {call}"))
    });
    report(
        "Only these prepare or execute SQL: database.rs for D1, workers.rs for objects.",
        &findings,
    );
    let doors = ONLY_DOORS_TO_SQL.iter().map(|(_, door)| *door).chain(BEFORE_THE_DOORS);
    for door in doors {
        let text = fs::read_to_string(root().join(door)).unwrap();
        for parameter in ["sql: ", "statement: ", "query: ", "schema: "] {
            for (at, _) in text.match_indices(parameter) {
                let rest = text.split_at(at).1.strip_prefix(parameter).unwrap();
                let made = ["&'static str", "&JsString", "Statement"];
                let constant = made.iter().any(|kind| rest.starts_with(kind));
                assert!(constant, "{door}: {parameter}{}", rest.lines().next().unwrap());
            }
        }
    }
}

/// Makes keyed hashes that are looked up by their whole value; no caller ever sends one.
const MAKES_MACS_ONLY: &str = "src/api/checkouts/buyer.rs";

#[test]
fn secrets_are_compared_in_constant_time_only() {
    let secret =
        ["signature", "signatures", "mac", "digest", "hash", "secret", "token", "credential"];
    let compares =
        [" == ", " != ", ".eq(", ".ne(", ".cmp(", "starts_with(", "ends_with(", ".contains("];
    let keeps_secrets =
        |source: &Source| source.text.contains("hmac::") || source.text.contains("subtle::");
    let findings = lines_that(|source, line| {
        let compared = compares.iter().any(|call| line.contains(call));
        let of_a_secret = secret.iter().any(|word| names(line, word)) && !line.contains(".len()");
        (keeps_secrets(source) && compared && of_a_secret).then(|| line.trim().to_owned())
    });
    report("A MAC, a hash of a key and a token are compared by subtle, never by `==`.", &findings);
    let unsafe_makers: Vec<String> = sources()
        .iter()
        .filter(|source| source.text.contains("hmac::") && source.name() != MAKES_MACS_ONLY)
        .filter(|source| {
            let code: String = source.code().into_iter().map(|(_, line)| line).collect();
            !code.contains("ct_eq(") && !code.contains("body_signature::")
        })
        .map(Source::name)
        .collect();
    report("Who makes a MAC has it compared by subtle, or by body_signature.rs.", &unsafe_makers);
}

#[test]
fn files_are_short_and_begin_with_what_they_are() {
    let mut findings = Vec::new();
    for source in &sources() {
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            findings.push(format!("{}: {lines} lines; {MAX_LINES} at most", source.name()));
        }
        if !source.is_test && !source.text.starts_with("//! ") {
            findings.push(format!("{}: does not begin with //! and what it is", source.name()));
        }
    }
    report("A file says in its first line what it is, and is short enough to be read.", &findings);
}

#[test]
fn the_crate_map_is_short() {
    let lines = fs::read_to_string(src().join("lib.rs")).unwrap().lines().count();
    assert!(lines < 60, "src/lib.rs has {lines} lines: it is a map and the entry points, no more");
}

#[test]
fn names_say_what_is_inside() {
    let findings: Vec<String> = sources()
        .iter()
        .filter(|source| {
            let below = source.path.strip_prefix(src()).unwrap().with_extension("");
            let named = |part: std::path::Component<'_>| {
                EMPTY_NAMES.contains(&part.as_os_str().to_str().unwrap())
            };
            below.components().any(named)
        })
        .map(Source::name)
        .collect();
    report("No module is named utils, common, helpers, core, types or manager.", &findings);
}

#[test]
fn the_readme_names_every_folder() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let findings: Vec<String> = fs::read_dir(src())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| format!("src/{}", path.file_name().unwrap().to_str().unwrap()))
        .filter(|folder| !readme.contains(&format!("`{folder}`")))
        .collect();
    report("README.md has a row for every folder of src.", &findings);
    for (folder, _) in MAY_USE {
        assert!(src().join(folder).is_dir(), "{folder} is gone: mend MAY_USE");
    }
}

#[test]
fn migrations_are_numbered_in_a_row() {
    let mut names: Vec<String> = fs::read_dir(root().join("schema/d1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for (at, name) in names.iter().enumerate() {
        let number = format!("{:04}_", at + 1);
        assert!(name.starts_with(&number), "schema/d1/{name} should begin with {number}");
    }
}
