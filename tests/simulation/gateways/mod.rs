//! Payment gateways for the simulation: pure state machines that speak the real protocols. The real
//! providers build the requests and read the answers and the webhooks; the world around them loses,
//! delays, repeats and reorders whatever it likes.
//!
//! Nothing here has a clock, chance or a map without order: the same calls give the same bytes.

pub mod books;
mod changes;
mod desk;
mod exchange;
mod razorpay;
mod sandbox;
mod signing;
mod stripe;

use std::collections::VecDeque;

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{HttpReply, HttpRequest};
use url::Url;

use self::books::{BookedPayment, Books, Origin, Standing};
use self::desk::{Desk, Wish};
pub use self::signing::Delivery;

/// An answer that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Every amount in the answer is one minor unit too big.
    Amount,
    /// The answer is in another currency.
    Currency,
    /// The answer breaks off.
    Malformed,
    /// It is done, and the answer is a 500. A key keeps the true answer.
    ServerErrorAfterEffect,
    /// As before, and the key goes on answering 500, as Stripe's may.
    ServerErrorKept,
    /// Nothing is done, and the answer is a 500.
    ServerErrorBeforeEffect,
    /// Nothing is done, and the answer is a 429.
    RateLimited,
}

/// Something that the gateway tells by webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub gateway: Gateway,
    /// Unique at the gateway.
    pub id: String,
    /// The gateway's name of what happened.
    pub kind: String,
    /// The payment that it is about.
    pub reference: String,
    /// As it is signed.
    pub body: Vec<u8>,
}

/// One gateway: its clock is its own, its books are what really happened to money.
#[derive(Debug, Clone)]
pub struct SimulatedGateway {
    desk: Desk,
    clock_ahead_milliseconds: i64,
    lies: VecDeque<Lie>,
}

impl SimulatedGateway {
    /// A gateway whose clock is so far ahead of the world's (or behind, if negative).
    ///
    /// # Panics
    /// For a gateway that is not simulated.
    pub fn new(which: Gateway, clock_ahead_milliseconds: i64) -> Self {
        let known = [Gateway::Sandbox, Gateway::Stripe, Gateway::Razorpay];
        assert!(known.contains(&which), "{which:?} is not simulated");
        Self { desk: Desk::new(which), clock_ahead_milliseconds, lies: VecDeque::new() }
    }

