//! What really happened to money at one gateway, as an auditor reads it. The gateways write it and
//! Cartwright never sees it: only what it was told about it.
//!
//! Amounts are in the gateway's own smallest unit, which is ISO 4217's minor unit but for Stripe's ISK
//! and MGA. Times are by the gateway's clock.

use std::collections::BTreeMap;

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;

/// Everything that one gateway knows.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// By the gateway's reference.
    pub payments: BTreeMap<String, BookedPayment>,
    /// Requests that arrived, refused ones included.
    pub requests: u64,
    /// Requests to start a payment that arrived, by the operation they named.
    pub authorize_requests: BTreeMap<String, u64>,
    /// What was answered under each idempotency key, while the gateway keeps it.
    pub keys: BTreeMap<String, KeptAnswer>,
    /// Times that a key was answered from what was kept.
    pub replays: u64,
    /// Times that a key came back with another request.
    pub key_conflicts: u64,
}

/// The answer that a key gets again.
#[derive(Debug, Clone)]
pub struct KeptAnswer {
    /// The request that the key was first used with.
    pub fingerprint: String,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub body: Vec<u8>,
    /// When it was first used.
    pub at: Timestamp,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No means of payment yet, or the last one was declined and another may follow.
    AwaitingMethod,
    /// The buyer is on a page: 3-D Secure, or the gateway's own.
    AwaitingBuyer,
    /// The bank has not answered.
    Processing,
    /// Money is held, and some of it may have been taken.
    Held,
    /// Money was taken and no more can be.
    Captured,
    /// Ended without money.
    Failed,
    /// Called off, or lapsed.
    Cancelled,
}

/// Who wanted a movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The terms of the payment itself.
    Terms,
    /// A request, with the operation that it named if it named one.
    Request(Option<String>),
    /// Somebody at the gateway's dashboard.
    Dashboard,
}

/// One payment; at Razorpay one order.
#[derive(Debug, Clone)]
pub struct BookedPayment {
    /// Whose.
    pub gateway: Gateway,
    /// What [`cartwright::domain::payment::PaymentReport::reference`] says.
    pub reference: String,
    /// As it stands in the metadata.
    pub order_id: Option<String>,
    /// As it stands in the metadata.
    pub operation_id: Option<String>,
    /// ISO 4217, capital letters.
    pub currency: String,
    /// What the buyer was to pay.
    pub asked_minor: i64,
    /// What is held now.
    pub held_minor: i64,
    /// Until when.
    pub held_until: Option<Timestamp>,
    /// Where it stands.
    pub standing: Standing,
    /// Every try with a means of payment, oldest first.
    pub attempts: Vec<Attempt>,
    /// Money that was taken.
    pub captures: Vec<BookedCapture>,
    /// When held money was let go, by request, at the dashboard or by lapse.
    pub released_at: Option<Timestamp>,
    /// Money that went back.
    pub refunds: Vec<BookedRefund>,
    /// What the buyer's bank took back.
    pub disputes: Vec<BookedDispute>,
    /// The idempotency key that made it, where there are keys.
    pub made_by_key: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What it was asked for with.
    pub terms: Terms,
}

/// How a payment was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether the money is to be held.
    pub is_manual: bool,
    /// The means of payment.
    pub method: Option<String>,
    /// Where the browser goes afterwards.
    pub return_url: Option<String>,
    /// When it pays by itself.
    pub due_at: Option<Timestamp>,
}

/// A try with a means of payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Stripe's charge, Razorpay's payment.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// How it went.
    pub outcome: Outcome,
}

/// How a try went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The bank said no.
    Declined,
    /// The bank said yes.
    Approved,
    /// It said yes, and the money was let go untaken.
    Released,
}

