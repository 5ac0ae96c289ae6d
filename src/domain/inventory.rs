//! The stock of one SKU: its counters, its reservations, and what each command does to them.
//!
//! Everything is decided here from `(level, this order's reservation, command, now)`; the object
//! that owns the SKU only loads, calls [`decide`], and stores. A reservation is keyed by its order:
//! asking again replaces, never adds; a release leaves a tombstone that refuses a late reserve.

use serde::{Deserialize, Serialize};

use super::id::RefundId;
use super::time::Timestamp;

/// The largest count of units that a level or a command may carry.
pub const MAX_UNITS: i64 = 1_000_000_000;

/// The counters of one SKU. They are written by movements alone: each counter equals the sum of its
/// movements, and `reserved + sold <= received + adjusted + back_order_limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StockLevel {
    /// Units ever received.
    pub received: i64,
    /// Net of corrections.
    pub adjusted: i64,
    /// Units committed to paid orders.
    pub sold: i64,
    /// Units held by reservations that have not expired.
    pub reserved: i64,
    /// Units that may be sold beyond what is on hand.
    pub back_order_limit: i64,
    /// At or below this many available units the display says `low_stock`.
    pub low_stock_threshold: i64,
    /// Grows by one with every change.
    pub version: i64,
}

/// How availability is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockStatus {
    /// More than the threshold is available.
    InStock,
    /// Available, at or below the threshold.
    LowStock,
    /// Nothing is available.
    OutOfStock,
    /// Nothing is on hand, and it may still be ordered.
    BackOrder,
}

impl StockLevel {
    /// Units physically owned and not yet committed; negative when back-orders are owed.
    #[must_use]
    pub const fn on_hand(&self) -> i64 {
        self.received.saturating_add(self.adjusted).saturating_sub(self.sold)
    }

    /// Units that a new reservation may take.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.on_hand().saturating_add(self.back_order_limit).saturating_sub(self.reserved).max(0)
    }

    /// What a storefront shows.
    #[must_use]
    pub fn status(&self) -> StockStatus {
        let shelf = self.on_hand().saturating_sub(self.reserved);
        if shelf > 0 {
            if shelf <= self.low_stock_threshold {
                StockStatus::LowStock
            } else {
                StockStatus::InStock
            }
        } else if self.available() > 0 {
            StockStatus::BackOrder
        } else {
            StockStatus::OutOfStock
        }
    }

    /// Invariant 1 of the design, by name.
    ///
    /// # Errors
    /// A sentence that says which side is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.reserved < 0 {
            return Err(format!("reserved is {}", self.reserved));
        }
        let claimed = self.reserved.saturating_add(self.sold);
        let supply =
            self.received.saturating_add(self.adjusted).saturating_add(self.back_order_limit);
        if claimed > supply {
            return Err(format!("reserved + sold is {claimed}, supply is {supply}"));
        }
        Ok(())
    }
}

/// Where an order's claim on the SKU stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// Units are set aside until a moment.
    Held,
    /// Units are sold.
    Committed,
    /// Given back on purpose: a tombstone.
    Released,
    /// Given back because its time was over.
    Expired,
}

/// One order's claim on the SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Where it stands.
    pub state: ReservationState,
    /// Units claimed.
    pub quantity: i64,
    /// A held claim is void from this moment on, whether or not anything has noticed.
    pub expires_at: Timestamp,
}

/// What the kind of a movement says about its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Goods came in.
    Received,
    /// A person corrected the count.
    Adjusted,
    /// Units were set aside for an order.
    Reserved,
    /// Set-aside units were sold.
    Committed,
    /// Set-aside units were given back.
    Released,
    /// Set-aside units came back because their time was over.
    Expired,
    /// Sold units came back: the money that was held for them is gone.
    Restocked,
}

/// One line of the SKU's ledger: the deltas are the only thing that changes counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// What happened.
    pub kind: MovementKind,
    /// Change of on hand.
    pub on_hand_delta: i64,
    /// Change of reserved.
    pub reserved_delta: i64,
}

/// What an order may ask of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ClaimCommand {
    /// Set units aside until a moment.
    Reserve {
        /// Units in all for this order.
        quantity: u32,
        /// When the claim ends by itself.
        expires_at: Timestamp,
    },
    /// The order is paid: the units are sold.
    Commit {
        /// Units in all for this order.
        quantity: u32,
    },
    /// The order is over without money: the units go back, set aside or sold.
    Release,
    /// Some sold units came back with a refund and go on the shelf, once per refund.
    Restock {
        /// The refund: the key.
        refund: RefundId,
        /// Units that came back.
        quantity: u32,
    },
}

