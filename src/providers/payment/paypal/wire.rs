//! PayPal's JSON, as far as it is written and read.

use serde::{Deserialize, Serialize};

use super::amount;
use crate::domain::currency::Currency;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::BuildError;

/// An amount, in requests and replies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Amount {
    pub currency_code: String,
    pub value: String,
}

impl Amount {
    /// Our amount in PayPal's words.
    pub fn of(money: Money) -> Result<Self, BuildError> {
        let value = amount::to_decimal(money)?;
        Ok(Self { currency_code: money.currency.code().to_owned(), value })
    }

    /// The currency, if we know it.
    pub fn currency(&self) -> Result<Currency, &'static str> {
        self.currency_code.parse().map_err(|_| "an amount is in a currency we do not know")
    }

    /// The amount in our words.
    pub fn money(&self) -> Result<Money, &'static str> {
        let currency = self.currency()?;
        let minor = amount::to_minor(&self.value, currency).ok_or("an amount can't be read")?;
        Ok(Money::new(minor, currency))
    }
}

/// The body of `POST /v2/checkout/orders`.
#[derive(Debug, Serialize)]
pub(super) struct NewOrder<'a> {
    pub intent: &'static str,
    pub purchase_units: [NewUnit<'a>; 1],
    pub payment_source: NewSource<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewUnit<'a> {
    pub reference_id: &'static str,
    pub amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    pub custom_id: String,
    pub invoice_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft_descriptor: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewSource<'a> {
    pub paypal: NewWallet<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewWallet<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_address: Option<&'a str>,
    pub experience_context: NewExperience<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewExperience<'a> {
    pub shipping_preference: &'static str,
    pub user_action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_url: Option<&'a str>,
}

/// The body of `POST /v2/payments/authorizations/{id}/capture`.
#[derive(Debug, Serialize)]
pub(super) struct NewCapture {
    pub amount: Amount,
    pub invoice_id: String,
    pub final_capture: bool,
}

/// The body of `POST /v2/payments/captures/{id}/refund`.
#[derive(Debug, Serialize)]
pub(super) struct NewRefund<'a> {
    pub amount: Amount,
    pub custom_id: String,
    pub invoice_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_to_payer: Option<&'a str>,
}

/// An order.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub id: String,
    pub status: OrderStatus,
    pub purchase_units: Vec<PurchaseUnit>,
    #[serde(default)]
    pub links: Vec<Link>,
    pub create_time: Option<String>,
    pub update_time: Option<String>,
}

/// `order.status`. A new one is not guessed at: the reply is then unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum OrderStatus {
    Created,
    Saved,
    Approved,
    Voided,
    Completed,
    PayerActionRequired,
}

#[derive(Debug, Deserialize)]
pub(super) struct PurchaseUnit {
    pub amount: Amount,
    pub custom_id: Option<String>,
    pub invoice_id: Option<String>,
    #[serde(default)]
    pub payments: Payments,
}

/// What was done to an order's money.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Payments {
    #[serde(default)]
    pub authorizations: Vec<Authorization>,
    #[serde(default)]
    pub captures: Vec<Capture>,
    #[serde(default)]
    pub refunds: Vec<Refund>,
}

/// Money that is or was held.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Authorization {
    pub id: String,
    pub status: AuthorizationStatus,
    pub expiration_time: Option<String>,
    pub create_time: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum AuthorizationStatus {
    Created,
    Pending,
    PartiallyCaptured,
    Captured,
    Denied,
    Voided,
    /// Older descriptions of the API have it; it is a hold that lapsed.
    Expired,
}

/// Money that was taken, is being taken, or was not to be had.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Capture {
    pub id: String,
    pub status: CaptureStatus,
    pub amount: Amount,
    pub final_capture: Option<bool>,
    pub invoice_id: Option<String>,
    pub status_details: Option<StatusDetails>,
    pub create_time: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum CaptureStatus {
    Completed,
    PartiallyRefunded,
    Refunded,
    /// Taken once, and taken back by PayPal or a bank since.
    Reversed,
    Pending,
    Declined,
    Failed,
}

impl CaptureStatus {
    /// Whether money was taken, whatever was given back since.
    pub const fn is_taken(self) -> bool {
        matches!(self, Self::Completed | Self::PartiallyRefunded | Self::Refunded | Self::Reversed)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct StatusDetails {
    pub reason: Option<String>,
}

/// Money that was given back.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    pub status: RefundStatus,
    pub amount: Amount,
    pub custom_id: Option<String>,
    pub note_to_payer: Option<String>,
    pub create_time: Option<String>,
    pub update_time: Option<String>,
    #[serde(default)]
    pub links: Vec<Link>,
    #[serde(default)]
    pub supplementary_data: Supplement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RefundStatus {
    Completed,
    Pending,
    Failed,
    Cancelled,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Link {
    pub href: String,
    pub rel: String,
}

/// What a resource by itself says about the order it belongs to.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Supplement {
    #[serde(default)]
    pub related_ids: RelatedIds,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RelatedIds {
    pub order_id: Option<String>,
}

/// The body of a refusal. A token that is no longer good is refused in OAuth's words.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorReply {
    #[serde(alias = "error")]
    pub name: String,
    #[serde(alias = "error_description")]
    pub message: Option<String>,
    #[serde(default)]
    pub details: Vec<ErrorDetail>,
    #[serde(default)]
    pub links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorDetail {
    pub issue: Option<String>,
    pub description: Option<String>,
}

/// The body of a token.
#[derive(Deserialize)]
pub(super) struct TokenReply {
    pub access_token: String,
    pub token_type: String,
    pub expires_in: i64,
}

/// A page of PayPal's books. A body without the list or the count is not an empty page.
#[derive(Debug, Deserialize)]
pub(super) struct TransactionPage {
    pub transaction_details: Vec<TransactionDetail>,
    pub page: Option<u32>,
    pub total_pages: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct TransactionDetail {
    pub transaction_info: Transaction,
}

#[derive(Debug, Deserialize)]
pub(super) struct Transaction {
    pub transaction_id: String,
    pub transaction_event_code: Option<String>,
    pub transaction_status: Option<String>,
    pub transaction_initiation_date: Option<String>,
    pub transaction_amount: Option<Amount>,
    pub paypal_reference_id: Option<String>,
    pub paypal_reference_id_type: Option<String>,
    pub custom_field: Option<String>,
}

/// A moment as PayPal writes it: RFC 3339, or with an offset that lacks its colon, as in its books.
pub(super) fn moment(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    Timestamp::parse_rfc3339(text).or_else(|| {
        let (date_and_time, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
        let (hours, minutes) = offset.split_at_checked(3)?;
        Timestamp::parse_rfc3339(&format!("{date_and_time}{hours}:{minutes}"))
    })
}
