#![expect(clippy::arithmetic_side_effects, reason = "small numbers; an overflow fails the test")]

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::id::ShardNumber;

const MARGIN: i64 = MARGIN_MILLISECONDS;
const FROM: i64 = 1_767_225_600_000;
const TO: i64 = FROM + DAY_MILLISECONDS;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

fn window() -> Window {
    Window { from: at(FROM), to: at(TO) }
}

fn walked() -> Window {
    window().walked(at(TO + 10 * DAY_MILLISECONDS))
}

fn usd(amount: i64) -> Money {
    Money::new(amount, "USD".parse().unwrap())
}

fn order(number: u128) -> OrderId {
    OrderId::new(ShardNumber(3), Uuid::from_u128(number))
}

fn operation(number: u128) -> OperationId {
    OperationId::new(Uuid::from_u128(number))
}

/// A movement that really happened, and what each side knows of it.
#[derive(Debug, Clone)]
struct Movement {
    number: u128,
    payment: u128,
    kind: OperationKind,
    amount: i64,
    /// By the gateway's clock.
    at: i64,
    /// How far ours is off.
    skew: i64,
    /// We were told the gateway's identity of the movement.
    named_here: bool,
    /// The gateway says which operation of ours it was.
    named_there: bool,
    /// The gateway names the payment; otherwise the order.
    says_payment: bool,
}

impl Movement {
    fn booked(&self) -> BookedMovement {
        BookedMovement {
            order_id: order(self.payment),
            operation_id: operation(self.number),
            kind: self.kind,
            amount: usd(self.amount),
            payment_reference: Some(format!("pay_{}", self.payment)),
            movement_reference: self.named_here.then(|| self.reference()),
            is_open: false,
            occurred_at: at(self.at + self.skew),
        }
    }

    fn listed(&self) -> ListedMovement {
        ListedMovement {
            kind: self.kind,
            payment_reference: self.says_payment.then(|| format!("pay_{}", self.payment)),
            movement_reference: self.reference(),
            order_id: (!self.says_payment).then(|| order(self.payment)),
            operation_id: self.named_there.then(|| operation(self.number)),
            amount: usd(self.amount),
            occurred_at: at(self.at),
        }
    }

    fn reference(&self) -> String {
        format!("mov_{}", self.number)
    }

    /// Both clocks say that it belongs to the window.
    fn is_inside(&self) -> bool {
        window().contains(at(self.at)) && window().contains(at(self.at + self.skew))
    }
}

fn movement() -> impl Strategy<Value = Movement> {
    let kind = prop_oneof![
        4 => Just(OperationKind::Capture),
        2 => Just(OperationKind::Refund),
        1 => Just(OperationKind::Chargeback),
    ];
    // Edges are where it goes wrong.
    let time = prop_oneof![
        FROM - 3 * MARGIN..TO + 3 * MARGIN,
        FROM - 2 * MARGIN..FROM + MARGIN,
        TO - MARGIN..TO + 2 * MARGIN,
        Just(FROM),
        Just(TO - 1),
        Just(TO),
    ];
    let skew = prop_oneof![Just(0), -MARGIN + 1..MARGIN];
    (0..6_u128, kind, 1..5_i64, time, skew, any::<[bool; 3]>()).prop_map(
        |(payment, kind, amount, at, skew, [named_here, named_there, says_payment])| Movement {
            number: 0,
            payment,
            kind,
            amount,
            at,
            skew,
            named_here,
            named_there: named_there && kind == OperationKind::Refund,
            says_payment,
        },
    )
}

/// Movements with identities. Where nobody names the movement itself, its amount tells it from the
/// others of its payment.
fn movements() -> impl Strategy<Value = Vec<Movement>> {
    movements_of(|one| one.named_here || one.named_there)
}

/// Where one of ours is gone, another of the same payment with its amount, or one whose own match lies
/// just beyond what was walked, would be taken for it.
fn movements_apart() -> impl Strategy<Value = Vec<Movement>> {
    movements_of(|_| false).prop_map(|mut all| {
        all.iter_mut().for_each(|one| one.skew = 0);
        all
    })
}

fn movements_of(may_be_alike: impl Fn(&Movement) -> bool) -> impl Strategy<Value = Vec<Movement>> {
    proptest::collection::vec(movement(), 1..40).prop_map(move |mut all| {
        for (number, one) in (1_u128..).zip(&mut all) {
            one.number = number;
            if !may_be_alike(one) {
                one.amount = 100 + i64::try_from(number).unwrap();
            }
        }
        all
    })
}

