//! What came: several deliveries of one document, each with what was fit for sale and what was not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::step::{Effect, Step, phases};
use super::{MAX_LINE_UNITS, MAX_LINES, Refusal};
use crate::domain::field_error::Checks;
use crate::domain::id::Sku;
use crate::domain::inventory::StockChange;
use crate::domain::time::Timestamp;

/// The most receipts of one document.
pub const MAX_RECEIPTS: usize = 100;

/// The most lines of all receipts of one document.
const MAX_RECEIPT_LINES: usize = 5_000;

/// Units of one line that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sku": "MUG-CLASSIC", "quantity": 24, "damaged": 1}))]
pub struct ReceivedLine {
    /// Of which line.
    #[schema(value_type = String)]
    pub sku: Sku,
    /// Units that can be sold.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub quantity: i64,
    /// Units that came damaged, besides.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub damaged: i64,
}

impl ReceivedLine {
    /// Units in all.
    pub(super) const fn came(&self) -> i64 {
        self.quantity.saturating_add(self.damaged)
    }
}

/// A line of which more came than is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverReceipt {
    /// Which of the lines that were sent.
    pub index: usize,
    /// Which SKU.
    pub sku: Sku,
    /// The most that may still come.
    pub most: i64,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Receipt {
    /// 1 for a document's first.
    pub number: usize,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The identity of the API key that took it in.
    pub by: String,
    /// What that person says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was booked.
    pub lines: Vec<ReceiptLine>,
}

/// A line of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReceiptLine {
    /// The line's place in the document, from 0.
    pub line: usize,
    /// Units that can be sold.
    pub quantity: i64,
    /// Units that came damaged.
    #[serde(default)]
    pub damaged: i64,
}

/// Finds the document's line of each line that was sent: (place in the document, place in what was sent).
fn matched(sent: &[ReceivedLine], known: &[&Sku]) -> Result<Vec<usize>, Refusal> {
    let mut seen = BTreeSet::new();
    let refused = |index, problem: &str| Refusal::Line { index, problem: problem.to_owned() };
    let mut lines = Vec::with_capacity(sent.len());
    for (index, line) in sent.iter().enumerate() {
        let in_range = |units| (0..=MAX_LINE_UNITS).contains(&units);
        if !in_range(line.quantity) || !in_range(line.damaged) || line.came() == 0 {
            return Err(refused(index, "must have 1 to 1000000 units"));
        }
        let Some(place) = known.iter().position(|sku| **sku == line.sku) else {
            return Err(refused(index, "is not in the document"));
        };
        if !seen.insert(place) {
            return Err(refused(index, "is named twice"));
        }
        lines.push(place);
    }
    if lines.is_empty() {
        return Err(refused(0, "is required"));
    }
    Ok(lines)
}

/// What goods that came ask of SKUs. `of_line`: the most that may still come of a line, and what its SKU does
/// with what came.
pub(super) fn taken_in<Line>(
    sent: &[ReceivedLine],
    receipts: &[Receipt],
    lines: &[Line],
    sku: impl Fn(&Line) -> &Sku,
    of_line: impl Fn(&Line, &ReceivedLine) -> (i64, Vec<StockChange>),
) -> Result<Vec<Effect>, Refusal> {
    let skus: Vec<&Sku> = lines.iter().map(sku).collect();
    let places = matched(sent, &skus)?;
    if !has_room(receipts, sent.len()) {
        return Err(Refusal::Full);
    }
    let mut over = Vec::new();
    let mut changes = Vec::new();
    for (index, (came, place)) in sent.iter().zip(places).enumerate() {
        let Some(line) = lines.get(place) else { continue };
        let (most, change) = of_line(line, came);
        if came.came() > most {
            over.push(OverReceipt { index, sku: came.sku.clone(), most });
        }
        changes.push((place, came.sku.clone(), change));
    }
    if over.is_empty() {
        Ok(phases(vec![changes]))
    } else {
        Err(Refusal::OverReceipt { lines: over })
    }
}

/// Checks the goods of a draft: each SKU once, in a number that can be handled.
pub(super) fn check_goods<'a>(
    checks: &mut Checks,
    goods: impl ExactSizeIterator<Item = (&'a Sku, i64)> + Clone,
) {
    checks.count("/lines", goods.len(), 1, MAX_LINES);
    let skus = goods.clone().map(|(sku, _)| sku);
    checks.unique("/lines", skus, "names a SKU that an earlier line names");
    for (index, (_, quantity)) in goods.enumerate() {
        let sane = (1..=MAX_LINE_UNITS).contains(&quantity);
        checks.require(sane, &format!("/lines/{index}/quantity"), "must be 1 to 1000000");
    }
}

/// Whether the document holds one receipt more, of so many lines.
fn has_room(receipts: &[Receipt], lines: usize) -> bool {
    let held = receipts.iter().map(|receipt| receipt.lines.len()).fold(0, usize::saturating_add);
    receipts.len() < MAX_RECEIPTS && held.saturating_add(lines) <= MAX_RECEIPT_LINES
}

/// Writes down what was booked, if anything was.
pub(super) fn booked(receipts: &mut Vec<Receipt>, step: &Step) -> Vec<(ReceiptLine, i64)> {
    let came: Vec<(ReceiptLine, i64)> = step.lasting().filter_map(came).collect();
    if !came.is_empty() {
        receipts.push(Receipt {
            number: receipts.len().saturating_add(1),
            at: step.at,
            by: step.by.clone(),
            note: step.note.clone(),
            lines: came.iter().map(|(line, _)| line.clone()).collect(),
        });
    }
    came
}

/// What one effect brought, and how much of it had been announced.
fn came(effect: &Effect) -> Option<(ReceiptLine, i64)> {
    let mut line = ReceiptLine { line: effect.line, quantity: 0, damaged: 0 };
    let mut used_up = 0;
    for change in &effect.changes {
        match *change {
            StockChange::Received { quantity, damaged, announced, .. }
            | StockChange::Arrived { quantity, damaged, announced, .. } => {
                line = ReceiptLine { quantity, damaged, ..line };
                used_up = announced;
            }
            StockChange::Damaged { quantity_delta, .. } => {
                line.quantity = line.quantity.saturating_sub(quantity_delta);
                line.damaged = line.damaged.saturating_add(quantity_delta);
            }
            _ => {}
        }
    }
    (line.quantity > 0 || line.damaged > 0).then_some((line, used_up))
}
