//! Which of our movements is which of the gateway's.
//!
//! By the strongest key that both know: the operation's id, then the gateway's identity of the movement,
//! then the payment (or, where the gateway can't say it, the order) and the kind. Within a payment equal
//! amounts meet first; what is left is the same money in other parts if its sums are equal, and differs
//! otherwise.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    BookedMovement, Finding, Item, ListedMovement, OurSide, TheirSide, Window, void_reference,
};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::Money;
use crate::domain::payment::OperationKind;
use crate::domain::time::Timestamp;

/// Compares our ledger with the gateway's books.
///
/// `window` is what is reported, `walked` what `listed` covers; `booked` holds ours of the window, and
/// those of any time that a listed movement may mean. A movement that is in either list twice counts once.
#[must_use]
pub fn compare(
    window: Window,
    walked: Window,
    booked: &[BookedMovement],
    listed: &[ListedMovement],
) -> Vec<Item> {
    let mut sides = Sides::new(booked, listed);
    let mut pairs = sides.by_key(
        |booked| Some((booked.kind, booked.operation_id)),
        |listed| Some((listed.kind, listed.operation_id?)),
    );
    pairs.extend(sides.by_key(
        |booked| Some((booked.kind, booked.movement_reference.as_deref()?)),
        |listed| Some((listed.kind, listed.movement_reference.as_str())),
    ));
    // All that is equal before anything that is not: a gateway may name the payment of one movement and
    // only the order of another.
    for by in [GroupBy::Payment, GroupBy::Order] {
        let groups = sides.groups(by).into_iter();
        pairs.extend(groups.flat_map(|group| match_equal(group, walked)));
        sides.take(&pairs);
    }
    for by in [GroupBy::Payment, GroupBy::Order] {
        let groups = sides.groups(by).into_iter();
        pairs.extend(groups.flat_map(|group| match_unequal(group, window, walked)));
        sides.take(&pairs);
    }
    let mut items: Vec<Item> = pairs.iter().filter_map(Pair::item).collect();
    items.extend(sides.listed.iter().filter_map(|listed| Pair::of(&[], &[listed]).item()));
    let voided: BTreeSet<&str> = sides.booked.iter().filter_map(|one| voided(one)).collect();
    let is_voided = |one: &BookedMovement| {
        one.payment_reference.as_deref().is_some_and(|payment| voided.contains(payment))
    };
    let certain = sides.booked.iter().filter(|one| is_certainly_listed(one) && !is_voided(one));
    items.extend(certain.filter_map(|booked| Pair::of(&[booked], &[]).item()));
    items.retain(|item| window.contains(item.occurred_at()));
    items.sort_by_cached_key(order_of_items);
    items
}

/// Whether the gateway's books of the same days must have a movement of ours. A chargeback is never ours to
/// begin with, we have it from the gateway itself; and of the books some have it on the day it was opened,
/// some on the day it was lost, weeks later, and some (Razorpay's) not at all.
fn is_certainly_listed(booked: &BookedMovement) -> bool {
    !booked.is_open && booked.kind != OperationKind::Chargeback
}

/// The payment, if this refund voided it ([`void_reference`]). A payment that was
/// voided before it settled is in no books, neither what came nor what went back.
fn voided(booked: &BookedMovement) -> Option<&str> {
    let payment = booked.payment_reference.as_deref()?;
    let is_void = booked.kind == OperationKind::Refund
        && booked.movement_reference == Some(void_reference(payment));
    is_void.then_some(payment)
}

/// By time, and where that is equal by what names the item: the same items always come out in one order.
fn order_of_items(item: &Item) -> (Timestamp, Option<String>, Option<OperationId>) {
    let there = item.there.as_ref().and_then(|side| side.movement_references.first().cloned());
    let here = item.here.as_ref().and_then(|side| side.operation_ids.first().copied());
    (item.occurred_at(), there, here)
}

/// What of either side has not found its match yet.
struct Sides<'a> {
    booked: Vec<&'a BookedMovement>,
    listed: Vec<&'a ListedMovement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupBy {
    Payment,
    Order,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum GroupKey<'a> {
    Payment(&'static str, &'a str),
    Order(&'static str, OrderId),
}

/// What may be one another's match.
#[derive(Default)]
struct Group<'a> {
    booked: Vec<&'a BookedMovement>,
    listed: Vec<&'a ListedMovement>,
}

impl<'a> Sides<'a> {
    fn new(booked: &'a [BookedMovement], listed: &'a [ListedMovement]) -> Self {
        let booked: BTreeMap<_, _> = booked.iter().map(|one| (one.operation_id, one)).collect();
        let listed: BTreeMap<_, _> = listed
            .iter()
            .map(|one| ((one.kind.name(), one.movement_reference.as_str()), one))
            .collect();
        let mut sides =
            Self { booked: booked.into_values().collect(), listed: listed.into_values().collect() };
        sides.booked.sort_by_key(|one| (one.occurred_at, one.operation_id));
        sides.listed.sort_by_key(|one| one.occurred_at);
        sides
    }

