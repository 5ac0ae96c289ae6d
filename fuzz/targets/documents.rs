//! Bodies of requests: what is refused is refused in few words, at a place that is there; what is accepted is
//! stored and read again, and is the same.

use std::fmt::Debug;
use std::str;

use cartwright::api::api_keys::create::ApiKeyRequest;
use cartwright::api::attention::resolve::ResolveRequest;
use cartwright::api::body;
use cartwright::api::channel_orders::request::ChannelOrderRequest;
use cartwright::api::checkouts::request::{CheckoutRequest, PaymentRequest};
use cartwright::api::counts::create::CountRequest;
use cartwright::api::counts::record::CountedRequest;
use cartwright::api::drop_mode::put::DropModeRequest;
use cartwright::api::error::ApiError;
use cartwright::api::imports::create::{self, ImportRequest};
use cartwright::api::imports::start::StartRequest;
use cartwright::api::inventory::adjust::AdjustmentRequest;
use cartwright::api::inventory::prove::ProofRequest;
use cartwright::api::inventory::terms_request::TermsRequest;
use cartwright::api::json_position::pointer_at;
use cartwright::api::movements::capture::CaptureRequest;
use cartwright::api::movements::refund::RefundRequest;
use cartwright::api::movements::void::VoidRequest;
use cartwright::api::orders::confirm::ReturnRequest;
use cartwright::api::purchase_orders::create::PurchaseOrderRequest;
use cartwright::api::purchase_orders::receive::ReceiptRequest;
use cartwright::api::reconciliations::create::ReconciliationRequest;
use cartwright::api::reorder_proposals::order::ReorderRequest;
use cartwright::api::returns::create::GoodsReturnRequest;
use cartwright::api::stock_documents::note;
use cartwright::api::transfers::create::TransferRequest;
use cartwright::api::transfers::receive::ArrivalRequest;
use cartwright::domain::catalogue::{Product, StoreSettings};
use cartwright::domain::channel::ChannelSettings;
use cartwright::domain::field_error::FieldError;
use cartwright::domain::inventory::ChannelTerms;
use cartwright::domain::location_registry::StockLocation;
use cartwright::domain::money::MAX_AMOUNT_MINOR;
use cartwright::domain::payment_settings::PaymentMethodSettings;
use cartwright::domain::supplier::{Supplier, SupplierItem};
use cartwright::domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::json::Json;

/// The most that a refusal may say of one field.
const LONGEST_REFUSAL: usize = 16 * 1024;

/// A body, as its readers get it and as it stands.
struct Body<'a> {
    bytes: &'a [u8],
    json: Option<Json>,
}

impl<'a> Body<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, json: str::from_utf8(bytes).ok().and_then(Json::of) }
    }

    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        match body::parse(self.bytes) {
            Ok(read) => Some(read),
            Err(error) => {
                self.refused(&error);
                None
            }
        }
    }

    /// Reads what is stored as it was sent.
    fn kept<T: DeserializeOwned + Serialize + PartialEq + Debug>(&self) -> Option<T> {
        let read: T = self.read()?;
        let stored = serde_json::to_string(&read).unwrap();
        let again = body::parse::<T>(stored.as_bytes());
        assert_eq!(again.ok().as_ref(), Some(&read), "{stored}");
        Some(read)
    }

    fn checked(&self, answer: Result<(), ApiError>) {
        if let Err(error) = answer {
            self.refused(&error);
        }
    }

    fn refused(&self, error: &ApiError) {
        assert!((400..500).contains(&error.code.status()), "{error:?}");
        assert!(error.detail.len() <= LONGEST_REFUSAL, "{} bytes", error.detail.len());
        self.fields(&error.errors);
    }

    /// A refusal is clear: it is short, and where it points to is there.
    fn fields(&self, errors: &[FieldError]) {
        for error in errors {
            let FieldError { pointer, message } = error;
            assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
            assert!(pointer.len() + message.len() <= LONGEST_REFUSAL, "{error:?}");
            assert!(!message.contains(char::is_control), "{error:?}");
            if let Some(json) = &self.json {
                assert!(json.has_or_lacks(pointer), "{error:?} is nowhere");
            }
        }
    }
}

