//! A transfer as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::stock_documents::view::DocumentView;
use crate::domain::id::Sku;
use crate::domain::inventory::LocationId;
use crate::domain::stock_document::{
    Body, LineFailure, Receipt, StockDocument, TransferLine, TransferStatus,
};
use crate::domain::time::Timestamp;

/// Goods moved from one location to another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "tr_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "status": "in_transit", "from": "main", "to": "store-2",
    "reference": "DHL 0034", "note": null, "expected_at": "2026-02-03T00:00:00.000Z",
    "shipped_at": "2026-02-01T09:05:00.000Z",
    "lines": [{
        "sku": "MUG-CLASSIC", "quantity": 12, "shipped": 12, "received": 0, "damaged": 0, "returned": 0,
        "lost": 0, "under_way": 12
    }],
    "receipts": [], "version": 3, "created_at": "2026-02-01T09:00:00.000Z",
    "created_by": "key_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "updated_at": "2026-02-01T09:05:00.000Z",
    "allowed": ["receive", "close", "return_to_source"], "under_way": null, "failures": [],
    "history": [
        {"number": 1, "action": "ship", "at": "2026-02-01T09:05:00.000Z", "by": "key_1", "refused_lines": 0}
    ]
}))]
pub struct TransferView<'a> {
    #[serde(flatten)]
    document: DocumentView<'a>,
    /// How far it has come.
    status: TransferStatus,
    /// Where the goods were.
    from: &'a LocationId,
    /// Where they go.
    to: &'a LocationId,
    /// The number of somebody else's papers.
    reference: Option<&'a str>,
    /// What people say of it.
    note: Option<&'a str>,
    /// When the goods are expected.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// When they left.
    #[schema(value_type = Option<String>, format = DateTime)]
    shipped_at: Option<Timestamp>,
    /// What moves.
    lines: Vec<TransferLineView<'a>>,
    /// What arrived, oldest first.
    receipts: &'a [Receipt],
}

/// A line of a transfer.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransferLineView<'a> {
    /// Which SKU.
    #[schema(value_type = String)]
    sku: &'a Sku,
    /// Units that are to move.
    quantity: i64,
    /// Units that left.
    shipped: i64,
    /// Units that arrived and can be sold.
    received: i64,
    /// Units that arrived damaged.
    damaged: i64,
    /// Units that came back to where they were.
    returned: i64,
    /// Units that are lost.
    lost: i64,
    /// Units that are on their way.
    under_way: i64,
}

impl<'a> TransferView<'a> {
    /// A transfer as callers see it.
    ///
    /// # Errors
    /// When the document is no transfer.
    pub fn of(document: &'a StockDocument, failures: &'a [LineFailure]) -> Result<Self, ApiError> {
        let Body::Transfer(body) = &document.body else {
            return Err(ApiError::internal("the document is no transfer"));
        };
        let line = |line: &'a TransferLine| TransferLineView {
            sku: &line.sku,
            quantity: line.quantity,
            shipped: line.shipped,
            received: line.received,
            damaged: line.damaged,
            returned: line.returned,
            lost: line.lost,
            under_way: line.under_way(),
        };
        Ok(Self {
            document: DocumentView::of(document, failures),
            status: body.status,
            from: &body.from,
            to: &body.to,
            reference: body.reference.as_deref(),
            note: body.note.as_deref(),
            expected_at: body.expected_at,
            shipped_at: body.shipped_at,
            lines: body.lines.iter().map(line).collect(),
            receipts: &body.receipts,
        })
    }
}
