//! Sales channels: what each of them may be told, and given, of a SKU.
//!
//! Every order belongs to a channel; ordinary checkouts are the storefront's. A merchant can keep units
//! from a channel (its buffer), bound what it is told and given at a time (its cap), and set units aside
//! for it alone (its allocation). What is left of an allocation is a counter like every other: orders of
//! the channel draw on it first, what they give back goes back there, and nobody else's orders see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MAX_UNITS;
use super::allocate::{Offer, Placement};
use super::change::ChangeRefusal;
use super::level::StockLevel;
use super::movement::{Movement, MovementKind};
use super::terms::TermsChange;
use crate::domain::slug::slug;
use crate::domain::time::Timestamp;

slug!(
    /// A sales channel: the own storefront, a marketplace, a social shop.
    ChannelId,
    "marketplace"
);

/// The most channels that one SKU can have terms for.
pub const MAX_CHANNELS: usize = 50;

impl ChannelId {
    /// The channel of ordinary checkouts: it always exists.
    #[must_use]
    pub fn storefront() -> Self {
        Self("storefront".to_owned())
    }
}

/// A merchant's terms of one SKU for one channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"buffer": 2, "cap": 50, "allocation": 20}))]
pub struct ChannelTerms {
    /// Units of those that everybody shares which this channel never gets. While units are kept from
    /// it, nothing beyond the shelf is promised to it either.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    pub buffer: i64,
    /// The most units that the channel is told of, or gets with one order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    pub cap: Option<i64>,
    /// Units set aside for this channel alone. Raising it sets more aside, lowering it gives what is
    /// left of the difference back to everybody.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    pub allocation: i64,
}

impl ChannelTerms {
    fn is_bounded(&self) -> bool {
        let counts = [self.buffer, self.cap.unwrap_or(0), self.allocation];
        counts.iter().all(|count| (0..=MAX_UNITS).contains(count))
    }
}

/// What the shelf has for a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    /// Left of its own allocation.
    own: i64,
    /// Set aside for nobody.
    shared: i64,
}

impl StockLevel {
    /// Whether channels make any difference to this SKU.
    #[must_use]
    pub fn has_channels(&self) -> bool {
        !self.terms.channels.is_empty() || !self.set_aside.is_empty()
    }

    /// Units left of a channel's allocation.
    #[must_use]
    pub fn set_aside_for(&self, channel: &ChannelId) -> i64 {
        self.set_aside.get(channel).copied().unwrap_or(0)
    }

    /// Units left of all allocations.
    #[must_use]
    pub fn set_aside_units(&self) -> i64 {
        self.set_aside.values().copied().fold(0, i64::saturating_add)
    }

    /// Units of the shelf that are neither claimed nor set aside: so many more can be set aside.
    #[must_use]
    pub fn shared_units(&self) -> i64 {
        self.free().saturating_sub(self.set_aside_units()).max(0)
    }

    /// Units that a new order of a channel could take now: what the channel is told.
    #[must_use]
    pub fn available_to(&self, channel: &ChannelId, now: Timestamp) -> i64 {
        self.offered(Some(channel), now).available()
    }

    /// What a channel could be given, from whichever locations. None: the storefront.
    pub(super) fn offered(&self, channel: Option<&ChannelId>, now: Timestamp) -> Offer {
        let whole = Offer { shelf: self.free(), beyond: self.beyond_shelf(now) };
        narrow(self, channel, whole)
    }

    fn share(&self, channel: &ChannelId) -> Share {
        let own = self.set_aside_for(channel);
        let others = self.set_aside_units().saturating_sub(own);
        // A safety stock that was raised later may leave less than was set aside.
        let of_others = self.free().saturating_sub(others).max(0);
        let own = own.min(of_others);
        Share { own, shared: of_others.saturating_sub(own) }
    }

    /// Adds to what is left of an allocation.
    pub(super) fn put_aside(&mut self, channel: &ChannelId, delta: i64) {
        let left = self.set_aside_for(channel).saturating_add(delta);
        if left == 0 {
            self.set_aside.remove(channel);
        } else {
            self.set_aside.insert(channel.clone(), left);
        }
    }

    fn allocation_of(&self, channel: &ChannelId) -> i64 {
        self.terms.channels.get(channel).map_or(0, |terms| terms.allocation)
    }
}

fn named(channel: Option<&ChannelId>) -> ChannelId {
    channel.cloned().unwrap_or_else(ChannelId::storefront)
}

/// What of an offer a channel may have: nothing that is set aside for others or kept from it, and no
/// more than its cap. None: the storefront.
pub(super) fn narrow(level: &StockLevel, channel: Option<&ChannelId>, whole: Offer) -> Offer {
    if !level.has_channels() {
        return whole;
    }
    let channel = named(channel);
    let share = level.share(&channel);
    let terms = level.terms.channels.get(&channel);
    let buffer = terms.map_or(0, |terms| terms.buffer);
    let cap = terms.and_then(|terms| terms.cap).unwrap_or(i64::MAX);
    let shared = share.shared.saturating_sub(buffer).max(0);
    let shelf = whole.shelf.min(share.own.saturating_add(shared)).min(cap);
    let beyond = if buffer > 0 { 0 } else { whole.beyond };
    Offer { shelf, beyond: beyond.min(cap.saturating_sub(shelf)) }
}

