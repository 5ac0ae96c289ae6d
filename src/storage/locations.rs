//! The locations of a store: one document each.

use serde::Deserialize;

use super::statement::{Parameter, document, parse, row, rows, run};
use crate::domain::inventory::LocationId;
use crate::domain::location_registry::{LocationStatus, MAX_REGISTERED, StockLocation};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const ALL: &str = "SELECT document FROM locations ORDER BY id";

// One statement, so that nothing can come between the look and the write: an archived location has no
// stock by the copies in D1, one location at least serves orders, and there are not too many.
const WRITE: &str = "
INSERT INTO locations (id, status, fulfils_orders, document, updated_at)
SELECT ?1, ?2, ?3, ?4, ?5
WHERE (?2 = 'active' OR NOT EXISTS (
    SELECT 1 FROM stock_levels, json_each(stock_levels.document, '$.balances') AS place
    WHERE place.value ->> 'location' = ?1 AND (place.value ->> 'on_hand' <> 0
      OR place.value ->> 'reserved' <> 0 OR place.value ->> 'damaged' <> 0
      OR place.value ->> 'incoming' <> 0)))
  AND ((?2 = 'active' AND ?3 = 1) OR EXISTS (
    SELECT 1 FROM locations WHERE id <> ?1 AND status = 'active' AND fulfils_orders = 1))
  AND (SELECT COUNT(*) FROM locations WHERE id <> ?1) < ?6
ON CONFLICT (id) DO UPDATE SET status = excluded.status, fulfils_orders = excluded.fulfils_orders,
  document = excluded.document, updated_at = excluded.updated_at";

const SKUS_AT: &str = "
SELECT sku FROM stock_levels, json_each(stock_levels.document, '$.balances') AS place
WHERE place.value ->> 'location' = ?1 AND (place.value ->> 'on_hand' <> 0
  OR place.value ->> 'reserved' <> 0 OR place.value ->> 'damaged' <> 0
  OR place.value ->> 'incoming' <> 0)
ORDER BY sku LIMIT 20";

const OTHERS: &str = "
SELECT COUNT(*) AS count FROM locations WHERE id <> ?1";

#[derive(Deserialize)]
struct DocumentRow {
    document: String,
}

/// Every location, by id.
///
/// # Errors
/// When D1 does not answer.
pub async fn all(database: &Database) -> Result<Vec<StockLocation>, Unavailable> {
    let found: Vec<DocumentRow> = rows(database, ALL, &[]).await?;
    found.iter().map(|row| parse(&row.document)).collect()
}

/// What became of a location that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is written.
    Yes,
    /// It can't be archived: it has units of these SKUs, of which at most 20 are named.
    InUse(Vec<String>),
    /// No location would serve orders any more.
    NoneServes,
    /// There are as many as there can be.
    TooMany,
}

/// Writes a location in place of what was there, unless what is known forbids it.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn write(
    database: &Database,
    location: &StockLocation,
    now: Timestamp,
) -> Result<Written, Unavailable> {
    #[derive(Deserialize)]
    struct SkuRow {
        sku: String,
    }
    #[derive(Deserialize)]
    struct CountRow {
        count: usize,
    }
    let stored = document(location)?;
    let archived = location.status == LocationStatus::Archived;
    let parameters = [
        Parameter::Text(location.id.as_str()),
        Parameter::Text(if archived { "archived" } else { "active" }),
        Parameter::Integer(i64::from(location.fulfils_orders)),
        Parameter::Text(&stored),
        Parameter::moment(now),
        Parameter::Integer(i64::try_from(MAX_REGISTERED).unwrap_or(i64::MAX)),
    ];
    if run(database, WRITE, &parameters).await? > 0 {
        return Ok(Written::Yes);
    }
    let id = [Parameter::Text(location.id.as_str())];
    if archived {
        let found: Vec<SkuRow> = rows(database, SKUS_AT, &id).await?;
        if !found.is_empty() {
            return Ok(Written::InUse(found.into_iter().map(|row| row.sku).collect()));
        }
    }
    let others: Option<CountRow> = row(database, OTHERS, &id).await?;
    let full = others.is_some_and(|others| others.count >= MAX_REGISTERED);
    Ok(if full { Written::TooMany } else { Written::NoneServes })
}

/// One location as it is in D1 now.
///
/// # Errors
/// When D1 does not answer.
pub async fn one(
    database: &Database,
    id: &LocationId,
) -> Result<Option<StockLocation>, Unavailable> {
    const ONE: &str = "SELECT document FROM locations WHERE id = ?1";
    let found: Option<DocumentRow> = row(database, ONE, &[Parameter::Text(id.as_str())]).await?;
    found.map(|row| parse(&row.document)).transpose()
}
