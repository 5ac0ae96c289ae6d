//! What a payment gateway must be able to do, in requests built and replies read.
//!
//! Three rules hold for every gateway:
//!
//! - [`BuildError`] means that nothing was sent, [`CallFailure::Refused`] that the gateway certainly
//!   did nothing, and everything that is not certain is [`CallFailure::Unknown`] and must be asked
//!   about again. A reader never guesses.
//! - The idempotency key is the operation's id, given by the caller, never made here.
//! - Amount and currency are reported as the gateway says them. Whether they are ours is judged in one
//!   place, [`crate::domain::payment::Payment`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::address::Address;
use crate::domain::currency::Currency;
use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, CaptureMode, Gateway, MovementReport, PaymentReport};
use crate::domain::time::Timestamp;

pub use crate::domain::reconciliation::{ListedMovement, Window};

/// The most that is read of a gateway's reply. The shell stops reading one byte later; what is longer
/// is not a reply that any gateway sends, and its outcome is unknown.
pub const MAX_REPLY_BYTES: usize = 256 * 1024;

/// The most that is accepted of a webhook's body.
pub const MAX_WEBHOOK_BYTES: usize = 256 * 1024;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks, changes nothing.
    Get,
    /// Asks for a change; always carries an idempotency key.
    Post,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request, ready to be sent as it is. The shell must not follow redirects.
///
/// `Debug` shows where it goes and how long it is: the headers hold the key of the account and the
/// body the buyer's address.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An absolute URL.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Exactly these bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        write!(f, "{} {path} ({} body bytes)", self.method.name(), self.body.len())
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// As received; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, up to one byte more than [`MAX_REPLY_BYTES`].
    pub body: Vec<u8>,
}

/// Reads a reply to the one request it was made with.
type Reader<T> = Box<dyn FnOnce(&HttpReply, Timestamp) -> Result<T, CallFailure> + Send>;

/// A request together with the reader of its reply.
///
/// The reader remembers what was asked, so that a reply about another payment is never taken for ours.
pub struct Call<T = PaymentReport> {
    /// What to send.
    pub request: HttpRequest,
    reader: Reader<T>,
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.request, f)
    }
}

impl<T> Call<T> {
    /// Joins a request and the reader of its reply.
    pub(super) fn new(
        request: HttpRequest,
        reader: impl FnOnce(&HttpReply, Timestamp) -> Result<T, CallFailure> + Send + 'static,
    ) -> Self {
        Self { request, reader: Box::new(reader) }
    }

    /// What the reply says.
    ///
    /// `sent_at` is when the request was sent, not when the reply came: the state in the reply is at
    /// least that new, and a time that is too early is harmless (the next news replaces it) where one
    /// that is too late would outrank true news that the gateway sent meanwhile.
    ///
    /// # Errors
    /// When the reply is a refusal, or says nothing that can be relied on.
    pub fn read(self, reply: &HttpReply, sent_at: Timestamp) -> Result<T, CallFailure> {
        if reply.body.len() > MAX_REPLY_BYTES {
            return Err(CallFailure::Unknown {
                reason: format!("the reply is longer than {MAX_REPLY_BYTES} bytes"),
            });
        }
        (self.reader)(reply, sent_at)
    }
}

/// Start a payment.
///
/// It is stored with the operation, since a repeat under the same key must be built from the same ask:
/// a gateway refuses a key that comes back with another body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeAsk {
    /// The operation, and so the gateway's idempotency key.
    pub operation_id: OperationId,
    /// The order, put into the payment's metadata so that webhooks find their way back.
    pub order_id: OrderId,
    /// What the buyer is to pay.
    pub amount: Money,
    /// Whether the money is taken at once.
    #[serde(default)]
    pub capture: CaptureMode,
    /// The gateway's token of a payment method; without one the buyer chooses in the browser.
    #[serde(default)]
    pub method: Option<String>,
    /// Where the gateway sends the browser afterwards.
    #[serde(default)]
    pub return_url: Option<String>,
    /// Where the gateway may send its receipt.
    #[serde(default)]
    pub email: Option<String>,
    /// What the payment is for, as the merchant sees it at the gateway.
    #[serde(default)]
    pub description: Option<String>,
    /// What the buyer's statement is to say, where the gateway takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// Who pays, for gateways that compare it with the card's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<Address>,
}

