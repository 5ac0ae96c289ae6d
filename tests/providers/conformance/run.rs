//! Plays a vendor's steps through the registry, as the shell would: every call is built from what the
//! reports before it said.

use std::collections::BTreeMap;

use cartwright::domain::id::OrderId;
use cartwright::domain::money::Money;
use cartwright::domain::payment::{
    Absorbed, CallFailure, CaptureMode, MovementReport, Payment, PaymentReport, ReportedState,
};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    AuthorizeAsk, BuildError, Call, CaptureAsk, EventNews, HttpReply, HttpRequest, KnownPayment,
    ListedPage, PaymentGateway, Recovery, RefundAsk, RefundRecovery, VerifiedEvent, VoidAsk,
    WebhookRefusal, Window,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    FULL, Incoming, Op, PART, REST, Scenario, Step, Vendor, captured_by, refunded_by,
    rest_captured_by, rest_refunded_by, voided_by,
};
use crate::support::{NOW, with_gateway};

/// What a step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Payment(Result<Option<PaymentReport>, CallFailure>),
    Movement(Result<Option<MovementReport>, CallFailure>),
    Order(Result<Option<OrderId>, CallFailure>),
    Page(Result<ListedPage, CallFailure>),
    Event(Result<VerifiedEvent, WebhookRefusal>),
}

impl Outcome {
    /// The report of a payment in it.
    pub fn report(&self) -> Option<&PaymentReport> {
        match self {
            Self::Payment(Ok(report)) => report.as_ref(),
            Self::Event(Ok(VerifiedEvent { news: EventNews::Payment(report), .. })) => Some(report),
            _ => None,
        }
    }

    /// The refunds and chargebacks in it.
    pub fn movements(&self) -> &[MovementReport] {
        match self {
            Self::Movement(Ok(Some(movement))) => std::slice::from_ref(movement),
            Self::Event(Ok(VerifiedEvent {
                news: EventNews::Movements { movements, .. }, ..
            })) => movements,
            _ => self.report().map_or(&[], |report| &report.movements),
        }
    }

    /// How the call failed.
    pub fn failure(&self) -> Option<&CallFailure> {
        match self {
            Self::Payment(Err(failure))
            | Self::Movement(Err(failure))
            | Self::Order(Err(failure))
            | Self::Page(Err(failure)) => Some(failure),
            _ => None,
        }
    }
}

/// A payment's life as far as it was played.
pub struct Run<'a> {
    vendor: &'a Vendor,
    pub ask: AuthorizeAsk,
    pub outcomes: Vec<Outcome>,
    /// The payment's record, into which every report went.
    pub payment: Payment,
    /// Whether some report was refused by the record.
    pub refused_by_record: bool,
    /// The latest news of every refund and chargeback by its reference.
    pub movements: BTreeMap<String, MovementReport>,
    /// Every request that was built.
    pub requests: Vec<HttpRequest>,
    last_report: Option<PaymentReport>,
    next_page: Option<String>,
}

impl<'a> Run<'a> {
    /// Plays the steps.
    pub fn of(vendor: &'a Vendor, scenario: Scenario, steps: &[Step]) -> Self {
        let mut ask = (vendor.ask)();
        assert_eq!(ask.amount.amount, FULL, "{}: the ask must be for FULL", vendor.gateway.name());
        ask.capture =
            if scenario.holds() { CaptureMode::OnRequest } else { CaptureMode::Automatic };
        let payment = record(vendor, &ask);
        let mut run = Self {
            vendor,
            ask,
            outcomes: Vec::new(),
            payment,
            refused_by_record: false,
            movements: BTreeMap::new(),
            requests: Vec::new(),
            last_report: None,
            next_page: None,
        };
        for step in steps {
            run.play(step);
        }
        run
    }

    pub fn last(&self) -> &Outcome {
        self.outcomes.last().expect("a scenario has a step")
    }

