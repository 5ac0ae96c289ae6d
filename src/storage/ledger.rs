//! What is copied from orders for those who ask about money and trouble across all of them: the movements
//! of money, and what waits for a person.
//!
//! The rows are written in one batch with the orders' own and after them, and only from the version of an
//! order that its row then has. So a copy that comes late or again writes nothing.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::statement::{Parameter, failed_to_read, json_arrays, json_list, prepare, rows};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::Money;
use crate::domain::order::{Attention, Order};
use crate::domain::payment::{Gateway, Operation, OperationKind, OperationResult, Payment};
use crate::domain::reconciliation::{BookedMovement, ListedMovement, Window, void_reference};
use crate::domain::time::Timestamp;
use crate::runtime::database::{Database, Statement};
use crate::runtime::platform::Unavailable;

const WRITE_MOVEMENTS: &str = "
INSERT INTO money_movements
  (order_id, operation_id, version, gateway, kind, amount_minor, currency, payment_reference,
   movement_reference, result, occurred_at)
SELECT orders.id, moved.value ->> 'operation_id', orders.version, moved.value ->> 'gateway',
  moved.value ->> 'kind', moved.value ->> 'amount_minor', moved.value ->> 'currency',
  moved.value ->> 'payment_reference', moved.value ->> 'movement_reference',
  moved.value ->> 'result', moved.value ->> 'occurred_at'
FROM (SELECT value FROM json_each(?1) LIMIT -1) AS told, json_each(told.value, '$.movements') AS moved
CROSS JOIN orders ON orders.id = told.value ->> 'id' AND orders.version = told.value ->> 'version'
WHERE true
ON CONFLICT (order_id, operation_id) DO UPDATE SET
  version = excluded.version, amount_minor = excluded.amount_minor,
  payment_reference = excluded.payment_reference,
  movement_reference = excluded.movement_reference, result = excluded.result,
  occurred_at = excluded.occurred_at
WHERE excluded.version > money_movements.version
  AND (excluded.amount_minor, excluded.payment_reference, excluded.movement_reference,
       excluded.result, excluded.occurred_at)
    IS NOT (money_movements.amount_minor, money_movements.payment_reference,
            money_movements.movement_reference, money_movements.result,
            money_movements.occurred_at)";

/// Refunds and chargebacks that were under way and came to nothing.
const FORGET_MOVEMENTS: &str = "
DELETE FROM money_movements WHERE (order_id, operation_id) IN (
  SELECT orders.id, failed.value
  FROM (SELECT value FROM json_each(?1) LIMIT -1) AS told, json_each(told.value, '$.failed') AS failed
  CROSS JOIN orders ON orders.id = told.value ->> 'id' AND orders.version = told.value ->> 'version')";

const WRITE_ATTENTION: &str = "
INSERT INTO attention (id, order_id, code, detail, since, resolved_at, resolved_by, note)
SELECT seen.value ->> 'id', orders.id, seen.value ->> 'code', seen.value ->> 'detail',
  seen.value ->> 'since', seen.value ->> 'resolved_at', seen.value ->> 'resolved_by',
  seen.value ->> 'note'
FROM (SELECT value FROM json_each(?1) LIMIT -1) AS told, json_each(told.value, '$.attention') AS seen
CROSS JOIN orders ON orders.id = told.value ->> 'id' AND orders.version = told.value ->> 'version'
WHERE true
ON CONFLICT (id) DO UPDATE SET
  detail = excluded.detail, since = excluded.since, resolved_at = excluded.resolved_at,
  resolved_by = excluded.resolved_by, note = excluded.note
WHERE (excluded.detail, excluded.since, excluded.resolved_at, excluded.note)
  IS NOT (attention.detail, attention.since, attention.resolved_at, attention.note)";

/// What an order no longer names.
const FORGET_ATTENTION: &str = "
DELETE FROM attention WHERE id IN (
  SELECT attention.id FROM (SELECT value FROM json_each(?1) LIMIT -1) AS told
  CROSS JOIN orders ON orders.id = told.value ->> 'id' AND orders.version = told.value ->> 'version'
  CROSS JOIN attention ON attention.order_id = orders.id
  WHERE NOT EXISTS (
    SELECT 1 FROM json_each(told.value, '$.attention') AS seen
    WHERE seen.value ->> 'id' = attention.id))";

