//! What the README shows of the code is what the code says: `UPDATE_SNAPSHOTS=1 cargo test` rewrites it.

use std::fs;
use std::path::Path;

use cartwright::domain::payment::follow;

const START: &str = "<!-- operations:start -->";
const END: &str = "<!-- operations:end -->";

#[test]
fn the_table_of_operations_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(START).expect("README.md has the mark");
    let (kept, after) = rest.split_once(END).expect("README.md has the mark");
    let table = follow::table();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, format!("{before}{START}\n{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(kept.trim(), table.trim(), "UPDATE_SNAPSHOTS=1 cargo test --test readme");
}
