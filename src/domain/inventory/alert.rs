//! Stock alerts: what a merchant is told when a SKU's units cross a line, once per crossing.
//!
//! What is looked at are *unsold* units: the shelf, less what is kept as safety stock, less what is owed to
//! orders that are paid. Units that an unpaid order holds still count, because half of those holds end
//! without money: if they took from it, every abandoned checkout would tell of a shortage and a minute
//! later of its end. So `out_of_stock` is said when the last unit is *sold*, and `back_in_stock` when there
//! is one to sell again, by a delivery, a return or a correction. A storefront, which must not promise a
//! unit that somebody is just paying for, shows the stricter figure ([`StockLevel::status`]).
//!
//! A line is crossed downwards at the threshold and upwards only above threshold + margin, where the margin
//! is a tenth of the threshold and at least one unit. Being out of stock has no margin: between none and
//! one lies nothing, and a merchant who gets one piece back wants to hear of it.
//!
//! A line of a location is watched if the merchant gave the location a threshold; the SKU's lines are over
//! all locations together.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::level::{Balance, StockLevel};
use super::location::LocationId;
use crate::domain::time::Timestamp;

/// What an alert says.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Unsold units fell to the threshold or below.
    LowStock,
    /// The last unit was sold or taken away.
    OutOfStock,
    /// There is a unit to sell again.
    BackInStock,
    /// Unsold and announced units together fell to the reorder point or below.
    ReorderNeeded,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::LowStock, Self::OutOfStock, Self::BackInStock, Self::ReorderNeeded];

    /// The name in requests, answers and storage.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LowStock => "low_stock",
            Self::OutOfStock => "out_of_stock",
            Self::BackInStock => "back_in_stock",
            Self::ReorderNeeded => "reorder_needed",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The crossing that ended an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEnd {
    /// When.
    pub at: Timestamp,
    /// The units that there were then.
    pub quantity: i64,
}

/// One crossing of a line, and its opposite once that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The number of the crossing among those of the SKU: with the SKU, the alert's identity.
    pub sequence: i64,
    /// The number of the last crossing that changed it: what guards its copies.
    pub last_sequence: i64,
    /// What it says.
    pub kind: AlertKind,
    /// Where; none: over all locations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// Units when it was crossed: unsold, and for `reorder_needed` those announced as well.
    pub quantity: i64,
    /// The line that was crossed.
    pub threshold: i64,
    /// When it was crossed.
    pub opened_at: Timestamp,
    /// The opposite crossing. `back_in_stock` is news and not a state: it is over when it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<AlertEnd>,
}

/// What was told of a SKU so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AlertBook {
    /// The number of the last crossing.
    pub last_sequence: i64,
    /// Where there were units to sell since it is watched: only there can they run out.
    pub stocked: BTreeSet<Option<LocationId>>,
    /// What is so now.
    pub open: Vec<Alert>,
}

/// A line and the units that are compared with it.
struct Line {
    kind: AlertKind,
    location: Option<LocationId>,
    quantity: i64,
    threshold: i64,
}

impl Line {
    fn is_of(&self, alert: &Alert) -> bool {
        alert.kind == self.kind && alert.location == self.location
    }

    /// The most units at which an alert that is told goes on.
    const fn upper(&self) -> i64 {
        match self.kind {
            AlertKind::OutOfStock | AlertKind::BackInStock => self.threshold,
            AlertKind::LowStock | AlertKind::ReorderNeeded => {
                self.threshold.saturating_add(margin(self.threshold))
            }
        }
    }
}

/// How far above the threshold units must rise before an alert is over: a tenth, at least one unit.
const fn margin(threshold: i64) -> i64 {
    let tenth = threshold.saturating_div(10);
    if tenth > 1 { tenth } else { 1 }
}

impl StockLevel {
    /// Units of one location that may be sold and are not: negative if it has less than it should keep.
    #[must_use]
    pub fn unsold_at(&self, balance: &Balance) -> i64 {
        let terms = self.terms.locations.get(&balance.location);
        balance.on_hand.saturating_sub(terms.map_or(0, |terms| terms.safety_stock))
    }

    /// Units that may be sold and are not, over all locations, less those owed: negative when more is owed
    /// than there is. Units that unpaid orders hold are among them.
    #[must_use]
    pub fn unsold(&self) -> i64 {
        let shelf = self.balances.iter().map(|balance| self.unsold_at(balance).max(0));
        let shelf = shelf.fold(0, i64::saturating_add);
        shelf.saturating_sub(self.terms.safety_stock).saturating_sub(self.back_ordered_sold)
    }

