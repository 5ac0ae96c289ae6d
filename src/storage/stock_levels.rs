//! The copy of every SKU's counters, for product pages and lists. A checkout asks the SKU's object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::statement::{Parameter, json_arrays, json_list, parse, rows};
use crate::domain::id::Sku;
use crate::domain::inventory::StockLevel;
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const UPSERT: &str = "
INSERT INTO stock_levels
  (sku, version, received, adjusted, sold, reserved, back_order_limit, low_stock_threshold, as_of,
   document, scarce_from)
SELECT value ->> 'sku', value ->> 'version', value ->> 'received', value ->> 'adjusted',
  value ->> 'sold', value ->> 'reserved', value ->> 'back_order_limit',
  value ->> 'low_stock_threshold', value ->> 'as_of_milliseconds', value,
  value ->> 'scarce_from'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (sku) DO UPDATE SET
  version = excluded.version, received = excluded.received, adjusted = excluded.adjusted,
  sold = excluded.sold, reserved = excluded.reserved,
  back_order_limit = excluded.back_order_limit,
  low_stock_threshold = excluded.low_stock_threshold, as_of = excluded.as_of,
  document = excluded.document, scarce_from = excluded.scarce_from
WHERE excluded.version > stock_levels.version
RETURNING sku";

// A copy that comes twice, or after a newer one, was made earlier than the one that is here. An object that
// tells an older version at a later time was put back to an earlier state.
const PUT_BACK: &str = "
SELECT sku FROM (SELECT value FROM json_each(?1) LIMIT -1) AS told
CROSS JOIN stock_levels AS known ON known.sku = told.value ->> 'sku'
WHERE known.version > told.value ->> 'version' AND known.as_of < told.value ->> 'as_of_milliseconds'";

const OF_SKUS: &str = "
SELECT COALESCE(document, json_object('sku', sku, 'as_of_milliseconds', as_of, 'version', version,
  'received', received, 'adjusted', adjusted, 'sold', sold, 'reserved', reserved,
  'back_order_limit', back_order_limit, 'low_stock_threshold', low_stock_threshold)) AS document
FROM stock_levels WHERE sku IN (SELECT value FROM json_each(?1))";

// SKUs of the catalogue that never had stock are there as well, with nothing; bundles, which have none of
// their own, are not.
const PAGE: &str = "
SELECT found.sku AS sku, COALESCE(document, json_object('sku', found.sku,
  'as_of_milliseconds', COALESCE(as_of, 0), 'version', COALESCE(version, 0),
  'received', COALESCE(received, 0), 'adjusted', COALESCE(adjusted, 0), 'sold', COALESCE(sold, 0),
  'reserved', COALESCE(reserved, 0), 'back_order_limit', COALESCE(back_order_limit, 0),
  'low_stock_threshold', COALESCE(low_stock_threshold, 0))) AS document
FROM (
  SELECT sku FROM variants WHERE sku > ?1 AND sku >= ?2 AND sku < ?3
    AND NOT EXISTS (SELECT 1 FROM bundle_components WHERE bundle_sku = variants.sku)
  UNION SELECT sku FROM stock_levels WHERE sku > ?1 AND sku >= ?2 AND sku < ?3
  ORDER BY sku LIMIT ?4
) AS found LEFT JOIN stock_levels ON stock_levels.sku = found.sku ORDER BY found.sku";

// Those that may be low or empty are few, and put in order as they are found.
const SCARCE: &str = "
SELECT stock_levels.sku AS sku, COALESCE(document, json_object('sku', stock_levels.sku,
  'as_of_milliseconds', as_of, 'version', version, 'received', received, 'adjusted', adjusted,
  'sold', sold, 'reserved', reserved, 'back_order_limit', back_order_limit,
  'low_stock_threshold', low_stock_threshold)) AS document
FROM (
  SELECT sku FROM stock_levels INDEXED BY stock_levels_scarce
  WHERE scarce_from <= ?5 AND sku > ?1 AND sku >= ?2 AND sku < ?3
  ORDER BY sku LIMIT ?4
) AS found CROSS JOIN stock_levels ON stock_levels.sku = found.sku ORDER BY found.sku";

