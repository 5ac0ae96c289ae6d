//! A gateway, the real provider that speaks to it, and a clock.

use std::sync::OnceLock;

use cartwright::domain::id::{OperationId, OrderId, ShardNumber};
use cartwright::domain::money::Money;
use cartwright::domain::payment::{
    CallFailure, CaptureMode, Gateway, MovementReport, PaymentReport,
};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    AuthorizeAsk, Call, CaptureAsk, KnownPayment, PaymentGateway, Recovery, RefundAsk,
    RefundRecovery, VerifiedEvent, VoidAsk, WebhookRefusal,
};
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;
use uuid::Uuid;

use crate::gateways::books::BookedPayment;
use crate::gateways::{Delivery, Event, SimulatedGateway};

pub const ALL: [Gateway; 3] = [Gateway::Sandbox, Gateway::Stripe, Gateway::Razorpay];

/// 2026-01-01T00:00:00.250Z.
const NOON: Timestamp = Timestamp::from_milliseconds(1_767_225_600_250);

pub struct Lab {
    pub which: Gateway,
    pub gateway: SimulatedGateway,
    pub now: Timestamp,
    operations: u128,
}

fn provider(which: Gateway) -> Box<dyn PaymentGateway> {
    static SETTINGS: OnceLock<PaymentSettings> = OnceLock::new();
    let settings = SETTINGS.get_or_init(|| {
        let variables: Vec<_> = ALL.into_iter().flat_map(SimulatedGateway::variables).collect();
        PaymentSettings::from_variables(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            let development = (name == "ENVIRONMENT").then(|| "development".to_owned());
            found.map(|(_, value)| value.clone()).or(development)
        })
        .unwrap()
    });
    registry::gateway(settings, which).unwrap()
}

pub fn order_id() -> OrderId {
    OrderId::new(ShardNumber(7), Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001))
}

impl Lab {
    pub fn new(which: Gateway) -> Self {
        Self::with_clock(which, 0)
    }

    pub fn with_clock(which: Gateway, ahead: i64) -> Self {
        Self { which, gateway: SimulatedGateway::new(which, ahead), now: NOON, operations: 0 }
    }

    pub fn provider(&self) -> Box<dyn PaymentGateway> {
        provider(self.which)
    }

    pub fn operation(&mut self) -> OperationId {
        self.operations += 1;
        let base = 0x0199_0000_0000_7000_8000_0000_0001_0000;
        OperationId::new(Uuid::from_u128(base + self.operations))
    }

    /// An ask that is paid in the answer where a method can do that.
    pub fn ask(&mut self, capture: CaptureMode) -> AuthorizeAsk {
        let method = match self.which {
            Gateway::Sandbox => Some("instant"),
            Gateway::Stripe => Some("pm_card_visa"),
            _ => None,
        };
        AuthorizeAsk {
            operation_id: self.operation(),
            order_id: order_id(),
            amount: Money::new(1_999, "USD".parse().unwrap()),
            capture,
            method: method.map(str::to_owned),
            return_url: Some("https://shop.example/back".to_owned()),
            email: Some("buyer@example.com".to_owned()),
            description: Some("Order".to_owned()),
            statement_descriptor: None,
            billing: None,
        }
    }

    /// Sends a call, and reads the answer.
    pub fn send<T>(&mut self, call: Call<T>) -> Result<T, CallFailure> {
        assert!(self.gateway.is_addressed_by(&call.request.url), "{}", call.request.url);
        let reply = self.gateway.handle(&call.request, self.now);
        call.read(&reply, self.now)
    }

    pub fn authorize(&mut self, ask: &AuthorizeAsk) -> Result<PaymentReport, CallFailure> {
        let call = self.provider().authorize(ask).unwrap();
        self.send(call)
    }

    /// What became of a start; `None` if a search found nothing.
    pub fn recover(&mut self, ask: &AuthorizeAsk, age: i64) -> Option<PaymentReport> {
        match self.provider().recover(ask, age).unwrap() {
            Recovery::Repeat(call) => Some(self.send(call).unwrap()),
            Recovery::Search(call) => self.send(call).unwrap(),
        }
    }

    pub fn find(&mut self, ask: &AuthorizeAsk) -> Option<PaymentReport> {
        let call = self.provider().find(ask).unwrap();
        self.send(call).unwrap()
    }

