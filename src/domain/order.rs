//! An order, from checkout to closed: its three axes of state and what is true of each.
//!
//! `status` is written by the flows; `payment_status` and `fulfilment_status` are derived. The order
//! row is also the log of what is still owed: see `flows::owed`, which reads it from the state alone.

use serde::{Deserialize, Serialize};

use super::address::{Address, Email};
use super::id::{OrderId, RefundId, Sku};
use super::payment::{Decline, OperationKind, OperationResult, Payment, PaymentStatus};
use super::pricing::{PricedCart, check_totals};
use super::time::Timestamp;

/// Where an order is in its life. Completed, cancelled, expired and rejected are terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Stock and payment are being asked for.
    Placing,
    /// Placed: it waits for money or for fulfilment.
    Open,
    /// Paid and fulfilled.
    Completed,
    /// Called off by the buyer, the merchant or at the gateway.
    Cancelled,
    /// The payment window ended without money.
    Expired,
    /// Refused: no stock, or the payment failed for good.
    Rejected,
}

impl OrderStatus {
    /// Every status, for tables.
    pub const ALL: [Self; 6] = [
        Self::Placing,
        Self::Open,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
        Self::Rejected,
    ];

    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Placing => "placing",
            Self::Open => "open",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }

    /// Terminal states are never left.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Placing | Self::Open)
    }

    /// Closed without the buyer getting anything: whatever stock the order has goes back.
    #[must_use]
    pub const fn gives_stock_back(self) -> bool {
        matches!(self, Self::Cancelled | Self::Expired | Self::Rejected)
    }

    /// The one table of which status may follow which.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Placing => !matches!(next, Self::Completed),
            Self::Open => !matches!(next, Self::Placing),
            Self::Completed => matches!(next, Self::Completed),
            Self::Cancelled => matches!(next, Self::Cancelled),
            Self::Expired => matches!(next, Self::Expired),
            Self::Rejected => matches!(next, Self::Rejected),
        }
    }
}

/// The fulfilment axis, derived from quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStatus {
    /// Nothing has left.
    Unfulfilled,
}

/// Where an order's claim on one SKU stands, as far as the order has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ClaimState {
    /// To be asked, or asked and not answered yet.
    Requested,
    /// The units are set aside.
    Held,
    /// The SKU could not set them aside.
    Refused {
        /// Units that the order could have had.
        available: i64,
    },
    /// The units are sold to this order.
    Committed,
    /// The order is paid and the units are gone: a person must look.
    Short {
        /// Units that the order could have had.
        available: i64,
    },
    /// Given back.
    Released,
}

/// An order's claim on one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockClaim {
    /// The SKU.
    pub sku: Sku,
    /// Units in all, over every line of this SKU.
    pub quantity: u32,
    /// Where the claim stands.
    pub claim: ClaimState,
}

/// Why an order is being, or was, closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The buyer called it off.
    Customer,
    /// The merchant called it off.
    Merchant,
    /// The payment window ended.
    PaymentWindowEnded,
    /// There was not enough stock.
    InsufficientStock,
    /// The payment failed for good.
    PaymentFailed,
    /// The payment was called off at the gateway.
    CancelledAtGateway,
}

impl CloseReason {
    /// The terminal status that a reason leads to.
    #[must_use]
    pub const fn status(self) -> OrderStatus {
        match self {
            Self::Customer | Self::Merchant | Self::CancelledAtGateway => OrderStatus::Cancelled,
            Self::PaymentWindowEnded => OrderStatus::Expired,
            Self::InsufficientStock | Self::PaymentFailed => OrderStatus::Rejected,
        }
    }
}

/// Something that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attention {
    /// What it is, stable.
    pub code: AttentionCode,
    /// What was seen, in a sentence.
    pub detail: String,
    /// When it was first seen.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Who said that it is dealt with; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolution>,
}

/// A person's word that something is dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Resolution {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The API key's identity.
    pub by: String,
    /// What was done, in the person's words.
    pub note: String,
}

