//! Which events a step tells the world about.

use serde::{Deserialize, Serialize};

use crate::domain::order::{Order, OrderStatus};
use crate::domain::payment::{ExpiryWatch, OperationKind, OperationResult, PaymentStatus};

/// What happened to an order, in the words of the events that listeners subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// The order was placed.
    #[serde(rename = "order.placed")]
    Placed,
    /// Its payment moved.
    #[serde(rename = "order.payment_changed")]
    PaymentChanged,
    /// All of it is paid.
    #[serde(rename = "order.paid")]
    Paid,
    /// Its invoice has a number.
    #[serde(rename = "order.invoiced")]
    Invoiced,
    /// It was closed without being fulfilled.
    #[serde(rename = "order.closed")]
    Closed,
    /// Money went back to the buyer.
    #[serde(rename = "order.refunded")]
    Refunded,
    /// Goods came back without a refund.
    #[serde(rename = "order.returned")]
    Returned,
    /// The buyer's bank contests the payment, or has decided.
    #[serde(rename = "order.dispute_changed")]
    DisputeChanged,
    /// Held money will lapse soon.
    #[serde(rename = "order.authorization_expiring")]
    AuthorizationExpiring,
    /// A person must look at it.
    #[serde(rename = "order.needs_attention")]
    NeedsAttention,
    /// Something else about it changed.
    #[serde(rename = "order.updated")]
    Updated,
}

/// The events of one step: none if lists don't show the order, at least one if they do, since a
/// list that misses a version would differ from the order.
#[must_use]
pub fn announce(before: Option<&Order>, after: &Order) -> Vec<OrderEvent> {
    if !after.is_projected() {
        return Vec::new();
    }
    let mut events = Vec::new();
    let seen = before.filter(|order| order.is_projected());
    if seen.is_none() && after.status == OrderStatus::Open {
        events.push(OrderEvent::Placed);
    }
    let paid_before = seen.map(Order::payment_status);
    let paid_after = after.payment_status();
    if paid_before.is_some_and(|status| status != paid_after) {
        events.push(OrderEvent::PaymentChanged);
    }
    if paid_before != Some(PaymentStatus::Paid) && paid_after == PaymentStatus::Paid {
        events.push(OrderEvent::Paid);
    }
    let moved = |order: &Order, kind: OperationKind, result: OperationResult| {
        let operations = order.payments().flat_map(|payment| &payment.operations);
        operations.filter(|o| o.kind == kind && o.result == result).count()
    };
    let more = |kind, result| {
        moved(after, kind, result) > seen.map_or(0, |order| moved(order, kind, result))
    };
    if more(OperationKind::Refund, OperationResult::Succeeded) {
        events.push(OrderEvent::Refunded);
    }
    if after.returns.len() > seen.map_or(0, |order| order.returns.len()) {
        events.push(OrderEvent::Returned);
    }
    if OperationResult::ALL.into_iter().any(|result| more(OperationKind::Chargeback, result)) {
        events.push(OrderEvent::DisputeChanged);
    }
    let warned =
        |order: &Order| order.payments().any(|payment| payment.expiry_watch == ExpiryWatch::Warned);
    if warned(after) && !seen.is_some_and(warned) {
        events.push(OrderEvent::AuthorizationExpiring);
    }
    if after.invoice_number.is_some() && seen.is_none_or(|order| order.invoice_number.is_none()) {
        events.push(OrderEvent::Invoiced);
    }
    if after.status.is_terminal() && seen.is_none_or(|order| !order.status.is_terminal()) {
        events.push(OrderEvent::Closed);
    }
    let open = |order: &Order| order.attention.iter().filter(|a| a.resolved.is_none()).count();
    if open(after) > seen.map_or(0, open) {
        events.push(OrderEvent::NeedsAttention);
    }
    if events.is_empty() {
        events.push(OrderEvent::Updated);
    }
    events
}
