//! Invoices and credit notes: what an order owes on paper, numbered many orders together.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::Shard;
use super::alarm::trouble;
use crate::domain::id::{OrderId, RefundId};
use crate::domain::invoice::{CancellationDraft, CreditNoteDraft, InvoiceDraft};
use crate::domain::money::MoneyError;
use crate::domain::order::Order;
use crate::flows::advance::Input;
use crate::flows::owed::Effect;
use crate::objects::commands::{DocumentDraft, SeriesAnswer, SeriesCommand};

/// Drafts that travel together.
const DRAFTS_PER_CALL: usize = 50;

/// What a draft is for.
#[derive(Clone, Copy)]
enum Whose {
    Order(OrderId),
    Refund(OrderId, RefundId),
    /// A refund that failed, and what of it has moved.
    Failed(OrderId, RefundId, i64),
}

/// Documents to be numbered, by series.
#[derive(Default)]
pub(super) struct ToNumber(BTreeMap<String, Vec<Whose>>);

impl ToNumber {
    /// Takes an order's debt, if it is one of a number.
    pub(super) fn take(&mut self, id: OrderId, effect: &Effect) -> bool {
        let (series, whose) = match effect {
            Effect::NumberInvoice { series } => (series, Whose::Order(id)),
            Effect::NumberCreditNote { series, refund } => (series, Whose::Refund(id, *refund)),
            Effect::CancelCreditNote { series, refund, moved_minor } => {
                (series, Whose::Failed(id, *refund, *moved_minor))
            }
            _ => return false,
        };
        self.0.entry(series.clone()).or_default().push(whose);
        true
    }
}

impl Shard {
    /// Gets numbers, in few calls to each series. What gets none now stays owed.
    pub(super) async fn number(&self, wanted: ToNumber) -> Vec<(OrderId, Input)> {
        let calls = wanted.0.iter().flat_map(|(series, whose)| {
            whose.chunks(DRAFTS_PER_CALL).map(|chunk| self.number_in(series, chunk))
        });
        join_all(calls).await.into_iter().flatten().collect()
    }

    async fn number_in(&self, series: &str, whose: &[Whose]) -> Vec<(OrderId, Input)> {
        let drafted = whose.iter().filter_map(|one| Some((*one, self.draft(*one)?)));
        let (whose, drafts): (Vec<Whose>, Vec<DocumentDraft>) = drafted.unzip();
        if drafts.is_empty() {
            return Vec::new();
        }
        let answer = self.platform.series(series, &SeriesCommand::Issue { drafts }).await;
        let Ok(SeriesAnswer::Issued { numbers }) = answer else {
            return Vec::new();
        };
        let given = whose.into_iter().zip(numbers);
        given.filter_map(|(whose, number)| Some(whose.learns(number?))).collect()
    }

    fn draft(&self, whose: Whose) -> Option<DocumentDraft> {
        let order = match self.store.order(whose.order()) {
            Ok(order) => order?,
            Err(error) => {
                trouble("invoices.order_unread", &error);
                return None;
            }
        };
        draft(&order, whose).unwrap_or_else(|cause| {
            let cause = format!("{}: {cause}", order.id);
            trouble("invoices.draft_failed", &worker::Error::RustError(cause));
            None
        })
    }
}

impl Whose {
    const fn order(self) -> OrderId {
        match self {
            Self::Order(id) | Self::Refund(id, _) | Self::Failed(id, ..) => id,
        }
    }

    const fn learns(self, number: String) -> (OrderId, Input) {
        match self {
            Self::Order(id) => (id, Input::Invoice(number)),
            Self::Refund(id, refund) => (id, Input::CreditNote { refund, number }),
            Self::Failed(id, refund, moved_minor) => {
                (id, Input::CreditNoteCancelled { refund, number, moved_minor })
            }
        }
    }
}

fn draft(order: &Order, whose: Whose) -> Result<Option<DocumentDraft>, MoneyError> {
    match whose {
        Whose::Order(_) => {
            let draft = Box::new(InvoiceDraft::of(order)?);
            Ok(Some(DocumentDraft::Invoice { draft }))
        }
        Whose::Refund(_, id) => {
            let Some(refund) = order.refunds.iter().find(|refund| refund.id == id) else {
                return Ok(None);
            };
            let draft = CreditNoteDraft::of(order, refund)?;
            Ok(draft.map(|draft| DocumentDraft::CreditNote { draft: Box::new(draft) }))
        }
        Whose::Failed(_, id, moved_minor) => {
            let refund = order.refunds.iter().find(|refund| refund.id == id);
            let draft =
                refund.and_then(|refund| CancellationDraft::of(order.id, refund, moved_minor));
            Ok(draft.map(|draft| DocumentDraft::Cancellation { draft }))
        }
    }
}
