//! Suppliers and what can be had from them: edited here, so these rows are the record.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::statement::{
    Parameter, document, json_list, parse, prepare, row, rows, run, run_together,
};
use crate::domain::id::Sku;
use crate::domain::supplier::{Offer, Supplier, SupplierId, SupplierItem, SupplierStatus};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const BY_ID: &str = "SELECT document FROM suppliers WHERE id = ?1";
const LIST: &str = "
SELECT document FROM suppliers WHERE id > ?1 AND (?2 IS NULL OR status = ?2) ORDER BY id LIMIT ?3";
// A supplier whose items cost another currency keeps its own.
const UPSERT: &str = "
INSERT INTO suppliers (id, status, currency, document, updated_at)
SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
  SELECT 1 FROM supplier_items WHERE supplier_id = ?1 AND currency <> ?3)
ON CONFLICT (id) DO UPDATE SET
  status = excluded.status, currency = excluded.currency, document = excluded.document,
  updated_at = excluded.updated_at";

const ITEM: &str = "SELECT document FROM supplier_items WHERE supplier_id = ?1 AND sku = ?2";
const ITEMS: &str = "
SELECT sku, document FROM supplier_items WHERE supplier_id = ?1 AND sku > ?2 ORDER BY sku LIMIT ?3";
const OFFERS_OF_SKUS: &str = "
SELECT items.sku, items.document, suppliers.document AS supplier
FROM supplier_items AS items JOIN suppliers ON suppliers.id = items.supplier_id
WHERE items.sku IN (SELECT value FROM json_each(?1)) AND suppliers.status = 'active'
ORDER BY items.sku, items.supplier_id";
// Both statements run together, and neither does anything unless the supplier is paid in the item's
// currency.
const PREFER_NO_OTHER: &str = "
UPDATE supplier_items SET preferred = 0, document = json_set(document, '$.preferred', json('false'))
WHERE sku = ?2 AND supplier_id <> ?1 AND preferred = 1 AND ?3 = 1
  AND EXISTS (SELECT 1 FROM suppliers WHERE id = ?1 AND currency = ?4)";
const UPSERT_ITEM: &str = "
INSERT INTO supplier_items (supplier_id, sku, preferred, currency, document, updated_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM suppliers WHERE id = ?1 AND currency = ?4)
ON CONFLICT (supplier_id, sku) DO UPDATE SET
  preferred = excluded.preferred, currency = excluded.currency, document = excluded.document,
  updated_at = excluded.updated_at";
const DELETE_ITEM: &str = "DELETE FROM supplier_items WHERE supplier_id = ?1 AND sku = ?2";

#[derive(Deserialize)]
struct DocumentRow {
    document: String,
}

#[derive(Deserialize)]
struct ItemRow {
    sku: String,
    document: String,
}

/// The supplier of this name.
///
/// # Errors
/// When D1 does not answer.
pub async fn find(database: &Database, id: &SupplierId) -> Result<Option<Supplier>, Unavailable> {
    let found: Option<DocumentRow> = row(database, BY_ID, &[Parameter::Text(id.as_str())]).await?;
    found.map(|row| parse(&row.document)).transpose()
}

/// Suppliers by id, those after `after` first, at most `limit`.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    status: Option<SupplierStatus>,
    after: &str,
    limit: u32,
) -> Result<Vec<Supplier>, Unavailable> {
    let parameters = [
        Parameter::Text(after),
        Parameter::optional_text(status.map(SupplierStatus::name)),
        Parameter::Integer(i64::from(limit)),
    ];
    let found: Vec<DocumentRow> = rows(database, LIST, &parameters).await?;
    found.iter().map(|row| parse(&row.document)).collect()
}

