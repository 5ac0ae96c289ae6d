//! Replies and notifications with bytes changed, cut or repeated: never a panic, and never money that the
//! unchanged reply does not speak of.

use cartwright::providers::payment::contract::Window;
use proptest::prelude::*;

use super::replies::*;
use super::*;

/// A change to a body.
#[derive(Debug, Clone)]
enum Change {
    Byte(usize, u8),
    Cut(usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        any::<usize>().prop_map(Change::Cut),
        (any::<usize>(), 1..200_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
    ]
}

fn changed_by(body: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut body = body.to_vec();
    for change in changes {
        let place = |at: &usize| at.checked_rem(body.len()).unwrap_or(0);
        match change {
            Change::Byte(at, byte) => {
                let at = place(at);
                if let Some(found) = body.get_mut(at) {
                    *found = *byte;
                }
            }
            Change::Cut(at) => body.truncate(place(at)),
            Change::Repeat(at, length) => {
                let piece: Vec<u8> = body.iter().skip(place(at)).take(*length).copied().collect();
                body.extend(piece);
            }
        }
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_makes_a_reader_panic_or_invents_a_payment(
        which in 0..5_usize,
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let good = [
            with_mark(&approved(operation(1), PAYMENT)),
            details("capturedPendingSettlement"),
            details_with("voided", "19.99", "12.00"),
            list(vec![
                line(PAYMENT, &invoice(operation(1)), "capturedPendingSettlement", 19.99),
                older(),
            ]),
            batches(&[("3990061", "2026-01-01T08:40:29Z")]),
        ];
        let bad = reply(200, changed_by(&good[which].body, &changes));
        gateway(|g| {
            if let Ok(report) = g.authorize(&ask()).unwrap().read(&bad, NOW) {
                prop_assert_eq!(report.amount, money(1_999, "USD"));
                prop_assert!(report.reference.bytes().all(|b| b.is_ascii_digit()));
            }
            if let Ok(report) = g.retrieve(&taken(false)).unwrap().read(&bad, NOW) {
                prop_assert_eq!(report.reference.as_str(), PAYMENT);
                prop_assert_eq!(report.operation_id, Some(operation(1)));
            }
            if let Ok(Some(report)) = g.find(&ask()).unwrap().read(&bad, NOW) {
                prop_assert!(report.captured_minor <= report.amount.amount);
            }
            _ = g.whose(PAYMENT).unwrap().read(&bad, NOW);
            let refunding = g.refunding().unwrap();
            for ask in [refund_ask(1_999, false), refund_ask(700, true)] {
                _ = refunding.refund(&ask).unwrap().read(&bad, NOW);
                _ = refunding.find_refund(&ask).unwrap().read(&bad, NOW);
            }
            let window = Window { from: NOW.plus_seconds(-86_400), to: NOW };
            for cursor in [None, Some("1")] {
                _ = g.listing().unwrap().list(window, cursor).unwrap().read(&bad, NOW);
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_notification_makes_the_parser_panic(changes in prop::collection::vec(change(), 1..4)) {
        let good = event("authcapture.created", PAYMENT).to_string();
        let body = changed_by(good.as_bytes(), &changes);
        let header = signature(NEW_KEY, &body);
        let lookup = |name: &str| (name == "x-anet-signature").then(|| header.clone());
        gateway(|g| {
            _ = g.verify(&lookup, &body, None, NOW);
            _ = g.doubted_reference(&body);
        });
    }
}