    /// Pairs what has one key on both sides. A key that comes again finds nothing left.
    fn by_key<K: Eq + std::hash::Hash>(
        &mut self,
        of_booked: impl Fn(&'a BookedMovement) -> Option<K>,
        of_listed: impl Fn(&'a ListedMovement) -> Option<K>,
    ) -> Vec<Pair<'a>> {
        let mut known: HashMap<K, &BookedMovement> = HashMap::new();
        for booked in &self.booked {
            if let Some(key) = of_booked(booked) {
                known.entry(key).or_insert(booked);
            }
        }
        let pairs: Vec<Pair<'a>> = self
            .listed
            .iter()
            .filter_map(|listed| {
                let booked = known.remove(&of_listed(listed)?)?;
                Some(Pair::of(&[booked], &[listed]))
            })
            .collect();
        self.take(&pairs);
        pairs
    }

    /// Takes out what has found its match.
    fn take(&mut self, pairs: &[Pair<'a>]) {
        let booked: std::collections::HashSet<OperationId> =
            pairs.iter().flat_map(|pair| &pair.booked).map(|one| one.operation_id).collect();
        let listed: std::collections::HashSet<(OperationKind, &str)> =
            pairs.iter().flat_map(|pair| &pair.listed).map(|one| key_of(one)).collect();
        self.booked.retain(|one| !booked.contains(&one.operation_id));
        self.listed.retain(|one| !listed.contains(&key_of(one)));
    }

    /// What is left on both sides, by payment or by order. A movement whose payment the gateway names is
    /// never matched with one of another payment, whatever order it names.
    fn groups(&self, by: GroupBy) -> Vec<Group<'a>> {
        let mut groups: BTreeMap<GroupKey<'a>, Group<'a>> = BTreeMap::new();
        for listed in &self.listed {
            let kind = listed.kind.name();
            let key = match (by, &listed.payment_reference) {
                (GroupBy::Payment, Some(reference)) => Some(GroupKey::Payment(kind, reference)),
                (GroupBy::Order, None) => listed.order_id.map(|id| GroupKey::Order(kind, id)),
                _ => None,
            };
            if let Some(key) = key {
                groups.entry(key).or_default().listed.push(listed);
            }
        }
        for booked in &self.booked {
            let kind = booked.kind.name();
            let key = match (by, &booked.payment_reference) {
                (GroupBy::Payment, Some(reference)) => GroupKey::Payment(kind, reference),
                (GroupBy::Payment, None) => continue,
                (GroupBy::Order, _) => GroupKey::Order(kind, booked.order_id),
            };
            if let Some(group) = groups.get_mut(&key) {
                group.booked.push(booked);
            }
        }
        let weighable = |group: &Group<'_>| {
            (1..=MAX_WEIGHED).contains(&group.booked.len().saturating_mul(group.listed.len()))
        };
        groups.into_values().filter(weighable).collect()
    }
}

fn key_of(listed: &ListedMovement) -> (OperationKind, &str) {
    (listed.kind, listed.movement_reference.as_str())
}

/// The most pairs that are weighed within one payment; no real one comes near.
const MAX_WEIGHED: usize = 250_000;

