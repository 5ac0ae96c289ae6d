//! Razorpay's books: first the payments of a window, then its refunds.
//!
//! Razorpay lists both by when they were created. A payment that was held is therefore listed where the
//! buyer made it, up to [`super::mapping::HOLD_MINUTES`] before its money was taken.
//!
//! A refund names the payment (`pay_…`), not the order, so its entry has no reference of ours; those
//! that we asked for name their order in the notes.

use super::wire::{Collection, Payment, Refund, RefundStatus, Seconds};
use super::{Razorpay, mapping};
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, OperationKind};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, ListedMovement, ListedPage, Listing, Window,
};
use crate::providers::payment::reading::{self, Class};

/// Entries of a page. Razorpay gives up to 100; a hundred payments with all their notes can be longer
/// than the longest reply that is read.
const PAGE: usize = 50;

/// The longest way into the books that is followed.
const MAX_SKIP: usize = 1_000_000;

/// Which of the two books, and how far into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    book: Book,
    skip: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Book {
    Payments,
    Refunds,
}

impl Book {
    const fn name(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Refunds => "refunds",
        }
    }
}

impl Place {
    const START: Self = Self { book: Book::Payments, skip: 0 };

    fn parse(cursor: &str) -> Option<Self> {
        let (book, skip) = cursor.split_once(':')?;
        let book = match book {
            "payments" => Book::Payments,
            "refunds" => Book::Refunds,
            _ => return None,
        };
        let digits = (1..=7).contains(&skip.len()) && skip.bytes().all(|b| b.is_ascii_digit());
        let skip = skip.parse().ok().filter(|skip| digits && *skip <= MAX_SKIP)?;
        Some(Self { book, skip })
    }

    /// Where the next page is, after one of so many entries.
    fn after(self, entries: usize) -> Option<String> {
        let next = if entries >= PAGE {
            Self { skip: self.skip.saturating_add(PAGE), ..self }
        } else if self.book == Book::Payments {
            Self { book: Book::Refunds, skip: 0 }
        } else {
            return None;
        };
        Some(format!("{}:{}", next.book.name(), next.skip))
    }
}

impl Listing for Razorpay<'_> {
    fn list(&self, window: Window, cursor: Option<&str>) -> Result<Call<ListedPage>, BuildError> {
        let place = cursor.map_or(Some(Place::START), Place::parse).ok_or(BuildError::Reference)?;
        let last = window.to.plus_milliseconds(-1);
        let query = [
            ("from", window.from.seconds().to_string()),
            ("to", last.seconds().to_string()),
            ("count", PAGE.to_string()),
            ("skip", place.skip.to_string()),
        ];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        let request = self.get(&["v1", place.book.name()], &query);
        Ok(Call::new(request, move |reply, _| page(reply, place, window)))
    }
}

fn page(reply: &HttpReply, place: Place, window: Window) -> Result<ListedPage, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let within = |at: Timestamp| window.from <= at && at < window.to;
    let (entries, listed) = match place.book {
        Book::Payments => {
            let list: Collection<Payment> = reading::json(&reply.body)?;
            let taken = list.items.iter().filter(|payment| payment.was_taken());
            (taken.map(taking).collect::<Result<Vec<_>, _>>(), list.items.len())
        }
        Book::Refunds => {
            let list: Collection<Refund> = reading::json(&reply.body)?;
            let given = list.items.iter().filter(|r| r.status == RefundStatus::Processed);
            (given.map(giving_back).collect(), list.items.len())
        }
    };
    let mut entries: Vec<ListedMovement> = entries.map_err(reading::unknown)?;
    entries.retain(|entry| within(entry.occurred_at));
    Ok(ListedPage { entries, next: place.after(listed) })
}

fn taking(payment: &Payment) -> Result<ListedMovement, &'static str> {
    if !mapping::is_payment(&payment.id) {
        return Err("a payment's id is malformed");
    }
    let Seconds(occurred_at) = payment.created_at;
    Ok(ListedMovement {
        kind: OperationKind::Capture,
        payment_reference: payment.order_id.clone().filter(|id| mapping::is_order(id)),
        movement_reference: payment.id.clone(),
        order_id: payment.notes.order_id(),
        operation_id: None,
        amount: Money::new(payment.amount.0, mapping::currency(&payment.currency)?),
        occurred_at,
    })
}

fn giving_back(refund: &Refund) -> Result<ListedMovement, &'static str> {
    let Seconds(occurred_at) = refund.created_at;
    let report = mapping::refund(refund, occurred_at)?;
    Ok(ListedMovement {
        kind: report.kind,
        payment_reference: None,
        movement_reference: report.reference,
        order_id: refund.notes.order_id(),
        operation_id: report.operation_id,
        amount: report.amount,
        occurred_at,
    })
}
