//! An order, from checkout to closed: its three axes of state and what is true of each.
//!
//! `status` is written by the flows; `payment_status` and `fulfilment_status` are derived. The order
//! row is also the log of what is still owed: see `flows::owed`, which reads it from the state alone.

mod attention;
mod channel;
mod forgotten;
mod payments;
mod returns;

use serde::{Deserialize, Serialize};

use super::address::{Address, Email};
use super::id::{OrderId, RefundId, Sku};
use super::inventory::{ClaimTerms, Condition, LimitKind, LocationId, Placement};
use super::payment::{Decline, Operation, OperationKind, OperationResult, Payment, PaymentStatus};
use super::pricing::{PricedCart, check_totals};
use super::seller::{Seller, TaxNumber};
use super::time::Timestamp;

pub use attention::{Attention, AttentionCode, Resolution};
pub use channel::ChannelOrder;
pub use returns::{MAX_RETURNS, Restock, Return, ReturnedLine};

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
        /// The limit that stood in the way, if it was not for want of units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<LimitKind>,
    },
    /// The units are sold to this order.
    Committed,
    /// The order is paid and the units are gone: a person must look, and the SKU is asked again.
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
    /// Units in all, over every line that takes of it, by itself or in a bundle.
    pub quantity: u32,
    /// Where the claim stands.
    pub claim: ClaimState,
    /// Which of the objects that the SKU's units are spread over it asks, for good; none: the SKU's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<u16>,
    /// Where its units come from, once they are set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// The version of the SKU's counters that said so: an older word does not replace a newer one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub placed_at_version: i64,
    /// While it is short: when the SKU is asked for the units again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_again_at: Option<Timestamp>,
    /// How often the SKU was found short.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub times_short: i64,
}

impl StockClaim {
    /// Takes the SKU's word of where the units come from, unless a newer one is known.
    pub fn placed(&mut self, placement: Placement, version: i64) {
        if version >= self.placed_at_version {
            self.placed_at_version = version;
            self.placement = Some(placement);
        }
    }
}

/// Serde asks for a reference.
const fn is_zero(value: &i64) -> bool {
    *value == 0
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

/// What comes back of one SKU with a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundedLine {
    /// Of which line.
    pub sku: Sku,
    /// How many units are given back for.
    pub quantity: u32,
    /// How many of them go back on the shelf.
    pub restock: u32,
    /// Whether all of them are put back.
    #[serde(default)]
    pub restocked: bool,
    /// Of a bundle, the SKUs that have put theirs back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put_back: Vec<Sku>,
    /// Whether what goes back can be sold again.
    #[serde(default, skip_serializing_if = "Condition::is_sellable")]
    pub restock_condition: Condition,
    /// Where it goes back to; none: where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restock_location: Option<LocationId>,
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
    /// The notes that cancelled that one, or a part of it, because the refund failed after it was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credit_note_cancellations: Vec<CreditNoteCancellation>,
}

/// A note that cancels a refund's credit note, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNoteCancellation {
    /// Its number.
    pub number: String,
    /// How much of the credit note it takes back, minor units.
    pub amount_minor: i64,
}

impl Refund {
    /// What its credit note comes to by now, minor units, if it has one.
    #[must_use]
    pub fn credited_minor(&self) -> i64 {
        let cancelled = self.credit_note_cancellations.iter();
        cancelled.fold(self.amount_minor, |left, one| left.saturating_sub(one.amount_minor))
    }
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
    /// What is asked of each SKU with stock, summed over the lines and, in bundles, their components.
    pub claims: Vec<StockClaim>,
    /// What every SKU is told of the order.
    #[serde(default)]
    pub claim_terms: ClaimTerms,
    /// How it is paid; none if there is nothing to pay here.
    pub payment: Option<Payment>,
    /// Which channel sold it and was paid for it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelOrder>,
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
    /// The series its credit notes are numbered in, if the store named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_note_series: Option<String>,
    /// Who sold it, as the store's settings said then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// The buyer's tax number, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_tax_id: Option<TaxNumber>,
    /// What a person must look at.
    pub attention: Vec<Attention>,
    /// Money given back, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Goods that came back without a refund, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<Return>,
    /// Attempts to pay that another one has taken the place of, oldest first. They are called off; what
    /// one of them brings after all is given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_payments: Vec<Payment>,
    /// A payment that failed for good leaves the order open until its window ends, so that another
    /// attempt can be made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_open: bool,
    /// Money that comes after the order was closed is given back by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refund_late_money: bool,
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

    /// Whether lists, searches and reports show it: a checkout that was refused before any payment
    /// was asked for is not an order that anyone looks for. One that an earlier attempt asked for was
    /// shown already, and stays.
    #[must_use]
    pub fn is_projected(&self) -> bool {
        let asked_for_money =
            self.payment.is_none() || self.payments().any(|p| !p.operations.is_empty());
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
        for payment in order.payments_mut() {
            // A token that the gateway takes once is of no use to anybody else, and none of theirs.
            payment.method = None;
            if let Some(report) = &mut payment.report {
                report.action = None;
            }
        }
        order
    }

    /// Invariants 2, 3, 7 and 9 of the design, by name.
    ///
    /// # Errors
    /// A sentence that says which invariant is broken and how.
    pub fn check(&self) -> Result<(), String> {
        check_totals(&self.cart).map_err(|broken| format!("totals: {broken}"))?;
        for payment in self.payments() {
            self.check_payment(payment)?;
        }
        let operations = || self.payments().flat_map(|payment| &payment.operations);
        let mut ids: Vec<_> = operations().map(|o| o.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != count {
            return Err("two operations share a key".to_owned());
        }
        let paid = self.payment_status() == PaymentStatus::Paid;
        let given_back = self.claims.iter().any(|c| c.claim == ClaimState::Released);
        // Where no money is here nobody is left without it: it was free, or a channel gives it back.
        let called_off = self.payment.is_none() && self.closing.is_some();
        if paid && given_back && self.attention.is_empty() && !called_off {
            return Err("paid, and stock was silently released".to_owned());
        }
        if let Some(claim) = self.claims.iter().find(|c| self.units_back(&c.sku) > c.quantity) {
            return Err(format!("more of {} came back than was sold", claim.sku));
        }
        let waits = |o: &Operation| {
            o.result == OperationResult::Requested && o.kind == OperationKind::Authorize
        };
        if self.status.is_terminal() && operations().any(waits) {
            return Err("closed while the gateway's answer is outstanding".to_owned());
        }
        Ok(())
    }

    fn check_payment(&self, payment: &Payment) -> Result<(), String> {
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
        let starts = |o: &&Operation| o.kind == OperationKind::Authorize;
        if payment.operations.iter().filter(starts).count() > 1 {
            return Err("more than one authorization in one attempt".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
