//! Why so many units can be sold and no more: everything that adds to what is available or takes from
//! it, in an order in which it can be read, and each with its units. The reasons that count add up to
//! what is available; the notes stand beside the sum.

use serde::{Deserialize, Serialize};

use super::channel::ChannelId;
use super::level::{Balance, StockLevel};
use super::location::LocationId;
use crate::domain::time::Timestamp;

/// What a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// Units on a location's shelf.
    OnHand,
    /// Units of a location that are set aside for orders that are not paid.
    Reserved,
    /// Units that a location keeps.
    LocationSafetyStock,
    /// Units that the SKU keeps, whichever location has them.
    SafetyStock,
    /// Units that may be sold beyond the shelf.
    BackOrderLimit,
    /// Units that may be ordered before the release.
    PreOrderLimit,
    /// Units that a location may sell beyond its shelf.
    LocationBackOrderLimit,
    /// Units promised beyond the shelf to orders that are not paid.
    BackOrderedHeld,
    /// Units sold beyond the shelf and still owed.
    BackOrderedSold,
    /// The release is past: nothing more is sold beyond the shelf.
    PreOrderEnded,
    /// Units that are set aside for another channel than the storefront.
    ChannelAllocation,
    /// Units that the storefront's own buffer or cap keeps from an ordinary checkout.
    ChannelTerms,
    /// A note: units that may not be sold.
    Damaged,
    /// A note: units that were announced.
    Incoming,
    /// A note: the most that one customer may have.
    CustomerLimit,
    /// A note: when back-ordered units are expected.
    ExpectedAt,
    /// A note: when it is released.
    ReleaseAt,
    /// A note: the shelf is at or below the threshold.
    LowStock,
    /// A note: nothing can be sold.
    NothingAvailable,
}

/// Something that adds to what is available or takes from it, or a note beside the sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// What it is.
    pub code: ReasonCode,
    /// Where, if it has a place.
    #[schema(value_type = Option<String>)]
    pub location: Option<LocationId>,
    /// Units: of a reason, what it adds, or takes if negative.
    pub units: i64,
    /// In words.
    pub message: String,
}

/// Why so many units can be sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Units that a new order could take.
    pub available: i64,
    /// What adds up to that.
    pub reasons: Vec<Reason>,
    /// What else there is to know.
    pub notes: Vec<Reason>,
}

struct Reasons(Vec<Reason>);

impl Reasons {
    /// Adds a reason that counts, if it does.
    fn count(
        &mut self,
        code: ReasonCode,
        location: Option<&LocationId>,
        units: i64,
        message: String,
    ) {
        if units != 0 {
            self.0.push(Reason { code, location: location.cloned(), units, message });
        }
    }

    fn sum(&self) -> i64 {
        self.0.iter().map(|reason| reason.units).fold(0, i64::saturating_add)
    }
}

/// Explains what is available. `low_at`: at or below so many units of the shelf stock is low.
#[must_use]
pub fn explain(level: &StockLevel, low_at: i64, now: Timestamp) -> Explanation {
    let mut reasons = Reasons(Vec::new());
    for balance in &level.balances {
        of_shelf(&mut reasons, level, balance);
    }
    let kept = level.free().saturating_sub(reasons.sum());
    let message = format!("{} kept as safety stock of the SKU.", are(kept));
    reasons.count(ReasonCode::SafetyStock, None, kept, message);
    beyond_shelf(&mut reasons, level, now);
    let available = level.available(now);
    for_channels(&mut reasons, level, available);
    Explanation { available, reasons: reasons.0, notes: notes(level, low_at, now) }
}

/// A count of units as people say it, whatever its sign.
fn units(count: i64) -> String {
    match count.unsigned_abs() {
        1 => "1 unit".to_owned(),
        count => format!("{count} units"),
    }
}

/// A count of units that are or were something.
fn are(count: i64) -> String {
    let verb = if count.unsigned_abs() == 1 { " is" } else { " are" };
    units(count) + verb
}

fn of_shelf(reasons: &mut Reasons, level: &StockLevel, balance: &Balance) {
    let Balance { location, on_hand, reserved, .. } = balance;
    let here = Some(location);
    let message = format!("{} on the shelf at {location}.", units(*on_hand));
    reasons.count(ReasonCode::OnHand, here, *on_hand, message);
    let message =
        format!("{} set aside at {location} for orders that are not paid.", are(*reserved));
    reasons.count(ReasonCode::Reserved, here, reserved.saturating_neg(), message);
    let kept = level.free_at(balance).saturating_sub(on_hand.saturating_sub(*reserved));
    let message = format!("{} kept as safety stock of {location}.", are(kept));
    reasons.count(ReasonCode::LocationSafetyStock, here, kept, message);
}

