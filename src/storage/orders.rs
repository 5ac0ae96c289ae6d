//! The copy of every order, for lists and searches. The order's shard owns it; nothing is decided here.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::ledger;
use super::statement::{Parameter, json_arrays, json_list, parse, prepare, rows, run_together};
use crate::domain::id::{OrderId, Sku};
use crate::domain::inventory::ChannelId;
use crate::domain::order::{FulfilmentStatus, Order, OrderStatus, StockClaim};
use crate::domain::payment::PaymentStatus;
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

// What an order is placed with never changes (buyer, time, currency, total, channel), so it is not set again:
// every index with a column that a statement sets is written anew, and each of those is a row that is paid for.
const UPSERT: &str = "
INSERT INTO orders
  (id, version, status, payment_status, fulfilment_status, email, currency, total_minor,
   needs_attention, invoice_number, created_at, updated_at, document, channel)
SELECT value ->> 'id', value ->> 'version', value ->> 'status', value ->> 'payment_status',
  value ->> 'fulfilment_status', value ->> 'email', value ->> 'currency', value ->> 'total_minor',
  value ->> 'needs_attention', value ->> 'invoice_number', value ->> 'created_at',
  value ->> 'updated_at', value -> 'document', value ->> 'channel'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (id) DO UPDATE SET
  version = excluded.version, status = excluded.status, payment_status = excluded.payment_status,
  fulfilment_status = excluded.fulfilment_status, needs_attention = excluded.needs_attention,
  invoice_number = excluded.invoice_number, updated_at = excluded.updated_at,
  document = excluded.document
WHERE excluded.version > orders.version";

/// One row as its statement reads it.
#[derive(Serialize)]
struct OrderRow<'a> {
    id: OrderId,
    version: i64,
    status: OrderStatus,
    payment_status: PaymentStatus,
    fulfilment_status: FulfilmentStatus,
    email: String,
    currency: &'static str,
    total_minor: i64,
    needs_attention: u8,
    invoice_number: Option<&'a str>,
    created_at: i64,
    updated_at: i64,
    document: Cow<'a, Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
}

impl<'a> OrderRow<'a> {
    fn of(order: &'a Order) -> Self {
        let report = order.payment.as_ref().and_then(|payment| payment.report.as_ref());
        let document = if report.is_some_and(|report| report.action.is_some()) {
            Cow::Owned(order.without_secrets())
        } else {
            Cow::Borrowed(order)
        };
        Self {
            id: order.id,
            version: order.version,
            status: order.status,
            payment_status: order.payment_status(),
            fulfilment_status: order.fulfilment_status(),
            email: order.email.as_str().to_lowercase(),
            currency: order.cart.currency.code(),
            total_minor: order.cart.totals.total_minor,
            needs_attention: u8::from(order.waits_for_person()),
            invoice_number: order.invoice_number.as_deref(),
            created_at: order.created_at.milliseconds(),
            updated_at: order.updated_at.milliseconds(),
            document,
            channel: order.channel.as_ref().map(|sold| sold.channel.as_str()),
        }
    }
}

/// Writes many orders. An older version never replaces a newer one, so repeats and disorder are
/// harmless.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn upsert_batch(database: &Database, orders: &[&Order]) -> Result<(), Unavailable> {
    let mut statements = json_arrays(orders.iter().map(|order| OrderRow::of(order)))?
        .iter()
        .map(|array| prepare(database, UPSERT, &[Parameter::Text(array)]))
        .collect::<Result<Vec<_>, _>>()?;
    // After the orders, whose versions say what may be written.
    statements.extend(ledger::statements(database, orders)?);
    run_together(database, statements).await
}

const VERSIONS: &str = "
SELECT id, version FROM orders WHERE id IN (SELECT value FROM json_each(?1))";

/// Which version of each of these orders is copied here; one that is not here is missing. This is
/// how a shard learns that what it told has arrived.
///
/// # Errors
/// When D1 does not answer.
pub async fn versions(
    database: &Database,
    ids: &[OrderId],
) -> Result<Vec<(OrderId, i64)>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        id: OrderId,
        version: i64,
    }
    let list = json_list(ids)?;
    let found: Vec<Row> = rows(database, VERSIONS, &[Parameter::Text(&list)]).await?;
    Ok(found.into_iter().map(|row| (row.id, row.version)).collect())
}

// Whatever else an order has is not read into memory: of many orders a few claims are wanted.
const CLAIMS_ON: &str = "
SELECT id, claim FROM (
  SELECT id, (SELECT value FROM json_each(document, '$.claims') WHERE value ->> 'sku' = ?1) AS claim
  FROM orders WHERE created_at >= ?2 ORDER BY created_at DESC, id DESC LIMIT ?3
) WHERE claim IS NOT NULL";

