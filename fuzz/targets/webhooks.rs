//! What gateways send by themselves, and what browsers bring back from them. A file of a webhook is its headers, an
//! empty line, and its body. As it comes it is never believed, since nobody but the gateway has the secret; signed
//! rightly it is, and says nothing that can't be.

use std::sync::OnceLock;

use base64ct::{Base64, Encoding};
use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    EventNews, Evidence, HttpReply, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;
use hmac::{Hmac, KeyInit, Mac};
use rsa::PrivateKey;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::DecodePrivateKey;
use sha2::{Digest, Sha256, Sha512};
use url::Url;

use super::gateways::{
    NOW, RETURN_SECRET, WEBHOOK_SECRET, assert_sound, assert_sound_movement, is_harmless, known,
    payment, settings,
};
use super::head_and_body;
use super::json::Json;

const CHAIN: &str = include_str!("../../tests/providers/paypal/certificates/good.pem");
/// The key's own certificate once more, of few words and as good.
const BARE: &str = include_str!("../../tests/providers/paypal/certificates/bare.pem");
const TRANSMISSION: &str = "b0e1c0f0-e6a1-11ee-8f6d-0242ac120002";
const WEBHOOK_ID: &str = "1JE4291016473214C";

type Headers = Vec<(String, String)>;

fn usual() -> &'static PaymentSettings {
    static SETTINGS: OnceLock<PaymentSettings> = OnceLock::new();
    SETTINGS.get_or_init(|| settings(&[]))
}

/// Where PayPal is asked about every webhook.
fn asking() -> &'static PaymentSettings {
    static SETTINGS: OnceLock<PaymentSettings> = OnceLock::new();
    SETTINGS.get_or_init(|| settings(&[("PAYPAL_WEBHOOK_VERIFICATION", "api")]))
}

/// Without the certificates and hosts of development.
fn in_production() -> &'static PaymentSettings {
    static SETTINGS: OnceLock<PaymentSettings> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        settings(&[
            ("ENVIRONMENT", "production"),
            ("SANDBOX_ENABLED", "false"),
            ("PAYPAL_WEBHOOK_ROOTS", ""),
        ])
    })
}

