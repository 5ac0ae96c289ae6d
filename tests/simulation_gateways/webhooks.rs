//! What the gateways tell: believed when it is theirs, and refused when it is not.

use cartwright::domain::payment::{CaptureMode, Gateway, MovementState, OperationKind};
use cartwright::providers::payment::contract::EventNews;

use crate::lab::{ALL, Lab};

/// The states of a payment's movements in the order in which they were told.
fn movements(lab: &mut Lab, kind: OperationKind) -> Vec<MovementState> {
    let told = lab.news().into_iter().flat_map(|(_, verified)| match verified.news {
        EventNews::Movements { movements, .. } => movements,
        _ => Vec::new(),
    });
    told.filter(|movement| movement.kind == kind).map(|movement| movement.state).collect()
}

#[test]
fn a_payment_is_told_by_its_own_events() {
    for which in ALL {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Manual);
        lab.capture(&known, 1_999, true).unwrap();
        let mut captured = None;
        for (event, verified) in lab.news() {
            assert_eq!((event.gateway, &event.reference), (which, &known.reference));
            assert_eq!(verified.event_id, event.id);
            match verified.news {
                EventNews::Payment(report) => {
                    assert_eq!(report.reference, known.reference);
                    captured = Some(report.captured_minor);
                }
                EventNews::AskAbout { reference } => assert_eq!(reference, known.reference),
                EventNews::Nothing => assert_eq!(event.kind, "payment_intent.created"),
                EventNews::Movements { .. } => panic!("nothing went back"),
            }
        }
        assert_eq!(captured, Some(1_999), "{which:?}");
        assert!(lab.news().is_empty());
    }
}

#[test]
fn a_lapsed_hold_is_told() {
    for which in [Gateway::Stripe, Gateway::Razorpay] {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Manual);
        lab.news();
        lab.now = lab.gateway.wakes_at().unwrap();
        lab.gateway.advance(lab.now);
        let news = lab.news();
        assert_eq!(news.len(), 1);
        match &news[0].1.news {
            EventNews::Payment(report) => assert_eq!(report.reference, known.reference),
            EventNews::AskAbout { reference } => assert_eq!(*reference, known.reference),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn refunds_and_disputes_are_told() {
    use MovementState::{Failed, Pending, Succeeded};
    for which in ALL {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Automatic);
        lab.news();
        assert!(lab.gateway.dashboard_refund(&known.reference, 10, lab.now));
        let told = movements(&mut lab, OperationKind::Refund);
        assert_eq!(told.last(), Some(&Succeeded), "{which:?}");
        lab.gateway.refunds_wait(true);
        let ask = lab.refund_ask(&known, 20);
        let refund = lab.refund(&ask).unwrap().reference;
        assert_eq!(movements(&mut lab, OperationKind::Refund), [Pending]);
        assert!(lab.gateway.settle_refund(&refund, false, lab.now));
        let told = movements(&mut lab, OperationKind::Refund);
        assert!(!told.is_empty() && told.iter().all(|state| *state == Failed));

        assert!(lab.gateway.dispute(&known.reference, lab.now));
        let told = movements(&mut lab, OperationKind::Chargeback);
        assert!(!told.is_empty() && told.iter().all(|state| *state == Pending));
        assert!(lab.gateway.dispute_won(&known.reference, lab.now));
        let told = movements(&mut lab, OperationKind::Chargeback);
        assert!(!told.is_empty() && told.iter().all(|state| *state == Failed));
        assert!(lab.gateway.dispute(&known.reference, lab.now));
        assert!(lab.gateway.dispute_lost(&known.reference, lab.now));
        let told = movements(&mut lab, OperationKind::Chargeback);
        assert_eq!(told.last(), Some(&Succeeded));
    }
}

#[test]
fn what_is_forged_is_refused() {
    for which in ALL {
        let mut lab = Lab::with_clock(which, 30_000);
        let known = lab.paid(CaptureMode::Automatic);
        lab.gateway.dispute(&known.reference, lab.now);
        for event in lab.gateway.take_events() {
            for how in 0..200 {
                let sent = lab.gateway.forged(&event, lab.now, how);
                assert!(lab.verify(&sent).is_err(), "{which:?} {how} {}", event.kind);
                assert_eq!(sent, lab.gateway.forged(&event, lab.now, how));
            }
            // Sent again later it is signed anew, and is the same event.
            let first = lab.verify(&lab.gateway.delivery(&event, lab.now)).unwrap();
            lab.now = lab.now.plus_seconds(7_200);
            let again = lab.verify(&lab.gateway.delivery(&event, lab.now)).unwrap();
            assert_eq!(first, again);
        }
    }
}

#[test]
fn the_gateway_tells_its_own_time() {
    for which in ALL {
        for ahead in [-120_000, 0, 120_000] {
            let mut lab = Lab::with_clock(which, ahead);
            lab.paid(CaptureMode::Automatic);
            for (_, verified) in lab.news() {
                let off = verified.occurred_at.milliseconds_since(lab.now) - ahead;
                assert!(off.abs() <= 1_000, "{which:?} {off}");
            }
        }
    }
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    for which in ALL {
        let play = || {
            let mut lab = Lab::new(which);
            let known = lab.paid(CaptureMode::Automatic);
            let ask = lab.refund_ask(&known, 20);
            let refund = lab.refund(&ask);
            lab.gateway.dispute(&known.reference, lab.now);
            let events = lab.gateway.take_events();
            let sent: Vec<_> =
                events.iter().map(|event| lab.gateway.delivery(event, lab.now)).collect();
            (format!("{refund:?}"), events, sent, format!("{:?}", lab.gateway.books()))
        };
        assert_eq!(play(), play());
    }
}
