//! The ledger's chain: each line carries the hash of the one before, so that none can be changed, taken
//! out or put in afterwards without every later hash telling.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::movement::{Cause, Movement};
use super::terms::StockTerms;
use crate::domain::time::Timestamp;

/// What stands before the first line: 64 zeros.
pub const GENESIS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line as it is stored, in JSON, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// When it happened.
    pub at: Timestamp,
    /// Who or what caused it.
    pub cause: Cause,
    /// What it changes.
    pub movement: Movement,
    /// For a change of terms: the limit, the threshold and the rest, as they were from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<(i64, i64, StockTerms)>,
}

/// The hash of a line: SHA-256 over the hash before it (64 hexadecimal digits) and the line's JSON as
/// stored, in hexadecimal.
#[must_use]
pub fn chain(hash_before: &str, entry: &str) -> String {
    let digest = Sha256::new().chain_update(hash_before).chain_update(entry).finalize();
    hex::encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_changed_moved_or_left_out_shows_in_every_later_hash() {
        let hash = |lines: &[&str]| lines.iter().fold(GENESIS_HASH.to_owned(), |h, l| chain(&h, l));
        let whole = hash(&["a", "b", "c"]);
        for other in [&["a", "x", "c"][..], &["b", "a", "c"], &["a", "c"], &["a", "b", "b", "c"]] {
            assert_ne!(hash(other), whole);
        }
        // Pinned: stored chains must stay provable.
        assert_eq!(
            chain(GENESIS_HASH, "{}"),
            hex::encode(Sha256::digest([GENESIS_HASH, "{}"].concat()))
        );
    }
}
