//! Main's side of drop mode: what it knows of each slice, what it deals to them and takes back.

use serde::{Deserialize, Serialize};

use super::super::allocate::{Allocation, Placement};
use super::super::change::StockChange;
use super::super::channel::ChannelId;
use super::super::level::StockLevel;
use super::super::location::LocationId;
use super::super::movement::{Movement, MovementKind};
use super::slice::perform;
use super::{Grant, Instruction, SliceNews, SpreadHint, SpreadSettings};

/// A slice gets at least so many units at once, or none: fewer are sold faster than they travel.
const LEAST_GRANT_UNITS: i64 = 4;

/// Of what main has free, so much is dealt; the rest tops up whoever runs dry first.
const DEALT_QUARTERS: i64 = 3;

/// What main knows of one slice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Member {
    /// The stamp of the newest instruction.
    pub stamp: i64,
    /// Whether the slice is to serve new orders.
    pub is_open: bool,
    /// The newest stamp that it was heard to follow.
    pub heard: i64,
    /// The last grant made to it.
    pub granted: i64,
    /// The one that it has not been heard to have taken.
    #[serde(default)]
    pub pending: Option<Grant>,
    /// The last of its give-backs that was taken.
    pub taken: i64,
    /// Its counters as heard last.
    #[serde(default)]
    pub level: StockLevel,
}

impl Member {
    /// Whether it is certain that whatever is or becomes free there comes home by itself.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        let closed = !self.is_open && self.heard >= self.stamp;
        closed && self.pending.is_none() && self.level.free() == 0
    }

    /// Whether the slice must be told something that it has not been heard to know.
    #[must_use]
    pub const fn is_owed_news(&self) -> bool {
        self.heard < self.stamp || self.pending.is_some()
    }

    /// Units that are on their way to it.
    #[must_use]
    pub fn under_way(&self) -> i64 {
        let parts = self.pending.iter().flat_map(|grant| &grant.parts);
        parts.map(|part| part.quantity).fold(0, i64::saturating_add)
    }

    fn instruct(&mut self, is_open: bool) {
        if self.is_open != is_open {
            self.is_open = is_open;
            self.stamp = self.stamp.saturating_add(1);
        }
    }
}

/// What main keeps of drop mode. A SKU that was never spread has no members.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// What the merchant wants.
    pub settings: SpreadSettings,
    /// How many slices new orders are spread over now; 0: off.
    pub slices: u16,
    /// Every slice that ever was, by its number.
    #[serde(skip)]
    pub members: Vec<Member>,
}

