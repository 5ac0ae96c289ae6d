//! What waits for a person, across all orders, and what has no order. Rows with an order are copied from it
//! ([`super::ledger`]); the others are kept here.

use serde::{Deserialize, Serialize};

use super::statement::{
    Parameter, failed_to_read, json_arrays, parse, prepare, row, rows, run, run_together,
};
use crate::domain::id::{OrderId, ReconciliationId};
use crate::domain::order::{AttentionCode, Order, Resolution};
use crate::domain::payment::Gateway;
use crate::domain::reconciliation::Item;
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const NOTE: &str = "
INSERT INTO attention (id, code, detail, since, subject)
SELECT value ->> 'id', value ->> 'code', value ->> 'detail', value ->> 'since', value -> 'subject'
FROM json_each(?1) WHERE true ON CONFLICT (id) DO NOTHING";
const RESOLVE: &str = "
UPDATE attention SET resolved_at = ?2, resolved_by = ?3, note = ?4
WHERE id = ?1 AND order_id IS NULL AND resolved_at IS NULL";

macro_rules! attention_where {
    ($condition:literal) => {
        concat!(
            "SELECT attention.id, attention.order_id, attention.code, attention.detail,",
            " attention.since, attention.subject, attention.resolved_at, attention.resolved_by,",
            " attention.note, orders.document FROM attention",
            " LEFT JOIN orders ON orders.id = attention.order_id WHERE ",
            $condition
        )
    };
}

// One statement per index, oldest first: what has waited longest is seen first.
const BY_ID: &str = attention_where!("attention.id = ?1");
const LIST_OPEN: &str = attention_where!(
    "attention.resolved_at IS NULL AND (attention.since, attention.id) > (?1, ?2)
     ORDER BY attention.since, attention.id LIMIT ?3"
);
const LIST_RESOLVED: &str = attention_where!(
    "attention.resolved_at IS NOT NULL AND (attention.since, attention.id) > (?1, ?2)
     ORDER BY attention.since, attention.id LIMIT ?3"
);
const LIST_BY_CODE: &str = attention_where!(
    "attention.code = ?4 AND (attention.since, attention.id) > (?1, ?2)
     AND (attention.resolved_at IS NULL) = ?5
     ORDER BY attention.since, attention.id LIMIT ?3"
);

/// What something without an order is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The run that found it.
    pub reconciliation_id: ReconciliationId,
    /// Whose books.
    pub gateway: Gateway,
    /// The item, if it is one.
    pub item: Option<Item>,
}

/// Something without an order that a person must look at.
#[derive(Debug, Serialize)]
pub struct NewAttention {
    /// Derived from what it is about ([`super::ledger::attention_id`]).
    pub id: String,
    /// What it is.
    pub code: AttentionCode,
    /// What was seen.
    pub detail: String,
    /// When, in milliseconds.
    pub since: i64,
    /// What it is about.
    pub subject: Subject,
}

/// Something that waits, or waited, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttentionEntry {
    /// Its identity.
    pub id: String,
    /// The order, if it has one.
    pub order_id: Option<OrderId>,
    /// What it is.
    pub code: AttentionCode,
    /// What was seen.
    pub detail: String,
    /// When it was first seen.
    pub since: Timestamp,
    /// Who said that it is dealt with.
    pub resolved: Option<Resolution>,
    /// What it is about, if it has no order.
    pub subject: Option<Subject>,
    /// The order as it is copied here.
    pub order: Option<Order>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    order_id: Option<String>,
    code: String,
    detail: String,
    since: i64,
    subject: Option<String>,
    resolved_at: Option<i64>,
    resolved_by: Option<String>,
    note: Option<String>,
    document: Option<String>,
}

impl Row {
    fn read(self) -> Result<AttentionEntry, Unavailable> {
        let malformed = || failed_to_read("attention");
        let code = AttentionCode::ALL.into_iter().find(|code| code.name() == self.code);
        let order_id = self.order_id.map(|id| id.parse()).transpose().map_err(|_| malformed())?;
        let resolved = self.resolved_at.map(|at| Resolution {
            at: Timestamp::from_milliseconds(at),
            by: self.resolved_by.unwrap_or_default(),
            note: self.note.unwrap_or_default(),
        });
        Ok(AttentionEntry {
            id: self.id,
            order_id,
            code: code.ok_or_else(malformed)?,
            detail: self.detail,
            since: Timestamp::from_milliseconds(self.since),
            resolved,
            subject: self.subject.map(|subject| parse(&subject)).transpose()?,
            order: self.document.map(|order| parse(&order)).transpose()?,
        })
    }
}

/// Notes things without an order. What is known, dealt with or not, stays as it is.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn note(database: &Database, seen: &[NewAttention]) -> Result<(), Unavailable> {
    let statements = json_arrays(seen)?
        .iter()
        .map(|array| prepare(database, NOTE, &[Parameter::Text(array)]))
        .collect::<Result<_, _>>()?;
    run_together(database, statements).await
}

/// What a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttentionFilter {
    /// What is dealt with, instead of what waits.
    pub resolved: bool,
    /// Only this cause.
    pub code: Option<AttentionCode>,
    /// Only those after this one in the list.
    pub after: Option<(Timestamp, String)>,
    /// At most so many.
    pub limit: u32,
}

/// What waits, or waited, for a person: what has waited longest comes first.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    filter: &AttentionFilter,
) -> Result<Vec<AttentionEntry>, Unavailable> {
    let (time, id) = match &filter.after {
        Some((time, id)) => (*time, id.as_str()),
        None => (Timestamp::default(), ""),
    };
    let mut parameters = vec![
        Parameter::moment(time),
        Parameter::Text(id),
        Parameter::Integer(i64::from(filter.limit)),
    ];
    let sql = match filter.code {
        Some(code) => {
            parameters.push(Parameter::Text(code.name()));
            parameters.push(Parameter::Integer(i64::from(!filter.resolved)));
            LIST_BY_CODE
        }
        None if filter.resolved => LIST_RESOLVED,
        None => LIST_OPEN,
    };
    let found: Vec<Row> = rows(database, sql, &parameters).await?;
    found.into_iter().map(Row::read).collect()
}

/// The one of this identity.
///
/// # Errors
/// When D1 does not answer.
pub async fn find(database: &Database, id: &str) -> Result<Option<AttentionEntry>, Unavailable> {
    let found: Option<Row> = row(database, BY_ID, &[Parameter::Text(id)]).await?;
    found.map(Row::read).transpose()
}

/// Notes that something without an order is dealt with. What was said first stays.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn resolve(
    database: &Database,
    id: &str,
    resolution: &Resolution,
) -> Result<(), Unavailable> {
    let parameters = [
        Parameter::Text(id),
        Parameter::moment(resolution.at),
        Parameter::Text(&resolution.by),
        Parameter::Text(&resolution.note),
    ];
    run(database, RESOLVE, &parameters).await.map(|_| ())
}
