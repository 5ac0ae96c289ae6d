//! What a storefront sends to check out, and what of it can be refused without asking anybody.

use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::domain::address::{Address, Email};
use crate::domain::currency::Currency;
use crate::domain::field_error::{FieldError, under};
use crate::domain::money::Money;
use crate::domain::payment::Gateway;
use crate::domain::pricing::CartLine;
use crate::domain::seller::TaxNumber;
use crate::domain::web_address::check_public;

const MAX_METHOD_CHARACTERS: usize = 64;
/// The longest token is Authorize.net's nonce.
const MAX_PAYMENT_METHOD_BYTES: usize = 2_048;
const MAX_RETURN_URL_BYTES: usize = 2_048;

/// A cart that is to become an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "currency": "USD",
    "lines": [{"sku": "MUG-CLASSIC", "quantity": 1}],
    "email": "ada@example.com",
    "shipping_address": {
        "name": "Ada Lovelace", "line1": "500 Howard Street", "city": "San Francisco",
        "region": "CA", "postal_code": "94105", "country": "US"
    },
    "shipping_method": "standard",
    "payment": {"gateway": "sandbox"}
}))]
pub struct CheckoutRequest {
    /// The currency to pay in.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
    /// What to buy; lines of one SKU are summed.
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<CartLine>,
    /// Who buys.
    pub email: Email,
    /// Where it goes.
    pub shipping_address: Address,
    /// Who pays, if not the same.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// The number under which the buyer is known for tax, for the invoice.
    #[serde(default)]
    pub tax_id: Option<TaxNumber>,
    /// One of the store's shipping methods.
    #[schema(max_length = 64)]
    pub shipping_method: String,
    /// How to pay.
    pub payment: PaymentRequest,
    /// Keep the order open, and its stock reserved until the payment window ends, if the payment is
    /// declined for good, so that another attempt can be made (`POST /v1/orders/{id}/payments`). Else a
    /// declined order is closed at once.
    #[serde(default)]
    pub keep_open_on_decline: bool,
    /// The total that the buyer was shown: the checkout is refused if it is another.
    #[serde(default)]
    pub expected_total: Option<Money>,
    /// For secret keys: the buyer's network address, for the limit of what one buyer may hold unpaid
    /// (`unpaid_units_per_buyer`). Without it, all that the key holds counts together.
    #[serde(default)]
    #[schema(max_length = 45, example = "203.0.113.7")]
    pub buyer_address: Option<String>,
}

/// How to pay. No field ever takes a card number: cards go to the gateway.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"gateway": "sandbox"}))]
pub struct PaymentRequest {
    /// Who moves the money.
    pub gateway: Gateway,
    /// The gateway's token of a means of payment; without one the buyer chooses in the browser.
    #[serde(default)]
    #[schema(max_length = 2048)]
    pub method: Option<String>,
    /// Where the gateway sends the browser afterwards: https, to a public host at the usual port.
    #[serde(default)]
    #[schema(max_length = 2048)]
    pub return_url: Option<String>,
}

impl PaymentRequest {
    /// Refuses what is wrong whatever the order says.
    ///
    /// # Errors
    /// 422 with every field that is wrong.
    pub fn check(&self, development: bool) -> Result<(), ApiError> {
        let errors = self.wrong(development);
        if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
    }

    fn wrong(&self, development: bool) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut require = |holds: bool, pointer: &str, message: &str| {
            if !holds {
                errors
                    .push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
            }
        };
        let token = self.method.as_ref().is_none_or(|method| {
            (1..=MAX_PAYMENT_METHOD_BYTES).contains(&method.len())
                && method.bytes().all(|byte| byte.is_ascii_graphic())
        });
        require(token, "/method", "must be 1 to 2048 visible ASCII characters");
        let leads_back = self.return_url.as_ref().is_none_or(|url| is_return_url(url, development));
        require(leads_back, "/return_url", "must be an absolute https URL of a public host");
        errors
    }
}

impl CheckoutRequest {
    /// Refuses what is wrong whatever the catalogue says.
    ///
    /// # Errors
    /// 422 with every field that is wrong.
    pub fn check(&self, development: bool) -> Result<(), ApiError> {
        let mut errors = under("/shipping_address", self.shipping_address.validate());
        if let Some(address) = &self.billing_address {
            errors.extend(under("/billing_address", address.validate()));
        }
        let mut require = |holds: bool, pointer: &str, message: &str| {
            if !holds {
                errors
                    .push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
            }
        };
        let named = (1..=MAX_METHOD_CHARACTERS).contains(&self.shipping_method.chars().count());
        require(named, "/shipping_method", "must have 1 to 64 characters");
        errors.extend(under("/payment", self.payment.wrong(development)));
        if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
    }
}

