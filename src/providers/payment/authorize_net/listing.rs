//! The books: batch by batch what has settled, then what has not.
//!
//! A line names neither the order nor, for a refund, the payment; a movement is known by its
//! transaction's id. A payment that was voided before it settled moved nothing and is not listed, neither
//! as taken nor as given back.
//!
//! A line is dated by its submission, which is when money is taken that is taken at once. When held
//! money was taken nobody says; it is known to have been held if it had not settled within
//! [`LATE_MILLISECONDS`]. Such a line is dated by its batch, or by the question while it waits for one:
//! within a day of the capture.

use super::mapping::{self, Meaning};
use super::reply::body;
use super::search::{self, PAGE};
use super::wire::{
    Batch, Batches, BatchesReply, ListReply, Paging, Request, ResultCode, Sorting, Summary,
};
use super::{AuthorizeNet, codes};
use crate::domain::currency::Currency;
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, OperationKind};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{BuildError, Call, ListedMovement, ListedPage, Window};
use crate::providers::payment::reading::{Asked, unknown};

/// Days between the first and the last batch that can be asked for at once.
const MAX_DAYS: i64 = 31;

/// How long after its submission a transaction may settle without having been held first: batches are
/// cut every day and take hours to settle.
const LATE_MILLISECONDS: i64 = 36 * 60 * 60 * 1_000;

/// The most batches of one window; there is one a day and means of payment.
const MAX_BATCHES: usize = 200;

/// The longest cursor that is looked at.
const MAX_CURSOR_BYTES: usize = 16 * 1_024;

/// The most pages of one list.
const MAX_PAGES: u32 = 10_000;

/// A batch that is still to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Settled {
    id: String,
    at: Timestamp,
}

/// Where the walk stands: the page of the first batch or, when there is none left, of the unsettled
/// transactions. As a text: `<page>` and then `.<batch>-<unix milliseconds>` for each batch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cursor {
    page: u32,
    batches: Vec<Settled>,
}

impl Cursor {
    fn text(&self) -> String {
        let batches = self
            .batches
            .iter()
            .map(|batch| format!(".{}-{}", batch.id, batch.at.milliseconds()))
            .collect::<String>();
        format!("{}{batches}", self.page)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_CURSOR_BYTES {
            return None;
        }
        let mut parts = text.split('.');
        let page = parts.next()?.parse().ok().filter(|page| (1..=MAX_PAGES).contains(page))?;
        let batch = |part: &str| {
            let (id, at) = part.split_once('-')?;
            let id = mapping::is_transaction(id).then(|| id.to_owned())?;
            Some(Settled { id, at: Timestamp::from_milliseconds(at.parse().ok()?) })
        };
        let batches: Vec<Settled> = parts.map(batch).collect::<Option<_>>()?;
        (batches.len() <= MAX_BATCHES).then_some(Self { page, batches })
    }

    /// Where the walk goes on after a page with so many lines.
    fn after(mut self, lines: usize) -> Option<Self> {
        if lines >= PAGE {
            self.page = self.page.checked_add(1)?;
            return Some(self);
        }
        if self.batches.is_empty() {
            return None;
        }
        self.batches.remove(0);
        Some(Self { page: 1, ..self })
    }
}

impl AuthorizeNet<'_> {
    pub(super) fn list_page(
        &self,
        window: Window,
        cursor: Option<&str>,
    ) -> Result<Call<ListedPage>, BuildError> {
        let days = |days: i64| days.saturating_mul(86_400);
        if window.to > window.from.plus_seconds(days(MAX_DAYS)) {
            return Err(BuildError::NotOffered("a list of more than 31 days"));
        }
        let Some(cursor) = cursor else {
            let last = window.to.plus_milliseconds(LATE_MILLISECONDS);
            let last = last.min(window.from.plus_seconds(days(MAX_DAYS)));
            return self.batches(window.from, last);
        };
        let cursor = Cursor::parse(cursor).ok_or(BuildError::Reference)?;
        let currency = self.settings.currency;
        let request = match cursor.batches.first() {
            Some(batch) => self.post(&Request::Batch(Batch {
                merchant_authentication: self.merchant(),
                batch_id: batch.id.clone(),
                sorting: Sorting { order_by: "submitTimeUTC", order_descending: true },
                paging: Paging { limit: PAGE, offset: cursor.page },
            }))?,
            None => self.unsettled(cursor.page)?,
        };
        Ok(Call::new(request, move |reply, sent_at| {
            let reply: ListReply = body(reply)?;
            let lines = search::lines(reply)?;
            let settled = cursor.batches.first().map_or(sent_at, |batch| batch.at);
            let count = lines.len();
            let entries = lines
                .into_iter()
                .filter_map(|line| entry(line, settled, window, currency).transpose())
                .collect::<Result<_, _>>()?;
            Ok(ListedPage { entries, next: cursor.after(count).map(|cursor| cursor.text()) })
        }))
    }

    /// The first page holds no line, only which batches there are.
    fn batches(&self, first: Timestamp, last: Timestamp) -> Result<Call<ListedPage>, BuildError> {
        let request = self.post(&Request::Batches(Batches {
            merchant_authentication: self.merchant(),
            include_statistics: false,
            first_settlement_date: first.rfc3339(),
            last_settlement_date: last.rfc3339(),
        }))?;
        Ok(Call::new(request, |reply, _| {
            let batches = settled_batches(body(reply)?)?;
            let next = Cursor { page: 1, batches }.text();
            Ok(ListedPage { entries: Vec::new(), next: Some(next) })
        }))
    }
}

