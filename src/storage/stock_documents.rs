//! The copy of every purchase order, transfer and count, for lists, and of what is planned and on its way,
//! by SKU. Whoever wants a document as it is now asks its object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::statement::{
    Parameter, json_arrays, json_list, parse, prepare, row, rows, run_together,
};
use crate::domain::id::{Sku, StockDocumentId};
use crate::domain::inventory::LocationId;
use crate::domain::money::Money;
use crate::domain::stock_document::{Body, OpenStage, Origin, StockDocument};
use crate::domain::supplier::SupplierId;
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const UPSERT: &str = "
INSERT INTO stock_documents
  (id, type, status, supplier, expected_at, version, created_at, updated_at, summary, document)
SELECT value ->> 'id', value ->> 'type', value ->> 'status', value ->> 'supplier',
  value ->> 'expected_at', value ->> 'version', value ->> 'created_at', value ->> 'updated_at',
  value -> 'summary', value -> 'document'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (id) DO UPDATE SET
  status = excluded.status, supplier = excluded.supplier, expected_at = excluded.expected_at,
  version = excluded.version, updated_at = excluded.updated_at, summary = excluded.summary,
  document = excluded.document
WHERE excluded.version > stock_documents.version";

// What belongs to a document is written anew whenever the row above is of the very version that is being
// written: so the newest wins, and writing it again changes nothing.
const CLEAR_LOCATIONS: &str = "
DELETE FROM stock_document_locations WHERE document_id IN (
  SELECT document.id FROM (SELECT value FROM json_each(?1) LIMIT -1)
  CROSS JOIN stock_documents AS document
  ON document.id = value ->> 'id' AND document.version = value ->> 'version')";
const CLEAR_LINES: &str = "
DELETE FROM stock_document_lines WHERE document_id IN (
  SELECT document.id FROM (SELECT value FROM json_each(?1) LIMIT -1)
  CROSS JOIN stock_documents AS document
  ON document.id = value ->> 'id' AND document.version = value ->> 'version')";
const WRITE_LOCATIONS: &str = "
INSERT INTO stock_document_locations (location, document_id)
SELECT value ->> 'location', document.id FROM (SELECT value FROM json_each(?1) LIMIT -1)
CROSS JOIN stock_documents AS document
ON document.id = value ->> 'id' AND document.version = value ->> 'version'
WHERE true ON CONFLICT DO NOTHING";
const WRITE_LINES: &str = "
INSERT INTO stock_document_lines (document_id, sku, location, type, stage, quantity)
SELECT document.id, value ->> 'sku', value ->> 'location', document.type, value ->> 'stage',
  value ->> 'quantity'
FROM (SELECT value FROM json_each(?1) LIMIT -1)
CROSS JOIN stock_documents AS document
ON document.id = value ->> 'id' AND document.version = value ->> 'version'
WHERE true ON CONFLICT DO NOTHING";

const VERSION: &str = "SELECT version FROM stock_documents WHERE id = ?1";

macro_rules! listed_where {
    ($condition:literal) => {
        concat!(
            "SELECT summary FROM stock_documents WHERE type = ?1 AND (created_at, id) < (?2, ?3)",
            " AND ",
            $condition,
            " AND (?6 IS NULL OR EXISTS (SELECT 1 FROM stock_document_locations AS place",
            " WHERE place.location = ?6 AND place.document_id = stock_documents.id))",
            " ORDER BY created_at DESC, id DESC LIMIT ?7"
        )
    };
}

// One statement for each index: all of them take the same parameters.
const LIST: &str = listed_where!("?4 IS NULL AND ?5 IS NULL");
const LIST_OF_STATUS: &str = listed_where!("status = ?4 AND ?5 IS NULL");
const LIST_OF_SUPPLIER: &str = listed_where!("(?4 IS NULL OR status = ?4) AND supplier = ?5");

const OPEN: &str = "
SELECT sku, location, type, stage, SUM(quantity) AS quantity FROM stock_document_lines
WHERE sku IN (SELECT value FROM json_each(?1))
GROUP BY sku, location, type, stage";

