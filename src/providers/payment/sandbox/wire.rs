//! The sandbox's JSON (`sandbox/README.md` describes the protocol).

use serde::{Deserialize, Serialize};

use crate::providers::payment::reading::Minor;

/// The body of `POST /v1/payments`.
#[derive(Debug, Serialize)]
pub(super) struct StartBody<'a> {
    pub amount: i64,
    pub currency: &'a str,
    pub capture: &'static str,
    pub method: &'a str,
    pub order_id: String,
    pub operation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<&'a str>,
}

/// The body of `POST /v1/payments/{id}/capture`.
#[derive(Debug, Serialize)]
pub(super) struct CaptureBody<'a> {
    pub amount: i64,
    pub currency: &'a str,
    /// Absent where the rest is let go.
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    pub is_final: Option<bool>,
}

/// The body of `POST /v1/refunds`.
#[derive(Debug, Serialize)]
pub(super) struct RefundBody<'a> {
    pub payment_id: &'a str,
    pub amount: i64,
    pub currency: &'a str,
    pub order_id: String,
    pub operation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

/// A payment.
#[derive(Debug, Deserialize)]
pub(super) struct Payment {
    pub id: String,
    pub status: Status,
    pub amount: Minor,
    pub currency: String,
    pub captured: Minor,
    pub updated_at: i64,
    pub order_id: String,
    pub operation_id: String,
    pub redirect_url: Option<String>,
    pub decline: Option<DeclineReason>,
    pub authorized_until: Option<i64>,
    #[serde(default)]
    pub refunds: Vec<Refund>,
    #[serde(default)]
    pub disputes: Vec<Dispute>,
}

/// A refund; one that was made at the gateway has no operation and no order.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    pub payment_id: String,
    pub order_id: Option<String>,
    pub operation_id: Option<String>,
    pub amount: Minor,
    pub currency: String,
    pub status: RefundStatus,
    pub reason: Option<String>,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

/// A dispute.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    pub id: String,
    pub payment_id: String,
    pub amount: Minor,
    pub currency: String,
    pub status: DisputeStatus,
    pub reason: Option<String>,
    pub respond_by: Option<i64>,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    Open,
    Won,
    Lost,
}

/// The body of `GET /v1/refunds`.
#[derive(Debug, Deserialize)]
pub(super) struct RefundList {
    pub items: Vec<Refund>,
}

/// The body of `GET /v1/movements`.
#[derive(Debug, Deserialize)]
pub(super) struct MovementList {
    pub items: Vec<Movement>,
    pub next: Option<String>,
}

/// A line of the books.
#[derive(Debug, Deserialize)]
pub(super) struct Movement {
    pub id: String,
    pub kind: MovementKind,
    pub payment_id: String,
    pub order_id: Option<String>,
    pub operation_id: Option<String>,
    pub amount: Minor,
    pub currency: String,
    pub moved_at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MovementKind {
    Capture,
    Refund,
    Chargeback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    ActionRequired,
    Processing,
    Authorized,
    Failed,
    Cancelled,
    Captured,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeclineReason {
    pub code: String,
    pub message: String,
}

/// The body of `GET /v1/payments?operation_id=`.
#[derive(Debug, Deserialize)]
pub(super) struct PaymentList {
    pub items: Vec<Payment>,
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorReply {
    pub error: ApiError,
}

#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    pub code: String,
    pub message: String,
    pub payment: Option<Payment>,
}

/// A webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub created_at: i64,
    #[serde(flatten)]
    pub subject: EventSubject,
}

/// What a webhook is about: one of these fields.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventSubject {
    Payment(Box<Payment>),
    Refund(Refund),
    Dispute(Dispute),
}