fn settled_batches(reply: BatchesReply) -> Result<Vec<Settled>, CallFailure> {
    if reply.messages.result_code == ResultCode::Error {
        return Err(codes::of_request(&reply.messages.message, Asked::Question));
    }
    let says_none = reply.messages.message.iter().any(|message| message.code == codes::NO_RECORDS);
    let list = match reply.batch_list {
        Some(list) => list,
        None if says_none => Vec::new(),
        None => return Err(unknown("the reply has no list")),
    };
    if list.len() > MAX_BATCHES {
        return Err(unknown("more batches than a window can have"));
    }
    list.into_iter()
        .map(|batch| {
            let at = batch.settlement_time_utc.as_deref().and_then(Timestamp::parse_rfc3339);
            at.filter(|_| mapping::is_transaction(&batch.batch_id))
                .map(|at| Settled { id: batch.batch_id, at })
                .ok_or_else(|| unknown("a batch can't be read"))
        })
        .collect()
}

/// A line's movement; none if no money moved, or not within the window. `settled`: when its batch did,
/// or now if it is in none.
fn entry(
    line: Summary,
    settled: Timestamp,
    window: Window,
    currency: Currency,
) -> Result<Option<ListedMovement>, CallFailure> {
    let kind = match mapping::meaning(&line.transaction_status) {
        Some(Meaning::Taken { .. }) => OperationKind::Capture,
        Some(Meaning::Refund) => OperationKind::Refund,
        Some(Meaning::TakenBack) => OperationKind::Chargeback,
        _ => return Ok(None),
    };
    let submitted = Timestamp::parse_rfc3339(&line.submit_time_utc)
        .ok_or_else(|| unknown("a transaction's time can't be read"))?;
    let late = settled.milliseconds_since(submitted) > LATE_MILLISECONDS;
    let occurred_at = if late { settled } else { submitted };
    if occurred_at < window.from || occurred_at >= window.to {
        return Ok(None);
    }
    if !mapping::is_transaction(&line.trans_id) {
        return Err(unknown("a transaction's id is malformed"));
    }
    let amount = mapping::minor(&line.settle_amount).map_err(unknown)?;
    Ok(Some(ListedMovement {
        kind,
        payment_reference: (kind == OperationKind::Capture).then(|| line.trans_id.clone()),
        movement_reference: line.trans_id,
        order_id: None,
        operation_id: None,
        amount: Money::new(amount, currency),
        occurred_at,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let batch =
            |id: &str, at| Settled { id: id.to_owned(), at: Timestamp::from_milliseconds(at) };
        let start = Cursor { page: 1, batches: vec![batch("3990061", 1), batch("3990090", 2)] };
        assert_eq!(start.text(), "1.3990061-1.3990090-2");
        assert_eq!(Cursor::parse(&start.text()), Some(start.clone()));
        let second = start.after(PAGE).unwrap();
        assert_eq!(second.text(), "2.3990061-1.3990090-2");
        let third = second.after(PAGE - 1).unwrap();
        assert_eq!(third.text(), "1.3990090-2");
        let unsettled = third.after(0).unwrap();
        assert_eq!(unsettled.text(), "1");
        assert_eq!(unsettled.clone().after(PAGE).unwrap().text(), "2");
        assert_eq!(unsettled.after(1), None);
        let long = format!("1{}", ".1-1".repeat(MAX_BATCHES + 1));
        for bad in ["", "0", "x", "1.", "1.a-1", "1.1", "1.1-x", "-1", "10001", &long] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