    pub fn known(&mut self, ask: &AuthorizeAsk) -> KnownPayment {
        let operation = ask.operation_id.to_string();
        let reference = self.gateway.books().started_by(&operation)[0].reference.clone();
        let mut known = KnownPayment {
            order_id: ask.order_id,
            started_by: ask.operation_id,
            reference,
            amount: ask.amount,
            charge: None,
            card_last_four: None,
            settled: None,
        };
        known.charge = self.retrieve(&known).charge;
        known
    }

    pub fn retrieve(&mut self, known: &KnownPayment) -> PaymentReport {
        let call = self.provider().retrieve(known).unwrap();
        self.send(call).unwrap()
    }

    /// A payment that was made, or whose money is held.
    pub fn paid(&mut self, capture: CaptureMode) -> KnownPayment {
        let ask = self.ask(capture);
        let report = self.authorize(&ask).unwrap();
        if self.gateway.awaiting_buyer().contains(&report.reference) {
            assert!(self.gateway.buyer_approves(&report.reference, self.now));
        }
        self.known(&ask)
    }

    pub fn capture(
        &mut self,
        known: &KnownPayment,
        amount: i64,
        is_final: bool,
    ) -> Result<PaymentReport, CallFailure> {
        let amount = Money::new(amount, known.amount.currency);
        let (operation_id, payment) = (self.operation(), known.clone());
        let ask = CaptureAsk { operation_id, payment, amount, is_final };
        let provider = self.provider();
        self.send(provider.capturing().unwrap().capture(&ask).unwrap())
    }

    pub fn void(&mut self, known: &KnownPayment) -> Result<PaymentReport, CallFailure> {
        let ask = VoidAsk { operation_id: self.operation(), payment: known.clone() };
        let provider = self.provider();
        self.send(provider.voiding().unwrap().void(&ask).unwrap())
    }

    pub fn refund_ask(&mut self, known: &KnownPayment, amount: i64) -> RefundAsk {
        RefundAsk {
            operation_id: self.operation(),
            payment: known.clone(),
            capture: None,
            amount: Money::new(amount, known.amount.currency),
            captured_minor: known.amount.amount,
            reason: Some("too small".to_owned()),
        }
    }

    pub fn refund(&mut self, ask: &RefundAsk) -> Result<MovementReport, CallFailure> {
        let provider = self.provider();
        self.send(provider.refunding().unwrap().refund(ask).unwrap())
    }

    pub fn recover_refund(&mut self, ask: &RefundAsk, age: i64) -> Option<MovementReport> {
        let provider = self.provider();
        match provider.refunding().unwrap().recover_refund(ask, age).unwrap() {
            RefundRecovery::Repeat(call) => Some(self.send(call).unwrap()),
            RefundRecovery::Search(call) => self.send(call).unwrap(),
        }
    }

    pub fn find_refund(&mut self, ask: &RefundAsk) -> Option<MovementReport> {
        let provider = self.provider();
        self.send(provider.refunding().unwrap().find_refund(ask).unwrap()).unwrap()
    }

    pub fn booked(&self, reference: &str) -> &BookedPayment {
        &self.gateway.books().payments[reference]
    }

    /// What the provider makes of a delivery.
    pub fn verify(&self, sent: &Delivery) -> Result<VerifiedEvent, WebhookRefusal> {
        let header = |name: &str| {
            sent.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        self.provider().verify(&header, &sent.body, None, self.now)
    }

    /// All events since, believed.
    pub fn news(&mut self) -> Vec<(Event, VerifiedEvent)> {
        let events = self.gateway.take_events();
        let read = |event: Event| {
            let sent = self.gateway.delivery(&event, self.now);
            assert_eq!(sent.path, format!("/webhooks/{}", self.which.name()));
            let verified = self.verify(&sent).unwrap_or_else(|why| panic!("{}: {why}", event.kind));
            (event, verified)
        };
        events.into_iter().map(read).collect()
    }
}

pub fn is_unknown<T: std::fmt::Debug>(result: &Result<T, CallFailure>) -> bool {
    matches!(result, Err(CallFailure::Unknown { .. }))
}

pub fn is_refused<T: std::fmt::Debug>(result: &Result<T, CallFailure>) -> bool {
    matches!(result, Err(CallFailure::Refused { .. }))
}