fn judged(
    settings: &PaymentSettings,
    gateway: Gateway,
    headers: &Headers,
    body: &[u8],
    evidence: Option<&HttpReply>,
) -> Result<VerifiedEvent, WebhookRefusal> {
    let lookup = |name: &str| super::found(headers, name);
    let provider = registry::gateway(settings, gateway).unwrap();
    let wanted = provider.evidence(&lookup, body, NOW)?;
    provider.verify(&lookup, body, wanted.and(evidence), NOW)
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn reply(body: impl Into<Vec<u8>>) -> HttpReply {
    HttpReply { status: 200, headers: Vec::new(), body: body.into() }
}

fn sha256(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    hex::encode(mac.finalize().into_bytes())
}

/// The headers of a webhook that is rightly signed, so many seconds from now.
fn signed(gateway: Gateway, body: &[u8], seconds: i64) -> Headers {
    let stripes = |name| {
        let time = NOW.plus_seconds(seconds).seconds().to_string();
        let mac = sha256(WEBHOOK_SECRET, &[time.as_bytes(), b".", body]);
        vec![header(name, format!("t={time},v1={mac}"))]
    };
    match gateway {
        Gateway::Sandbox => stripes("sandbox-signature"),
        Gateway::Stripe => stripes("stripe-signature"),
        Gateway::Razorpay => {
            vec![header("x-razorpay-signature", sha256(WEBHOOK_SECRET, &[body]))]
        }
        Gateway::Paypal => transmission("AAAA", seconds),
        Gateway::AuthorizeNet => {
            let mut mac = Hmac::<Sha512>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
            mac.update(body);
            let mac = hex::encode_upper(mac.finalize().into_bytes());
            vec![header("x-anet-signature", format!("sha512={mac}"))]
        }
    }
}

fn transmission(signature: &str, seconds: i64) -> Headers {
    vec![
        header("paypal-transmission-id", TRANSMISSION),
        header("paypal-transmission-time", NOW.plus_seconds(seconds).rfc3339()),
        header("paypal-transmission-sig", signature),
        header("paypal-cert-url", "https://api.paypal.com/v1/notifications/certs/CERT-1"),
        header("paypal-auth-algo", "SHA256withRSA"),
    ]
}

pub fn sandbox(bytes: &[u8]) {
    by_secret(Gateway::Sandbox, bytes);
}

pub fn stripe(bytes: &[u8]) {
    by_secret(Gateway::Stripe, bytes);
}

pub fn razorpay(bytes: &[u8]) {
    by_secret(Gateway::Razorpay, bytes);
}

pub fn authorize_net(bytes: &[u8]) {
    by_secret(Gateway::AuthorizeNet, bytes);
}

fn by_secret(gateway: Gateway, bytes: &[u8]) {
    let (headers, body) = head_and_body(bytes);
    let as_it_came = judged(usual(), gateway, &headers, body, None);
    assert_eq!(as_it_came, Err(WebhookRefusal::BadSignature), "believed without its secret");
    let right = signed(gateway, body, 0);
    let told = judged(usual(), gateway, &right, body, None);
    if let Ok(event) = &told {
        assert_possible(event);
        // Told again, it is the same event.
        assert_eq!(judged(usual(), gateway, &right, body, None).as_ref(), Ok(event));
    }
    let unreadable = matches!(told, Err(WebhookRefusal::Malformed { .. }));
    assert!(told.is_ok() || unreadable || body.len() > MAX_WEBHOOK_BYTES, "{told:?}");
    // The signature of one body is no other's.
    let mut other = body.to_vec();
    other.push(b' ');
    let forged = judged(usual(), gateway, &right, &other, None);
    assert_eq!(forged, Err(WebhookRefusal::BadSignature));
    if matches!(gateway, Gateway::Sandbox | Gateway::Stripe) && body.len() <= MAX_WEBHOOK_BYTES {
        for seconds in [-301, 301] {
            let late = judged(usual(), gateway, &signed(gateway, body, seconds), body, None);
            assert_eq!(late, Err(WebhookRefusal::Stale));
        }
    }
    assert_doubt_is_harmless(gateway, body);
}

/// PayPal's, by its certificate and by its own word.
pub fn paypal(bytes: &[u8]) {
    let gateway = Gateway::Paypal;
    let (headers, body) = head_and_body(bytes);
    let as_it_came = judged(usual(), gateway, &headers, body, Some(&reply(CHAIN)));
    assert!(as_it_came.is_err(), "believed without its key");
    let lookup = |name: &str| super::found(&headers, name);
    let provider = registry::gateway(in_production(), gateway).unwrap();
    if let Ok(Some(wanted)) = provider.evidence(&lookup, body, NOW) {
        assert_pinned(&wanted);
    }
    let right = signed(gateway, body, 0);
    let by_word = |word: &str| {
        let verdict = reply(format!(r#"{{"verification_status":"{word}"}}"#));
        judged(asking(), gateway, &right, body, Some(&verdict))
    };
    if let Ok(event) = by_word("SUCCESS") {
        assert_possible(&event);
        assert_eq!(by_word("FAILURE"), Err(WebhookRefusal::BadSignature));
        assert_eq!(by_word(""), Err(WebhookRefusal::Unverifiable));
        let unasked = judged(asking(), gateway, &right, body, None);
        assert_eq!(unasked, Err(WebhookRefusal::Unverifiable));
    }
    let old = judged(asking(), gateway, &signed(gateway, body, -301), body, None);
    assert!(old.is_err());
    // Asked about, the event stands where it belongs and brings nothing of its own.
    let lookup = |name: &str| super::found(&right, name);
    let provider = registry::gateway(asking(), gateway).unwrap();
    if let Ok(Some(wanted)) = provider.evidence(&lookup, body, NOW) {
        let question = std::str::from_utf8(&wanted.request.body).unwrap();
        if let Some(Json::Object(members)) = Json::of(question) {
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            let fields = [
                "auth_algo",
                "cert_url",
                "transmission_id",
                "transmission_sig",
                "transmission_time",
                "webhook_id",
                "webhook_event",
            ];
            assert_eq!(names, fields, "{question}");
        }
    }
    assert_doubt_is_harmless(gateway, body);
}

/// A certificate is fetched from PayPal alone.
fn assert_pinned(wanted: &Evidence) {
    let url = Url::parse(&wanted.request.url).unwrap();
    let hosts = ["api.paypal.com", "api.sandbox.paypal.com"];
    assert!(url.scheme() == "https" && hosts.contains(&url.host_str().unwrap()), "{url}");
    assert!(url.port().is_none() && url.username().is_empty() && url.password().is_none(), "{url}");
    assert!(url.path().starts_with("/v1/notifications/certs/"), "{url}");
    assert!(!url.path().contains("..") && url.query().is_none(), "{url}");
    assert!(!wanted.with_token, "{url}");
}

fn assert_possible(event: &VerifiedEvent) {
    assert!(is_harmless(&event.event_id) && !event.event_id.is_empty(), "{event:?}");
    assert!(is_harmless(&event.kind), "{event:?}");
    assert!(event.occurred_at >= Timestamp::from_milliseconds(0), "{event:?}");
    match &event.news {
        EventNews::Nothing => {}
        EventNews::Payment(report) => assert_sound(report),
        EventNews::Movements { reference, movements } => {
            assert!(is_harmless(reference), "{event:?}");
            movements.iter().for_each(assert_sound_movement);
        }
        EventNews::AskAbout { reference } => assert!(is_harmless(reference), "{event:?}"),
    }
}

/// What is not believed may name a payment to ask about, and it can be asked about.
fn assert_doubt_is_harmless(gateway: Gateway, body: &[u8]) {
    let provider = registry::gateway(usual(), gateway).unwrap();
    if let Some(reference) = provider.doubted_reference(body) {
        assert!(is_harmless(&reference), "{reference:?}");
        if let Ok(call) = provider.whose(&reference) {
            assert!(Url::parse(&call.request.url).is_ok(), "{}", call.request.url);
        }
    }
}

/// The file of a certificate, for a webhook that is signed by the key of ours: believed only by its certificate.
pub fn certificates(bytes: &[u8]) {
    const BODY: &[u8] =
        br#"{"id":"WH-1","event_type":"X","create_time":"2026-01-01T00:00:00Z","resource":{}}"#;
    /// The CRC-32 of the body, as PayPal signs it.
    const CHECK: u32 = 1_392_868_134;
    static HEADERS: OnceLock<Headers> = OnceLock::new();
    let headers = HEADERS.get_or_init(|| {
        let key = include_bytes!("../../tests/providers/paypal/certificates/leaf.der");
        let key = PrivateKey::from_pkcs8_der(key).unwrap();
        let text = format!("{TRANSMISSION}|{}|{WEBHOOK_ID}|{CHECK}", NOW.rfc3339());
        let hash = Sha256::digest(text.as_bytes());
        let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &hash).unwrap();
        let headers = transmission(&Base64::encode_string(&signature), 0);
        let good = judged(usual(), Gateway::Paypal, &headers, BODY, Some(&reply(CHAIN)));
        assert!(good.is_ok(), "{good:?}");
        headers
    });
    let answer = judged(usual(), Gateway::Paypal, headers, BODY, Some(&reply(bytes)));
    if answer.is_ok() {
        let squeezed =
            |text: &str| -> String { text.chars().filter(|sign| !sign.is_whitespace()).collect() };
        let file = squeezed(&String::from_utf8_lossy(bytes));
        let known = [CHAIN, BARE].map(|chain| squeezed(chain.split("-----").nth(2).unwrap()));
        assert!(known.iter().any(|leaf| file.contains(leaf)), "another certificate is believed");
    }
}

/// The parameters with which a browser comes back: where they are signed, only the gateway can have made them.
pub fn returns(bytes: &[u8]) {
    let parameters: Vec<(String, String)> = url::form_urlencoded::parse(bytes)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let parameter = |name: &str| super::found(&parameters, name);
    for gateway in Gateway::ALL {
        let provider = registry::gateway(usual(), gateway).unwrap();
        let answer = provider.check_return(&payment(gateway, true), &parameter);
        if gateway == Gateway::Razorpay && answer.is_ok() {
            let reference = known(gateway).reference;
            let charge = parameter("razorpay_payment_id").unwrap();
            let right = sha256(RETURN_SECRET, &[reference.as_bytes(), b"|", charge.as_bytes()]);
            assert_eq!(parameter("razorpay_signature"), Some(right));
            assert_eq!(parameter("razorpay_order_id").as_deref(), Some(reference));
        }
    }
}