/// What is told of one order.
#[derive(Debug, Serialize)]
struct Told {
    id: OrderId,
    version: i64,
    movements: Vec<MovementRow>,
    failed: Vec<OperationId>,
    attention: Vec<AttentionRow>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct MovementRow {
    operation_id: OperationId,
    gateway: Gateway,
    kind: OperationKind,
    amount_minor: i64,
    currency: &'static str,
    payment_reference: Option<String>,
    movement_reference: Option<String>,
    result: OperationResult,
    occurred_at: i64,
}

#[derive(Debug, Serialize)]
struct AttentionRow {
    id: String,
    code: &'static str,
    detail: String,
    since: i64,
    resolved_at: Option<i64>,
    resolved_by: Option<String>,
    note: Option<String>,
}

/// The identity of what waits for a person: the same for the same thing, whoever finds it and how often.
#[must_use]
pub fn attention_id(about: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in about {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hex::encode(hash.finalize());
    ["att_", hash.get(..32).unwrap_or_default()].concat()
}

impl AttentionRow {
    fn of(order: &Order, attention: &Attention) -> Self {
        let resolved = attention.resolved.as_ref();
        Self {
            id: attention_id(&[&order.id.to_string(), attention.code.name()]),
            code: attention.code.name(),
            detail: attention.detail.clone(),
            since: attention.since.milliseconds(),
            resolved_at: resolved.map(|resolution| resolution.at.milliseconds()),
            resolved_by: resolved.map(|resolution| resolution.by.clone()),
            note: resolved.map(|resolution| resolution.note.clone()),
        }
    }
}

impl Told {
    fn of(order: &Order) -> Self {
        let failed = |operation: &&Operation| {
            operation.result == OperationResult::Failed
                && matches!(operation.kind, OperationKind::Refund | OperationKind::Chargeback)
        };
        let operations = order.payments().flat_map(|payment| &payment.operations);
        Self {
            id: order.id,
            version: order.version,
            movements: order.payments().flat_map(movements).collect(),
            failed: operations.filter(failed).map(|operation| operation.id).collect(),
            attention: order.attention.iter().map(|a| AttentionRow::of(order, a)).collect(),
        }
    }
}

/// The money that a payment moved: captures and refunds that succeeded, chargebacks that were lost, and
/// what is under way of the latter two.
fn movements(payment: &Payment) -> Vec<MovementRow> {
    use OperationKind::{Capture, Chargeback, Refund};
    use OperationResult::{ActionRequired, Succeeded};
    let mut parts = payment.report.iter().flat_map(|report| &report.captures);
    let mut rows = Vec::new();
    for operation in &payment.operations {
        let moved = matches!(
            (operation.kind, operation.result),
            (Capture | Refund | Chargeback, Succeeded) | (Refund | Chargeback, ActionRequired)
        );
        if !moved {
            continue;
        }
        // The gateway names its captures in the order in which they were made.
        let part = if operation.kind == Capture { parts.next() } else { None };
        let part = part.filter(|part| part.amount_minor == operation.amount_minor);
        let named = operation.reference.clone().or(part.map(|part| part.reference.clone()));
        rows.push(MovementRow {
            operation_id: operation.id,
            gateway: payment.gateway,
            kind: operation.kind,
            amount_minor: operation.amount_minor,
            currency: payment.asked.currency.code(),
            payment_reference: payment.reference().map(str::to_owned),
            movement_reference: named,
            result: operation.result,
            occurred_at: operation.completed_at.unwrap_or(operation.requested_at).milliseconds(),
        });
    }
    rows
}

/// The statements that write what orders tell, to be run after those that write the orders.
pub(super) fn statements(
    database: &Database,
    orders: &[&Order],
) -> Result<Vec<Statement>, Unavailable> {
    let told: Vec<Told> = orders.iter().map(|order| Told::of(order)).collect();
    let mut statements = Vec::new();
    for array in json_arrays(&told)? {
        let mut run = |sql| {
            prepare(database, sql, &[Parameter::Text(&array)]).map(|run| statements.push(run))
        };
        if told.iter().any(|order| !order.movements.is_empty()) {
            run(WRITE_MOVEMENTS)?;
        }
        if told.iter().any(|order| !order.failed.is_empty()) {
            run(FORGET_MOVEMENTS)?;
        }
        if told.iter().any(|order| !order.attention.is_empty()) {
            run(WRITE_ATTENTION)?;
        }
        run(FORGET_ATTENTION)?;
    }
    Ok(statements)
}

/// The most movements that one question brings.
const PAGE: usize = 500;

macro_rules! movements_where {
    ($condition:literal) => {
        concat!(
            "SELECT order_id, operation_id, kind, amount_minor, currency, payment_reference,",
            " movement_reference, result, occurred_at FROM money_movements WHERE ",
            $condition
        )
    };
}

const BY_TIME: &str = movements_where!(
    "gateway = ?1 AND occurred_at >= ?2 AND occurred_at < ?3
     AND (occurred_at, order_id, operation_id) > (?2, ?4, ?5)
     ORDER BY occurred_at, order_id, operation_id LIMIT ?6"
);
const BY_PAYMENT: &str =
    movements_where!("gateway = ?1 AND payment_reference IN (SELECT value FROM json_each(?2))");
const BY_REFERENCE: &str =
    movements_where!("gateway = ?1 AND movement_reference IN (SELECT value FROM json_each(?2))");
const BY_ORDER: &str =
    movements_where!("order_id IN (SELECT value FROM json_each(?2)) AND gateway = ?1");

#[derive(Deserialize)]
struct BookedRow {
    order_id: String,
    operation_id: String,
    kind: OperationKind,
    amount_minor: i64,
    currency: String,
    payment_reference: Option<String>,
    movement_reference: Option<String>,
    result: OperationResult,
    occurred_at: i64,
}

impl BookedRow {
    fn read(self) -> Result<BookedMovement, Unavailable> {
        let malformed = |_| failed_to_read("money_movements");
        let currency = self.currency.parse().map_err(|_| failed_to_read("money_movements"))?;
        Ok(BookedMovement {
            order_id: self.order_id.parse().map_err(malformed)?,
            operation_id: self.operation_id.parse().map_err(malformed)?,
            kind: self.kind,
            amount: Money::new(self.amount_minor, currency),
            payment_reference: self.payment_reference,
            movement_reference: self.movement_reference,
            is_open: self.result == OperationResult::ActionRequired,
            occurred_at: Timestamp::from_milliseconds(self.occurred_at),
        })
    }
}

/// Our movements within a window, read page by page. If there are more than `limit`, reading stops soon
/// after that many.
///
/// # Errors
/// When D1 does not answer.
pub async fn within(
    database: &Database,
    gateway: Gateway,
    window: Window,
    limit: usize,
) -> Result<Vec<BookedMovement>, Unavailable> {
    let mut found: Vec<BookedMovement> = Vec::new();
    let (mut from, mut order, mut operation) = (window.from, String::new(), String::new());
    loop {
        let parameters = [
            Parameter::Text(gateway.name()),
            Parameter::moment(from),
            Parameter::moment(window.to),
            Parameter::Text(&order),
            Parameter::Text(&operation),
            Parameter::Integer(i64::try_from(PAGE).unwrap_or(i64::MAX)),
        ];
        let page: Vec<BookedRow> = rows(database, BY_TIME, &parameters).await?;
        let full = page.len() >= PAGE;
        for row in page {
            found.push(row.read()?);
        }
        let Some(last) = found.last().filter(|_| full && found.len() <= limit) else {
            return Ok(found);
        };
        from = last.occurred_at;
        order = last.order_id.to_string();
        operation = last.operation_id.to_string();
    }
}

/// Ours that listed movements may mean, whatever their time: by payment, by movement, by order.
///
/// # Errors
/// When D1 does not answer.
pub async fn meant_by(
    database: &Database,
    gateway: Gateway,
    listed: &[ListedMovement],
) -> Result<Vec<BookedMovement>, Unavailable> {
    let mut found = Vec::new();
    for listed in listed.chunks(PAGE) {
        let payments: Vec<_> = listed.iter().filter_map(|l| l.payment_reference.as_ref()).collect();
        let movements: Vec<_> = listed.iter().map(|l| &l.movement_reference).collect();
        let orders: Vec<_> = listed.iter().filter_map(|l| l.order_id).collect();
        let questions = [
            (BY_PAYMENT, json_list(&payments)?),
            (BY_REFERENCE, json_list(&movements)?),
            (BY_ORDER, json_list(&orders)?),
        ];
        for (sql, list) in questions {
            if list == "[]" {
                continue;
            }
            let parameters = [Parameter::Text(gateway.name()), Parameter::Text(&list)];
            let page: Vec<BookedRow> = rows(database, sql, &parameters).await?;
            for row in page {
                found.push(row.read()?);
            }
        }
    }
    Ok(found)
}

/// Voids of ours in place of refunds, whatever their time, of payments that the gateway does not list.
///
/// # Errors
/// When D1 does not answer.
pub async fn voids_of(
    database: &Database,
    gateway: Gateway,
    payments: &[String],
) -> Result<Vec<BookedMovement>, Unavailable> {
    let mut found = Vec::new();
    for payments in payments.chunks(PAGE) {
        let references: Vec<_> = payments.iter().map(|payment| void_reference(payment)).collect();
        let list = json_list(&references)?;
        let parameters = [Parameter::Text(gateway.name()), Parameter::Text(&list)];
        let page: Vec<BookedRow> = rows(database, BY_REFERENCE, &parameters).await?;
        for row in page {
            found.push(row.read()?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payment::{CaptureMode, CapturedPart, PaymentReport, ReportedState};

    fn operation(
        number: u128,
        kind: OperationKind,
        amount_minor: i64,
        result: OperationResult,
    ) -> Operation {
        let id = OperationId::new(uuid::Uuid::from_u128(number));
        serde_json::from_value(serde_json::json!({
            "id": id, "kind": kind, "amount_minor": amount_minor, "result": result, "attempts": 0,
            "requested_at": Timestamp::from_milliseconds(1_000),
            "completed_at": Timestamp::from_milliseconds(2_000),
        }))
        .unwrap()
    }

    fn payment(operations: Vec<Operation>) -> Payment {
        let asked = Money::new(1_000, "USD".parse().unwrap());
        let at = Timestamp::from_milliseconds(2_000);
        let state = ReportedState::Captured;
        let mut report = PaymentReport::new("pay_1".to_owned(), state, asked, 1_000, at);
        let part = |reference: &str, amount_minor| CapturedPart {
            reference: reference.to_owned(),
            amount_minor,
        };
        report.captures = vec![part("cap_1", 300), part("cap_2", 700)];
        let report = Some(report);
        Payment {
            operations,
            report,
            ..Payment::new(Gateway::Paypal, CaptureMode::Automatic, asked)
        }
    }

    #[test]
    fn only_money_that_moved_has_a_row_and_captures_go_by_the_gateways_names() {
        use OperationKind::{Authorize, Capture, Chargeback, Refund, Void};
        use OperationResult::{ActionRequired, Failed, Requested, Succeeded, Unknown};
        let rows = movements(&payment(vec![
            operation(1, Authorize, 1_000, Succeeded),
            operation(2, Capture, 300, Succeeded),
            operation(3, Capture, 400, Failed),
            operation(4, Capture, 700, Succeeded),
            operation(5, Void, 1_000, Succeeded),
            operation(6, Refund, 100, Succeeded),
            operation(7, Refund, 100, Requested),
            operation(8, Refund, 100, Unknown),
            operation(9, Refund, 100, ActionRequired),
            operation(10, Chargeback, 200, ActionRequired),
            operation(11, Chargeback, 200, Failed),
        ]));
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.kind, row.amount_minor, row.movement_reference.as_deref()))
            .collect();
        assert_eq!(
            seen,
            [
                (Capture, 300, Some("cap_1")),
                (Capture, 700, Some("cap_2")),
                (Refund, 100, None),
                (Refund, 100, None),
                (Chargeback, 200, None),
            ]
        );
        assert!(rows.iter().all(|row| row.payment_reference.as_deref() == Some("pay_1")));
        assert!(rows.iter().all(|row| row.occurred_at == 2_000));
    }

    #[test]
    fn a_part_of_another_amount_names_nothing() {
        let capture = operation(1, OperationKind::Capture, 1_000, OperationResult::Succeeded);
        let rows = movements(&payment(vec![capture]));
        assert_eq!(rows.first().unwrap().movement_reference, None);
    }

    #[test]
    fn one_thing_has_one_identity() {
        let id = attention_id(&["ord_1", "stock_gone"]);
        assert_eq!(id, attention_id(&["ord_1", "stock_gone"]));
        assert_ne!(id, attention_id(&["ord_1s", "tock_gone"]));
        assert_eq!(id.len(), 36);
    }
}