/// What the gateway lists of what was walked, some of it twice.
fn listing(all: &[Movement], again: usize) -> Vec<ListedMovement> {
    let mut listed: Vec<_> = all.iter().map(Movement::listed).collect();
    listed.retain(|one| walked().contains(one.occurred_at));
    let twice: Vec<_> = listed.iter().take(again).cloned().collect();
    listed.extend(twice);
    listed
}

/// What the storage finds of ours: those of the window, and whatever the listing may mean.
fn look_up(all: &[BookedMovement], listed: &[ListedMovement]) -> Vec<BookedMovement> {
    let meant = |ours: &BookedMovement| {
        window().contains(ours.occurred_at)
            || listed.iter().any(|theirs| {
                theirs.operation_id == Some(ours.operation_id)
                    || Some(&theirs.movement_reference) == ours.movement_reference.as_ref()
                    || (theirs.payment_reference.is_some()
                        && theirs.payment_reference == ours.payment_reference)
                    || theirs.order_id == Some(ours.order_id)
            })
    };
    all.iter().filter(|ours| meant(ours)).cloned().collect()
}

fn run(booked: &[BookedMovement], listed: &[ListedMovement]) -> Vec<Item> {
    let found = look_up(booked, listed);
    compare(window(), walked(), &found, listed)
}

fn differences(items: &[Item]) -> Vec<&Item> {
    items.iter().filter(|item| item.result != Finding::Matched).collect()
}

fn booked(all: &[Movement]) -> Vec<BookedMovement> {
    all.iter().map(Movement::booked).collect()
}

fn shuffled(listed: &mut [ListedMovement], seed: u64) {
    listed.sort_by_key(|one| {
        let number: u64 = one.movement_reference.trim_start_matches("mov_").parse().unwrap();
        (number ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_faithful_gateway_is_matched_to_the_last_movement(
        all in movements(), again in 0..10_usize, seed in any::<u64>(),
    ) {
        let mut listed = listing(&all, again);
        shuffled(&mut listed, seed);
        let items = run(&booked(&all), &listed);
        prop_assert_eq!(differences(&items), Vec::<&Item>::new());
        let mine = all.iter().filter(|one| window().contains(at(one.at))).count();
        prop_assert_eq!(items.len(), mine);
        let mut other_order = listed.clone();
        other_order.reverse();
        prop_assert_eq!(run(&booked(&all), &other_order), items);
    }

    #[test]
    fn one_that_the_gateway_does_not_list_is_reported_and_nothing_else(
        all in movements(), which in any::<prop::sample::Index>(),
    ) {
        let inside: Vec<_> = all.iter().filter(|one| one.is_inside()).collect();
        prop_assume!(!inside.is_empty());
        let dropped = which.get(&inside);
        let mut listed = listing(&all, 3);
        listed.retain(|one| one.movement_reference != dropped.reference());
        let items = run(&booked(&all), &listed);
        let found = differences(&items);
        if dropped.kind == OperationKind::Chargeback {
            prop_assert_eq!(found, Vec::<&Item>::new());
            return Ok(());
        }
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].result, Finding::MissingThere);
        let here = found[0].here.as_ref().unwrap();
        prop_assert_eq!(&here.operation_ids, &[operation(dropped.number)]);
    }

    #[test]
    fn one_that_we_do_not_have_is_reported_and_nothing_else(
        all in movements_apart(), which in any::<prop::sample::Index>(),
    ) {
        let inside: Vec<_> = all.iter().filter(|one| one.is_inside()).collect();
        prop_assume!(!inside.is_empty());
        let dropped = which.get(&inside);
        let mut ours = booked(&all);
        ours.retain(|one| one.operation_id != operation(dropped.number));
        let items = run(&ours, &listing(&all, 3));
        let found = differences(&items);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].result, Finding::MissingHere);
        let there = found[0].there.as_ref().unwrap();
        prop_assert_eq!(&there.movement_references, &[dropped.reference()]);
    }

    #[test]
    fn one_whose_amount_or_currency_differs_is_reported_and_nothing_else(
        all in movements(), which in any::<prop::sample::Index>(), in_euro in any::<bool>(),
    ) {
        let inside: Vec<_> = all.iter().filter(|one| one.is_inside()).collect();
        prop_assume!(!inside.is_empty());
        let altered = which.get(&inside);
        let mut listed = listing(&all, 0);
        for one in &mut listed {
            if one.movement_reference == altered.reference() {
                one.amount.amount += 1_000_000;
                if in_euro {
                    one.amount = Money::new(altered.amount, "EUR".parse().unwrap());
                }
            }
        }
        let items = run(&booked(&all), &listed);
        let found = differences(&items);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].result, Finding::AmountDiffers);
        let (here, there) = (found[0].here.as_ref().unwrap(), found[0].there.as_ref().unwrap());
        prop_assert_eq!(&here.operation_ids, &[operation(altered.number)]);
        prop_assert_eq!(&there.movement_references, &[altered.reference()]);
    }

    #[test]
    fn every_movement_is_reported_by_exactly_one_of_the_windows_in_a_row(
        all in movements(),
    ) {
        let now = at(TO + 10 * DAY_MILLISECONDS);
        let mut seen = 0;
        for day in -1..=1 {
            let window = Window {
                from: at(FROM + day * DAY_MILLISECONDS),
                to: at(TO + day * DAY_MILLISECONDS),
            };
            let walked = window.walked(now);
            let mut listed: Vec<_> = all.iter().map(Movement::listed).collect();
            listed.retain(|one| walked.contains(one.occurred_at));
            let items = compare(window, walked, &booked(&all), &listed);
            prop_assert!(differences(&items).is_empty());
            seen += items.len();
        }
        prop_assert_eq!(seen, all.len());
    }
}

