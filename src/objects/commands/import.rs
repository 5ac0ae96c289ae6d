//! What the Worker and an `ImportJob` say to each other.

use serde::{Deserialize, Serialize};

use crate::domain::import::{Import, ImportSpec, Part, Refused, RowError};

/// What an `ImportJob` can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ImportCommand {
    /// Make the import. The object is named after the key, so this happens once per key.
    Create {
        /// SHA-256 of the request body, in hexadecimal: another body under the key is refused.
        fingerprint: String,
        /// What is imported, and how.
        spec: ImportSpec,
        /// The identity of the API key that asks.
        actor: String,
    },
    /// Take a part of the file.
    PutPart {
        /// Which, and what it is.
        part: Part,
        /// Its bytes in Base64.
        content: String,
    },
    /// Every part is there: begin.
    Start {
        /// How many there are.
        parts: u32,
    },
    /// Call it off.
    Cancel,
    /// Read how far it is.
    Read,
    /// Read what is wrong with rows.
    Errors {
        /// Those after this line and number.
        after: (u64, u64),
        /// At most so many.
        limit: u32,
    },
}

/// What an `ImportJob` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ImportAnswer {
    /// The import as it is now.
    Import {
        /// The import.
        import: Box<Import>,
        /// The parts that were received, by number.
        parts: Vec<Part>,
        /// Whether what was asked had been done before.
        replayed: bool,
    },
    /// Rows that were not applied, by line, each with its position for the next page.
    Errors {
        /// The rows.
        errors: Vec<(u64, RowError)>,
    },
    /// There is no such import.
    NotFound,
    /// The key was used with another body.
    KeyReused,
    /// It can't be done; nothing changed.
    Refused {
        /// Why.
        refusal: Refused,
    },
}
