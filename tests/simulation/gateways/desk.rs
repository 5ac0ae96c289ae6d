//! What can happen to a payment at a gateway, whatever the gateway's protocol: the rules of money. Every
//! change is written into the books and told in the gateway's own events.

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use serde_json::Value;

use super::books::{
    Attempt, BookedCapture, BookedDispute, BookedPayment, BookedRefund, Books, DisputeState,
    Origin, Outcome, RefundState, Standing,
};
pub use super::changes::{Denial, Happening, Wish};
use super::{Event, razorpay, sandbox, stripe};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Where the gateway's rules are kept.
#[derive(Debug, Clone)]
pub struct Desk {
    pub which: Gateway,
    pub books: Books,
    /// Events that nobody took yet.
    pub events: Vec<Event>,
    /// Whether new refunds wait for the bank.
    pub refunds_wait: bool,
    /// How long a new payment is not found by a search.
    pub search_lag_milliseconds: i64,
    counter: u64,
}

impl Desk {
    pub fn new(which: Gateway) -> Self {
        Self {
            which,
            books: Books::default(),
            events: Vec::new(),
            refunds_wait: false,
            search_lag_milliseconds: if which == Gateway::Stripe { 60_000 } else { 0 },
            counter: 0,
        }
    }

    /// The next identity of a kind.
    pub fn id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}_{:014}", self.counter)
    }

    /// How long money is held, in seconds.
    const fn hold_seconds(&self) -> i64 {
        match self.which {
            Gateway::Razorpay => 3 * DAY_SECONDS,
            _ => 7 * DAY_SECONDS,
        }
    }

    fn tell(&mut self, reference: &str, happening: Happening, at: Timestamp) {
        let payment = &self.books.payments[reference];
        let told = match self.which {
            Gateway::Stripe => stripe::told(payment, happening),
            Gateway::Razorpay => razorpay::told(payment, happening),
            _ => sandbox::told(payment, happening),
        };
        for (kind, object) in told {
            let id = self.id("evt");
            let body: Value = match self.which {
                Gateway::Stripe => stripe::envelope(&id, &kind, object, at),
                Gateway::Razorpay => razorpay::envelope(&kind, object, at),
                _ => sandbox::envelope(&id, &kind, object, at),
            };
            self.events.push(Event {
                gateway: self.which,
                id,
                kind,
                reference: reference.to_owned(),
                body: body.to_string().into_bytes(),
            });
        }
    }

    /// Changes a payment and tells of it.
    fn change(
        &mut self,
        reference: &str,
        at: Timestamp,
        happening: Happening,
        how: impl FnOnce(&mut BookedPayment),
    ) {
        let payment = self.books.payments.get_mut(reference).unwrap();
        how(payment);
        payment.updated_at = at.max(payment.updated_at.plus_milliseconds(1));
        self.tell(reference, happening, at);
    }

    /// The payments that an operation started, as a search finds them.
    pub fn searched(&self, operation: &str, at: Timestamp) -> Vec<&BookedPayment> {
        let seen = |payment: &&BookedPayment| {
            at.milliseconds_since(payment.created_at) >= self.search_lag_milliseconds
        };
        self.books.started_by(operation).into_iter().filter(seen).collect()
    }

    /// Enters a new payment.
    pub fn enter(&mut self, payment: BookedPayment) {
        let (reference, at) = (payment.reference.clone(), payment.created_at);
        self.books.payments.insert(reference.clone(), payment);
        self.tell(&reference, Happening::Created, at);
    }

    pub fn needs_buyer(&mut self, reference: &str, at: Timestamp) {
        let to = Standing::AwaitingBuyer;
        self.change(reference, at, Happening::NeedsBuyer, |payment| payment.standing = to);
    }

    pub fn processes(&mut self, reference: &str, at: Timestamp) {
        let to = Standing::Processing;
        self.change(reference, at, Happening::Processing, |payment| payment.standing = to);
    }

    /// The bank says yes: money is held, or taken, as the terms say.
    pub fn approve(&mut self, reference: &str, at: Timestamp) -> bool {
        let Some(payment) = self.books.payments.get(reference) else { return false };
        if !payment.awaits_buyer() && payment.standing != Standing::Processing {
            return false;
        }
        let (is_manual, asked) = (payment.terms.is_manual, payment.asked_minor);
        let id = self.id(self.charge_prefix());
        let until = at.plus_seconds(self.hold_seconds());
        let hold = |payment: &mut BookedPayment| {
            payment.attempts.push(Attempt { id, at, outcome: Outcome::Approved });
            payment.terms.due_at = None;
            payment.standing = Standing::Held;
            payment.held_minor = asked;
            payment.held_until = Some(until);
        };
        if is_manual || self.which == Gateway::Razorpay {
            self.change(reference, at, Happening::Held, hold);
        } else {
            hold(self.books.payments.get_mut(reference).unwrap());
        }
        is_manual || self.capture(reference, asked, true, Origin::Terms, at).is_ok()
    }

    /// A bank that says yes late to an attempt at an order that was paid since: its money comes twice.
    pub fn pay_again(&mut self, reference: &str, at: Timestamp) -> bool {
        let can = self.which == Gateway::Razorpay;
        let Some(payment) = self.books.payments.get_mut(reference).filter(|_| can) else {
            return false;
        };
        if payment.standing != Standing::Captured || payment.terms.is_manual {
            return false;
        }
        payment.standing = Standing::AwaitingMethod;
        self.approve(reference, at)
    }

    const fn charge_prefix(&self) -> &'static str {
        match self.which {
            Gateway::Stripe => "ch",
            Gateway::Razorpay => "pay",
            _ => "sbxa",
        }
    }

    /// The bank or the buyer says no. At the sandbox that is the end.
    pub fn decline(&mut self, reference: &str, at: Timestamp) -> bool {
        let Some(payment) = self.books.payments.get(reference) else { return false };
        if !payment.awaits_buyer() && payment.standing != Standing::Processing {
            return false;
        }
        let id = self.id(self.charge_prefix());
        let is_final = self.which == Gateway::Sandbox;
        self.change(reference, at, Happening::Declined, |payment| {
            payment.attempts.push(Attempt { id, at, outcome: Outcome::Declined });
            payment.terms.due_at = None;
            payment.standing = if is_final { Standing::Failed } else { Standing::AwaitingMethod };
        });
        true
    }

    /// Takes held money. What is not taken is let go if it is the final part.
    pub fn capture(
        &mut self,
        reference: &str,
        amount_minor: i64,
        is_final: bool,
        origin: Origin,
        at: Timestamp,
    ) -> Result<(), Denial> {
        let payment = self.books.payments.get(reference).ok_or(Denial::Missing)?;
        if payment.standing != Standing::Held {
            return Err(Denial::State);
        }
        if amount_minor < 1 || amount_minor > payment.held_minor {
            return Err(Denial::TooMuch);
        }
        let charge = approved(payment);
        let id = if self.which == Gateway::Sandbox { self.id("sbxc") } else { charge.clone() };
        self.change(reference, at, Happening::Taken, |payment| {
            payment.held_minor -= amount_minor;
            let is_all = is_final || payment.held_minor == 0;
            if is_all {
                let rest = std::mem::take(&mut payment.held_minor);
                payment.released_at = (rest > 0).then_some(at);
                payment.held_until = None;
                payment.standing = Standing::Captured;
            }
            let at = at.max(payment.updated_at.plus_milliseconds(1));
            payment.captures.push(BookedCapture { id, charge, amount_minor, at, origin });
        });
        Ok(())
    }

    /// Calls a payment off: what was taken stays taken, the rest is let go.
    pub fn cancel(&mut self, reference: &str, at: Timestamp) -> Result<(), Denial> {
        let payment = self.books.payments.get(reference).ok_or(Denial::Missing)?;
        if payment.is_over() || payment.standing == Standing::Captured {
            return Err(Denial::State);
        }
        self.change(reference, at, Happening::Cancelled, |payment| {
            if payment.held_minor > 0 {
                payment.released_at = Some(at);
            }
            payment.held_minor = 0;
            payment.held_until = None;
            payment.terms.due_at = None;
            let is_taken = !payment.captures.is_empty();
            payment.standing = if is_taken { Standing::Captured } else { Standing::Cancelled };
            for attempt in payment.attempts.iter_mut().filter(|_| !is_taken) {
                if attempt.outcome == Outcome::Approved {
                    attempt.outcome = Outcome::Released;
                }
            }
        });
        Ok(())
    }

    /// Gives money back and says which refund it is.
    pub fn refund(&mut self, wish: Wish, at: Timestamp) -> Result<String, Denial> {
        let payment = self.books.payments.get(&wish.reference).ok_or(Denial::Missing)?;
        if payment.captures.is_empty() {
            return Err(Denial::State);
        }
        if wish.currency.as_ref().is_some_and(|currency| *currency != payment.currency) {
            return Err(Denial::Currency);
        }
        let is_disputed = payment.disputes.iter().any(|one| one.state != DisputeState::Won);
        if is_disputed && self.which != Gateway::Razorpay {
            return Err(Denial::Disputed);
        }
        let Some(charge) = wish.charge.or_else(|| with_money(payment)) else {
            return Err(Denial::AlreadyRefunded);
        };
        let left = refundable(payment, &charge);
        if left <= 0 {
            return Err(Denial::AlreadyRefunded);
        }
        let amount_minor = wish.amount_minor.unwrap_or(left);
        if amount_minor < 1 || amount_minor > left {
            return Err(Denial::TooMuch);
        }
        let state = match payment.terms.method.as_deref() {
            Some("refund_fails") => RefundState::Failed,
            Some("refund_pending" | "pm_card_pendingRefund") => RefundState::Pending,
            _ if self.refunds_wait => RefundState::Pending,
            _ => RefundState::Succeeded,
        };
        let number = payment.refunds.len();
        let id = self.id(match self.which {
            Gateway::Stripe => "re",
            Gateway::Razorpay => "rfnd",
            _ => "sbxr",
        });
        let refund = BookedRefund {
            id: id.clone(),
            charge,
            amount_minor,
            state,
            origin: wish.origin,
            order_id: wish.order_id,
            reason: wish.reason,
            created_at: at,
            updated_at: at,
        };
        let payment = self.books.payments.get_mut(&wish.reference).unwrap();
        payment.refunds.push(refund);
        self.tell(&wish.reference, Happening::RefundMade(number), at);
        Ok(id)
    }

    /// Ends a refund that waited. Stripe's can also fail after they succeeded.
    pub fn settle_refund(&mut self, refund: &str, succeeded: bool, at: Timestamp) -> bool {
        let comes_back = self.which == Gateway::Stripe && !succeeded;
        let found = self.books.payments.iter_mut().find_map(|(reference, payment)| {
            let number = payment.refunds.iter().position(|one| one.id == refund)?;
            let one = &mut payment.refunds[number];
            let open = one.state == RefundState::Pending
                || (comes_back && one.state == RefundState::Succeeded);
            open.then(|| {
                one.state = if succeeded { RefundState::Succeeded } else { RefundState::Failed };
                one.updated_at = at.max(one.updated_at.plus_milliseconds(1));
                (reference.clone(), number)
            })
        });
        let Some((reference, number)) = found else { return false };
        self.tell(&reference, Happening::RefundSettled(number), at);
        true
    }

    /// The buyer's bank takes back all that is left.
    pub fn dispute(&mut self, reference: &str, at: Timestamp) -> bool {
        let Some(payment) = self.books.payments.get(reference) else { return false };
        let Some(charge) = with_money(payment) else { return false };
        let (left, number) = (refundable(payment, &charge), payment.disputes.len());
        let id = self.id(match self.which {
            Gateway::Stripe => "du",
            Gateway::Razorpay => "disp",
            _ => "sbxd",
        });
        let payment = self.books.payments.get_mut(reference).unwrap();
        payment.disputes.push(BookedDispute {
            id,
            charge,
            amount_minor: left,
            state: DisputeState::Open,
            created_at: at,
            updated_at: at,
        });
        self.tell(reference, Happening::Disputed(number), at);
        true
    }

    /// Decides the open dispute of a payment.
    pub fn decide_dispute(&mut self, reference: &str, won: bool, at: Timestamp) -> bool {
        let Some(payment) = self.books.payments.get_mut(reference) else { return false };
        let open = |one: &BookedDispute| one.state == DisputeState::Open;
        let Some(number) = payment.disputes.iter().position(open) else { return false };
        let dispute = &mut payment.disputes[number];
        dispute.state = if won { DisputeState::Won } else { DisputeState::Lost };
        dispute.updated_at = at.max(dispute.updated_at.plus_milliseconds(1));
        self.tell(reference, Happening::DisputeDecided(number), at);
        true
    }
}

/// The attempt that brought the money.
pub fn approved(payment: &BookedPayment) -> String {
    let yes = payment.attempts.iter().rev().find(|one| one.outcome != Outcome::Declined);
    yes.map(|attempt| attempt.id.clone()).unwrap_or_default()
}

/// What can still go back of an attempt's money.
fn refundable(payment: &BookedPayment, charge: &str) -> i64 {
    let taken = payment.captures.iter().filter(|one| one.charge == charge);
    let given = payment.refunds.iter().filter(|one| one.charge == charge);
    let lost = payment.disputes.iter().filter(|one| one.charge == charge);
    let given = given.filter(|one| one.state != RefundState::Failed);
    let lost = lost.filter(|one| one.state != DisputeState::Won);
    taken.map(|one| one.amount_minor).sum::<i64>()
        - given.map(|one| one.amount_minor).sum::<i64>()
        - lost.map(|one| one.amount_minor).sum::<i64>()
}

/// The first attempt of whose money something can go back.
fn with_money(payment: &BookedPayment) -> Option<String> {
    let charges = payment.captures.iter().map(|capture| &capture.charge);
    charges.into_iter().find(|charge| refundable(payment, charge) > 0).cloned()
}