/// The causes for which an order needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionCode {
    /// Paid, and the units are gone.
    StockGone,
    /// Money arrived after the order was closed: it is to be refunded.
    PaidAfterClose,
    /// The gateway reports what can't be true of this order.
    PaymentMismatch,
    /// The gateway was asked on the whole schedule and the outcome is still not known.
    PaymentUnknown,
    /// The gateway would not do what was asked of it.
    PaymentRefused,
    /// The gateway's books and ours differ.
    ReconciliationDifference,
    /// The gateway's books could not be read to their end.
    ReconciliationFailed,
}

impl AttentionCode {
    /// Every code, for tables.
    pub const ALL: [Self; 7] = [
        Self::StockGone,
        Self::PaidAfterClose,
        Self::PaymentMismatch,
        Self::PaymentUnknown,
        Self::PaymentRefused,
        Self::ReconciliationDifference,
        Self::ReconciliationFailed,
    ];

    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StockGone => "stock_gone",
            Self::PaidAfterClose => "paid_after_close",
            Self::PaymentMismatch => "payment_mismatch",
            Self::PaymentUnknown => "payment_unknown",
            Self::PaymentRefused => "payment_refused",
            Self::ReconciliationDifference => "reconciliation_difference",
            Self::ReconciliationFailed => "reconciliation_failed",
        }
    }
}

/// What comes back of one SKU with a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundedLine {
    /// Of which line.
    pub sku: Sku,
    /// How many units are given back for.
    pub quantity: u32,
    /// How many of them go back on the shelf.
    pub restock: u32,
    /// Whether the SKU has put them back.
    #[serde(default)]
    pub restocked: bool,
    /// Net of tax, minor units.
    pub net_minor: i64,
    /// Tax, minor units.
    pub tax_minor: i64,
}

/// Money given back, as it was asked for: by lines and shipping, or as an amount. Its money moves by the
/// refund operations that carry its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its identity.
    pub id: RefundId,
    /// What is given back in all, minor units.
    pub amount_minor: i64,
    /// The part of it that is shipping, tax included, minor units.
    pub shipping_minor: i64,
    /// By line; empty for a refund of an amount.
    pub lines: Vec<RefundedLine>,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
    /// When it was asked for, or heard of.
    pub requested_at: Timestamp,
    /// The number of its credit note, once its money has moved.
    #[serde(default)]
    pub credit_note_number: Option<String>,
}

/// An order in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Names the order and the shard that owns it.
    pub id: OrderId,
    /// Grows by one with every stored change; guards the projection.
    pub version: i64,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who buys.
    pub email: Email,
    /// Where it goes.
    pub shipping_address: Address,
    /// Who pays, if not the same.
    pub billing_address: Option<Address>,
    /// What is bought, at which price and tax.
    pub cart: PricedCart,
    /// What is asked of each SKU, duplicates summed.
    pub claims: Vec<StockClaim>,
    /// How it is paid; none if there is nothing to pay.
    pub payment: Option<Payment>,
    /// From then on, the payment is called off.
    pub payment_window_ends_at: Timestamp,
    /// When the reservations end by themselves: the window and a grace.
    pub claims_expire_at: Timestamp,
    /// Why it is being, or was, closed.
    pub closing: Option<CloseReason>,
    /// The series its invoice is numbered in.
    pub invoice_series: String,
    /// Its invoice's number, once paid.
    pub invoice_number: Option<String>,
    /// What a person must look at.
    pub attention: Vec<Attention>,
    /// Money given back, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
}

impl Order {
    /// The payment axis, derived.
    #[must_use]
    pub fn payment_status(&self) -> PaymentStatus {
        self.payment.as_ref().map_or(PaymentStatus::Paid, Payment::status)
    }

    /// The fulfilment axis, derived.
    #[must_use]
    pub const fn fulfilment_status(&self) -> FulfilmentStatus {
        FulfilmentStatus::Unfulfilled
    }

