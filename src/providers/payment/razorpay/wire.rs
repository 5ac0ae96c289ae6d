//! Razorpay's JSON, as far as it is written and read.

use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::id::{OperationId, OrderId};
use crate::domain::time::Timestamp;
use crate::providers::payment::reading::Minor;

/// The body of a start.
#[derive(Debug, Serialize)]
pub(super) struct StartBody {
    pub amount: i64,
    pub currency: &'static str,
    pub receipt: String,
    pub partial_payment: bool,
    pub notes: WrittenNotes,
    pub payment: CaptureTerms,
}

/// What we write into the notes, of an order and of a refund.
#[derive(Debug, Serialize)]
pub(super) struct WrittenNotes {
    pub order_id: String,
    pub operation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct CaptureTerms {
    pub capture: &'static str,
    pub capture_options: CaptureOptions,
}

/// Minutes after a payment's creation.
#[derive(Debug, Serialize)]
pub(super) struct CaptureOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic_expiry_period: Option<i64>,
    pub manual_expiry_period: i64,
    pub refund_speed: &'static str,
}

/// The body of a capture.
#[derive(Debug, Serialize)]
pub(super) struct CaptureBody {
    pub amount: i64,
    pub currency: &'static str,
}

/// The body of a refund.
#[derive(Debug, Serialize)]
pub(super) struct RefundBody {
    pub amount: i64,
    pub speed: &'static str,
    pub receipt: String,
    pub notes: WrittenNotes,
}

/// An order: what we call the payment, since it is what the buyer is to pay and may attempt several
/// times.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub id: String,
    #[serde(rename = "entity")]
    _entity: OrderEntity,
    pub amount: Minor,
    pub amount_paid: Option<Minor>,
    pub currency: String,
    pub receipt: Option<String>,
    pub status: OrderStatus,
    #[serde(default)]
    pub notes: Notes,
    /// Only when it was asked for.
    pub payments: Option<Collection<Payment>>,
}

/// Anything else that has an id, an amount and a status is not an order.
#[derive(Debug, Deserialize)]
pub(super) enum OrderEntity {
    #[serde(rename = "order")]
    Order,
}

/// `Order.status`. A new one is not guessed at: the reply is then unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrderStatus {
    Created,
    Attempted,
    Paid,
}

/// A payment: one attempt of the buyer to pay an order.
#[derive(Debug, Deserialize)]
pub(super) struct Payment {
    pub id: String,
    #[serde(rename = "entity")]
    _entity: PaymentEntity,
    pub amount: Minor,
    pub currency: String,
    pub status: PaymentStatus,
    pub order_id: Option<String>,
    pub captured: Option<bool>,
    #[serde(default)]
    pub notes: Notes,
    pub error_code: Option<String>,
    pub error_reason: Option<String>,
    pub error_description: Option<String>,
    pub created_at: Seconds,
}

#[derive(Debug, Deserialize)]
pub(super) enum PaymentEntity {
    #[serde(rename = "payment")]
    Payment,
}

/// `Payment.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PaymentStatus {
    Created,
    Authorized,
    Captured,
    Refunded,
    Failed,
}

impl Payment {
    /// Whether its money was taken, given back since or not. A payment that was held and never taken
    /// is `refunded` too once Razorpay lets it go; only `captured` tells the two apart.
    pub fn was_taken(&self) -> bool {
        match self.status {
            PaymentStatus::Captured => true,
            PaymentStatus::Refunded => self.captured != Some(false),
            PaymentStatus::Created | PaymentStatus::Authorized | PaymentStatus::Failed => false,
        }
    }

    /// Whether its money was held and has been let go.
    pub fn has_lapsed(&self) -> bool {
        self.status == PaymentStatus::Refunded && !self.was_taken()
    }
}

/// A refund of a payment.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    #[serde(rename = "entity")]
    _entity: RefundEntity,
    pub amount: Minor,
    pub currency: String,
    pub payment_id: String,
    pub receipt: Option<String>,
    #[serde(default)]
    pub notes: Notes,
    pub status: RefundStatus,
    pub created_at: Seconds,
}