fn capture(number: u128, amount: i64, minutes: i64) -> Movement {
    Movement {
        number,
        payment: 1,
        kind: OperationKind::Capture,
        amount,
        at: FROM + minutes * 60_000,
        skew: 0,
        named_here: false,
        named_there: false,
        says_payment: true,
    }
}

#[test]
fn a_gateway_may_list_parts_as_a_whole_and_a_whole_in_parts() {
    let parts = [capture(1, 300, 10), capture(2, 700, 11)];
    let whole = [capture(3, 1_000, 10)];
    for (ours, theirs) in [(&parts[..], &whole[..]), (&whole, &parts)] {
        let items = run(&booked(ours), &listing(theirs, 0));
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].result, Finding::Matched);
        let (here, there) = (items[0].here.clone().unwrap(), items[0].there.clone().unwrap());
        assert_eq!((here.amount, there.amount), (usd(1_000), usd(1_000)));
    }
    let short = [capture(3, 1_001, 10)];
    let items = run(&booked(&parts), &listing(&short, 0));
    assert_eq!(items.len(), 1, "one difference, not three: {items:?}");
    assert_eq!(items[0].result, Finding::AmountDiffers);
}

#[test]
fn a_second_charge_of_an_order_is_never_taken_for_the_first() {
    let first = capture(1, 500, 10);
    let second = Movement { payment: 2, number: 2, ..capture(2, 500, 11) };
    let mut listed = vec![first.listed(), second.listed()];
    listed[1].order_id = Some(order(1));
    let items = run(&booked(&[first]), &listed);
    let found = differences(&items);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].result, Finding::MissingHere);
    assert_eq!(found[0].order_id, Some(order(1)));
    assert_eq!(found[0].payment_reference.as_deref(), Some("pay_2"));
}

#[test]
fn a_refund_made_twice_under_one_operation_is_seen() {
    let refund = Movement { kind: OperationKind::Refund, named_there: true, ..capture(1, 500, 10) };
    let mut again = refund.listed();
    again.movement_reference = "mov_again".to_owned();
    let items = run(&[refund.booked()], &[refund.listed(), again]);
    let results: Vec<_> = items.iter().map(|item| item.result).collect();
    assert_eq!(results.len(), 2);
    assert!(results.contains(&Finding::Matched) && results.contains(&Finding::MissingHere));
}

#[test]
fn what_is_under_way_may_be_listed_and_need_not_be() {
    let dispute = Movement { kind: OperationKind::Chargeback, ..capture(1, 500, 10) };
    let open = BookedMovement { is_open: true, ..dispute.booked() };
    assert_eq!(run(std::slice::from_ref(&open), &[]), Vec::new());
    let items = run(&[open], &[dispute.listed()]);
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].result, Finding::Matched);
}

/// Razorpay lists no disputes, and Stripe lists one on the day it was opened and not when it was lost.
#[test]
fn a_lost_dispute_that_the_books_of_those_days_do_not_list_is_no_difference() {
    let dispute = Movement { kind: OperationKind::Chargeback, ..capture(1, 500, 10) };
    assert_eq!(run(&[dispute.booked()], &[]), Vec::new());
    let items = run(&[], &[dispute.listed()]);
    assert_eq!(items[0].result, Finding::MissingHere, "one that we never heard of is told");
    let less = ListedMovement {
        amount: Money::new(400, dispute.listed().amount.currency),
        ..dispute.listed()
    };
    assert_eq!(run(&[dispute.booked()], &[less])[0].result, Finding::AmountDiffers);
}

