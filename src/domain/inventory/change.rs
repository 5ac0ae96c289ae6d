//! Changes that orders do not make: deliveries, corrections, counts, damage, transfers, terms.

use serde::{Deserialize, Serialize};

use super::channel;
use super::level::StockLevel;
use super::location::LocationId;
use super::movement::{Movement, MovementKind};
use super::terms::{StockTerms, TermsChange};
use super::{MAX_LOCATIONS, MAX_UNITS};

/// What happens to a SKU's units at one location. Quantities are units, never negative where no sign is
/// named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum StockChange {
    /// Goods came in.
    Received {
        /// Where.
        location: LocationId,
        /// Units that can be sold.
        quantity: i64,
        /// Units that came damaged.
        #[serde(default)]
        damaged: i64,
        /// How many of all these had been announced.
        #[serde(default)]
        announced: i64,
    },
    /// A person corrects the count by so many.
    Adjusted {
        /// Where.
        location: LocationId,
        /// Units added, or taken away if negative.
        quantity_delta: i64,
    },
    /// A person counted.
    Counted {
        /// Where.
        location: LocationId,
        /// Units found that can be sold, those set aside included and those sold not.
        counted: i64,
    },
    /// A count found more units than were known when it was counted, or fewer if negative. The difference is
    /// booked, so that what was sold or came since is not undone.
    Variance {
        /// Where.
        location: LocationId,
        /// Units found beyond those known.
        quantity_delta: i64,
        /// The last line of the ledger when it was counted. If counts of the shelf were booked since, the
        /// difference that is left is not the one that was found, and it is refused; none: it is not asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted_after: Option<i64>,
    },
    /// Units turn out to be unfit for sale, or fit again if negative.
    Damaged {
        /// Where.
        location: LocationId,
        /// How many.
        quantity_delta: i64,
    },
    /// Damaged units leave.
    WrittenOff {
        /// Where.
        location: LocationId,
        /// How many.
        quantity: i64,
    },
    /// Units are announced, or no longer if negative.
    Expected {
        /// Where.
        location: LocationId,
        /// How many.
        quantity_delta: i64,
    },
    /// Units leave for another place.
    Sent {
        /// From where.
        location: LocationId,
        /// How many.
        quantity: i64,
    },
    /// Units come from another place.
    Arrived {
        /// Where.
        location: LocationId,
        /// Units that can be sold.
        quantity: i64,
        /// Units that came damaged.
        #[serde(default)]
        damaged: i64,
        /// How many of all these had been announced.
        #[serde(default)]
        announced: i64,
    },
}

/// Why a change was refused. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum ChangeRefusal {
    /// It would take units that orders already hold or have paid for.
    #[error("only {removable} units can be taken away: the rest is reserved or sold")]
    UnitsClaimed {
        /// How many units could be taken away.
        removable: i64,
    },
    /// It would take more damaged units than there are.
    #[error("only {damaged} units are damaged")]
    NotDamaged {
        /// How many are.
        damaged: i64,
    },
    /// Another count of the shelf was booked since this one was made: the shelf is to be counted again.
    #[error("the shelf was corrected by another count since this one was made")]
    CountedSince,
    /// A count would leave its bounds.
    #[error("a count would exceed {MAX_UNITS}, or a SKU {MAX_LOCATIONS} locations")]
    OutOfRange,
}

impl StockChange {
    /// Where it happens.
    #[must_use]
    pub const fn location(&self) -> &LocationId {
        match self {
            Self::Received { location, .. }
            | Self::Adjusted { location, .. }
            | Self::Counted { location, .. }
            | Self::Variance { location, .. }
            | Self::Damaged { location, .. }
            | Self::WrittenOff { location, .. }
            | Self::Expected { location, .. }
            | Self::Sent { location, .. }
            | Self::Arrived { location, .. } => location,
        }
    }

    fn numbers(&self) -> [i64; 3] {
        match *self {
            Self::Received { quantity, damaged, announced, .. }
            | Self::Arrived { quantity, damaged, announced, .. } => [quantity, damaged, announced],
            Self::Adjusted { quantity_delta, .. }
            | Self::Variance { quantity_delta, .. }
            | Self::Damaged { quantity_delta, .. }
            | Self::Expected { quantity_delta, .. } => [quantity_delta, 0, 0],
            Self::Counted { counted, .. } => [counted, 0, 0],
            Self::WrittenOff { quantity, .. } | Self::Sent { quantity, .. } => [quantity, 0, 0],
        }
    }

    const fn is_signed(&self) -> bool {
        matches!(
            self,
            Self::Adjusted { .. }
                | Self::Variance { .. }
                | Self::Damaged { .. }
                | Self::Expected { .. }
        )
    }

