//! What an order may ask of a SKU, and what comes of it.

use serde::{Deserialize, Serialize};

use super::allocate::{Placement, allocate, offer};
use super::channel::{self, ChannelId};
use super::level::StockLevel;
use super::location::LocationId;
use super::movement::{Movement, MovementKind};
use super::restock::{Back, Condition, restock};
use super::shift::{differences, drawing, places, unreserve, unsell, without};
use crate::domain::time::Timestamp;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Where it stands.
    pub state: ReservationState,
    /// Units claimed.
    pub quantity: i64,
    /// A held claim is void from this moment on, whether or not anything has noticed.
    pub expires_at: Timestamp,
    /// Where the units of a held or committed claim come from.
    #[serde(default)]
    pub placement: Placement,
}

/// What an order says of itself to every SKU it claims.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClaimTerms {
    /// The locations that may serve it, the best first; empty: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<LocationId>,
    /// Whose order it is: a hash, for limits per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Where it came from, the buyer's address or the key: a hash, for limits of what is held unpaid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The most units of one SKU that one holder may hold unpaid; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_limit: Option<i64>,
    /// The channel that sells; none: the storefront.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
}

/// What the same customer and the same holder have of the SKU by other orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Units that the customer holds or has bought.
    pub customer_units: i64,
    /// Units that the holder holds unpaid.
    pub holder_units: i64,
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
    /// Some sold units came back with a refund or a return, once per key.
    Restock {
        /// The refund or return, and how they came back.
        #[serde(alias = "refund")]
        key: String,
        /// Units that came back.
        quantity: u32,
        /// Whether they can be sold again.
        #[serde(default)]
        condition: Condition,
        /// Where they came to; none: where they came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<LocationId>,
    },
}

/// Which limit a claim would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Units per customer.
    Customer,
    /// Units held unpaid from one address or by one key.
    UnpaidHold,
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
    /// Not enough units to set aside; nothing changed.
    Insufficient {
        /// Units this order could have.
        available: i64,
    },
    /// Not enough units for what is paid; nothing changed. Another word than for units that can't be
    /// set aside, because an answer may come late: what is held since is not short.
    Short {
        /// Units this order could have.
        available: i64,
    },
    /// More than this buyer may have; nothing changed.
    Limited {
        /// Units this order could have.
        available: i64,
        /// Which limit it is.
        limit: LimitKind,
    },
    /// The claim was released before: a late reserve or commit finds the tombstone.
    Closed,
    /// It can't be said now whether there are enough; nothing changed, and it may be asked again.
    Unsettled,
}

/// A SKU's answer to one order's command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimReply {
    /// The answer.
    pub answer: ClaimAnswer,
    /// Where the order's units come from, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// The version of the SKU's counters: of two answers, the one of the higher version is the newer.
    #[serde(default)]
    pub version: i64,
}

impl From<ClaimAnswer> for ClaimReply {
    fn from(answer: ClaimAnswer) -> Self {
        Self { answer, placement: None, version: 0 }
    }
}

/// What a command does: the answer and, if anything changes, the new claim and its movements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimDecision {
    /// What to tell the order.
    pub answer: ClaimAnswer,
    /// The counters afterwards.
    pub level: StockLevel,
    /// The claim afterwards, if it changes.
    pub reservation: Option<Reservation>,
    /// The ledger lines, if counters change.
    pub movements: Vec<Movement>,
}

impl ClaimDecision {
    pub(super) fn unchanged(level: StockLevel, answer: ClaimAnswer) -> Self {
        Self { answer, level, reservation: None, movements: Vec::new() }
    }

    pub(super) fn changed(
        mut level: StockLevel,
        answer: ClaimAnswer,
        reservation: Reservation,
        movements: Vec<Movement>,
    ) -> Self {
        if !movements.is_empty() {
            level.version = level.version.saturating_add(1);
        }
        for movement in &movements {
            level.apply(movement);
        }
        Self { answer, level, reservation: Some(reservation), movements }
    }
}

/// Frees a claim whose time is over. The level's counters must have been brought up to date with
/// this for every overdue claim before [`decide`] is asked anything.
#[must_use]
pub fn expire(level: StockLevel, reservation: Reservation, now: Timestamp) -> ClaimDecision {
    if reservation.state != ReservationState::Held || reservation.expires_at > now {
        return ClaimDecision::unchanged(level, ClaimAnswer::Held);
    }
    let movements = unreserve(MovementKind::Expired, &level, &reservation.placement);
    let expired = Reservation {
        state: ReservationState::Expired,
        placement: Placement::default(),
        ..reservation
    };
    ClaimDecision::changed(level, ClaimAnswer::Released, expired, movements)
}