    /// What makes the real settings speak to it. The sandbox needs `ENVIRONMENT=development` besides.
    pub fn variables(which: Gateway) -> Vec<(&'static str, String)> {
        let pairs: &[(&'static str, &str)] = match which {
            Gateway::Stripe => &[
                ("STRIPE_BASE_URL", stripe::BASE_URL),
                ("STRIPE_SECRET_KEY", stripe::SECRET_KEY),
                ("STRIPE_WEBHOOK_SECRET", stripe::WEBHOOK_SECRET),
            ],
            Gateway::Razorpay => &[
                ("RAZORPAY_BASE_URL", razorpay::BASE_URL),
                ("RAZORPAY_KEY_ID", razorpay::KEY_ID),
                ("RAZORPAY_KEY_SECRET", razorpay::KEY_SECRET),
                ("RAZORPAY_WEBHOOK_SECRET", razorpay::WEBHOOK_SECRET),
            ],
            _ => &[
                ("SANDBOX_ENABLED", "true"),
                ("SANDBOX_BASE_URL", sandbox::BASE_URL),
                ("SANDBOX_API_KEY", sandbox::API_KEY),
                ("SANDBOX_WEBHOOK_SECRET", sandbox::WEBHOOK_SECRET),
            ],
        };
        pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    /// Whether a request to this URL is this gateway's to answer.
    pub fn is_addressed_by(&self, url: &str) -> bool {
        let base = match self.desk.which {
            Gateway::Stripe => stripe::BASE_URL,
            Gateway::Razorpay => razorpay::BASE_URL,
            _ => sandbox::BASE_URL,
        };
        let origin = |text: &str| Url::parse(text).map(|url| url.origin());
        matches!((origin(url), origin(base)), (Ok(one), Ok(other)) if one == other)
    }

    fn own(&self, now: Timestamp) -> Timestamp {
        now.plus_milliseconds(self.clock_ahead_milliseconds)
    }

    /// Performs a request wholly and answers. `now` is the world's time.
    pub fn handle(&mut self, request: &HttpRequest, now: Timestamp) -> HttpReply {
        self.advance(now);
        self.desk.books.requests += 1;
        let at = self.own(now);
        let lie = self.lies.pop_front();
        if let Some(lie @ (Lie::ServerErrorBeforeEffect | Lie::RateLimited)) = lie {
            let trouble = self.trouble();
            return exchange::spoiled(trouble.clone(), lie, trouble);
        }
        let reply = match self.desk.which {
            Gateway::Stripe => stripe::handle(&mut self.desk, request, at),
            Gateway::Razorpay => razorpay::handle(&mut self.desk, request, at),
            _ => sandbox::handle(&mut self.desk, request, at),
        };
        let Some(lie) = lie else { return reply };
        let trouble = self.trouble();
        if lie == Lie::ServerErrorKept {
            let asked = exchange::Asked::of(request);
            let key = asked.header("idempotency-key").unwrap_or_default();
            if let Some(kept) = self.desk.books.keys.get_mut(key) {
                (kept.status, kept.body) = (trouble.status, trouble.body.clone());
            }
        }
        exchange::spoiled(reply, lie, trouble)
    }

    fn trouble(&self) -> HttpReply {
        let body = match self.desk.which {
            Gateway::Stripe => stripe::trouble(),
            Gateway::Razorpay => razorpay::trouble(),
            _ => serde_json::json!({"error": {"code": "internal", "message": "it failed"}}),
        };
        exchange::json_reply(500, &body)
    }

    /// Does what is due by itself: payments that pay by themselves, holds that lapse at Stripe and
    /// Razorpay. [`SimulatedGateway::handle`] does it first.
    pub fn advance(&mut self, now: Timestamp) {
        let at = self.own(now);
        while let Some((due, reference)) = self.due().filter(|(due, _)| *due <= at) {
            let payment = &self.desk.books.payments[&reference];
            let is_hold = payment.standing == Standing::Held;
            let done = match is_hold {
                true => self.desk.cancel(&reference, due).is_ok(),
                false => self.desk.approve(&reference, due),
            };
            assert!(done, "{reference} is due and can't be done");
        }
    }

    /// When the next thing happens by itself, by the world's clock.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        self.due().map(|(due, _)| due.plus_milliseconds(-self.clock_ahead_milliseconds))
    }

    fn due(&self) -> Option<(Timestamp, String)> {
        let lapses = self.desk.which != Gateway::Sandbox;
        let of = |payment: &BookedPayment| {
            let due = match payment.standing {
                Standing::Processing => payment.terms.due_at,
                Standing::Held if lapses => payment.held_until,
                _ => None,
            };
            due.map(|due| (due, payment.reference.clone()))
        };
        self.desk.books.payments.values().filter_map(of).min()
    }

    fn references(&self, that: impl Fn(&BookedPayment) -> bool) -> Vec<String> {
        let payments = self.desk.books.payments.values();
        payments.filter(|payment| that(payment)).map(|one| one.reference.clone()).collect()
    }

    /// Payments that wait for the buyer: for a means of payment, 3-D Secure, the gateway's page.
    pub fn awaiting_buyer(&self) -> Vec<String> {
        self.references(BookedPayment::awaits_buyer)
    }

    /// Payments whose bank has not answered; `buyer_approves` and `buyer_declines` are its answers.
    pub fn awaiting_bank(&self) -> Vec<String> {
        self.references(|payment| {
            payment.standing == Standing::Processing && payment.terms.due_at.is_none()
        })
    }

    /// The buyer pays. Says whether that was still possible.
    pub fn buyer_approves(&mut self, reference: &str, now: Timestamp) -> bool {
        self.advance(now);
        let at = self.own(now);
        self.desk.approve(reference, at)
    }

    /// The buyer's attempt fails. At Stripe and Razorpay another may follow.
    pub fn buyer_declines(&mut self, reference: &str, now: Timestamp) -> bool {
        self.advance(now);
        let at = self.own(now);
        self.desk.decline(reference, at)
    }

    /// An order that is paid is paid once more, as a late answer of a bank can do at Razorpay where the
    /// money is taken at once. Says whether that was possible.
    pub fn buyer_pays_again(&mut self, reference: &str, now: Timestamp) -> bool {
        let at = self.own(now);
        self.desk.pay_again(reference, at)
    }

    /// The parameters with which the buyer's browser comes back from the gateway.
    pub fn return_parameters(&self, reference: &str) -> Vec<(&'static str, String)> {
        let Some(payment) = self.desk.books.payments.get(reference) else { return Vec::new() };
        match self.desk.which {
            Gateway::Stripe => vec![("payment_intent", reference.to_owned())],
            Gateway::Razorpay => {
                let charge = desk::approved(payment);
                let signed: [&[u8]; 3] = [reference.as_bytes(), b"|", charge.as_bytes()];
                let signature = signing::mac(razorpay::KEY_SECRET, &signed);
                vec![
                    ("razorpay_order_id", reference.to_owned()),
                    ("razorpay_signature", signature),
                    ("razorpay_payment_id", charge),
                ]
            }
            _ => vec![("payment_reference", reference.to_owned())],
        }
    }

    /// The merchant gives money back at the gateway: no order and no operation is named.
    pub fn dashboard_refund(&mut self, reference: &str, amount_minor: i64, now: Timestamp) -> bool {
        let wish = Wish {
            reference: reference.to_owned(),
            charge: None,
            amount_minor: Some(amount_minor),
            currency: None,
            origin: Origin::Dashboard,
            order_id: None,
            reason: None,
        };
        let at = self.own(now);
        self.desk.refund(wish, at).is_ok()
    }

    /// The merchant takes held money at the gateway, and lets the rest go. Razorpay takes all or none.
    pub fn dashboard_capture(&mut self, reference: &str, minor: i64, now: Timestamp) -> bool {
        self.advance(now);
        let at = self.own(now);
        let held = self.desk.books.payments.get(reference).map(|payment| payment.held_minor);
        if self.desk.which == Gateway::Razorpay && held != Some(minor) {
            return false;
        }
        self.desk.capture(reference, minor, true, Origin::Dashboard, at).is_ok()
    }

    /// The merchant calls a payment off at the gateway. Razorpay has no such button.
    pub fn dashboard_void(&mut self, reference: &str, now: Timestamp) -> bool {
        self.advance(now);
        let at = self.own(now);
        self.desk.which != Gateway::Razorpay && self.desk.cancel(reference, at).is_ok()
    }

    /// The buyer's bank takes back what is left of a payment.
    pub fn dispute(&mut self, reference: &str, now: Timestamp) -> bool {
        let at = self.own(now);
        self.desk.dispute(reference, at)
    }

    /// The merchant gets it again.
    pub fn dispute_won(&mut self, reference: &str, now: Timestamp) -> bool {
        let at = self.own(now);
        self.desk.decide_dispute(reference, true, at)
    }

    /// The buyer keeps it.
    pub fn dispute_lost(&mut self, reference: &str, now: Timestamp) -> bool {
        let at = self.own(now);
        self.desk.decide_dispute(reference, false, at)
    }

    /// Ends an abandoned payment, or a hold before its time. A Razorpay order that nobody pays stays
    /// open for ever.
    pub fn expire(&mut self, reference: &str, now: Timestamp) -> bool {
        self.advance(now);
        let at = self.own(now);
        let Some(payment) = self.desk.books.payments.get(reference) else { return false };
        let stays = self.desk.which == Gateway::Razorpay && payment.standing != Standing::Held;
        !stays && self.desk.cancel(reference, at).is_ok()
    }

    /// Whether refunds from now on wait for the bank, until [`SimulatedGateway::settle_refund`].
    pub fn refunds_wait(&mut self, wait: bool) {
        self.desk.refunds_wait = wait;
    }

    /// How long a new payment is not found by a search: at Stripe a minute unless told otherwise, at
    /// Razorpay no time. Asking for one by its reference never lags at Stripe; at Razorpay it is a
    /// search too.
    pub fn searches_lag(&mut self, milliseconds: i64) {
        self.desk.search_lag_milliseconds = milliseconds;
    }

    /// Ends a refund that waits. One of Stripe's may also fail after it succeeded.
    pub fn settle_refund(&mut self, refund: &str, succeeded: bool, now: Timestamp) -> bool {
        let at = self.own(now);
        self.desk.settle_refund(refund, succeeded, at)
    }

    /// The events that came about since this was last asked.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.desk.events)
    }

    /// An event as it is sent at `now`.
    pub fn delivery(&self, event: &Event, now: Timestamp) -> Delivery {
        signing::delivery(event, self.own(now))
    }

    /// An event as somebody without the secret, or with an old recording, would send it. What is done
    /// to it depends on `how` alone, and `now` is the world's time for it, whatever the gateway's.
    pub fn forged(&self, event: &Event, now: Timestamp, how: u64) -> Delivery {
        signing::forged(event, now, how)
    }

    /// The next request gets such an answer; several calls queue up.
    pub fn misreport_next(&mut self, lie: Lie) {
        self.lies.push_back(lie);
    }

    /// What really happened.
    pub fn books(&self) -> &Books {
        &self.desk.books
    }
}
