//! Money that is taken, let go and given back.

use cartwright::domain::payment::{
    CallFailure, CaptureMode, Gateway, MovementState, ReportedState,
};

use crate::gateways::Lie;
use crate::gateways::books::{Origin, RefundState};
use crate::lab::{ALL, Lab, is_refused, is_unknown};

const HOUR: i64 = 60 * 60 * 1_000;

#[test]
fn held_money_is_taken_once() {
    for which in ALL {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Manual);
        assert_eq!(lab.booked(&known.reference).held_minor, 1_999);
        let report = lab.capture(&known, 1_999, true).unwrap();
        assert_eq!((report.state, report.captured_minor), (ReportedState::Captured, 1_999));
        // A second capture is told that it is too late.
        match lab.capture(&known, 1_999, true) {
            Ok(report) => assert_eq!(report.captured_minor, 1_999),
            Err(CallFailure::AskInstead { .. }) => assert_eq!(which, Gateway::Razorpay),
            Err(other) => panic!("{which:?}: {other}"),
        }
        let booked = lab.booked(&known.reference);
        assert_eq!(booked.captured_minor(), 1_999);
        assert_eq!(booked.captures.len(), 1);
        assert!(matches!(booked.captures[0].origin, Origin::Request(_)));
    }
}

#[test]
fn a_part_is_taken_and_the_rest_let_go() {
    let mut lab = Lab::new(Gateway::Stripe);
    let known = lab.paid(CaptureMode::Manual);
    let report = lab.capture(&known, 500, true).unwrap();
    assert_eq!((report.state, report.captured_minor), (ReportedState::Captured, 500));
    assert!(lab.booked(&known.reference).released_at.is_some());

    let mut lab = Lab::new(Gateway::Sandbox);
    let known = lab.paid(CaptureMode::Manual);
    assert_eq!(lab.capture(&known, 500, false).unwrap().state, ReportedState::Authorized);
    assert!(is_refused(&lab.capture(&known, 1_500, false)));
    assert_eq!(lab.capture(&known, 1_499, false).unwrap().state, ReportedState::Captured);
    assert_eq!(lab.booked(&known.reference).captures.len(), 2);
}

#[test]
fn a_void_and_a_capture_race() {
    for which in [Gateway::Sandbox, Gateway::Stripe] {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Manual);
        for _ in 0..2 {
            assert_eq!(lab.void(&known).unwrap().state, ReportedState::Cancelled);
        }
        assert_eq!(lab.capture(&known, 1_999, true).unwrap().state, ReportedState::Cancelled);
        assert_eq!(lab.booked(&known.reference).captured_minor(), 0);

        let known = lab.paid(CaptureMode::Manual);
        assert!(lab.gateway.dashboard_capture(&known.reference, 1_000, lab.now));
        let report = lab.void(&known).unwrap();
        assert_eq!((report.state, report.captured_minor), (ReportedState::Captured, 1_000));

        let known = lab.paid(CaptureMode::Manual);
        assert!(lab.gateway.dashboard_void(&known.reference, lab.now));
        assert_eq!(lab.capture(&known, 1_999, true).unwrap().state, ReportedState::Cancelled);
    }
    let mut lab = Lab::new(Gateway::Razorpay);
    let known = lab.paid(CaptureMode::Manual);
    assert!(!lab.gateway.dashboard_void(&known.reference, lab.now));
    assert!(!lab.gateway.dashboard_capture(&known.reference, 1_000, lab.now));
    assert!(lab.gateway.dashboard_capture(&known.reference, 1_999, lab.now));
    assert_eq!(lab.retrieve(&known).captured_minor, 1_999);
}

#[test]
fn no_more_goes_back_than_came() {
    for which in ALL {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Automatic);
        let ask = lab.refund_ask(&known, 1_500);
        let report = lab.refund(&ask).unwrap();
        assert_eq!(report.state, MovementState::Succeeded);
        assert_eq!(report.operation_id, Some(ask.operation_id));
        let more = lab.refund_ask(&known, 500);
        assert!(is_refused(&lab.refund(&more)), "{which:?}");
        assert!(!lab.gateway.dashboard_refund(&known.reference, 500, lab.now));
        assert!(lab.gateway.dashboard_refund(&known.reference, 499, lab.now));
        let none = lab.refund_ask(&known, 1);
        assert!(is_refused(&lab.refund(&none)));
        let booked = lab.booked(&known.reference);
        assert_eq!((booked.refunded_minor(), booked.kept_minor()), (1_999, 0));
        assert_eq!(booked.refunds[0].operation_id(), Some(&*ask.operation_id.to_string()));
        assert_eq!(booked.refunds[1].origin, Origin::Dashboard);
        assert_eq!(lab.retrieve(&known).captured_minor, 1_999);
    }
}

