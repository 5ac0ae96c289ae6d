//! PayPal's books: the transaction search.
//!
//! It lists up to 31 days at a time, so a longer window is asked in slices. The cursor is the slice and
//! the page within it. New transactions may take three hours to appear.

use super::amount::to_signed_minor;
use super::mapping::named;
use super::wire::{Transaction, TransactionPage, moment};
use super::{Paypal, whole_second};
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, OperationKind};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, ListedMovement, ListedPage, Listing, Window,
};
use crate::providers::payment::reading::{self, Class};

/// The longest span of one question.
const SLICE_MILLISECONDS: i64 = 31 * 24 * 60 * 60 * 1_000;

/// As many as surely fit into the reply that is read: PayPal writes up to a kilobyte for each.
const PAGE_SIZE: &str = "100";

/// Which part of the window is asked for.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    slice: i64,
    page: u32,
}

impl Cursor {
    fn parse(text: Option<&str>) -> Result<Self, BuildError> {
        let Some(text) = text else { return Ok(Self { slice: 0, page: 1 }) };
        let (slice, page) = text.split_once('.').ok_or(BuildError::Reference)?;
        let slice = slice.parse::<u16>().map_err(|_| BuildError::Reference)?;
        let page = page.parse::<u32>().map_err(|_| BuildError::Reference)?;
        Ok(Self { slice: i64::from(slice), page })
    }

    fn text(self) -> String {
        format!("{}.{}", self.slice, self.page)
    }

    /// What of the window is in the slice; `None` beyond its end.
    fn span(self, window: Window) -> Option<Window> {
        let from = window.from.plus_milliseconds(self.slice.saturating_mul(SLICE_MILLISECONDS));
        let to = from.plus_milliseconds(SLICE_MILLISECONDS).min(window.to);
        (from < to).then_some(Window { from, to })
    }

    /// The page after this one, given how many the slice has.
    fn next(self, window: Window, pages: u32) -> Option<Self> {
        if self.page < pages {
            return Some(Self { slice: self.slice, page: self.page.saturating_add(1) });
        }
        let next = Self { slice: self.slice.saturating_add(1), page: 1 };
        next.span(window).map(|_| next)
    }
}

impl Listing for Paypal<'_> {
    fn list(&self, window: Window, cursor: Option<&str>) -> Result<Call<ListedPage>, BuildError> {
        let cursor = Cursor::parse(cursor)?;
        // PayPal tells time in whole seconds: windows cut to them leave nothing out between them.
        let window = Window { from: whole_second(window.from), to: whole_second(window.to) };
        let span = cursor.span(window).ok_or(BuildError::Reference)?;
        let mut url = self.settings.base_url.join(&["v1", "reporting", "transactions"]);
        url.query_pairs_mut()
            .append_pair("start_date", &span.from.rfc3339())
            // PayPal counts the last moment in.
            .append_pair("end_date", &span.to.plus_milliseconds(-1).rfc3339())
            .append_pair("fields", "transaction_info")
            .append_pair("page_size", PAGE_SIZE)
            .append_pair("page", &cursor.page.to_string());
        let mut request = self.get(&[]);
        request.url = url.into();
        Ok(Call::new(request, move |reply, _| listed(reply, cursor, span, window)))
    }
}

fn listed(
    reply: &HttpReply,
    cursor: Cursor,
    span: Window,
    window: Window,
) -> Result<ListedPage, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let page: TransactionPage = reading::json(&reply.body)?;
    if page.page.is_some_and(|told| told != cursor.page) {
        return Err(reading::unknown("the reply is another page"));
    }
    let mut entries = Vec::new();
    for detail in page.transaction_details {
        let entry = movement(detail.transaction_info).map_err(reading::unknown)?;
        entries.extend(entry.filter(|one| (span.from..span.to).contains(&one.occurred_at)));
    }
    let next = cursor.next(window, page.total_pages);
    Ok(ListedPage { entries, next: next.map(Cursor::text) })
}

/// A transaction that moved a buyer's money; `None` for fees, transfers, holds and everything else.
fn movement(transaction: Transaction) -> Result<Option<ListedMovement>, &'static str> {
    let code = transaction.transaction_event_code.as_deref().unwrap_or_default();
    // S: done. V: done, and reversed by a transaction of its own. What is pending or denied did not move.
    let moved = matches!(transaction.transaction_status.as_deref(), Some("S" | "V"));
    let kind = match code {
        // A payment reversed by PayPal or a bank; a chargeback of a card.
        "T1106" | "T1201" => OperationKind::Chargeback,
        "T1107" => OperationKind::Refund,
        _ if code.starts_with("T00") => OperationKind::Capture,
        _ => return Ok(None),
    };
    let Some(amount) = transaction.transaction_amount.filter(|_| moved) else { return Ok(None) };
    let currency = amount.currency()?;
    let (left, minor) =
        to_signed_minor(&amount.value, currency).ok_or("an amount can't be read")?;
    // What came in is a payment to us, what went out is given back by us; the other way round the
    // account was itself a buyer.
    if left == (kind == OperationKind::Capture) || minor == 0 {
        return Ok(None);
    }
    if !reading::is_reference(&transaction.transaction_id) {
        return Err("a transaction's id is malformed");
    }
    let occurred_at: Timestamp = moment(transaction.transaction_initiation_date.as_deref())
        .ok_or("a transaction's time can't be read")?;
    let (order_id, operation_id) = named(transaction.custom_field.as_deref());
    let order = transaction.paypal_reference_id_type.as_deref() == Some("ODR");
    Ok(Some(ListedMovement {
        kind,
        payment_reference: transaction
            .paypal_reference_id
            .filter(|id| order && reading::is_reference(id)),
        movement_reference: transaction.transaction_id,
        order_id,
        operation_id,
        amount: Money::new(minor, currency),
        occurred_at,
    }))
}
