//! Bytes that nobody meant to send, to every gateway through the registry: mutated replies to every
//! call, rightly signed garbage, and forged signatures. Nothing panics, nothing is believed that is
//! about another payment or out of range, and every answer comes in bounded time.

use std::cell::Cell;
use std::time::{Duration, Instant};

use cartwright::domain::money::MAX_AMOUNT_MINOR;
use cartwright::domain::payment::{MovementReport, PaymentReport};
use cartwright::providers::payment::contract::{EventNews, HttpReply};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::conformance::hostile::{good_calls, good_event};
use crate::conformance::run::verify;
use crate::conformance::{Given, Incoming, Op, Outcome, Run, Scenario, Step, VENDORS, Vendor};
use crate::mutation::{changed, changes};
use crate::support::order_id;

/// Longer than any reader needs in a build without optimisation on a busy machine.
const SLOWEST: Duration = Duration::from_secs(2);

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

/// Measures, and remembers the slowest.
fn timed<T>(slowest: &Cell<Duration>, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    slowest.set(slowest.get().max(started.elapsed()));
    result
}

fn in_range(amount: i64) -> bool {
    (0..=MAX_AMOUNT_MINOR).contains(&amount)
}

fn harmless(text: &str) -> bool {
    text.len() <= 4_096 && !text.contains(|c: char| c.is_control())
}

/// What may be said of a payment, whatever came in.
fn sound(report: &PaymentReport) -> bool {
    in_range(report.amount.amount)
        && in_range(report.captured_minor)
        && harmless(&report.reference)
        && report.captures.iter().all(|part| in_range(part.amount_minor))
        && report.movements.iter().all(sound_movement)
        && report.decline.as_ref().is_none_or(|d| harmless(&d.code) && harmless(&d.message))
}

fn sound_movement(movement: &MovementReport) -> bool {
    in_range(movement.amount.amount)
        && harmless(&movement.reference)
        && movement.reason.as_deref().is_none_or(harmless)
}

/// The calls of every gateway that are answered with mutated replies.
fn targets() -> Vec<(&'static Vendor, Scenario, Vec<Step>, Op, HttpReply)> {
    let mut targets = Vec::new();
    for vendor in VENDORS {
        for (scenario, before, op, good) in good_calls(vendor) {
            targets.push((vendor, scenario, before, op, good));
        }
    }
    targets
}

#[test]
fn mutated_replies_to_every_call() {
    let targets = targets();
    let slowest = Cell::new(Duration::ZERO);
    let status =
        prop_oneof![6 => Just(200u16), 1 => Just(201u16), 1 => Just(400u16), 1 => 100u16..600];
    runner(8_000)
        .run(&(0..targets.len(), changes(), status), |(at, changes, status)| {
            let (vendor, scenario, before, op, good) = &targets[at];
            let mut reply = good.clone();
            reply.status = status;
            reply.body = changed(&good.body, &changes);
            let mut steps = before.clone();
            steps.push(Step::Call(*op, reply));
            let run = timed(&slowest, || Run::of(vendor, *scenario, &steps));
            match run.last() {
                Outcome::Payment(Ok(Some(report))) => {
                    prop_assert!(sound(report), "{report:?}");
                    // A payment is known by its operation or by its reference.
                    let ours = report.operation_id == Some(run.ask.operation_id)
                        || report.reference == vendor.reference
                        || run
                            .outcomes
                            .iter()
                            .rev()
                            .skip(1)
                            .filter_map(Outcome::report)
                            .any(|before| before.reference == report.reference);
                    prop_assert!(ours, "{op:?}: another payment: {report:?}");
                }
                Outcome::Movement(Ok(Some(movement))) => {
                    prop_assert!(sound_movement(movement), "{movement:?}");
                }
                Outcome::Page(Ok(page)) => {
                    for entry in &page.entries {
                        prop_assert!(in_range(entry.amount.amount), "{entry:?}");
                        prop_assert!(harmless(&entry.movement_reference));
                    }
                    prop_assert!(page.next.as_deref().is_none_or(harmless));
                }
                Outcome::Order(Ok(Some(order))) => {
                    // Only a whole id of an order is one; that it is another's is the payment's word.
                    prop_assert!(order.to_string().len() == order_id().to_string().len());
                }
                other => {
                    let text = other.failure().map(ToString::to_string).unwrap_or_default();
                    prop_assert!(harmless(&text), "{text:?}");
                }
            }
            Ok(())
        })
        .unwrap();
    println!("slowest reply: {:?}", slowest.get());
    assert!(slowest.get() < SLOWEST, "{:?}", slowest.get());
}

/// Every event that a vendor's scenarios send, with its vendor.
fn events() -> Vec<(&'static Vendor, Incoming)> {
    let scenarios = [
        Scenario::WebhookGood,
        Scenario::WebhookAnyOrder,
        Scenario::DashboardRefund,
        Scenario::DisputeOpened,
        Scenario::DisputeLost,
    ];
    let mut events = Vec::new();
    for vendor in VENDORS {
        for scenario in scenarios {
            let Given::Steps(steps) = (vendor.given)(scenario) else { continue };
            events.extend(steps.into_iter().filter_map(|step| match step {
                Step::Event(incoming) => Some((vendor, incoming)),
                Step::Call(..) => None,
            }));
        }
    }
    events
}

