//! `POST /v1/checkouts`: a cart becomes an order, once per `Idempotency-Key`.
//!
//! The edge prices the cart from what it remembers of the catalogue, then asks one shard once. Whatever
//! the edge itself would refuse (a price that changed, a product that is gone, a catalogue that can't
//! be read) is first looked up under the key: a retry of what was accepted gets what was answered.

use futures_util::join;

use super::answer::{self, CheckoutAnswer};
use super::buyer::{self, Holder};
use super::request::CheckoutRequest;
use super::{crowd, route, sold_out};
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::idempotency::Submission;
use crate::api::openapi::Problem;
use crate::api::payment_methods;
use crate::api::remembered;
use crate::api::reply::Outcome;
use crate::api::stock::shortages;
use crate::domain::inventory::ClaimTerms;
use crate::domain::money::Money;
use crate::domain::pricing::{CartLine, MAX_CART_LINES, PricedLine, PricingRefusal, price_cart};
use crate::flows::place::Draft;
use crate::objects::commands::{ShardAnswer, ShardCommand};
use crate::providers::payment::registry;
use crate::runtime::platform::{Platform, Unavailable};

/// Buys what is in a cart.
///
/// Prices, tax and shipping come from the catalogue. Stock is set aside and the payment is started; the
/// answer says what the browser must do next. Sent again under its `Idempotency-Key`, the answer is the
/// same one with `Idempotent-Replayed: true`, and nothing is bought twice.
///
/// What was begun is stored under the key for two days, a refusal too: `Idempotency-Stored: true`, and a
/// repeat is never answered otherwise. A cart that is refused before anything was begun (a price that
/// changed, a product that is gone, a SKU that has just sold out) leaves its key free, whatever the status:
/// `Idempotency-Stored: false`, and the same request may succeed later under the same key. Such a refusal is
/// given only if the key has no order, begun or placed. Answers without the header say nothing of the key.
#[utoipa::path(
    post, path = "/v1/checkouts", operation_id = "create_checkout", tag = "checkout",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every cart", example = "4f9a4f4e-7b1d-4e55-9d1c-2f6d8f3c1a10")),
    request_body = CheckoutRequest,
    responses(
        (status = 201, description = "The order is placed; `Location` leads to it", body = CheckoutAnswer),
        (status = 402, description = "`payment_declined`: `decline` has the gateway's code and message. Nothing is held", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`insufficient_stock`: `shortages` lists what is requested and available; `quantity_limited`: the same, for limits; `total_changed`: `total` has the total as it is", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`, `gateway_unavailable`, `payment_method_unavailable`, `card_data_refused`, or why the cart can't be priced: `unknown_sku`, `price_missing`, …", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: send the same request, with the same key, after `Retry-After`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: CheckoutRequest = body::parse(&body)?;
    request.check(ask.platform.settings().development)?;
    let buyer = request.buyer_address.as_deref();
    let holder = Holder::of(&ask.caller, ask.incoming.as_ref(), buyer)?;
    // Who sends its body slowly keeps nobody out.
    let _place = crowd::enter(ask.platform.now())?;
    let (command, refusal) = match draft(&ask.platform, request, &holder).await {
        Ok(draft) => (checkout(&submission, draft), None),
        Err(refusal) => (replay(&submission), Some(refusal)),
    };
    let shard = submission.shard(ask.platform.settings().order_shards);
    let answer = ask.platform.shard(shard, &command).await;
    match answered(&ask.platform, answer, refusal) {
        Err(mut refusal) if refusal.code == ErrorCode::InsufficientStock => {
            sold_out::note(&ask.platform, refusal.extension_mut("shortages").as_deref());
            Err(shortages::as_shown(&ask, refusal).await)
        }
        outcome => outcome,
    }
}

fn checkout(submission: &Submission, draft: Draft) -> ShardCommand {
    ShardCommand::Checkout {
        key: submission.key.clone(),
        fingerprint: submission.fingerprint.clone(),
        draft: Box::new(draft),
    }
}

fn replay(submission: &Submission) -> ShardCommand {
    ShardCommand::Replay {
        key: submission.key.clone(),
        fingerprint: submission.fingerprint.clone(),
    }
}

/// The shard's answer as the caller's. `refusal` is what the edge would say where the shard knows no
/// better.
fn answered(
    platform: &Platform,
    answer: Result<ShardAnswer, Unavailable>,
    refusal: Option<ApiError>,
) -> Outcome {
    match answer {
        Ok(ShardAnswer::Checkout { outcome, replayed }) => {
            answer::of_outcome(&outcome, replayed, platform.settings().order_token_secret.as_str())
        }
        Ok(ShardAnswer::KeyReused) => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        Ok(ShardAnswer::TryAgain) => Err(ApiError::try_again(1)),
        Ok(ShardAnswer::Unplaced) => match refusal {
            Some(refusal) => Err(answer::unstored(refusal)),
            None => Err(ApiError::internal(UNFITTING)),
        },
        Ok(
            ShardAnswer::Order { .. }
            | ShardAnswer::NotFound
            | ShardAnswer::CannotCancel { .. }
            | ShardAnswer::Moved { .. }
            | ShardAnswer::MovementRefused { .. }
            | ShardAnswer::ReturnRefused { .. }
            | ShardAnswer::TakenBack { .. }
            | ShardAnswer::TakeBackRefused { .. }
            | ShardAnswer::Ok,
        ) => Err(ApiError::internal(UNFITTING)),
        Err(unavailable) => Err(unavailable.into()),
    }
}

/// For the log: a shard answered another question than it was asked.
const UNFITTING: &str = "the shard's answer does not fit a checkout";

/// Prices the cart and puts together what the shard needs.
async fn draft(
    platform: &Platform,
    request: CheckoutRequest,
    holder: &Holder,
) -> Result<Draft, ApiError> {
    if !(1..=MAX_CART_LINES).contains(&request.lines.len()) {
        return Err(PricingRefusal::LineCountOutOfRange.into());
    }
    let settings = platform.settings();
    let gateway = request.payment.gateway;
    if registry::gateway(&settings.payments, gateway).is_none() {
        return Err(ApiError::new(ErrorCode::GatewayUnavailable));
    }
    let (terms, methods, locations) = join!(
        remembered::terms(platform),
        remembered::payment_settings(platform),
        route::locations(platform)
    );
    let terms = terms?;
    let skus = request.lines.iter().map(|line| &line.sku);
    let sellables = remembered::with_components(platform, skus).await?;
    let cart = price_cart(
        request.currency,
        &request.lines,
        &request.shipping_address,
        &request.shipping_method,
        &sellables,
        &terms,
    )?;
    let total = Money::new(cart.totals.total_minor, cart.currency);
    if request.expected_total.is_some_and(|expected| expected != total) {
        let total = serde_json::to_value(total).unwrap_or_default();
        return Err(ApiError::new(ErrorCode::TotalChanged).with("total", total));
    }
    let billing = request.billing_address.as_ref().unwrap_or(&request.shipping_address);
    let country = billing.country_code();
    sold_out::refuse(platform, &request.lines).await?;
    let method = payment_methods::terms::of(&*methods?, gateway, settings.capture_mode);
    payment_methods::terms::check(settings, gateway, &method, total, country)?;
    let address = &request.shipping_address;
    // Bundles are packed where their components are.
    let parts = cart.lines.iter().flat_map(PricedLine::units);
    let parts: Vec<CartLine> =
        parts.map(|(sku, quantity)| CartLine { sku: sku.clone(), quantity }).collect();
    let route = route::of(platform, &terms, &locations, address, &parts).await;
    let claim_terms = ClaimTerms { route, ..ClaimTerms::default() };
    let secret = settings.order_token_secret.as_str();
    let claim_terms = buyer::identify(claim_terms, &request.email, holder, &terms, secret);
    Ok(Draft {
        email: request.email,
        shipping_address: request.shipping_address,
        billing_address: request.billing_address,
        cart,
        claim_terms,
        gateway,
        method: request.payment.method,
        return_url: request.payment.return_url,
        capture_mode: method.capture_mode,
        statement_descriptor: method.statement_descriptor,
        payment_window_seconds: terms.payment_window_seconds,
        reservation_grace_seconds: terms.reservation_grace_seconds,
        invoice_series: terms.invoice_series.clone(),
        keep_open: request.keep_open_on_decline,
        refund_late_money: terms.refund_late_money,
        credit_note_series: terms.credit_note_series.clone(),
        seller: terms.seller.clone(),
        buyer_tax_id: request.tax_id,
    })
}
