//! What an order still owes the world, read from its state alone.

use super::shortage::ask_again_at;
use crate::domain::id::{OperationId, RefundId, Sku};
use crate::domain::order::{ClaimState, Order, OrderStatus, Restock};
use crate::domain::payment::{Operation, OperationKind, OperationResult, Payment, ReportedState};
use crate::domain::time::Timestamp;

/// Something to be done outside the object, under a key that never changes for it: the order's id
/// at a SKU and at the invoice series, the operation's id at a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Ask a SKU to set units aside.
    Reserve {
        /// Whom to ask.
        sku: Sku,
        /// Units in all.
        quantity: u32,
        /// When the claim ends by itself.
        expires_at: Timestamp,
    },
    /// Tell a SKU that the units are sold.
    Commit {
        /// Whom to tell.
        sku: Sku,
        /// Units in all.
        quantity: u32,
    },
    /// Tell a SKU that the units are given back.
    Release {
        /// Whom to tell.
        sku: Sku,
    },
    /// Ask the gateway for the money, for the first time.
    Authorize {
        /// The idempotency key.
        operation: OperationId,
    },
    /// Find out what became of a request whose answer was lost, before any reference was known.
    Recover {
        /// The idempotency key.
        operation: OperationId,
        /// When it was first asked, for gateways that forget keys.
        asked_at: Timestamp,
    },
    /// Look for the payment of a request whose answer was lost, and start nothing: the order is being
    /// called off, and a charge that never happened must not happen now.
    Find {
        /// The operation that would have started it.
        operation: OperationId,
        /// When it was first asked: a gateway may need a while until a new payment is found.
        asked_at: Timestamp,
    },
    /// Ask the gateway where the payment stands.
    Retrieve {
        /// The gateway's identity of the payment.
        reference: String,
    },
    /// Ask the same beside what is asked of the payment already ([`Payment::question`]).
    RetrieveBeside {
        /// The gateway's identity of the payment.
        reference: String,
        /// Which question it is.
        raised_at: Timestamp,
    },
    /// Complete what the buyer approved.
    Complete {
        /// The operation that started the payment.
        operation: OperationId,
    },
    /// Take held money.
    Capture {
        /// The idempotency key.
        operation: OperationId,
        /// The gateway's identity of the payment.
        reference: String,
        /// Minor units to take.
        amount_minor: i64,
    },
    /// Call the payment off.
    Void {
        /// The idempotency key.
        operation: OperationId,
        /// The gateway's identity of the payment.
        reference: String,
    },
    /// Give money back, for the first time.
    Refund {
        /// The idempotency key.
        operation: OperationId,
    },
    /// Find out what became of a refund whose answer was lost.
    RecoverRefund {
        /// The idempotency key.
        operation: OperationId,
    },
    /// Ask how a refund stands that is under way.
    FindRefund {
        /// The idempotency key.
        operation: OperationId,
    },
    /// Tell a SKU that sold units came back.
    Restock(Restock),
    /// Get the invoice its number.
    NumberInvoice {
        /// The series.
        series: String,
    },
    /// Get a refund's credit note its number.
    NumberCreditNote {
        /// The series.
        series: String,
        /// Whose.
        refund: RefundId,
    },
    /// Get the note its number that cancels the credit note of a refund which failed.
    CancelCreditNote {
        /// The series.
        series: String,
        /// Whose.
        refund: RefundId,
        /// What stays of the credit note, minor units: what of the refund has moved.
        moved_minor: i64,
    },
}

/// Everything owed now. Performing any of it twice is harmless; not performing it is what the alarm
/// is for.
#[must_use]
pub fn owed(order: &Order, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    stock_owed(order, now, &mut effects);
    if let Some(payment) = &order.payment
        && order.status != OrderStatus::Completed
    {
        let over = order.closing.is_some() || order.payment_window_ends_at <= now;
        effects.extend(payment_owed(payment, over, now));
    }
    effects.extend(order.earlier_payments.iter().filter_map(|p| payment_owed(p, true, now)));
    effects.extend(order.payments().filter_map(|payment| question_owed(payment, now)));
    if order.invoice_due() {
        effects.push(Effect::NumberInvoice { series: order.invoice_series.clone() });
    }
    // Before any new one: what is cancelled is what the invoice has left for that.
    effects.extend(order.credit_notes_to_cancel().map(|refund| Effect::CancelCreditNote {
        series: order.series_for_credit_notes(),
        refund: refund.id,
        moved_minor: order.refund_moved_minor(refund),
    }));
    effects.extend(order.credit_notes_due().map(|refund| Effect::NumberCreditNote {
        series: order.series_for_credit_notes(),
        refund: refund.id,
    }));
    effects
}

