//! Payments that are started, once or twice, lost, looked for, declined and abandoned.

use cartwright::domain::payment::{BuyerAction, CaptureMode, Gateway, ReportedState};
use cartwright::providers::payment::contract::Recovery;

use crate::gateways::Lie;
use crate::gateways::books::Standing;
use crate::lab::{ALL, Lab, is_unknown, order_id};

const HOUR: i64 = 60 * 60 * 1_000;

#[test]
fn a_payment_is_made_and_every_road_says_so() {
    for which in ALL {
        let mut lab = Lab::new(which);
        let known = lab.paid(CaptureMode::Automatic);
        let report = lab.retrieve(&known);
        assert_eq!(report.state, ReportedState::Captured, "{which:?}");
        assert_eq!(report.captured_minor, 1_999);
        let booked = lab.booked(&known.reference);
        assert_eq!((booked.captured_minor(), booked.held_minor), (1_999, 0));
        assert_eq!(booked.kept_minor(), 1_999);
        assert_eq!(booked.gateway, which);
        assert_eq!(lab.gateway.books().of_order(&order_id().to_string()).len(), 1);
        let call = lab.provider().whose(&known.reference).unwrap();
        assert_eq!(lab.send(call).unwrap(), Some(order_id()));
        assert!(lab.gateway.books().requests >= 3);
    }
}

#[test]
fn one_key_is_one_payment_however_often_it_comes() {
    for which in [Gateway::Sandbox, Gateway::Stripe] {
        let mut lab = Lab::new(which);
        let ask = lab.ask(CaptureMode::Manual);
        let first = lab.authorize(&ask).unwrap();
        lab.now = lab.now.plus_milliseconds(20 * HOUR);
        let again = lab.recover(&ask, 20 * HOUR).unwrap();
        assert_eq!(first.reference, again.reference);
        let operation = ask.operation_id.to_string();
        let books = lab.gateway.books();
        assert_eq!(books.started_by(&operation).len(), 1);
        assert_eq!((books.authorize_requests[&operation], books.replays), (2, 1));
        assert_eq!(books.started_by(&operation)[0].made_by_key, Some(operation));
        // The same key with another body did nothing, and proves nothing about the first.
        let mut other = ask.clone();
        other.amount.amount = 5;
        assert!(is_unknown(&lab.authorize(&other)));
        assert_eq!(lab.gateway.books().key_conflicts, 1);
        assert_eq!(lab.gateway.books().payments.len(), 1);
    }
}

#[test]
fn stripe_forgets_a_key_after_a_day() {
    let mut lab = Lab::new(Gateway::Stripe);
    let ask = lab.ask(CaptureMode::Automatic);
    lab.authorize(&ask).unwrap();
    lab.now = lab.now.plus_milliseconds(24 * HOUR);
    lab.authorize(&ask).unwrap();
    assert_eq!(lab.gateway.books().started_by(&ask.operation_id.to_string()).len(), 2);
    // Which is why a repeat is not sent any more by then.
    let recovery = lab.provider().recover(&ask, 24 * HOUR).unwrap();
    assert!(matches!(recovery, Recovery::Search(_)));
}

#[test]
fn a_lost_answer_is_recovered() {
    for which in ALL {
        for lie in [Lie::ServerErrorAfterEffect, Lie::Malformed] {
            let mut lab = Lab::new(which);
            let ask = lab.ask(CaptureMode::Manual);
            lab.gateway.misreport_next(lie);
            assert!(is_unknown(&lab.authorize(&ask)), "{which:?} {lie:?}");
            for age in [1_000, 25 * HOUR] {
                lab.now = lab.now.plus_milliseconds(age);
                let report = lab.recover(&ask, age).unwrap();
                let payments = lab.gateway.books().started_by(&ask.operation_id.to_string());
                assert_eq!(payments.len(), 1);
                assert_eq!(report.reference, payments[0].reference);
                assert_eq!(report.operation_id, Some(ask.operation_id));
            }
        }
    }
}