fn beyond_shelf(reasons: &mut Reasons, level: &StockLevel, now: Timestamp) {
    let unreleased = level.terms.release_at.filter(|release| *release > now);
    let before = reasons.sum();
    let limit = level.back_order_limit;
    match unreleased {
        Some(release) => {
            let message = format!(
                "{} may be ordered before the release on {}.",
                units(limit),
                release.rfc3339()
            );
            reasons.count(ReasonCode::PreOrderLimit, None, limit, message);
        }
        None => {
            let message = format!("{} may be sold beyond the shelf.", units(limit));
            reasons.count(ReasonCode::BackOrderLimit, None, limit, message);
        }
    }
    for (location, terms) in &level.terms.locations {
        let limit = terms.back_order_limit;
        let message = format!("{} more may be sold beyond the shelf of {location}.", units(limit));
        reasons.count(ReasonCode::LocationBackOrderLimit, Some(location), limit, message);
    }
    let (held, sold) = (level.back_ordered_held, level.back_ordered_sold);
    let message = format!("{} promised beyond the shelf to orders that are not paid.", are(held));
    reasons.count(ReasonCode::BackOrderedHeld, None, held.saturating_neg(), message);
    let message = format!("{} sold beyond the shelf and still owed.", are(sold));
    reasons.count(ReasonCode::BackOrderedSold, None, sold.saturating_neg(), message);
    let counted = reasons.sum().saturating_sub(before);
    let rest = level.beyond_shelf(now).saturating_sub(counted);
    let message = match level.terms.release_at {
        Some(release) if unreleased.is_none() => {
            format!("It was released on {}: nothing more is pre-ordered.", release.rfc3339())
        }
        _ => "More is promised beyond the shelf than may be: nothing more is.".to_owned(),
    };
    reasons.count(ReasonCode::PreOrderEnded, None, rest, message);
}

/// What an ordinary checkout, whose channel is the storefront, may not have: units that are set aside
/// for other channels, and what the storefront's own terms keep from it.
fn for_channels(reasons: &mut Reasons, level: &StockLevel, available: i64) {
    let mut shelf = level.free();
    for (channel, left) in &level.set_aside {
        // A safety stock that was raised later may leave less than was set aside.
        let kept = if *channel == ChannelId::storefront() { 0 } else { (*left).min(shelf) };
        shelf = shelf.saturating_sub(kept);
        let message = format!("{} set aside for the channel {channel}.", are(kept));
        let code = ReasonCode::ChannelAllocation;
        reasons.count(code, None, kept.saturating_neg(), message);
    }
    let kept = available.saturating_sub(reasons.sum());
    let message = format!("{} kept from the storefront by its buffer or cap.", are(kept));
    reasons.count(ReasonCode::ChannelTerms, None, kept, message);
}

fn notes(level: &StockLevel, low_at: i64, now: Timestamp) -> Vec<Reason> {
    let mut notes = Reasons(Vec::new());
    for Balance { location, damaged, incoming, .. } in &level.balances {
        let here = Some(location);
        let message = format!("{} damaged at {location} and can't be sold.", are(*damaged));
        notes.count(ReasonCode::Damaged, here, *damaged, message);
        let message =
            format!("{} announced for {location}: what comes in will count.", are(*incoming));
        notes.count(ReasonCode::Incoming, here, *incoming, message);
    }
    let mut note = |code, units, message| {
        notes.0.push(Reason { code, location: None, units, message });
    };
    if let Some(limit) = level.terms.customer_limit {
        let message = format!("One customer may have {} of it, held or bought.", units(limit));
        note(ReasonCode::CustomerLimit, limit, message);
    }
    let owed = level.back_ordered();
    if let Some(at) = level.terms.expected_at {
        let message = format!("What is ordered beyond the shelf is expected on {}.", at.rfc3339());
        note(ReasonCode::ExpectedAt, owed, message);
    }
    if let Some(at) = level.terms.release_at.filter(|at| *at > now) {
        let message = format!("It is released on {}.", at.rfc3339());
        note(ReasonCode::ReleaseAt, owed, message);
    }
    let shelf = level.free();
    if shelf > 0 && shelf <= low_at {
        let message = format!(
            "{} of the shelf can be sold, at or below the threshold of {low_at}.",
            units(shelf)
        );
        note(ReasonCode::LowStock, shelf, message);
    }
    if level.available(now) <= 0 {
        note(ReasonCode::NothingAvailable, 0, "Nothing can be sold.".to_owned());
    }
    notes.0
}
