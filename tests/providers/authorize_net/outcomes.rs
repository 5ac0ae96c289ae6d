//! What every response code, error code and status is taken for.

use cartwright::domain::payment::{MovementState, OperationKind, ReportedState};
use cartwright::domain::time::Timestamp;
use serde_json::{Value, json};

use super::replies::*;
use super::*;

#[test]
fn an_approval_is_trusted_with_a_byte_order_mark_or_without() {
    let body = approved(operation(1), PAYMENT);
    for reply in [with_mark(&body), json_reply(200, &body)] {
        let report = start(&reply).unwrap();
        assert_eq!((report.state, report.captured_minor), (ReportedState::Captured, 1_999));
        assert_eq!(report.amount, money(1_999, "USD"));
        assert_eq!(report.reference, PAYMENT);
        assert_eq!(report.operation_id, Some(operation(1)));
        assert_eq!(report.card_last_four.as_deref(), Some("1111"));
        assert_eq!((report.settled, report.authorized_until), (Some(false), None));
    }
    let mut twice = with_mark(&body);
    twice.body.splice(0..0, *b"\xef\xbb\xbf");
    assert!(is_unknown(&start(&twice)));
}

#[test]
fn held_money_lapses_after_thirty_days() {
    let mut ask = ask();
    ask.capture = cartwright::domain::payment::CaptureMode::OnRequest;
    let reply = with_mark(&approved(operation(1), PAYMENT));
    let report = gateway(|g| g.authorize(&ask).unwrap().read(&reply, NOW)).unwrap();
    assert_eq!((report.state, report.captured_minor), (ReportedState::Authorized, 0));
    assert_eq!(report.authorized_until, Some(NOW.plus_seconds(30 * 86_400)));
    assert_eq!(report.settled, None);
    let report = retrieve(&known(PAYMENT), &details("authorizedPendingCapture")).unwrap();
    let submitted = Timestamp::parse_rfc3339(SUBMITTED).unwrap();
    assert_eq!(report.authorized_until, Some(submitted.plus_seconds(30 * 86_400)));
}

#[test]
fn every_response_code() {
    let state = |reply: &Value| start(&with_mark(reply)).map(|report| report.state);
    assert_eq!(state(&approved(operation(1), PAYMENT)), Ok(ReportedState::Captured));
    assert_eq!(state(&ended(operation(1), "4", "253", PAYMENT)), Ok(ReportedState::Processing));
    let declined = start(&with_mark(&ended(operation(1), "2", "2", PAYMENT))).unwrap();
    assert_eq!((declined.state, declined.captured_minor), (ReportedState::Failed, 0));
    let decline = declined.decline.unwrap();
    assert_eq!((decline.code.as_str(), decline.message.as_str()), ("2", "No."));
    // Declined without a transaction to follow.
    let bare = start(&with_mark(&ended(operation(1), "2", "2", "0")));
    assert_eq!(word(&bare), "refused");
    for code in ["0", "5", "6", "11", "", "one"] {
        let mut body = approved(operation(1), PAYMENT);
        body["transactionResponse"]["responseCode"] = json!(code);
        assert_eq!(word(&state(&body)), "unknown", "{code}");
    }
    for transaction in ["0", "", "00", "-1", "x", "123456789012345678901"] {
        assert_eq!(word(&state(&approved(operation(1), transaction))), "unknown", "{transaction}");
        let held = ended(operation(1), "4", "253", transaction);
        assert_eq!(word(&state(&held)), "unknown", "{transaction}");
    }
}

#[test]
fn an_approval_that_is_none() {
    let check = |case: &str, change: fn(&mut Value), expected: &str| {
        let mut body = approved(operation(1), PAYMENT);
        change(&mut body);
        assert_eq!(word(&start(&with_mark(&body))), expected, "{case}");
    };
    // AuthorizeNet/sdk-node issue 108: a request at fault, a transaction that was carried out.
    check(
        "approved and E00013",
        |body| body["messages"] = messages("Error", "E00013", "The field is invalid."),
        "unknown",
    );
    check("another request's", |body| body["refId"] = json!("70008000000000001002"), "unknown");
    check("whose?", |body| _ = body.as_object_mut().unwrap().remove("refId"), "unknown");
    check("in part", |body| body["transactionResponse"]["splitTenderId"] = json!("115"), "unknown");
    check("no messages", |body| _ = body.as_object_mut().unwrap().remove("messages"), "unknown");
    check(
        "no transaction",
        |body| _ = body.as_object_mut().unwrap().remove("transactionResponse"),
        "unknown",
    );
    check("a number", |body| body["transactionResponse"]["responseCode"] = json!(1), "unknown");
    check("another result", |body| body["messages"]["resultCode"] = json!("Perhaps"), "unknown");
    let partly = ended(operation(1), "4", "295", PAYMENT);
    assert_eq!(word(&start(&with_mark(&partly))), "unknown");
}

