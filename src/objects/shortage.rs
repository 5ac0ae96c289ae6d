//! What a checkout that found too little stock is told of each SKU.

use serde::{Deserialize, Serialize};

use crate::domain::inventory::LimitKind;
use crate::domain::order::{ClaimState, Order, StockClaim};
use crate::domain::pricing::PricedLine;

/// A SKU that could not be had in the quantity wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shortage {
    /// Which.
    pub sku: String,
    /// Units wanted.
    pub requested: u32,
    /// Units that could be had, as far as the store shows counts.
    #[schema(required = false)]
    pub available: i64,
    /// Why there are not more.
    #[serde(default)]
    pub reason: ShortageReason,
    /// The bundles of the cart that it is part of; empty if it is a line of its own and no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bundles: Vec<NeedyBundle>,
}

/// Why a SKU could not be had in the quantity wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShortageReason {
    /// There are not more.
    #[default]
    Stock,
    /// One customer may not have more, over all orders.
    CustomerLimit,
    /// The address, or the key, holds too much that is not paid; it may have more when that is paid or
    /// given up.
    UnpaidLimit,
}

/// A bundle of a cart that needs a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NeedyBundle {
    /// The bundle.
    pub sku: String,
    /// How many of it are wanted.
    pub quantity: u32,
    /// Units of the SKU that one of it needs.
    pub units_each: u32,
}

/// Every SKU of which an order was refused its units.
#[must_use]
pub fn of_order(order: &Order) -> Vec<Shortage> {
    let refused = |claim: &StockClaim| match claim.claim {
        ClaimState::Refused { available, limit } => Some((available, limit)),
        _ => None,
    };
    of_claims(order, refused)
}

/// Every SKU of which an order that is paid for did not get its units.
#[must_use]
pub fn of_paid_order(order: &Order) -> Vec<Shortage> {
    let short = |claim: &StockClaim| match claim.claim {
        ClaimState::Short { available } => Some((available, None)),
        _ => None,
    };
    of_claims(order, short)
}

fn of_claims(
    order: &Order,
    missed: impl Fn(&StockClaim) -> Option<(i64, Option<LimitKind>)>,
) -> Vec<Shortage> {
    let told = |claim| Some(of_claim(&order.cart.lines, claim, missed(claim)?));
    order.claims.iter().filter_map(told).collect()
}

fn of_claim(
    lines: &[PricedLine],
    claim: &StockClaim,
    (available, limit): (i64, Option<LimitKind>),
) -> Shortage {
    let bundles = lines.iter().filter(|line| !line.components.is_empty()).filter_map(|line| {
        let (_, units_each) = line.parts().find(|(sku, _)| **sku == claim.sku)?;
        Some(NeedyBundle { sku: line.sku.to_string(), quantity: line.quantity, units_each })
    });
    Shortage {
        sku: claim.sku.to_string(),
        requested: claim.quantity,
        available,
        reason: match limit {
            None => ShortageReason::Stock,
            Some(LimitKind::Customer) => ShortageReason::CustomerLimit,
            Some(LimitKind::UnpaidHold) => ShortageReason::UnpaidLimit,
        },
        bundles: bundles.collect(),
    }
}
