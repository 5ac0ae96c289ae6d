//! Authorize.net's JSON. Requests are translated into XML and checked against its schema, so fields
//! must come in the schema's order: serde writes them in the order they have here, and the tests pin
//! the bytes. The order is that of `AnetApiSchema.xsd`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::payment::CallFailure;
use crate::providers::payment::reading;

/// A request, under the name of its method.
#[derive(Serialize)]
pub(super) enum Request<'a> {
    #[serde(rename = "createTransactionRequest")]
    CreateTransaction(Box<CreateTransaction<'a>>),
    #[serde(rename = "getTransactionDetailsRequest")]
    Details(Details<'a>),
    #[serde(rename = "getUnsettledTransactionListRequest")]
    Unsettled(Unsettled<'a>),
    #[serde(rename = "getSettledBatchListRequest")]
    Batches(Batches<'a>),
    #[serde(rename = "getTransactionListRequest")]
    Batch(Batch<'a>),
}

/// Who asks. It stands in the body, so no body is ever logged.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MerchantAuthentication<'a> {
    pub name: &'a str,
    pub transaction_key: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateTransaction<'a> {
    pub merchant_authentication: MerchantAuthentication<'a>,
    pub ref_id: &'a str,
    pub transaction_request: TransactionRequest<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionRequest<'a> {
    pub transaction_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_trans_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<BillTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_settings: Option<TransactionSettings>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Payment<'a> {
    CreditCard(MaskedCard<'a>),
    OpaqueData(OpaqueData<'a>),
}

/// What a refund names of the card: its last four digits and nothing more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MaskedCard<'a> {
    pub card_number: &'a str,
    pub expiration_date: &'static str,
}

/// A nonce of Accept.js.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpaqueData<'a> {
    pub data_descriptor: &'static str,
    pub data_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order<'a> {
    pub invoice_number: &'a str,
    pub description: String,
}

#[derive(Serialize)]
pub(super) struct Customer<'a> {
    pub email: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillTo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    pub last_name: String,
    pub address: String,
    pub city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
    pub country: String,
}

#[derive(Serialize)]
pub(super) struct TransactionSettings {
    pub setting: Vec<Setting>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Setting {
    pub setting_name: &'static str,
    pub setting_value: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details<'a> {
    pub merchant_authentication: MerchantAuthentication<'a>,
    pub trans_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unsettled<'a> {
    pub merchant_authentication: MerchantAuthentication<'a>,
    pub sorting: Sorting,
    pub paging: Paging,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batches<'a> {
    pub merchant_authentication: MerchantAuthentication<'a>,
    pub include_statistics: bool,
    pub first_settlement_date: String,
    pub last_settlement_date: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batch<'a> {
    pub merchant_authentication: MerchantAuthentication<'a>,
    pub batch_id: String,
    pub sorting: Sorting,
    pub paging: Paging,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sorting {
    pub order_by: &'static str,
    pub order_descending: bool,
}

/// `offset` is the number of the page, from 1.
#[derive(Serialize)]
pub(super) struct Paging {
    pub limit: usize,
    pub offset: u32,
}

/// Reads a reply, with the byte-order mark that Authorize.net puts first or without.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallFailure> {
    reading::json(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body))
}

/// How the request fared, as opposed to the transaction in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Messages {
    pub result_code: ResultCode,
    #[serde(default)]
    pub message: Vec<Message>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum ResultCode {
    Ok,
    Error,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub code: String,
    #[serde(default)]
    pub text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateReply {
    pub transaction_response: Option<TransactionResponse>,
    pub ref_id: Option<String>,
    pub messages: Messages,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionResponse {
    pub response_code: String,
    #[serde(default)]
    pub trans_id: String,
    #[serde(rename = "refTransID")]
    pub ref_trans_id: Option<String>,
    pub account_number: Option<String>,
    pub split_tender_id: Option<String>,
    #[serde(default)]
    pub messages: Vec<TransactionMessage>,
    #[serde(default)]
    pub errors: Vec<TransactionError>,
}

#[derive(Deserialize)]
pub(super) struct TransactionMessage {
    pub code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionError {
    pub error_code: String,
    #[serde(default)]
    pub error_text: String,
}

#[derive(Deserialize)]
pub(super) struct DetailsReply {
    pub transaction: Option<Transaction>,
    pub messages: Messages,
}

/// A transaction in full. Amounts are decimal numbers, kept as they are written: a float would not
/// hold them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    pub trans_id: String,
    #[serde(rename = "submitTimeUTC")]
    pub submit_time_utc: String,
    pub transaction_type: String,
    pub transaction_status: String,
    pub response_reason_code: Option<i64>,
    pub response_reason_description: Option<String>,
    pub order: Option<OrderReply>,
    pub auth_amount: Box<RawValue>,
    pub settle_amount: Box<RawValue>,
    pub payment: Option<PaymentReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderReply {
    pub invoice_number: Option<String>,
    pub description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentReply {
    pub credit_card: Option<CardReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CardReply {
    pub card_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListReply {
    pub transactions: Option<Vec<Summary>>,
    pub total_num_in_result_set: Option<u64>,
    pub messages: Messages,
}

/// A transaction in a list. Others than ours stand there too: only the one that matters is read
/// closely.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub trans_id: String,
    #[serde(rename = "submitTimeUTC")]
    pub submit_time_utc: String,
    pub transaction_status: String,
    pub invoice_number: Option<String>,
    pub account_number: Option<String>,
    pub settle_amount: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchesReply {
    pub batch_list: Option<Vec<BatchReply>>,
    pub messages: Messages,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchReply {
    pub batch_id: String,
    #[serde(rename = "settlementTimeUTC")]
    pub settlement_time_utc: Option<String>,
}

/// A webhook's head.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventHead {
    pub notification_id: String,
    pub event_type: String,
    pub event_date: String,
}

/// A webhook's body, as far as it says which transaction it is about.
#[derive(Deserialize)]
pub(super) struct EventBody {
    pub payload: EventPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventPayload {
    pub entity_name: Option<String>,
    pub id: String,
}
