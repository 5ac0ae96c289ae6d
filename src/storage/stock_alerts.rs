//! The copy of every SKU's alerts, for lists. A row for every crossing, written by whoever consumes the queue.

use serde::{Deserialize, Serialize};

use super::statement::{
    Parameter, failed_to_read, json_arrays, json_list, prepare, rows, run_together,
};
use crate::domain::id::Sku;
use crate::domain::inventory::{Alert, AlertEnd, AlertKind};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const UPSERT: &str = "
INSERT INTO stock_alerts
  (sku, sequence, last_sequence, kind, location, quantity, threshold, opened_at, closed_at,
   closed_quantity)
SELECT value ->> 'sku', value ->> 'sequence', value ->> 'last_sequence', value ->> 'kind',
  value ->> 'location', value ->> 'quantity', value ->> 'threshold', value ->> 'opened_at',
  value ->> 'closed_at', value ->> 'closed_quantity'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (sku, sequence) DO UPDATE SET
  last_sequence = excluded.last_sequence, closed_at = excluded.closed_at,
  closed_quantity = excluded.closed_quantity
WHERE excluded.last_sequence > stock_alerts.last_sequence";

const COPIED: &str = "
SELECT sequence, last_sequence FROM stock_alerts
WHERE sku = ?1 AND sequence IN (SELECT value FROM json_each(?2))";

macro_rules! alerts_where {
    ($condition:literal) => {
        concat!(
            "SELECT sku, sequence, last_sequence, kind, location, quantity, threshold, opened_at,",
            " closed_at, closed_quantity FROM stock_alerts WHERE ",
            $condition,
            " AND (opened_at, sku, sequence) < (?1, ?2, ?3) AND opened_at >= ?4",
            " AND (?5 IS NULL OR kind = ?5) AND (?6 IS NULL OR sku = ?6)",
            " AND (?7 IS NULL OR location = ?7) AND (?8 IS NULL OR (closed_at IS NULL) = ?8)",
            " ORDER BY opened_at DESC, sku DESC, sequence DESC LIMIT ?9"
        )
    };
}

// One statement per index that a filter can use.
const LIST: &str = alerts_where!("true");
const LIST_OF_SKU: &str = alerts_where!("sku = ?6");
const LIST_OF_KIND: &str = alerts_where!("kind = ?5");
const LIST_OPEN: &str = alerts_where!("closed_at IS NULL");

/// An alert and its SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuAlert {
    /// The SKU.
    pub sku: String,
    /// The alert.
    pub alert: Alert,
}

#[derive(Serialize, Deserialize)]
struct Row {
    sku: String,
    sequence: i64,
    last_sequence: i64,
    kind: AlertKind,
    location: Option<String>,
    quantity: i64,
    threshold: i64,
    opened_at: i64,
    closed_at: Option<i64>,
    closed_quantity: Option<i64>,
}

impl Row {
    fn of(sku: &str, alert: &Alert) -> Self {
        Self {
            sku: sku.to_owned(),
            sequence: alert.sequence,
            last_sequence: alert.last_sequence,
            kind: alert.kind,
            location: alert.location.as_ref().map(ToString::to_string),
            quantity: alert.quantity,
            threshold: alert.threshold,
            opened_at: alert.opened_at.milliseconds(),
            closed_at: alert.end.map(|end| end.at.milliseconds()),
            closed_quantity: alert.end.map(|end| end.quantity),
        }
    }

    fn read(self) -> Result<SkuAlert, Unavailable> {
        let location = self.location.map(|location| location.parse()).transpose();
        let end = self.closed_at.map(|at| AlertEnd {
            at: Timestamp::from_milliseconds(at),
            quantity: self.closed_quantity.unwrap_or_default(),
        });
        let alert = Alert {
            sequence: self.sequence,
            last_sequence: self.last_sequence,
            kind: self.kind,
            location: location.map_err(|_| failed_to_read("stock_alerts"))?,
            quantity: self.quantity,
            threshold: self.threshold,
            opened_at: Timestamp::from_milliseconds(self.opened_at),
            end,
        };
        Ok(SkuAlert { sku: self.sku, alert })
    }
}