#[test]
fn one_operation_gives_back_once() {
    for which in ALL {
        for lie in [None, Some(Lie::ServerErrorAfterEffect), Some(Lie::Malformed)] {
            let mut lab = Lab::new(which);
            let known = lab.paid(CaptureMode::Automatic);
            let ask = lab.refund_ask(&known, 700);
            assert_eq!(lab.find_refund(&ask), None);
            if let Some(lie) = lie {
                lab.gateway.misreport_next(lie);
            }
            assert_eq!(is_unknown(&lab.refund(&ask)), lie.is_some());
            assert_eq!(lab.refund(&ask).unwrap().amount.amount, 700);
            for age in [5_000, 26 * HOUR] {
                lab.now = lab.now.plus_milliseconds(age);
                assert_eq!(lab.recover_refund(&ask, age).unwrap().amount.amount, 700);
            }
            let books = lab.gateway.books();
            assert_eq!(books.refunds_by(&ask.operation_id.to_string()).len(), 1, "{which:?}");
            let refund = books.refunds_by(&ask.operation_id.to_string())[0].id.clone();
            assert_eq!(books.payment_of_refund(&refund).unwrap().reference, known.reference);
        }
    }
}

#[test]
fn a_refund_that_never_arrived_is_not_found() {
    for which in ALL {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Automatic);
        let ask = lab.refund_ask(&known, 700);
        lab.gateway.misreport_next(Lie::ServerErrorBeforeEffect);
        assert!(is_unknown(&lab.refund(&ask)));
        assert_eq!(lab.find_refund(&ask), None);
        assert_eq!(lab.booked(&known.reference).refunding_minor(), 0);
    }
}

#[test]
fn refunds_may_end_later() {
    for which in ALL {
        for succeeds in [true, false] {
            let mut lab = Lab::new(which);
            let known = lab.paid(CaptureMode::Automatic);
            lab.gateway.refunds_wait(true);
            let ask = lab.refund_ask(&known, 1_999);
            let report = lab.refund(&ask).unwrap();
            assert_eq!(report.state, MovementState::Pending);
            lab.now = lab.now.plus_seconds(60);
            assert!(lab.gateway.settle_refund(&report.reference, succeeds, lab.now));
            assert!(!lab.gateway.settle_refund(&report.reference, true, lab.now));
            let expected = if succeeds { MovementState::Succeeded } else { MovementState::Failed };
            assert_eq!(lab.find_refund(&ask).unwrap().state, expected);
            let booked = lab.booked(&known.reference);
            assert_eq!(booked.kept_minor(), if succeeds { 0 } else { 1_999 });
        }
    }
    // A bank may send money back that Stripe had given.
    let mut lab = Lab::new(Gateway::Stripe);
    let known = lab.paid(CaptureMode::Automatic);
    let ask = lab.refund_ask(&known, 100);
    let refund = lab.refund(&ask).unwrap().reference;
    assert!(lab.gateway.settle_refund(&refund, false, lab.now));
    assert_eq!(lab.find_refund(&ask).unwrap().state, MovementState::Failed);
    assert_eq!(lab.booked(&known.reference).refunds[0].state, RefundState::Failed);
}

#[test]
fn what_the_bank_took_is_not_given_back_too() {
    for which in ALL {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Automatic);
        assert!(lab.gateway.dashboard_refund(&known.reference, 999, lab.now));
        assert!(lab.gateway.dispute(&known.reference, lab.now));
        assert!(!lab.gateway.dispute(&known.reference, lab.now));
        assert_eq!(lab.booked(&known.reference).charged_back_minor(), 1_000);
        let ask = lab.refund_ask(&known, 1);
        assert!(is_refused(&lab.refund(&ask)), "{which:?}");
        assert!(lab.gateway.dispute_won(&known.reference, lab.now));
        assert!(!lab.gateway.dispute_lost(&known.reference, lab.now));
        assert_eq!(lab.booked(&known.reference).kept_minor(), 1_000);
        let ask = lab.refund_ask(&known, 1);
        assert!(lab.refund(&ask).is_ok());
    }
}

#[test]
fn an_order_that_is_paid_twice_says_so() {
    let mut lab = Lab::new(Gateway::Razorpay);
    let known = lab.paid(CaptureMode::Automatic);
    lab.gateway.take_events();
    lab.now = lab.now.plus_seconds(90);
    assert!(lab.gateway.buyer_pays_again(&known.reference, lab.now));
    let kinds: Vec<_> = lab.gateway.take_events().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["payment.authorized", "payment.captured"]);
    let report = lab.retrieve(&known);
    assert_eq!((report.captured_minor, report.charge), (3_998, known.charge.clone()));
    assert_eq!(lab.booked(&known.reference).captured_minor(), 3_998);
    // Each payment of the order gives back its own money and no more.
    let ask = lab.refund_ask(&known, 1_999);
    assert!(lab.refund(&ask).is_ok());
    let ask = lab.refund_ask(&known, 1);
    assert!(is_refused(&lab.refund(&ask)));
    assert!(lab.gateway.dashboard_refund(&known.reference, 1_999, lab.now));
    assert_eq!(lab.booked(&known.reference).kept_minor(), 0);
    for which in [Gateway::Sandbox, Gateway::Stripe] {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Automatic);
        assert!(!lab.gateway.buyer_pays_again(&known.reference, lab.now));
    }
}