    /// Whether the money is held, taken, or not needed: from here on the stock is the buyer's.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        self.payment.as_ref().is_none_or(Payment::is_secured)
    }

    /// Why the bank or the gateway said no, if it did.
    #[must_use]
    pub fn decline(&self) -> Option<&Decline> {
        self.payment.as_ref()?.report.as_ref()?.decline.as_ref()
    }

    /// Adds a cause for attention once. One that a person has dealt with comes back only when something
    /// else was seen than then.
    pub fn needs_attention(&mut self, code: AttentionCode, detail: String, now: Timestamp) {
        let seen = Attention { code, detail, since: now, resolved: None };
        match self.attention.iter_mut().find(|known| known.code == code) {
            None => self.attention.push(seen),
            Some(known) if known.resolved.is_some() && known.detail != seen.detail => *known = seen,
            Some(_) => {}
        }
    }

    /// Notes that a person has dealt with a cause for attention; what was said first stays.
    pub fn resolve_attention(&mut self, code: AttentionCode, resolution: &Resolution) {
        let open = self.attention.iter_mut().find(|a| a.code == code && a.resolved.is_none());
        if let Some(known) = open {
            known.resolved = Some(resolution.clone());
        }
    }

    /// Whether a person must look at it.
    #[must_use]
    pub fn waits_for_person(&self) -> bool {
        self.attention.iter().any(|attention| attention.resolved.is_none())
    }

    /// Every payment of the order, the one that counts last.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payment.iter()
    }

    /// Whether lists, searches and reports show it: a checkout that was refused before any payment
    /// was asked for is not an order that anyone looks for.
    #[must_use]
    pub fn is_projected(&self) -> bool {
        let asked_for_money = self.payment.as_ref().is_none_or(|p| !p.operations.is_empty());
        match self.status {
            OrderStatus::Placing => false,
            OrderStatus::Rejected => asked_for_money,
            _ => true,
        }
    }

    /// The order as it may leave its object: without what only the buyer's browser may see.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut order = self.clone();
        if let Some(report) = order.payment.as_mut().and_then(|p| p.report.as_mut()) {
            report.action = None;
        }
        order
    }

    /// Invariants 2, 3, 7 and 9 of the design, by name.
    ///
    /// # Errors
    /// A sentence that says which invariant is broken and how.
    pub fn check(&self) -> Result<(), String> {
        check_totals(&self.cart).map_err(|broken| format!("totals: {broken}"))?;
        let Some(payment) = &self.payment else {
            return Ok(());
        };
        let captured = payment.succeeded_minor(OperationKind::Capture);
        let refunded = payment.succeeded_minor(OperationKind::Refund);
        if captured > self.cart.totals.total_minor {
            return Err(format!("captured {captured} of {}", self.cart.totals.total_minor));
        }
        if refunded > captured {
            return Err(format!("refunded {refunded} of {captured} captured"));
        }
        if let Some(report) = &payment.report
            && report.captured_minor != captured
        {
            return Err(format!("ledger says {captured}, report says {}", report.captured_minor));
        }
        let mut ids: Vec<_> = payment.operations.iter().map(|o| o.id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != payment.operations.len() {
            return Err("two operations share a key".to_owned());
        }
        let one_try =
            payment.operations.iter().filter(|o| o.kind == OperationKind::Authorize).count();
        if one_try > 1 {
            return Err("more than one authorization".to_owned());
        }
        let paid = self.payment_status() == PaymentStatus::Paid;
        let given_back = self.claims.iter().any(|c| c.claim == ClaimState::Released);
        if paid && given_back && self.attention.is_empty() {
            return Err("paid, and stock was silently released".to_owned());
        }
        let unanswered = payment.operations.iter().any(|o| o.result == OperationResult::Requested);
        if self.status.is_terminal() && unanswered {
            return Err("closed while the gateway's answer is outstanding".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_named_as_it_is_written() {
        for code in AttentionCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }

    #[test]
    fn terminal_states_are_never_left() {
        for from in OrderStatus::ALL {
            for to in OrderStatus::ALL {
                let allowed = from.may_become(to);
                if from.is_terminal() {
                    assert_eq!(allowed, from == to, "{from:?} -> {to:?}");
                }
            }
        }
        assert!(OrderStatus::Placing.may_become(OrderStatus::Open));
        assert!(!OrderStatus::Open.may_become(OrderStatus::Placing));
        assert!(!OrderStatus::Placing.may_become(OrderStatus::Completed));
    }
}
