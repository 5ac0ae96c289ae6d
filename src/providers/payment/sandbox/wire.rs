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
}

/// The body of `POST /v1/payments/{id}/capture`.
#[derive(Debug, Serialize)]
pub(super) struct CaptureBody<'a> {
    pub amount: i64,
    pub currency: &'a str,
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
    pub payment: Payment,
}
