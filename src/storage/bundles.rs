//! What bundles are made of, and what they forbid. The rules that two writers at once could break stand in
//! the batch that writes a product: whoever comes second sees the first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::catalogue::{sellables, status_name};
use super::statement::{Parameter, json_arrays, json_list, parse, prepare, rows};
use crate::domain::catalogue::{MAX_BUNDLE_DEPTH, Product, Sellable, still_unknown};
use crate::domain::id::Sku;
use crate::runtime::database::{Database, Statement};
use crate::runtime::platform::Unavailable;

/// The bundles that are made of these SKUs, over all depths; what is beyond the limit is seen when it is
/// bought.
const ABOVE: &str = "
WITH RECURSIVE above (sku, depth) AS (
  SELECT bundle_sku, 1 FROM bundle_components
  WHERE component_sku IN (SELECT value FROM json_each(?1))
  UNION
  SELECT b.bundle_sku, a.depth + 1 FROM above a
  JOIN bundle_components b ON b.component_sku = a.sku WHERE a.depth < 5
)
SELECT document FROM variants WHERE sku IN (SELECT sku FROM above) LIMIT 500";

/// SKUs of a product that other products' bundles need and would lose: those that are left out, and all
/// of them when it is no longer for sale. `?2` are the SKUs that it will have, `?3` its status.
const NEEDED: &str = "
SELECT b.component_sku AS sku, b.bundle_sku AS bundle
FROM bundle_components b JOIN products p ON p.id = b.product_id
WHERE b.component_sku IN (SELECT sku FROM variants WHERE product_id = ?1) AND b.product_id <> ?1
  AND ((p.status <> 'archived' AND b.component_sku NOT IN (SELECT value FROM json_each(?2)))
    OR (p.status = 'active' AND ?3 <> 'active'))
ORDER BY sku, bundle LIMIT 100";
const REFUSE_NEEDED: &str = "
INSERT INTO broken_bundles (sku)
SELECT b.component_sku
FROM bundle_components b JOIN products p ON p.id = b.product_id
WHERE b.component_sku IN (SELECT sku FROM variants WHERE product_id = ?1) AND b.product_id <> ?1
  AND ((p.status <> 'archived' AND b.component_sku NOT IN (SELECT value FROM json_each(?2)))
    OR (p.status = 'active' AND ?3 <> 'active'))
LIMIT 1";
const DELETE_COMPONENTS: &str = "DELETE FROM bundle_components WHERE product_id = ?1";
const INSERT_COMPONENTS: &str = "
INSERT INTO bundle_components (bundle_sku, component_sku, product_id)
SELECT v.value ->> 'sku', c.value ->> 'sku', v.value ->> 'product_id'
FROM json_each(?1) v, json_each(v.value, '$.components') c";
/// A product's bundles need components that exist and, if they are for sale, are for sale.
const REFUSE_INCOMPLETE: &str = "
INSERT INTO broken_bundles (sku)
SELECT b.component_sku FROM bundle_components b
WHERE b.product_id = ?1 AND ?2 <> 'archived' AND NOT EXISTS (
  SELECT 1 FROM variants v JOIN products p ON p.id = v.product_id
  WHERE v.sku = b.component_sku AND (?2 <> 'active' OR p.status = 'active'))
LIMIT 1";
/// No bundle of the product is inside itself.
const REFUSE_CYCLES: &str = "
INSERT INTO broken_bundles (sku)
WITH RECURSIVE inside (bundle, sku, depth) AS (
  SELECT bundle_sku, component_sku, 1 FROM bundle_components WHERE product_id = ?1
  UNION
  SELECT i.bundle, b.component_sku, i.depth + 1 FROM inside i
  JOIN bundle_components b ON b.bundle_sku = i.sku WHERE i.depth < 6
)
SELECT bundle FROM inside WHERE sku = bundle LIMIT 1";

