//! One suite for every gateway: each scenario is played through the registry, with the vendor's own
//! bytes, and must come to the same end in Cartwright's words.
//!
//! A vendor joins with one file beside this one and one line in [`VENDORS`]. Its file gives a
//! [`Vendor`]: the variables that set it up, the ask that it accepts, how it signs a webhook, and for
//! every [`Scenario`] the calls that the shop makes with the replies that come back, or why it can't
//! have that scenario. What is expected is written once, in `expect`. `matrix` plays everything and
//! keeps the table in README.md.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of the tests' own making")]

mod authorize_net;
mod expect;
pub mod hostile;
mod matrix;
mod paypal;
mod permutations;
mod razorpay;
pub mod run;
mod sandbox;
mod scenario;
mod stripe;

use cartwright::domain::id::OperationId;
use cartwright::domain::payment::Gateway;
use cartwright::providers::payment::contract::{AuthorizeAsk, HttpReply};

pub use self::run::{Outcome, Run};
pub use self::scenario::Scenario;
use crate::support::operation;

/// Every gateway that has joined, in the order of the matrix.
pub const VENDORS: &[Vendor] =
    &[sandbox::VENDOR, stripe::VENDOR, razorpay::VENDOR, paypal::VENDOR, authorize_net::VENDOR];

/// What `ask()` of every vendor asks for, in minor units of its currency.
pub const FULL: i64 = 1_999;
/// What a partial capture or refund is for, and what remains.
pub const PART: i64 = 1_200;
pub const REST: i64 = 799;

/// The operations that replies may have to echo.
pub fn started_by() -> OperationId {
    operation(1)
}
pub fn voided_by() -> OperationId {
    operation(2)
}
pub fn captured_by() -> OperationId {
    operation(3)
}
pub fn rest_captured_by() -> OperationId {
    operation(4)
}
/// [`Op::Refund`] and [`Op::RefundPart`].
pub fn refunded_by() -> OperationId {
    operation(5)
}
pub fn rest_refunded_by() -> OperationId {
    operation(6)
}

/// A gateway as the suite knows it.
pub struct Vendor {
    pub gateway: Gateway,
    /// What sets it up.
    pub variables: &'static [(&'static str, &'static str)],
    /// An ask for [`FULL`] minor units that it accepts. The suite sets `capture`.
    pub ask: fn() -> AuthorizeAsk,
    /// The payment's identity in the vendor's replies.
    pub reference: &'static str,
    /// The header in which the operation's id travels as idempotency key, if the gateway has one.
    pub idempotency_header: Option<&'static str>,
    /// What happens in a scenario.
    pub given: fn(Scenario) -> Given,
    /// A webhook with this body, rightly signed now.
    pub sign: fn(&[u8]) -> Incoming,
    /// The header that holds the signature, in lower case.
    pub signature_header: &'static str,
}

/// The vendor of a gateway.
pub fn vendor(gateway: Gateway) -> &'static Vendor {
    VENDORS.iter().find(|vendor| vendor.gateway == gateway).expect("a vendor of the suite")
}

/// What a vendor makes of a scenario.
pub enum Given {
    /// Everything that happens, in order.
    Steps(Vec<Step>),
    /// The gateway can't have it, for this reason.
    Declared(&'static str),
}

/// Something that happens.
#[derive(Clone)]
pub enum Step {
    /// The shop calls, and this comes back. Where the call can't even be built (a refund before
    /// settlement, say) the reply is ignored and the outcome is the failure.
    Call(Op, HttpReply),
    /// The gateway sends a webhook.
    Event(Incoming),
}

/// A webhook as it arrives.
#[derive(Clone)]
pub struct Incoming {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// What comes back if the gateway wants evidence fetched.
    pub evidence: Option<HttpReply>,
}

/// A call of the shop. Which payment it is about, and what its ask says of it, comes from the reports
/// of the steps before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `authorize`.
    Start,
    /// `recover`, a minute after the first attempt.
    Recover,
    /// `recover`, 25 hours after it.
    RecoverLate,
    /// `find`.
    Find,
    /// `retrieve`.
    Retrieve,
    /// `whose`.
    Whose,
    /// `complete`.
    Complete,
    /// Take all that is held.
    Capture,
    /// Take [`PART`] and let the rest go.
    CapturePart,
    /// Take [`PART`] and keep the rest held.
    CaptureFirst,
    /// Take [`REST`], the last part.
    CaptureRest,
    /// `void`.
    Void,
    /// Give everything back.
    Refund,
    /// Give [`PART`] back.
    RefundPart,
    /// Give [`REST`] back, after [`Op::RefundPart`].
    RefundRest,
    /// `recover_refund` of [`Op::Refund`], a minute after it.
    RecoverRefund,
    /// `recover_refund` of [`Op::Refund`], 25 hours after it.
    RecoverRefundLate,
    /// `find_refund` of [`Op::Refund`].
    FindRefund,
    /// The first page of the books of the last day.
    List,
    /// The page after it.
    ListNext,
}
