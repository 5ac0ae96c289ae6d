//! Products, their variants, and what pricing needs to know of one SKU.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bundle::{Component, check_components};
use super::check_prices;
use crate::domain::currency::Currency;
use crate::domain::field_error::{Checks, FieldError, step};
use crate::domain::id::Sku;
use crate::domain::money::Money;
use crate::domain::pricing::MAX_QUANTITY;
use crate::domain::slug::slug;

/// The most variants of one product.
pub const MAX_VARIANTS: usize = 100;
/// The most images of one product.
pub const MAX_IMAGES: usize = 20;
/// The most options (size, colour…) of one variant.
pub const MAX_OPTIONS: usize = 10;
/// Words that stand in addresses where a SKU can stand (`/v1/admin/inventory/alerts`), and that therefore
/// name none: its counters could not be asked for.
pub const RESERVED_SKUS: &[&str] = &["alerts", "exports", "imports", "proofs"];
const MAX_TITLE_CHARACTERS: usize = 200;
const MAX_DESCRIPTION_CHARACTERS: usize = 10_000;
const MAX_OPTION_CHARACTERS: usize = 100;
const MAX_URL_BYTES: usize = 2_048;
/// There are not more currencies than this; it bounds the work before repetitions are looked for.
const MAX_PRICES: usize = 200;
/// 100 tonnes: beyond any parcel, below any overflow of a cart's sum.
const MAX_WEIGHT_GRAMS: u32 = 100_000_000;

slug!(
    /// A product's name in URLs: 1 to 64 letters, digits, `.`, `_` and `-`.
    ProductId,
    "classic-mug"
);
slug!(
    /// Which of a store's tax treatments applies to something sold, such as `standard`.
    TaxCategory,
    "standard"
);

/// Whether a product can be seen and bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// Seen and sold.
    Active,
    /// Not yet seen, not sold.
    Draft,
    /// No longer seen, no longer sold; old orders still name it.
    Archived,
}

/// Something a store sells, in one or more variants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its name in URLs.
    pub id: ProductId,
    /// Its name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What it is, in plain text of several lines.
    #[serde(default)]
    #[schema(max_length = 10_000)]
    pub description: String,
    /// Whether it can be seen and bought.
    pub status: ProductStatus,
    /// How it is taxed.
    pub tax_category: TaxCategory,
    /// Addresses of pictures, https only, the first one foremost.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub images: Vec<String>,
    /// What can be bought: each with its own SKU, prices and stock.
    #[schema(min_items = 1, max_items = 100)]
    pub variants: Vec<Variant>,
}

/// One buyable form of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The stock-keeping unit, unique in the store.
    #[schema(value_type = String, example = "MUG-CLASSIC", pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub sku: Sku,
    /// What tells it from its siblings, such as `Blue, large`; empty when it has none.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: String,
    /// The same by name: `{"colour": "blue", "size": "large"}`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// What one costs, once per currency in which it is sold. Whether tax is part of it depends on
    /// the destination: [`super::StoreSettings::prices_include_tax`].
    #[schema(min_items = 1)]
    pub prices: Vec<Money>,
    /// Weight of one, packed.
    #[serde(default)]
    #[schema(maximum = 100_000_000)]
    pub weight_grams: u32,
    /// What it is made of, if it is a bundle: it has no stock of its own then, and is available as far as
    /// its components are. They may be bundles themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub components: Vec<Component>,
    /// The most units that one order may have of it, those within bundles included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9_999)]
    pub max_per_order: Option<u32>,
}