#[derive(Debug, Deserialize)]
pub(super) enum RefundEntity {
    #[serde(rename = "refund")]
    Refund,
}

/// `Refund.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    Processed,
    Failed,
}

impl Refund {
    /// The operation of ours that asked for it.
    pub fn operation_id(&self) -> Option<OperationId> {
        let receipt = self.receipt.as_deref().and_then(|text| text.parse().ok());
        receipt.or_else(|| self.notes.operation_id())
    }
}

/// A dispute of a payment.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    pub id: String,
    #[serde(rename = "entity")]
    _entity: DisputeEntity,
    pub payment_id: String,
    pub amount: Minor,
    pub currency: String,
    pub amount_deducted: Option<Minor>,
    pub reason_code: Option<String>,
    pub respond_by: Option<Seconds>,
    pub status: DisputeStatus,
}

#[derive(Debug, Deserialize)]
pub(super) enum DisputeEntity {
    #[serde(rename = "dispute")]
    Dispute,
}

/// `Dispute.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    Open,
    UnderReview,
    ActionRequired,
    Lost,
    Won,
    Closed,
}

/// A list of anything.
#[derive(Debug, Deserialize)]
pub(super) struct Collection<T> {
    #[serde(rename = "entity")]
    _entity: CollectionEntity,
    pub items: Vec<T>,
}

#[derive(Debug, Deserialize)]
pub(super) enum CollectionEntity {
    #[serde(rename = "collection")]
    Collection,
}

/// The notes of anything: an object of texts, or an empty list where there are none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Notes {
    Named { order_id: Option<String>, operation_id: Option<String> },
    Other(IgnoredAny),
}

impl Default for Notes {
    fn default() -> Self {
        Self::Named { order_id: None, operation_id: None }
    }
}

impl Notes {
    /// The order that is named, if one of ours can have that name.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::Named { order_id: Some(text), .. } => text.parse().ok(),
            Self::Named { .. } | Self::Other(_) => None,
        }
    }

    /// The operation that is named.
    pub fn operation_id(&self) -> Option<OperationId> {
        match self {
            Self::Named { operation_id: Some(text), .. } => text.parse().ok(),
            Self::Named { .. } | Self::Other(_) => None,
        }
    }
}

/// A moment as Razorpay writes it: whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seconds(pub Timestamp);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer)?
            .checked_mul(1_000)
            .filter(|milliseconds| (0..=Timestamp::MAX.milliseconds()).contains(milliseconds))
            .map(|milliseconds| Self(Timestamp::from_milliseconds(milliseconds)))
            .ok_or_else(|| D::Error::custom("a time out of range"))
    }
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorReply {
    pub error: ApiError,
}

#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    pub code: String,
    pub description: Option<String>,
    pub reason: Option<String>,
}

/// An event without what it is about.
#[derive(Debug, Deserialize)]
pub(super) struct EventHead {
    #[serde(rename = "entity")]
    _entity: EventEntity,
    pub event: String,
    pub created_at: Seconds,
}

#[derive(Debug, Deserialize)]
pub(super) enum EventEntity {
    #[serde(rename = "event")]
    Event,
}

/// What an event is about, read as `T`.
#[derive(Debug, Deserialize)]
pub(super) struct EventBody<T> {
    pub payload: T,
}

/// What a payload holds under each name.
#[derive(Debug, Deserialize)]
pub(super) struct Held<T> {
    pub entity: T,
}

/// As much of a payload as says whose it is.
#[derive(Debug, Deserialize)]
pub(super) struct Labels {
    pub order: Option<Held<Label>>,
    pub payment: Option<Held<Label>>,
    pub refund: Option<Held<Label>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    pub id: Option<String>,
    pub order_id: Option<String>,
    #[serde(default)]
    pub notes: Notes,
}

#[derive(Debug, Deserialize)]
pub(super) struct PaymentPayload {
    pub payment: Held<Payment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderPayload {
    pub order: Held<Order>,
    pub payment: Held<Payment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundPayload {
    pub refund: Held<Refund>,
    pub payment: Held<Payment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DisputePayload {
    pub dispute: Held<Dispute>,
    pub payment: Held<Payment>,
}
