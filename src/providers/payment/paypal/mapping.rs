//! An order as PayPal has it, in Cartwright's words.
//!
//! What became of the money is read from the authorizations and captures; the order's own status only
//! matters while there are none. A capture that was refunded or reversed was taken all the same: what
//! went back is told by the movements.

use super::wire::{
    Authorization, AuthorizationStatus, Capture, CaptureStatus, Link, Order, OrderStatus, Refund,
    RefundStatus, moment,
};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::{Money, add_minor};
use crate::domain::payment::{
    BuyerAction, CapturedPart, Decline, MovementReport, MovementState, OperationKind,
    PaymentReport, ReportedState,
};
use crate::domain::time::Timestamp;
use crate::providers::payment::reading;

/// What an order says, or why it can't be relied on.
pub(super) fn report(order: Order, occurred_at: Timestamp) -> Result<PaymentReport, &'static str> {
    if !reading::is_reference(&order.id) {
        return Err("the order's id is malformed");
    }
    let [unit] = order.purchase_units.as_slice() else {
        return Err("the order has not exactly one purchase unit");
    };
    let amount = unit.amount.money()?;
    let captures = Captures::read(&unit.payments.captures, amount)?;
    let authorization = live(&unit.payments.authorizations);
    if authorization.is_some_and(|one| !reading::is_reference(&one.id)) {
        return Err("the authorization's id is malformed");
    }
    let state = state(order.status, authorization, &captures)?;
    let waits = matches!(state, ReportedState::ActionRequired | ReportedState::Declined);
    // An order that waits for its buyer has done so since it last changed: a decline that came later is
    // not forgotten for it.
    let changed_at = order.update_time.as_deref().or(order.create_time.as_deref());
    let occurred_at = match (state, moment(changed_at)) {
        (ReportedState::ActionRequired, Some(at)) => at.min(occurred_at),
        _ => occurred_at,
    };
    let held = authorization.filter(|_| state == ReportedState::Authorized);
    let movements = unit
        .payments
        .refunds
        .iter()
        .map(|refund| movement(refund, occurred_at))
        .collect::<Result<_, _>>()?;
    Ok(PaymentReport {
        operation_id: unit.invoice_id.as_deref().and_then(|id| id.parse().ok()),
        action: if waits { approval(&order.links) } else { None },
        decline: matches!(state, ReportedState::Declined | ReportedState::Failed)
            .then(|| captures.decline()),
        authorized_until: held.and_then(|one| moment(one.expiration_time.as_deref())),
        charge: authorization.map(|one| one.id.clone()),
        movements,
        captures: captures.parts,
        ..PaymentReport::new(order.id, state, amount, captures.taken_minor, occurred_at)
    })
}

/// For which order of ours one of PayPal's is.
pub(super) fn owner(order: &Order) -> Option<OrderId> {
    let [unit] = order.purchase_units.as_slice() else { return None };
    named(unit.custom_id.as_deref()).0
}

/// The `custom_id` of a refund that an operation of ours asks for.
///
/// The order alone would not do: PayPal gives a refund that was made by hand the `custom_id` and the
/// `invoice_id` of the capture, and ours must be told from it.
pub(super) fn custom_id(order: OrderId, refund: OperationId) -> String {
    format!("{order}.{refund}")
}

/// The order, and the refund's operation, that a `custom_id` names.
pub(super) fn named(custom_id: Option<&str>) -> (Option<OrderId>, Option<OperationId>) {
    let Some(text) = custom_id else { return (None, None) };
    let (order, operation) = text.split_once('.').unwrap_or((text, ""));
    (order.parse().ok(), operation.parse().ok())
}

/// The operation in an order's purchase unit.
pub(super) fn operation(order: &Order) -> Option<&str> {
    let [unit] = order.purchase_units.as_slice() else { return None };
    unit.invoice_id.as_deref()
}

/// The page on which the buyer approves, or chooses another means of payment.
pub(super) fn approval(links: &[Link]) -> Option<BuyerAction> {
    ["payer-action", "approve", "redirect"]
        .iter()
        .find_map(|rel| links.iter().find(|link| link.rel == *rel))
        .filter(|link| reading::is_web_url(&link.href))
        .map(|link| BuyerAction::Redirect { url: link.href.clone() })
}

/// A refund in our words.
pub(super) fn movement(
    refund: &Refund,
    otherwise_at: Timestamp,
) -> Result<MovementReport, &'static str> {
    if !reading::is_reference(&refund.id) {
        return Err("the refund's id is malformed");
    }
    let told_at = refund.update_time.as_deref().or(refund.create_time.as_deref());
    Ok(MovementReport {
        kind: OperationKind::Refund,
        reference: refund.id.clone(),
        operation_id: named(refund.custom_id.as_deref()).1,
        amount: refund.amount.money()?,
        state: match refund.status {
            RefundStatus::Completed => MovementState::Succeeded,
            RefundStatus::Pending => MovementState::Pending,
            RefundStatus::Failed | RefundStatus::Cancelled => MovementState::Failed,
        },
        occurred_at: moment(told_at).unwrap_or(otherwise_at),
        reason: refund.note_to_payer.as_deref().map(reading::message),
        respond_by: None,
    })
}