/// Writes alerts of many SKUs. What was told before changes nothing, and neither does what is told late.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn upsert_batch(
    database: &Database,
    alerts: &[(String, Alert)],
) -> Result<(), Unavailable> {
    let statements = json_arrays(alerts.iter().map(|(sku, alert)| Row::of(sku, alert)))?
        .iter()
        .map(|array| prepare(database, UPSERT, &[Parameter::Text(array)]))
        .collect::<Result<_, _>>()?;
    run_together(database, statements).await
}

/// Which of a SKU's alerts are here, each with the last crossing that it knows of.
///
/// # Errors
/// When D1 does not answer.
pub async fn copied(
    database: &Database,
    sku: &Sku,
    sequences: &[i64],
) -> Result<Vec<(i64, i64)>, Unavailable> {
    #[derive(Deserialize)]
    struct Copied {
        sequence: i64,
        last_sequence: i64,
    }
    let list = json_list(sequences)?;
    let parameters = [Parameter::Text(sku.as_str()), Parameter::Text(&list)];
    let found: Vec<Copied> = rows(database, COPIED, &parameters).await?;
    Ok(found.into_iter().map(|row| (row.sequence, row.last_sequence)).collect())
}

/// What a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only this kind.
    pub kind: Option<AlertKind>,
    /// Only this SKU.
    pub sku: Option<Sku>,
    /// Only this location.
    pub location: Option<String>,
    /// Only those that are still so, or only those that are over.
    pub open: Option<bool>,
    /// Only those that began at this moment or later.
    pub since: Timestamp,
    /// Only those after this one in the list.
    pub after: Option<(Timestamp, String, i64)>,
    /// At most so many.
    pub limit: u32,
}

/// Alerts, the newest first.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(database: &Database, filter: &AlertFilter) -> Result<Vec<SkuAlert>, Unavailable> {
    let (time, sku, sequence) = match &filter.after {
        Some((time, sku, sequence)) => (*time, sku.as_str(), *sequence),
        None => (Timestamp::MAX, "", 0),
    };
    let parameters = [
        Parameter::moment(time),
        Parameter::Text(sku),
        Parameter::Integer(sequence),
        Parameter::moment(filter.since),
        Parameter::optional_text(filter.kind.map(AlertKind::name)),
        Parameter::optional_text(filter.sku.as_ref().map(Sku::as_str)),
        Parameter::optional_text(filter.location.as_deref()),
        filter.open.map_or(Parameter::Null, |open| Parameter::Integer(i64::from(open))),
        Parameter::Integer(i64::from(filter.limit)),
    ];
    let sql = match filter {
        AlertFilter { sku: Some(_), .. } => LIST_OF_SKU,
        AlertFilter { open: Some(true), .. } => LIST_OPEN,
        AlertFilter { kind: Some(_), .. } => LIST_OF_KIND,
        _ => LIST,
    };
    let found: Vec<Row> = rows(database, sql, &parameters).await?;
    found.into_iter().map(Row::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_alert_round_trips() {
        let at = Timestamp::from_milliseconds;
        let open = Alert {
            sequence: 3,
            last_sequence: 3,
            kind: AlertKind::LowStock,
            location: Some("north".parse().unwrap()),
            quantity: -2,
            threshold: 5,
            opened_at: at(1_000),
            end: None,
        };
        let end = Some(AlertEnd { at: at(2_000), quantity: 9 });
        let over = Alert { last_sequence: 4, location: None, end, ..open.clone() };
        for alert in [open, over] {
            let json = serde_json::to_string(&Row::of("A", &alert)).unwrap();
            let row: Row = serde_json::from_str(&json).unwrap();
            assert_eq!(row.read().unwrap(), SkuAlert { sku: "A".to_owned(), alert });
        }
    }
}
