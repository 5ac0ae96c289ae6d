//! What gateways answer. A file is the question in a line (`retrieve 200`: the call and the status of the reply)
//! and the body of the reply. Whatever it says, nothing is believed that is out of range or about another payment,
//! and no more money than the body speaks of.

use std::sync::OnceLock;

use cartwright::domain::id::{OperationId, OrderId, ShardNumber};
use cartwright::domain::money::{MAX_AMOUNT_MINOR, Money};
use cartwright::domain::payment::{
    Absorbed, BuyerAction, CallFailure, CaptureMode, Gateway, MovementReport, OperationKind,
    Payment, PaymentReport,
};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    AccessToken, AuthorizeAsk, BuildError, Call, CaptureAsk, HttpReply, KnownPayment, ListedPage,
    PaymentGateway, Recovery, RefundAsk, RefundRecovery, VoidAsk, Window,
};
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;
use url::Url;
use uuid::Uuid;

use super::first_line;
use super::json::Json;

/// 2026-01-01T00:00:00.250Z.
pub const NOW: Timestamp = Timestamp::from_milliseconds(1_767_225_600_250);

const FULL: i64 = 1_999;
const PART: i64 = 1_200;

/// Keys of no account.
pub const WEBHOOK_SECRET: &str = "secret_of_the_fuzzing_alone";
pub const RETURN_SECRET: &str = "secret_of_fuzzed_returns";
const VARIABLES: [(&str, &str); 18] = [
    ("ENVIRONMENT", "development"),
    ("SANDBOX_ENABLED", "true"),
    ("SANDBOX_BASE_URL", "http://127.0.0.1:8788"),
    ("SANDBOX_API_KEY", "fuzzed"),
    ("SANDBOX_WEBHOOK_SECRET", WEBHOOK_SECRET),
    ("STRIPE_SECRET_KEY", "fuzzed"),
    ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
    ("RAZORPAY_KEY_ID", "rzp_test_key"),
    ("RAZORPAY_KEY_SECRET", RETURN_SECRET),
    ("RAZORPAY_WEBHOOK_SECRET", WEBHOOK_SECRET),
    ("PAYPAL_CLIENT_ID", "fuzzed"),
    ("PAYPAL_CLIENT_SECRET", "fuzzed"),
    ("PAYPAL_WEBHOOK_ID", "1JE4291016473214C"),
    ("PAYPAL_WEBHOOK_ROOTS", include_str!("../../tests/providers/paypal/certificates/root.pem")),
    ("AUTHORIZE_NET_LOGIN_ID", "fuzzed"),
    ("AUTHORIZE_NET_TRANSACTION_KEY", "fuzzed"),
    ("AUTHORIZE_NET_SIGNATURE_KEY", WEBHOOK_SECRET),
    ("AUTHORIZE_NET_CURRENCIES", "USD"),
];

/// Every gateway's settings; `others` come before what is usual.
pub fn settings(others: &[(&str, &str)]) -> PaymentSettings {
    let variable = |name: &str| {
        let mut known = others.iter().chain(&VARIABLES);
        known.find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    };
    PaymentSettings::from_variables(variable).unwrap()
}

fn usual() -> &'static PaymentSettings {
    static SETTINGS: OnceLock<PaymentSettings> = OnceLock::new();
    SETTINGS.get_or_init(|| settings(&[]))
}

fn operation(number: u128) -> OperationId {
    OperationId::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_1000 | number))
}

fn order_id() -> OrderId {
    OrderId::new(ShardNumber(7), Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001))
}

fn usd(minor: i64) -> Money {
    Money::new(minor, "USD".parse().unwrap())
}

/// A payment as its gateway knows it: its identity, what captures and refunds name, and a capture.
pub struct Known {
    pub reference: &'static str,
    charge: Option<&'static str>,
    capture: Option<&'static str>,
}

pub fn known(gateway: Gateway) -> Known {
    let (reference, charge, capture) = match gateway {
        Gateway::Sandbox => ("sbx_0011223344556677", None, None),
        Gateway::Stripe => ("pi_3Qx7dE2eZvKYlo2C0abcdEFG", None, None),
        Gateway::Razorpay => ("order_Rz7dE2eZvKYlo2", Some("pay_Rz7dF9aQxTcW01"), None),
        Gateway::Paypal => {
            ("5O190127TN364715T", Some("0AW2184448108334S"), Some("3C679366HH908993F"))
        }
        Gateway::AuthorizeNet => ("2228446239", None, None),
    };
    Known { reference, charge, capture }
}

pub fn payment(gateway: Gateway, is_settled: bool) -> KnownPayment {
    let Known { reference, charge, .. } = known(gateway);
    KnownPayment {
        order_id: order_id(),
        started_by: operation(1),
        reference: reference.to_owned(),
        amount: usd(FULL),
        charge: charge.map(str::to_owned),
        card_last_four: Some("1111".to_owned()),
        settled: Some(is_settled),
    }
}

