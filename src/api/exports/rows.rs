//! The rows of an export, in the form that imports read.

use serde::Serialize;

use crate::domain::catalogue::Product;
use crate::domain::import::{
    FileFormat, ImportKind, product_cells, product_header, push_cell, push_number,
};
use crate::domain::inventory::LocationId;
use crate::storage::stock_levels::CopiedLevel;

const LEVELS_HEADER: &str = "sku,location,quantity,reserved,damaged,incoming,free\r\n";
const THRESHOLDS_HEADER: &str = "sku,low_stock_threshold,back_order_limit,safety_stock,reorder_point,\
    reorder_quantity\r\n";

/// What stands before the rows.
#[must_use]
pub fn header(kind: ImportKind, format: FileFormat) -> String {
    match (format, kind) {
        (FileFormat::Jsonl, _) => String::new(),
        (FileFormat::Csv, ImportKind::Levels) => LEVELS_HEADER.to_owned(),
        (FileFormat::Csv, ImportKind::Thresholds) => THRESHOLDS_HEADER.to_owned(),
        (FileFormat::Csv, ImportKind::Products) => product_header(),
    }
}

#[derive(Serialize)]
struct LevelRow<'a> {
    sku: &'a str,
    location: &'a LocationId,
    quantity: i64,
    reserved: i64,
    damaged: i64,
    incoming: i64,
    free: i64,
}

/// What each location has of a SKU: a row each.
pub fn push_levels(text: &mut String, format: FileFormat, copied: &CopiedLevel) {
    for balance in &copied.level.balances {
        let row = LevelRow {
            sku: &copied.sku,
            location: &balance.location,
            quantity: balance.on_hand,
            reserved: balance.reserved,
            damaged: balance.damaged,
            incoming: balance.incoming,
            free: copied.level.free_at(balance),
        };
        if format == FileFormat::Jsonl {
            push_json(text, &row);
            continue;
        }
        push_cell(text, row.sku);
        push_cell(text, row.location.as_str());
        for number in [row.quantity, row.reserved, row.damaged, row.incoming, row.free] {
            push_number(text, Some(number));
        }
        text.push_str("\r\n");
    }
}

#[derive(Serialize)]
struct ThresholdsRow<'a> {
    sku: &'a str,
    low_stock_threshold: i64,
    back_order_limit: i64,
    safety_stock: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reorder_point: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reorder_quantity: Option<i64>,
}

/// The limits and thresholds of a SKU.
pub fn push_thresholds(text: &mut String, format: FileFormat, copied: &CopiedLevel) {
    let terms = &copied.level.terms;
    let row = ThresholdsRow {
        sku: &copied.sku,
        low_stock_threshold: copied.level.low_stock_threshold,
        back_order_limit: copied.level.back_order_limit,
        safety_stock: terms.safety_stock,
        reorder_point: terms.reorder_point,
        reorder_quantity: terms.reorder_quantity,
    };
    if format == FileFormat::Jsonl {
        return push_json(text, &row);
    }
    push_cell(text, row.sku);
    for number in [
        Some(row.low_stock_threshold),
        Some(row.back_order_limit),
        Some(row.safety_stock),
        row.reorder_point,
        row.reorder_quantity,
    ] {
        push_number(text, number);
    }
    text.push_str("\r\n");
}

/// A product: a line of JSON, or a row for each variant.
pub fn push_product(text: &mut String, format: FileFormat, product: &Product) {
    match format {
        FileFormat::Jsonl => push_json(text, product),
        FileFormat::Csv => text.push_str(&product_cells(product)),
    }
}

fn push_json(text: &mut String, row: &impl Serialize) {
    // None of these types can fail to be written.
    text.push_str(&serde_json::to_string(row).unwrap_or_default());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::import::{Cursor, ImportSpec, LevelMode, Row, Window, first_row, read};
    use crate::domain::inventory::{Balance, StockChange, StockLevel, TermsChange};
    use crate::domain::time::Timestamp;

    fn copied() -> CopiedLevel {
        let balance = |location: &str, on_hand: i64| Balance {
            location: location.parse().unwrap(),
            on_hand,
            reserved: 1,
            damaged: 2,
            incoming: 3,
        };
        let mut level = StockLevel {
            low_stock_threshold: 4,
            balances: vec![balance("-east", 7), balance("main", 9)],
            ..StockLevel::default()
        };
        level.terms.reorder_point = Some(11);
        CopiedLevel { sku: "-A.1".to_owned(), as_of: Timestamp::from_milliseconds(0), level }
    }

    fn imported(kind: ImportKind, format: FileFormat, rows: &str) -> Vec<Row> {
        let (mode, location) = (LevelMode::Set, LocationId::main());
        let spec = ImportSpec { kind, format, mode, location, reason: String::new() };
        let file = [header(kind, format).as_str(), rows].concat();
        let whole = Window { bytes: file.as_bytes(), at_end: true };
        let (columns, from) = match format {
            FileFormat::Csv => {
                let (row, next) = first_row(whole).unwrap();
                (crate::domain::import::header(kind, row).unwrap(), next)
            }
            FileFormat::Jsonl => (Vec::new(), Cursor::START),
        };
        let rest = &file.as_bytes()[usize::try_from(from.offset).unwrap()..];
        let batch = read(&spec, &columns, from, Window { bytes: rest, at_end: true }, 1_000);
        batch.items.into_iter().map(|item| item.says.unwrap()).collect()
    }

    #[test]
    fn what_is_exported_can_be_imported() {
        for format in [FileFormat::Csv, FileFormat::Jsonl] {
            let mut text = String::new();
            push_levels(&mut text, format, &copied());
            let rows = imported(ImportKind::Levels, format, &text);
            let counted: Vec<(String, i64)> = rows
                .into_iter()
                .map(|row| match row {
                    Row::Level {
                        location, change: StockChange::Counted { counted, .. }, ..
                    } => (location.to_string(), counted),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(counted, [("-east".to_owned(), 7), ("main".to_owned(), 9)]);
            let mut text = String::new();
            push_thresholds(&mut text, format, &copied());
            let [row] = imported(ImportKind::Thresholds, format, &text).try_into().unwrap();
            let Row::Thresholds { sku, change } = row else { panic!("{row:?}") };
            assert_eq!(sku.as_str(), "-A.1");
            let expected = TermsChange::Patch {
                back_order_limit: Some(0),
                low_stock_threshold: Some(4),
                safety_stock: Some(0),
                reorder_point: Some(11),
                reorder_quantity: None,
            };
            assert_eq!(change, expected);
        }
    }
}