/// What a transaction's error proves: of a first start, of a capture or void, of a refund.
#[test]
fn every_error_code_of_a_transaction() {
    let refused = ["refused", "refused", "refused"];
    let unknown = ["unknown", "unknown", "unknown"];
    let table = [
        ("5", refused),
        ("6", refused),
        ("7", refused),
        ("8", refused),
        ("13", refused),
        ("17", refused),
        ("28", refused),
        ("33", refused),
        ("37", refused),
        ("39", refused),
        ("47", refused),
        ("49", refused),
        ("50", refused),
        ("54", refused),
        ("55", refused),
        ("103", refused),
        ("153", refused),
        // A duplicate is never a decline: the first one may have gone through.
        ("11", ["unknown", "ask", "unknown"]),
        ("16", ["refused", "ask", "refused"]),
        ("310", ["ask", "ask", "ask"]),
        ("311", ["ask", "ask", "ask"]),
        ("19", unknown),
        ("25", unknown),
        ("35", unknown),
        ("36", unknown),
        ("52", unknown),
        ("57", unknown),
        ("63", unknown),
        ("120", unknown),
        ("152", unknown),
        ("261", unknown),
        ("", unknown),
        ("9999", unknown),
    ];
    for (code, expected) in table {
        let with = |number| with_mark(&ended(operation(number), "3", code, "0"));
        let found = gateway(|g| {
            let capture = g.capturing().unwrap().capture(&capture_ask(1_999)).unwrap();
            let void = g.voiding().unwrap().void(&void_ask()).unwrap();
            let refund = g.refunding().unwrap().refund(&refund_ask(700, true)).unwrap();
            let captured = capture.read(&with(3), NOW);
            assert_eq!(word(&captured), word(&void.read(&with(2), NOW)), "{code}");
            [word(&start(&with(1))), word(&captured), word(&refund.read(&with(5), NOW))]
        });
        assert_eq!(found, expected, "{code}");
    }
}

/// What a request that was turned away proves: of a first start, a capture or void, a refund, a
/// question.
#[test]
fn every_error_code_of_a_request() {
    let admitted = ["refused", "unknown", "refused", "unknown"];
    let understood = ["refused", "refused", "refused", "unknown"];
    let unknown = ["unknown"; 4];
    let table = [
        ("E00001", unknown),
        ("E00002", understood),
        ("E00003", understood),
        ("E00004", understood),
        ("E00005", admitted),
        ("E00006", admitted),
        ("E00007", admitted),
        ("E00008", admitted),
        ("E00009", admitted),
        ("E00010", admitted),
        ("E00011", admitted),
        ("E00013", understood),
        ("E00014", understood),
        ("E00015", understood),
        ("E00027", unknown),
        ("E00040", unknown),
        ("E00053", unknown),
        ("E00104", unknown),
        ("E00114", understood),
        ("E99999", unknown),
    ];
    for (code, expected) in table {
        let reply = with_mark(&turned_away(code));
        let found = gateway(|g| {
            let capture = g.capturing().unwrap().capture(&capture_ask(1_999)).unwrap();
            let void = g.voiding().unwrap().void(&void_ask()).unwrap();
            let refund = g.refunding().unwrap().refund(&refund_ask(700, true)).unwrap();
            let captured = capture.read(&reply, NOW);
            assert_eq!(word(&captured), word(&void.read(&reply, NOW)), "{code}");
            let found = g.find(&ask()).unwrap().read(&reply, NOW);
            assert_eq!(word(&found), "unknown", "{code}");
            [
                word(&start(&reply)),
                word(&captured),
                word(&refund.read(&reply, NOW)),
                word(&retrieve(&known(PAYMENT), &reply)),
            ]
        });
        assert_eq!(found, expected, "{code}");
    }
}

#[test]
fn captures_and_voids_report_the_payment_as_it_then_is() {
    let done = |number| with_mark(&changed(operation(number), PAYMENT));
    gateway(|g| {
        let capture = g.capturing().unwrap().capture(&capture_ask(1_200)).unwrap();
        let report = capture.read(&done(3), NOW).unwrap();
        assert_eq!((report.state, report.captured_minor), (ReportedState::Captured, 1_200));
        assert_eq!((report.amount, report.settled), (money(1_999, "USD"), Some(false)));
        assert_eq!(report.operation_id, Some(operation(1)));
        let void = g.voiding().unwrap().void(&void_ask()).unwrap();
        let report = void.read(&done(2), NOW).unwrap();
        assert_eq!((report.state, report.captured_minor), (ReportedState::Cancelled, 0));
        let void = g.voiding().unwrap().void(&void_ask()).unwrap();
        let other = with_mark(&changed(operation(2), "2228446240"));
        assert!(is_unknown(&void.read(&other, NOW)));
        let capture = g.capturing().unwrap().capture(&capture_ask(1_200)).unwrap();
        let held = with_mark(&ended(operation(3), "4", "193", PAYMENT));
        assert_eq!(word(&capture.read(&held, NOW)), "ask");
        let capture = g.capturing().unwrap().capture(&capture_ask(1_200)).unwrap();
        let declined = with_mark(&ended(operation(3), "2", "2", PAYMENT));
        assert_eq!(word(&capture.read(&declined, NOW)), "refused");
    });
}