#[test]
fn rightly_signed_mutations_of_events() {
    let events = events();
    let slowest = Cell::new(Duration::ZERO);
    runner(8_000)
        .run(&(0..events.len(), changes()), |(at, changes)| {
            let (vendor, good) = &events[at];
            let incoming = (vendor.sign)(&changed(&good.body, &changes));
            if let Ok(event) = timed(&slowest, || verify(vendor, &incoming)) {
                prop_assert!(harmless(&event.event_id) && harmless(&event.kind), "{event:?}");
                match &event.news {
                    EventNews::Nothing => {}
                    EventNews::Payment(report) => prop_assert!(sound(report), "{report:?}"),
                    EventNews::Movements { reference, movements } => {
                        prop_assert!(harmless(reference));
                        prop_assert!(movements.iter().all(sound_movement), "{movements:?}");
                    }
                    EventNews::AskAbout { reference } => prop_assert!(harmless(reference)),
                }
            }
            Ok(())
        })
        .unwrap();
    println!("slowest event: {:?}", slowest.get());
    assert!(slowest.get() < SLOWEST, "{:?}", slowest.get());
}

#[test]
fn rightly_signed_garbage() {
    let slowest = Cell::new(Duration::ZERO);
    let garbage = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..600),
        "[\\[\\]{}:,\"0-9a-z.e+-]{0,300}".prop_map(String::into_bytes),
        (1usize..60_000, "[\\[{]").prop_map(|(depth, open)| open.repeat(depth).into_bytes()),
    ];
    runner(1_500)
        .run(&(0..VENDORS.len(), garbage), |(at, body)| {
            let vendor = &VENDORS[at];
            let result = timed(&slowest, || verify(vendor, &(vendor.sign)(&body)));
            prop_assert!(result.is_err(), "{result:?}");
            Ok(())
        })
        .unwrap();
    assert!(slowest.get() < SLOWEST, "{:?}", slowest.get());
}

/// A change that makes a signed webhook another one.
#[derive(Debug, Clone)]
enum Forgery {
    SignatureByte(Index, u8),
    SignatureCut(Index),
    SignatureDelete(Index),
    SignatureNoise(String),
    SignatureOf(Index),
    NoHeader,
    BodyBit(Index, u8),
    BodyCut(Index),
    BodyInsert(Index, u8),
}

fn forgeries() -> impl Strategy<Value = Forgery> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), b' '..b'~').prop_map(|(at, byte)| Forgery::SignatureByte(at, byte)),
        1 => index().prop_map(Forgery::SignatureCut),
        1 => index().prop_map(Forgery::SignatureDelete),
        1 => "[t=v01shaA-F0-9, /+]{0,130}".prop_map(Forgery::SignatureNoise),
        1 => index().prop_map(Forgery::SignatureOf),
        1 => Just(Forgery::NoHeader),
        4 => (index(), 0u8..8).prop_map(|(at, bit)| Forgery::BodyBit(at, bit)),
        1 => index().prop_map(Forgery::BodyCut),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Forgery::BodyInsert(at, byte)),
    ]
}

/// The forged webhook; `None` where nothing was changed, or only the case of hexadecimal digits.
fn forged(vendor: &Vendor, forgery: &Forgery, good: &Incoming) -> Option<Incoming> {
    let mut incoming = good.clone();
    let name = vendor.signature_header;
    let at = incoming.headers.iter().position(|(header, _)| header == name)?;
    let value = incoming.headers[at].1.clone();
    let place = |index: &Index| index.index(value.len());
    match forgery {
        Forgery::SignatureByte(index, byte) => {
            let place = place(index);
            let text = char::from(*byte).to_string();
            incoming.headers[at].1.replace_range(place..=place, &text);
        }
        Forgery::SignatureCut(index) => incoming.headers[at].1.truncate(place(index)),
        Forgery::SignatureDelete(index) => {
            incoming.headers[at].1.remove(place(index));
        }
        Forgery::SignatureNoise(noise) => incoming.headers[at].1.clone_from(noise),
        // Rightly signed, for another body.
        Forgery::SignatureOf(index) => {
            let mut other = good.body.clone();
            let place = index.index(other.len());
            other[place] ^= 1;
            incoming.headers = (vendor.sign)(&other).headers;
        }
        Forgery::NoHeader => {
            incoming.headers.remove(at);
        }
        Forgery::BodyBit(index, bit) => {
            let place = index.index(incoming.body.len());
            incoming.body[place] ^= 1 << bit;
        }
        Forgery::BodyCut(index) => incoming.body.truncate(index.index(good.body.len())),
        Forgery::BodyInsert(index, byte) => {
            incoming.body.insert(index.index(good.body.len()), *byte);
        }
    }
    let same = incoming.body == good.body
        && incoming.headers.get(at).is_some_and(|(_, new)| new.eq_ignore_ascii_case(&value));
    (!same).then_some(incoming)
}

#[test]
fn a_hundred_thousand_forgeries_are_all_refused_and_quickly() {
    const CASES: u32 = 100_000;
    let goods: Vec<(&Vendor, Incoming)> = VENDORS
        .iter()
        .filter_map(|vendor| good_event(vendor).ok().map(|incoming| (vendor, incoming)))
        .collect();
    let slowest = Cell::new(Duration::ZERO);
    let started = Instant::now();
    runner(CASES)
        .run(&(0..goods.len(), forgeries()), |(at, forgery)| {
            let (vendor, good) = &goods[at];
            let Some(incoming) = forged(vendor, &forgery, good) else { return Ok(()) };
            let result = timed(&slowest, || verify(vendor, &incoming));
            prop_assert!(result.is_err(), "accepted: {:?}", incoming.headers);
            Ok(())
        })
        .unwrap();
    let mean = started.elapsed() / CASES;
    println!("{CASES} forgeries refused; mean {mean:?}, slowest {:?}", slowest.get());
    assert!(mean < Duration::from_millis(5), "{mean:?}");
}
