//! Prepared statements: parameters in, rows out, one kind of failure.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::time::Timestamp;
pub(super) use crate::runtime::database::{Database, Parameter, Statement};
use crate::runtime::platform::Unavailable;

impl<'a> Parameter<'a> {
    /// Text, or NULL.
    pub(super) fn optional_text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// A moment, in milliseconds.
    pub(super) const fn moment(at: Timestamp) -> Self {
        Self::Integer(at.milliseconds())
    }
}

/// A statement with its parameters, ready to run or to be put in a batch.
pub(super) fn prepare(
    database: &Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<Statement, Unavailable> {
    database.statement(sql, parameters).map_err(failed)
}

/// Every row of a query.
pub(super) async fn rows<T: DeserializeOwned>(
    database: &Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<T>, Unavailable> {
    database.rows(prepare(database, sql, parameters)?).await.map_err(failed)
}

/// The first row of a query, if it has one.
pub(super) async fn row<T: DeserializeOwned>(
    database: &Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<Option<T>, Unavailable> {
    Ok(rows(database, sql, parameters).await?.into_iter().next())
}

/// Runs a statement; the answer is how many rows it changed.
pub(super) async fn run(
    database: &Database,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<usize, Unavailable> {
    database.run(prepare(database, sql, parameters)?).await.map_err(failed)
}

/// Runs all of the statements or none.
pub(super) async fn run_together(
    database: &Database,
    statements: Vec<Statement>,
) -> Result<(), Unavailable> {
    if statements.is_empty() {
        return Ok(());
    }
    database.run_together(statements).await.map_err(failed)
}

/// The most bytes of JSON in one parameter: D1 takes 2 MB, and this leaves room.
const MAX_PARAMETER_BYTES: usize = 1_000_000;

/// Rows as JSON arrays, for statements that read them with `json_each`: one parameter carries many
/// rows. There is more than one array only when the rows are large.
///
/// A statement that names `value` more than once reads it from
/// `(SELECT value FROM json_each(?1) LIMIT -1)`: SQLite does not merge a query with a limit into the one
/// around it, so the text of a row is made once. From `json_each` itself it is made anew for every mention,
/// which took two thirds of the time of writing a hundred orders.
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
}
