//! The gateways' own books, as the provider reads them page by page.

use std::collections::BTreeMap;

use cartwright::domain::payment::{CaptureMode, Gateway, OperationKind};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{ListedMovement, Window};

use crate::gateways::books::{DisputeState, RefundState};
use crate::lab::{ALL, Lab};

const ROUNDS: usize = 60;

fn listed(lab: &mut Lab, window: Window) -> Vec<ListedMovement> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..100 {
        let provider = lab.provider();
        let call = provider.listing().unwrap().list(window, cursor.as_deref()).unwrap();
        let page = lab.send(call).unwrap();
        found.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
    panic!("the pages never end");
}

/// What moved, by its identity in the gateway's books.
fn moved(lab: &Lab) -> BTreeMap<String, (OperationKind, i64)> {
    let mut all = BTreeMap::new();
    for payment in lab.gateway.books().payments.values() {
        for one in &payment.captures {
            all.insert(one.id.clone(), (OperationKind::Capture, one.amount_minor));
        }
        for one in payment.refunds.iter().filter(|one| one.state == RefundState::Succeeded) {
            all.insert(one.id.clone(), (OperationKind::Refund, one.amount_minor));
        }
        // Razorpay lists no disputes here.
        let listed = payment.disputes.iter().filter(|one| one.state != DisputeState::Won);
        for one in listed.filter(|_| lab.which != Gateway::Razorpay) {
            all.insert(one.id.clone(), (OperationKind::Chargeback, one.amount_minor));
        }
    }
    all
}

#[test]
fn the_lists_are_the_books() {
    for which in ALL {
        let mut lab = Lab::new(which);
        let from = lab.now;
        for round in 0..ROUNDS {
            lab.now = lab.now.plus_seconds(30);
            let held = round % 3 == 0;
            let mode = if held { CaptureMode::Manual } else { CaptureMode::Automatic };
            let known = lab.paid(mode);
            if held {
                lab.capture(&known, 1_999, true).unwrap();
            }
            let ask = lab.refund_ask(&known, 300);
            let refund = lab.refund(&ask).unwrap();
            match round % 4 {
                0 => assert!(lab.gateway.dispute(&known.reference, lab.now)),
                1 => {
                    assert!(lab.gateway.dispute(&known.reference, lab.now));
                    assert!(lab.gateway.dispute_won(&known.reference, lab.now));
                }
                2 if which == Gateway::Stripe => {
                    assert!(lab.gateway.settle_refund(&refund.reference, false, lab.now));
                }
                _ => {}
            }
        }
        let to = lab.now.plus_seconds(60);
        let entries = listed(&mut lab, Window { from, to });
        let seen: BTreeMap<_, _> = entries
            .iter()
            .map(|one| (one.movement_reference.clone(), (one.kind, one.amount.amount)))
            .collect();
        assert_eq!(seen.len(), entries.len(), "{which:?}: a line is listed twice");
        assert_eq!(seen, moved(&lab), "{which:?}");
        // Two windows side by side are the one window, also where money moved in the second between.
        let middle = Timestamp::from_milliseconds(from.plus_seconds(720).seconds() * 1_000);
        let first = listed(&mut lab, Window { from, to: middle });
        let second = listed(&mut lab, Window { from: middle, to });
        assert!(!first.is_empty() && !second.is_empty());
        assert_eq!(first.len() + second.len(), entries.len(), "{which:?}");
    }
}

#[test]
fn a_list_that_fails_says_nothing() {
    use crate::gateways::Lie;
    use crate::lab::is_unknown;
    for which in ALL {
        let mut lab = Lab::new(which);
        lab.paid(CaptureMode::Automatic);
        let window = Window { from: lab.now.plus_seconds(-60), to: lab.now.plus_seconds(60) };
        for lie in [Lie::ServerErrorBeforeEffect, Lie::RateLimited, Lie::Malformed] {
            lab.gateway.misreport_next(lie);
            let provider = lab.provider();
            let call = provider.listing().unwrap().list(window, None).unwrap();
            assert!(is_unknown(&lab.send(call)), "{which:?} {lie:?}");
        }
    }
}
