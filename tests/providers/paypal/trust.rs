//! Whose webhooks are believed: the signature, the certificate behind it, where that came from, and
//! when all this was.

use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    Evidence, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;

use super::*;

type Verdict = Result<VerifiedEvent, WebhookRefusal>;

const BAD: Result<(), WebhookRefusal> = Err(WebhookRefusal::BadSignature);
const STALE: Result<(), WebhookRefusal> = Err(WebhookRefusal::Stale);

fn body() -> Vec<u8> {
    let mut capture = capture("COMPLETED", "19.99");
    capture["supplementary_data"] = json!({"related_ids": {"order_id": ORDER}});
    event("PAYMENT.CAPTURE.COMPLETED", capture).to_string().into_bytes()
}

/// A gateway with other variables than the usual.
fn with<T>(more: &[(&str, &str)], work: impl FnOnce(&dyn PaymentGateway) -> T) -> T {
    let settings = PaymentSettings::from_variables(|name| {
        let usual = VARIABLES.iter().chain(&[("ENVIRONMENT", "development")]);
        let found = more.iter().chain(usual).find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    let settings = settings.unwrap();
    work(registry::gateway(&settings, Gateway::Paypal).unwrap().as_ref())
}

fn lookup(incoming: &Incoming) -> impl Fn(&str) -> Option<String> + '_ {
    |name| incoming.headers.iter().find(|(header, _)| header == name).map(|(_, v)| v.clone())
}

fn wanted(gateway: &dyn PaymentGateway, incoming: &Incoming) -> Result<Evidence, WebhookRefusal> {
    gateway.evidence(&lookup(incoming), &incoming.body, NOW).map(Option::unwrap)
}

/// As the API does it: evidence first.
fn arrive(gateway: &dyn PaymentGateway, incoming: &Incoming, now: Timestamp) -> Verdict {
    gateway.evidence(&lookup(incoming), &incoming.body, now)?;
    let evidence = incoming.evidence.as_ref();
    gateway.verify(&lookup(incoming), &incoming.body, evidence, now)
}

fn judge(incoming: &Incoming) -> Result<(), WebhookRefusal> {
    paypal(|gateway| arrive(gateway, incoming, NOW).map(|_| ()))
}

#[test]
fn a_rightly_signed_event_is_believed_under_any_of_our_webhook_ids() {
    let body = body();
    for webhook_id in ["1JE4291016473214C", "0EH40505U7160970P"] {
        let signing = Signing { webhook_id, ..Signing::default() };
        assert_eq!(judge(&signing.sign(&body)), Ok(()), "{webhook_id}");
    }
    for webhook_id in ["9JE4291016473214C", "", "1je4291016473214c"] {
        let signing = Signing { webhook_id, ..Signing::default() };
        assert_eq!(judge(&signing.sign(&body)), BAD, "{webhook_id}");
    }
}

#[test]
fn only_a_chain_to_a_trusted_root_for_paypals_name_is_believed() {
    let table = [
        ("good", include_str!("certificates/good.pem"), Ok(())),
        ("with its root", include_str!("certificates/good_with_root.pem"), Ok(())),
        ("paypal.com itself, by the root", include_str!("certificates/bare.pem"), Ok(())),
        ("without its issuer", include_str!("certificates/good_alone.pem"), BAD),
        ("expired", include_str!("certificates/expired.pem"), BAD),
        ("not yet good", include_str!("certificates/early.pem"), BAD),
        ("issuer expired", include_str!("certificates/old_middle.pem"), BAD),
        ("another name", include_str!("certificates/other_name.pem"), BAD),
        ("our name as a prefix", include_str!("certificates/suffix_name.pem"), BAD),
        ("a root of that name, not ours", include_str!("certificates/by_stranger.pem"), BAD),
        ("issued by no authority", include_str!("certificates/by_leaf.pem"), BAD),
        ("deeper than allowed", include_str!("certificates/below_deep.pem"), BAD),
        ("self-signed", include_str!("certificates/self_signed.pem"), BAD),
        ("an unheard-of critical extension", include_str!("certificates/odd.pem"), BAD),
        ("not for signatures", include_str!("certificates/encrypting.pem"), BAD),
        ("a short key", include_str!("certificates/short.pem"), BAD),
    ];
    let body = body();
    for (case, chain, expected) in table {
        let signing = Signing { chain, ..Signing::default() };
        assert_eq!(judge(&signing.sign(&body)), expected, "{case}");
    }
    // In production nobody can add a root, and the tests' own is no root.
    let settings = PaymentSettings::from_variables(|name| {
        let found = VARIABLES.iter().find(|(variable, _)| *variable == name);
        found.filter(|(name, _)| *name != "PAYPAL_WEBHOOK_ROOTS").map(|(_, v)| (*v).to_owned())
    })
    .unwrap();
    let gateway = registry::gateway(&settings, Gateway::Paypal).unwrap();
    assert_eq!(arrive(gateway.as_ref(), &sign(&body), NOW).map(|_| ()), BAD);
}

#[test]
fn without_a_certificate_nothing_can_be_said() {
    let good = sign(&body());
    let chain = GOOD_CHAIN.as_bytes();
    let many = GOOD_CHAIN.repeat(4);
    let huge = format!("{GOOD_CHAIN}{}", "\n".repeat(300_000));
    for evidence in [
        None,
        Some(reply(404, chain)),
        Some(reply(302, chain)),
        Some(reply(500, chain)),
        Some(reply(200, "")),
        Some(reply(200, "<html>be right back</html>")),
        Some(reply(200, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
        Some(reply(200, &chain[..chain.len() / 2])),
        Some(reply(200, many)),
        Some(reply(200, huge)),
    ] {
        let incoming = Incoming { evidence, ..good.clone() };
        let result = judge(&incoming);
        assert_eq!(result, Err(WebhookRefusal::Unverifiable), "{:?}", incoming.evidence);
    }
}

#[test]
fn an_altered_webhook_is_refused() {
    let body = body();
    let good = sign(&body);
    let mut flipped = body.clone();
    flipped[40] ^= 1;
    let value: Value = serde_json::from_slice(&body).unwrap();
    for (case, altered) in [
        ("a bit flipped", flipped),
        ("truncated", body[..body.len() - 1].to_vec()),
        ("a space more", [&body[..], b" "].concat()),
        ("re-serialised", serde_json::to_vec_pretty(&value).unwrap()),
        ("empty", Vec::new()),
    ] {
        assert_eq!(judge(&Incoming { body: altered, ..good.clone() }), BAD, "{case}");
    }
    let large = vec![b' '; MAX_WEBHOOK_BYTES + 1];
    assert_eq!(judge(&sign(&large)), BAD, "too large, and rightly signed");
    let header = |name: &str, value: &str| {
        let mut altered = good.clone();
        altered.headers.iter_mut().find(|(header, _)| header == name).unwrap().1 = value.to_owned();
        altered
    };
    let signature = good.headers[2].1.clone();
    let time = at(0);
    for (name, value) in [
        ("paypal-transmission-id", ""),
        ("paypal-transmission-id", "another"),
        ("paypal-transmission-id", "b0e1c0f0|x"),
        ("paypal-transmission-time", "2026-01-01T00:00:01Z"),
        ("paypal-transmission-time", "1767225600"),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-transmission-sig", ""),
        ("paypal-transmission-sig", "AAAA"),
        ("paypal-transmission-sig", "not base64!"),
        ("paypal-transmission-sig", signature.split_at(340).0),
        ("paypal-transmission-sig", &format!("{signature}\n")),
        ("paypal-transmission-sig", &"A".repeat(4_000)),
        ("paypal-auth-algo", "SHA1withRSA"),
        ("paypal-auth-algo", "sha256withrsa"),
        ("paypal-auth-algo", "none"),
    ] {
        assert_eq!(judge(&header(name, value)), BAD, "{name}: {value}");
    }
    assert_eq!(judge(&header("paypal-transmission-time", &time)), Ok(()));
    for at in 0..good.headers.len() {
        let mut without = good.clone();
        without.headers.remove(at);
        assert_eq!(judge(&without), BAD, "without {}", good.headers[at].0);
    }
}

#[test]
fn a_recording_is_stale_before_anything_is_fetched_for_it() {
    let body = body();
    for (offset, expected) in
        [(0, Ok(())), (-300, Ok(())), (300, Ok(())), (-301, STALE), (301, STALE), (-86_400, STALE)]
    {
        let signing = Signing { time: at(offset), ..Signing::default() };
        let incoming = signing.sign(&body);
        assert_eq!(judge(&incoming), expected, "{offset} s");
        let fetched = paypal(|gateway| wanted(gateway, &incoming).map(|_| ()));
        assert_eq!(fetched, expected, "{offset} s");
        // Whoever has no key does not learn whether the time was right.
        let judged = paypal(|gateway| {
            let forged = Incoming { body: b"{}".to_vec(), ..incoming.clone() };
            gateway.verify(&lookup(&forged), &forged.body, forged.evidence.as_ref(), NOW)
        });
        assert_eq!(judged.map(|_| ()), BAD);
    }
}

#[test]
fn certificates_are_fetched_from_paypal_and_nowhere_else() {
    let body = body();
    let fetched = |certificate_url: &str, base: &str| {
        let signing = Signing { certificate_url, ..Signing::default() };
        with(&[("PAYPAL_BASE_URL", base)], |gateway| wanted(gateway, &signing.sign(&body)))
    };
    let live = "https://api-m.paypal.com";
    for url in [
        "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT_1",
        "https://API.PAYPAL.COM:443/v1/notifications/certs/CERT_1",
    ] {
        let evidence = fetched(url, live).unwrap();
        assert!(evidence.reusable && !evidence.with_token);
        let request = wire(&evidence.request);
        assert!(request.starts_with("GET https://api."), "{request}");
        assert!(request.ends_with("\naccept: */*\n\n"), "{request}");
    }
    for url in [
        "http://api.paypal.com/v1/notifications/certs/CERT_1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT_1",
        "https://evil.example/v1/notifications/certs/CERT_1",
        "https://paypal.com/v1/notifications/certs/CERT_1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT_1",
        "https://user@api.paypal.com/v1/notifications/certs/CERT_1",
        "https://:x@api.paypal.com/v1/notifications/certs/CERT_1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT_1",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../webhooks",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e/webhooks",
        "https://api.paypal.com/v1/notifications/certs/a/b",
        "https://api.paypal.com/v1/notifications/certs/CERT_1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT_1#x",
        "https://api.paypal.com/other/CERT_1",
        "https://evil.example\\@api.paypal.com/v1/notifications/certs/CERT_1",
        "//api.paypal.com/v1/notifications/certs/CERT_1",
        "file:///v1/notifications/certs/CERT_1",
        "http://127.0.0.1:8789/v1/notifications/certs/CERT_1",
    ] {
        let refused = fetched(url, live).map(|_| ());
        assert_eq!(refused, BAD, "{url}");
    }
    // In development PayPal may be played on this machine.
    let local = "http://127.0.0.1:8789";
    assert!(fetched("http://127.0.0.1:8789/v1/notifications/certs/CERT_1", local).is_ok());
    assert_eq!(
        fetched("http://127.0.0.1:8790/v1/notifications/certs/CERT_1", local).map(|_| ()),
        BAD
    );
}

const BY_API: [(&str, &str); 2] =
    [("PAYPAL_WEBHOOK_VERIFICATION", "api"), ("PAYPAL_WEBHOOK_ID", WEBHOOK_ID)];

#[test]
fn paypals_own_verdict_is_asked_with_the_event_as_it_came() {
    // Spaces and the order of fields are the sender's.
    let body = br#"{ "id" : "WH-1",  "event_type":"X", "create_time": "2026-01-01T00:00:00Z" }"#;
    let incoming = sign(body);
    let evidence = with(&BY_API, |gateway| wanted(gateway, &incoming)).unwrap();
    assert!(evidence.with_token && !evidence.reusable);
    let signature = &incoming.headers[2].1;
    assert_eq!(
        wire(&evidence.request),
        format!(
            "POST https://api-m.paypal.com/v1/notifications/verify-webhook-signature\n\
             accept: application/json\ncontent-type: application/json\n\n\
             {{\"auth_algo\":\"SHA256withRSA\",\
             \"cert_url\":\"https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594\",\
             \"transmission_id\":\"b0e1c0f0-e6a1-11ee-8f6d-0242ac120002\",\
             \"transmission_sig\":\"{signature}\",\
             \"transmission_time\":\"2026-01-01T00:00:00Z\",\
             \"webhook_id\":\"1JE4291016473214C\",\
             \"webhook_event\":{}}}",
            std::str::from_utf8(body).unwrap()
        )
    );
    for bad in [&b"{},\"webhook_id\":\"X\""[..], b"[]", b"1", b"", b"{", b"{\"a\":\"\xff\"}"] {
        let refused = with(&BY_API, |gateway| wanted(gateway, &sign(bad)).map(|_| ()));
        assert_eq!(refused, BAD, "{bad:?}");
    }
}

#[test]
fn only_paypals_success_is_believed() {
    let good = sign(&body());
    let judge = |evidence: Option<HttpReply>, now| {
        let incoming = Incoming { evidence, ..good.clone() };
        with(&BY_API, |gateway| {
            let evidence = incoming.evidence.as_ref();
            gateway.verify(&lookup(&incoming), &incoming.body, evidence, now).map(|_| ())
        })
    };
    let says = |status: &str| json_reply(200, &json!({"verification_status": status}));
    assert_eq!(judge(Some(says("SUCCESS")), NOW), Ok(()));
    assert_eq!(judge(Some(says("SUCCESS")), NOW.plus_seconds(400)), STALE);
    assert_eq!(judge(Some(says("FAILURE")), NOW), BAD);
    let unverifiable = Err(WebhookRefusal::Unverifiable);
    let mut late = says("SUCCESS");
    late.status = 500;
    for evidence in
        [None, Some(late), Some(says("success")), Some(reply(200, "{}")), Some(revoked())]
    {
        assert_eq!(judge(evidence.clone(), NOW), unverifiable, "{evidence:?}");
    }
}

#[test]
fn rightly_signed_nonsense_is_malformed_and_never_a_panic() {
    let deep = "[".repeat(100_000);
    for body in [&b""[..], b"null", b"{}", b"\xff\xfe", b"<html>", deep.as_bytes()] {
        let result = judge(&sign(body));
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{result:?}");
    }
}