#[test]
fn what_never_arrived_is_not_found_and_can_be_sent_again() {
    for which in ALL {
        for lie in [Lie::ServerErrorBeforeEffect, Lie::RateLimited] {
            let mut lab = Lab::new(which);
            let ask = lab.ask(CaptureMode::Automatic);
            lab.gateway.misreport_next(lie);
            assert!(is_unknown(&lab.authorize(&ask)));
            assert!(lab.gateway.books().payments.is_empty());
            assert_eq!(lab.find(&ask), None);
            match lab.recover(&ask, 1_000) {
                Some(report) => assert_eq!(report.state, ReportedState::Captured),
                None => assert_eq!(which, Gateway::Razorpay),
            }
            let expected = usize::from(which != Gateway::Razorpay);
            assert_eq!(lab.gateway.books().payments.len(), expected);
        }
    }
}

#[test]
fn stripe_may_keep_a_server_error_under_the_key() {
    let mut lab = Lab::new(Gateway::Stripe);
    let ask = lab.ask(CaptureMode::Automatic);
    lab.gateway.misreport_next(Lie::ServerErrorKept);
    assert!(is_unknown(&lab.authorize(&ask)));
    assert!(is_unknown(&lab.authorize(&ask)));
    lab.now = lab.now.plus_milliseconds(25 * HOUR);
    assert_eq!(lab.recover(&ask, 25 * HOUR).unwrap().captured_minor, 1_999);
}

#[test]
fn a_search_lags() {
    for which in ALL {
        let mut lab = Lab::new(which);
        if which != Gateway::Stripe {
            lab.gateway.searches_lag(if which == Gateway::Razorpay { 2_000 } else { 0 });
        }
        let ask = lab.ask(CaptureMode::Manual);
        lab.authorize(&ask).unwrap();
        assert_eq!(lab.find(&ask).is_some(), which == Gateway::Sandbox, "{which:?}");
        lab.now = lab.now.plus_milliseconds(60_000);
        assert!(lab.find(&ask).is_some());
    }
}

#[test]
fn the_books_are_right_when_the_answer_is_wrong() {
    for which in ALL {
        for lie in [Lie::Amount, Lie::Currency] {
            let mut lab = Lab::new(which);
            let ask = lab.ask(CaptureMode::Manual);
            lab.gateway.misreport_next(lie);
            let told = lab.authorize(&ask).unwrap();
            assert_ne!(told.amount, ask.amount, "{which:?} {lie:?}");
            let booked = lab.booked(&told.reference);
            assert_eq!((booked.asked_minor, booked.currency.as_str()), (1_999, "USD"));
            lab.now = lab.now.plus_milliseconds(60_000);
            assert_eq!(lab.find(&ask).unwrap().amount, ask.amount);
        }
    }
}