/// What is known of a payment that exists at its gateway: what a request about it may have to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPayment {
    /// The order it is for.
    pub order_id: OrderId,
    /// The operation that started it.
    pub started_by: OperationId,
    /// The gateway's identity of the payment.
    pub reference: String,
    /// What the payment as a whole is for.
    pub amount: Money,
    /// What [`PaymentReport::charge`] said.
    pub charge: Option<String>,
    /// What [`PaymentReport::card_last_four`] said.
    pub card_last_four: Option<String>,
    /// What [`PaymentReport::settled`] said.
    pub settled: Option<bool>,
}

/// Take money that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureAsk {
    /// This capture's own operation.
    pub operation_id: OperationId,
    /// Of which payment.
    pub payment: KnownPayment,
    /// How much of what is held.
    pub amount: Money,
    /// Whether the rest is let go. Only a gateway that takes money in parts is ever told `false`.
    pub is_final: bool,
}

/// Call a payment off: let held money go, or end a payment that was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidAsk {
    /// This cancellation's own operation.
    pub operation_id: OperationId,
    /// Which payment.
    pub payment: KnownPayment,
}

/// Give money back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAsk {
    /// This refund's own operation: goes into the refund's metadata as well, so that it is recognised.
    pub operation_id: OperationId,
    /// Of which payment.
    pub payment: KnownPayment,
    /// The capture to give back, where the gateway's refunds name one ([`PaymentReport::captures`]).
    pub capture: Option<String>,
    /// How much.
    pub amount: Money,
    /// Minor units taken of the payment in all.
    pub captured_minor: i64,
    /// Why, for the buyer's statement or the merchant's dashboard.
    pub reason: Option<String>,
}

/// How to learn what became of a refund whose reply was lost.
#[derive(Debug)]
pub enum RefundRecovery {
    /// Send the same request again under the same key: the gateway gives back once.
    Repeat(Call<MovementReport>),
    /// Look for it among the payment's refunds. `None` long enough after the request: it was never
    /// received, and may be sent again.
    Search(Call<Option<MovementReport>>),
}

/// A page of the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPage {
    /// What is on it; only money that moved.
    pub entries: Vec<ListedMovement>,
    /// What to ask for the next page with; `None` on the last.
    pub next: Option<String>,
}

/// A token that requests must carry for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The value of the `authorization` header.
    pub authorization: String,
    /// When it stops working, by the gateway's word.
    pub expires_at: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[secret] until {}", self.expires_at.rfc3339())
    }
}

/// How to learn what became of a start whose reply was lost.
#[derive(Debug)]
pub enum Recovery {
    /// Send the same request again under the same key: the gateway answers as it did or would have
    /// done the first time, and charges once. Starts the payment if the first request never arrived.
    Repeat(Call),
    /// Look for the payment by the operation that is in its metadata. `None`: the gateway has no
    /// such payment, and since the question is only asked when none can be on its way any more, the
    /// start did not happen.
    Search(Call<Option<PaymentReport>>),
}

/// Why a request could not be built. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Zero, negative, or beyond what Cartwright handles.
    #[error("{} {} is not an amount that can be charged", .0.amount, .0.currency)]
    Amount(Money),
    /// The gateway can't take this currency, or it is not certain in which unit.
    #[error("{gateway} can't take {currency}: {reason}")]
    Currency {
        /// The gateway.
        gateway: &'static str,
        /// The currency.
        currency: Currency,
        /// For the merchant.
        reason: &'static str,
    },
    /// The gateway takes only multiples of a bigger unit in this currency.
    #[error("{gateway} takes only multiples of {step} minor units of {}, not {}", .amount.currency, .amount.amount)]
    Granularity {
        /// The gateway.
        gateway: &'static str,
        /// What was asked.
        amount: Money,
        /// The smallest step, in minor units.
        step: i64,
    },
    /// Not a reference that the gateway can have given.
    #[error("malformed payment reference")]
    Reference,
    /// Not a token of a payment method. A card number is refused here too: it must never reach us.
    #[error("the payment method is not a token that {gateway} gives")]
    PaymentMethod {
        /// The gateway.
        gateway: &'static str,
    },
    /// Not an absolute http or https URL.
    #[error("the return URL is not an absolute http or https URL")]
    ReturnUrl,
    /// A text that is longer than the gateway takes.
    #[error("{field} is longer than {limit} characters")]
    TooLong {
        /// Which.
        field: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The gateway does not offer this in this state of the payment.
    #[error("{0} is not offered")]
    NotOffered(&'static str),
    /// It will be possible later, as the payment stands.
    #[error("not possible yet: {0}")]
    NotYet(&'static str),
    /// The body could not be written.
    #[error("the request body could not be encoded")]
    Encoding,
}

impl From<BuildError> for CallFailure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::NotOffered(capability) => {
                Self::Unsupported { capability: capability.to_owned() }
            }
            BuildError::NotYet(reason) => Self::NotYet { reason: reason.to_owned() },
            error => Self::NotSent { reason: error.to_string() },
        }
    }
}

