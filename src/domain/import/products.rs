//! Products in files: one JSON document a line, or in CSV one row for each variant, those of one product
//! one below the other.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IntoDeserializer;

use super::cells::Cells;
use super::csv::{push_cell, push_number};
use super::{Fault, RowCode};
use crate::domain::catalogue::{Product, ProductStatus, Variant};
use crate::domain::money::Money;

/// Columns of products: those of the product, repeated in each of its rows, then those of a variant.
pub(super) const PRODUCT_COLUMNS: &[&str] = &[
    "id",
    "title",
    "description",
    "status",
    "tax_category",
    "images",
    "sku",
    "variant_title",
    "options",
    "prices",
    "weight_grams",
    "components",
    "max_per_order",
];

/// A product out of one line of JSON.
pub(super) fn of_line(line: &[u8]) -> Result<Product, Fault> {
    let text = std::str::from_utf8(line)
        .map_err(|_| Fault::row(RowCode::InvalidUtf8, "is not encoded in UTF-8"))?;
    if text.trim_start().starts_with('[') {
        return Err(Fault::row(RowCode::MalformedRow, "is not a JSON object"));
    }
    serde_json::from_str(text).map_err(|error| {
        if error.classify() == serde_json::error::Category::Data {
            let message = format!("is not a product: see its character {}", error.column());
            Fault::row(RowCode::InvalidValue, message)
        } else {
            Fault::row(RowCode::MalformedRow, "is not JSON")
        }
    })
}

/// A product out of its first row, with that row's variant.
pub(super) fn of_cells(cells: &Cells) -> Result<Product, Fault> {
    let status = cells.required("status")?.trim().to_ascii_lowercase();
    let status: Result<ProductStatus, serde::de::value::Error> =
        ProductStatus::deserialize(status.as_str().into_deserializer());
    let status = status.map_err(|_| {
        Fault::value("status", RowCode::InvalidValue, "must be active, draft or archived")
    })?;
    let images = cells.text("images").unwrap_or_default();
    Ok(Product {
        id: cells.read("id", "must be 1 to 64 letters, digits, dots, underscores and hyphens")?,
        title: cells.required("title")?.to_owned(),
        description: cells.text("description").unwrap_or_default().to_owned(),
        status,
        tax_category: cells.read("tax_category", "must be a tax category")?,
        images: images.split_whitespace().map(str::to_owned).collect(),
        variants: vec![variant(cells)?],
    })
}

/// The variant of a row.
pub(super) fn variant(cells: &Cells) -> Result<Variant, Fault> {
    let options = match cells.text("options") {
        None => BTreeMap::new(),
        Some(text) => serde_json::from_str(text).map_err(|_| {
            let message = "must be a JSON object of texts, such as {\"size\": \"large\"}";
            Fault::value("options", RowCode::InvalidValue, message)
        })?,
    };
    let components = match cells.text("components") {
        None => Vec::new(),
        Some(text) => serde_json::from_str(text).map_err(|_| {
            let message =
                "must be a JSON list of SKUs and quantities, such as [{\"sku\": \"MUG\", \"quantity\": 2}]";
            Fault::value("components", RowCode::InvalidValue, message)
        })?,
    };
    Ok(Variant {
        sku: cells.read("sku", "must be a SKU")?,
        title: cells.text("variant_title").unwrap_or_default().to_owned(),
        options,
        prices: prices(cells.required("prices")?)?,
        weight_grams: cells
            .optional("weight_grams", "must be a whole number, not negative")?
            .unwrap_or(0),
        components,
        max_per_order: cells.optional("max_per_order", "must be a whole number, not negative")?,
    })
}

/// Whether a further row says the same of the product as its first.
pub(super) fn same_product(first: &Product, other: &Product) -> bool {
    Product { variants: Vec::new(), ..first.clone() }
        == Product { variants: Vec::new(), ..other.clone() }
}

/// `900 USD, 890 EUR`, in minor units.
fn prices(text: &str) -> Result<Vec<Money>, Fault> {
    let price = |part: &str| {
        let (amount, currency) = part.trim().split_once(' ')?;
        Some(Money::new(amount.parse().ok()?, currency.trim().parse().ok()?))
    };
    let prices: Option<Vec<Money>> = text.split(',').map(price).collect();
    prices.ok_or_else(|| {
        let message = "must be minor units and currencies, such as 900 USD, 890 EUR";
        Fault::value("prices", RowCode::InvalidValue, message)
    })
}

/// The header of a file of products.
#[must_use]
pub fn product_header() -> String {
    [PRODUCT_COLUMNS.join(",").as_str(), "\r\n"].concat()
}

/// A product as rows of CSV, one for each variant.
#[must_use]
pub fn product_cells(product: &Product) -> String {
    let mut rows = String::new();
    let status = match product.status {
        ProductStatus::Active => "active",
        ProductStatus::Draft => "draft",
        ProductStatus::Archived => "archived",
    };
    for variant in &product.variants {
        push_cell(&mut rows, product.id.as_str());
        push_cell(&mut rows, &product.title);
        push_cell(&mut rows, &product.description);
        push_cell(&mut rows, status);
        push_cell(&mut rows, product.tax_category.as_str());
        push_cell(&mut rows, &product.images.join(" "));
        push_cell(&mut rows, variant.sku.as_str());
        push_cell(&mut rows, &variant.title);
        let options = if variant.options.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&variant.options).unwrap_or_default()
        };
        push_cell(&mut rows, &options);
        let price = |price: &Money| format!("{} {}", price.amount, price.currency.code());
        let prices: Vec<String> = variant.prices.iter().map(price).collect();
        push_cell(&mut rows, &prices.join(", "));
        push_number(&mut rows, Some(i64::from(variant.weight_grams)));
        let components = if variant.components.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&variant.components).unwrap_or_default()
        };
        push_cell(&mut rows, &components);
        push_number(&mut rows, variant.max_per_order.map(i64::from));
        rows.push_str("\r\n");
    }
    rows
}