/// Decides one command of one order. Pure: the caller stores what it returns. The caller knows which
/// keys were restocked before, and asks only about new ones.
#[must_use]
pub fn decide(
    level: StockLevel,
    claim: Option<Reservation>,
    command: &ClaimCommand,
    terms: &ClaimTerms,
    usage: Usage,
    now: Timestamp,
) -> ClaimDecision {
    let state = claim.as_ref().map(|claim| claim.state);
    match command {
        ClaimCommand::Reserve { .. } | ClaimCommand::Commit { .. }
            if state == Some(ReservationState::Released) =>
        {
            ClaimDecision::unchanged(level, ClaimAnswer::Closed)
        }
        ClaimCommand::Reserve { .. } | ClaimCommand::Commit { .. }
            if state == Some(ReservationState::Committed) =>
        {
            ClaimDecision::unchanged(level, ClaimAnswer::Committed)
        }
        ClaimCommand::Reserve { quantity, expires_at } => {
            let live = live(claim);
            reserve(level, live, terms, usage, i64::from(*quantity), *expires_at, now)
        }
        ClaimCommand::Commit { quantity } => commit(level, claim, terms, i64::from(*quantity), now),
        ClaimCommand::Release => release(level, claim, now),
        ClaimCommand::Restock { quantity, condition, location, .. } => {
            let back = Back { quantity: i64::from(*quantity), condition: *condition, location };
            restock(level, claim, &back)
        }
    }
}

/// A claim that holds units. Whether its time is over does not matter here: it holds them until [`expire`] has
/// given them back. One that an order asked for by a clock which was behind is over as it is made, and the
/// next command for it may come in the same turn.
fn live(claim: Option<Reservation>) -> Option<Reservation> {
    claim.filter(|claim| claim.state == ReservationState::Held)
}

fn reserve(
    level: StockLevel,
    live: Option<Reservation>,
    terms: &ClaimTerms,
    usage: Usage,
    quantity: i64,
    expires_at: Timestamp,
    now: Timestamp,
) -> ClaimDecision {
    if let Some(own) = live.as_ref().filter(|own| own.quantity == quantity) {
        // The same units, perhaps for longer: the ledger has nothing to say of that.
        let held = Reservation { expires_at, ..own.clone() };
        let reservation = (held != *own).then_some(held);
        return ClaimDecision { reservation, ..ClaimDecision::unchanged(level, ClaimAnswer::Held) };
    }
    let own = live.map(|own| own.placement).unwrap_or_default();
    let rest = without(&level, &own);
    if let Some((limit, most)) = exceeded(&level, terms, usage, quantity) {
        let available = offer(&rest, terms, now).available().min(most);
        return ClaimDecision::unchanged(level, ClaimAnswer::Limited { available, limit });
    }
    match allocate(&rest, terms, quantity, now) {
        Err(available) => ClaimDecision::unchanged(level, ClaimAnswer::Insufficient { available }),
        Ok(placement) => {
            let movements = differences(MovementKind::Reserved, &level, &own, &placement);
            let state = ReservationState::Held;
            let held = Reservation { state, quantity, expires_at, placement };
            ClaimDecision::changed(level, ClaimAnswer::Held, held, movements)
        }
    }
}

/// The limit that the quantity would exceed, and the most that it lets this order have.
fn exceeded(
    level: &StockLevel,
    terms: &ClaimTerms,
    usage: Usage,
    quantity: i64,
) -> Option<(LimitKind, i64)> {
    let of_customer = terms.customer.as_ref().and(level.terms.customer_limit);
    let limits = [
        (LimitKind::Customer, of_customer, usage.customer_units),
        (LimitKind::UnpaidHold, terms.holder.as_ref().and(terms.holder_limit), usage.holder_units),
    ];
    limits.into_iter().find_map(|(kind, limit, used)| {
        let most = limit?.saturating_sub(used).max(0);
        (quantity > most).then_some((kind, most))
    })
}

