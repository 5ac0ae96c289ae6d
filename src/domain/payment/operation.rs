//! One movement of money, asked for or heard of: a line of a payment's ledger.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::id::{OperationId, RefundId};
use crate::domain::time::Timestamp;

/// The kind of a movement of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Ask the buyer's money to be held, or (automatic capture) taken at once.
    Authorize,
    /// Take held money, or a record that the gateway took it.
    Capture,
    /// Let held money go, or call off a payment that was not made.
    Void,
    /// Give money back.
    Refund,
    /// The buyer's bank took money back, or wants to: opened is `action_required`, lost is
    /// `succeeded`, won is `failed`.
    Chargeback,
}

impl OperationKind {
    /// Every kind, for tables.
    pub const ALL: [Self; 5] =
        [Self::Authorize, Self::Capture, Self::Void, Self::Refund, Self::Chargeback];

    /// The name in JSON and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::Chargeback => "chargeback",
        }
    }
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationResult {
    /// Written down; the gateway has been or is about to be asked.
    Requested,
    /// Waits for the buyer, the bank or the gateway.
    ActionRequired,
    /// Done.
    Succeeded,
    /// Did not happen and will not.
    Failed,
    /// Asked, and nobody knows; it is asked about again on a schedule.
    Unknown,
}

impl OperationResult {
    /// Every result, for tables.
    pub const ALL: [Self; 5] =
        [Self::Requested, Self::ActionRequired, Self::Succeeded, Self::Failed, Self::Unknown];

    /// The name in JSON and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::ActionRequired => "action_required",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing more is to be heard of it, as far as anyone knows.
    #[must_use]
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// Whether the gateway has been asked and has not answered.
    #[must_use]
    pub const fn is_unanswered(self) -> bool {
        matches!(self, Self::Requested | Self::Unknown)
    }
}

/// Who started an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The order itself, by its rules.
    #[default]
    Order,
    /// The merchant, through the API.
    Merchant,
    /// Somebody at the gateway: the merchant in its dashboard, the buyer's bank, the gateway.
    Gateway,
}

impl Origin {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
    fn is_order(&self) -> bool {
        *self == Self::Order
    }
}

/// One operation of the ledger. Its id is the idempotency key under which the gateway is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The idempotency key at the gateway.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// Minor units of the order's currency.
    pub amount_minor: i64,
    /// What became of it.
    pub result: OperationResult,
    /// When it was written down.
    pub requested_at: Timestamp,
    /// How often an unknown outcome was asked about.
    pub attempts: u32,
    /// Who started it.
    #[serde(default, skip_serializing_if = "Origin::is_order")]
    pub origin: Origin,
    /// The gateway's identity of the movement, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When its money moved, or when it was certain that it would not: the gateway's time where it
    /// said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// A refund: which of the order's it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// A refund: the capture that it gives back, where the gateway wants it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_reference: Option<String>,
    /// A capture: whether what is left is kept for further captures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_rest: bool,
    /// Why, in the words of whoever started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it failed, for the merchant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// A chargeback: until when it may be contested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_by: Option<Timestamp>,
    /// Not to be sent before this moment: the gateway said that it is too early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The last moment at which the request may have been on its way: a search that finds nothing
    /// proves something only some time after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sent_at: Option<Timestamp>,
}

impl Operation {
    /// An operation as it is written down before its gateway is asked.
    #[must_use]
    pub const fn new(kind: OperationKind, amount_minor: i64, id: Uuid, now: Timestamp) -> Self {
        Self {
            id: OperationId::new(id),
            kind,
            amount_minor,
            result: OperationResult::Requested,
            requested_at: now,
            attempts: 0,
            origin: Origin::Order,
            reference: None,
            completed_at: None,
            refund_id: None,
            capture_reference: None,
            keeps_rest: false,
            reason: None,
            failure: None,
            respond_by: None,
            not_before: None,
            last_sent_at: None,
        }
    }

    /// Gives it a result, and the time of it if that decides it.
    pub(super) fn conclude(&mut self, result: OperationResult, at: Timestamp) {
        if self.result == result {
            return;
        }
        self.result = result;
        self.completed_at = result.is_decided().then_some(at);
    }

    /// Its outcome is not known: the request may have been on its way until now.
    pub(super) const fn doubt(&mut self, now: Timestamp) {
        self.result = OperationResult::Unknown;
        self.completed_at = None;
        self.last_sent_at = Some(now);
    }

    /// When it may have been sent for the last time.
    #[must_use]
    pub fn may_have_been_sent_at(&self) -> Timestamp {
        self.last_sent_at.unwrap_or(self.requested_at)
    }

    /// Whether it is to be sent now for the first time.
    #[must_use]
    pub fn is_to_be_sent(&self, now: Timestamp) -> bool {
        self.result == OperationResult::Requested && self.not_before.is_none_or(|at| at <= now)
    }
}
