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

mod ask;
mod books;
mod event;
mod http;

pub use ask::{
    AuthorizeAsk, BuildError, CaptureAsk, KnownPayment, Recovery, RefundAsk, RefundRecovery,
    VoidAsk,
};
pub use books::{ListedMovement, ListedPage, Window};
pub use event::{EventNews, Evidence, HeaderLookup, VerifiedEvent, WebhookRefusal};
pub use http::{AccessToken, Call, HttpReply, HttpRequest, Method};

use crate::domain::id::OrderId;
use crate::domain::payment::{Gateway, MovementReport, PaymentReport};
use crate::domain::time::Timestamp;

/// The most that is read of a gateway's reply. The shell stops reading one byte later; what is longer
/// is not a reply that any gateway sends, and its outcome is unknown.
pub const MAX_REPLY_BYTES: usize = 256 * 1024;

/// The most that is accepted of a webhook's body.
pub const MAX_WEBHOOK_BYTES: usize = 256 * 1024;

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

    /// Whether its keys are forgotten after about a day. How old a key is we know by our own clock, which may
    /// have been wrong by as much: before something is sent again under one, it is looked for.
    fn forgets_keys_in_a_day(&self) -> bool {
        false
    }

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
    /// Whether the payment must be retrieved right before a refund and before looking for one, because how
    /// money is given back depends on where it stands.
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
