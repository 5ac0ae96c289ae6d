//! Everything that a request can be refused with: one table of codes, one shape of answer.
//!
//! The caller gets a stable code, a sentence, and what is needed to mend the request. The cause from
//! inside (a database's message, a gateway's reply) goes to the log and nowhere else.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::domain::field_error::FieldError;
use crate::domain::id::OrderId;
use crate::domain::pricing::PricingRefusal;
use crate::runtime::platform::Unavailable;
use crate::runtime::serve::HeaderList;

macro_rules! codes {
    ($($name:ident $status:literal $code:literal $title:literal $when:literal)*) => {
        /// The codes of `application/problem+json` answers. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $when] $name,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it says to people, the same every time.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// When it is answered.
            #[must_use]
            pub const fn when(self) -> &'static str {
                match self { $(Self::$name => $when,)* }
            }
        }
    };
}

codes! {
    MalformedRequest 400 "malformed_request" "Malformed request"
        "The address or a header can't be read."
    MalformedJson 400 "malformed_json" "Malformed JSON"
        "The body is not JSON in UTF-8; `detail` says at which line and column."
    IdempotencyKeyRequired 400 "idempotency_key_required" "Idempotency-Key required"
        "The request needs the header `Idempotency-Key`: 1 to 255 visible ASCII characters."
    MalformedEvent 400 "malformed_event" "Malformed event"
        "A webhook is rightly signed and can't be read."
    CredentialsRequired 401 "credentials_required" "Credentials required"
        "The request has no `Authorization: Bearer …`."
    CredentialsInvalid 401 "credentials_invalid" "Credentials invalid"
        "The key is unknown or revoked, or the token is not one."
    SignatureInvalid 401 "signature_invalid" "Signature invalid"
        "A webhook is not signed with our secret, or was signed at another time than now."
    PaymentDeclined 402 "payment_declined" "Payment declined"
        "The bank or the gateway said no; `decline` has its code and message. Nothing is held, unless the order was to stay open: then `order_token` and `retry_until` are there."
    Forbidden 403 "forbidden" "Forbidden"
        "The key is right and may not do this; `detail` names the scope it lacks."
    NotFound 404 "not_found" "Not found"
        "There is nothing at this address."
    OrderNotFound 404 "order_not_found" "Order not found"
        "There is no such order, or the token is another order's."
    InvoiceNotFound 404 "invoice_not_found" "Invoice not found"
        "There is no such invoice or credit note, or none yet."
    ProductNotFound 404 "product_not_found" "Product not found"
        "There is no such product."
    SkuNotFound 404 "unknown_sku" "Unknown SKU"
        "The address names SKUs that are not in the catalogue; `skus` lists them."
    GatewayNotFound 404 "gateway_not_found" "Gateway not found"
        "There is no such payment gateway, or a webhook was sent to one that is not set up."
    ApiKeyNotFound 404 "api_key_not_found" "API key not found"
        "There is no such API key."
    ReconciliationNotFound 404 "reconciliation_not_found" "Reconciliation not found"
        "There is no such reconciliation."
    SupplierNotFound 404 "supplier_not_found" "Supplier not found"
        "There is no such supplier."
    SupplierItemNotFound 404 "supplier_item_not_found" "Supplier item not found"
        "The supplier does not offer this SKU."
    AttentionNotFound 404 "attention_not_found" "Nothing waits there"
        "There is nothing of this identity that waits, or waited, for a person."
    ChannelNotFound 404 "channel_not_found" "Channel not found"
        "There is no such sales channel."
    PurchaseOrderNotFound 404 "purchase_order_not_found" "Purchase order not found"
        "There is no such purchase order."
    TransferNotFound 404 "transfer_not_found" "Transfer not found"
        "There is no such transfer."
    CountNotFound 404 "count_not_found" "Count not found"
        "There is no such count."
    LocationNotFound 404 "location_not_found" "Location not found"
        "There is no such location."
    ImportNotFound 404 "import_not_found" "Import not found"
        "There is no such import."
    MethodNotAllowed 405 "method_not_allowed" "Method not allowed"
        "The address exists and does not take this method; `Allow` says which it takes."
    InsufficientStock 409 "insufficient_stock" "Insufficient stock"
        "At least one SKU can't be had in this quantity; `shortages` lists what is requested and available, why, and which bundles of the cart need it."
    QuantityLimited 409 "quantity_limited" "Quantity limited"
        "There is stock, and this buyer may not have as many of it; `shortages` says of each SKU how many are still possible, and `reason` which limit it is."
    TotalChanged 409 "total_changed" "Total changed"
        "The total is not `expected_total`; `total` has it as it is now."
    CannotCancel 409 "cannot_cancel" "Cannot be cancelled"
        "The order's money is held or taken, or the order is closed; `order` has it as it is."
    NothingToMove 409 "nothing_to_move" "Nothing to move"
        "No money is held to be captured or voided, or none was taken that could be refunded."
    MovementInProgress 409 "movement_in_progress" "Movement in progress"
        "Another operation of this payment is under way; ask again when it has ended."
    OutcomeUnknown 409 "outcome_unknown" "Outcome unknown"
        "The outcome of an earlier operation is not known yet; the gateway is being asked."
    PaymentSecured 409 "payment_secured" "Payment secured"
        "The order's money is held or taken already."
    PaymentCalledOff 409 "payment_called_off" "Payment called off"
        "The payment was called off: nothing can be taken any more."
    PaymentDisputed 409 "payment_disputed" "Payment disputed"
        "The buyer's bank contests the payment: a refund would give the money back twice."
    NotOfferedByGateway 409 "not_offered_by_gateway" "Not offered by the gateway"
        "The payment's gateway has no such operation; `capability` names it, `authorized_until` says when held money lapses by itself."
    OrderNotOpen 409 "order_not_open" "Order not open"
        "The order is closed or being closed, or too many attempts were made to pay it."
    SkuTaken 409 "sku_taken" "SKU taken"
        "A variant's SKU belongs to another product; `skus` lists them."
    SkuInBundle 409 "sku_in_bundle" "SKU in a bundle"
        "A product can't be taken off sale, or a variant out of it, while bundles are made of it; `skus` lists what they need, `bundles` lists them."
    SkuIsBundle 409 "sku_is_bundle" "SKU is a bundle"
        "A bundle has no stock of its own: that of its components counts."
    BundleHasStock 409 "bundle_has_stock" "Bundle has stock"
        "A SKU that still has stock, or orders that wait for it, can't become a bundle; `skus` lists them."
    SupplierCurrencyInUse 409 "supplier_currency_in_use" "Supplier's currency in use"
        "A supplier's currency can't be changed while its items cost another one."
    GatewayNotSetUp 409 "gateway_not_set_up" "Gateway not set up"
        "A payment gateway can't be enabled: the deployment has no secrets for it."
    TooManyReturns 409 "too_many_returns" "Too many returns"
        "The order has as many returns as are kept."
    AllocationTooLarge 409 "allocation_too_large" "Allocation too large"
        "More units would be set aside for a channel than are free; `free` says how many more could be."
    ChannelArchived 409 "channel_archived" "Channel archived"
        "The sales channel sells no more: it takes no orders and no new terms."
    ShelfCountedSince 409 "shelf_counted_since" "Shelf counted since"
        "A count can't be approved: another count of the same shelf was booked since it was made, so its difference is no longer the one that is left; `lines` says which shelves are to be counted again. Nothing was changed."
    UnitsClaimed 409 "units_claimed" "Units claimed"
        "An adjustment, a transfer or a count would take units that orders hold or have paid for; `removable` says how many it could take, for a document `lines` says so line by line. Nothing was changed."
    DocumentState 409 "document_state" "Document in another state"
        "A purchase order, transfer or count does not allow this as it is; `state` says which, `allowed` what may be done with it."
    DocumentFull 409 "document_full" "Document full"
        "A purchase order, transfer or count went through as many steps, or took as many receipts, as it can hold."
    SecondPersonRequired 409 "second_person_required" "Second person required"
        "A count is to be approved by another API key than the one that counted."
    NotDamaged 409 "not_damaged" "Not damaged"
        "An adjustment would take more damaged units than there are; `damaged` says how many there are."
    LocationInUse 409 "location_in_use" "Location in use"
        "A location that has stock, or announced stock, can't be archived; `skus` lists some of it."
    LocationNeeded 409 "location_needed" "Location needed"
        "At least one active location must serve orders."
    ImportNotUploading 409 "import_not_uploading" "Import not uploading"
        "The import was started or has ended: it takes no other parts."
    ImportPartDiffers 409 "import_part_differs" "Part differs"
        "The part was received before, with other bytes; make another import to send another file."
    ImportIncomplete 409 "import_incomplete" "Import incomplete"
        "The import can't be started: parts are missing (`missing` lists up to 20), or there are more than were announced."
    BodyTooLarge 413 "body_too_large" "Body too large"
        "The body is larger than this address takes."
    UnsupportedMediaType 415 "unsupported_media_type" "Unsupported media type"
        "The body's `Content-Type` is not `application/json`."
    InvalidRequest 422 "invalid_request" "Invalid request"
        "Fields are missing, unknown, of the wrong type or out of range; `errors` lists them."
    OverReceipt 422 "over_receipt" "Too many units received"
        "More came than is on its way, or more than ten times what was ordered; `lines` says how many units each may have. Nothing was booked."
    IdempotencyKeyReused 422 "idempotency_key_reused" "Idempotency-Key reused"
        "The `Idempotency-Key` was used with another body."
    ChannelOrderIdReused 422 "channel_order_id_reused" "Channel order id reused"
        "The channel's order id was used with another body."
    AmountTooLarge 422 "amount_too_large" "Amount too large"
        "More than is held, or more than was taken and not given back; `available` says how much there is."
    UnitsTooMany 422 "units_too_many" "Too many units"
        "More units than were sold and have not come back; `line` says how many there are."
    ReturnNotAuthentic 422 "return_not_authentic" "Return not authentic"
        "The parameters of a browser's return were not made by the gateway for this order."
    GatewayUnavailable 422 "gateway_unavailable" "Gateway unavailable"
        "The store has not set up this payment gateway."
    PaymentMethodUnavailable 422 "payment_method_unavailable" "Payment method unavailable"
        "The store does not offer this payment gateway for this currency, country or total; `reason` is `disabled`, `currency`, `country`, `amount_too_small`, `amount_too_large` or `amount_not_payable`."
    BooksUnavailable 422 "books_unavailable" "Books unavailable"
        "The gateway is not set up, or does not show its books."
    CardDataRefused 422 "card_data_refused" "Card data refused"
        "The request holds what looks like a card number, somewhere. It is not kept; cards go to the gateway."
    LineCountOutOfRange 422 "line_count_out_of_range" "Line count out of range"
        "A cart has 1 to 100 lines."
    UnknownSku 422 "unknown_sku" "Unknown SKU"
        "A line of a cart, or a component of a bundle, names a SKU that is not in the catalogue; `errors` and `skus` say which, in documents that move stock."
    UnknownLocation 422 "unknown_location" "Unknown location"
        "The request names a location that is not registered or is archived; `errors` says where."
    ProductNotActive 422 "product_not_active" "Product not for sale"
        "A line of a cart, or a component of an active bundle, names a product that is a draft or archived."
    BundleUnavailable 422 "bundle_unavailable" "Bundle not for sale"
        "A component of a bundle is no longer for sale, or no longer in the catalogue."
    CurrencyNotOffered 422 "currency_not_offered" "Currency not offered"
        "The store does not sell in this currency."
    PriceMissing 422 "price_missing" "Price missing"
        "A line's SKU is not sold in this currency."
    QuantityOutOfRange 422 "quantity_out_of_range" "Quantity out of range"
        "A SKU's quantity, over all of its lines, is 1 to 9999."
    QuantityLimit 422 "quantity_limit" "Quantity limit"
        "One order may not have as many of a SKU, those within bundles included; `limit` names it with how many it may have."
    BundleTooLarge 422 "bundle_too_large" "Bundle too large"
        "A bundle is more than 5 deep, or has more than 100 SKUs or 10000 units in all; or a cart's bundles have more than one order can claim."
    BundleCycle 422 "bundle_cycle" "Bundle inside itself"
        "A bundle would be inside itself; `cycle` names the way from it back to it."
    DestinationUnknown 422 "destination_unknown" "Destination unknown"
        "The shipping address names no country."
    ShippingMethodUnknown 422 "shipping_method_unknown" "Shipping method unknown"
        "The store has no such shipping method."
    ShippingMethodUnavailable 422 "shipping_method_unavailable" "Shipping method unavailable"
        "The shipping method does not serve this destination or currency."
    TaxCategoryUnknown 422 "tax_category_unknown" "Tax category unknown"
        "The store's settings do not say how something in the cart is taxed."
    AmountOutOfRange 422 "amount_out_of_range" "Amount out of range"
        "An amount is beyond the largest that is handled."
    RateLimited 429 "rate_limited" "Too many requests"
        "The key or the address sends too much; `Retry-After` says when to go on."
    Internal 500 "internal" "Internal error"
        "Something that should not happen; the log has it under `request_id`."
    TryAgain 503 "try_again" "Try again"
        "A part of the platform did not answer; the same request, with the same `Idempotency-Key`, may be sent again."
    StoreNotSetUp 503 "store_not_set_up" "Store not set up"
        "The store's terms were never set: `PUT /v1/admin/store`."
    Misconfigured 503 "misconfigured" "Misconfigured"
        "The deployment's variables can't be used; the log says which."
}

