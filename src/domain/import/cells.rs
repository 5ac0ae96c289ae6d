//! One row as values by name, whether it was CSV or JSON, and what each value must be.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use super::{Fault, RowCode};

/// The values of a row by the names of their columns. What is empty is not there.
#[derive(Debug, Default)]
pub(super) struct Cells(BTreeMap<String, String>);

impl Cells {
    pub(super) fn of(names: &[String], cells: Vec<String>) -> Result<Self, Fault> {
        if cells.len() != names.len() {
            let message = format!("has {} cells, the header has {}", cells.len(), names.len());
            return Err(Fault::row(RowCode::WrongCellCount, message));
        }
        let named = names.iter().cloned().zip(cells);
        Ok(Self(named.filter(|(_, cell)| !cell.trim().is_empty()).collect()))
    }

    /// The members of a JSON object: texts and whole numbers, by known names.
    pub(super) fn of_object(text: &[u8], known: &[&str]) -> Result<Self, Fault> {
        if std::str::from_utf8(text).is_err() {
            return Err(Fault::row(RowCode::InvalidUtf8, "is not encoded in UTF-8"));
        }
        let value: Value = serde_json::from_slice(text)
            .map_err(|_| Fault::row(RowCode::MalformedRow, "is not JSON"))?;
        let Value::Object(members) = value else {
            return Err(Fault::row(RowCode::MalformedRow, "is not a JSON object"));
        };
        let mut cells = BTreeMap::new();
        for (name, value) in members {
            let Some(known) = known.iter().find(|known| **known == name) else {
                let message = format!("has a member that is none of {}", known.join(", "));
                return Err(Fault::row(RowCode::UnknownColumn, message));
            };
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => {
                    let message = "must be a text or a whole number";
                    return Err(Fault::value(known, RowCode::InvalidValue, message));
                }
            };
            cells.insert(name, text);
        }
        Ok(Self(cells))
    }

    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }

    pub(super) fn required(&self, column: &str) -> Result<&str, Fault> {
        let missing = || Fault::value(column, RowCode::MissingValue, "is required");
        self.text(column).ok_or_else(missing)
    }

    /// A value that must be there, read as what it is.
    pub(super) fn read<T: FromStr>(&self, column: &str, expected: &str) -> Result<T, Fault> {
        read(column, self.required(column)?, expected)
    }

    /// A value that may be there.
    pub(super) fn optional<T: FromStr>(
        &self,
        column: &str,
        expected: &str,
    ) -> Result<Option<T>, Fault> {
        self.text(column).map(|text| read(column, text, expected)).transpose()
    }

    /// A whole number within bounds that may be there.
    pub(super) fn units(&self, column: &str, least: i64, most: i64) -> Result<Option<i64>, Fault> {
        let expected = format!("must be a whole number from {least} to {most}");
        let number: Option<i64> = self.optional(column, &expected)?;
        match number {
            Some(number) if !(least..=most).contains(&number) => {
                Err(Fault::value(column, RowCode::InvalidValue, expected))
            }
            number => Ok(number),
        }
    }
}

fn read<T: FromStr>(column: &str, text: &str, expected: &str) -> Result<T, Fault> {
    let invalid = |_| Fault::value(column, RowCode::InvalidValue, expected);
    text.trim().parse().map_err(invalid)
}
