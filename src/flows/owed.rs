//! What an order still owes the world, read from its state alone.

use crate::domain::id::{OperationId, RefundId, Sku};
use crate::domain::order::{ClaimState, Order, OrderStatus};
use crate::domain::payment::{OperationKind, OperationResult, Payment};
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
}

/// Everything owed now. Performing any of it twice is harmless; not performing it is what the alarm
/// is for.
#[must_use]
pub fn owed(order: &Order, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    stock_owed(order, &mut effects);
    if let Some(payment) = &order.payment
        && order.status != OrderStatus::Completed
    {
        let over = order.closing.is_some() || order.payment_window_ends_at <= now;
        effects.extend(payment_owed(payment, over, now));
    }
    if order.invoice_due() {
        effects.push(Effect::NumberInvoice { series: order.invoice_series.clone() });
    }
    effects.extend(order.credit_notes_due().map(|refund| Effect::NumberCreditNote {
        series: order.series_for_credit_notes(),
        refund: refund.id,
    }));
    effects
}

fn stock_owed(order: &Order, effects: &mut Vec<Effect>) {
    let secured = order.is_secured();
    for claim in &order.claims {
        let sku = claim.sku.clone();
        let quantity = claim.quantity;
        match (claim.claim, order.status) {
            (ClaimState::Requested, OrderStatus::Placing) => {
                effects.push(Effect::Reserve { sku, quantity, expires_at: order.claims_expire_at })
            }
            (ClaimState::Held, OrderStatus::Open) if secured => {
                effects.push(Effect::Commit { sku, quantity });
            }
            (ClaimState::Held | ClaimState::Requested | ClaimState::Committed, status)
                if status.gives_stock_back() =>
            {
                effects.push(Effect::Release { sku });
            }
            _ => {}
        }
    }
}

/// What a gateway is to be asked. `over`: the buyer's time to pay has passed, or someone wants the
/// order closed, so nothing that could charge is sent any more.
fn payment_owed(payment: &Payment, over: bool, now: Timestamp) -> Option<Effect> {
    let due = payment.ask_again_at.is_some_and(|at| at <= now);
    let first = payment.operations.iter().find(|o| o.result == OperationResult::Requested);
    let unknown = payment.operations.iter().find(|o| o.result == OperationResult::Unknown);
    let Some(reference) = payment.reference() else {
        let authorize = payment.authorize_operation()?;
        let (operation, asked_at) = (authorize.id, authorize.requested_at);
        return match authorize.result {
            OperationResult::Requested => Some(Effect::Authorize { operation }),
            OperationResult::Unknown if due && over => Some(Effect::Find { operation, asked_at }),
            OperationResult::Unknown if due => Some(Effect::Recover { operation, asked_at }),
            _ => None,
        };
    };
    let reference = reference.to_owned();
    let movement = first.or(unknown.filter(|_| due));
    match movement {
        Some(o) if o.kind == OperationKind::Void => {
            Some(Effect::Void { operation: o.id, reference })
        }
        Some(o) if o.kind == OperationKind::Capture => {
            let amount_minor = o.amount_minor;
            Some(Effect::Capture { operation: o.id, reference, amount_minor })
        }
        _ if due => Some(Effect::Retrieve { reference }),
        _ => None,
    }
}
