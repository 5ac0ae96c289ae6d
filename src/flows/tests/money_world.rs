//! A world in which money moves in every way: several gateways with their own books, captures in parts,
//! refunds that are lost, pending or made in a dashboard, disputes, further attempts, and stock that
//! always answers. It is written apart from the ledger: the books are plain sums.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::world::draft;
use crate::domain::id::{OperationId, OrderId, ShardNumber, Sku};
use crate::domain::inventory::ClaimAnswer;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::payment::{
    CallFailure, CaptureMode, Gateway, MovementRefusal, MovementReport, MovementState,
    OperationKind, PaymentReport, ReportedState,
};
use crate::domain::time::Timestamp;
use crate::flows::advance::{Input, advance};
use crate::flows::attempts::{NewAttempt, retry};
use crate::flows::movements::{Capabilities, MovementAsk, request};
use crate::flows::owed::{Effect, owed};
use crate::flows::place::place;
use crate::flows::schedule::wake_at;

pub const TOTAL: i64 = 3_400;

/// Everything that a gateway may offer.
pub const CAN: Capabilities =
    Capabilities { capture: true, capture_in_parts: true, void: true, refund: true };

/// A refund or a dispute in a gateway's books.
#[derive(Debug, Clone)]
pub struct BookedMovement {
    pub reference: String,
    pub kind: OperationKind,
    pub operation_id: Option<OperationId>,
    pub amount: i64,
    pub state: MovementState,
    pub at: Timestamp,
}

/// A payment in its gateway's books.
#[derive(Debug, Clone)]
pub struct Booked {
    pub reference: String,
    pub started_by: OperationId,
    pub gateway: Gateway,
    pub holds: bool,
    pub state: ReportedState,
    pub captured: i64,
    pub at: Timestamp,
    pub movements: Vec<BookedMovement>,
}

impl Booked {
    /// Money that the shop has of it.
    pub fn kept(&self) -> i64 {
        let gone = self.movements.iter().filter(|m| m.state == MovementState::Succeeded);
        self.captured - gone.map(|m| m.amount).sum::<i64>()
    }

    fn left_to_give_back(&self) -> i64 {
        let gone = self.movements.iter().filter(|m| m.state != MovementState::Failed);
        self.captured - gone.map(|m| m.amount).sum::<i64>()
    }
}

/// One order and the gateways it is paid by.
#[derive(Clone)]
pub struct MoneyWorld {
    pub order: Order,
    pub now: Timestamp,
    pub books: BTreeMap<OperationId, Booked>,
    pub voids_unsupported: bool,
    pub refunds_pend: bool,
    pub restocked: u32,
    next_id: u128,
}

impl MoneyWorld {
    pub fn new(capture_mode: CaptureMode) -> Self {
        let now = Timestamp::from_milliseconds(1_000_000_000);
        let id = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
        let draft = crate::flows::place::Draft { keep_open: true, ..draft(capture_mode) };
        Self {
            order: place(draft, id, now),
            now,
            books: BTreeMap::new(),
            voids_unsupported: false,
            refunds_pend: false,
            restocked: 0,
            next_id: 100,
        }
    }

    /// Runs something on the order and holds the order to its promises afterwards.
    fn checked<T>(
        &mut self,
        work: impl FnOnce(&mut Order, Timestamp, &mut dyn FnMut() -> Uuid) -> T,
    ) -> T {
        let before = self.order.clone();
        let next_id = &mut self.next_id;
        let mut fresh = || {
            *next_id += 1;
            Uuid::from_u128(*next_id)
        };
        let told = work(&mut self.order, self.now, &mut fresh);
        assert!(before.status.may_become(self.order.status), "{before:#?} {:#?}", self.order);
        assert_eq!(self.order.check(), Ok(()), "{:#?}", self.order);
        for payment in self.order.payments() {
            let gone: i64 = payment
                .operations
                .iter()
                .filter(|o| o.kind == OperationKind::Refund)
                .filter(|o| o.result != crate::domain::payment::OperationResult::Failed)
                .filter(|o| o.origin != crate::domain::payment::Origin::Gateway)
                .map(|o| o.amount_minor)
                .sum();
            assert!(gone <= TOTAL, "asked for more back than was paid: {:#?}", self.order);
        }
        told
    }

    pub fn feed(&mut self, input: Input) {
        self.checked(|order, now, fresh| advance(order, input, now, fresh));
    }