    /// The order that some event or question named.
    pub fn order(&self) -> Option<OrderId> {
        self.outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Event(Ok(event)) => event.order_id,
            Outcome::Order(Ok(order)) => *order,
            _ => None,
        })
    }

    pub fn state(&self) -> Option<(ReportedState, i64)> {
        self.payment.report.as_ref().map(|report| (report.state, report.captured_minor))
    }

    /// A second later with every step, as in life.
    fn now(&self) -> Timestamp {
        NOW.plus_milliseconds(1_000 * i64::try_from(self.outcomes.len()).unwrap())
    }

    fn play(&mut self, step: &Step) {
        let outcome = match step {
            Step::Event(incoming) => Outcome::Event(verify(self.vendor, incoming)),
            Step::Call(op, reply) => {
                with_gateway(self.vendor.gateway, |gateway| self.call(gateway, *op, reply))
            }
        };
        if let Some(report) = outcome.report().cloned() {
            let absorbed = self.payment.absorb(report.clone(), Uuid::from_u128(9), self.now());
            self.refused_by_record |= matches!(absorbed, Absorbed::Refused(_));
            self.last_report = Some(report);
        }
        for movement in outcome.movements() {
            let newer = |known: &MovementReport| {
                (known.occurred_at, known.state) > (movement.occurred_at, movement.state)
            };
            if !self.movements.get(&movement.reference).is_some_and(newer) {
                self.movements.insert(movement.reference.clone(), movement.clone());
            }
        }
        if let Outcome::Page(Ok(page)) = &outcome {
            self.next_page.clone_from(&page.next);
        }
        self.outcomes.push(outcome);
    }

    fn call(&mut self, gateway: &dyn PaymentGateway, op: Op, reply: &HttpReply) -> Outcome {
        match op {
            Op::Start => self.read(gateway.authorize(&self.ask), reply).payment(),
            Op::Recover => self.recover(gateway, 60_000, reply),
            Op::RecoverLate => self.recover(gateway, 25 * 3_600_000, reply),
            Op::Find => Outcome::Payment(self.read(gateway.find(&self.ask), reply)),
            Op::Retrieve => self.read(gateway.retrieve(&self.known()), reply).payment(),
            Op::Whose => Outcome::Order(self.read(gateway.whose(&self.known().reference), reply)),
            Op::Complete => {
                let completing = gateway.completing().expect("the gateway completes payments");
                self.read(completing.complete(&self.ask, &self.known()), reply).payment()
            }
            Op::Capture | Op::CapturePart | Op::CaptureFirst | Op::CaptureRest => {
                let capturing = gateway.capturing().expect("the gateway captures");
                self.read(capturing.capture(&self.capture_ask(op)), reply).payment()
            }
            Op::Void => {
                let voiding = gateway.voiding().expect("the gateway voids");
                let ask = VoidAsk { operation_id: voided_by(), payment: self.known() };
                self.read(voiding.void(&ask), reply).payment()
            }
            _ => self.refund_or_list(gateway, op, reply),
        }
    }

    fn refund_or_list(
        &mut self,
        gateway: &dyn PaymentGateway,
        op: Op,
        reply: &HttpReply,
    ) -> Outcome {
        if matches!(op, Op::List | Op::ListNext) {
            let listing = gateway.listing().expect("the gateway shows its books");
            let window = Window { from: NOW.plus_milliseconds(-86_400_000), to: NOW };
            let cursor = if op == Op::ListNext { self.next_page.clone() } else { None };
            return Outcome::Page(self.read(listing.list(window, cursor.as_deref()), reply));
        }
        let refunding = gateway.refunding().expect("the gateway refunds");
        let ask = self.refund_ask(op);
        let age = match op {
            Op::RecoverRefund => 60_000,
            Op::RecoverRefundLate => 25 * 3_600_000,
            Op::FindRefund => {
                return Outcome::Movement(self.read(refunding.find_refund(&ask), reply));
            }
            _ => {
                let result = self.read(refunding.refund(&ask), reply);
                return Outcome::Movement(result.map(Some));
            }
        };
        Outcome::Movement(match refunding.recover_refund(&ask, age) {
            Ok(RefundRecovery::Repeat(call)) => {
                let first = refunding.refund(&ask).unwrap().request;
                assert_eq!(call.request, first, "a repetition is the same request to the byte");
                self.read(Ok(call), reply).map(Some)
            }
            Ok(RefundRecovery::Search(call)) => self.read(Ok(call), reply),
            Err(error) => Err(error.into()),
        })
    }

    fn recover(&mut self, gateway: &dyn PaymentGateway, age: i64, reply: &HttpReply) -> Outcome {
        Outcome::Payment(match gateway.recover(&self.ask, age) {
            Ok(Recovery::Repeat(call)) => {
                let first = gateway.authorize(&self.ask).unwrap().request;
                assert_eq!(call.request, first, "a repetition is the same request to the byte");
                self.read(Ok(call), reply).map(Some)
            }
            Ok(Recovery::Search(call)) => self.read(Ok(call), reply),
            Err(error) => Err(error.into()),
        })
    }

    fn read<T>(
        &mut self,
        call: Result<Call<T>, BuildError>,
        reply: &HttpReply,
    ) -> Result<T, CallFailure> {
        let call = call?;
        self.requests.push(call.request.clone());
        call.read(reply, self.now())
    }

    fn known(&self) -> KnownPayment {
        let report = self.last_report.as_ref();
        let or_vendors = || self.vendor.reference.to_owned();
        KnownPayment {
            order_id: self.ask.order_id,
            started_by: self.ask.operation_id,
            reference: report.map_or_else(or_vendors, |report| report.reference.clone()),
            amount: self.ask.amount,
            charge: report.and_then(|report| report.charge.clone()),
            card_last_four: report.and_then(|report| report.card_last_four.clone()),
            settled: report.and_then(|report| report.settled),
        }
    }

    fn capture_ask(&self, op: Op) -> CaptureAsk {
        let (operation_id, amount) = match op {
            Op::CapturePart | Op::CaptureFirst => (captured_by(), PART),
            Op::CaptureRest => (rest_captured_by(), REST),
            _ => (captured_by(), FULL),
        };
        let amount = Money::new(amount, self.ask.amount.currency);
        let is_final = op != Op::CaptureFirst;
        CaptureAsk { operation_id, payment: self.known(), amount, is_final }
    }

    fn refund_ask(&self, op: Op) -> RefundAsk {
        let (operation_id, amount) = match op {
            Op::RefundPart => (refunded_by(), PART),
            Op::RefundRest => (rest_refunded_by(), REST),
            _ => (refunded_by(), FULL),
        };
        let captures = self.last_report.as_ref().map(|report| report.captures.clone());
        RefundAsk {
            operation_id,
            payment: self.known(),
            capture: captures.unwrap_or_default().first().map(|capture| capture.reference.clone()),
            amount: Money::new(amount, self.ask.amount.currency),
            captured_minor: FULL,
            reason: None,
        }
    }
}

