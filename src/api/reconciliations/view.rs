//! A reconciliation as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::currency::Currency;
use crate::domain::id::{OrderId, ReconciliationId};
use crate::domain::money::Money;
use crate::domain::payment::{Gateway, OperationKind};
use crate::domain::reconciliation::{
    Counts, Finding, Item, OurSide, Run, RunCause, RunState, TheirSide, Total,
};
use crate::domain::time::Timestamp;

/// A comparison of a gateway's books with our ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "rec_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "gateway": "sandbox",
    "from": "2026-01-30T00:00:00.000Z", "to": "2026-01-31T00:00:00.000Z",
    "compared_to": "2026-01-31T00:00:00.000Z", "cause": "scheduled", "state": "done",
    "started_at": "2026-02-01T00:00:03.000Z", "finished_at": "2026-02-01T00:00:04.000Z",
    "counts": {"matched": 41, "missing_here": 0, "missing_there": 0, "amount_differs": 1},
    "totals": [{
        "kind": "capture", "here": {"amount": 183_400, "currency": "USD"},
        "there": {"amount": 183_300, "currency": "USD"}
    }]
}))]
pub struct ReconciliationView<'a> {
    /// Its identity.
    #[schema(value_type = String)]
    id: ReconciliationId,
    /// Whose books.
    gateway: Gateway,
    /// The first moment of the window.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The first moment after it.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Up to where it compares: what is younger was not sure to be in both books.
    #[schema(value_type = String, format = DateTime)]
    compared_to: Timestamp,
    /// Who wanted it.
    cause: RunCause,
    /// How far it has come.
    state: RunState,
    /// When it was started.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it ended; absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    /// How many movements of each result, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    /// What they come to by kind and currency, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Vec<TotalView>>,
}

/// The sums of one kind of movement in one currency, on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalView {
    /// Which kind.
    kind: OperationKind,
    /// In our ledger.
    here: Money,
    /// In the gateway's books.
    there: Money,
}

impl TotalView {
    fn of(total: &Total) -> Self {
        let money = |minor: i64, currency: Currency| Money::new(minor, currency);
        Self {
            kind: total.kind,
            here: money(total.here_minor, total.currency),
            there: money(total.there_minor, total.currency),
        }
    }
}

impl<'a> ReconciliationView<'a> {
    /// A run as callers see it.
    #[must_use]
    pub fn of(run: &'a Run) -> Self {
        let summary = run.summary.as_ref();
        Self {
            id: run.id,
            gateway: run.gateway,
            from: run.window.from,
            to: run.window.to,
            compared_to: run.settled_to,
            cause: run.cause,
            state: run.state,
            started_at: run.started_at,
            finished_at: run.finished_at,
            failure: run.failure.as_deref(),
            counts: summary.map(|summary| summary.counts),
            totals: summary.map(|summary| summary.totals.iter().map(TotalView::of).collect()),
        }
    }
}

/// One movement of money, and both sides of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "number": 7, "result": "amount_differs", "kind": "capture",
    "order_id": "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "payment_reference": "pay_1",
    "here": {
        "amount": {"amount": 1999, "currency": "USD"}, "occurred_at": "2026-01-30T12:00:00.000Z",
        "operation_ids": ["op_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"]
    },
    "there": {
        "amount": {"amount": 1899, "currency": "USD"}, "occurred_at": "2026-01-30T12:00:00.000Z",
        "movement_references": ["mov_1"]
    }
}))]
pub struct ItemView<'a> {
    /// Its place in the run, by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    /// What became of comparing it.
    result: Finding,
    /// What kind of movement it is.
    kind: OperationKind,
    /// Of which order, if anybody knows.
    #[schema(value_type = Option<String>)]
    order_id: Option<OrderId>,
    /// The gateway's identity of the payment, if anybody knows.
    payment_reference: Option<&'a str>,
    /// Our side; null if it is missing here.
    here: Option<&'a OurSide>,
    /// The gateway's side; null if it is missing there.
    there: Option<&'a TheirSide>,
}

impl<'a> ItemView<'a> {
    /// An item as callers see it.
    #[must_use]
    pub const fn of(number: Option<u32>, item: &'a Item) -> Self {
        Self {
            number,
            result: item.result,
            kind: item.kind,
            order_id: item.order_id,
            payment_reference: match &item.payment_reference {
                Some(reference) => Some(reference.as_str()),
                None => None,
            },
            here: item.here.as_ref(),
            there: item.there.as_ref(),
        }
    }
}
