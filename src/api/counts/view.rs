//! A count as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::stock_documents::view::DocumentView;
use crate::domain::id::Sku;
use crate::domain::inventory::LocationId;
use crate::domain::stock_document::{Body, CountLine, CountStatus, LineFailure, StockDocument};
use crate::domain::time::Timestamp;

/// A cycle count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "cnt_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "status": "counted", "note": null,
    "requires_second_person": true,
    "lines": [{
        "sku": "MUG-CLASSIC", "location": "main", "counted": 87, "known": 88, "variance": -1,
        "counted_at": "2026-02-01T09:05:00.000Z", "counted_by": "key_1"
    }],
    "version": 2, "created_at": "2026-02-01T09:00:00.000Z", "created_by": "key_1",
    "updated_at": "2026-02-01T09:05:00.000Z", "allowed": ["record", "approve", "reject"],
    "under_way": null, "failures": [],
    "history": [
        {"number": 1, "action": "record", "at": "2026-02-01T09:05:00.000Z", "by": "key_1", "refused_lines": 0}
    ]
}))]
pub struct CountView<'a> {
    #[serde(flatten)]
    document: DocumentView<'a>,
    /// How far it has come.
    status: CountStatus,
    /// What people say of it.
    note: Option<&'a str>,
    /// Whether another API key than the one that counted has to approve.
    requires_second_person: bool,
    /// What is counted.
    lines: Vec<CountLineView<'a>>,
}

/// A shelf that is counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountLineView<'a> {
    /// Which SKU.
    #[schema(value_type = String)]
    sku: &'a Sku,
    /// Where.
    location: &'a LocationId,
    /// Units found; null if nobody counted yet.
    counted: Option<i64>,
    /// Units that the SKU knew of at that moment.
    known: Option<i64>,
    /// Units found beyond those known; negative if some are missing.
    variance: Option<i64>,
    /// When it was counted.
    #[schema(value_type = Option<String>, format = DateTime)]
    counted_at: Option<Timestamp>,
    /// The identity of the API key that counted.
    counted_by: Option<&'a str>,
}

impl<'a> CountView<'a> {
    /// A count as callers see it.
    ///
    /// # Errors
    /// When the document is no count.
    pub fn of(document: &'a StockDocument, failures: &'a [LineFailure]) -> Result<Self, ApiError> {
        let Body::Count(body) = &document.body else {
            return Err(ApiError::internal("the document is no count"));
        };
        let line = |line: &'a CountLine| CountLineView {
            sku: &line.sku,
            location: &line.location,
            counted: line.counted,
            known: line.known,
            variance: line.variance(),
            counted_at: line.counted_at,
            counted_by: line.counted_by.as_deref(),
        };
        Ok(Self {
            document: DocumentView::of(document, failures),
            status: body.status,
            note: body.note.as_deref(),
            requires_second_person: body.requires_second_person,
            lines: body.lines.iter().map(line).collect(),
        })
    }
}