/// What a SKU answers to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ClaimAnswer {
    /// The units are set aside.
    Held,
    /// The units are sold.
    Committed,
    /// The units are given back.
    Released,
    /// The units that came back are on the shelf, now or before.
    Restocked,
    /// Not enough units; nothing changed.
    Insufficient {
        /// Units this order could have.
        available: i64,
    },
    /// The claim was released before: a late reserve or commit finds the tombstone.
    Closed,
}

/// What a command does: the answer and, if anything changes, the new claim and its movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimDecision {
    /// What to tell the order.
    pub answer: ClaimAnswer,
    /// The counters afterwards.
    pub level: StockLevel,
    /// The claim afterwards, if it changes.
    pub reservation: Option<Reservation>,
    /// The ledger line, if counters change.
    pub movement: Option<Movement>,
}

/// Frees a claim whose time is over. The level's counters must have been brought up to date with
/// this for every overdue claim before [`decide`] is asked anything.
#[must_use]
pub fn expire(level: StockLevel, reservation: Reservation, now: Timestamp) -> ClaimDecision {
    if reservation.state != ReservationState::Held || reservation.expires_at > now {
        return unchanged(level, ClaimAnswer::Held);
    }
    let expired = Reservation { state: ReservationState::Expired, ..reservation };
    changed(
        level,
        ClaimAnswer::Released,
        expired,
        MovementKind::Expired,
        0,
        reservation.quantity.saturating_neg(),
    )
}

/// Decides one command of one order. Pure: the caller stores what it returns. The caller knows which
/// refunds were restocked before, and asks only about new ones.
#[must_use]
pub fn decide(
    level: StockLevel,
    claim: Option<Reservation>,
    command: &ClaimCommand,
    now: Timestamp,
) -> ClaimDecision {
    let live = claim.filter(|c| c.state == ReservationState::Held && c.expires_at > now);
    match *command {
        ClaimCommand::Reserve { quantity, expires_at } => {
            reserve(level, claim, live, i64::from(quantity), expires_at)
        }
        ClaimCommand::Commit { quantity } => commit(level, claim, live, i64::from(quantity), now),
        ClaimCommand::Release => release(level, claim, live, now),
        ClaimCommand::Restock { quantity, .. } => restock(level, claim, i64::from(quantity)),
    }
}

fn reserve(
    level: StockLevel,
    claim: Option<Reservation>,
    live: Option<Reservation>,
    quantity: i64,
    expires_at: Timestamp,
) -> ClaimDecision {
    match claim.map(|c| c.state) {
        Some(ReservationState::Released) => return unchanged(level, ClaimAnswer::Closed),
        Some(ReservationState::Committed) => return unchanged(level, ClaimAnswer::Committed),
        _ => {}
    }
    let own = live.map_or(0, |c| c.quantity);
    let could_have = level.available().saturating_add(own);
    if quantity > could_have {
        return unchanged(level, ClaimAnswer::Insufficient { available: could_have });
    }
    let held = Reservation { state: ReservationState::Held, quantity, expires_at };
    if live == Some(held) {
        return unchanged(level, ClaimAnswer::Held);
    }
    let delta = quantity.saturating_sub(own);
    if delta == 0 {
        // The same units for longer: the ledger has nothing to say of that.
        let answer = ClaimAnswer::Held;
        return ClaimDecision { answer, level, reservation: Some(held), movement: None };
    }
    changed(level, ClaimAnswer::Held, held, MovementKind::Reserved, 0, delta)
}

fn commit(
    level: StockLevel,
    claim: Option<Reservation>,
    live: Option<Reservation>,
    quantity: i64,
    now: Timestamp,
) -> ClaimDecision {
    match claim.map(|c| c.state) {
        Some(ReservationState::Committed) => return unchanged(level, ClaimAnswer::Committed),
        Some(ReservationState::Released) => return unchanged(level, ClaimAnswer::Closed),
        _ => {}
    }
    // A claim that expired while the money was under way is taken again if the units are there.
    let own = live.map_or(0, |c| c.quantity);
    let could_have = level.available().saturating_add(own);
    if quantity > could_have {
        return unchanged(level, ClaimAnswer::Insufficient { available: could_have });
    }
    let sold = Reservation {
        state: ReservationState::Committed,
        quantity,
        expires_at: claim.map_or(now, |c| c.expires_at),
    };
    let answer = ClaimAnswer::Committed;
    let on_hand_delta = quantity.saturating_neg();
    changed(level, answer, sold, MovementKind::Committed, on_hand_delta, own.saturating_neg())
}