/// Money that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedCapture {
    /// Its own identity in the gateway's books.
    pub id: String,
    /// The attempt that brought it.
    pub charge: String,
    /// How much.
    pub amount_minor: i64,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub origin: Origin,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    /// The bank has not answered.
    Pending,
    /// The money went back.
    Succeeded,
    /// It did not.
    Failed,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedRefund {
    /// The gateway's identity.
    pub id: String,
    /// The attempt whose money it is.
    pub charge: String,
    /// How much.
    pub amount_minor: i64,
    /// Where it stands.
    pub state: RefundState,
    /// Who wanted it.
    pub origin: Origin,
    /// The order that the request named.
    pub order_id: Option<String>,
    /// The reason that the request gave.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl BookedRefund {
    /// The operation that asked for it.
    pub fn operation_id(&self) -> Option<&str> {
        match &self.origin {
            Origin::Request(operation) => operation.as_deref(),
            Origin::Terms | Origin::Dashboard => None,
        }
    }
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeState {
    /// The bank took the money and has not decided.
    Open,
    /// The merchant has the money again.
    Won,
    /// The buyer keeps it.
    Lost,
}

/// What the buyer's bank took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedDispute {
    /// The gateway's identity.
    pub id: String,
    /// The attempt whose money it is.
    pub charge: String,
    /// How much.
    pub amount_minor: i64,
    /// Where it stands.
    pub state: DisputeState,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl BookedPayment {
    /// What was taken, whatever went back since.
    pub fn captured_minor(&self) -> i64 {
        self.captures.iter().map(|capture| capture.amount_minor).sum()
    }

    /// What certainly went back as refunds.
    pub fn refunded_minor(&self) -> i64 {
        self.refunds_that(|state| state == RefundState::Succeeded)
    }

    /// What went back or is on its way.
    pub fn refunding_minor(&self) -> i64 {
        self.refunds_that(|state| state != RefundState::Failed)
    }

    fn refunds_that(&self, is: impl Fn(RefundState) -> bool) -> i64 {
        self.refunds.iter().filter(|one| is(one.state)).map(|one| one.amount_minor).sum()
    }

    /// What the buyers' banks kept, and what they took and have not decided about.
    pub fn charged_back_minor(&self) -> i64 {
        let taken = self.disputes.iter().filter(|one| one.state != DisputeState::Won);
        taken.map(|one| one.amount_minor).sum()
    }

    /// What the merchant has of it.
    pub fn kept_minor(&self) -> i64 {
        self.captured_minor() - self.refunded_minor() - self.charged_back_minor()
    }

    /// Whether the buyer has something to do.
    pub fn awaits_buyer(&self) -> bool {
        matches!(self.standing, Standing::AwaitingMethod | Standing::AwaitingBuyer)
    }

    /// Whether nothing was taken and nothing ever will be.
    pub fn is_over(&self) -> bool {
        matches!(self.standing, Standing::Failed | Standing::Cancelled)
    }
}

impl Books {
    /// The payments that an operation started: more than one is a defect.
    pub fn started_by(&self, operation: &str) -> Vec<&BookedPayment> {
        let named = |payment: &&BookedPayment| payment.operation_id.as_deref() == Some(operation);
        self.payments.values().filter(named).collect()
    }

    /// The refunds that an operation asked for: more than one is a defect.
    pub fn refunds_by(&self, operation: &str) -> Vec<&BookedRefund> {
        let all = self.payments.values().flat_map(|payment| &payment.refunds);
        all.filter(|refund| refund.operation_id() == Some(operation)).collect()
    }

    /// The payments of an order.
    pub fn of_order(&self, order: &str) -> Vec<&BookedPayment> {
        let named = |payment: &&BookedPayment| payment.order_id.as_deref() == Some(order);
        self.payments.values().filter(named).collect()
    }

    /// The payment that a refund gives back.
    pub fn payment_of_refund(&self, refund: &str) -> Option<&BookedPayment> {
        self.payments.values().find(|payment| payment.refunds.iter().any(|one| one.id == refund))
    }
}
