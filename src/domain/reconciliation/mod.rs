//! Reconciliation: our ledger against a gateway's own books, for a window of time.
//!
//! Windows have edges and clocks differ. So the gateway is walked a margin further on both sides, ours are
//! looked up by reference whatever their time, and every movement belongs to exactly one window: the one
//! that holds the gateway's time of it, or ours for what the gateway does not list. What only lies in
//! the margin is there to be matched and is never reported. What is too young to be in both books is
//! left to the next run.

mod compare;
mod run;
mod summary;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::id::{OperationId, OrderId};
use super::money::Money;
use super::payment::{Gateway, OperationKind};
use super::time::Timestamp;

pub use compare::compare;
pub use run::{Run, RunCause, RunState};
pub use summary::{Counts, Summary, Total};

/// How far apart the gateway's clock and ours may be about one movement.
pub const MARGIN_MILLISECONDS: i64 = 2 * 3_600_000;

/// The longest window, in milliseconds: 31 days.
pub const MAX_WINDOW_MILLISECONDS: i64 = 31 * DAY_MILLISECONDS;

const DAY_MILLISECONDS: i64 = 86_400_000;

/// A span of time, from its first moment to before its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Window {
    /// Whether a moment is within it.
    #[must_use]
    pub fn contains(self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.to
    }

    /// The newest day, in UTC, that ended at least 24 hours before `now`: by then every gateway lists
    /// all of it.
    #[must_use]
    pub const fn settled_day(now: Timestamp) -> Self {
        let a_day_ago = now.plus_milliseconds(DAY_MILLISECONDS.saturating_neg()).milliseconds();
        let day = a_day_ago.div_euclid(DAY_MILLISECONDS);
        let to = Timestamp::from_milliseconds(day.saturating_mul(DAY_MILLISECONDS));
        Self { from: to.plus_milliseconds(DAY_MILLISECONDS.saturating_neg()), to }
    }

    /// The whole days from `since` to before this window, oldest first; of a longer gap, the newest days
    /// that there are `at_most`. A day that began before `since` is not among them.
    #[must_use]
    pub fn days_before(self, since: Timestamp, at_most: usize) -> Vec<Self> {
        let day_before = |to: Timestamp| Self {
            from: to.plus_milliseconds(DAY_MILLISECONDS.saturating_neg()),
            to,
        };
        let mut days: Vec<Self> =
            std::iter::successors(Some(day_before(self.from)), |day| Some(day_before(day.from)))
                .take(at_most)
                .take_while(|day| day.from >= since)
                .collect();
        days.reverse();
        days
    }

    /// What is walked of the gateway's books at `now` so that everything in this window finds its match.
    #[must_use]
    pub fn walked(self, now: Timestamp) -> Self {
        let from = self.from.plus_milliseconds(MARGIN_MILLISECONDS.saturating_neg());
        let to = self.to.plus_milliseconds(MARGIN_MILLISECONDS).min(now).max(self.to);
        Self { from, to }
    }

    /// The part of this window that is old enough at `now` to be in both books.
    #[must_use]
    pub fn settled(self, gateway: Gateway, now: Timestamp) -> Self {
        let settled = now.plus_milliseconds(settle_milliseconds(gateway).saturating_neg());
        Self { from: self.from, to: self.to.min(settled).max(self.from) }
    }
}

/// How long after a movement it is sure to be in the gateway's list and in ours: PayPal's transaction
/// search is some hours behind, Authorize.net's money moves with the day's settlement.
#[must_use]
pub const fn settle_milliseconds(gateway: Gateway) -> i64 {
    match gateway {
        Gateway::Sandbox | Gateway::Stripe | Gateway::Razorpay => 900_000,
        Gateway::Paypal => 6 * 3_600_000,
        Gateway::AuthorizeNet => DAY_MILLISECONDS,
    }
}

/// One movement of money as the gateway's own books list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedMovement {
    /// `Capture` (money in), `Refund` or `Chargeback` (lost or under way).
    pub kind: OperationKind,
    /// The gateway's identity of the payment, as
    /// [`crate::domain::payment::PaymentReport::reference`] has it, if it says.
    pub payment_reference: Option<String>,
    /// The gateway's identity of this movement, unique in its books.
    pub movement_reference: String,
    /// The order, if the gateway says.
    pub order_id: Option<OrderId>,
    /// For refunds of ours: the operation, if the gateway says.
    pub operation_id: Option<OperationId>,
    /// How much, never negative.
    pub amount: Money,
    /// When, by the gateway's clock.
    pub occurred_at: Timestamp,
}