/// The claims on one SKU by orders that were placed since a moment, the newest first. At most so many orders
/// are looked at.
///
/// # Errors
/// When D1 does not answer.
pub async fn claims_on(
    database: &Database,
    sku: &Sku,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<(OrderId, StockClaim)>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        id: OrderId,
        claim: String,
    }
    let parameters = [
        Parameter::Text(sku.as_str()),
        Parameter::moment(since),
        Parameter::Integer(i64::from(limit)),
    ];
    let found: Vec<Row> = rows(database, CLAIMS_ON, &parameters).await?;
    found.into_iter().map(|row| Ok((row.id, parse(&row.claim)?))).collect()
}

/// Which orders a list shows, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderFilter {
    /// Only those in this state.
    pub status: Option<OrderStatus>,
    /// Only those whose payment is in this state.
    pub payment_status: Option<PaymentStatus>,
    /// Only those of this buyer, whatever the case of the letters.
    pub email: Option<String>,
    /// Only those that a person must look at.
    pub needs_attention: bool,
    /// Only those that this channel sold.
    pub channel: Option<ChannelId>,
    /// Only those placed at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Only those after this one in the list.
    pub after: Option<OrderPosition>,
    /// At most so many.
    pub limit: u32,
}

/// Where an order stands in a list by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPosition {
    /// When it was placed.
    pub created_at: Timestamp,
    /// Which of those placed then.
    pub id: OrderId,
}

/// One statement per index: each names the condition that its index answers, then all the others.
macro_rules! list {
    ($leading:literal) => {
        concat!(
            "SELECT document FROM orders WHERE ",
            $leading,
            " AND (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR payment_status = ?2)",
            " AND (?3 IS NULL OR email = ?3) AND (?4 = 0 OR needs_attention = 1)",
            " AND (?9 IS NULL OR channel = ?9)",
            " AND created_at >= ?5 AND (created_at, id) < (?6, ?7)",
            " ORDER BY created_at DESC, id DESC LIMIT ?8"
        )
    };
}

const BY_TIME: &str = list!("true");
const BY_EMAIL: &str = list!("email = ?3");
const BY_CHANNEL: &str = list!("channel = ?9");
const BY_ATTENTION: &str = list!("needs_attention = 1");
const BY_STATUS: &str = list!("status = ?1 AND status <> 'open'");
const BY_PAYMENT_STATUS: &str = list!("payment_status = ?2 AND payment_status <> 'paid'");

impl OrderFilter {
    /// The statement whose index leaves the fewest rows to look at.
    fn statement(&self) -> &'static str {
        if self.email.is_some() {
            BY_EMAIL
        } else if self.channel.is_some() {
            BY_CHANNEL
        } else if self.needs_attention {
            BY_ATTENTION
        } else if self.status.is_some_and(|status| status != OrderStatus::Open) {
            BY_STATUS
        } else if self.payment_status.is_some_and(|status| status != PaymentStatus::Paid) {
            BY_PAYMENT_STATUS
        } else {
            BY_TIME
        }
    }
}

/// The orders that a filter lets through, newest first.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(database: &Database, filter: &OrderFilter) -> Result<Vec<Order>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        document: String,
    }
    let email = filter.email.as_ref().map(|email| email.to_lowercase());
    let after_id = filter.after.as_ref().map(|after| after.id.to_string());
    let after_time =
        filter.after.as_ref().map_or(i64::MAX, |after| after.created_at.milliseconds());
    let parameters = [
        Parameter::optional_text(filter.status.map(OrderStatus::name)),
        Parameter::optional_text(filter.payment_status.map(PaymentStatus::name)),
        Parameter::optional_text(email.as_deref()),
        Parameter::Integer(i64::from(filter.needs_attention)),
        Parameter::moment(filter.created_from.unwrap_or_default()),
        Parameter::Integer(after_time),
        Parameter::Text(after_id.as_deref().unwrap_or("")),
        Parameter::Integer(i64::from(filter.limit)),
        Parameter::optional_text(filter.channel.as_ref().map(ChannelId::as_str)),
    ];
    let found: Vec<Row> = rows(database, filter.statement(), &parameters).await?;
    found.iter().map(|row| parse(&row.document)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_is_that_of_the_most_telling_condition() {
        let of = |filter: OrderFilter| filter.statement();
        let status = Some(OrderStatus::Expired);
        let email = Some("a@example.com".to_owned());
        assert_eq!(of(OrderFilter::default()), BY_TIME);
        assert_eq!(of(OrderFilter { status, email, ..OrderFilter::default() }), BY_EMAIL);
        assert_eq!(of(OrderFilter { status, ..OrderFilter::default() }), BY_STATUS);
        let open = Some(OrderStatus::Open);
        assert_eq!(of(OrderFilter { status: open, ..OrderFilter::default() }), BY_TIME);
        let unknown = Some(PaymentStatus::Unknown);
        let filter =
            OrderFilter { status: open, payment_status: unknown, ..OrderFilter::default() };
        assert_eq!(of(filter), BY_PAYMENT_STATUS);
        let filter = OrderFilter { needs_attention: true, status, ..OrderFilter::default() };
        assert_eq!(of(filter), BY_ATTENTION);
    }
}