/// Stores a supplier in place of what was there. False, and nothing is stored, if it has items that are
/// paid in another currency.
///
/// # Errors
/// When D1 does not take it; storing it again is safe.
pub async fn put(
    database: &Database,
    supplier: &Supplier,
    now: Timestamp,
) -> Result<bool, Unavailable> {
    let stored = document(supplier)?;
    let currency = supplier.currency.to_string();
    let parameters = [
        Parameter::Text(supplier.id.as_str()),
        Parameter::Text(supplier.status.name()),
        Parameter::Text(&currency),
        Parameter::Text(&stored),
        Parameter::moment(now),
    ];
    run(database, UPSERT, &parameters).await.map(|changed| changed > 0)
}

/// What a supplier offers of a SKU.
///
/// # Errors
/// When D1 does not answer.
pub async fn item(
    database: &Database,
    id: &SupplierId,
    sku: &Sku,
) -> Result<Option<SupplierItem>, Unavailable> {
    let parameters = [Parameter::Text(id.as_str()), Parameter::Text(sku.as_str())];
    let found: Option<DocumentRow> = row(database, ITEM, &parameters).await?;
    found.map(|row| parse(&row.document)).transpose()
}

/// What a supplier offers, by SKU, those after `after` first, at most `limit`.
///
/// # Errors
/// When D1 does not answer.
pub async fn items(
    database: &Database,
    id: &SupplierId,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, SupplierItem)>, Unavailable> {
    let limit = Parameter::Integer(i64::from(limit));
    let parameters = [Parameter::Text(id.as_str()), Parameter::Text(after), limit];
    let found: Vec<ItemRow> = rows(database, ITEMS, &parameters).await?;
    found.into_iter().map(|row| Ok((row.sku, parse(&row.document)?))).collect()
}

/// What active suppliers offer of these SKUs, by SKU.
///
/// # Errors
/// When D1 does not answer.
pub async fn offers(
    database: &Database,
    skus: &[&str],
) -> Result<BTreeMap<String, Vec<Offer>>, Unavailable> {
    #[derive(Deserialize)]
    struct OfferRow {
        sku: String,
        document: String,
        supplier: String,
    }
    let list = json_list(skus)?;
    let found: Vec<OfferRow> = rows(database, OFFERS_OF_SKUS, &[Parameter::Text(&list)]).await?;
    let mut offers: BTreeMap<String, Vec<Offer>> = BTreeMap::new();
    for row in found {
        let offer = Offer { supplier: parse(&row.supplier)?, item: parse(&row.document)? };
        offers.entry(row.sku).or_default().push(offer);
    }
    Ok(offers)
}

/// Stores what a supplier offers of a SKU, in place of what was there; if it is preferred, no other is any
/// more. False, and nothing is stored, if there is no such supplier that is paid in this currency.
///
/// # Errors
/// When D1 does not take it; storing it again is safe.
pub async fn put_item(
    database: &Database,
    id: &SupplierId,
    sku: &Sku,
    offered: &SupplierItem,
    now: Timestamp,
) -> Result<bool, Unavailable> {
    let stored = document(offered)?;
    let currency = offered.unit_cost.currency.to_string();
    let preferred = i64::from(offered.preferred);
    let others = [
        Parameter::Text(id.as_str()),
        Parameter::Text(sku.as_str()),
        Parameter::Integer(preferred),
        Parameter::Text(&currency),
    ];
    let own = [
        Parameter::Text(id.as_str()),
        Parameter::Text(sku.as_str()),
        Parameter::Integer(preferred),
        Parameter::Text(&currency),
        Parameter::Text(&stored),
        Parameter::moment(now),
    ];
    let statements =
        vec![prepare(database, PREFER_NO_OTHER, &others)?, prepare(database, UPSERT_ITEM, &own)?];
    run_together(database, statements).await?;
    Ok(item(database, id, sku).await?.is_some_and(|known| known == *offered))
}

/// Forgets what a supplier offers of a SKU, if it offers any.
///
/// # Errors
/// When D1 does not take it; forgetting it again is safe.
pub async fn delete_item(
    database: &Database,
    id: &SupplierId,
    sku: &Sku,
) -> Result<(), Unavailable> {
    let parameters = [Parameter::Text(id.as_str()), Parameter::Text(sku.as_str())];
    run(database, DELETE_ITEM, &parameters).await.map(|_| ())
}
