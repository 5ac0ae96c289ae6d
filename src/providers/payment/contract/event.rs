//! Webhooks: what one tells, what is needed to judge it, and why it is not believed.

use super::HttpRequest;
use crate::domain::id::{OperationId, OrderId};
use crate::domain::payment::{MovementReport, PaymentReport};
use crate::domain::time::Timestamp;

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