/// What a webhook tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventNews {
    /// Nothing that we follow: acknowledged and forgotten.
    Nothing,
    /// Where a payment stands.
    Payment(Box<PaymentReport>),
    /// Refunds or chargebacks of a payment.
    Movements {
        /// The gateway's identity of the payment.
        reference: String,
        /// What moved.
        movements: Vec<MovementReport>,
    },
    /// Something happened to a payment, and the event does not say enough: the gateway is asked.
    AskAbout {
        /// The gateway's identity of the payment.
        reference: String,
    },
}

/// A webhook whose signature was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEvent {
    /// Unique at the gateway; the inbox's key together with the gateway's name.
    pub event_id: String,
    /// The gateway's name of what happened, for the log.
    pub kind: String,
    /// When it happened, by the gateway's clock.
    pub occurred_at: Timestamp,
    /// The order named in the payment's metadata. Without one, [`PaymentGateway::whose`] is asked.
    pub order_id: Option<OrderId>,
    /// The operation that started the payment.
    pub operation_id: Option<OperationId>,
    /// What it tells.
    pub news: EventNews,
}

/// What must be fetched before a webhook can be judged: the signer's certificate, or the gateway's own
/// verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What to send. Its host is pinned by whoever builds it.
    pub request: HttpRequest,
    /// Whether the request needs [`PaymentGateway::access_token`].
    pub with_token: bool,
    /// Whether the answer serves other webhooks too (a certificate) and may be kept by its URL.
    pub reusable: bool,
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// Not signed, or not with one of our secrets.
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// Signed with our secret, but at another time than now: perhaps a recording played again.
    #[error("the signature's time is too far from now")]
    Stale,
    /// It can't be judged now: the evidence could not be fetched. The gateway should send it again.
    #[error("the webhook can't be verified now")]
    Unverifiable,
    /// Rightly signed and fresh, but not readable: the gateway should send it again.
    #[error("the event can't be read: {reason}")]
    Malformed {
        /// For the log.
        reason: &'static str,
    },
}