/// One SKU's counters and when they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedLevel {
    /// The SKU.
    pub sku: String,
    /// When its object had these counters.
    #[serde(rename = "as_of_milliseconds", with = "milliseconds")]
    pub as_of: Timestamp,
    /// The counters.
    #[serde(flatten)]
    pub level: StockLevel,
}

/// What is written of a SKU: the document, and what an index needs.
#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    copied: CopiedLevel,
    scarce_from: Option<u32>,
}

/// Writes the counters of many SKUs. An older version never replaces a newer one, so repeats and
/// disorder are harmless. Answers which objects seem to have been put back to an earlier state.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn upsert_batch(
    database: &Database,
    levels: &BTreeMap<String, (StockLevel, Timestamp)>,
) -> Result<Vec<Sku>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        sku: Sku,
    }
    let copies = levels.iter().map(|(sku, (level, as_of))| Written {
        copied: CopiedLevel { sku: sku.clone(), as_of: *as_of, level: level.clone() },
        scarce_from: level.scarce_from(),
    });
    let mut written = 0;
    let arrays = json_arrays(copies)?;
    for array in &arrays {
        let taken: Vec<Row> = rows(database, UPSERT, &[Parameter::Text(array)]).await?;
        written = taken.len().saturating_add(written);
    }
    let mut put_back = Vec::new();
    if written < levels.len() {
        for array in &arrays {
            let found: Vec<Row> = rows(database, PUT_BACK, &[Parameter::Text(array)]).await?;
            put_back.extend(found.into_iter().map(|row| row.sku));
        }
    }
    Ok(put_back)
}

/// The copied counters of these SKUs, in no order; a SKU that never had stock is missing.
///
/// # Errors
/// When D1 does not answer.
pub async fn of_skus(database: &Database, skus: &[&Sku]) -> Result<Vec<CopiedLevel>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        document: String,
    }
    let list = json_list(skus)?;
    let found: Vec<Row> = rows(database, OF_SKUS, &[Parameter::Text(&list)]).await?;
    found.iter().map(|row| parse(&row.document)).collect()
}

/// Which SKUs a page is of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Those that begin with this.
    pub prefix: &'a str,
    /// Those that may be low or empty at a threshold of this scarcity; none: all, those of the catalogue
    /// that never had stock as well.
    pub scarce: Option<u32>,
}

/// The copied counters of SKUs, by SKU, those after another one; at most so many.
///
/// # Errors
/// When D1 does not answer.
pub async fn page(
    database: &Database,
    wanted: Wanted<'_>,
    after: &str,
    limit: u32,
) -> Result<Vec<CopiedLevel>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        document: String,
    }
    // Every character of a SKU is below this one.
    let end = [wanted.prefix, "\u{7f}"].concat();
    let mut parameters = vec![
        Parameter::Text(after),
        Parameter::Text(wanted.prefix),
        Parameter::Text(&end),
        Parameter::Integer(i64::from(limit)),
    ];
    let sql = match wanted.scarce {
        Some(scarcity) => {
            parameters.push(Parameter::Integer(i64::from(scarcity)));
            SCARCE
        }
        None => PAGE,
    };
    let found: Vec<Row> = rows(database, sql, &parameters).await?;
    found.iter().map(|row| parse(&row.document)).collect()
}

mod milliseconds {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::time::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.milliseconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_level_round_trips_in_the_form_its_statements_read() {
        let level = StockLevel { received: 7, version: 3, ..StockLevel::default() };
        let scarce_from = level.scarce_from();
        let copied =
            CopiedLevel { sku: "A".to_owned(), as_of: Timestamp::from_milliseconds(1_000), level };
        let row = Written { copied: copied.clone(), scarce_from };
        let json = serde_json::to_value(row).unwrap();
        for column in [
            "sku",
            "as_of_milliseconds",
            "version",
            "received",
            "low_stock_threshold",
            "scarce_from",
        ] {
            assert!(json.get(column).is_some(), "{column}");
        }
        assert_eq!(serde_json::from_value::<CopiedLevel>(json).unwrap(), copied);
    }
}