fn stock_owed(order: &Order, now: Timestamp, effects: &mut Vec<Effect>) {
    let secured = order.is_secured();
    for claim in &order.claims {
        let sku = claim.sku.clone();
        let quantity = claim.quantity;
        match (claim.claim, order.status) {
            (ClaimState::Requested, OrderStatus::Placing | OrderStatus::Open)
                if order.status == OrderStatus::Placing || order.closing.is_none() =>
            {
                effects.push(Effect::Reserve { sku, quantity, expires_at: order.claims_expire_at })
            }
            (ClaimState::Held, OrderStatus::Open) if secured => {
                effects.push(Effect::Commit { sku, quantity });
            }
            (ClaimState::Short { .. }, OrderStatus::Open)
                if ask_again_at(order, claim).is_some_and(|at| at <= now) =>
            {
                effects.push(Effect::Commit { sku, quantity });
            }
            // One that is short may hold units all the same: it was told so by a commit that found none.
            (
                ClaimState::Held
                | ClaimState::Requested
                | ClaimState::Committed
                | ClaimState::Short { .. },
                status,
            ) if status.gives_stock_back() => {
                effects.push(Effect::Release { sku });
            }
            _ => {}
        }
    }
    effects.extend(order.restocks_due().into_iter().map(Effect::Restock));
}

fn question_owed(payment: &Payment, now: Timestamp) -> Option<Effect> {
    let question = payment.question.filter(|question| question.ask_at <= now)?;
    let reference = payment.reference()?.to_owned();
    Some(Effect::RetrieveBeside { reference, raised_at: question.raised_at })
}

/// What a gateway is to be asked. `over`: the buyer's time to pay has passed, or someone wants the
/// order closed, so nothing that could charge is sent any more.
fn payment_owed(payment: &Payment, over: bool, now: Timestamp) -> Option<Effect> {
    let due = payment.is_asked_about(now);
    let Some(reference) = payment.reference() else {
        let authorize = payment.authorize_operation()?;
        let operation = authorize.id;
        return match authorize.result {
            OperationResult::Requested => Some(Effect::Authorize { operation }),
            OperationResult::Unknown if due && over => {
                Some(Effect::Find { operation, asked_at: authorize.may_have_been_sent_at() })
            }
            OperationResult::Unknown if due => {
                Some(Effect::Recover { operation, asked_at: authorize.requested_at })
            }
            _ => None,
        };
    };
    let reference = reference.to_owned();
    let approved = payment.report.as_ref().map(|r| r.state) == Some(ReportedState::Approved);
    let completes = approved && !over;
    let movable = |o: &&Operation| o.kind != OperationKind::Authorize || completes;
    let mut operations = payment.operations.iter().filter(movable);
    let first = operations.clone().find(|o| o.is_to_be_sent(now));
    let unknown = operations.find(|o| o.result == OperationResult::Unknown).filter(|_| due);
    if let Some(operation) = first.or(unknown) {
        return Some(movement_owed(operation, reference));
    }
    match refund_to_ask_about(payment) {
        Some(refund) if due => Some(Effect::FindRefund { operation: refund.id }),
        _ => due.then_some(Effect::Retrieve { reference }),
    }
}

/// The refund under way whose turn it is: several beside each other are asked about one after the other,
/// question by question.
fn refund_to_ask_about(payment: &Payment) -> Option<&Operation> {
    let under_way = |o: &&Operation| {
        o.kind == OperationKind::Refund && o.result == OperationResult::ActionRequired
    };
    let refunds: Vec<&Operation> = payment.operations.iter().filter(under_way).collect();
    let questions = usize::try_from(payment.questions_put_off).unwrap_or(0);
    let turn = questions.checked_rem(refunds.len())?;
    refunds.get(turn).copied()
}

/// What is to be asked for an operation of a payment that its gateway knows.
fn movement_owed(operation: &Operation, reference: String) -> Effect {
    let id = operation.id;
    match operation.kind {
        OperationKind::Authorize => Effect::Complete { operation: id },
        OperationKind::Capture => {
            let amount_minor = operation.amount_minor;
            Effect::Capture { operation: id, reference, amount_minor }
        }
        OperationKind::Void => Effect::Void { operation: id, reference },
        OperationKind::Refund if operation.result == OperationResult::Unknown => {
            Effect::RecoverRefund { operation: id }
        }
        OperationKind::Refund => Effect::Refund { operation: id },
        OperationKind::Chargeback => Effect::Retrieve { reference },
    }
}
