//! Stripe's books: its balance transactions, with what each came from.
//!
//! A balance transaction may be in the currency of settlement and has the fee taken off, so amounts are
//! read from the source: the charge, refund or dispute. Money that came back (a refund that the bank
//! returned, a dispute that was won) is two lines in Stripe's books and none here: the sources say how
//! it ended.

use serde::de::DeserializeOwned;

use super::wire::{BalanceList, BalanceTransaction, ChargeSource, Dispute, Metadata, Refund};
use super::{Stripe, mapping};
use crate::domain::payment::{CallFailure, MovementReport, MovementState, OperationKind};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, ListedMovement, ListedPage, Listing, Window,
};
use crate::providers::payment::reading::{self, Class};

/// Lines a page. A charge with all its details is up to 6 KB and a dispute more, so the hundred that
/// Stripe would give are longer than any reply that is read.
const PAGE: &str = "20";

impl Listing for Stripe<'_> {
    fn list(&self, window: Window, cursor: Option<&str>) -> Result<Call<ListedPage>, BuildError> {
        let from = first_second(window.from).to_string();
        let to = first_second(window.to).to_string();
        let mut query = vec![
            ("created[gte]", from.as_str()),
            ("created[lt]", to.as_str()),
            ("limit", PAGE),
            ("expand[]", "data.source"),
        ];
        if let Some(cursor) = cursor {
            query.push(("starting_after", reading::reference(cursor)?));
        }
        let request = self.get(&["v1", "balance_transactions"], &query);
        Ok(Call::new(request, |reply, _| page(reply)))
    }
}

/// The first whole second that is not before a moment: Stripe's books count whole ones.
fn first_second(moment: Timestamp) -> i64 {
    moment.milliseconds().saturating_add(999).div_euclid(1_000)
}

fn page(reply: &HttpReply) -> Result<ListedPage, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let list: BalanceList = reading::json(&reply.body)?;
    let next = match (list.has_more, list.data.last()) {
        (false, _) => None,
        (true, Some(last)) if reading::is_reference(&last.id) => Some(last.id.clone()),
        (true, _) => return Err(reading::unknown("the page does not say where the next begins")),
    };
    let mut entries = Vec::new();
    for line in list.data {
        entries.extend(entry(line).map_err(reading::unknown)?);
    }
    Ok(ListedPage { entries, next })
}

/// A line as a movement; `None` for what is not a buyer's money (fees, payouts), came back, or is in a
/// currency in which we ask for nothing.
fn entry(line: BalanceTransaction) -> Result<Option<ListedMovement>, &'static str> {
    let occurred_at = mapping::moment(line.created).ok_or("a line's time is out of range")?;
    let reversal = line.reporting_category.as_deref() == Some("dispute_reversal");
    let found = match line.kind.as_str() {
        "charge" | "payment" => capture(source(line.source)?, occurred_at)?,
        "refund" | "payment_refund" => refund(&source(line.source)?, occurred_at)?,
        "adjustment" if is_dispute(&line.source) && !reversal => {
            chargeback(&source(line.source)?, occurred_at)?
        }
        _ => None,
    };
    let well_formed = |entry: &ListedMovement| {
        let payment = entry.payment_reference.as_deref();
        reading::is_reference(&entry.movement_reference)
            && payment.is_none_or(reading::is_reference)
    };
    match found {
        Some(entry) if !well_formed(&entry) => Err("an identity in the books is malformed"),
        found => Ok(found),
    }
}

fn source<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, &'static str> {
    serde_json::from_value(value).map_err(|_| "what a line of the books came from can't be read")
}

fn is_dispute(source: &serde_json::Value) -> bool {
    source.get("object").and_then(|name| name.as_str()) == Some("dispute")
}

fn capture(
    charge: ChargeSource,
    occurred_at: Timestamp,
) -> Result<Option<ListedMovement>, &'static str> {
    // A direct debit that bounced is a charge that failed after it was booked.
    let bounced = charge.status.as_deref() == Some("failed");
    if bounced || mapping::currency(&charge.currency).is_err() {
        return Ok(None);
    }
    let order = charge.metadata.and_then(|metadata| metadata.order_id);
    Ok(Some(ListedMovement {
        kind: OperationKind::Capture,
        payment_reference: charge.payment_intent,
        movement_reference: charge.id,
        order_id: order.and_then(|id| id.parse().ok()),
        operation_id: None,
        amount: mapping::money(charge.amount_captured.0, &charge.currency)?,
        occurred_at,
    }))
}

fn refund(refund: &Refund, occurred_at: Timestamp) -> Result<Option<ListedMovement>, &'static str> {
    if mapping::currency(&refund.currency).is_err() {
        return Ok(None);
    }
    let report = mapping::refund(refund, occurred_at)?;
    Ok(listed(report, refund.payment_intent.clone(), refund.metadata.as_ref()))
}

fn chargeback(
    dispute: &Dispute,
    occurred_at: Timestamp,
) -> Result<Option<ListedMovement>, &'static str> {
    if mapping::currency(&dispute.currency).is_err() {
        return Ok(None);
    }
    let report = mapping::dispute(dispute, occurred_at)?;
    Ok(listed(report, dispute.payment_intent.clone(), None))
}

/// A movement of the books, unless it came back.
fn listed(
    report: MovementReport,
    payment_reference: Option<String>,
    metadata: Option<&Metadata>,
) -> Option<ListedMovement> {
    (report.state != MovementState::Failed).then(|| ListedMovement {
        kind: report.kind,
        payment_reference,
        movement_reference: report.reference,
        order_id: metadata.and_then(|m| m.order_id.as_deref()).and_then(|id| id.parse().ok()),
        operation_id: report.operation_id,
        amount: report.amount,
        occurred_at: report.occurred_at,
    })
}