fn release(
    level: StockLevel,
    claim: Option<Reservation>,
    live: Option<Reservation>,
    now: Timestamp,
) -> ClaimDecision {
    let answer = ClaimAnswer::Released;
    let tombstone = Reservation {
        state: ReservationState::Released,
        quantity: claim.map_or(0, |c| c.quantity),
        expires_at: claim.map_or(now, |c| c.expires_at),
    };
    match claim.map(|c| c.state) {
        Some(ReservationState::Committed) => {
            let sold = tombstone.quantity;
            return changed(level, answer, tombstone, MovementKind::Restocked, sold, 0);
        }
        Some(ReservationState::Released) => return unchanged(level, answer),
        _ => {}
    }
    let own = live.map_or(0, |c| c.quantity);
    if own == 0 {
        return ClaimDecision { answer, level, reservation: Some(tombstone), movement: None };
    }
    changed(level, answer, tombstone, MovementKind::Released, 0, own.saturating_neg())
}

/// Puts sold units back. The claim stands for what is left, so that units never come back twice.
fn restock(level: StockLevel, claim: Option<Reservation>, quantity: i64) -> ClaimDecision {
    let sold = claim.filter(|claim| claim.state == ReservationState::Committed);
    let Some(sold) = sold.filter(|claim| (1..=claim.quantity).contains(&quantity)) else {
        return unchanged(level, ClaimAnswer::Closed);
    };
    let left = Reservation { quantity: sold.quantity.saturating_sub(quantity), ..sold };
    changed(level, ClaimAnswer::Restocked, left, MovementKind::Restocked, quantity, 0)
}

/// A change of the count by a person or a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// `Received` or `Adjusted`.
    pub kind: MovementKind,
    /// Units added, or taken away if negative.
    pub quantity_delta: i64,
    /// A new back-order limit, if it changes.
    pub back_order_limit: Option<i64>,
    /// A new display threshold, if it changes.
    pub low_stock_threshold: Option<i64>,
}

/// Why an adjustment was refused. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum AdjustmentRefusal {
    /// It would take units that orders already hold or have paid for.
    #[error("only {removable} units can be taken away: the rest is reserved or sold")]
    UnitsClaimed {
        /// How many units could be taken away.
        removable: i64,
    },
    /// A count would leave its bounds.
    #[error("the count would exceed {MAX_UNITS}")]
    OutOfRange,
}

/// Applies an adjustment to the counters.
///
/// # Errors
/// When it would break invariant 1 or leave the bounds.
pub fn adjust(
    level: StockLevel,
    adjustment: &Adjustment,
) -> Result<(StockLevel, Option<Movement>), AdjustmentRefusal> {
    let mut next = level;
    let counter = match adjustment.kind {
        MovementKind::Received => &mut next.received,
        _ => &mut next.adjusted,
    };
    *counter = counter.saturating_add(adjustment.quantity_delta);
    next.back_order_limit = adjustment.back_order_limit.unwrap_or(level.back_order_limit);
    next.low_stock_threshold = adjustment.low_stock_threshold.unwrap_or(level.low_stock_threshold);
    let counts = [next.received, next.adjusted, next.back_order_limit, next.low_stock_threshold];
    if counts.iter().any(|count| !(-MAX_UNITS..=MAX_UNITS).contains(count)) {
        return Err(AdjustmentRefusal::OutOfRange);
    }
    if next.check().is_err() {
        return Err(AdjustmentRefusal::UnitsClaimed { removable: level.available() });
    }
    next.version = level.version.saturating_add(1);
    let movement = (adjustment.quantity_delta != 0).then_some(Movement {
        kind: adjustment.kind,
        on_hand_delta: adjustment.quantity_delta,
        reserved_delta: 0,
    });
    Ok((next, movement))
}

const fn unchanged(level: StockLevel, answer: ClaimAnswer) -> ClaimDecision {
    ClaimDecision { answer, level, reservation: None, movement: None }
}

fn changed(
    mut level: StockLevel,
    answer: ClaimAnswer,
    reservation: Reservation,
    kind: MovementKind,
    on_hand_delta: i64,
    reserved_delta: i64,
) -> ClaimDecision {
    level.sold = level.sold.saturating_sub(on_hand_delta);
    level.reserved = level.reserved.saturating_add(reserved_delta);
    level.version = level.version.saturating_add(1);
    let movement = Some(Movement { kind, on_hand_delta, reserved_delta });
    ClaimDecision { answer, level, reservation: Some(reservation), movement }
}

#[cfg(test)]
mod tests;