fn start(gateway: Gateway, capture: CaptureMode) -> AuthorizeAsk {
    let nonce = "eyJjb2RlIjoiNTBfMl8wNjAwMDUzIiwidG9rZW4iOiI5NTk=";
    AuthorizeAsk {
        operation_id: operation(1),
        order_id: order_id(),
        amount: usd(FULL),
        capture,
        method: (gateway == Gateway::AuthorizeNet).then(|| nonce.to_owned()),
        return_url: None,
        email: None,
        description: None,
        statement_descriptor: None,
        billing: None,
    }
}

pub fn sandbox(bytes: &[u8]) {
    play(Gateway::Sandbox, bytes);
}

pub fn stripe(bytes: &[u8]) {
    play(Gateway::Stripe, bytes);
}

pub fn razorpay(bytes: &[u8]) {
    play(Gateway::Razorpay, bytes);
}

pub fn paypal(bytes: &[u8]) {
    play(Gateway::Paypal, bytes);
}

pub fn authorize_net(bytes: &[u8]) {
    play(Gateway::AuthorizeNet, bytes);
}

fn play(gateway: Gateway, bytes: &[u8]) {
    let Some((line, body)) = first_line(bytes) else { return };
    let Some((call, status)) = line.split_once(' ') else { return };
    let Ok(status) = status.parse() else { return };
    let reply = HttpReply { status, headers: Vec::new(), body: body.to_vec() };
    let provider = registry::gateway(usual(), gateway).unwrap();
    Asked { gateway, provider: provider.as_ref(), reply }.play(call);
}

struct Asked<'a> {
    gateway: Gateway,
    provider: &'a dyn PaymentGateway,
    reply: HttpReply,
}

