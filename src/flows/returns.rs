//! Goods that come back without a refund: an exchange, a repair, a parcel that nobody took.
//!
//! A return is judged against the order as it stands and written down; what the SKUs are to put back is
//! then owed like everything else, and read from the order. Undo: none; a return that was noted by
//! mistake is corrected by an adjustment of the stock.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::advance::step;
use crate::domain::id::{ReturnId, Sku};
use crate::domain::inventory::{Condition, LocationId};
use crate::domain::order::{MAX_RETURNS, Order, Return, ReturnedLine};
use crate::domain::time::Timestamp;

/// Goods that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAsk {
    /// What.
    pub lines: Vec<ReturnLineAsk>,
    /// Why.
    pub reason: Option<String>,
}

/// Units that came back in one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLineAsk {
    /// The SKU of a line, or of a bundle's component.
    pub sku: Sku,
    /// Units.
    pub quantity: u32,
    /// Whether they can be sold again.
    #[serde(default)]
    pub condition: Condition,
    /// Where they came to; none: where they came from.
    #[serde(default)]
    pub location: Option<LocationId>,
}

/// Why a return was refused. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum ReturnRefusal {
    /// More units than were sold and have not come back.
    #[error("only {available} units of {sku} can come back")]
    TooManyUnits {
        /// Of what.
        sku: Sku,
        /// Units that can.
        available: u32,
    },
    /// The order has as many returns as are kept.
    #[error("an order has at most {MAX_RETURNS} returns")]
    TooManyReturns,
}

/// Writes a return down.
///
/// # Errors
/// Why not; the order is unchanged.
pub fn take_back(
    order: &mut Order,
    ask: &ReturnAsk,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) -> Result<ReturnId, ReturnRefusal> {
    if order.returns.len() >= MAX_RETURNS {
        return Err(ReturnRefusal::TooManyReturns);
    }
    let id = ReturnId::new(fresh());
    // Each line is judged with those before it: lines may share a component.
    let mut so_far = order.clone();
    so_far.returns.push(Return {
        id,
        lines: Vec::with_capacity(ask.lines.len()),
        reason: ask.reason.clone(),
        received_at: now,
    });
    for line in &ask.lines {
        let available = so_far.restockable_units(&line.sku);
        if line.quantity == 0 || line.quantity > available {
            return Err(ReturnRefusal::TooManyUnits { sku: line.sku.clone(), available });
        }
        if let Some(noted) = so_far.returns.last_mut() {
            noted.lines.push(ReturnedLine {
                sku: line.sku.clone(),
                quantity: line.quantity,
                condition: line.condition,
                location: line.location.clone(),
                put_back: Vec::new(),
                restocked: false,
            });
        }
    }
    let noted = so_far.returns.pop();
    step(order, now, fresh, |order, _| order.returns.extend(noted));
    Ok(id)
}
