//! Prepared statements: parameters in, rows out, one kind of failure.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement};

use crate::domain::time::Timestamp;
use crate::runtime::platform::Unavailable;

/// A value that a statement is given.
pub(super) enum Parameter<'a> {
    /// NULL.
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number, exact to 2^53.
    Integer(i64),
}

impl<'a> Parameter<'a> {
    /// Text, or NULL.
    pub(super) fn optional_text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// A moment, in milliseconds.
    pub(super) const fn moment(at: Timestamp) -> Self {
        Self::Integer(at.milliseconds())
    }

    fn to_js(&self) -> JsValue {
        match *self {
            Self::Null => JsValue::NULL,
            Self::Text(text) => JsValue::from_str(text),
            Self::Integer(integer) => JsValue::from_f64(as_number(integer)),
        }
    }
}

#[expect(
    clippy::as_conversions,
    reason = "integers cross to JavaScript as f64; the value is held where that is exact"
)]
fn as_number(integer: i64) -> f64 {
    const LIMIT: i64 = 9_007_199_254_740_991;
    integer.clamp(-LIMIT, LIMIT) as f64
}

/// A statement with its parameters, ready to run or to be put in a batch.
pub(super) fn prepare(
    database: &D1Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<D1PreparedStatement, Unavailable> {
    let values: Vec<JsValue> = parameters.iter().map(Parameter::to_js).collect();
    database.prepare(sql).bind(&values).map_err(failed)
}

/// Every row of a query.
pub(super) async fn rows<T: DeserializeOwned>(
    database: &D1Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<T>, Unavailable> {
    prepare(database, sql, parameters)?.all().await.map_err(failed)?.results().map_err(failed)
}

/// The first row of a query, if it has one.
pub(super) async fn row<T: DeserializeOwned>(
    database: &D1Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<Option<T>, Unavailable> {
    Ok(rows(database, sql, parameters).await?.into_iter().next())
}

/// Runs a statement; the answer is how many rows it changed.
pub(super) async fn run(
    database: &D1Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<usize, Unavailable> {
    let result = prepare(database, sql, parameters)?.run().await.map_err(failed)?;
    let meta = result.meta().map_err(failed)?;
    Ok(meta.and_then(|meta| meta.changes).unwrap_or(0))
}

/// Runs all of the statements or none.
pub(super) async fn run_together(
    database: &D1Database,
    statements: Vec<D1PreparedStatement>,
) -> Result<(), Unavailable> {
    if statements.is_empty() {
        return Ok(());
    }
    database.batch(statements).await.map_err(failed).map(|_| ())
}

/// The most bytes of JSON in one parameter: D1 takes 2 MB, and this leaves room.
const MAX_PARAMETER_BYTES: usize = 1_000_000;

/// Rows as JSON arrays, for statements that read them with `json_each`: one parameter carries many
/// rows. There is more than one array only when the rows are large.
pub(super) fn json_arrays<T: Serialize>(
    rows: impl IntoIterator<Item = T>,
) -> Result<Vec<String>, Unavailable> {
    let mut arrays: Vec<String> = Vec::new();
    let mut current = String::new();
    for row in rows {
        let row = serde_json::to_string(&row).map_err(|cause| malformed(&cause))?;
        if !current.is_empty() && current.len().saturating_add(row.len()) > MAX_PARAMETER_BYTES {
            current.push(']');
            arrays.push(std::mem::take(&mut current));
        }
        current.push(if current.is_empty() { '[' } else { ',' });
        current.push_str(&row);
    }
    if !current.is_empty() {
        current.push(']');
        arrays.push(current);
    }
    Ok(arrays)
}

/// A list of texts as one parameter for `IN (SELECT value FROM json_each(?))`.
pub(super) fn json_list<T: Serialize>(items: &[T]) -> Result<String, Unavailable> {
    serde_json::to_string(items).map_err(|cause| malformed(&cause))
}

/// A document as it is stored.
pub(super) fn document<T: Serialize>(value: &T) -> Result<String, Unavailable> {
    serde_json::to_string(value).map_err(|cause| malformed(&cause))
}

/// Reads a stored document.
pub(super) fn parse<T: DeserializeOwned>(document: &str) -> Result<T, Unavailable> {
    serde_json::from_str(document).map_err(|cause| malformed(&cause))
}

fn malformed(cause: &serde_json::Error) -> Unavailable {
    Unavailable { part: "database", cause: format!("document: {cause}"), overloaded: false }
}

/// A row that holds what no row of ours can.
pub(super) fn failed_to_read(table: &'static str) -> Unavailable {
    let cause = ["a row of ", table, " can't be read"].concat();
    Unavailable { part: "database", cause, overloaded: false }
}

pub(super) fn failed(cause: worker::Error) -> Unavailable {
    let cause = cause.to_string();
    let overloaded = cause.contains("overloaded");
    Unavailable { part: "database", cause, overloaded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_travel_in_one_array_until_they_are_too_large_for_one() {
        assert_eq!(json_arrays(Vec::<u8>::new()).unwrap(), Vec::<String>::new());
        assert_eq!(json_arrays([1, 2, 3]).unwrap(), ["[1,2,3]"]);
        let large = "x".repeat(MAX_PARAMETER_BYTES / 2);
        let arrays = json_arrays([&large, &large, &large]).unwrap();
        assert_eq!(arrays.len(), 3);
        assert!(arrays.iter().all(|array| serde_json::from_str::<Vec<String>>(array).is_ok()));
    }

    #[test]
    fn the_largest_amount_survives_as_a_number() {
        use crate::domain::money::MAX_AMOUNT_MINOR;
        for integer in [MAX_AMOUNT_MINOR, MAX_AMOUNT_MINOR + 1, -MAX_AMOUNT_MINOR, 0] {
            let number = as_number(integer);
            assert_eq!(format!("{number:.0}"), integer.to_string().replace("-0", "0"));
        }
    }
}
