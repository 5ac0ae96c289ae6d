//! A purchase order as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::stock_documents::view::DocumentView;
use crate::domain::id::Sku;
use crate::domain::inventory::LocationId;
use crate::domain::money::Money;
use crate::domain::stock_document::{
    Body, LineFailure, Origin, PurchaseLine, PurchaseOrderStatus, Receipt, StockDocument,
};
use crate::domain::supplier::SupplierId;
use crate::domain::time::Timestamp;

/// An order to a supplier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "po_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "status": "partially_received",
    "supplier": "north-mill", "location": "main", "origin": "person", "reference": "4711",
    "note": null, "expected_at": "2026-03-01T00:00:00.000Z", "ordered_at": "2026-02-01T09:05:00.000Z",
    "total_cost": {"amount": 50_400, "currency": "USD"},
    "lines": [{
        "sku": "MUG-CLASSIC", "quantity": 144, "unit_cost": {"amount": 350, "currency": "USD"},
        "received": 94, "damaged": 2, "missing": 48, "over_received": 0
    }],
    "receipts": [{
        "number": 1, "at": "2026-02-20T08:00:00.000Z", "by": "key_019aa0c05c1c7c2e8a5b0d3c5a6f7e80",
        "lines": [{"line": 0, "quantity": 94, "damaged": 2}]
    }],
    "version": 5, "created_at": "2026-02-01T09:00:00.000Z",
    "created_by": "key_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "updated_at": "2026-02-20T08:00:00.000Z",
    "allowed": ["receive", "close", "cancel"], "under_way": null, "failures": [],
    "history": [
        {"number": 1, "action": "order", "at": "2026-02-01T09:05:00.000Z", "by": "key_1", "refused_lines": 0},
        {"number": 2, "action": "receive", "at": "2026-02-20T08:00:00.000Z", "by": "key_1", "refused_lines": 0}
    ]
}))]
pub struct PurchaseOrderView<'a> {
    #[serde(flatten)]
    document: DocumentView<'a>,
    /// How far it has come.
    status: PurchaseOrderStatus,
    /// From whom.
    supplier: &'a SupplierId,
    /// Where the goods are to come.
    location: &'a LocationId,
    /// Who thought of it.
    origin: Origin,
    /// The number of somebody else's papers.
    reference: Option<&'a str>,
    /// What people say of it.
    note: Option<&'a str>,
    /// When the goods are expected.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// When the supplier had it.
    #[schema(value_type = Option<String>, format = DateTime)]
    ordered_at: Option<Timestamp>,
    /// What all that was ordered costs, if every line has a cost.
    total_cost: Option<Money>,
    /// What is ordered.
    lines: Vec<PurchaseLineView<'a>>,
    /// What came, oldest first.
    receipts: &'a [Receipt],
}

/// A line of a purchase order.
#[derive(Debug, Serialize, ToSchema)]
pub struct PurchaseLineView<'a> {
    /// Which SKU.
    #[schema(value_type = String)]
    sku: &'a Sku,
    /// Units ordered.
    quantity: i64,
    /// What one costs.
    unit_cost: Option<Money>,
    /// Units that came and can be sold.
    received: i64,
    /// Units that came damaged.
    damaged: i64,
    /// Units that did not come, or not yet.
    missing: i64,
    /// Units that came beyond what was ordered.
    over_received: i64,
}

impl<'a> PurchaseOrderView<'a> {
    /// A purchase order as callers see it.
    ///
    /// # Errors
    /// When the document is no purchase order.
    pub fn of(document: &'a StockDocument, failures: &'a [LineFailure]) -> Result<Self, ApiError> {
        let Body::PurchaseOrder(body) = &document.body else {
            return Err(ApiError::internal("the document is no purchase order"));
        };
        let line = |line: &'a PurchaseLine| PurchaseLineView {
            sku: &line.sku,
            quantity: line.quantity,
            unit_cost: line.unit_cost,
            received: line.received,
            damaged: line.damaged,
            missing: line.missing(),
            over_received: line.over_received(),
        };
        Ok(Self {
            document: DocumentView::of(document, failures),
            status: body.status,
            supplier: &body.supplier,
            location: &body.location,
            origin: body.origin,
            reference: body.reference.as_deref(),
            note: body.note.as_deref(),
            expected_at: body.expected_at,
            ordered_at: body.ordered_at,
            total_cost: body.total_cost(),
            lines: body.lines.iter().map(line).collect(),
            receipts: &body.receipts,
        })
    }
}
