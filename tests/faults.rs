//! The list of faults and attacks, and the test that shows each: `faults.json` names them by file and name.
//!
//! A row whose test was renamed, moved, skipped or never written fails here, and so does a number that is
//! left out. README.md shows the list, written from it: `UPDATE_SNAPSHOTS=1 cargo test --test faults`.
//! Rows 1 to 28 are the faults that a distrusting engineer would think of first, 29 to 32 those that people
//! forget, the rest what this shop has besides.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

const START: &str = "<!-- faults:start -->";
const END: &str = "<!-- faults:end -->";

/// The rows that no edit may leave out.
const LEAST_ROWS: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    row: String,
    fault: String,
    /// What has to be seen, in numbers where there are some.
    passes: String,
    /// Names of tests, or of groups of them, by file.
    #[serde(default)]
    shown_by: BTreeMap<String, Vec<String>>,
    /// Commands that show it outside of `npm test`: of package.json, or an example.
    #[serde(default)]
    commands: Vec<String>,
    /// What of it is not shown, honestly.
    missing: Option<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn rows() -> Vec<Row> {
    serde_json::from_str(&read("tests/faults.json")).expect("faults.json is a list of rows")
}

/// Whether a Rust file has a test of this name that runs.
fn rust_has(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let declared = format!("fn {name}(");
    lines.iter().enumerate().filter(|(_, line)| line.starts_with(&declared)).any(|(at, _)| {
        let attributes = || {
            let above = lines.iter().take(at).rev();
            above.take_while(|line| !line.is_empty() && !line.ends_with(['}', ';']))
        };
        attributes().any(|line| *line == "#[test]")
            && !attributes().any(|line| line.starts_with("#[ignore"))
    })
}

/// Whether a JavaScript file has a test or a group of this title that runs.
fn javascript_has(text: &str, title: &str) -> bool {
    // In the source, a quote within quotes has a backslash before it.
    let written = [format!("\"{}\"", title.replace('"', "\\\"")), format!("`{title}`")];
    text.lines().map(str::trim).any(|line| {
        let starts = ["test(", "test.each(", "describe(", "describe.each(", "})(\"", "])(\""];
        starts.iter().any(|start| line.starts_with(start))
            && written.iter().any(|title| line.contains(title.as_str()))
    })
}

#[test]
fn every_row_names_tests_that_exist() {
    let mut findings = Vec::new();
    let scripts: serde_json::Value = serde_json::from_str(&read("package.json")).unwrap();
    for row in rows() {
        for (file, names) in &row.shown_by {
            if !root().join(file).is_file() {
                findings.push(format!("row {}: there is no {file}", row.row));
                continue;
            }
            let text = read(file);
            let has = if file.ends_with(".rs") { rust_has } else { javascript_has };
            assert!(!names.is_empty(), "row {}: {file} without a test's name", row.row);
            for name in names.iter().filter(|name| !has(&text, name)) {
                findings.push(format!("row {}: {file} has no test {name:?}", row.row));
            }
        }
        for command in &row.commands {
            if let Some(example) = command.strip_prefix("cargo run --release --example ") {
                if !root().join("examples").join(example).join("main.rs").is_file() {
                    findings.push(format!("row {}: there is no example {example}", row.row));
                }
                continue;
            }
            let script = command.strip_prefix("npm run ").unwrap_or(command);
            let script = script.split(' ').next().unwrap_or_default();
            if scripts["scripts"].get(script).is_none() {
                findings.push(format!("row {}: package.json has no {command:?}", row.row));
            }
        }
        if row.shown_by.is_empty() && row.commands.is_empty() && row.missing.is_none() {
            findings.push(format!("row {} has neither a test nor a word on why not", row.row));
        }
    }
    assert!(findings.is_empty(), "tests/faults.json:\n  {}\n", findings.join("\n  "));
}

#[test]
fn no_row_is_left_out() {
    let rows = rows();
    assert!(rows.len() >= LEAST_ROWS, "{} rows", rows.len());
    for (number, row) in (1..).zip(&rows) {
        assert_eq!(row.row, number.to_string(), "{}", row.fault);
        assert!(!row.fault.is_empty() && !row.passes.is_empty(), "row {number}");
    }
}

#[test]
fn a_test_that_is_not_there_is_not_found() {
    let rust = "#[test]\nfn shown() {\n}\n\n#[test]\n#[ignore = \"slow\"]\nfn skipped() {}\n\nfn helps() {}\n";
    assert!(rust_has(rust, "shown"));
    for name in ["skipped", "helps", "show", "absent"] {
        assert!(!rust_has(rust, name), "{name}");
    }
    let javascript =
        "test(\"shown\", async () => {\n// test(\"gone\")\ntest.skip(\"skipped\", () => {});\n";
    assert!(javascript_has(javascript, "shown"));
    for title in ["gone", "skipped", "show"] {
        assert!(!javascript_has(javascript, title), "{title}");
    }
}

/// A file as it is called among people: without what they all have in common.
fn short(file: &str) -> &str {
    let file = file.strip_prefix("tests/").or(file.strip_prefix("src/")).unwrap_or(file);
    file.strip_suffix(".test.mjs").or(file.strip_suffix(".rs")).unwrap_or(file)
}

fn table() -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let mut table = String::from("| # | fault or attack | passes | shown by | not shown |\n");
    table.push_str("|---|---|---|---|---|\n");
    for row in rows() {
        let tests = row.shown_by.iter().map(|(file, names)| {
            let names: Vec<String> =
                names.iter().map(|name| format!("“{}”", spoken(name))).collect();
            format!("`{}` {}", short(file), names.join(", "))
        });
        let commands = row.commands.iter().map(|command| format!("`{command}`"));
        let shown = tests.chain(commands).collect::<Vec<_>>().join("; ");
        let cells = [row.row, row.fault, row.passes, shown, row.missing.unwrap_or_default()];
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    table
}

/// A test's name as a sentence; what differs from run to run is left out.
fn spoken(name: &str) -> String {
    if !name.contains(' ') {
        return name.replace('_', " ");
    }
    let mut said = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("${") {
        said.push_str(before);
        said.push('…');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    said.push_str(rest);
    said.replace("%s", "…").replace("%i", "…")
}

#[test]
fn the_readme_shows_the_list() {
    let readme = read("README.md");
    let (before, rest) = readme.split_once(START).expect("README.md has the mark");
    let (kept, after) = rest.split_once(END).expect("README.md has the mark");
    let table = table();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let text = format!("{before}{START}\n{table}{END}{after}");
        fs::write(root().join("README.md"), text).unwrap();
        return;
    }
    assert_eq!(kept.trim(), table.trim(), "UPDATE_SNAPSHOTS=1 cargo test --test faults");
}