/// Status; what is reported if the money was never seen taken, and if it was; whether it has settled.
#[test]
fn every_status() {
    use ReportedState as R;
    type Told = Option<(ReportedState, i64, Option<bool>, usize)>;
    let same = |told: Told| (told, told);
    let captured = |settled, movements| same(Some((R::Captured, 1_999, Some(settled), movements)));
    let none = |state| same(Some((state, 0, None, 0)));
    let table: [(&str, (Told, Told)); 26] = [
        ("authorizedPendingCapture", none(R::Authorized)),
        ("capturedPendingSettlement", captured(false, 0)),
        ("pendingSettlement", captured(false, 0)),
        ("pendingFinalSettlement", captured(false, 0)),
        ("updatingSettlement", captured(false, 0)),
        ("settledSuccessfully", captured(true, 0)),
        ("chargeback", captured(true, 1)),
        ("returnedItem", captured(true, 1)),
        ("chargebackReversal", captured(true, 1)),
        ("FDSPendingReview", none(R::Processing)),
        ("FDSAuthorizedPendingReview", none(R::Processing)),
        ("underReview", none(R::Processing)),
        ("approvedReview", none(R::Processing)),
        ("authorizedPendingRelease", none(R::Processing)),
        ("settlementError", none(R::Processing)),
        ("expired", none(R::Cancelled)),
        ("declined", none(R::Failed)),
        ("failedReview", none(R::Failed)),
        ("communicationError", none(R::Failed)),
        ("generalError", none(R::Failed)),
        ("voided", (Some((R::Cancelled, 0, None, 0)), Some((R::Captured, 1_999, Some(false), 1)))),
        ("couldNotVoid", same(None)),
        ("refundPendingSettlement", same(None)),
        ("refundSettledSuccessfully", same(None)),
        ("SettledSuccessfully", same(None)),
        ("blessed", same(None)),
    ];
    for (status, (never_seen, seen)) in table {
        for (known, expected) in [(known(PAYMENT), never_seen), (taken(false), seen)] {
            let result = retrieve(&known, &details(status));
            let found = result.as_ref().ok().map(|report| {
                let movements = report.movements.len();
                (report.state, report.captured_minor, report.settled, movements)
            });
            assert_eq!(found, expected, "{status}: {result:?}");
            let Ok(report) = result else { continue };
            assert_eq!(report.amount, money(1_999, "USD"));
            assert_eq!(report.card_last_four.as_deref(), Some("1111"));
            assert_eq!(report.occurred_at, NOW);
            assert_eq!(report.decline.is_some(), report.state == R::Failed, "{status}");
        }
    }
}

#[test]
fn a_payment_that_was_voided_after_it_was_taken_gave_everything_back() {
    let report = retrieve(&taken(false), &details("voided")).unwrap();
    let refund = &report.movements[0];
    assert_eq!((refund.kind, refund.state), (OperationKind::Refund, MovementState::Succeeded));
    assert_eq!(refund.reference, "void-2228446239");
    assert_eq!((refund.amount, refund.operation_id), (money(1_999, "USD"), None));
    // Taken in part; or taken at once, and nothing settles any more.
    let part = retrieve(&taken(false), &details_with("voided", "19.99", "12.00")).unwrap();
    assert_eq!((part.captured_minor, part.movements[0].amount), (1_200, money(1_200, "USD")));
    let all = retrieve(&taken(false), &details_with("voided", "19.99", "0.00")).unwrap();
    assert_eq!((all.captured_minor, all.movements[0].amount), (1_999, money(1_999, "USD")));
    // Held, taken in part perhaps, and nobody says how much.
    let held = details_of("voided", "19.99", "0").replace("authCapture", "authOnly");
    assert!(is_unknown(&retrieve(&taken(false), &reply(200, held))));
}