/// An absolute https URL of a public host, without credentials; in development http and any host will
/// do. It is never fetched: it is where the buyer's browser is sent.
fn is_return_url(text: &str, development: bool) -> bool {
    let plain = text.len() <= MAX_RETURN_URL_BYTES
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Written out in full: what one reader mends, another reads as an address elsewhere.
    let whole = text.split_once("://").is_some_and(|(scheme, _)| !scheme.contains(['/', ':']));
    plain
        && whole
        && Url::parse(text).is_ok_and(|url| {
            if !development {
                return check_public(&url).is_ok();
            }
            matches!(url.scheme(), "https" | "http")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::body::parse;
    use crate::api::error::ErrorCode;
    use serde_json::{Value, json};

    fn request() -> Value {
        json!({
            "currency": "USD",
            "lines": [{"sku": "MUG-CLASSIC", "quantity": 1}],
            "email": "ada@example.com",
            "shipping_address": {
                "name": "Ada Lovelace", "line1": "500 Howard Street", "city": "San Francisco",
                "region": "CA", "postal_code": "94105", "country": "US"
            },
            "shipping_method": "standard",
            "payment": {"gateway": "sandbox", "return_url": "https://shop.example/back?order=1"}
        })
    }

    fn checked(pointer: &str, value: Value) -> Result<(), ApiError> {
        let mut body = request();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        parse::<CheckoutRequest>(body.to_string().as_bytes())?.check(false)
    }

    #[test]
    fn an_ordinary_request_passes() {
        assert_eq!(checked("/expected_total", json!({"amount": 1, "currency": "USD"})), Ok(()));
    }

    #[test]
    fn what_is_not_the_callers_to_say_is_refused() {
        for pointer in [
            "/total",
            "/status",
            "/paid_at",
            "/payment_status",
            "/tenant",
            "/price",
            "/discount",
            "/lines/0/price",
            "/lines/0/unit_price",
            "/lines/0/discount",
            "/payment/amount",
            "/payment/card_number",
            "/shipping_address/verified",
            "/shipping_minor",
        ] {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let mut body = request();
            body.pointer_mut(parent).unwrap()[name] = json!(1);
            let error = parse::<CheckoutRequest>(body.to_string().as_bytes()).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{pointer}");
            assert_eq!(error.errors[0].pointer, pointer);
        }
    }

    #[test]
    fn fields_are_refused_where_they_are() {
        for (pointer, value) in [
            ("/currency", json!("usd")),
            ("/email", json!("nobody")),
            ("/shipping_address/city", json!("")),
            ("/shipping_address/name", json!("a\u{0}b")),
            ("/shipping_address/country", json!("XX")),
            ("/tax_id", json!("")),
            ("/tax_id", json!("<script>")),
            ("/tax_id", json!("1".repeat(33))),
            ("/shipping_method", json!("")),
            ("/shipping_method", json!("x".repeat(65))),
            ("/payment/method", json!("")),
            ("/payment/method", json!("two words")),
            ("/payment/method", json!("x".repeat(2_049))),
            ("/payment/gateway", json!("nobody")),
            ("/payment/return_url", json!("http://shop.example/")),
            ("/payment/return_url", json!("javascript:alert(1)")),
            ("/payment/return_url", json!("/back")),
            ("/payment/return_url", json!("https://user:secret@shop.example/")),
            ("/payment/return_url", json!("https://shop.example/a\r\nb")),
            ("/payment/return_url", json!(format!("https://shop.example/{}", "x".repeat(2_048)))),
        ] {
            let error = checked(pointer, value.clone()).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{pointer} {value}");
            assert_eq!(error.errors[0].pointer, pointer, "{value}");
        }
    }

    #[test]
    fn plain_http_leads_back_to_a_laptop_only() {
        assert!(is_return_url("http://localhost:3000/back", true));
        for inward in [
            "https:shop.example/",
            "https:/shop.example/",
            "https://shop.example\\@127.0.0.1/",
            "http://localhost:3000/back",
            "https://127.1/",
            "https://shop.example:8443/",
        ] {
            assert!(!is_return_url(inward, false), "{inward}");
        }
    }
}
