//! Movements of money that a merchant asks for: captures, voids and refunds.
//!
//! Each is judged against the order as it stands, written down, and only then asked of the gateway, so
//! that two requests at once can't take or give back more than there is. Undo: a capture by a refund, a
//! void by nothing (it is refused rather than guessed), a refund by nothing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::advance::step;
use crate::domain::id::{OperationId, RefundId, Sku};
use crate::domain::inventory::{Condition, LocationId};
use crate::domain::money::sum_minor;
use crate::domain::order::{Order, Refund, RefundedLine};
use crate::domain::payment::{MovementRefusal, OperationKind, Origin, Payment};
use crate::domain::time::Timestamp;

/// What a merchant asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "movement", rename_all = "snake_case")]
pub enum MovementAsk {
    /// Take held money.
    Capture {
        /// Minor units; all that is held if absent.
        amount_minor: Option<i64>,
        /// Whether what is left stays held for further captures.
        keeps_rest: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Let held money go, or call off a payment that was not made.
    Void {
        /// Why.
        reason: Option<String>,
    },
    /// Give money back.
    Refund {
        /// How much, or of what.
        of: RefundOf,
        /// Why.
        reason: Option<String>,
    },
}

/// What a refund is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum RefundOf {
    /// All that is left.
    Everything,
    /// An amount, whatever it is for.
    Amount {
        /// Minor units.
        amount_minor: i64,
    },
    /// Units of lines, and shipping.
    Lines {
        /// The lines; none for shipping alone.
        lines: Vec<LineAsk>,
        /// Minor units of shipping, tax included.
        shipping_minor: i64,
    },
}

/// Units of a line to give money back for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAsk {
    /// Which.
    pub sku: Sku,
    /// How many units.
    pub quantity: u32,
    /// How many of them are put back.
    pub restock: u32,
    /// Whether those can be sold again.
    #[serde(default)]
    pub restock_condition: Condition,
    /// Where they go; none: where they came from.
    #[serde(default)]
    pub restock_location: Option<LocationId>,
}

/// What the gateway of a payment offers, as far as movements go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It can hold money and take it.
    pub capture: bool,
    /// It can take held money in parts.
    pub capture_in_parts: bool,
    /// A payment can be called off.
    pub void: bool,
    /// It gives money back.
    pub refund: bool,
}

/// Writes down what a merchant asks for. Returns the operations to be performed.
///
/// # Errors
/// Why not; the order is unchanged.
pub fn request(
    order: &mut Order,
    ask: &MovementAsk,
    can: Capabilities,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) -> Result<Vec<OperationId>, MovementRefusal> {
    let kind = match ask {
        MovementAsk::Capture { .. } => OperationKind::Capture,
        MovementAsk::Void { .. } => OperationKind::Void,
        MovementAsk::Refund { .. } => OperationKind::Refund,
    };
    let payment = order.payment.as_ref().ok_or(MovementRefusal::NothingTo { kind })?;
    let planned = match ask {
        MovementAsk::Capture { amount_minor, keeps_rest, reason } => {
            plan_capture(payment, *amount_minor, *keeps_rest, reason.as_ref(), can)?
        }
        MovementAsk::Void { reason } => plan_void(payment, reason.as_ref(), can)?,
        MovementAsk::Refund { of, reason } => {
            plan_refund(order, payment, of, reason.as_ref(), can, now)?
        }
    };
    let mut ids = Vec::with_capacity(planned.operations.len());
    step(order, now, fresh, |order, fresh| {
        let refund_id = planned.refund.is_some().then(|| RefundId::new(fresh()));
        if let (Some(mut refund), Some(id)) = (planned.refund, refund_id) {
            refund.id = id;
            order.refunds.push(refund);
        }
        let Some(payment) = &mut order.payment else { return };
        for planned in planned.operations {
            payment.request(kind, planned.amount_minor, fresh(), now);
            if let Some(operation) = payment.operations.last_mut() {
                operation.origin = Origin::Merchant;
                operation.reason = planned.reason;
                operation.keeps_rest = planned.keeps_rest;
                operation.capture_reference = planned.capture_reference;
                operation.refund_id = refund_id;
                ids.push(operation.id);
            }
        }
    });
    Ok(ids)
}

#[derive(Default)]
struct Planned {
    operations: Vec<PlannedOperation>,
    refund: Option<Refund>,
}

struct PlannedOperation {
    amount_minor: i64,
    reason: Option<String>,
    keeps_rest: bool,
    capture_reference: Option<String>,
}

fn unsupported(capability: &str) -> MovementRefusal {
    MovementRefusal::NotSupported { capability: capability.to_owned() }
}

fn plan_capture(
    payment: &Payment,
    amount_minor: Option<i64>,
    keeps_rest: bool,
    reason: Option<&String>,
    can: Capabilities,
) -> Result<Planned, MovementRefusal> {
    if !can.capture {
        return Err(unsupported("capture"));
    }
    let left = payment.capturable_minor();
    let amount_minor = amount_minor.unwrap_or(left);
    payment.check_capture(amount_minor)?;
    if keeps_rest && !can.capture_in_parts {
        return Err(unsupported("capture in parts"));
    }
    let operation = PlannedOperation {
        amount_minor,
        reason: reason.cloned(),
        keeps_rest: keeps_rest && amount_minor < left,
        capture_reference: None,
    };
    Ok(Planned { operations: vec![operation], refund: None })
}