#[test]
fn a_buyer_may_decline_and_try_again_where_the_gateway_lets_him() {
    for (which, method) in [
        (Gateway::Sandbox, Some("redirect")),
        (Gateway::Stripe, Some("pm_card_threeDSecure2Required")),
        (Gateway::Stripe, None),
        (Gateway::Razorpay, None),
    ] {
        let mut lab = Lab::new(which);
        let mut ask = lab.ask(CaptureMode::Automatic);
        ask.method = method.map(str::to_owned);
        let first = lab.authorize(&ask).unwrap();
        assert_eq!(first.state, ReportedState::ActionRequired);
        match first.action.unwrap() {
            BuyerAction::Redirect { .. } => assert!(method.is_some()),
            BuyerAction::ClientSecret { .. } => assert_eq!(which, Gateway::Stripe),
            BuyerAction::HostedCheckout { .. } => assert_eq!(which, Gateway::Razorpay),
            BuyerAction::None => panic!("the buyer has something to do"),
        }
        assert_eq!(lab.gateway.awaiting_buyer(), std::slice::from_ref(&first.reference));
        assert!(lab.gateway.buyer_declines(&first.reference, lab.now));
        let known = lab.known(&ask);
        let declined = lab.retrieve(&known);
        assert!(declined.decline.is_some(), "{which:?}");
        lab.now = lab.now.plus_seconds(5);
        let again = lab.gateway.buyer_approves(&first.reference, lab.now);
        assert_eq!(again, which != Gateway::Sandbox);
        let end = lab.retrieve(&known).state;
        let expected = if again { ReportedState::Captured } else { ReportedState::Failed };
        assert_eq!(end, expected);
        let provider = lab.provider();
        let back = lab.gateway.return_parameters(&first.reference);
        let parameter = |name: &str| {
            back.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        provider.check_return(&known, &parameter).unwrap();
    }
}

#[test]
fn a_card_is_declined_in_the_answer() {
    for (which, method, state) in [
        (Gateway::Sandbox, "decline", ReportedState::Failed),
        (Gateway::Stripe, "pm_card_chargeDeclined", ReportedState::Declined),
    ] {
        let mut lab = Lab::new(which);
        let mut ask = lab.ask(CaptureMode::Automatic);
        ask.method = Some(method.to_owned());
        for _ in 0..2 {
            let report = lab.authorize(&ask).unwrap();
            assert_eq!(report.state, state);
            assert!(report.decline.is_some());
        }
        assert_eq!(lab.gateway.books().payments.len(), 1);
    }
}

#[test]
fn what_is_due_by_itself_happens_at_its_time() {
    let mut lab = Lab::new(Gateway::Sandbox);
    let mut ask = lab.ask(CaptureMode::Automatic);
    ask.method = None;
    assert_eq!(lab.authorize(&ask).unwrap().state, ReportedState::Processing);
    assert_eq!(lab.gateway.wakes_at(), Some(lab.now.plus_milliseconds(300)));
    lab.now = lab.now.plus_milliseconds(300);
    lab.gateway.advance(lab.now);
    assert_eq!(lab.gateway.take_events().len(), 1);
    assert_eq!(lab.gateway.wakes_at(), None);
    let mut bank = lab.ask(CaptureMode::Automatic);
    bank.method = Some("pending".to_owned());
    let report = lab.authorize(&bank).unwrap();
    assert_eq!(lab.gateway.awaiting_bank(), std::slice::from_ref(&report.reference));
    assert!(lab.gateway.buyer_approves(&report.reference, lab.now));
}

#[test]
fn a_hold_lapses_and_an_abandoned_payment_ends() {
    for which in ALL {
        let mut lab = Lab::with_clock(which, 90_000);
        let known = lab.paid(CaptureMode::Manual);
        let until = lab.retrieve(&known).authorized_until.unwrap();
        if which == Gateway::Sandbox {
            assert!(lab.gateway.expire(&known.reference, lab.now));
        } else {
            let wake = lab.gateway.wakes_at().unwrap();
            assert!(until.milliseconds_since(wake.plus_milliseconds(90_000)).abs() < 1_000);
            lab.now = wake;
        }
        assert_eq!(lab.retrieve(&known).state, ReportedState::Cancelled, "{which:?}");
        let booked = lab.booked(&known.reference);
        assert!(booked.is_over() && booked.released_at.is_some());
        assert_eq!((booked.held_minor, booked.captured_minor()), (0, 0));

        let mut ask = lab.ask(CaptureMode::Manual);
        ask.method = (which == Gateway::Sandbox).then(|| "redirect".to_owned());
        let waits = lab.authorize(&ask).unwrap().reference;
        assert_eq!(lab.gateway.expire(&waits, lab.now), which != Gateway::Razorpay);
        let ended = lab.booked(&waits).standing == Standing::Cancelled;
        assert_eq!(ended, which != Gateway::Razorpay);
    }
}
