//! The ledger lines that lead from one placement of an order's units to another.

use super::allocate::Placement;
use super::channel;
use super::level::StockLevel;
use super::location::LocationId;
use super::movement::{Movement, MovementKind};

/// Every location of either placement, once.
pub(super) fn places(before: &Placement, after: &Placement) -> Vec<LocationId> {
    let parts = before.allocations.iter().chain(&after.allocations);
    let mut places: Vec<LocationId> = parts.map(|part| part.location.clone()).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The line by which an order's draw on its channel's allocation changes, if it does.
pub(super) fn drawing(
    kind: MovementKind,
    level: &StockLevel,
    before: &Placement,
    after: &Placement,
) -> Option<Movement> {
    let channel = before.channel.as_ref().or(after.channel.as_ref());
    channel::draws(kind, level, channel, before.of_allocation, after.of_allocation)
}

/// The movements from one held placement to another.
pub(super) fn differences(
    kind: MovementKind,
    level: &StockLevel,
    before: &Placement,
    after: &Placement,
) -> Vec<Movement> {
    let mut movements = Vec::new();
    for location in places(before, after) {
        let reserved = after.at(&location).saturating_sub(before.at(&location));
        if reserved != 0 {
            movements.push(Movement { reserved, ..Movement::new(kind, Some(location)) });
        }
    }
    let back_ordered_held = after.back_ordered.saturating_sub(before.back_ordered);
    if back_ordered_held != 0 {
        movements.push(Movement { back_ordered_held, ..Movement::new(kind, None) });
    }
    movements.extend(drawing(kind, level, before, after));
    movements
}

pub(super) fn unreserve(kind: MovementKind, level: &StockLevel, held: &Placement) -> Vec<Movement> {
    differences(kind, level, held, &Placement::default())
}

pub(super) fn unsell(level: &StockLevel, sold: &Placement) -> Vec<Movement> {
    let back = sold.allocations.iter().map(|part| Movement {
        on_hand: part.quantity,
        sold: part.quantity.saturating_neg(),
        ..Movement::new(MovementKind::Restocked, Some(part.location.clone()))
    });
    let owed = (sold.back_ordered > 0).then(|| owed_no_more(sold.back_ordered));
    let drawn = drawing(MovementKind::Restocked, level, sold, &Placement::default());
    back.chain(owed).chain(drawn).collect()
}

pub(super) const fn owed_no_more(quantity: i64) -> Movement {
    let mut movement = Movement::new(MovementKind::Restocked, None);
    movement.sold = quantity.saturating_neg();
    movement.back_ordered_sold = quantity.saturating_neg();
    movement
}

/// The level as it would be without what a held claim has of it.
pub(super) fn without(level: &StockLevel, held: &Placement) -> StockLevel {
    let mut rest = level.clone();
    for movement in unreserve(MovementKind::Released, level, held) {
        rest.apply(&movement);
    }
    rest
}
