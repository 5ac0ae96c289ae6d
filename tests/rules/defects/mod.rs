//! The defects that `npm run mutants` puts into the sources one at a time, to see that the simulation finds
//! each. Here only that each still fits: its text stands in its file, once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// Of the rules, found by this simulation of them, and of what is around them, found by that of the whole
/// program.
const DEFECTS: [&str; 2] =
    [include_str!("defects.json"), include_str!("../../simulation/defects.json")];

#[derive(Deserialize)]
struct Defect {
    name: String,
    file: String,
    old: String,
    new: String,
    breaks: String,
    /// What has to go with it: a wall behind the first.
    #[serde(default)]
    and: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    file: String,
    old: String,
    new: String,
}

#[test]
fn every_defect_still_fits_the_sources() {
    let read = |text: &str| serde_json::from_str::<Vec<Defect>>(text).unwrap();
    let defects: Vec<Defect> = DEFECTS.into_iter().flat_map(read).collect();
    assert!(defects.len() >= 20, "only {} defects", defects.len());
    let mut names = BTreeSet::new();
    for Defect { name, file, old, new, breaks, mut and } in defects {
        and.push(Change { file, old, new });
        for Change { file, old, new } in and {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            let source = fs::read_to_string(path).unwrap();
            assert_eq!(source.matches(&old).count(), 1, "{name}: not once in {file}");
            assert_ne!(old, new, "{name} changes nothing");
        }
        assert!(!breaks.is_empty(), "{name} does not say what it breaks");
        assert!(names.insert(name), "two defects of one name");
    }
}