/// The captures of an order, added up.
struct Captures {
    taken_minor: i64,
    parts: Vec<CapturedPart>,
    /// Some capture is still being decided.
    is_pending: bool,
    /// Some capture was refused, and why.
    refused: Option<String>,
    /// A capture was the last by our word: the rest was let go.
    is_closed: bool,
}

impl Captures {
    fn read(captures: &[Capture], amount: Money) -> Result<Self, &'static str> {
        let mut all = Self {
            taken_minor: 0,
            parts: Vec::new(),
            is_pending: false,
            refused: None,
            is_closed: false,
        };
        let mut oldest_first: Vec<&Capture> = captures.iter().collect();
        oldest_first.sort_by_key(|capture| moment(capture.create_time.as_deref()));
        for capture in oldest_first {
            if !reading::is_reference(&capture.id) {
                return Err("a capture's id is malformed");
            }
            let taken = capture.amount.money()?;
            if taken.currency != amount.currency {
                return Err("a capture is in another currency than its order");
            }
            match capture.status {
                status if status.is_taken() => {
                    all.taken_minor = add_minor(all.taken_minor, taken.amount)
                        .map_err(|_| "the captures are beyond any amount")?;
                    all.is_closed |= capture.final_capture == Some(true);
                    let reference = capture.id.clone();
                    all.parts.push(CapturedPart { reference, amount_minor: taken.amount });
                }
                CaptureStatus::Pending => all.is_pending = true,
                _ => {
                    let reason = capture.status_details.as_ref().and_then(|d| d.reason.clone());
                    all.refused = Some(reason.unwrap_or_else(|| "CAPTURE_DECLINED".to_owned()));
                }
            }
        }
        Ok(all)
    }

    /// With something taken and something still undecided the payment is open: neither the one nor the
    /// other alone may close it.
    const fn closed(&self) -> Option<ReportedState> {
        match (self.taken_minor > 0, self.is_pending) {
            (true, false) => Some(ReportedState::Captured),
            (true, true) => Some(ReportedState::Authorized),
            (false, true) => Some(ReportedState::Processing),
            (false, false) => None,
        }
    }

    fn decline(&self) -> Decline {
        let code = self.refused.as_deref().unwrap_or("DENIED");
        Decline {
            code: reading::code(code),
            message: "PayPal did not make the payment.".to_owned(),
        }
    }
}

/// The authorization that counts: one that can still bring money, else the newest. There is more than
/// one only if somebody held the money anew at PayPal.
fn live(authorizations: &[Authorization]) -> Option<&Authorization> {
    let can_bring_money = |status| {
        matches!(
            status,
            AuthorizationStatus::Created
                | AuthorizationStatus::Pending
                | AuthorizationStatus::PartiallyCaptured
        )
    };
    authorizations
        .iter()
        .max_by_key(|one| (can_bring_money(one.status), moment(one.create_time.as_deref())))
}

fn state(
    order: OrderStatus,
    authorization: Option<&Authorization>,
    captures: &Captures,
) -> Result<ReportedState, &'static str> {
    let Some(authorization) = authorization else { return without_hold(order, captures) };
    Ok(match authorization.status {
        AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured => {
            match captures.closed() {
                Some(ReportedState::Captured) if !captures.is_closed => ReportedState::Authorized,
                Some(state) => state,
                None => ReportedState::Authorized,
            }
        }
        AuthorizationStatus::Captured => {
            captures.closed().ok_or("all was captured, and no capture is listed")?
        }
        AuthorizationStatus::Voided | AuthorizationStatus::Expired => {
            captures.closed().unwrap_or(ReportedState::Cancelled)
        }
        AuthorizationStatus::Denied => captures.closed().unwrap_or(ReportedState::Failed),
        AuthorizationStatus::Pending => captures.closed().unwrap_or(ReportedState::Processing),
    })
}

/// The state of an order whose money was never held.
fn without_hold(order: OrderStatus, captures: &Captures) -> Result<ReportedState, &'static str> {
    if let Some(state) = captures.closed() {
        return Ok(state);
    }
    Ok(match order {
        OrderStatus::Created | OrderStatus::Saved | OrderStatus::PayerActionRequired => {
            if captures.refused.is_some() {
                ReportedState::Declined
            } else {
                ReportedState::ActionRequired
            }
        }
        // Approved anew after a refusal, if there was one.
        OrderStatus::Approved => ReportedState::Approved,
        OrderStatus::Voided => ReportedState::Cancelled,
        OrderStatus::Completed if captures.refused.is_some() => ReportedState::Failed,
        OrderStatus::Completed => return Err("the order is completed, and no payment is listed"),
    })
}
