//! FAULTS row 7, over the gateways that sign as Stripe does: forged, replayed and mangled webhooks.
//! `fuzz` has the forgeries by chance, over all of them.

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal};
use cartwright::providers::payment::settings::Secret;
use cartwright::providers::payment::signature;

use crate::support::*;

fn verify(
    gateway: Gateway,
    header: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> Result<VerifiedEvent, WebhookRefusal> {
    let lookup =
        |name: &str| header.filter(|_| name == signature_header(gateway)).map(ToOwned::to_owned);
    with_gateway(gateway, |g| g.verify(&lookup, body, None, now))
}

const BAD: Result<(), WebhookRefusal> = Err(WebhookRefusal::BadSignature);
const STALE: Result<(), WebhookRefusal> = Err(WebhookRefusal::Stale);

#[test]
fn only_a_right_and_fresh_signature_over_the_raw_bytes_is_believed() {
    for gateway in STRIPES_SCHEME {
        let body = event_body(gateway);
        let t = NOW_SECONDS.to_string();
        let good = mac(NEW_SECRET, &t, &body);
        let old = mac(OLD_SECRET, &t, &body);
        let wrong = mac("whsec_other", &t, &body);
        let at = |offset: i64| signed(NEW_SECRET, NOW_SECONDS + offset, &body);
        // Signed with the right secret over exactly this text for `t`, so that only the text is wrong.
        let text = |t: &str| format!("t={t},v1={}", mac(NEW_SECRET, t, &body));
        let table: Vec<(&str, String, Result<(), WebhookRefusal>)> = vec![
            ("good", at(0), Ok(())),
            ("the old secret, during a rotation", format!("t={t},v1={old}"), Ok(())),
            ("a second v1 is right", format!("t={t},v1={wrong},v1={good}"), Ok(())),
            ("another scheme beside it", format!("t={t},v1={good},v0={wrong}"), Ok(())),
            ("v1 before t", format!("v1={good},t={t}"), Ok(())),
            ("300 s old", at(-300), Ok(())),
            ("300 s ahead", at(300), Ok(())),
            ("301 s old", at(-301), STALE),
            ("301 s ahead", at(301), STALE),
            ("a recording from last year", at(-31_536_000), STALE),
            ("a foreign secret", format!("t={t},v1={wrong}"), BAD),
            ("a foreign secret, and old", signed("whsec_other", 1, &body), BAD),
            ("v1 missing", format!("t={t}"), BAD),
            ("v1 empty", format!("t={t},v1="), BAD),
            ("several v1, all wrong", format!("t={t},v1={wrong},v1={wrong}"), BAD),
            ("v0 only", format!("t={t},v0={good}"), BAD),
            ("upper-case hex", format!("t={t},v1={}", good.to_uppercase()), BAD),
            ("half of it", format!("t={t},v1={good:.32}"), BAD),
            ("one digit more", format!("t={t},v1={good}0"), BAD),
            ("t missing", format!("v1={good}"), BAD),
            ("t twice", format!("t={t},t={t},v1={good}"), BAD),
            ("t of another moment", format!("t={},v1={good}", NOW_SECONDS - 1), BAD),
            ("t empty", text(""), BAD),
            ("t not a number", text("NaN"), BAD),
            ("t negative", text("-1767225600"), BAD),
            ("t with a sign", text("+1767225600"), BAD),
            ("t with a fraction", text("1767225600.0"), BAD),
            ("t in hexadecimal", text("0x69557e80"), BAD),
            ("t of 2^63", text("9223372036854775808"), BAD),
            ("t far beyond any number", text(&"9".repeat(400)), BAD),
            ("t of the year 5138", text("99999999999"), STALE),
            ("t of 0", text("0"), STALE),
            ("spaces", format!("t={t}, v1={good}"), BAD),
            ("semicolons", format!("t={t};v1={good}"), BAD),
            ("empty", String::new(), BAD),
            ("commas", ",,,,".to_owned(), BAD),
            ("a thousand guesses", format!("t={t}{},v1={good}", ",v1=00".repeat(1_000)), BAD),
        ];
        for (case, header, expected) in table {
            let result = verify(gateway, Some(&header), &body, NOW).map(|_| ());
            assert_eq!(result, expected, "{gateway:?}: {case}");
        }
        assert_eq!(verify(gateway, None, &body, NOW).map(|_| ()), BAD, "no header");
    }
}

#[test]
fn a_changed_body_is_refused() {
    for gateway in STRIPES_SCHEME {
        let body = event_body(gateway);
        let header = signed(NEW_SECRET, NOW_SECONDS, &body);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let mut altered = body.clone();
        altered[10] ^= 1;
        let mut longer = body.clone();
        longer.push(b' ');
        let bodies: [(&str, Vec<u8>); 6] = [
            ("one bit altered", altered),
            ("truncated", body[..body.len() - 1].to_vec()),
            ("a space more", longer),
            ("re-serialised", serde_json::to_vec_pretty(&value).unwrap()),
            ("empty", Vec::new()),
            ("too large", vec![b' '; MAX_WEBHOOK_BYTES + 1]),
        ];
        for (case, changed) in bodies {
            let result = verify(gateway, Some(&header), &changed, NOW).map(|_| ());
            assert_eq!(result, BAD, "{gateway:?}: {case}");
        }
        // Too large is refused even if it is rightly signed.
        let large = vec![b' '; MAX_WEBHOOK_BYTES + 1];
        let header = signed(NEW_SECRET, NOW_SECONDS, &large);
        assert_eq!(verify(gateway, Some(&header), &large, NOW).map(|_| ()), BAD);
    }
}

#[test]
fn rightly_signed_nonsense_is_malformed_and_never_a_panic() {
    for gateway in STRIPES_SCHEME {
        let deep = "[".repeat(100_000);
        let bodies: [&[u8]; 8] = [
            b"",
            b"null",
            b"[]",
            b"{}",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe",
            b"<html>",
            deep.as_bytes(),
        ];
        for body in bodies {
            let header = signed(NEW_SECRET, NOW_SECONDS, body);
            let result = verify(gateway, Some(&header), body, NOW);
            assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{result:?}");
        }
    }
}

/// Headers that the official `stripe` package (23.1.0) made.
#[test]
fn signatures_of_the_official_package_are_right() {
    let vectors = [
        (
            "{\"id\":\"evt_vector\",\"object\":\"event\"}",
            "whsec_vector",
            1_767_225_600,
            "t=1767225600,v1=8b260084d25ae9bb1fed966a8274602a7f6061d0b7d937f901e98e383ee8458c",
        ),
        (
            "{\"name\":\"Zoë 🛒\",\"n\":1}\r\n",
            "whsec_zweites/Geheimnis+=",
            1_800_000_000,
            "t=1800000000,v1=3835965a6f901c08a4c4369a5114a0c67f2574bae2104c8392efec30be78a8a3",
        ),
    ];
    for (body, secret, seconds, header) in vectors {
        let secrets = [Secret::new("whsec_other").unwrap(), Secret::new(secret).unwrap()];
        let now = Timestamp::from_milliseconds(seconds * 1_000);
        assert_eq!(signature::check(header, body.as_bytes(), &secrets, now), Ok(()));
        assert_eq!(signature::check(header, body.as_bytes(), &secrets[..1], now), BAD);
    }
}