/// A refusal on its way to the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// Which row of the table.
    pub code: ErrorCode,
    /// What is wrong this time, for people; never anything that the caller must not see.
    pub detail: String,
    /// The fields that are wrong, if the request is mended field by field.
    pub errors: Vec<FieldError>,
    /// Further members of the answer.
    extensions: Option<Box<Map<String, Value>>>,
    /// Further headers of the answer.
    pub headers: HeaderList,
    /// What happened inside, for the log.
    pub cause: Option<Box<str>>,
    /// The order it is about, for the log.
    pub order_id: Option<OrderId>,
}

impl ApiError {
    /// A refusal whose detail is the table's own sentence.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self::because(code, code.when())
    }

    /// A refusal with a detail of its own.
    #[must_use]
    pub fn because(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extensions: None,
            headers: Vec::new(),
            cause: None,
            order_id: None,
        }
    }

    /// Fields that are wrong; at least one.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "One field can't be accepted.".to_owned(),
            count => format!("{count} fields can't be accepted."),
        };
        Self { errors, ..Self::because(ErrorCode::InvalidRequest, detail) }
    }

    /// One field that is wrong.
    #[must_use]
    pub fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.into(), message: message.into() }])
    }

    /// Adds a member to the answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let extensions = self.extensions.get_or_insert_default();
        extensions.insert(name.to_owned(), value.into());
        self
    }

    /// A further member of the answer, to be changed.
    pub fn extension_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.extensions.as_mut()?.get_mut(name)
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Notes, for the log, which order it is about.
    #[must_use]
    pub const fn about(mut self, order_id: OrderId) -> Self {
        self.order_id = Some(order_id);
        self
    }

    /// Something that should not happen did: the log says what.
    #[must_use]
    pub fn internal(cause: impl Into<Box<str>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(ErrorCode::Internal) }
    }

    /// Notes what happened inside, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<str>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same request may be sent again in a while.
    #[must_use]
    pub fn try_again(seconds: u32) -> Self {
        Self::new(ErrorCode::TryAgain).with_header("retry-after", seconds.to_string())
    }

    /// The body of the answer.
    #[must_use]
    pub fn problem(&self, request_id: &str) -> Value {
        let code = self.code.code();
        let mut members = self.extensions.as_deref().cloned().unwrap_or_default();
        members.insert("type".to_owned(), format!("urn:cartwright:error:{code}").into());
        members.insert("title".to_owned(), self.code.title().into());
        members.insert("status".to_owned(), self.code.status().into());
        members.insert("code".to_owned(), code.into());
        members.insert("detail".to_owned(), self.detail.as_str().into());
        members.insert("request_id".to_owned(), request_id.into());
        if !self.errors.is_empty() {
            let errors = serde_json::to_value(&self.errors).unwrap_or_default();
            members.insert("errors".to_owned(), errors);
        }
        Value::Object(members)
    }
}