/// At Authorize.net money goes back before it settles by voiding the payment, which then never settles.
#[test]
fn what_came_and_was_voided_before_it_settled_is_in_no_books() {
    let taken = capture(1, 500, 10).booked();
    let mut back =
        Movement { number: 2, kind: OperationKind::Refund, ..capture(1, 500, 10) }.booked();
    assert_eq!(differences(&run(&[taken.clone(), back.clone()], &[])).len(), 2);
    back.movement_reference = taken.payment_reference.as_deref().map(void_reference);
    assert_eq!(run(&[taken.clone(), back], &[]), Vec::new());
    assert_eq!(differences(&run(&[taken], &[])).len(), 1);
}

#[test]
fn what_is_too_young_is_left_to_the_next_run() {
    let window = Window { from: at(FROM), to: at(TO) };
    let settled = window.settled(Gateway::Stripe, at(TO));
    assert_eq!(settled.to, at(TO - 900_000));
    assert_eq!(window.settled(Gateway::Stripe, at(TO + DAY_MILLISECONDS)), window);
    let young = Window { from: at(TO - 1_000), to: at(TO) }.settled(Gateway::Stripe, at(TO));
    assert_eq!(young.from, young.to, "nothing of it is old enough");
}

#[test]
fn the_daily_window_is_a_whole_day_that_ended_a_day_ago() {
    for (now, from) in [
        ("2026-03-10T00:00:00Z", "2026-03-08T00:00:00Z"),
        ("2026-03-10T23:59:59Z", "2026-03-08T00:00:00Z"),
        ("2026-03-11T00:00:00Z", "2026-03-09T00:00:00Z"),
    ] {
        let moment = |text| Timestamp::parse_rfc3339(text).unwrap();
        let window = Window::settled_day(moment(now));
        assert_eq!(window.from, moment(from), "{now}");
        assert_eq!(window.to.milliseconds_since(window.from), DAY_MILLISECONDS);
        assert!(moment(now).milliseconds_since(window.to) >= DAY_MILLISECONDS);
    }
}

#[test]
fn days_that_nobody_compared_are_those_between() {
    let moment = |text| Timestamp::parse_rfc3339(text).unwrap();
    let window = Window::settled_day(moment("2026-03-10T06:00:00Z"));
    let days = |since, at_most| -> Vec<String> {
        let days = window.days_before(moment(since), at_most);
        days.iter().map(|day| day.from.rfc3339().chars().take(10).collect()).collect()
    };
    assert_eq!(days("2026-03-05T00:00:00Z", 31), ["2026-03-05", "2026-03-06", "2026-03-07"]);
    assert_eq!(days("2026-03-05T00:00:01Z", 31), ["2026-03-06", "2026-03-07"]);
    assert_eq!(days("2026-03-05T00:00:00Z", 2), ["2026-03-06", "2026-03-07"]);
    let none: [&str; 0] = [];
    assert_eq!(days("2026-03-08T00:00:00Z", 31), none);
    assert_eq!(days("2026-03-20T00:00:00Z", 31), none);
    for day in window.days_before(moment("2025-01-01T00:00:00Z"), 31) {
        assert_eq!(day.to.milliseconds_since(day.from), DAY_MILLISECONDS);
    }
}

#[test]
fn totals_are_by_kind_and_currency_on_both_sides() {
    let all = [capture(1, 300, 10), capture(2, 700, 11)];
    let mut listed = listing(&all, 0);
    listed[1].amount = usd(600);
    let items = run(&booked(&all), &listed);
    let summary = Summary::of(&items);
    assert_eq!(summary.counts, Counts { matched: 1, amount_differs: 1, ..Counts::default() });
    assert_eq!(summary.totals.len(), 1);
    assert_eq!((summary.totals[0].here_minor, summary.totals[0].there_minor), (1_000, 900));
}

#[test]
fn a_difference_says_what_it_is() {
    let one = capture(1, 300, 10);
    let items = run(&[one.booked()], &[]);
    let sentence = items[0].difference(Gateway::Stripe).unwrap();
    assert_eq!(
        sentence,
        "our ledger has a capture of 300 USD minor units on 2026-01-01T00:10:00.000Z; stripe does \
         not list it"
    );
}
