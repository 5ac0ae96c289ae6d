//! Bytes of any kind never make a reader panic, and never make money.

use cartwright::domain::payment::ReportedState;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::fixtures::*;

/// Bodies in which nothing was taken, with a few bytes changed.
fn runner() -> TestRunner {
    TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() })
}

type Changes = Vec<(prop::sample::Index, u8)>;

fn changes() -> impl Strategy<Value = Changes> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
}

fn changed(mut body: Vec<u8>, changes: Changes) -> Vec<u8> {
    for (index, byte) in changes {
        let index = index.index(body.len());
        body[index] = byte;
    }
    body
}

#[test]
fn mangled_replies_never_panic_and_never_invent_a_capture() {
    let held = list(&[order("attempted", &[payment("failed", 2), payment("authorized", 1)])]);
    let body = held.to_string().into_bytes();
    runner()
        .run(&(changes(), 100u16..600), |(changes, status)| {
            let reply = reply(status, changed(body.clone(), changes));
            let result = razorpay(|g| g.retrieve(&known(ORDER)).unwrap().read(&reply, NOW));
            prop_assert!(!result.is_ok_and(|report| report.state == ReportedState::Captured));
            Ok(())
        })
        .unwrap();
}

#[test]
fn mangled_events_are_never_believed_and_never_panic() {
    let paid =
        event("order.paid", &[("payment", payment("captured", 1)), ("order", order("paid", &[]))]);
    let body = paid.to_string().into_bytes();
    let signature = super::webhooks::sign(NEW_SECRET, &body);
    runner()
        .run(&changes(), |changes| {
            let mangled = changed(body.clone(), changes);
            let given = |text: &str| {
                let text = text.to_owned();
                move |name: &str| (name == "x-razorpay-signature").then(|| text.clone())
            };
            let believed = razorpay(|g| g.verify(&given(&signature), &mangled, None, NOW).is_ok());
            prop_assert!(!believed || mangled == body);
            // Rightly signed nonsense is read, or refused, and nothing else.
            let signed = given(&super::webhooks::sign(NEW_SECRET, &mangled));
            let _ = razorpay(|g| g.verify(&signed, &mangled, None, NOW));
            let _ = razorpay(|g| g.doubted_reference(&mangled));
            Ok(())
        })
        .unwrap();
}