impl From<Unavailable> for ApiError {
    fn from(unavailable: Unavailable) -> Self {
        let seconds = if unavailable.overloaded { 5 } else { 1 };
        Self::try_again(seconds).caused_by(unavailable.to_string())
    }
}

impl From<PricingRefusal> for ApiError {
    fn from(refusal: PricingRefusal) -> Self {
        let code = match refusal {
            PricingRefusal::LineCountOutOfRange => ErrorCode::LineCountOutOfRange,
            PricingRefusal::UnknownSku { .. } => ErrorCode::UnknownSku,
            PricingRefusal::ProductNotActive { .. } => ErrorCode::ProductNotActive,
            PricingRefusal::BundleUnavailable { .. } => ErrorCode::BundleUnavailable,
            PricingRefusal::CurrencyNotOffered { .. } => ErrorCode::CurrencyNotOffered,
            PricingRefusal::PriceMissing { .. } => ErrorCode::PriceMissing,
            PricingRefusal::QuantityOutOfRange { .. } => ErrorCode::QuantityOutOfRange,
            PricingRefusal::QuantityLimit { .. } => ErrorCode::QuantityLimit,
            PricingRefusal::BundleTooLarge { .. } => ErrorCode::BundleTooLarge,
            PricingRefusal::DestinationUnknown => ErrorCode::DestinationUnknown,
            PricingRefusal::ShippingMethodUnknown => ErrorCode::ShippingMethodUnknown,
            PricingRefusal::ShippingMethodUnavailable => ErrorCode::ShippingMethodUnavailable,
            PricingRefusal::TaxCategoryUnknown { .. } => ErrorCode::TaxCategoryUnknown,
            PricingRefusal::AmountOutOfRange { .. } => ErrorCode::AmountOutOfRange,
        };
        let message = refusal.to_string();
        let field = FieldError { pointer: refusal.pointer(), message: message.clone() };
        let error = Self { errors: vec![field], ..Self::because(code, message) };
        match refusal {
            PricingRefusal::QuantityLimit { sku, most, requested, .. } => {
                let limit = json!({ "sku": sku, "limit": most, "requested": requested });
                error.with("limit", limit)
            }
            _ => error,
        }
    }
}

/// The table as a document: `schema/api/error-codes.md`.
#[must_use]
pub fn error_codes_document() -> String {
    let mut document = String::from(
        "# Error codes\n\n\
         Written by `tests/api_contract.rs` from `src/api/error.rs`. Errors are \
         `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code`, `detail` and \
         `request_id`. A code never changes its meaning.\n\n\
         | status | code | when |\n|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        let row =
            ["| ", &code.status().to_string(), " | `", code.code(), "` | ", code.when(), " |\n"];
        document.extend(row);
    }
    document
}
