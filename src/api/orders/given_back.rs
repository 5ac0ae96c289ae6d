//! What came back of an order, as callers see it: money with its refunds, goods with or without one.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::{RefundId, ReturnId, Sku};
use crate::domain::inventory::{Condition, LocationId};
use crate::domain::money::Money;
use crate::domain::order::{Order, Refund, Return, ReturnedLine};
use crate::domain::payment::OperationResult;
use crate::domain::time::Timestamp;

/// Money given back.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundView<'a> {
    /// Its identity.
    #[schema(value_type = String, example = "ref_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")]
    id: RefundId,
    /// How much in all.
    amount: Money,
    /// The part that is shipping, tax included.
    shipping: Money,
    /// By line; empty for a refund of an amount.
    lines: Vec<RefundedLineView<'a>>,
    /// Where its money is.
    status: OperationResult,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// When it was asked for, or heard of.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// The number of its credit note, once its money has moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_note_number: Option<&'a str>,
    /// The numbers of the credit notes that cancelled that one, or a part of it, because the refund failed
    /// afterwards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credit_note_cancellations: Vec<&'a str>,
}

/// Units of a line that money was given back for.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundedLineView<'a> {
    /// The line's SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// Units.
    quantity: u32,
    /// How many of them came back.
    restock: u32,
    /// Whether those can be sold again; absent if none came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    restock_condition: Option<Condition>,
    /// Where they came to, if not where they came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    restock_location: Option<&'a LocationId>,
    /// Without tax.
    net: Money,
    /// Tax.
    tax: Money,
}

/// Goods that came back without a refund.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReturnView<'a> {
    /// Its identity.
    #[schema(value_type = String, example = "ret_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")]
    id: ReturnId,
    /// What came back.
    lines: Vec<ReturnedLineView<'a>>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// When it was noted.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

/// Units that came back in one condition.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReturnedLineView<'a> {
    /// The SKU of a line, or of a bundle's component.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// Units.
    quantity: u32,
    /// Whether they can be sold again.
    condition: Condition,
    /// Where they came to, if not where they came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a LocationId>,
    /// Whether the stock has them by now.
    restocked: bool,
}

impl<'a> RefundView<'a> {
    /// A refund of an order.
    #[must_use]
    pub fn of(order: &'a Order, refund: &'a Refund) -> Self {
        let money = |minor: i64| Money::new(minor, order.cart.currency);
        Self {
            id: refund.id,
            amount: money(refund.amount_minor),
            shipping: money(refund.shipping_minor),
            lines: refund
                .lines
                .iter()
                .map(|line| RefundedLineView {
                    sku: &line.sku,
                    quantity: line.quantity,
                    restock: line.restock,
                    restock_condition: (line.restock > 0).then_some(line.restock_condition),
                    restock_location: line.restock_location.as_ref(),
                    net: money(line.net_minor),
                    tax: money(line.tax_minor),
                })
                .collect(),
            status: order.refund_result(refund),
            reason: refund.reason.as_deref(),
            requested_at: refund.requested_at,
            credit_note_number: refund.credit_note_number.as_deref(),
            credit_note_cancellations: refund
                .credit_note_cancellations
                .iter()
                .map(|cancellation| cancellation.number.as_str())
                .collect(),
        }
    }
}

impl<'a> ReturnView<'a> {
    /// A return of an order.
    #[must_use]
    pub fn of(one: &'a Return) -> Self {
        let line = |line: &'a ReturnedLine| ReturnedLineView {
            sku: &line.sku,
            quantity: line.quantity,
            condition: line.condition,
            location: line.location.as_ref(),
            restocked: line.restocked,
        };
        Self {
            id: one.id,
            lines: one.lines.iter().map(line).collect(),
            reason: one.reason.as_deref(),
            received_at: one.received_at,
        }
    }
}
