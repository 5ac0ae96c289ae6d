//! Stripe's JSON, as far as it is read. Only fields that have meant the same in every version since
//! 2019 are, because a webhook may be written in another version than the pinned one.

use serde::Deserialize;

use crate::providers::payment::reading::Minor;

/// A `PaymentIntent`.
#[derive(Debug, Deserialize)]
pub(super) struct PaymentIntent {
    pub id: String,
    #[serde(rename = "object")]
    _object: ObjectName,
    pub amount: Minor,
    pub amount_received: Option<Minor>,
    pub currency: String,
    pub status: Status,
    pub client_secret: Option<String>,
    pub next_action: Option<NextAction>,
    pub last_payment_error: Option<PaymentError>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// Anything else that has an id, an amount and a status is not a payment.
#[derive(Debug, Deserialize)]
pub(super) enum ObjectName {
    #[serde(rename = "payment_intent")]
    PaymentIntent,
}

/// `PaymentIntent.status`. A new one is not guessed at: the reply is then unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
}

/// What we put into the metadata.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    pub order_id: Option<String>,
    pub operation_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NextAction {
    pub redirect_to_url: Option<RedirectToUrl>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RedirectToUrl {
    pub url: Option<String>,
}

/// `last_payment_error`.
#[derive(Debug, Deserialize)]
pub(super) struct PaymentError {
    pub code: Option<String>,
    pub decline_code: Option<String>,
    pub message: Option<String>,
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorReply {
    pub error: ApiError,
}

#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    #[serde(rename = "type")]
    pub kind: String,
    pub code: Option<String>,
    pub decline_code: Option<String>,
    pub message: Option<String>,
    pub payment_intent: Option<PaymentIntent>,
}

/// The body of a search.
#[derive(Debug, Deserialize)]
pub(super) struct SearchReply {
    #[serde(rename = "object")]
    _object: SearchObject,
    pub data: Vec<PaymentIntent>,
}

#[derive(Debug, Deserialize)]
pub(super) enum SearchObject {
    #[serde(rename = "search_result")]
    SearchResult,
}

/// An event without its object.
#[derive(Debug, Deserialize)]
pub(super) struct EventHead {
    pub id: String,
    #[serde(rename = "object")]
    _object: EventObject,
    #[serde(rename = "type")]
    pub kind: String,
    pub created: i64,
}

#[derive(Debug, Deserialize)]
pub(super) enum EventObject {
    #[serde(rename = "event")]
    Event,
}

/// An event's object, read as `T`.
#[derive(Debug, Deserialize)]
pub(super) struct EventBody<T> {
    pub data: EventData<T>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EventData<T> {
    pub object: T,
}

/// As much of an object as says whose it is.
#[derive(Debug, Deserialize)]
pub(super) struct Labelled {
    #[serde(default)]
    pub metadata: Metadata,
}