impl Spread {
    /// Whether new orders are spread.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.slices > 0
    }

    /// What orders are told.
    #[must_use]
    pub const fn hint(&self, level: &StockLevel) -> SpreadHint {
        SpreadHint { slices: self.slices, by_customer: level.terms.customer_limit.is_some() }
    }

    /// Does what a merchant wants: at once if it is to be on or off for good; when it depends on demand, it
    /// stays as it is until demand is looked at.
    pub fn set(&mut self, settings: SpreadSettings) {
        self.settings = settings;
        let automatic = settings.automatic_above_per_second.is_some();
        let keeps = automatic && settings.slices > 0;
        let slices = if keeps && !self.is_on() { 0 } else { settings.slices };
        self.switch(slices);
    }

    /// Spreads new orders over so many slices; 0: over none.
    pub fn switch(&mut self, slices: u16) {
        self.slices = slices;
        let known = self.members.len().max(usize::from(slices));
        self.members.resize_with(known, Member::default);
        for member in self.members.iter_mut().skip(usize::from(slices)) {
            member.instruct(false);
        }
    }

    /// Whether a slice may have units that main has not.
    #[must_use]
    pub fn may_have_more(&self) -> bool {
        self.members.iter().any(|member| !member.is_dry())
    }

    /// Closes every slice, so that what is free there comes home.
    pub fn recall(&mut self) {
        for member in &mut self.members {
            member.instruct(false);
        }
    }

    /// The slices that are not known to be dry.
    #[must_use]
    pub fn not_dry(&self) -> Vec<u16> {
        self.those(|member| !member.is_dry())
    }

    /// The slices that must be told something.
    #[must_use]
    pub fn owed(&self) -> Vec<u16> {
        self.those(Member::is_owed_news)
    }

    fn those(&self, which: impl Fn(&Member) -> bool) -> Vec<u16> {
        let numbered = (0_u16..).zip(&self.members);
        numbered.filter(|(_, member)| which(member)).map(|(slice, _)| slice).collect()
    }

    /// What a slice is to be told. One that main knows nothing of is closed.
    #[must_use]
    pub fn instruction(&self, slice: u16, level: &StockLevel) -> Instruction {
        let member = self.members.get(usize::from(slice)).cloned().unwrap_or_default();
        Instruction {
            stamp: member.stamp,
            is_open: member.is_open,
            hint: self.hint(level),
            customer_limit: level.terms.customer_limit,
            grant: member.pending,
            taken: member.taken,
        }
    }

    /// Takes in what a slice says. Gives the movements that it did to the counters.
    pub fn hear(&mut self, level: &mut StockLevel, news: &SliceNews) -> Vec<Movement> {
        let mut movements = Vec::new();
        let Some(member) = self.members.get_mut(usize::from(news.slice)) else {
            return movements;
        };
        member.heard = member.heard.max(news.stamp);
        member.pending.take_if(|pending| pending.number <= news.taken);
        if let Some(back) = &news.give_back
            && back.number == member.taken.saturating_add(1)
        {
            member.taken = back.number;
            for part in &back.parts {
                movements.push(Movement {
                    on_hand: part.quantity,
                    damaged: part.damaged,
                    ..Movement::new(MovementKind::Transferred, Some(part.location.clone()))
                });
            }
        }
        if news.level.version >= member.level.version {
            member.level = news.level.clone();
        }
        perform(level, &movements);
        movements
    }

    /// Deals what main has free to slices that have nothing: to each the same share of most of it. Gives the
    /// movements that it did to the counters, each with the slice that the units go to.
    pub fn deal(&mut self, level: &mut StockLevel) -> Vec<(u16, Movement)> {
        let mut dealt = Vec::new();
        let slices = i64::from(self.slices);
        let quarters = plain_units(level).saturating_mul(DEALT_QUARTERS);
        let share = quarters.checked_div(slices.saturating_mul(4)).unwrap_or(0);
        if share < LEAST_GRANT_UNITS || level.back_ordered() > 0 {
            return dealt;
        }
        for (slice, member) in (0_u16..).zip(&mut self.members).take(usize::from(self.slices)) {
            let wants = member.pending.is_none() && member.level.free() == 0;
            let parts = if wants { parts(level, share) } else { Vec::new() };
            if parts.is_empty() {
                continue;
            }
            let movements: Vec<Movement> = parts.iter().map(sent).collect();
            perform(level, &movements);
            dealt.extend(movements.into_iter().map(|movement| (slice, movement)));
            member.granted = member.granted.saturating_add(1);
            member.pending = Some(Grant { number: member.granted, parts });
            member.instruct(true);
        }
        dealt
    }

    /// The counters of the whole: main's, those of every slice as heard last, and what is on its way.
    #[must_use]
    pub fn whole(&self, level: &StockLevel) -> StockLevel {
        let mut whole = level.clone();
        for member in &self.members {
            let part = &member.level;
            let add = |counter: &mut i64, of_part: i64| *counter = counter.saturating_add(of_part);
            add(&mut whole.adjusted, part.adjusted);
            add(&mut whole.transferred, part.transferred);
            add(&mut whole.sold, part.sold);
            add(&mut whole.reserved, part.reserved);
            add(&mut whole.version, part.version);
            for balance in &part.balances {
                let sum = whole.balance_mut(&balance.location);
                add(&mut sum.on_hand, balance.on_hand);
                add(&mut sum.reserved, balance.reserved);
                add(&mut sum.damaged, balance.damaged);
            }
            for part in member.pending.iter().flat_map(|grant| &grant.parts) {
                add(&mut whole.transferred, part.quantity);
                add(&mut whole.balance_mut(&part.location).on_hand, part.quantity);
            }
        }
        whole
    }

    /// Whether a change may want units that are free in a slice, or change what slices go by.
    #[must_use]
    pub fn wants_all(&self, changes: &[StockChange], changes_terms: bool) -> bool {
        let takes = changes.iter().any(|change| match change {
            StockChange::Adjusted { quantity_delta, .. }
            | StockChange::Variance { quantity_delta, .. } => *quantity_delta < 0,
            StockChange::Damaged { quantity_delta, .. } => *quantity_delta > 0,
            StockChange::Counted { .. } | StockChange::Sent { .. } => true,
            StockChange::Received { .. }
            | StockChange::Arrived { .. }
            | StockChange::Expected { .. }
            | StockChange::WrittenOff { .. } => false,
        });
        (takes || changes_terms) && self.may_have_more()
    }

    /// A change as main can make it: who counts a shelf counts what the slices have of it too.
    #[must_use]
    pub fn of_main(&self, change: StockChange) -> StockChange {
        let StockChange::Counted { location, counted } = change else {
            return change;
        };
        let elsewhere = self.members.iter().map(|member| on_hand_at(&member.level, &location));
        let elsewhere = elsewhere.fold(0, i64::saturating_add);
        StockChange::Counted { location, counted: counted.saturating_sub(elsewhere) }
    }
}

fn on_hand_at(level: &StockLevel, location: &LocationId) -> i64 {
    level.balance(location).map_or(0, |balance| balance.on_hand)
}

/// Units that any order could have. What is set aside for a channel stays with main, and all of it does where
/// the storefront has terms of its own: slices know of neither.
fn plain_units(level: &StockLevel) -> i64 {
    let is_plain = !level.terms.channels.contains_key(&ChannelId::storefront());
    if is_plain { level.shared_units() } else { 0 }
}

/// Free units of the shelf, of each location in proportion, so that every slice can serve every route; what
/// that leaves comes from the fullest.
fn parts(level: &StockLevel, share: i64) -> Vec<Allocation> {
    let mut places: Vec<(i64, &LocationId)> =
        level.balances.iter().map(|b| (level.free_at(b), &b.location)).collect();
    places.sort_by_key(|(free, _)| std::cmp::Reverse(*free));
    let all = places.iter().map(|(free, _)| *free).fold(0, i64::saturating_add);
    let share = share.min(level.free());
    let mut placement = Placement::default();
    for (free, location) in &places {
        let part = share.saturating_mul(*free).checked_div(all).unwrap_or(0);
        placement.add(location, part);
    }
    let mut wanted = share.saturating_sub(placement.quantity());
    for (free, location) in places {
        let taken = free.saturating_sub(placement.at(location)).min(wanted);
        placement.add(location, taken);
        wanted = wanted.saturating_sub(taken);
    }
    placement.allocations
}

fn sent(part: &Allocation) -> Movement {
    Movement {
        on_hand: part.quantity.saturating_neg(),
        ..Movement::new(MovementKind::Transferred, Some(part.location.clone()))
    }
}