/// What is known of a product's bundles, those above them, and everything inside any of them.
pub struct Surroundings {
    /// The SKUs, the product's own as they are to be.
    pub known: BTreeMap<Sku, Sellable>,
    /// SKUs that are not in the catalogue.
    pub missing: BTreeSet<Sku>,
    /// Bundles of other products that are made of the product's SKUs.
    pub above: Vec<Sku>,
}

/// Reads all that bundles of a product, and bundles made of its SKUs, are made of.
///
/// # Errors
/// When D1 does not answer.
pub async fn surroundings(
    database: &Database,
    product: &Product,
) -> Result<Surroundings, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        document: String,
    }
    let skus: Vec<&Sku> = product.variants.iter().map(|variant| &variant.sku).collect();
    let list = json_list(&skus)?;
    let found: Vec<Row> = rows(database, ABOVE, &[Parameter::Text(&list)]).await?;
    let found = found.iter().map(|row| parse::<Sellable>(&row.document));
    let mut known: BTreeMap<Sku, Sellable> = BTreeMap::new();
    for sellable in found {
        let sellable = sellable?;
        if sellable.product_id != product.id {
            known.insert(sellable.sku.clone(), sellable);
        }
    }
    let above = known.keys().cloned().collect();
    known.extend(product.sellables().map(|own| (own.sku.clone(), own)));
    let mut asked = BTreeSet::new();
    for _ in 0..MAX_BUNDLE_DEPTH {
        let unknown = still_unknown(&known, &asked);
        if unknown.is_empty() {
            break;
        }
        let list: Vec<&Sku> = unknown.iter().collect();
        let found = sellables(database, &list).await?;
        // A variant that is being left out is not there any more.
        let others = found.into_iter().filter(|found| found.product_id != product.id);
        known.extend(others.map(|found| (found.sku.clone(), found)));
        asked.extend(unknown);
    }
    let missing = asked.into_iter().filter(|sku| !known.contains_key(sku)).collect();
    Ok(Surroundings { known, missing, above })
}

/// The statement that comes before a product is written.
pub(super) fn before_product(
    database: &Database,
    product: &Product,
) -> Result<Statement, Unavailable> {
    let list = sku_list(product)?;
    prepare(database, REFUSE_NEEDED, &needed_by_others(product, &list))
}

/// The statements that come after a product and its variants are written.
pub(super) fn after_product(
    database: &Database,
    product: &Product,
) -> Result<Vec<Statement>, Unavailable> {
    let id = || Parameter::Text(product.id.as_str());
    let mut statements = vec![prepare(database, DELETE_COMPONENTS, &[id()])?];
    let bundles = product.sellables().filter(Sellable::is_bundle);
    let arrays = json_arrays(bundles)?;
    for array in &arrays {
        statements.push(prepare(database, INSERT_COMPONENTS, &[Parameter::Text(array)])?);
    }
    if !arrays.is_empty() {
        let status = Parameter::Text(status_name(product.status));
        statements.push(prepare(database, REFUSE_INCOMPLETE, &[id(), status])?);
        statements.push(prepare(database, REFUSE_CYCLES, &[id()])?);
    }
    Ok(statements)
}

/// SKUs of a product that bundles of other products need and would lose, each with such a bundle, at most
/// 100.
///
/// # Errors
/// When D1 does not answer.
pub(super) async fn needed(
    database: &Database,
    product: &Product,
) -> Result<Vec<(String, String)>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        sku: String,
        bundle: String,
    }
    let list = sku_list(product)?;
    let found: Vec<Row> = rows(database, NEEDED, &needed_by_others(product, &list)).await?;
    Ok(found.into_iter().map(|row| (row.sku, row.bundle)).collect())
}

fn sku_list(product: &Product) -> Result<String, Unavailable> {
    json_list(&product.variants.iter().map(|variant| &variant.sku).collect::<Vec<_>>())
}

fn needed_by_others<'a>(product: &'a Product, list: &'a str) -> [Parameter<'a>; 3] {
    [
        Parameter::Text(product.id.as_str()),
        Parameter::Text(list),
        Parameter::Text(status_name(product.status)),
    ]
}
