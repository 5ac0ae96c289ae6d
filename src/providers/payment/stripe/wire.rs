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
    pub latest_charge: Option<LatestCharge>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// `PaymentIntent.latest_charge`: an id, or the charge where it was asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum LatestCharge {
    Id(#[expect(dead_code, reason = "a charge is never asked about by itself")] String),
    Charge(Box<Charge>),
}

/// A charge, as far as a report of its payment needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    pub payment_method_details: Option<MethodDetails>,
    pub refunds: Option<ChargeRefunds>,
}

#[derive(Debug, Deserialize)]
pub(super) struct MethodDetails {
    pub card: Option<CardDetails>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CardDetails {
    pub capture_before: Option<i64>,
}

/// The refunds of a charge. One that can't be read does not make the payment unreadable.
#[derive(Debug, Deserialize)]
pub(super) struct ChargeRefunds {
    pub data: Vec<serde_json::Value>,
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

/// A refund.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    #[serde(rename = "object")]
    _object: RefundObject,
    pub amount: Minor,
    pub currency: String,
    pub status: RefundStatus,
    pub payment_intent: Option<String>,
    pub reason: Option<String>,
    pub failure_reason: Option<String>,
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
pub(super) enum RefundObject {
    #[serde(rename = "refund")]
    Refund,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
}

/// The body of `GET /v1/refunds`.
#[derive(Debug, Deserialize)]
pub(super) struct RefundList {
    #[serde(rename = "object")]
    _object: ListObject,
    pub data: Vec<Refund>,
    pub has_more: bool,
}

#[derive(Debug, Deserialize)]
pub(super) enum ListObject {
    #[serde(rename = "list")]
    List,
}

/// A dispute.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    pub id: String,
    #[serde(rename = "object")]
    _object: DisputeObject,
    pub amount: Minor,
    pub currency: String,
    pub status: DisputeStatus,
    pub payment_intent: Option<String>,
    pub reason: Option<String>,
    pub evidence_details: Option<EvidenceDetails>,
}

#[derive(Debug, Deserialize)]
pub(super) enum DisputeObject {
    #[serde(rename = "dispute")]
    Dispute,
}

/// `Dispute.status`; the warnings are inquiries, for which no money was taken back yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
    Prevented,
}

#[derive(Debug, Deserialize)]
pub(super) struct EvidenceDetails {
    pub due_by: Option<i64>,
}

/// The body of `GET /v1/balance_transactions`.
#[derive(Debug, Deserialize)]
pub(super) struct BalanceList {
    #[serde(rename = "object")]
    _object: ListObject,
    pub data: Vec<BalanceTransaction>,
    pub has_more: bool,
}

/// A line of the books. Its own amount may be in the currency of settlement and less the fee; what the
/// buyer's money did is in the source.
#[derive(Debug, Deserialize)]
pub(super) struct BalanceTransaction {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub reporting_category: Option<String>,
    pub created: i64,
    #[serde(default)]
    pub source: serde_json::Value,
}

/// A charge as the books' source.
#[derive(Debug, Deserialize)]
pub(super) struct ChargeSource {
    pub id: String,
    #[serde(rename = "object")]
    _object: ChargeObject,
    pub amount_captured: Minor,
    pub currency: String,
    pub status: Option<String>,
    pub payment_intent: Option<String>,
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
pub(super) enum ChargeObject {
    #[serde(rename = "charge")]
    Charge,
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
