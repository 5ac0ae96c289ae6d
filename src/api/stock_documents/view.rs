//! What every document shows.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::{Sku, StockDocumentId};
use crate::domain::inventory::ChangeRefusal;
use crate::domain::stock_document::{
    ActionKind, EffectState, LineFailure, PastStep, StockDocument,
};
use crate::domain::time::Timestamp;

/// What every document shows: where it stands and what was done with it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentView<'a> {
    /// Its identity.
    #[schema(value_type = String)]
    id: StockDocumentId,
    /// Grows by one with every change.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The identity of the API key that made it, or the job.
    created_by: &'a str,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// What may be done with it now.
    allowed: &'static [ActionKind],
    /// What SKUs still have to do; it goes on by itself. Null if nothing is under way.
    under_way: Option<UnderWay>,
    /// Lines that their SKU refused in what was done last. Of what is done for all lines or for none,
    /// nothing was done.
    failures: Vec<FailureView<'a>>,
    /// What was done with it, oldest first.
    history: &'a [PastStep],
}

/// Something that SKUs are doing for a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnderWay {
    /// What is done.
    action: ActionKind,
    /// How many lines it concerns.
    lines: usize,
    /// How many of them are done, or refused.
    lines_done: usize,
}

/// A line that its SKU refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureView<'a> {
    /// The line's place in the document, from 0.
    line: usize,
    /// Which SKU.
    #[schema(value_type = String)]
    sku: &'a Sku,
    /// `units_claimed`, `shelf_counted_since`, `not_damaged` or `out_of_range`.
    code: &'static str,
    /// With `units_claimed`: how many units could be taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    removable: Option<i64>,
}

impl<'a> FailureView<'a> {
    const fn of(failure: &'a LineFailure) -> Self {
        let (code, removable) = match failure.refusal {
            ChangeRefusal::UnitsClaimed { removable } => ("units_claimed", Some(removable)),
            ChangeRefusal::NotDamaged { .. } => ("not_damaged", None),
            ChangeRefusal::CountedSince => ("shelf_counted_since", None),
            ChangeRefusal::OutOfRange => ("out_of_range", None),
        };
        Self { line: failure.line, sku: &failure.sku, code, removable }
    }
}

impl<'a> DocumentView<'a> {
    /// What every document shows.
    #[must_use]
    pub fn of(document: &'a StockDocument, failures: &'a [LineFailure]) -> Self {
        let under_way = document.open.as_ref().map(|step| UnderWay {
            action: step.action.kind(),
            lines: step.effects.len(),
            lines_done: step.effects.iter().filter(|e| e.state != EffectState::Pending).count(),
        });
        Self {
            id: document.id,
            version: document.version,
            created_at: document.created_at,
            created_by: &document.created_by,
            updated_at: document.updated_at,
            allowed: if document.open.is_some() { &[] } else { document.allowed() },
            under_way,
            failures: failures.iter().map(FailureView::of).collect(),
            history: &document.history,
        }
    }
}
