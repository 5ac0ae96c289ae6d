//! `PUT /v1/admin/products/{id}`: writes a product.

use std::collections::BTreeSet;

use serde_json::json;

use super::{assembly, list, show};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::catalogue::{Product, ProductId};
use crate::storage::catalogue::{self, Stored};

/// Writes a product with all of its variants, in place of what was there.
///
/// A variant that is left out is no longer sold; its stock and its orders stay. A variant with `components`
/// is a bundle: it has no stock of its own and is available as far as they are. What bundles of other
/// products are made of can't be left out or taken off sale.
#[utoipa::path(
    put, path = "/v1/admin/products/{id}", operation_id = "put_product", tag = "admin",
    params(("id" = String, Path, description = "The product; the same as in the body", example = "tea-towel-demo")),
    request_body(content = Product, example = json!({
        "id": "tea-towel-demo", "title": "Tea towel", "status": "active", "tax_category": "standard",
        "variants": [{"sku": "TOWEL-DEMO", "prices": [{"amount": 900, "currency": "USD"}, {"amount": 890, "currency": "EUR"}]}]
    })),
    responses(
        (status = 200, description = "The product as it is now", body = Product),
        (status = 409, description = "`sku_taken`: `skus` lists those that other products have; `sku_in_bundle`: `bundles` lists those that need what would be gone; `bundle_has_stock`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`; for bundles `unknown_sku`, `product_not_active`, `bundle_cycle`, `bundle_too_large`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id: ProductId = ask.named("id", ErrorCode::ProductNotFound)?;
    let product: Product = ask.json().await?;
    if product.id != id {
        return Err(ApiError::field("/id", "must be the id in the address"));
    }
    let terms = remembered::terms(&ask.platform).await?;
    let mut errors = product.validate();
    errors.extend(terms.check_product(&product));
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    assembly::check(&ask.platform, &product).await?;
    let now = ask.platform.now();
    match catalogue::put_product(&ask.platform.database()?, &product, now).await? {
        Stored::Yes => {}
        Stored::SkusTaken(skus) => {
            return Err(ApiError::new(ErrorCode::SkuTaken).with("skus", skus));
        }
        Stored::Needed(needed) => {
            let (skus, bundles): (BTreeSet<_>, BTreeSet<_>) = needed.into_iter().unzip();
            let refusal = ApiError::new(ErrorCode::SkuInBundle);
            return Err(refusal.with("skus", json!(skus)).with("bundles", json!(bundles)));
        }
    }
    remembered::forget_catalogue();
    list::forget();
    show::forget();
    Reply::json(200, &product)
}
