//! A product as callers see it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::remembered;
use crate::api::stock::bundle::Unpacked;
use crate::api::stock::{display, seen};
use crate::domain::catalogue::{
    Component, Product, ProductId, ProductStatus, Sellable, TaxCategory,
};
use crate::domain::id::Sku;
use crate::domain::inventory::StockStatus;
use crate::domain::money::Money;
use crate::runtime::platform::Platform;
use crate::storage;

/// A product with its variants, their prices and whether they are available.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductView<'a> {
    /// Its name in URLs.
    id: &'a ProductId,
    /// Its name for people.
    title: &'a str,
    /// What it is, in plain text of several lines.
    description: &'a str,
    /// Whether it can be seen and bought; storefront keys see active products only.
    status: ProductStatus,
    /// How it is taxed.
    tax_category: &'a TaxCategory,
    /// Addresses of pictures, the first one foremost.
    images: &'a [String],
    /// What can be bought.
    variants: Vec<VariantView<'a>>,
}

/// One buyable form of a product.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariantView<'a> {
    /// The stock-keeping unit: what a checkout names.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// What tells it from its siblings.
    title: &'a str,
    /// The same by name.
    options: &'a BTreeMap<String, String>,
    /// What one costs, once per currency.
    prices: &'a [Money],
    /// Weight of one, packed.
    weight_grams: u32,
    /// What it is made of, if it is a bundle.
    #[serde(skip_serializing_if = "<[Component]>::is_empty")]
    components: &'a [Component],
    /// The most units that one order may have of it, if there is such a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_per_order: Option<u32>,
    /// Whether it is available, a few seconds ago; `GET /v1/stock` is nearer to now.
    availability: StockStatus,
}

/// Products as JSON texts, with the availability of every variant.
///
/// # Errors
/// 503 when D1 does not answer.
pub async fn with_availability(
    platform: &Platform,
    products: &[Product],
) -> Result<Vec<serde_json::Value>, ApiError> {
    let terms = remembered::terms(platform).await?;
    let skus: Vec<&Sku> =
        products.iter().flat_map(|product| product.variants.iter().map(|v| &v.sku)).collect();
    let known = bundled(platform, products).await?;
    let unpacked = Unpacked::of(skus.iter().copied(), &known);
    let stocked = unpacked.stocked(skus.iter().copied());
    let stocked: Vec<&Sku> = stocked.iter().collect();
    let levels = storage::stock_levels::of_skus(&platform.database()?, &stocked).await?;
    let levels: BTreeMap<&str, &storage::stock_levels::CopiedLevel> =
        levels.iter().map(|copied| (copied.sku.as_str(), copied)).collect();
    let now = platform.now();
    let seen = seen::by_storefronts(platform).await;
    let availability = |sku: &Sku| {
        let shown = |sku: &Sku| levels.get(sku.as_str()).map(|copied| seen.of(&copied.level));
        if let Some(bundle) = unpacked.availability(sku, shown, &terms, now) {
            return bundle.status;
        }
        shown(sku).map_or(StockStatus::OutOfStock, |level| display::status(&level, &terms, now))
    };
    let views = products.iter().map(|product| view(product, availability));
    Ok(views.map(|view| serde_json::to_value(view).unwrap_or_default()).collect())
}

/// The bundles among these products' variants, with all that is inside them.
async fn bundled(
    platform: &Platform,
    products: &[Product],
) -> Result<BTreeMap<Sku, Sellable>, ApiError> {
    let bundles = products.iter().flat_map(Product::sellables).filter(Sellable::is_bundle);
    let bundles: Vec<Sku> = bundles.map(|bundle| bundle.sku).collect();
    if bundles.is_empty() {
        return Ok(BTreeMap::new());
    }
    remembered::with_components(platform, bundles.iter()).await
}

fn view<'a>(product: &'a Product, availability: impl Fn(&Sku) -> StockStatus) -> ProductView<'a> {
    ProductView {
        id: &product.id,
        title: &product.title,
        description: &product.description,
        status: product.status,
        tax_category: &product.tax_category,
        images: &product.images,
        variants: product
            .variants
            .iter()
            .map(|variant| VariantView {
                sku: &variant.sku,
                title: &variant.title,
                options: &variant.options,
                prices: &variant.prices,
                weight_grams: variant.weight_grams,
                components: &variant.components,
                max_per_order: variant.max_per_order,
                availability: availability(&variant.sku),
            })
            .collect(),
    }
}