impl Product {
    /// Everything wrong with the product by itself; empty if nothing is. What the store's settings
    /// say about it: [`super::StoreSettings::check_product`].
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/title", &self.title, 1, MAX_TITLE_CHARACTERS);
        checks.paragraphs("/description", &self.description, MAX_DESCRIPTION_CHARACTERS);
        checks.count("/images", self.images.len(), 0, MAX_IMAGES);
        for (index, url) in self.images.iter().enumerate() {
            let pointer = format!("/images/{index}");
            checks.require(plausible_image_url(url), &pointer, "must be an https URL");
        }
        checks.count("/variants", self.variants.len(), 1, MAX_VARIANTS);
        let skus = self.variants.iter().map(|v| &v.sku);
        checks.unique("/variants", skus, "must have a SKU of its own");
        for (index, variant) in self.variants.iter().enumerate() {
            checks.part(&format!("/variants/{index}"), variant.validate());
        }
        checks.finish()
    }

    /// What pricing needs, for each SKU of the product.
    pub fn sellables(&self) -> impl Iterator<Item = Sellable> {
        self.variants.iter().map(|variant| Sellable {
            sku: variant.sku.clone(),
            product_id: self.id.clone(),
            product_title: self.title.clone(),
            variant_title: variant.title.clone(),
            tax_category: self.tax_category.clone(),
            prices: variant.prices.clone(),
            active: self.status == ProductStatus::Active,
            components: variant.components.clone(),
            max_per_order: variant.max_per_order,
        })
    }
}

impl Variant {
    fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.require(
            !RESERVED_SKUS.contains(&self.sku.as_str()),
            "/sku",
            "must not be a word of our addresses: alerts, exports, imports, proofs",
        );
        checks.line("/title", &self.title, 0, MAX_TITLE_CHARACTERS);
        checks.count("/options", self.options.len(), 0, MAX_OPTIONS);
        for (name, value) in &self.options {
            let pointer = format!("/options/{}", step(name));
            checks.line(&pointer, name, 1, MAX_OPTION_CHARACTERS);
            checks.line(&pointer, value, 1, MAX_OPTION_CHARACTERS);
        }
        checks.count("/prices", self.prices.len(), 1, MAX_PRICES);
        check_prices(&mut checks, "/prices", &self.prices);
        checks.require(
            self.weight_grams <= MAX_WEIGHT_GRAMS,
            "/weight_grams",
            "must be at most 100000000",
        );
        check_components(&mut checks, &self.sku, &self.components);
        checks.require(
            self.max_per_order.is_none_or(|most| (1..=MAX_QUANTITY).contains(&most)),
            "/max_per_order",
            "must be 1 to 9999",
        );
        checks.finish()
    }
}

/// `https://`, a host, and nothing that ends an HTML attribute or a header.
fn plausible_image_url(url: &str) -> bool {
    let illegal = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`\\{}|^".contains(c);
    let host = |rest: &str| rest.split(['/', '?', '#']).next().is_some_and(plausible_host);
    url.len() <= MAX_URL_BYTES
        && !url.contains(illegal)
        && url.strip_prefix("https://").is_some_and(host)
}

/// A host with an optional port, without user information.
fn plausible_host(host: &str) -> bool {
    host.starts_with(char::is_alphanumeric) && !host.contains('@')
}

/// What pricing needs of one SKU, flat: this is what the edge caches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sellable {
    /// The stock-keeping unit.
    pub sku: Sku,
    /// The product it is a variant of.
    pub product_id: ProductId,
    /// The product's name for people.
    pub product_title: String,
    /// What tells the variant from its siblings.
    pub variant_title: String,
    /// How it is taxed.
    pub tax_category: TaxCategory,
    /// What one costs, once per currency.
    pub prices: Vec<Money>,
    /// Whether it may be sold now.
    pub active: bool,
    /// What it is made of, if it is a bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// The most units that one order may have of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
}

impl Sellable {
    /// Whether it has no stock of its own.
    #[must_use]
    pub const fn is_bundle(&self) -> bool {
        !self.components.is_empty()
    }

    /// What one costs in a currency, if it is sold in it.
    #[must_use]
    pub fn price_in(&self, currency: Currency) -> Option<i64> {
        super::amount_in(&self.prices, currency)
    }
}