/// `Ok(report)` as an outcome.
trait IntoOutcome {
    fn payment(self) -> Outcome;
}

impl IntoOutcome for Result<PaymentReport, CallFailure> {
    fn payment(self) -> Outcome {
        Outcome::Payment(self.map(Some))
    }
}

/// A record of a payment of which nothing is known yet. Read from JSON, as a stored one is, so that it
/// does not depend on which fields a record has.
fn record(vendor: &Vendor, ask: &AuthorizeAsk) -> Payment {
    serde_json::from_value(json!({
        "gateway": vendor.gateway,
        "capture_mode": ask.capture,
        "asked": ask.amount,
        "operations": [],
    }))
    .unwrap()
}

/// A webhook as the API takes it: evidence first, if the gateway wants some.
pub fn verify(vendor: &Vendor, incoming: &Incoming) -> Result<VerifiedEvent, WebhookRefusal> {
    let lookup = |name: &str| {
        let mut headers = incoming.headers.iter();
        headers.find(|(header, _)| header == name).map(|(_, value)| value.clone())
    };
    with_gateway(vendor.gateway, |gateway| {
        let wanted = gateway.evidence(&lookup, &incoming.body, NOW)?;
        let evidence = wanted.and(incoming.evidence.as_ref());
        gateway.verify(&lookup, &incoming.body, evidence, NOW)
    })
}
