//! What a gateway says about a payment, in Cartwright's words, whichever road it came by.

use serde::{Deserialize, Serialize};

use super::operation::OperationKind;
use crate::domain::id::OperationId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

/// A payment gateway that Cartwright can speak to.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Gateway {
    /// The development gateway that `npm start` runs; refused unless the environment enables it.
    Sandbox,
    /// Stripe PaymentIntents.
    Stripe,
    /// Razorpay Orders with its hosted checkout.
    Razorpay,
    /// PayPal Orders v2.
    Paypal,
    /// Authorize.net's JSON API with Accept.js nonces.
    AuthorizeNet,
}

impl Gateway {
    /// Every gateway.
    pub const ALL: [Self; 5] =
        [Self::Sandbox, Self::Stripe, Self::Razorpay, Self::Paypal, Self::AuthorizeNet];

    /// The name in URLs, requests and stored rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Stripe => "stripe",
            Self::Razorpay => "razorpay",
            Self::Paypal => "paypal",
            Self::AuthorizeNet => "authorize_net",
        }
    }

    /// The gateway of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gateway| gateway.name() == name)
    }
}

/// When money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// By the gateway, as soon as the buyer agrees.
    #[default]
    Automatic,
    /// Held first, and taken by us as soon as the stock is committed.
    #[serde(rename = "after_stock_commit", alias = "manual")]
    Manual,
    /// Held until the merchant asks for it.
    OnRequest,
}

impl CaptureMode {
    /// Whether the gateway is to hold the money rather than take it.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Manual | Self::OnRequest)
    }
}

/// Where a payment stands at its gateway, in Cartwright's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedState {
    /// The buyer has something to do (enter a card, approve on a page).
    ActionRequired,
    /// The last attempt was declined and the same payment may be attempted again by the buyer.
    Declined,
    /// The buyer agreed; the gateway holds or takes the money when we complete the payment.
    Approved,
    /// The gateway is still working on it.
    Processing,
    /// The money is held for us and not yet taken.
    Authorized,
    /// The payment ended without money and can't be revived.
    Failed,
    /// The payment was called off and can't be revived.
    Cancelled,
    /// The money was taken.
    Captured,
}

impl ReportedState {
    /// How far along a payment in this state is. A lower rank never replaces a higher one, whichever
    /// is heard of first; within a rank the gateway's own time decides.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::ActionRequired | Self::Declined | Self::Approved | Self::Processing => 0,
            Self::Authorized => 1,
            Self::Failed | Self::Cancelled => 2,
            Self::Captured => 3,
        }
    }

    /// Breaks a tie of two states of one rank reported for one moment.
    pub(super) const fn tie(self) -> u8 {
        match self {
            Self::ActionRequired => 0,
            Self::Processing => 1,
            Self::Approved => 2,
            // A decline within the same second is that of what the buyer had approved.
            Self::Declined => 3,
            Self::Authorized => 4,
            Self::Failed => 5,
            Self::Cancelled => 6,
            Self::Captured => 7,
        }
    }
}

/// What the buyer's browser must do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BuyerAction {
    /// Nothing: the payment goes on by itself.
    None,
    /// Hand the secret to the gateway's own browser library.
    ClientSecret {
        /// Good for this one payment only.
        client_secret: String,
    },
    /// Open the gateway's hosted checkout with its own browser library.
    HostedCheckout {
        /// The merchant's public key at the gateway.
        public_key: String,
        /// The gateway's identity of what is to be paid.
        reference: String,
    },
    /// Send the browser to the gateway's page.
    Redirect {
        /// An absolute URL.
        url: String,
    },
}

/// Why a gateway or a bank said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decline {
    /// The gateway's code, such as `card_declined` or `insufficient_funds`.
    pub code: String,
    /// A text that may be shown to the buyer.
    pub message: String,
}

/// Where a single movement of money (a refund, a chargeback) stands at its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementState {
    /// Under way. A chargeback: opened, and not decided.
    Pending,
    /// The money did not move. A chargeback: won, or withdrawn.
    Failed,
    /// The money moved. A chargeback: lost.
    Succeeded,
}

