//! Bulk imports: a file of rows in parts, read a bounded piece at a time, each good row applied once and each
//! bad one reported by its line.
//!
//! Nothing here stores or asks: the object that owns an import hands over bytes and a [`Cursor`] and gets
//! [`Item`]s back, so reading can end after any item and go on there.

mod batch;
mod cells;
mod csv;
mod job;
mod products;
mod records;
mod rows;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use batch::{Batch, Item, Window, count, first_row, read};
pub use csv::{push_cell, push_number};
pub use job::{Import, ImportState, Part, Refused, Tally};
pub use products::{product_cells, product_header};
pub use records::Cursor;
pub use rows::{Columns, Row, header};

use super::inventory::LocationId;

/// The most rows of a file, without its header.
pub const MAX_ROWS: u64 = 100_000;
/// The largest file.
pub const MAX_FILE_BYTES: u64 = 50 * 1024 * 1024;
/// The largest part of a file.
pub const MAX_PART_BYTES: usize = 1024 * 1024;
/// The most parts of a file.
pub const MAX_PARTS: u32 = 1_000;
/// The longest row.
pub const MAX_ROW_BYTES: usize = 64 * 1024;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// Units of SKUs at locations.
    Levels,
    /// Limits and thresholds of SKUs.
    Thresholds,
    /// Products with their variants.
    Products,
}

impl ImportKind {
    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "levels" => Some(Self::Levels),
            "thresholds" => Some(Self::Thresholds),
            "products" => Some(Self::Products),
            _ => None,
        }
    }

    /// The name in requests and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Levels => "levels",
            Self::Thresholds => "thresholds",
            Self::Products => "products",
        }
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// RFC 4180, with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// What the quantity of a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelMode {
    /// The units that are there.
    #[default]
    Set,
    /// Units to add, or to take away if negative.
    Add,
}

/// What is imported, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSpec {
    /// What the rows are.
    pub kind: ImportKind,
    /// How they are written.
    pub format: FileFormat,
    /// For levels: what a quantity is.
    pub mode: LevelMode,
    /// For levels: where a row is that names no location.
    pub location: LocationId,
    /// Why, in a person's words; it stays in the SKUs' ledgers.
    pub reason: String,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowCode {
    /// Its bytes are not UTF-8.
    InvalidUtf8,
    /// It is longer than a row may be.
    RowTooLong,
    /// A quote in it is never closed.
    UnclosedQuote,
    /// It is not CSV or not JSON.
    MalformedRow,
    /// It has more or fewer cells than the header.
    WrongCellCount,
    /// A value that is needed is not there.
    MissingValue,
    /// A value is not what it must be.
    InvalidValue,
    /// A member is not one of this kind of row.
    UnknownColumn,
    /// The SKU is not in the catalogue.
    UnknownSku,
    /// The SKU is a bundle, which has no stock of its own.
    SkuIsBundle,
    /// The location is not registered, or is archived.
    UnknownLocation,
    /// A row above it says something of the same thing; that one counts.
    DuplicateRow,
    /// It would take units that orders hold or have paid for.
    UnitsClaimed,
    /// A count would leave its bounds.
    OutOfRange,
    /// A SKU of it belongs to another product.
    SkuTaken,
    /// Another row of the same product is bad, so the product is not written.
    ProductIncomplete,
}

/// A row that was not applied. No message repeats a value of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowError {
    /// The line of the file on which the row begins; the first is 1.
    pub line: u64,
    /// The column, or the JSON pointer, if it is one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong, for programs.
    pub code: RowCode,
    /// What is wrong, for people.
    pub message: String,
}

/// What is wrong with a row, before it is known which row it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// As in [`RowError`].
    pub column: Option<String>,
    /// As in [`RowError`].
    pub code: RowCode,
    /// As in [`RowError`].
    pub message: String,
}

impl Fault {
    /// A fault of the whole row.
    #[must_use]
    pub fn row(code: RowCode, message: impl Into<String>) -> Self {
        Self { column: None, code, message: message.into() }
    }

    /// A fault of one value.
    #[must_use]
    pub fn value(column: &str, code: RowCode, message: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), code, message: message.into() }
    }

    /// The fault of the row on this line.
    #[must_use]
    pub fn at(self, line: u64) -> RowError {
        RowError { line, column: self.column, code: self.code, message: self.message }
    }
}