/// How many of these units of the shelf come out of the channel's own allocation: as many as it has.
pub(super) fn drawn(level: &StockLevel, channel: Option<&ChannelId>, units: i64) -> i64 {
    if level.set_aside.is_empty() {
        return 0;
    }
    level.share(&named(channel)).own.min(units).max(0)
}

/// Units of the shelf that an order which waits for them may get: its buffer and cap do not count any
/// more, the promise was given.
pub(super) fn fillable(level: &StockLevel, waiting: &Placement) -> i64 {
    if level.set_aside.is_empty() {
        return level.free();
    }
    let share = level.share(&named(waiting.channel.as_ref()));
    share.own.saturating_add(share.shared)
}

/// The ledger line by which an allocation changes when an order gives units of it back and draws others.
/// What was drawn goes back where it came from, unless the allocation has been lowered since.
pub(super) fn draws(
    kind: MovementKind,
    level: &StockLevel,
    channel: Option<&ChannelId>,
    back: i64,
    drawn: i64,
) -> Option<Movement> {
    if back == 0 && drawn == 0 {
        return None;
    }
    let delta = given_back(level, channel, back).saturating_sub(drawn);
    (delta != 0).then(|| line(kind, named(channel), delta))
}

/// Units that go back to an allocation of those that were drawn from it.
fn given_back(level: &StockLevel, channel: Option<&ChannelId>, drawn: i64) -> i64 {
    let channel = named(channel);
    let room = level.allocation_of(&channel).saturating_sub(level.set_aside_for(&channel));
    drawn.min(room).max(0)
}

fn line(kind: MovementKind, channel: ChannelId, set_aside: i64) -> Movement {
    Movement { channel: Some(channel), set_aside, ..Movement::new(kind, None) }
}

/// Writes a channel's terms down, and what that sets aside or gives back. For terms that are not a
/// channel's it is a line that moves nothing.
///
/// # Errors
/// When the units that are to be set aside are not there, or a number is out of bounds.
pub(super) fn change_terms(
    level: &mut StockLevel,
    change: &TermsChange,
) -> Result<Movement, ChangeRefusal> {
    let TermsChange::Channel { channel, terms } = change else {
        return Ok(Movement::new(MovementKind::TermsChanged, None));
    };
    if terms.as_ref().is_some_and(|terms| !terms.is_bounded()) {
        return Err(ChangeRefusal::OutOfRange);
    }
    let wanted = terms.as_ref().map_or(0, |terms| terms.allocation);
    let difference = wanted.saturating_sub(level.allocation_of(channel));
    let shared = level.shared_units();
    if difference > shared {
        return Err(ChangeRefusal::UnitsClaimed { removable: shared });
    }
    let left = level.set_aside_for(channel);
    let movement =
        line(MovementKind::TermsChanged, channel.clone(), difference.max(left.saturating_neg()));
    level.apply(&movement);
    match terms {
        Some(terms) => level.terms.channels.insert(channel.clone(), terms.clone()),
        None => level.terms.channels.remove(channel),
    };
    if level.terms.channels.len() > MAX_CHANNELS {
        return Err(ChangeRefusal::OutOfRange);
    }
    Ok(movement)
}

/// That no more is set aside than there is, and for each channel no more than its allocation.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn check(level: &StockLevel) -> Result<(), String> {
    for (channel, left) in &level.set_aside {
        let allocation = level.allocation_of(channel);
        if *left < 0 || *left > allocation {
            return Err(format!("{left} are left of the {allocation} set aside for {channel}"));
        }
    }
    let unclaimed = level.balances.iter().map(|b| b.on_hand.saturating_sub(b.reserved));
    let unclaimed = unclaimed.fold(0, i64::saturating_add);
    let set_aside = level.set_aside_units();
    if set_aside > unclaimed.max(0) {
        return Err(format!("{set_aside} are set aside for channels, {unclaimed} are there"));
    }
    Ok(())
}

/// What a channel is told of a SKU. Of two tellings the one with the higher version, or of the same
/// version and later, is the newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelAvailability {
    /// Which channel.
    pub channel: ChannelId,
    /// Units that an order of the channel could take.
    pub available: i64,
    /// The version of the SKU's counters.
    pub version: i64,
    /// When it was so.
    pub as_of: Timestamp,
}

/// What happened to a channel, in the words of the events that listeners subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelEvent {
    /// It may be told of more units of a SKU, or of fewer.
    #[serde(rename = "channel.availability_changed")]
    AvailabilityChanged,
}

/// What channels are to be told now, given what they were told last. A SKU belongs to the channels that
/// have terms for it and to those that sell everything; one that it belongs to no more is told that
/// nothing is left.
#[must_use]
pub fn news(
    level: &StockLevel,
    told: &[ChannelAvailability],
    sells_everything: &[ChannelId],
    now: Timestamp,
) -> Vec<ChannelAvailability> {
    let mut availability: BTreeMap<&ChannelId, i64> =
        told.iter().map(|last| (&last.channel, 0)).collect();
    for channel in level.terms.channels.keys().chain(sells_everything) {
        availability.insert(channel, level.available_to(channel, now));
    }
    let last = |channel: &ChannelId| told.iter().find(|last| last.channel == *channel);
    let news = availability.into_iter().filter_map(|(channel, available)| {
        let last = last(channel);
        if last.is_some_and(|last| last.available == available) {
            return None;
        }
        let as_of = last.map_or(now, |last| now.max(last.as_of.plus_milliseconds(1)));
        let channel = channel.clone();
        Some(ChannelAvailability { channel, available, version: level.version, as_of })
    });
    news.collect()
}