    pub fn ask(&mut self, ask: &MovementAsk) -> Result<Vec<OperationId>, MovementRefusal> {
        let mut can = CAN;
        can.void = !self.voids_unsupported;
        self.checked(|order, now, fresh| request(order, ask, can, now, fresh))
    }

    pub fn retry(&mut self, gateway: Gateway) -> Result<(), MovementRefusal> {
        let attempt = NewAttempt {
            gateway,
            method: None,
            return_url: None,
            capture_mode: CaptureMode::Automatic,
            statement_descriptor: None,
            payment_window_seconds: 900,
            reservation_grace_seconds: 300,
        };
        self.checked(|order, now, fresh| retry(order, attempt, now, fresh))
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    pub fn owes(&self) -> Vec<Effect> {
        owed(&self.order, self.now)
    }

    /// The payment that was started last.
    pub fn newest(&mut self) -> Option<&mut Booked> {
        self.books.values_mut().max_by_key(|booked| booked.reference.clone())
    }

    /// The oldest payment.
    pub fn oldest(&mut self) -> Option<&mut Booked> {
        self.books.values_mut().min_by_key(|booked| booked.reference.clone())
    }

    pub fn report(&self, booked: &Booked) -> PaymentReport {
        let movements = booked.movements.iter().map(|m| self.movement(m)).collect();
        PaymentReport {
            operation_id: Some(booked.started_by),
            movements,
            ..PaymentReport::new(
                booked.reference.clone(),
                booked.state,
                Money::new(TOTAL, "USD".parse().unwrap()),
                booked.captured,
                booked.at,
            )
        }
    }

    pub fn movement(&self, booked: &BookedMovement) -> MovementReport {
        MovementReport {
            kind: booked.kind,
            reference: booked.reference.clone(),
            operation_id: booked.operation_id,
            amount: Money::new(booked.amount, "USD".parse().unwrap()),
            state: booked.state,
            occurred_at: booked.at,
            reason: None,
            respond_by: None,
        }
    }

    /// The buyer pays a payment, if it is still open.
    pub fn buyer_pays(&mut self, newest: bool) {
        let now = self.now;
        let Some(booked) = (if newest { self.newest() } else { self.oldest() }) else { return };
        let open = [ReportedState::ActionRequired, ReportedState::Declined];
        if open.contains(&booked.state) {
            booked.at = now;
            if booked.holds {
                booked.state = ReportedState::Authorized;
            } else {
                booked.state = ReportedState::Captured;
                booked.captured = TOTAL;
            }
        }
    }

    /// Somebody gives money back in the gateway's dashboard, or the buyer's bank opens a dispute.
    pub fn at_gateway(&mut self, kind: OperationKind, amount: i64) {
        let now = self.now;
        self.next_id += 1;
        let reference = format!("m_{:06}", self.next_id);
        let Some(booked) = self.oldest() else { return };
        if booked.left_to_give_back() >= amount {
            let state = match kind {
                OperationKind::Chargeback => MovementState::Pending,
                _ => MovementState::Succeeded,
            };
            booked.movements.push(BookedMovement {
                reference,
                kind,
                operation_id: None,
                amount,
                state,
                at: now,
            });
        }
    }

    /// What is pending at the gateways is decided.
    pub fn decide(&mut self, state: MovementState) {
        let now = self.now;
        for booked in self.books.values_mut() {
            for movement in &mut booked.movements {
                if movement.state == MovementState::Pending {
                    movement.state = state;
                    movement.at = now;
                }
            }
        }
    }

    fn booked_of(&mut self, operation: OperationId) -> Option<&mut Booked> {
        let reference = self.order.payment_of(operation)?.reference()?.to_owned();
        self.books.values_mut().find(|booked| booked.reference == reference)
    }

    /// Performs an effect at its gateway or SKU and gives the true answer.
    pub fn perform(&mut self, effect: &Effect) -> Input {
        match effect {
            Effect::Reserve { sku, .. } => held(sku, ClaimAnswer::Held),
            Effect::Commit { sku, .. } => held(sku, ClaimAnswer::Committed),
            Effect::Release { sku } => held(sku, ClaimAnswer::Released),
            Effect::Restock(restock) => {
                self.restocked += restock.quantity;
                Input::Restocked { key: restock.key.clone(), sku: restock.sku.clone() }
            }
            Effect::NumberInvoice { series } => Input::Invoice(format!("{series}-1")),
            Effect::NumberCreditNote { series, refund } => {
                Input::CreditNote { refund: *refund, number: format!("{series}-{refund}") }
            }
            Effect::CancelCreditNote { series, refund, moved_minor } => {
                Input::CreditNoteCancelled {
                    refund: *refund,
                    number: format!("{series}-{refund}-{moved_minor}"),
                    moved_minor: *moved_minor,
                }
            }
            Effect::Authorize { operation } | Effect::Recover { operation, .. } => {
                self.start(*operation);
                let report = self.report(&self.books[operation]);
                Input::Gateway { operation: *operation, result: Ok(report) }
            }
            Effect::Find { operation, asked_at } => match self.books.get(operation) {
                Some(booked) => {
                    Input::Gateway { operation: *operation, result: Ok(self.report(booked)) }
                }
                None if self.now.milliseconds_since(*asked_at) < 180_000 => {
                    Input::NotTold(*operation)
                }
                None => Input::NeverReceived(*operation),
            },
            Effect::Retrieve { reference } => {
                let booked = self.books.values().find(|b| b.reference == *reference).unwrap();
                Input::Report(self.honest_report(booked))
            }
            Effect::RetrieveBeside { reference, raised_at } => {
                let booked = self.books.values().find(|b| b.reference == *reference).unwrap();
                let result = Ok(self.honest_report(booked));
                let (reference, raised_at) = (reference.clone(), *raised_at);
                Input::ReportBeside { reference, raised_at, result }
            }
            Effect::Complete { .. } => panic!("nothing here is approved"),
            Effect::Capture { operation, amount_minor, .. } => {
                self.capture(*operation, *amount_minor)
            }
            Effect::Void { operation, .. } => self.void(*operation),
            Effect::Refund { operation } | Effect::RecoverRefund { operation } => {
                self.refund(*operation)
            }
            Effect::FindRefund { operation } => {
                let booked = self.booked_of(*operation).unwrap().clone();
                let known = booked.movements.iter().find(|m| m.operation_id == Some(*operation));
                let news = self.movement(known.unwrap());
                Input::Refunded { operation: *operation, result: Ok(news) }
            }
        }
    }

    fn start(&mut self, operation: OperationId) {
        let payment = self.order.payment_of(operation).unwrap();
        let (gateway, holds) = (payment.gateway, payment.capture_mode.holds());
        let reference = format!("pay_{:04}", self.books.len());
        let at = self.now;
        self.books.entry(operation).or_insert(Booked {
            reference,
            started_by: operation,
            gateway,
            holds,
            state: ReportedState::ActionRequired,
            captured: 0,
            at,
            movements: Vec::new(),
        });
    }

    fn capture(&mut self, operation: OperationId, amount: i64) -> Input {
        let keeps_rest =
            self.order.payment_of(operation).unwrap().operation(operation).unwrap().keeps_rest;
        let now = self.now;
        let booked = self.booked_of(operation).unwrap();
        // Under one key money is taken once: the operation is remembered as a movement of nothing.
        let key = format!("key_{operation}");
        let seen = booked.movements.iter().any(|m| m.reference == key);
        if !seen && booked.state == ReportedState::Authorized {
            booked.captured = (booked.captured + amount).min(TOTAL);
            booked.at = now;
            if !keeps_rest || booked.captured == TOTAL {
                booked.state = ReportedState::Captured;
            }
            booked.movements.push(BookedMovement {
                reference: key,
                kind: OperationKind::Capture,
                operation_id: Some(operation),
                amount: 0,
                state: MovementState::Failed,
                at: now,
            });
        }
        let booked = booked.clone();
        Input::Gateway { operation, result: Ok(self.honest_report(&booked)) }
    }

    /// A report without the keys that only this world keeps.
    pub fn honest_report(&self, booked: &Booked) -> PaymentReport {
        let mut report = self.report(booked);
        report.movements.retain(|m| m.kind != OperationKind::Capture);
        report
    }

    fn void(&mut self, operation: OperationId) -> Input {
        let (now, unsupported) = (self.now, self.voids_unsupported);
        let booked = self.booked_of(operation).unwrap();
        let no_money =
            matches!(booked.state, ReportedState::ActionRequired | ReportedState::Declined);
        if unsupported && no_money {
            let failure = CallFailure::Unsupported { capability: "void".to_owned() };
            return Input::Gateway { operation, result: Err(failure) };
        }
        if !unsupported {
            if booked.state == ReportedState::Authorized && booked.captured > 0 {
                booked.state = ReportedState::Captured;
                booked.at = now;
            } else if booked.state != ReportedState::Captured {
                booked.state = ReportedState::Cancelled;
                booked.at = now;
            }
        }
        let booked = booked.clone();
        Input::Gateway { operation, result: Ok(self.honest_report(&booked)) }
    }

    fn refund(&mut self, operation: OperationId) -> Input {
        let asked = self.order.payment_of(operation).unwrap().operation(operation).unwrap();
        let amount = asked.amount_minor;
        let (now, pends) = (self.now, self.refunds_pend);
        self.next_id += 1;
        let reference = format!("m_{:06}", self.next_id);
        let booked = self.booked_of(operation).unwrap();
        if !booked.movements.iter().any(|m| m.operation_id == Some(operation)) {
            if booked.left_to_give_back() < amount {
                let (code, message) = ("too_much".to_owned(), "no".to_owned());
                let failure = CallFailure::Refused { code, message };
                return Input::Refunded { operation, result: Err(failure) };
            }
            let state = if pends { MovementState::Pending } else { MovementState::Succeeded };
            booked.movements.push(BookedMovement {
                reference,
                kind: OperationKind::Refund,
                operation_id: Some(operation),
                amount,
                state,
                at: now,
            });
        }
        let known = booked.movements.iter().find(|m| m.operation_id == Some(operation)).cloned();
        let news = self.movement(&known.unwrap());
        Input::Refunded { operation, result: Ok(news) }
    }

    /// The answer that an effect gets when nobody hears the true one.
    pub fn lost(&self, effect: &Effect) -> Option<Input> {
        let failure = || CallFailure::Unknown { reason: "timeout".to_owned() };
        match effect {
            Effect::Authorize { operation }
            | Effect::Recover { operation, .. }
            | Effect::Find { operation, .. }
            | Effect::Capture { operation, .. }
            | Effect::Void { operation, .. } => {
                Some(Input::Gateway { operation: *operation, result: Err(failure()) })
            }
            Effect::Refund { operation } | Effect::RecoverRefund { operation } => {
                Some(Input::Refunded { operation: *operation, result: Err(failure()) })
            }
            Effect::FindRefund { operation } => Some(Input::NotTold(*operation)),
            Effect::Retrieve { reference } => {
                let payment = self.order.payment_at(reference)?;
                Some(Input::NotTold(payment.authorize_operation()?.id))
            }
            Effect::RetrieveBeside { reference, raised_at } => {
                let (reference, raised_at) = (reference.clone(), *raised_at);
                Some(Input::ReportBeside { reference, raised_at, result: Err(failure()) })
            }
            _ => None,
        }
    }

    /// A webhook about every payment, as the gateway would send it now.
    pub fn webhooks(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        for booked in self.books.values() {
            let mut report = self.honest_report(booked);
            let movements = std::mem::take(&mut report.movements);
            inputs.push(Input::Heard(booked.gateway, report));
            for movement in movements {
                inputs.push(Input::Movements {
                    gateway: booked.gateway,
                    reference: booked.reference.clone(),
                    movements: vec![movement],
                });
            }
        }
        inputs
    }

    /// A webhook that says that something happened to a payment, not what.
    pub fn ask_about(&mut self, newest: bool) {
        let booked = if newest { self.newest() } else { self.oldest() };
        let about = booked.map(|booked| (booked.gateway, booked.reference.clone()));
        if let Some((gateway, reference)) = about {
            self.feed(Input::AskAbout { gateway, reference });
        }
    }

    /// From now on everything works: alarms ring when they should and every answer is heard.
    pub fn come_to_rest(&mut self) {
        for _ in 0..400 {
            for effect in self.owes() {
                let answer = self.perform(&effect);
                self.feed(answer);
            }
            for webhook in self.webhooks() {
                self.feed(webhook);
            }
            let Some(at) = wake_at(&self.order, self.now, 0) else { return };
            self.now = at.max(self.now);
            self.feed(Input::Wake);
        }
        panic!("never at rest: {:#?}\n{:#?}", self.order, self.books);
    }
}

fn held(sku: &Sku, answer: ClaimAnswer) -> Input {
    Input::Stock(vec![(sku.clone(), answer.into())])
}