/// What buyers and channels send, and who moves money.
pub fn requests(bytes: &[u8]) {
    let body = Body::of(bytes);
    if let Some(checkout) = body.read::<CheckoutRequest>() {
        // What development lets pass is more, never less.
        let strict = checkout.check(false);
        assert!(strict.is_err() || checkout.check(true).is_ok());
        body.checked(strict);
    }
    if let Some(payment) = body.read::<PaymentRequest>() {
        let strict = payment.check(false);
        assert!(strict.is_err() || payment.check(true).is_ok());
    }
    if let Some(order) = body.read::<ChannelOrderRequest>() {
        let checked = order.check();
        if checked.is_ok() {
            assert!(!order.cart_lines().is_empty());
        }
        body.checked(checked);
    }
    if let Some(refund) = body.read::<RefundRequest>() {
        body.checked(refund.check());
    }
    if let Some(goods) = body.read::<GoodsReturnRequest>() {
        body.checked(goods.check());
    }
    body.read::<CaptureRequest>();
    body.read::<VoidRequest>();
    body.read::<ReturnRequest>();
}

/// What the people and programs of the merchant send.
pub fn merchants_requests(bytes: &[u8]) {
    let body = Body::of(bytes);
    if let Some(key) = body.read::<ApiKeyRequest>() {
        body.fields(&key.check());
    }
    if let Some(adjustment) = body.read::<AdjustmentRequest>() {
        body.fields(&adjustment.check());
    }
    if let Some(terms) = body.read::<TermsRequest>() {
        body.fields(&terms.check());
    }
    if let Some(period) = body.read::<ReconciliationRequest>() {
        body.fields(&period.check(Timestamp::from_milliseconds(1_767_225_600_250)));
    }
    body.checked(note::read(bytes).map(drop));
    body.read::<ResolveRequest>();
    body.read::<DropModeRequest>();
    body.read::<CountRequest>();
    body.read::<CountedRequest>();
    if let Some(import) = body.read::<ImportRequest>() {
        body.checked(create::check(&import));
    }
    body.read::<StartRequest>();
    body.read::<ProofRequest>();
    body.read::<PurchaseOrderRequest>();
    body.read::<ReceiptRequest>();
    body.read::<ReorderRequest>();
    body.read::<TransferRequest>();
    body.read::<ArrivalRequest>();
    body.kept::<ChannelTerms>();
    body.kept::<StockLocation>();
    body.kept::<Supplier>();
    body.kept::<SupplierItem>();
    body.kept::<PaymentMethodSettings>();
    body.kept::<ChannelSettings>();
}

/// Products and terms of the store.
pub fn catalogue(bytes: &[u8]) {
    let body = Body::of(bytes);
    if let Some(product) = body.kept::<Product>() {
        let faults = product.validate();
        body.fields(&faults);
        if faults.is_empty() {
            for amount in product.sellables().flat_map(|one| one.prices) {
                assert!((0..=MAX_AMOUNT_MINOR).contains(&amount.amount), "{amount:?}");
            }
        }
    }
    if let Some(settings) = body.kept::<StoreSettings>() {
        body.fields(&settings.validate());
    }
}

/// Wherever reading stops, the place that is named is in the document.
pub fn positions(bytes: &[u8]) {
    const MOST: usize = 600;
    let Ok(text) = str::from_utf8(bytes) else { return };
    let json = Json::of(text);
    for end in (0..=text.len()).rev().take(MOST) {
        let pointer = pointer_at(text, end);
        assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
        if let Some(json) = &json {
            // A name that is cut is another one; what it is in is there.
            assert!(json.has_or_lacks(&pointer), "at {end}: {pointer}");
        }
    }
}
