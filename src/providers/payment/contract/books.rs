//! A gateway's own books, as pages of money that moved.

use serde::{Deserialize, Serialize};

pub use crate::domain::reconciliation::{ListedMovement, Window};

/// A page of the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPage {
    /// What is on it; only money that moved.
    pub entries: Vec<ListedMovement>,
    /// What to ask for the next page with; `None` on the last.
    pub next: Option<String>,
}
