//! What gateways are asked for, and why a request for it can't be built.

use serde::{Deserialize, Serialize};

use super::Call;
use crate::domain::address::Address;
use crate::domain::currency::Currency;
use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, CaptureMode, MovementReport, PaymentReport};

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