/// Matches equal amounts within one payment and kind, those first that are nearest in time.
fn match_equal(group: Group<'_>, walked: Window) -> Vec<Pair<'_>> {
    let Group { mut booked, mut listed } = group;
    let mut pairs = Vec::new();
    while let Some((ours, theirs)) = nearest_equal(&booked, &listed, walked) {
        pairs.push(Pair::of(&[booked.remove(ours)], &[listed.remove(theirs)]));
    }
    pairs
}

/// Matches what is not equal one by one: equal sums, then whatever is nearest.
fn match_unequal(group: Group<'_>, window: Window, walked: Window) -> Vec<Pair<'_>> {
    let Group { mut booked, listed } = group;
    // What lies beyond what was walked has its match there, whatever its amount.
    booked.retain(|one| walked.contains(one.occurred_at));
    if !booked.is_empty() && differ_by(&booked, &listed) == 0 {
        return vec![Pair { booked, listed }];
    }
    // Ours of the window are sure to be listed in what was walked; those beside it are not.
    let (inside, beside): (Vec<_>, Vec<_>) =
        booked.into_iter().partition(|one| window.contains(one.occurred_at));
    let mut pairs = Vec::new();
    let unlisted = match_rest(inside, listed, &mut pairs);
    match_rest(beside, unlisted, &mut pairs);
    pairs
}

/// The two of equal amount whose times are nearest. Two that go by different names may still be one, if
/// the gateway's books have names of their own; but then only where both must be listed.
fn nearest_equal(
    booked: &[&BookedMovement],
    listed: &[&ListedMovement],
    walked: Window,
) -> Option<(usize, usize)> {
    let equal = (0_usize..).zip(booked).flat_map(|(ours, here)| {
        (0_usize..)
            .zip(listed)
            .filter(move |(_, there)| here.amount == there.amount)
            .map(move |(theirs, there)| {
                let named = here.movement_reference.is_some();
                (ours, theirs, (named, distance(here, there)))
            })
            .filter(move |(_, _, (named, _))| !named || walked.contains(here.occurred_at))
    });
    equal.min_by_key(|(_, _, apart)| *apart).map(|(ours, theirs, _)| (ours, theirs))
}

fn distance(here: &BookedMovement, there: &ListedMovement) -> u64 {
    here.occurred_at.milliseconds().abs_diff(there.occurred_at.milliseconds())
}

/// By how many minor units the sums of both sides differ; currencies that can't be summed differ most.
fn differ_by(booked: &[&BookedMovement], listed: &[&ListedMovement]) -> u64 {
    let here = sum(booked.iter().map(|one| one.amount));
    let there = sum(listed.iter().map(|one| one.amount));
    match (here, there) {
        (Some(here), Some(there)) if here.currency == there.currency => {
            here.amount.abs_diff(there.amount)
        }
        _ => u64::MAX,
    }
}

/// Pairs what differs: as a whole where the sums are nearer than any two amounts, one by one otherwise.
/// What is left of the gateway's side comes back.
fn match_rest<'a>(
    mut booked: Vec<&'a BookedMovement>,
    mut listed: Vec<&'a ListedMovement>,
    pairs: &mut Vec<Pair<'a>>,
) -> Vec<&'a ListedMovement> {
    if booked.is_empty() || listed.is_empty() {
        return listed;
    }
    let nearest = nearest_pair(&booked, &listed).map_or(u64::MAX, |(_, _, apart)| apart);
    if booked.len() != listed.len() && differ_by(&booked, &listed) < nearest {
        pairs.push(Pair { booked, listed });
        return Vec::new();
    }
    while let Some((ours, theirs, _)) = nearest_pair(&booked, &listed) {
        pairs.push(Pair::of(&[booked.remove(ours)], &[listed.remove(theirs)]));
    }
    listed
}

/// The two that differ least, and by how much; another currency differs most.
fn nearest_pair(
    booked: &[&BookedMovement],
    listed: &[&ListedMovement],
) -> Option<(usize, usize, u64)> {
    let pairs = (0_usize..).zip(booked).flat_map(|(ours, here)| {
        (0_usize..).zip(listed).map(move |(theirs, there)| {
            let same = here.amount.currency == there.amount.currency;
            let apart = here.amount.amount.abs_diff(there.amount.amount);
            (ours, theirs, if same { apart } else { u64::MAX })
        })
    });
    pairs.min_by_key(|(_, _, apart)| *apart)
}

/// The sum of amounts in one currency.
fn sum(amounts: impl IntoIterator<Item = Money>) -> Option<Money> {
    let mut amounts = amounts.into_iter();
    let first = amounts.next()?;
    amounts.try_fold(first, |total, amount| total.checked_add(amount).ok())
}

/// Movements of both sides that are one another's match, or of one side that have none.
struct Pair<'a> {
    booked: Vec<&'a BookedMovement>,
    listed: Vec<&'a ListedMovement>,
}

impl<'a> Pair<'a> {
    fn of(booked: &[&'a BookedMovement], listed: &[&'a ListedMovement]) -> Self {
        Self { booked: booked.to_vec(), listed: listed.to_vec() }
    }

    fn item(&self) -> Option<Item> {
        let kind = self.booked.first().map(|one| one.kind);
        let kind = kind.or(self.listed.first().map(|one| one.kind))?;
        let here = sum(self.booked.iter().map(|one| one.amount)).map(|amount| OurSide {
            amount,
            occurred_at: self.booked.iter().map(|one| one.occurred_at).min().unwrap_or_default(),
            operation_ids: self.booked.iter().map(|one| one.operation_id).collect(),
        });
        let there = sum(self.listed.iter().map(|one| one.amount)).map(|amount| TheirSide {
            amount,
            occurred_at: self.listed.iter().map(|one| one.occurred_at).min().unwrap_or_default(),
            movement_references: self
                .listed
                .iter()
                .map(|one| one.movement_reference.clone())
                .collect(),
        });
        let result = match (&here, &there) {
            (Some(here), Some(there)) if here.amount == there.amount => Finding::Matched,
            (Some(_), Some(_)) => Finding::AmountDiffers,
            (Some(_), None) => Finding::MissingThere,
            (None, _) => Finding::MissingHere,
        };
        let booked = self.booked.first();
        let order_id = booked.map(|one| one.order_id);
        let reference = booked.and_then(|one| one.payment_reference.clone());
        Some(Item {
            result,
            kind,
            order_id: order_id.or(self.listed.iter().find_map(|one| one.order_id)),
            payment_reference: reference
                .or(self.listed.iter().find_map(|one| one.payment_reference.clone())),
            here,
            there,
        })
    }
}
