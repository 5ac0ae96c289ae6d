//! What the rows of each kind of file say.

use super::cells::Cells;
use super::products::PRODUCT_COLUMNS;
use super::{Fault, FileFormat, ImportKind, ImportSpec, LevelMode, RowCode, csv};
use crate::domain::catalogue::Product;
use crate::domain::id::Sku;
use crate::domain::inventory::{LocationId, MAX_UNITS, StockChange, TermsChange};

/// Columns of levels. All but the first three are told and not asked: an exported file may be changed
/// and sent back as it is.
const LEVEL_COLUMNS: &[&str] =
    &["sku", "location", "quantity", "reserved", "damaged", "incoming", "free"];
const THRESHOLD_COLUMNS: &[&str] = &[
    "sku",
    "low_stock_threshold",
    "back_order_limit",
    "safety_stock",
    "reorder_point",
    "reorder_quantity",
];

/// The names of a file's columns, in their order.
pub type Columns = Vec<String>;

/// What one row, or the rows of one product, say.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Units of a SKU at a location.
    Level {
        /// Which SKU.
        sku: Sku,
        /// Where.
        location: LocationId,
        /// What is done there.
        change: StockChange,
    },
    /// Limits and thresholds of a SKU: those that are given.
    Thresholds {
        /// Which SKU.
        sku: Sku,
        /// The change.
        change: TermsChange,
    },
    /// A product.
    Product(Box<Product>),
}

impl Row {
    /// What no two rows of a file may both be about.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Level { sku, location, .. } => [sku.as_str(), "/", location.as_str()].concat(),
            Self::Thresholds { sku, .. } => sku.to_string(),
            Self::Product(product) => product.id.to_string(),
        }
    }

    /// The SKU whose stock it is about.
    #[must_use]
    pub const fn sku(&self) -> Option<&Sku> {
        match self {
            Self::Level { sku, .. } | Self::Thresholds { sku, .. } => Some(sku),
            Self::Product(_) => None,
        }
    }
}

const fn known(kind: ImportKind) -> &'static [&'static str] {
    match kind {
        ImportKind::Levels => LEVEL_COLUMNS,
        ImportKind::Thresholds => THRESHOLD_COLUMNS,
        ImportKind::Products => PRODUCT_COLUMNS,
    }
}

const fn required(kind: ImportKind) -> &'static [&'static str] {
    match kind {
        ImportKind::Levels => &["sku", "quantity"],
        ImportKind::Thresholds => &["sku"],
        ImportKind::Products => &["id", "title", "status", "tax_category", "sku", "prices"],
    }
}

/// Reads the header of a CSV file: known columns, each once, in any order.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn header(kind: ImportKind, row: &[u8]) -> Result<Columns, String> {
    let cells = csv::cells(row).map_err(|fault| format!("the header {}", fault.message))?;
    let known = known(kind);
    let mut columns: Columns = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        let name = cell.trim().to_ascii_lowercase();
        let number = index.saturating_add(1);
        if !known.contains(&name.as_str()) {
            let known = known.join(", ");
            return Err(format!("column {number} of the header is none of {known}"));
        }
        if columns.contains(&name) {
            return Err(format!("column {number} of the header, {name}, is there twice"));
        }
        columns.push(name);
    }
    match required(kind).iter().find(|name| !columns.iter().any(|column| column == **name)) {
        Some(missing) => Err(format!("the header has no column {missing}")),
        None => Ok(columns),
    }
}

/// The values of a row.
pub(super) fn cells(spec: &ImportSpec, columns: &[String], row: &[u8]) -> Result<Cells, Fault> {
    match spec.format {
        FileFormat::Csv => Cells::of(columns, csv::cells(row)?),
        FileFormat::Jsonl => Cells::of_object(row, known(spec.kind)),
    }
}

/// A row of levels.
pub(super) fn level(spec: &ImportSpec, cells: &Cells) -> Result<Row, Fault> {
    let sku = sku(cells)?;
    let location: Option<LocationId> = cells.optional("location", "must be a location")?;
    let location = location.unwrap_or_else(|| spec.location.clone());
    let least = match spec.mode {
        LevelMode::Set => 0,
        LevelMode::Add => MAX_UNITS.saturating_neg(),
    };
    let quantity = cells
        .units("quantity", least, MAX_UNITS)?
        .ok_or_else(|| Fault::value("quantity", RowCode::MissingValue, "is required"))?;
    let at = location.clone();
    let change = match spec.mode {
        LevelMode::Set => StockChange::Counted { location: at, counted: quantity },
        LevelMode::Add => StockChange::Adjusted { location: at, quantity_delta: quantity },
    };
    Ok(Row::Level { sku, location, change })
}

/// A row of thresholds. An empty value leaves what is there.
pub(super) fn thresholds(cells: &Cells) -> Result<Row, Fault> {
    let sku = sku(cells)?;
    let units = |column: &str, least: i64| cells.units(column, least, MAX_UNITS);
    let change = TermsChange::Patch {
        back_order_limit: units("back_order_limit", 0)?,
        low_stock_threshold: units("low_stock_threshold", 0)?,
        safety_stock: units("safety_stock", 0)?,
        reorder_point: units("reorder_point", 0)?,
        reorder_quantity: units("reorder_quantity", 1)?,
    };
    Ok(Row::Thresholds { sku, change })
}

fn sku(cells: &Cells) -> Result<Sku, Fault> {
    cells.read("sku", "must be a SKU: 1 to 64 letters, digits, dots, underscores and hyphens")
}
