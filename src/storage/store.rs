//! The store's terms: one document.

use serde::Deserialize;

use super::statement::{Parameter, document, parse, row, run};
use crate::domain::catalogue::StoreSettings;
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const READ: &str = "SELECT document FROM store_settings WHERE id = 1";
const LOW_STOCK_THRESHOLD: &str =
    "SELECT document ->> '$.low_stock_threshold' AS threshold FROM store_settings WHERE id = 1";
const PROPOSES: &str = "
SELECT COALESCE(document ->> '$.propose_purchase_orders', 0) AS proposes
FROM store_settings WHERE id = 1";
const WRITE: &str = "
INSERT INTO store_settings (id, document, updated_at) VALUES (1, ?1, ?2)
ON CONFLICT (id) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at";

/// The store's terms, if they were ever set.
///
/// # Errors
/// When D1 does not answer.
pub async fn read(database: &Database) -> Result<Option<StoreSettings>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        document: String,
    }
    let found: Option<Row> = row(database, READ, &[]).await?;
    found.map(|row| parse(&row.document)).transpose()
}

/// The store's default for `low_stock`: 0, no default, if its terms were never set. By itself, because the
/// terms may be large and every SKU's object asks.
///
/// # Errors
/// When D1 does not answer.
pub async fn low_stock_threshold(database: &Database) -> Result<i64, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        threshold: i64,
    }
    let found: Option<Row> = row(database, LOW_STOCK_THRESHOLD, &[]).await?;
    Ok(found.map_or(0, |row| row.threshold))
}

/// Whether the store lets a daily job make draft purchase orders.
///
/// # Errors
/// When D1 does not answer.
pub async fn proposes_purchase_orders(database: &Database) -> Result<bool, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        proposes: i64,
    }
    let found: Option<Row> = row(database, PROPOSES, &[]).await?;
    Ok(found.is_some_and(|row| row.proposes != 0))
}

/// Sets the store's terms.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn write(
    database: &Database,
    settings: &StoreSettings,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let stored = document(settings)?;
    run(database, WRITE, &[Parameter::Text(&stored), Parameter::moment(now)]).await.map(|_| ())
}
