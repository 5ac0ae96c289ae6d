//! An order's claims on stock as callers see them: where the units come from, and what is waited for.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::Sku;
use crate::domain::inventory::LocationId;
use crate::domain::order::{ClaimState, Order, StockClaim};
use crate::domain::time::Timestamp;
use crate::flows::shortage;

/// What was asked of one SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimView<'a> {
    /// The SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// Units in all.
    quantity: u32,
    /// What became of it.
    state: ClaimName,
    /// Where its units come from; absent while it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    served_from: Vec<ServedFromView<'a>>,
    /// Units that it waits for; absent if it waits for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    back_ordered: Option<i64>,
    /// When those are expected, as it was said when they were promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// Of units that are gone: when the SKU is asked for them again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    asked_again_at: Option<Timestamp>,
}

/// Units of one location.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServedFromView<'a> {
    /// Where.
    location: &'a LocationId,
    /// How many.
    quantity: i64,
}

/// Where a claim on a SKU stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimName {
    /// Asked, or to be asked.
    Requested,
    /// The units are set aside.
    Held,
    /// The units could not be set aside.
    Refused,
    /// The units are sold to this order.
    Committed,
    /// The order is paid and the units are gone. The SKU is asked for them again until they are there, a
    /// person resolves it, or money goes back.
    Short,
    /// The units were given back.
    Released,
}

impl<'a> ClaimView<'a> {
    /// A claim as the merchant sees it.
    #[must_use]
    pub fn of(order: &'a Order, claim: &'a StockClaim) -> Self {
        let state = match claim.claim {
            ClaimState::Requested => ClaimName::Requested,
            ClaimState::Held => ClaimName::Held,
            ClaimState::Refused { .. } => ClaimName::Refused,
            ClaimState::Committed => ClaimName::Committed,
            ClaimState::Short { .. } => ClaimName::Short,
            ClaimState::Released => ClaimName::Released,
        };
        let allocations = claim.placement.iter().flat_map(|placement| &placement.allocations);
        let served_from = allocations
            .map(|part| ServedFromView { location: &part.location, quantity: part.quantity })
            .collect();
        let (back_ordered, expected_at) = waits(Some(claim));
        let (sku, quantity) = (&claim.sku, claim.quantity);
        let asked_again_at = shortage::ask_again_at(order, claim);
        Self { sku, quantity, state, served_from, back_ordered, expected_at, asked_again_at }
    }
}

/// What a claim waits for, and until when, if it does.
#[must_use]
pub fn waits(claim: Option<&StockClaim>) -> (Option<i64>, Option<Timestamp>) {
    let placement = claim.and_then(|claim| claim.placement.as_ref());
    let waiting = placement.filter(|placement| placement.back_ordered > 0);
    waiting.map_or((None, None), |p| (Some(p.back_ordered), p.expected_at))
}