/// What a list shows of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({
    "id": "po_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "type": "purchase_order", "status": "ordered",
    "supplier": "north-mill", "locations": ["main"], "reference": "4711",
    "expected_at": "2026-03-01T00:00:00.000Z", "line_count": 2, "units": 168, "units_received": 0,
    "total_cost": {"amount": 84_000, "currency": "USD"}, "version": 3,
    "created_at": "2026-02-01T09:00:00.000Z", "updated_at": "2026-02-01T09:05:00.000Z"
}))]
pub struct DocumentSummary {
    /// Its identity.
    #[schema(value_type = String)]
    pub id: StockDocumentId,
    /// `purchase_order`, `transfer` or `count`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its state.
    pub status: String,
    /// From whom goods are bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<SupplierId>,
    /// Who thought of a purchase order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The places that it has to do with.
    pub locations: Vec<LocationId>,
    /// Where a transfer comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocationId>,
    /// Where a transfer goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<LocationId>,
    /// The number of somebody else's papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the goods are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expected_at: Option<Timestamp>,
    /// How many lines it has.
    pub line_count: usize,
    /// Units ordered, moved or counted, over all lines.
    pub units: i64,
    /// Units that came.
    pub units_received: i64,
    /// What all that was ordered costs, if every line has a cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_cost: Option<Money>,
    /// Grows by one with every change.
    pub version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl DocumentSummary {
    /// What a list shows of this document.
    #[must_use]
    pub fn of(document: &StockDocument) -> Self {
        let (origin, reference, total_cost) = match &document.body {
            Body::PurchaseOrder(body) => {
                (Some(body.origin), body.reference.clone(), body.total_cost())
            }
            Body::Transfer(body) => (None, body.reference.clone(), None),
            Body::Count(_) => (None, None, None),
        };
        let (from, to) = match &document.body {
            Body::Transfer(body) => (Some(body.from.clone()), Some(body.to.clone())),
            Body::PurchaseOrder(_) | Body::Count(_) => (None, None),
        };
        Self {
            id: document.id,
            type_name: document.type_name().to_owned(),
            status: document.status().to_owned(),
            supplier: document.supplier().cloned(),
            origin,
            locations: document.locations().into_iter().cloned().collect(),
            from,
            to,
            reference,
            expected_at: document.expected_at(),
            line_count: document.line_count(),
            units: document.units(),
            units_received: document.units_received(),
            total_cost,
            version: document.version,
            created_at: document.created_at,
            updated_at: document.updated_at,
        }
    }
}

/// A document as the statements read it.
#[derive(Serialize)]
struct DocumentRow<'a> {
    id: String,
    r#type: &'static str,
    status: &'static str,
    supplier: Option<&'a SupplierId>,
    expected_at: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
    summary: DocumentSummary,
    document: &'a StockDocument,
}

/// Something that belongs to a version of a document.
#[derive(Serialize)]
struct Part<'a> {
    id: String,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a LocationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<Sku>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<OpenStage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<i64>,
}

impl Part<'_> {
    fn of(document: &StockDocument) -> Self {
        let (id, version) = (document.id.to_string(), document.version);
        Self { id, version, location: None, sku: None, stage: None, quantity: None }
    }
}

