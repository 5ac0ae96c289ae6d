//! From stock without places to stock by location: everything is at the main one.

use super::allocate::Placement;
use super::claim::ReservationState;
use super::level::{Balance, StockLevel};
use super::location::LocationId;
use super::movement::{Movement, MovementKind};

/// The counters as they were kept before there were locations, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FormerLevel {
    /// Ever received.
    pub received: i64,
    /// Net of corrections.
    pub adjusted: i64,
    /// Committed to paid orders.
    pub sold: i64,
    /// Held by reservations.
    pub reserved: i64,
    /// May be sold beyond what is on hand.
    pub back_order_limit: i64,
    /// The display threshold.
    pub low_stock_threshold: i64,
    /// Grew by one with every change.
    pub version: i64,
}

/// An order's claim as it was kept then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerClaim {
    /// Whose.
    pub order_id: String,
    /// Held or committed.
    pub state: ReservationState,
    /// Units.
    pub quantity: i64,
    /// Its turn among those who wait: the lower, the longer it has waited.
    pub turn: i64,
}

/// A SKU in its new form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgraded {
    /// The counters.
    pub level: StockLevel,
    /// Claims of which some units are beyond the shelf; all others are placed at the main location.
    pub waiting: Vec<(FormerClaim, Placement)>,
    /// Units that were missing without an order waiting for them: they were counted up to zero.
    pub written_up: i64,
}

impl FormerLevel {
    /// Units sold beyond what was there.
    #[must_use]
    pub const fn owed(&self) -> i64 {
        let on_hand = self.received.saturating_add(self.adjusted).saturating_sub(self.sold);
        if on_hand < 0 { on_hand.saturating_neg() } else { 0 }
    }

    /// Units held beyond what was there.
    #[must_use]
    pub const fn held_beyond(&self) -> i64 {
        let on_hand = self.received.saturating_add(self.adjusted).saturating_sub(self.sold);
        let shelf = if on_hand < 0 { 0 } else { on_hand };
        let beyond = self.reserved.saturating_sub(shelf);
        if beyond < 0 { 0 } else { beyond }
    }
}

/// Brings counters and claims into the new form. `newest`: committed and held claims, each kind's newest
/// first, as many as it takes to find those who wait.
#[must_use]
pub fn upgrade(former: &FormerLevel, newest: &[FormerClaim]) -> Upgraded {
    let (mut owed, mut held_beyond) = (former.owed(), former.held_beyond());
    let mut waiting = Vec::new();
    for claim in newest {
        let left = match claim.state {
            ReservationState::Committed => &mut owed,
            ReservationState::Held => &mut held_beyond,
            ReservationState::Released | ReservationState::Expired => continue,
        };
        let back_ordered = claim.quantity.min(*left);
        if back_ordered <= 0 {
            continue;
        }
        *left = left.saturating_sub(back_ordered);
        let mut placement = Placement { back_ordered, ..Placement::default() };
        placement.add(&LocationId::main(), claim.quantity.saturating_sub(back_ordered));
        waiting.push((claim.clone(), placement));
    }
    let back_ordered_sold = former.owed().saturating_sub(owed);
    let back_ordered_held = former.held_beyond();
    let adjusted = former.adjusted.saturating_add(owed);
    let on_hand = former.received.saturating_add(adjusted).saturating_sub(former.sold);
    let main = Balance {
        on_hand: on_hand.saturating_add(back_ordered_sold),
        reserved: former.reserved.saturating_sub(back_ordered_held),
        ..Balance::default()
    };
    let level = StockLevel {
        received: former.received,
        adjusted,
        sold: former.sold,
        reserved: former.reserved,
        back_ordered_held,
        back_ordered_sold,
        back_order_limit: former.back_order_limit,
        low_stock_threshold: former.low_stock_threshold,
        version: former.version.saturating_add(1),
        balances: vec![main],
        ..StockLevel::default()
    };
    Upgraded { level, waiting, written_up: owed }
}

impl Upgraded {
    /// The line that opens the ledger, as people read it.
    #[must_use]
    pub fn movement(&self) -> Movement {
        let main = self.level.balance(&LocationId::main()).cloned().unwrap_or_default();
        Movement {
            on_hand: main.on_hand,
            reserved: main.reserved,
            sold: self.level.sold,
            back_ordered_held: self.level.back_ordered_held,
            back_ordered_sold: self.level.back_ordered_sold,
            ..Movement::new(MovementKind::Opening, Some(LocationId::main()))
        }
    }
}
