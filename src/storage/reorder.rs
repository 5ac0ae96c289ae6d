//! What reorder proposals are computed from: counters, terms, past sales and what is coming, page by page.

use serde::Deserialize;

use super::statement::{Parameter, failed_to_read, parse, rows};
use super::stock_levels::CopiedLevel;
use super::suppliers;
use crate::domain::id::Sku;
use crate::domain::reorder::{Demand, Outlook, Proposal, Situation, Snapshot, propose};
use crate::domain::supplier::{Offer, chosen};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

macro_rules! candidates_from {
    ($tables:literal) => {
        concat!(
            "SELECT levels.sku, COALESCE(levels.document, json_object('sku', levels.sku,",
            " 'as_of_milliseconds', levels.as_of, 'version', levels.version, 'received',",
            " levels.received, 'adjusted', levels.adjusted, 'sold', levels.sold, 'reserved',",
            " levels.reserved, 'back_order_limit', levels.back_order_limit,",
            " 'low_stock_threshold', levels.low_stock_threshold)) AS document,",
            " COALESCE((SELECT variants.document ->> '$.active' FROM variants",
            "   WHERE variants.sku = levels.sku), 0) AS is_sold,",
            " COALESCE((SELECT json_array(day, sold) FROM stock_snapshots AS known",
            "   WHERE known.sku = levels.sku AND known.day <= ?2 ORDER BY known.day DESC LIMIT 1),",
            "   (SELECT json_array(day, sold) FROM stock_snapshots AS known",
            "   WHERE known.sku = levels.sku ORDER BY known.day LIMIT 1)) AS before,",
            " (SELECT COALESCE(SUM(lines.quantity), 0) FROM reorder_plan_lines AS lines",
            "   WHERE lines.sku = levels.sku AND NOT EXISTS (SELECT 1 FROM stock_documents",
            "   WHERE stock_documents.id = lines.plan_id)) AS planned,",
            " (SELECT COALESCE(SUM(lines.quantity), 0) FROM stock_document_lines AS lines",
            "   WHERE lines.sku = levels.sku AND lines.stage = 'draft'",
            "   AND lines.type = 'purchase_order') AS drafted,",
            " (SELECT COALESCE(SUM(lines.quantity), 0) FROM stock_document_lines AS lines",
            "   WHERE lines.sku = levels.sku AND lines.stage = 'expected') AS expected, ",
            $tables
        )
    };
}

const BY_SKU: &str = candidates_from!(
    "'' AS supplier FROM stock_levels AS levels WHERE levels.sku > ?1 ORDER BY levels.sku LIMIT ?3"
);
const BY_SUPPLIER: &str = candidates_from!(
    "items.supplier_id AS supplier FROM supplier_items AS items
     JOIN suppliers ON suppliers.id = items.supplier_id AND suppliers.status = 'active'
     JOIN stock_levels AS levels ON levels.sku = items.sku
     WHERE (items.supplier_id, items.sku) > (?4, ?1) AND (?5 IS NULL OR items.supplier_id = ?5)
     ORDER BY items.supplier_id, items.sku LIMIT ?3"
);

#[derive(Deserialize)]
struct Row {
    sku: String,
    document: String,
    is_sold: i64,
    before: Option<String>,
    /// Units of plans whose purchase order is not listed yet.
    planned: i64,
    /// Units of draft purchase orders.
    drafted: i64,
    /// Units that documents say are on their way.
    expected: i64,
    supplier: String,
}

/// Something that should be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which SKU.
    pub sku: Sku,
    /// From whom, if anyone has it.
    pub offer: Option<Offer>,
    /// How much, and why.
    pub proposal: Proposal,
}

/// SKUs that were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Those that should be ordered.
    pub needs: Vec<Need>,
    /// The supplier and SKU that were looked at last; none if there were none.
    pub last: Option<(String, String)>,
    /// Whether there may be more.
    pub has_more: bool,
}

/// How one looks: how far back and ahead, when, and at how many SKUs at once.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Back and ahead.
    pub outlook: Outlook,
    /// The time.
    pub now: Timestamp,
    /// At most so many SKUs.
    pub count: u32,
}

/// What should be ordered of the SKUs after this one.
///
/// # Errors
/// When D1 does not answer.
pub async fn by_sku(database: &Database, after: &str, look: Look) -> Result<Page, Unavailable> {
    let parameters = [
        Parameter::Text(after),
        Parameter::Integer(look.outlook.first_day(look.now)),
        Parameter::Integer(i64::from(look.count)),
    ];
    let found: Vec<Row> = rows(database, BY_SKU, &parameters).await?;
    page(database, found, look).await
}

/// What should be ordered of what suppliers offer, after this SKU of this supplier; of one supplier or of
/// all. Each SKU is ordered from the supplier that is chosen for it, and passed over at the others.
///
/// # Errors
/// When D1 does not answer.
pub async fn by_supplier(
    database: &Database,
    only: Option<&str>,
    after: (&str, &str),
    look: Look,
) -> Result<Page, Unavailable> {
    let parameters = [
        Parameter::Text(after.1),
        Parameter::Integer(look.outlook.first_day(look.now)),
        Parameter::Integer(i64::from(look.count)),
        Parameter::Text(after.0),
        Parameter::optional_text(only),
    ];
    let found: Vec<Row> = rows(database, BY_SUPPLIER, &parameters).await?;
    page(database, found, look).await
}

async fn page(database: &Database, found: Vec<Row>, look: Look) -> Result<Page, Unavailable> {
    let has_more = u32::try_from(found.len()).unwrap_or(u32::MAX) >= look.count;
    let last = found.last().map(|row| (row.supplier.clone(), row.sku.clone()));
    let skus: Vec<&str> = found.iter().map(|row| row.sku.as_str()).collect();
    let offers = if skus.is_empty() {
        Default::default()
    } else {
        suppliers::offers(database, &skus).await?
    };
    let mut needs = Vec::new();
    for row in &found {
        let offer = offers.get(&row.sku).and_then(|offers| chosen(offers));
        let elsewhere = !row.supplier.is_empty()
            && offer.is_none_or(|offer| offer.supplier.id.as_str() != row.supplier);
        if elsewhere {
            continue;
        }
        if let Some(proposal) = row.proposal(offer, look)? {
            let sku = row.sku.parse().map_err(|_| failed_to_read("stock_levels"))?;
            needs.push(Need { sku, offer: offer.cloned(), proposal });
        }
    }
    Ok(Page { needs, last, has_more })
}

impl Row {
    fn proposal(&self, offer: Option<&Offer>, look: Look) -> Result<Option<Proposal>, Unavailable> {
        let copied: CopiedLevel = parse(&self.document)?;
        let before: Option<(i64, i64)> = self.before.as_deref().map(parse).transpose()?;
        let before = before.map(|(day, sold)| Snapshot { day, sold });
        // What was ordered a moment ago may be in the list of documents and not yet at the SKU.
        let unheard = self.expected.saturating_sub(copied.level.incoming()).max(0);
        let situation = Situation {
            level: &copied.level,
            drafted: self.planned.saturating_add(self.drafted).saturating_add(unheard),
            demand: Demand::of_window(copied.level.sold, before, look.outlook, look.now),
            is_sold: self.is_sold != 0,
        };
        Ok(propose(&situation, offer, look.outlook))
    }
}