/// The identity of the refund that a voided payment is, where a void makes no movement of its own at the
/// gateway.
#[must_use]
pub fn void_reference(payment: &str) -> String {
    ["void-", payment].concat()
}

/// One movement of money as our ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedMovement {
    /// Of which order.
    pub order_id: OrderId,
    /// The operation that moved it.
    pub operation_id: OperationId,
    /// What kind it is.
    pub kind: OperationKind,
    /// How much, never negative.
    pub amount: Money,
    /// The gateway's identity of the payment.
    pub payment_reference: Option<String>,
    /// The gateway's identity of the movement, where it gives one.
    pub movement_reference: Option<String>,
    /// Whether it is under way: the gateway may list it already, or not yet.
    pub is_open: bool,
    /// When, by the gateway's clock as far as it told.
    pub occurred_at: Timestamp,
}

/// What became of comparing one movement.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Both books have it.
    Matched,
    /// The gateway lists it and our ledger does not.
    MissingHere,
    /// Our ledger has it and the gateway does not list it.
    MissingThere,
    /// Both have it, with another amount or currency.
    AmountDiffers,
}

impl Finding {
    /// Every finding.
    pub const ALL: [Self; 4] =
        [Self::Matched, Self::MissingHere, Self::MissingThere, Self::AmountDiffers];

    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::AmountDiffers => "amount_differs",
        }
    }

    /// The finding of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.name() == name)
    }
}

/// Our side of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OurSide {
    /// How much, in all.
    pub amount: Money,
    /// The first of its times.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// The operations that moved it; more than one where the gateway lists parts as a whole.
    #[schema(value_type = Vec<String>)]
    pub operation_ids: Vec<OperationId>,
}

/// The gateway's side of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TheirSide {
    /// How much, in all.
    pub amount: Money,
    /// The first of its times.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// The gateway's identities of it; more than one where it lists in parts what we have as a whole.
    pub movement_references: Vec<String>,
}

/// One line of a reconciliation: a movement, and both sides of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What became of comparing it.
    pub result: Finding,
    /// What kind of movement it is.
    pub kind: OperationKind,
    /// Of which order, if anybody knows.
    pub order_id: Option<OrderId>,
    /// The gateway's identity of the payment, if anybody knows.
    pub payment_reference: Option<String>,
    /// Our side; absent if it is missing here.
    pub here: Option<OurSide>,
    /// The gateway's side; absent if it is missing there.
    pub there: Option<TheirSide>,
}

impl Item {
    /// When it happened: by the gateway's clock, or by ours for what the gateway does not list.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        let there = self.there.as_ref().map(|side| side.occurred_at);
        there.or(self.here.as_ref().map(|side| side.occurred_at)).unwrap_or_default()
    }

    /// What differs, in a sentence; none for what is matched.
    #[must_use]
    pub fn difference(&self, gateway: Gateway) -> Option<String> {
        let kind = self.kind.name();
        let name = gateway.name();
        let (amount, amount_there) = (self.here.as_ref(), self.there.as_ref());
        let money = |money: Money| format!("{} {} minor units", money.amount, money.currency);
        match (self.result, amount, amount_there) {
            (Finding::MissingHere, _, Some(there)) => Some(format!(
                "{name} lists a {kind} of {} as {}; it is not in our ledger",
                money(there.amount),
                there.movement_references.join(", ")
            )),
            (Finding::MissingThere, Some(here), _) => Some(format!(
                "our ledger has a {kind} of {} on {}; {name} does not list it",
                money(here.amount),
                here.occurred_at.rfc3339()
            )),
            (Finding::AmountDiffers, Some(here), Some(there)) => Some(format!(
                "our ledger has a {kind} of {}, {name} lists {} as {}",
                money(here.amount),
                money(there.amount),
                there.movement_references.join(", ")
            )),
            _ => None,
        }
    }
}