    /// The movement that the change is; announcements are used up as far as there are any.
    fn movement(&self, level: &StockLevel) -> Movement {
        let balance = level.balance(self.location());
        let incoming = balance.map_or(0, |balance| balance.incoming);
        let moved = |kind| Movement::new(kind, Some(self.location().clone()));
        match *self {
            Self::Received { quantity, damaged, announced, .. } => Movement {
                on_hand: quantity,
                damaged,
                incoming: announced.min(incoming).saturating_neg(),
                ..moved(MovementKind::Received)
            },
            Self::Arrived { quantity, damaged, announced, .. } => Movement {
                on_hand: quantity,
                damaged,
                incoming: announced.min(incoming).saturating_neg(),
                ..moved(MovementKind::Transferred)
            },
            Self::Adjusted { quantity_delta, .. } => {
                Movement { on_hand: quantity_delta, ..moved(MovementKind::Adjusted) }
            }
            Self::Variance { quantity_delta, .. } => {
                Movement { on_hand: quantity_delta, ..moved(MovementKind::Counted) }
            }
            Self::Counted { counted, .. } => {
                let known = balance.map_or(0, |balance| balance.on_hand);
                Movement { on_hand: counted.saturating_sub(known), ..moved(MovementKind::Counted) }
            }
            Self::Damaged { quantity_delta, .. } => Movement {
                on_hand: quantity_delta.saturating_neg(),
                damaged: quantity_delta,
                ..moved(MovementKind::Damaged)
            },
            Self::WrittenOff { quantity, .. } => {
                Movement { damaged: quantity.saturating_neg(), ..moved(MovementKind::Damaged) }
            }
            Self::Expected { quantity_delta, .. } => Movement {
                incoming: quantity_delta.max(incoming.saturating_neg()),
                ..moved(MovementKind::Expected)
            },
            Self::Sent { quantity, .. } => {
                Movement { on_hand: quantity.saturating_neg(), ..moved(MovementKind::Transferred) }
            }
        }
    }
}

/// Applies changes and new terms, all of them or none. A change that moves nothing has no movement.
///
/// # Errors
/// When one would take what orders have, break invariant 1 or leave the bounds.
pub fn change(
    level: &StockLevel,
    changes: &[StockChange],
    terms: Option<&TermsChange>,
) -> Result<(StockLevel, Vec<Movement>), ChangeRefusal> {
    let mut next = level.clone();
    let mut movements = Vec::new();
    for one in changes {
        let least = if one.is_signed() { MAX_UNITS.saturating_neg() } else { 0 };
        if one.numbers().iter().any(|number| !(least..=MAX_UNITS).contains(number)) {
            return Err(ChangeRefusal::OutOfRange);
        }
        let movement = one.movement(&next);
        let nothing = Movement::new(movement.kind, movement.location.clone());
        if movement != nothing {
            step(&mut next, &movement)?;
            movements.push(movement);
        }
    }
    if let Some(terms) = terms {
        retune(&mut next, terms);
        let movement = channel::change_terms(&mut next, terms)?;
        if next.back_ordered() > next.back_order_limits() {
            return Err(ChangeRefusal::UnitsClaimed { removable: removable(level) });
        }
        movements.push(movement);
    }
    let terms_count = next.terms.locations.len();
    let counts = [next.received, next.adjusted, next.back_order_limit, next.low_stock_threshold];
    let bounded = counts.iter().all(|count| (-MAX_UNITS..=MAX_UNITS).contains(count))
        && next.balances.iter().all(|b| b.damaged <= MAX_UNITS && b.incoming <= MAX_UNITS)
        && next.balances.len() <= MAX_LOCATIONS
        && terms_count <= MAX_LOCATIONS;
    if !bounded {
        return Err(ChangeRefusal::OutOfRange);
    }
    if next.check().is_err() {
        return Err(ChangeRefusal::UnitsClaimed { removable: removable(level) });
    }
    if !movements.is_empty() {
        next.version = level.version.saturating_add(1);
    }
    Ok((next, movements))
}

/// Applies one movement if the place has what it takes.
fn step(level: &mut StockLevel, movement: &Movement) -> Result<(), ChangeRefusal> {
    let before = level.clone();
    level.apply(movement);
    let Some(balance) = movement.location.as_ref().and_then(|place| level.balance(place)) else {
        return Ok(());
    };
    let was = before.balance(&balance.location);
    if balance.on_hand < balance.reserved {
        let removable = was.map_or(0, |was| was.on_hand.saturating_sub(was.reserved));
        return Err(ChangeRefusal::UnitsClaimed { removable });
    }
    if balance.damaged < 0 {
        return Err(ChangeRefusal::NotDamaged { damaged: was.map_or(0, |was| was.damaged) });
    }
    Ok(())
}

/// Units that no order has, over all locations, and promises that none was given.
fn removable(level: &StockLevel) -> i64 {
    let shelf = level.balances.iter().map(|b| b.on_hand.saturating_sub(b.reserved));
    let shelf = shelf.fold(0, i64::saturating_add).saturating_sub(level.set_aside_units());
    shelf.saturating_add(level.back_order_limits().saturating_sub(level.back_ordered())).max(0)
}

fn retune(level: &mut StockLevel, change: &TermsChange) {
    match change {
        TermsChange::Replace { back_order_limit, low_stock_threshold, terms } => {
            level.back_order_limit = *back_order_limit;
            level.low_stock_threshold = *low_stock_threshold;
            let channels = std::mem::take(&mut level.terms.channels);
            level.terms = StockTerms { channels, ..StockTerms::clone(terms) };
        }
        TermsChange::Patch {
            back_order_limit,
            low_stock_threshold,
            safety_stock,
            reorder_point,
            reorder_quantity,
        } => {
            level.back_order_limit = back_order_limit.unwrap_or(level.back_order_limit);
            level.low_stock_threshold = low_stock_threshold.unwrap_or(level.low_stock_threshold);
            let terms = &mut level.terms;
            terms.safety_stock = safety_stock.unwrap_or(terms.safety_stock);
            terms.reorder_point = reorder_point.or(terms.reorder_point);
            terms.reorder_quantity = reorder_quantity.or(terms.reorder_quantity);
        }
        TermsChange::Channel { .. } => {}
    }
}
