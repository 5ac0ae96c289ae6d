//! What a `StockDocument` can be asked, and what it answers.

use serde::{Deserialize, Serialize};

use crate::domain::stock_document::{Action, Draft, LineFailure, Refusal, StockDocument};

/// What a `StockDocument` can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum StockDocumentCommand {
    /// Make the document, once per key. The draft was checked.
    Create {
        /// SHA-256 of the API key's identity and the `Idempotency-Key`, in hexadecimal; or the name of the
        /// job that asks and of what it asks for.
        key: String,
        /// SHA-256 of the request body, in hexadecimal.
        fingerprint: String,
        /// What it is.
        draft: Box<Draft>,
        /// The identity of the API key, or the job.
        by: String,
    },
    /// What was made under the key, for an edge that would refuse to make it now.
    Replay {
        /// As in `Create`.
        key: String,
        /// As in `Create`.
        fingerprint: String,
    },
    /// Replace a draft by another, which was checked.
    Edit {
        /// What it is from now on.
        draft: Box<Draft>,
    },
    /// Do something with it, once per key.
    Act {
        /// As in `Create`.
        key: String,
        /// As in `Create`.
        fingerprint: String,
        /// What.
        action: Action,
        /// Why, in a person's words.
        note: Option<String>,
        /// The identity of the API key.
        by: String,
    },
    /// Read it.
    Read,
}

/// What a `StockDocument` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum StockDocumentAnswer {
    /// The document as it is now. A step that is still open goes on by itself.
    Document {
        /// The document.
        document: Box<StockDocument>,
        /// Lines that were refused in the step that was asked for.
        failures: Vec<LineFailure>,
        /// Whether this was asked before under the same key.
        replayed: bool,
        /// The number of the step that was asked for: a later one may be under way.
        #[serde(default)]
        step: Option<u32>,
    },
    /// It was not done, and nothing changed.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// No such document.
    NotFound,
    /// The key was used with another body.
    KeyReused,
    /// A SKU that has to do something first did not answer; the same key may be tried again.
    TryAgain,
}
