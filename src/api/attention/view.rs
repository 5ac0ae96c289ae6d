//! What waits for a person, as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use super::actions::{self, Action};
use crate::api::reconciliations::view::ItemView;
use crate::domain::id::{OperationId, OrderId, ReconciliationId};
use crate::domain::money::Money;
use crate::domain::order::{AttentionCode, Order, Resolution};
use crate::domain::payment::{Gateway, Operation, OperationKind, OperationResult};
use crate::domain::time::Timestamp;
use crate::storage::attention::{AttentionEntry, Subject};

/// Something that waits, or waited, for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttentionView<'a> {
    /// Its identity.
    #[schema(example = "att_5f0c1f2e9a7b4d3c8e6f1a2b3c4d5e6f")]
    id: &'a str,
    /// The order; null if it is about none.
    #[schema(value_type = Option<String>)]
    order_id: Option<OrderId>,
    /// Why, stable.
    code: AttentionCode,
    /// What was seen, in a sentence.
    cause: &'a str,
    /// When it was first seen.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Who said that it is dealt with; null while it waits.
    resolved: Option<&'a Resolution>,
    /// What led to it.
    history: HistoryView<'a>,
    /// What resolves it, the most likely first.
    actions: Vec<Action>,
}

/// What led to it: what was asked of the gateway for the order, or what a reconciliation found.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryView<'a> {
    /// Of its order: what was asked of the gateway, oldest first.
    operations: Vec<OperationHistory<'a>>,
    /// Without an order: the run that found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reconciliation_id: Option<ReconciliationId>,
    /// Without an order: whose books.
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<Gateway>,
    /// Without an order: the movement, and both sides of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ItemView<'a>>,
}

/// One thing that was asked of a gateway, or that it told.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationHistory<'a> {
    /// The idempotency key at the gateway.
    #[schema(value_type = String)]
    id: OperationId,
    /// Who was asked.
    gateway: Gateway,
    /// What it does.
    kind: OperationKind,
    /// How much it moves.
    amount: Money,
    /// What became of it.
    result: OperationResult,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When the money moved.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// The gateway's own identity of the payment.
    payment_reference: Option<&'a str>,
    /// The gateway's own identity of the movement.
    movement_reference: Option<&'a str>,
    /// Why, in the words of whoever started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
}

impl<'a> AttentionView<'a> {
    /// What may be told of it.
    #[must_use]
    pub fn of(entry: &'a AttentionEntry) -> Self {
        Self {
            id: &entry.id,
            order_id: entry.order_id,
            code: entry.code,
            cause: &entry.detail,
            since: entry.since,
            resolved: entry.resolved.as_ref(),
            history: HistoryView::of(entry.order.as_ref(), entry.subject.as_ref()),
            actions: actions::of(entry),
        }
    }
}

impl<'a> HistoryView<'a> {
    fn of(order: Option<&'a Order>, subject: Option<&'a Subject>) -> Self {
        let operations = order.into_iter().flat_map(|order| {
            order.payments().flat_map(|payment| {
                let of = |operation: &'a Operation| OperationHistory {
                    id: operation.id,
                    gateway: payment.gateway,
                    kind: operation.kind,
                    amount: Money::new(operation.amount_minor, payment.asked.currency),
                    result: operation.result,
                    requested_at: operation.requested_at,
                    completed_at: operation.completed_at,
                    payment_reference: payment.reference(),
                    movement_reference: operation.reference.as_deref(),
                    reason: operation.reason.as_deref(),
                    failure: operation.failure.as_deref(),
                };
                payment.operations.iter().map(of)
            })
        });
        let item = subject.and_then(|subject| subject.item.as_ref());
        Self {
            operations: operations.collect(),
            reconciliation_id: subject.map(|subject| subject.reconciliation_id),
            gateway: subject.map(|subject| subject.gateway),
            item: item.map(|item| ItemView::of(None, item)),
        }
    }
}