/// News of one refund or one chargeback: ours, or one that was started at the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementReport {
    /// `Refund` or `Chargeback`.
    pub kind: OperationKind,
    /// The gateway's identity of the movement.
    pub reference: String,
    /// The operation of ours that asked for it, if the gateway says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// How much moves.
    pub amount: Money,
    /// Where it stands.
    pub state: MovementState,
    /// The gateway's time of this state.
    pub occurred_at: Timestamp,
    /// The gateway's reason, if it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A chargeback: until when the merchant may contest it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_by: Option<Timestamp>,
}

/// A part of a payment that was taken by itself, where the gateway gives it an identity that a refund
/// must name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedPart {
    /// The gateway's identity of the capture.
    pub reference: String,
    /// Minor units taken.
    pub amount_minor: i64,
}

/// One piece of news about a payment, from a reply, a webhook or a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReport {
    /// The gateway's own identity of the payment: what `retrieve` asks for.
    pub reference: String,
    /// The operation that started it, if the gateway says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// Where it stands. `Authorized` with something captured: more may be taken. `Captured` with less
    /// than the amount: the rest was let go.
    pub state: ReportedState,
    /// What the payment as a whole is for.
    pub amount: Money,
    /// Minor units taken so far, in `amount`'s currency, whatever was given back since.
    pub captured_minor: i64,
    /// The gateway's time of this state; what decides between two reports of one rank.
    pub occurred_at: Timestamp,
    /// What the browser must do, if the buyer is to act.
    pub action: Option<BuyerAction>,
    /// Why it was declined, if it was.
    pub decline: Option<Decline>,
    /// When held money lapses, if the gateway says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized_until: Option<Timestamp>,
    /// What captures, voids and refunds must name, where it is not the reference: PayPal's
    /// authorization, Razorpay's payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<String>,
    /// The last four digits of the card, where a refund must name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_last_four: Option<String>,
    /// Whether the money was settled, where a refund depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<bool>,
    /// The captures that refunds must name, oldest first; empty where they need not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<CapturedPart>,
    /// Refunds and chargebacks that came with it; says nothing of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<MovementReport>,
}

impl PaymentReport {
    /// A report of a state and nothing more.
    #[must_use]
    pub const fn new(
        reference: String,
        state: ReportedState,
        amount: Money,
        captured_minor: i64,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            reference,
            operation_id: None,
            state,
            amount,
            captured_minor,
            occurred_at,
            action: None,
            decline: None,
            authorized_until: None,
            charge: None,
            card_last_four: None,
            settled: None,
            captures: Vec::new(),
            movements: Vec::new(),
        }
    }
}

/// How a call to a gateway ended when it did not end in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "failure", rename_all = "snake_case")]
pub enum CallFailure {
    /// Nothing was sent: the request could not be built or the gateway is not set up.
    #[error("nothing was sent: {reason}")]
    NotSent {
        /// For the log and the merchant; holds no secret.
        reason: String,
    },
    /// The gateway refused the request outright and certainly did nothing (a 4xx that is not 408,
    /// 409 or 429).
    #[error("the gateway refused: {code}")]
    Refused {
        /// The gateway's code.
        code: String,
        /// The gateway's message.
        message: String,
    },
    /// The gateway does not offer this, or not in this state of the payment. Nothing was sent.
    #[error("the gateway does not offer this: {capability}")]
    Unsupported {
        /// What is missing.
        capability: String,
    },
    /// It certainly did not happen and will be possible later, as the payment stands.
    #[error("not possible yet: {reason}")]
    NotYet {
        /// For the log and the merchant.
        reason: String,
    },
    /// The gateway says that the payment is past what was asked of it, without saying where it
    /// stands: ask.
    #[error("the payment is in another state: {code}")]
    AskInstead {
        /// The gateway's code.
        code: String,
    },
    /// Nobody knows whether it happened: a timeout, a 5xx, a reply that can't be read.
    #[error("outcome unknown: {reason}")]
    Unknown {
        /// For the log and the merchant; holds no secret.
        reason: String,
    },
}

/// What a call to a gateway came to.
pub type CallResult = Result<PaymentReport, CallFailure>;