#[test]
fn a_lost_dispute_is_a_chargeback_and_a_won_one_has_failed() {
    for (status, state) in [
        ("chargeback", MovementState::Succeeded),
        ("returnedItem", MovementState::Succeeded),
        ("chargebackReversal", MovementState::Failed),
    ] {
        let report = retrieve(&taken(true), &details(status)).unwrap();
        let dispute = &report.movements[0];
        assert_eq!((dispute.kind, dispute.state), (OperationKind::Chargeback, state));
        assert_eq!(dispute.reference, "chargeback-2228446239");
        assert_eq!(dispute.amount, money(1_999, "USD"));
    }
}

#[test]
fn details_of_another_payment_or_with_another_amount() {
    let with = |from: &str, to: &str| {
        let text = details_of("settledSuccessfully", "19.99", "19.99");
        assert!(text.contains(from));
        retrieve(&known(PAYMENT), &reply(200, text.replace(from, to)))
    };
    for (from, to) in [
        ("\"transId\":\"2228446239\"", "\"transId\":\"2228446240\""),
        ("ord_0701", "ord_0801"),
        ("70008000000000001001", "70008000000000001009"),
        ("\"order\":", "\"another\":"),
        ("\"description\":", "\"another\":"),
        (SUBMITTED, "yesterday"),
        ("\"resultCode\":\"Ok\"", "\"resultCode\":\"Error\""),
    ] {
        assert!(is_unknown(&with(from, to)), "{from} {to}");
    }
    for (amount, minor) in [
        ("20.00", Some(2_000)),
        ("19.9900", Some(1_999)),
        ("20.0", Some(2_000)),
        ("20", Some(2_000)),
        ("0.01", Some(1)),
        ("1018.88", Some(101_888)),
        ("10000000000000.00", Some(1_000_000_000_000_000)),
        ("10000000000000.01", None),
        ("19.995", None),
        ("-20.00", None),
        ("2e1", None),
        ("\"20.00\"", None),
        ("null", None),
        ("true", None),
        ("[20]", None),
        ("99999999999999999999999999", None),
    ] {
        let result =
            retrieve(&known(PAYMENT), &details_with("settledSuccessfully", amount, amount));
        let found = result.ok().map(|report| (report.amount.amount, report.captured_minor));
        assert_eq!(found, minor.map(|minor| (minor, minor)), "{amount}");
    }
    let nothing = details_with("settledSuccessfully", "19.99", "0");
    assert!(is_unknown(&retrieve(&known(PAYMENT), &nothing)));
    // Where no money is, none need be named.
    let declined = retrieve(&known(PAYMENT), &details_with("declined", "0", "0")).unwrap();
    assert_eq!(declined.amount, money(1_999, "USD"));
}

#[test]
fn refunds_by_void_and_by_refund() {
    let refund = |minor, settled, body: &Value| {
        gateway(|g| {
            let call = g.refunding().unwrap().refund(&refund_ask(minor, settled)).unwrap();
            call.read(&with_mark(body), NOW)
        })
    };
    let by_void = refund(1_999, false, &changed(operation(5), PAYMENT)).unwrap();
    assert_eq!(by_void.reference, "void-2228446239");
    assert_eq!(by_void.operation_id, Some(operation(5)));
    assert_eq!((by_void.amount, by_void.state), (money(1_999, "USD"), MovementState::Succeeded));
    let by_refund = refund(700, true, &approved(operation(5), REFUND)).unwrap();
    assert_eq!(by_refund.reference, REFUND);
    assert_eq!(by_refund.operation_id, Some(operation(5)));
    assert_eq!((by_refund.amount, by_refund.state), (money(700, "USD"), MovementState::Succeeded));
    // Settled between the look and the void.
    let too_late = refund(1_999, false, &ended(operation(5), "3", "16", "0"));
    assert_eq!(word(&too_late), "not yet");
    for (settled, transaction) in [(false, REFUND), (true, PAYMENT), (true, "0")] {
        let minor = if settled { 700 } else { 1_999 };
        let other = refund(minor, settled, &approved(operation(5), transaction));
        assert!(is_unknown(&other), "{settled} {transaction}");
    }
}

#[test]
fn whose_a_transaction_is() {
    let whose = |reply: &HttpReply| gateway(|g| g.whose(PAYMENT).unwrap().read(reply, NOW));
    assert_eq!(whose(&details("refundSettledSuccessfully")), Ok(Some(order_id())));
    let foreign = details_of("settledSuccessfully", "1", "1").replace("ord_07", "order 7 ");
    assert_eq!(whose(&reply(200, foreign)), Ok(None));
    assert_eq!(whose(&with_mark(&turned_away("E00040"))), Ok(None));
    assert!(is_unknown(&whose(&with_mark(&turned_away("E00007")))));
    let other = details_of("settledSuccessfully", "1", "1").replace(PAYMENT, REFUND);
    assert!(is_unknown(&whose(&reply(200, other))));
}