    /// Units announced, over all locations.
    #[must_use]
    pub fn incoming(&self) -> i64 {
        self.balances.iter().map(|balance| balance.incoming).fold(0, i64::saturating_add)
    }

    fn was_ever_stocked(&self) -> bool {
        self.received > 0 || self.adjusted > 0 || self.transferred > 0
    }
}

/// What is told of the counters as they are now: the book afterwards, and every alert that began or ended,
/// in the order of their crossings. `store_threshold` is the store's default for `low_stock`; if it is not
/// known, alerts that depend on it stay as they are.
#[must_use]
pub fn watch(
    book: &AlertBook,
    level: &StockLevel,
    store_threshold: Option<i64>,
    now: Timestamp,
) -> (AlertBook, Vec<Alert>) {
    let lines = lines(level, store_threshold);
    let mut next = book.clone();
    let mut told = Vec::new();
    let waits_for_threshold = level.low_stock_threshold <= 0 && store_threshold.is_none();
    for alert in &book.open {
        let line = lines.iter().find(|line| line.is_of(alert));
        let unknown = alert.kind == AlertKind::LowStock && alert.location.is_none();
        let goes_on = match line {
            Some(line) => line.quantity <= line.upper(),
            None => unknown && waits_for_threshold,
        };
        if goes_on {
            continue;
        }
        // A line that is no longer watched ends without its opposite: nobody crossed it.
        next.open.retain(|open| open.sequence != alert.sequence);
        let quantity = line.map_or(alert.quantity, |line| line.quantity);
        let sequence = next.number();
        let end = Some(AlertEnd { at: now, quantity });
        told.push(Alert { last_sequence: sequence, end, ..alert.clone() });
        if let Some(line) = line.filter(|line| line.kind == AlertKind::OutOfStock) {
            told.push(Alert { kind: AlertKind::BackInStock, end, ..next.begin(line, now) });
        }
    }
    for line in &lines {
        if line.kind == AlertKind::OutOfStock && line.quantity > 0 {
            next.stocked.insert(line.location.clone());
        }
        let can_run_out = line.kind != AlertKind::OutOfStock
            || next.stocked.contains(&line.location)
            || (line.location.is_none() && level.was_ever_stocked());
        let is_open = next.open.iter().any(|alert| line.is_of(alert));
        if line.quantity <= line.threshold && can_run_out && !is_open {
            let alert = next.begin(line, now);
            next.open.push(alert.clone());
            told.push(alert);
        }
    }
    next.stocked.retain(|scope| lines.iter().any(|line| line.location == *scope));
    (next, told)
}

impl AlertBook {
    fn number(&mut self) -> i64 {
        self.last_sequence = self.last_sequence.saturating_add(1);
        self.last_sequence
    }

    fn begin(&mut self, line: &Line, now: Timestamp) -> Alert {
        let sequence = self.number();
        Alert {
            sequence,
            last_sequence: sequence,
            kind: line.kind,
            location: line.location.clone(),
            quantity: line.quantity,
            threshold: line.threshold,
            opened_at: now,
            end: None,
        }
    }
}

/// Every line that is watched.
fn lines(level: &StockLevel, store_threshold: Option<i64>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |kind, location: Option<&LocationId>, quantity, threshold| {
        lines.push(Line { kind, location: location.cloned(), quantity, threshold });
    };
    let unsold = level.unsold();
    add(AlertKind::OutOfStock, None, unsold, 0);
    let own = Some(level.low_stock_threshold).filter(|own| *own > 0);
    if let Some(threshold) = own.or(store_threshold).filter(|threshold| *threshold > 0) {
        add(AlertKind::LowStock, None, unsold, threshold);
    }
    if let Some(point) = level.terms.reorder_point {
        let coming = unsold.saturating_add(level.incoming());
        add(AlertKind::ReorderNeeded, None, coming, point);
    }
    for (location, terms) in &level.terms.locations {
        let Some(threshold) = terms.low_stock_threshold else { continue };
        let balance = level.balance(location);
        let unsold = balance.map_or(0, |balance| level.unsold_at(balance));
        add(AlertKind::OutOfStock, Some(location), unsold, 0);
        if threshold > 0 {
            add(AlertKind::LowStock, Some(location), unsold, threshold);
        }
    }
    lines
}

#[cfg(test)]
#[path = "alert_tests.rs"]
mod tests;