impl Asked<'_> {
    fn play(&self, call: &str) {
        let ask = start(self.gateway, CaptureMode::Automatic);
        let holding = start(self.gateway, CaptureMode::OnRequest);
        let (short, day) = (60_000, 25 * 3_600_000);
        match call {
            "start" => self.payment(self.provider.authorize(&ask)),
            "hold" => self.payment(self.provider.authorize(&holding)),
            "recover" => self.recovered(&ask, short),
            "recover_late" => self.recovered(&ask, day),
            "find" => self.found(self.provider.find(&ask)),
            "retrieve" => self.payment(self.provider.retrieve(&payment(self.gateway, true))),
            "whose" => drop(self.read(self.provider.whose(known(self.gateway).reference))),
            "complete" | "complete_hold" => {
                let ask = if call == "complete" { &ask } else { &holding };
                let Some(completing) = self.provider.completing() else { return };
                self.payment(completing.complete(ask, &payment(self.gateway, true)));
            }
            "capture" => self.capture(FULL),
            "capture_part" => self.capture(PART),
            "void" => {
                let Some(voiding) = self.provider.voiding() else { return };
                let payment = payment(self.gateway, false);
                self.payment(voiding.void(&VoidAsk { operation_id: operation(2), payment }));
            }
            "list" => self.page(None),
            "list_next" => self.page(Some("2")),
            "token" => self.token(),
            _ => self.refund(call),
        }
    }

    fn read<T>(&self, call: Result<Call<T>, BuildError>) -> Option<T> {
        match call.ok()?.read(&self.reply, NOW) {
            Ok(said) => Some(said),
            Err(failure) => {
                assert!(is_harmless(&failure.to_string()), "{failure:?}");
                if let CallFailure::Refused { code, message } = &failure {
                    assert!(is_harmless(code) && is_harmless(message), "{failure:?}");
                }
                None
            }
        }
    }

    /// The money that the body speaks of, in minor units; what was asked counts too, since a gateway may say no more
    /// than yes.
    fn money(&self) -> i64 {
        let body = self.reply.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.reply.body);
        // Readers pass over what they do not need, be it text or not.
        let spoken = Json::of(&String::from_utf8_lossy(body)).map_or(0.0, |json| json.money());
        let scale = match self.gateway {
            Gateway::Paypal | Gateway::AuthorizeNet => 1_000.0,
            Gateway::Sandbox | Gateway::Stripe | Gateway::Razorpay => 1.0,
        };
        FULL.max((spoken * scale).ceil() as i64)
    }

    fn payment(&self, call: Result<Call, BuildError>) {
        if let Some(report) = self.read(call) {
            self.believed(&report);
        }
    }

    fn found(&self, call: Result<Call<Option<PaymentReport>>, BuildError>) {
        if let Some(Some(report)) = self.read(call) {
            self.believed(&report);
        }
    }

    fn recovered(&self, ask: &AuthorizeAsk, age: i64) {
        match self.provider.recover(ask, age) {
            Ok(Recovery::Repeat(call)) => self.payment(Ok(call)),
            Ok(Recovery::Search(call)) => self.found(Ok(call)),
            Err(_) => {}
        }
    }

    fn believed(&self, report: &PaymentReport) {
        assert_sound(report);
        let ours = report.operation_id == Some(operation(1))
            || report.reference == known(self.gateway).reference;
        assert!(ours, "another payment: {report:?}");
        assert!(report.captured_minor <= self.money(), "out of nothing: {report:?}");
        let mut record = Payment::new(self.gateway, CaptureMode::Automatic, usd(FULL));
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            Uuid::from_u128(next)
        };
        let absorbed = record.absorb(report.clone(), &mut fresh, NOW);
        let taken = record.succeeded_minor(OperationKind::Capture);
        if record.report.is_none() {
            assert!(matches!(absorbed, Absorbed::Refused(_)) && taken == 0, "{absorbed:?}");
        } else {
            assert!(report.amount == usd(FULL) && taken <= FULL, "{record:?}");
        }
        // What is told twice changes nothing the second time.
        let before = record.clone();
        record.absorb(report.clone(), &mut fresh, NOW);
        assert_eq!(record, before, "{report:?}");
    }

    fn capture(&self, minor: i64) {
        let Some(capturing) = self.provider.capturing() else { return };
        let payment = payment(self.gateway, true);
        let (operation_id, amount) = (operation(3), usd(minor));
        self.payment(capturing.capture(&CaptureAsk {
            operation_id,
            payment,
            amount,
            is_final: true,
        }));
    }

    fn refund(&self, call: &str) {
        let Some(refunding) = self.provider.refunding() else { return };
        let ask = RefundAsk {
            operation_id: operation(5),
            payment: payment(self.gateway, call != "refund_unsettled"),
            capture: known(self.gateway).capture.map(str::to_owned),
            amount: usd(if call == "refund_part" { PART } else { FULL }),
            captured_minor: FULL,
            reason: None,
        };
        let movement = match call {
            "refund" | "refund_part" | "refund_unsettled" => self.read(refunding.refund(&ask)),
            "find_refund" => self.read(refunding.find_refund(&ask)).flatten(),
            "recover_refund" | "recover_refund_late" => {
                let age = if call == "recover_refund" { 60_000 } else { 25 * 3_600_000 };
                match refunding.recover_refund(&ask, age) {
                    Ok(RefundRecovery::Repeat(call)) => self.read(Ok(call)),
                    Ok(RefundRecovery::Search(call)) => self.read(Ok(call)).flatten(),
                    Err(_) => None,
                }
            }
            _ => None,
        };
        let Some(movement) = movement else { return };
        assert_sound_movement(&movement);
        assert_eq!(movement.operation_id, Some(operation(5)), "another refund: {movement:?}");
        assert!(movement.amount.amount <= self.money(), "out of nothing: {movement:?}");
    }

    fn page(&self, cursor: Option<&str>) {
        let Some(listing) = self.provider.listing() else { return };
        let window = Window { from: NOW.plus_milliseconds(-86_400_000), to: NOW };
        let Some(page): Option<ListedPage> = self.read(listing.list(window, cursor)) else {
            return;
        };
        assert!(page.next.as_deref().is_none_or(is_harmless), "{page:?}");
        for entry in &page.entries {
            assert!((0..=MAX_AMOUNT_MINOR).contains(&entry.amount.amount), "{entry:?}");
            assert!(is_harmless(&entry.movement_reference), "{entry:?}");
            assert!(entry.payment_reference.as_deref().is_none_or(is_harmless), "{entry:?}");
            assert!(entry.amount.amount <= self.money(), "out of nothing: {entry:?}");
        }
        // What a page says comes next can be asked for.
        if let Some(next) = &page.next {
            let asked = listing.list(window, Some(next)).map(|call| call.request.url);
            assert!(asked.is_ok_and(|url| Url::parse(&url).is_ok()), "{next}");
        }
    }

    /// A token that can be a header's value, for a while.
    fn token(&self) {
        let Some(call) = self.provider.access_token() else { return };
        let Some(token): Option<AccessToken> = self.read(call) else { return };
        let legal = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        assert!(token.authorization.bytes().all(legal), "no value of a header");
        assert!(token.expires_at >= NOW, "{token:?}");
    }
}

fn in_range(amount: i64) -> bool {
    (0..=MAX_AMOUNT_MINOR).contains(&amount)
}

pub fn is_harmless(text: &str) -> bool {
    text.len() <= 4_096 && !text.contains(|c: char| c.is_control())
}

/// What may be said of a payment, whatever came in.
pub fn assert_sound(report: &PaymentReport) {
    assert!(in_range(report.amount.amount) && in_range(report.captured_minor), "{report:?}");
    assert!(is_harmless(&report.reference), "{report:?}");
    assert!(report.captures.iter().all(|part| in_range(part.amount_minor)), "{report:?}");
    if let Some(decline) = &report.decline {
        assert!(is_harmless(&decline.code) && is_harmless(&decline.message), "{decline:?}");
    }
    if let Some(BuyerAction::Redirect { url }) = &report.action {
        let url = Url::parse(url).unwrap();
        assert!(matches!(url.scheme(), "https" | "http"), "{url}");
    }
    report.movements.iter().for_each(assert_sound_movement);
    // Reports are stored, and read again.
    let stored = serde_json::to_string(report).unwrap();
    let again: PaymentReport = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), stored);
}

pub fn assert_sound_movement(movement: &MovementReport) {
    assert!(in_range(movement.amount.amount), "{movement:?}");
    assert!(is_harmless(&movement.reference), "{movement:?}");
    assert!(movement.reason.as_deref().is_none_or(is_harmless), "{movement:?}");
}
