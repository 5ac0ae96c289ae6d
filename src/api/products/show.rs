//! `GET /v1/products/{id}`: one product.

use std::cell::RefCell;
use std::rc::Rc;

use super::view::{self, ProductView};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::catalogue::{ProductId, ProductStatus};
use crate::runtime::cache::Cache;
use crate::runtime::platform::Platform;
use crate::runtime::serve::OutgoingBody;
use crate::storage::catalogue;

/// Products that an isolate remembers.
const REMEMBERED_PRODUCTS: usize = 1_000;

type Remembered = Option<(ProductStatus, Rc<str>)>;

thread_local! {
    static PRODUCTS: RefCell<Cache<ProductId, Remembered>> =
        RefCell::new(Cache::new(REMEMBERED_PRODUCTS));
}

/// Shows one product.
///
/// With a storefront key a draft or an archived product is not found.
#[utoipa::path(
    get, path = "/v1/products/{id}", operation_id = "show_product", tag = "catalogue",
    params(("id" = String, Path, description = "The product", example = "classic-mug")),
    responses(
        (status = 200, description = "The product", body = ProductView),
        (status = 404, description = "`product_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id: ProductId = ask.named("id", ErrorCode::ProductNotFound)?;
    let platform = &ask.platform;
    let lifetime = remembered::catalogue_lifetime(platform);
    let product = load(platform, id.clone());
    let product = remembered::recall(platform, &PRODUCTS, id, lifetime, product).await?;
    let merchant = ask.caller.is_merchant();
    product
        .filter(|(status, _)| merchant || *status == ProductStatus::Active)
        .map(|(_, text)| Reply::text(200, "application/json", OutgoingBody::Shared(text)))
        .ok_or_else(|| ApiError::new(ErrorCode::ProductNotFound))
}

async fn load(platform: &Platform, id: ProductId) -> Result<Remembered, ApiError> {
    let Some(product) = catalogue::product(&platform.database()?, &id).await? else {
        return Ok(None);
    };
    let views = view::with_availability(platform, std::slice::from_ref(&product)).await?;
    let text = views.first().map(ToString::to_string).unwrap_or_default();
    Ok(Some((product.status, text.into())))
}

/// Forgets every product: the catalogue was just changed here.
pub fn forget() {
    PRODUCTS.set(Cache::new(REMEMBERED_PRODUCTS));
}