fn plan_void(
    payment: &Payment,
    reason: Option<&String>,
    can: Capabilities,
) -> Result<Planned, MovementRefusal> {
    payment.check_void()?;
    if !can.void {
        return Err(unsupported("void"));
    }
    let taken = payment.succeeded_minor(OperationKind::Capture);
    let operation = PlannedOperation {
        amount_minor: payment.asked.amount.saturating_sub(taken),
        reason: reason.cloned(),
        keeps_rest: false,
        capture_reference: None,
    };
    Ok(Planned { operations: vec![operation], refund: None })
}

fn plan_refund(
    order: &Order,
    payment: &Payment,
    of: &RefundOf,
    reason: Option<&String>,
    can: Capabilities,
    now: Timestamp,
) -> Result<Planned, MovementRefusal> {
    if !can.refund {
        return Err(unsupported("refund"));
    }
    // Whether there is anything to give back comes before what it is of.
    payment.may_follow(OperationKind::Refund)?;
    let left = payment.refundable_minor();
    let (amount_minor, shipping_minor, lines) = match of {
        RefundOf::Everything => (left, 0, Vec::new()),
        RefundOf::Amount { amount_minor } => (*amount_minor, 0, Vec::new()),
        RefundOf::Lines { lines, shipping_minor } => {
            let available_minor = order.refundable_shipping_minor();
            if *shipping_minor > available_minor {
                return Err(MovementRefusal::TooMuch { available_minor });
            }
            let lines = refunded_lines(order, lines, now)?;
            let parts = lines.iter().flat_map(|line| [line.net_minor, line.tax_minor]);
            let amount = sum_minor(parts.chain([*shipping_minor]));
            let too_much = MovementRefusal::TooMuch { available_minor: left };
            (amount.map_err(|_| too_much)?, *shipping_minor, lines)
        }
    };
    payment.check_refund(amount_minor)?;
    if amount_minor <= 0 {
        return Err(MovementRefusal::NothingTo { kind: OperationKind::Refund });
    }
    let operations = payment.refund_parts(amount_minor).into_iter().map(|part| PlannedOperation {
        amount_minor: part.amount_minor,
        reason: reason.cloned(),
        keeps_rest: false,
        capture_reference: part.capture_reference,
    });
    let refund = Refund {
        amount_minor,
        shipping_minor,
        lines,
        reason: reason.cloned(),
        ..unnamed_refund(now)
    };
    Ok(Planned { operations: operations.collect(), refund: Some(refund) })
}

/// A refund that has no identity yet and gives nothing back.
const fn unnamed_refund(now: Timestamp) -> Refund {
    Refund {
        id: RefundId::new(Uuid::nil()),
        amount_minor: 0,
        shipping_minor: 0,
        lines: Vec::new(),
        reason: None,
        requested_at: now,
        credit_note_number: None,
        credit_note_cancellations: Vec::new(),
    }
}

/// What is given back, line by line. Each is judged with those before it: bundles may share a component.
fn refunded_lines(
    order: &Order,
    lines: &[LineAsk],
    now: Timestamp,
) -> Result<Vec<RefundedLine>, MovementRefusal> {
    let mut so_far = order.clone();
    so_far.refunds.push(unnamed_refund(now));
    for ask in lines {
        let line = refunded_line(&so_far, ask)?;
        if let Some(refund) = so_far.refunds.last_mut() {
            refund.lines.push(line);
        }
    }
    Ok(so_far.refunds.pop().map(|refund| refund.lines).unwrap_or_default())
}

/// What is given back for units of a line. Each unit's share is the difference of two rounded-down
/// shares of the whole, so the units of a line, however they are given back, come to the line exactly.
fn refunded_line(order: &Order, ask: &LineAsk) -> Result<RefundedLine, MovementRefusal> {
    let too_many =
        |available| MovementRefusal::TooManyUnits { sku: ask.sku.to_string(), available };
    let available = order.refundable_units(&ask.sku);
    let line = order.cart.lines.iter().find(|line| line.sku == ask.sku).ok_or(too_many(0))?;
    if ask.quantity == 0 || ask.quantity > available {
        return Err(too_many(available));
    }
    let restockable = order.restockable_units(&ask.sku).min(ask.quantity);
    if ask.restock > restockable {
        return Err(too_many(restockable));
    }
    let before = line.quantity.saturating_sub(available);
    let after = before.saturating_add(ask.quantity);
    let part = |whole: i64| {
        share(whole, after, line.quantity).saturating_sub(share(whole, before, line.quantity))
    };
    let paid_net = line.net_minor.saturating_sub(line.discount_minor);
    Ok(RefundedLine {
        sku: ask.sku.clone(),
        quantity: ask.quantity,
        restock: ask.restock,
        restocked: false,
        put_back: Vec::new(),
        restock_condition: ask.restock_condition,
        restock_location: ask.restock_location.clone(),
        net_minor: part(paid_net),
        tax_minor: part(line.tax_minor),
    })
}

/// `whole * units / of`, rounded down.
fn share(whole: i64, units: u32, of: u32) -> i64 {
    let product = i128::from(whole).saturating_mul(i128::from(units));
    let share = product.checked_div(i128::from(of)).unwrap_or(0);
    i64::try_from(share).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn the_shares_of_all_units_come_to_the_whole() {
        for whole in [0, 1, 2, 99, 100, 101, 1_000_000_000_000_000] {
            for of in 1..=7_u32 {
                let units = (0..of).map(|n| share(whole, n + 1, of) - share(whole, n, of));
                assert_eq!(units.sum::<i64>(), whole);
            }
        }
    }
}