/// A header of the webhook by its lower-case name.
pub type HeaderLookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why the parameters with which a browser came back from the gateway are not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReturnRefusal {
    /// A parameter that the gateway always gives is missing or malformed.
    #[error("{0} is missing or malformed")]
    Parameter(&'static str),
    /// The signature is wrong, or is another payment's.
    #[error("the signature is wrong")]
    BadSignature,
}

/// A parameter of the browser's return by its name.
pub type ParameterLookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A payment gateway. What only some gateways can do is an `Option` of a trait of its own.
pub trait PaymentGateway {
    /// Which one it is.
    fn gateway(&self) -> Gateway;

    /// How to get the token that every request must carry, for a gateway that wants one. The shell
    /// keeps it until shortly before it expires and adds it as the `authorization` header.
    fn access_token(&self) -> Option<Result<Call<AccessToken>, BuildError>> {
        None
    }

    /// Starts a payment. For an operation that was certainly never sent; one that may have been goes
    /// through [`PaymentGateway::recover`], whose reader knows that a refusal (a revoked key, say) then
    /// proves nothing about the first attempt.
    ///
    /// # Errors
    /// Nothing was sent.
    fn authorize(&self, ask: &AuthorizeAsk) -> Result<Call, BuildError>;

    /// Finds out what became of a start that may have been sent, `age_milliseconds` after the first
    /// attempt.
    ///
    /// # Errors
    /// Nothing was sent.
    fn recover(&self, ask: &AuthorizeAsk, age_milliseconds: i64) -> Result<Recovery, BuildError>;

    /// Looks for the payment that an operation started, and never starts one that could bring money.
    /// A gateway may need a minute until a new payment is found: `None` soon after a start proves
    /// nothing.
    ///
    /// # Errors
    /// Nothing was sent.
    fn find(&self, ask: &AuthorizeAsk) -> Result<Call<Option<PaymentReport>>, BuildError>;

    /// Asks where a payment stands. A question that fails is [`CallFailure::Unknown`], never a
    /// refusal: it says nothing about the payment.
    ///
    /// # Errors
    /// Nothing was sent.
    fn retrieve(&self, payment: &KnownPayment) -> Result<Call, BuildError>;

    /// Asks for which order a payment is, by what was written into it when it was started. `None`: it
    /// is none of ours.
    ///
    /// # Errors
    /// Nothing was sent.
    fn whose(&self, reference: &str) -> Result<Call<Option<OrderId>>, BuildError>;

    /// Judges the parameters with which the browser came back. A gateway that does not sign them
    /// believes none and refuses none: it is asked either way.
    ///
    /// # Errors
    /// When they were not made by the gateway for this payment.
    fn check_return(
        &self,
        _payment: &KnownPayment,
        _parameter: ParameterLookup<'_>,
    ) -> Result<(), ReturnRefusal> {
        Ok(())
    }

    /// Completing what the buyer approved, for a gateway that waits for it.
    fn completing(&self) -> Option<&dyn Completing> {
        None
    }

    /// Taking held money, for a gateway that can hold it.
    fn capturing(&self) -> Option<&dyn Capturing>;

    /// Calling a payment off, for a gateway that can.
    fn voiding(&self) -> Option<&dyn Voiding>;

    /// Giving money back, for a gateway that can.
    fn refunding(&self) -> Option<&dyn Refunding>;

    /// The gateway's own books, for a gateway that shows them.
    fn listing(&self) -> Option<&dyn Listing>;

    /// What must be fetched before this webhook can be judged, if anything.
    ///
    /// # Errors
    /// When it is certain already that it is not to be believed.
    fn evidence(
        &self,
        _header: HeaderLookup<'_>,
        _body: &[u8],
        _now: Timestamp,
    ) -> Result<Option<Evidence>, WebhookRefusal> {
        Ok(None)
    }

    /// Believes a webhook, or not. `body` is the raw body, before any decoding; `evidence` is the reply
    /// to what [`PaymentGateway::evidence`] asked for.
    ///
    /// # Errors
    /// Why it is not believed.
    fn verify(
        &self,
        header: HeaderLookup<'_>,
        body: &[u8],
        evidence: Option<&HttpReply>,
        now: Timestamp,
    ) -> Result<VerifiedEvent, WebhookRefusal>;

    /// The payment that a webhook speaks of which was not believed, if it can be told: the gateway may
    /// be asked about it, nothing else follows.
    fn doubted_reference(&self, _body: &[u8]) -> Option<String> {
        None
    }
}

/// A gateway whose payments must be completed once the buyer has approved them.
pub trait Completing {
    /// Holds or takes the money, as the ask says. `ask` is that of the start.
    ///
    /// # Errors
    /// Nothing was sent.
    fn complete(&self, ask: &AuthorizeAsk, payment: &KnownPayment) -> Result<Call, BuildError>;
}

/// A gateway that can hold money and take it later.
pub trait Capturing {
    /// Whether held money can be taken in several parts.
    fn in_parts(&self) -> bool;

    /// Takes held money.
    ///
    /// # Errors
    /// Nothing was sent.
    fn capture(&self, ask: &CaptureAsk) -> Result<Call, BuildError>;
}

/// A gateway where a payment can be called off.
pub trait Voiding {
    /// Calls a payment off. If it is too late, the reply reports the state that the payment is in, or
    /// is [`CallFailure::AskInstead`].
    ///
    /// # Errors
    /// Nothing was sent.
    fn void(&self, ask: &VoidAsk) -> Result<Call, BuildError>;
}

/// A gateway that gives money back.
pub trait Refunding {
    /// Whether the payment must be retrieved right before a refund, because how to give back depends on
    /// where it stands.
    fn reads_first(&self) -> bool {
        false
    }

    /// Gives money back. For an operation that was certainly never sent.
    ///
    /// # Errors
    /// Nothing was sent.
    fn refund(&self, ask: &RefundAsk) -> Result<Call<MovementReport>, BuildError>;

    /// Finds out what became of a refund that may have been sent, `age_milliseconds` after the first
    /// attempt.
    ///
    /// # Errors
    /// Nothing was sent.
    fn recover_refund(
        &self,
        ask: &RefundAsk,
        age_milliseconds: i64,
    ) -> Result<RefundRecovery, BuildError>;

    /// Looks for the refund that an operation asked for, and never makes one.
    ///
    /// # Errors
    /// Nothing was sent.
    fn find_refund(&self, ask: &RefundAsk) -> Result<Call<Option<MovementReport>>, BuildError>;
}

/// A gateway that shows its books.
pub trait Listing {
    /// A page of what moved within a window, by the gateway's clock; `cursor` is what the page before
    /// said comes next.
    ///
    /// # Errors
    /// Nothing was sent.
    fn list(&self, window: Window, cursor: Option<&str>) -> Result<Call<ListedPage>, BuildError>;
}
