//! What follows from an order's parts: its status, and the next operation that is written down.

use uuid::Uuid;

use super::attempts::{give_back, promote, settle_attempts};
use crate::domain::id::RefundId;
use crate::domain::order::{AttentionCode, ClaimState, CloseReason, Order, OrderStatus, Refund};
use crate::domain::payment::{
    CaptureMode, OperationKind, OperationResult, Origin, Payment, ReportedState,
};
use crate::domain::time::Timestamp;

/// Follows from the order's parts what its status is now, and writes down the next operation.
pub(super) fn settle(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    if order.status == OrderStatus::Open && !order.is_secured() {
        promote(order);
    }
    match order.status {
        OrderStatus::Placing => settle_placing(order, now, fresh),
        OrderStatus::Open => settle_open(order, now, fresh),
        _ => settle_closed(order, now, fresh),
    }
    settle_attempts(order, now, fresh);
    name_refunds(order, now, fresh);
    shrink_refunds(order);
    // A refund that is still under way when the schedule has ended is as little known.
    let unknown_for_good = order.payments().any(|payment| {
        (payment.has_unknown() || payment.awaits_refund()) && payment.ask_again_at.is_none()
    });
    if unknown_for_good {
        let detail = "asked on the whole schedule without an answer".to_owned();
        order.needs_attention(AttentionCode::PaymentUnknown, detail, now);
    }
    report_refunds_and_disputes(order, now);
}

/// A refund of the current payment that was made at the gateway is the order's refund as well.
fn name_refunds(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    let Some(payment) = &mut order.payment else { return };
    let unnamed = payment.operations.iter_mut().filter(|operation| {
        operation.kind == OperationKind::Refund && operation.refund_id.is_none()
    });
    for operation in unnamed {
        let id = RefundId::new(fresh());
        operation.refund_id = Some(id);
        order.refunds.push(Refund {
            id,
            amount_minor: operation.amount_minor,
            shipping_minor: 0,
            lines: Vec::new(),
            reason: operation.reason.clone(),
            requested_at: now,
            credit_note_number: None,
            credit_note_cancellations: Vec::new(),
        });
    }
}

/// A refund of which a part has failed for good is as large as what has moved of it, and no longer a
/// refund of certain lines.
fn shrink_refunds(order: &mut Order) {
    let Some(payment) = &order.payment else { return };
    for refund in &mut order.refunds {
        let parts = || payment.operations.iter().filter(|o| o.refund_id == Some(refund.id));
        let undecided = parts().any(|o| !o.result.is_decided());
        let failed = parts().any(|o| o.result == OperationResult::Failed);
        let moved = parts().filter(|o| o.result == OperationResult::Succeeded);
        let moved = moved.fold(0_i64, |sum, o| sum.saturating_add(o.amount_minor));
        let partly = failed && moved > 0 && moved < refund.amount_minor;
        if partly && !undecided && refund.credit_note_number.is_none() {
            refund.amount_minor = moved;
            refund.shipping_minor = 0;
            for line in &mut refund.lines {
                (line.net_minor, line.tax_minor) = (0, 0);
            }
        }
    }
}

fn report_refunds_and_disputes(order: &mut Order, now: Timestamp) {
    let operations = order.payments().flat_map(|payment| &payment.operations);
    // One sentence per cause, of everything that is so now: it is new when something is added to it.
    let (mut failed, mut disputed) = (Vec::new(), Vec::new());
    for operation in operations {
        let reference = operation.reference.as_deref().unwrap_or("not known to the gateway");
        match (operation.kind, operation.result) {
            (OperationKind::Refund, OperationResult::Failed) => {
                let why = operation.failure.as_deref().unwrap_or("no reason given");
                failed.push(format!("refund {} ({reference}) failed: {why}", operation.id));
            }
            (OperationKind::Chargeback, OperationResult::ActionRequired) => {
                let until = operation.respond_by.map(Timestamp::rfc3339);
                let until = until.map_or_else(String::new, |at| format!(", answer until {at}"));
                disputed.push(format!("dispute {reference}{until}"));
            }
            _ => {}
        }
    }
    let seen = [(AttentionCode::RefundFailed, failed), (AttentionCode::Disputed, disputed)];
    for (code, details) in seen {
        if !details.is_empty() {
            order.needs_attention(code, details.join("; "), now);
        }
    }
}

fn settle_placing(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    let asked = order.payment.as_ref().is_some_and(|payment| !payment.operations.is_empty());
    if let Some(reason) = order.closing.filter(|_| !asked) {
        return close(order, reason);
    }
    match claims(order) {
        Claims::Asked => return,
        Claims::Refused => return close(order, CloseReason::InsufficientStock),
        Claims::Settled => {}
    }
    let Some(payment) = &mut order.payment else {
        order.status = OrderStatus::Open;
        return;
    };
    let Some(authorize) = payment.authorize_operation() else {
        let amount_minor = payment.asked.amount;
        payment.request(OperationKind::Authorize, amount_minor, fresh(), now);
        return;
    };
    if authorize.result == OperationResult::Requested {
        return;
    }
    order.status = OrderStatus::Open;
    settle_open(order, now, fresh);
}

