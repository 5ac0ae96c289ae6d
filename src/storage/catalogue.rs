//! Products, and what pricing needs of each SKU.

use serde::{Deserialize, Serialize};

use super::bundles;
use super::statement::{
    Parameter, document, json_arrays, json_list, parse, prepare, row, rows, run_together,
};
use crate::domain::catalogue::{Product, ProductId, ProductStatus, Sellable};
use crate::domain::id::Sku;
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const SELLABLES: &str =
    "SELECT document FROM variants WHERE sku IN (SELECT value FROM json_each(?1))";
const PRODUCT: &str = "SELECT document FROM products WHERE id = ?1";
const ACTIVE_PRODUCTS: &str = "
SELECT document FROM products WHERE status = 'active' AND id > ?1 ORDER BY id LIMIT ?2";
const ALL_PRODUCTS: &str = "
SELECT document FROM products WHERE id > ?1 ORDER BY id LIMIT ?2";
const TAKEN: &str = "
SELECT sku FROM variants
WHERE product_id <> ?1 AND sku IN (SELECT value FROM json_each(?2)) ORDER BY sku";
const UPSERT_PRODUCT: &str = "
INSERT INTO products (id, status, document, updated_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET
  status = excluded.status, document = excluded.document, updated_at = excluded.updated_at";
const DELETE_VARIANTS: &str = "DELETE FROM variants WHERE product_id = ?1";
// A plain INSERT: a SKU that belongs to another product fails the whole batch.
const INSERT_VARIANTS: &str = "
INSERT INTO variants (sku, product_id, document)
SELECT value ->> 'sku', value ->> 'product_id', value FROM json_each(?1)";

#[derive(Deserialize)]
struct DocumentRow {
    document: String,
}

/// What pricing needs of these SKUs, in no order; one that is not in the catalogue is missing.
///
/// # Errors
/// When D1 does not answer.
pub async fn sellables(database: &Database, skus: &[&Sku]) -> Result<Vec<Sellable>, Unavailable> {
    let list = json_list(skus)?;
    let found: Vec<DocumentRow> = rows(database, SELLABLES, &[Parameter::Text(&list)]).await?;
    found.iter().map(|row| parse(&row.document)).collect()
}

/// One product, whatever its status.
///
/// # Errors
/// When D1 does not answer.
pub async fn product(database: &Database, id: &ProductId) -> Result<Option<Product>, Unavailable> {
    let found: Option<DocumentRow> =
        row(database, PRODUCT, &[Parameter::Text(id.as_str())]).await?;
    found.map(|row| parse(&row.document)).transpose()
}

/// Which products a list shows, by id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProductFilter {
    /// Drafts and archived ones too.
    pub with_inactive: bool,
    /// Only those after this id.
    pub after: String,
    /// At most so many.
    pub limit: u32,
}

/// Products by id.
///
/// # Errors
/// When D1 does not answer.
pub async fn products(
    database: &Database,
    filter: &ProductFilter,
) -> Result<Vec<Product>, Unavailable> {
    let sql = if filter.with_inactive { ALL_PRODUCTS } else { ACTIVE_PRODUCTS };
    let limit = Parameter::Integer(i64::from(filter.limit));
    let parameters = [Parameter::Text(&filter.after), limit];
    let found: Vec<DocumentRow> = rows(database, sql, &parameters).await?;
    found.iter().map(|row| parse(&row.document)).collect()
}

/// What became of a product that was to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// It is stored, with all of its variants.
    Yes,
    /// Nothing is stored: these SKUs belong to other products.
    SkusTaken(Vec<String>),
    /// Nothing is stored: these SKUs would be gone, or no longer for sale, and these bundles of other
    /// products are made of them.
    Needed(Vec<(String, String)>),
}

/// Stores a product and its variants in place of what was there; all of it or nothing.
///
/// # Errors
/// When D1 does not take it; storing it again is safe.
pub async fn put_product(
    database: &Database,
    product: &Product,
    now: Timestamp,
) -> Result<Stored, Unavailable> {
    let id = Parameter::Text(product.id.as_str());
    let stored = document(product)?;
    let product_row = [
        Parameter::Text(product.id.as_str()),
        Parameter::Text(status_name(product.status)),
        Parameter::Text(&stored),
        Parameter::moment(now),
    ];
    let mut statements = vec![
        bundles::before_product(database, product)?,
        prepare(database, UPSERT_PRODUCT, &product_row)?,
        prepare(database, DELETE_VARIANTS, std::slice::from_ref(&id))?,
    ];
    for array in &json_arrays(product.sellables())? {
        statements.push(prepare(database, INSERT_VARIANTS, &[Parameter::Text(array)])?);
    }
    statements.extend(bundles::after_product(database, product)?);
    let failure = match run_together(database, statements).await {
        Ok(()) => return Ok(Stored::Yes),
        Err(failure) => failure,
    };
    let taken = taken_skus(database, product).await?;
    if !taken.is_empty() {
        return Ok(Stored::SkusTaken(taken));
    }
    let needed = bundles::needed(database, product).await?;
    if needed.is_empty() { Err(failure) } else { Ok(Stored::Needed(needed)) }
}

async fn taken_skus(database: &Database, product: &Product) -> Result<Vec<String>, Unavailable> {
    #[derive(Deserialize, Serialize)]
    struct Row {
        sku: String,
    }
    let skus: Vec<&Sku> = product.variants.iter().map(|variant| &variant.sku).collect();
    let list = json_list(&skus)?;
    let parameters = [Parameter::Text(product.id.as_str()), Parameter::Text(&list)];
    let found: Vec<Row> = rows(database, TAKEN, &parameters).await?;
    Ok(found.into_iter().map(|row| row.sku).collect())
}

pub(super) const fn status_name(status: ProductStatus) -> &'static str {
    match status {
        ProductStatus::Active => "active",
        ProductStatus::Draft => "draft",
        ProductStatus::Archived => "archived",
    }
}
