//! What a gateway says about a payment, in Cartwright's words, whichever road it came by.

use serde::{Deserialize, Serialize};

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
}

impl Gateway {
    /// Every gateway, in the order of their names.
    pub const ALL: [Self; 2] = [Self::Sandbox, Self::Stripe];

    /// The name in URLs, requests and stored rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Stripe => "stripe",
        }
    }

    /// The gateway of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gateway| gateway.name() == name)
    }
}

/// Whether money is taken as soon as the buyer agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// The gateway takes the money at once.
    #[default]
    Automatic,
    /// The gateway holds the money until we ask for it.
    Manual,
}

/// Where a payment stands at its gateway, in Cartwright's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedState {
    /// The buyer has something to do (enter a card, approve on a page).
    ActionRequired,
    /// The last attempt was declined and the same payment may be attempted again by the buyer.
    Declined,
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
            Self::ActionRequired | Self::Declined | Self::Processing => 0,
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
            Self::Declined => 2,
            Self::Authorized => 3,
            Self::Failed => 4,
            Self::Cancelled => 5,
            Self::Captured => 6,
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

/// One piece of news about a payment, from a reply, a webhook or a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReport {
    /// The gateway's own identity of the payment.
    pub reference: String,
    /// Where it stands.
    pub state: ReportedState,
    /// What the payment as a whole is for.
    pub amount: Money,
    /// Minor units taken so far, in `amount`'s currency.
    pub captured_minor: i64,
    /// The gateway's time of this state; what decides between two reports of one rank.
    pub occurred_at: Timestamp,
    /// What the browser must do, if the buyer is to act.
    pub action: Option<BuyerAction>,
    /// Why it was declined, if it was.
    pub decline: Option<Decline>,
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
    /// Nobody knows whether it happened: a timeout, a 5xx, a reply that can't be read.
    #[error("outcome unknown: {reason}")]
    Unknown {
        /// For the log and the merchant; holds no secret.
        reason: String,
    },
}

/// What a call to a gateway came to.
pub type CallResult = Result<PaymentReport, CallFailure>;