/// Writes many documents. An older version never replaces a newer one, so repeats and disorder are
/// harmless.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn upsert_batch(
    database: &Database,
    documents: &[StockDocument],
) -> Result<(), Unavailable> {
    let mut newest: BTreeMap<StockDocumentId, &StockDocument> = BTreeMap::new();
    for document in documents {
        let known = newest.entry(document.id).or_insert(document);
        if known.version < document.version {
            *known = document;
        }
    }
    let newest: Vec<&StockDocument> = newest.into_values().collect();
    let documents = newest.iter().map(|document| DocumentRow {
        id: document.id.to_string(),
        r#type: document.type_name(),
        status: document.status(),
        supplier: document.supplier(),
        expected_at: document.expected_at().map(Timestamp::milliseconds),
        version: document.version,
        created_at: document.created_at.milliseconds(),
        updated_at: document.updated_at.milliseconds(),
        summary: DocumentSummary::of(document),
        document,
    });
    let open: Vec<_> = newest.iter().map(|one| (*one, one.open_lines())).collect();
    let locations = newest.iter().flat_map(|document| {
        let places = document.locations().into_iter();
        places.map(|place| Part { location: Some(place), ..Part::of(document) })
    });
    let lines = open.iter().flat_map(|(document, lines)| {
        lines.iter().map(|line| Part {
            location: Some(&line.location),
            sku: Some(line.sku.clone()),
            stage: Some(line.stage),
            quantity: Some(line.quantity),
            ..Part::of(document)
        })
    });
    let names = json_arrays(newest.iter().map(|document| Part::of(document)))?;
    let mut statements = Vec::new();
    for (sql, arrays) in [
        (UPSERT, json_arrays(documents)?),
        (CLEAR_LOCATIONS, names.clone()),
        (CLEAR_LINES, names),
        (WRITE_LOCATIONS, json_arrays(locations)?),
        (WRITE_LINES, json_arrays(lines)?),
    ] {
        for array in arrays {
            statements.push(prepare(database, sql, &[Parameter::Text(&array)])?);
        }
    }
    run_together(database, statements).await
}

/// The version of a document that D1 holds; 0 if it holds none.
///
/// # Errors
/// When D1 does not answer.
pub async fn version(database: &Database, id: StockDocumentId) -> Result<i64, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        version: i64,
    }
    let id = id.to_string();
    let found: Option<Row> = row(database, VERSION, &[Parameter::Text(&id)]).await?;
    Ok(found.map_or(0, |row| row.version))
}

/// Which documents a list is to have.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// `purchase_order`, `transfer` or `count`.
    pub type_name: &'static str,
    /// Only those of this state.
    pub status: Option<&'static str>,
    /// Only those of this supplier.
    pub supplier: Option<&'a SupplierId>,
    /// Only those that have to do with this place.
    pub location: Option<&'a LocationId>,
    /// Only those after this place in the list.
    pub after: Option<(Timestamp, String)>,
    /// At most so many.
    pub limit: u32,
}

/// Documents, newest first.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    wanted: &Wanted<'_>,
) -> Result<Vec<DocumentSummary>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        summary: String,
    }
    let (time, id) = match &wanted.after {
        Some((time, id)) => (time.milliseconds(), id.as_str()),
        None => (i64::MAX, ""),
    };
    let parameters = [
        Parameter::Text(wanted.type_name),
        Parameter::Integer(time),
        Parameter::Text(id),
        Parameter::optional_text(wanted.status),
        Parameter::optional_text(wanted.supplier.map(SupplierId::as_str)),
        Parameter::optional_text(wanted.location.map(LocationId::as_str)),
        Parameter::Integer(i64::from(wanted.limit)),
    ];
    let sql = match (wanted.supplier, wanted.status) {
        (Some(_), _) => LIST_OF_SUPPLIER,
        (None, Some(_)) => LIST_OF_STATUS,
        (None, None) => LIST,
    };
    let found: Vec<Row> = rows(database, sql, &parameters).await?;
    found.iter().map(|row| parse(&row.summary)).collect()
}

/// Units of a SKU that are planned or on their way to a place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OpenUnits {
    /// Which SKU.
    pub sku: Sku,
    /// Where they will be.
    pub location: LocationId,
    /// `purchase_order` or `transfer`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How sure they are.
    pub stage: OpenStage,
    /// How many, over all documents.
    pub quantity: i64,
}

/// What is planned and on its way of these SKUs, by place.
///
/// # Errors
/// When D1 does not answer.
pub async fn open_units(database: &Database, skus: &[&Sku]) -> Result<Vec<OpenUnits>, Unavailable> {
    let list = json_list(skus)?;
    rows(database, OPEN, &[Parameter::Text(&list)]).await
}