/// How the claims of an order stand together.
enum Claims {
    Asked,
    Refused,
    Settled,
}

fn claims(order: &Order) -> Claims {
    if order.claims.iter().any(|claim| claim.claim == ClaimState::Requested) {
        return Claims::Asked;
    }
    if order.claims.iter().any(|claim| matches!(claim.claim, ClaimState::Refused { .. })) {
        return Claims::Refused;
    }
    Claims::Settled
}

fn settle_open(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    let committed = order.claims.iter().all(|c| c.claim == ClaimState::Committed);
    let stock = claims(order);
    let closing = order.closing;
    // An attempt that another replaced before anything was asked for never brings money either, and one whose
    // money has gone back brings none again.
    let can_bring_nothing = |payment: &Payment| {
        payment.is_dead() || payment.operations.is_empty() || payment.gave_all_back()
    };
    let others_are_dead = order.earlier_payments.iter().all(can_bring_nothing);
    let keep_open = order.keep_open;
    if let Some(reason) = closing.filter(|_| order.is_sold_by_channel()) {
        return close(order, reason);
    }
    let Some(payment) = &mut order.payment else {
        return;
    };
    if payment.is_secured() {
        // The buyer's money won the race against whoever wanted the order closed.
        order.closing = None;
        let to_capture = payment.capture_mode == CaptureMode::Manual
            && payment.succeeded_minor(OperationKind::Capture) == 0
            && payment.may_follow(OperationKind::Capture).is_ok()
            && !payment.operations.iter().any(|o| o.kind == OperationKind::Capture);
        if committed && to_capture {
            let amount_minor = payment.asked.amount;
            payment.request(OperationKind::Capture, amount_minor, fresh(), now);
        }
        return;
    }
    let untried = payment.operations.is_empty();
    if payment.is_dead() || (untried && closing.is_some()) {
        let at_gateway = payment.report.as_ref().map(|report| report.state);
        payment.stop_asking();
        let reason = match (closing, at_gateway) {
            (Some(reason), _) => reason,
            (None, Some(ReportedState::Cancelled)) if voided_by_merchant(payment) => {
                CloseReason::Merchant
            }
            (None, Some(ReportedState::Cancelled)) => CloseReason::CancelledAtGateway,
            (None, _) if keep_open => return,
            (None, _) => CloseReason::PaymentFailed,
        };
        // An earlier attempt may still bring money: stock goes back when none can.
        if others_are_dead {
            close(order, reason);
        }
        return;
    }
    if untried {
        match stock {
            Claims::Asked => {}
            Claims::Refused if others_are_dead => close(order, CloseReason::InsufficientStock),
            Claims::Refused => order.closing = Some(CloseReason::InsufficientStock),
            Claims::Settled => {
                let amount_minor = payment.asked.amount;
                payment.request(OperationKind::Authorize, amount_minor, fresh(), now);
            }
        }
        return;
    }
    if closing.is_some() {
        call_off(payment, now, fresh);
    }
}

fn voided_by_merchant(payment: &Payment) -> bool {
    payment.operations.iter().any(|o| o.kind == OperationKind::Void && o.origin == Origin::Merchant)
}

/// Writes down that a payment is to be called off, once.
pub(super) fn call_off(payment: &mut Payment, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    // What the order itself asked for and was refused is not asked for again; a person was told.
    let void_written = payment.operations.iter().any(|o| {
        let live = o.result != OperationResult::Failed || o.origin == Origin::Order;
        o.kind == OperationKind::Void && live
    });
    if payment.reference().is_some() && !void_written {
        let left =
            payment.asked.amount.saturating_sub(payment.succeeded_minor(OperationKind::Capture));
        payment.request(OperationKind::Void, left, fresh(), now);
    }
}

/// Money that comes after the end is never dropped: a person is told, and where the store says so it is
/// given back.
fn settle_closed(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    if order.status == OrderStatus::Completed {
        return;
    }
    let gives_back = order.refund_late_money;
    let mut late = false;
    let has_money = |payment: &&mut Payment| payment.is_secured() && !payment.gave_all_back();
    for payment in order.payments_mut().filter(has_money) {
        late = true;
        if gives_back {
            give_back(payment, "the order was closed before the money came", now, fresh);
        }
    }
    if late {
        let detail = format!("money arrived after the order was {}", order.status.name());
        order.needs_attention(AttentionCode::PaidAfterClose, detail, now);
    }
}

fn close(order: &mut Order, reason: CloseReason) {
    order.closing = Some(reason);
    order.status = reason.status();
}