fn commit(
    level: StockLevel,
    claim: Option<Reservation>,
    terms: &ClaimTerms,
    quantity: i64,
    now: Timestamp,
) -> ClaimDecision {
    let expires_at = claim.as_ref().map_or(now, |c| c.expires_at);
    // A claim that expired while the money was under way is taken again if the units are there.
    let own = live(claim);
    let unchanged_quantity = own.as_ref().is_some_and(|own| own.quantity == quantity);
    let own = own.map(|own| own.placement).unwrap_or_default();
    let found = if unchanged_quantity {
        Ok(own.clone())
    } else {
        allocate(&without(&level, &own), terms, quantity, now)
    };
    let placement = match found {
        Ok(placement) => placement,
        Err(available) => {
            return ClaimDecision::unchanged(level, ClaimAnswer::Short { available });
        }
    };
    let mut movements = Vec::new();
    for location in places(&own, &placement) {
        let (reserved, sold) = (own.at(&location), placement.at(&location));
        movements.push(Movement {
            on_hand: sold.saturating_neg(),
            reserved: reserved.saturating_neg(),
            sold,
            ..Movement::new(MovementKind::Committed, Some(location))
        });
    }
    if own.back_ordered != 0 || placement.back_ordered != 0 {
        movements.push(Movement {
            sold: placement.back_ordered,
            back_ordered_held: own.back_ordered.saturating_neg(),
            back_ordered_sold: placement.back_ordered,
            ..Movement::new(MovementKind::Committed, None)
        });
    }
    // Units that stay where they are are not given back and drawn anew.
    if !unchanged_quantity {
        movements.extend(drawing(MovementKind::Committed, &level, &own, &placement));
    }
    let state = ReservationState::Committed;
    let sold = Reservation { state, quantity, expires_at, placement };
    ClaimDecision::changed(level, ClaimAnswer::Committed, sold, movements)
}

fn release(level: StockLevel, claim: Option<Reservation>, now: Timestamp) -> ClaimDecision {
    let answer = ClaimAnswer::Released;
    let tombstone = Reservation {
        state: ReservationState::Released,
        quantity: claim.as_ref().map_or(0, |c| c.quantity),
        expires_at: claim.as_ref().map_or(now, |c| c.expires_at),
        placement: Placement::default(),
    };
    match claim {
        Some(claim) if claim.state == ReservationState::Released => {
            ClaimDecision::unchanged(level, answer)
        }
        Some(sold) if sold.state == ReservationState::Committed => {
            let movements = unsell(&level, &sold.placement);
            ClaimDecision::changed(level, answer, tombstone, movements)
        }
        claim => {
            let own = live(claim).map(|own| own.placement).unwrap_or_default();
            let movements = unreserve(MovementKind::Released, &level, &own);
            ClaimDecision::changed(level, answer, tombstone, movements)
        }
    }
}

/// Gives an order that waits for units beyond the shelf what the shelf has by now. None if it has none.
#[must_use]
pub fn fill(level: StockLevel, waiting: Reservation) -> Option<ClaimDecision> {
    let is_sold = match waiting.state {
        ReservationState::Held => false,
        ReservationState::Committed => true,
        ReservationState::Released | ReservationState::Expired => return None,
    };
    let fullest = level.balances.iter().max_by_key(|balance| level.free_at(balance))?;
    let free = level.free().min(channel::fillable(&level, &waiting.placement));
    let quantity = level.free_at(fullest).min(free).min(waiting.placement.back_ordered);
    if quantity <= 0 {
        return None;
    }
    let location = fullest.location.clone();
    let kind = MovementKind::BackOrderFilled;
    let mut movement = Movement::new(kind, Some(location.clone()));
    if is_sold {
        movement.on_hand = quantity.saturating_neg();
        movement.back_ordered_sold = quantity.saturating_neg();
    } else {
        movement.reserved = quantity;
        movement.back_ordered_held = quantity.saturating_neg();
    }
    let drawn = channel::drawn(&level, waiting.placement.channel.as_ref(), quantity);
    let mut filled = waiting;
    filled.placement.fill(&location, quantity);
    filled.placement.of_allocation = filled.placement.of_allocation.saturating_add(drawn);
    let mut movements = vec![movement];
    let channel = filled.placement.channel.as_ref();
    movements.extend(channel::draws(kind, &level, channel, 0, drawn));
    let answer = if is_sold { ClaimAnswer::Committed } else { ClaimAnswer::Held };
    Some(ClaimDecision::changed(level, answer, filled, movements))
}
