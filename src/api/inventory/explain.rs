//! `GET /v1/admin/inventory/{sku}/explain`: why so many units can be sold and no more.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::{bundle, moment};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::{display, seen};
use crate::domain::catalogue::StoreSettings;
use crate::domain::id::Sku;
use crate::domain::inventory::{
    Allocation, Balance, ChannelId, Holding, LocationId, Reason, StockLevel, StockStatus, explain,
};
use crate::domain::time::Timestamp;
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::objects::ledger_commands::{Explained, LedgerAnswer, LedgerCommand, OpenClaim};

/// What one location has.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedLocation {
    /// Where.
    #[schema(value_type = String)]
    location: LocationId,
    /// Units on the shelf that may be sold, those set aside included.
    on_hand: i64,
    /// Of those, set aside for orders that are not paid.
    reserved: i64,
    /// Units that the location keeps.
    safety_stock: i64,
    /// Units that a new order could take from here.
    free: i64,
    /// Units that may not be sold.
    damaged: i64,
    /// Units that were announced.
    incoming: i64,
}

/// Units of one location.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedPart {
    /// Where.
    #[schema(value_type = String)]
    location: LocationId,
    /// How many.
    units: i64,
}

/// What an order takes from the SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedClaim {
    /// The order.
    order_id: String,
    /// Units in all.
    units: i64,
    /// Of those, units that are not on a shelf: the order waits for them.
    waits_for: i64,
    /// From which shelves the others are set aside; empty for a past time.
    parts: Vec<ExplainedPart>,
    /// When they are given back unless the order is paid; null: never, or for a past time.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Its turn among all orders that wait for units, from 1 on; null if it does not wait.
    turn: Option<i64>,
}

/// The orders that take from the SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedClaims {
    /// Units in all.
    units: i64,
    /// The first 200 of them.
    items: Vec<ExplainedClaim>,
    /// Units of the orders that are not listed.
    other_units: i64,
}

/// What one channel may have.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedChannel {
    /// Which.
    #[schema(value_type = String)]
    channel: ChannelId,
    /// Units that a new order of the channel may take.
    available: i64,
    /// Units that are set aside for it and that its orders have not drawn.
    set_aside: i64,
    /// Units that it never gets of those that everybody shares.
    buffer: i64,
    /// The most that it is told of, or gets with one order.
    cap: Option<i64>,
}

/// The merchant's terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedTerms {
    /// Units that are never sold, beyond those that locations keep.
    safety_stock: i64,
    /// Units that may be sold beyond the shelf, those of locations included.
    back_order_limit: i64,
    /// When back-ordered units are expected.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// Until then it is pre-ordered.
    #[schema(value_type = Option<String>, format = DateTime)]
    release_at: Option<Timestamp>,
    /// The most units that one customer may have.
    customer_limit: Option<i64>,
}

/// Why so many units can be sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationView<'a> {
    /// The SKU.
    #[schema(value_type = String)]
    sku: &'a Sku,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// What a storefront shows.
    status: StockStatus,
    /// Units that a new order may take: the sum of `reasons`.
    available: i64,
    /// Everything that adds to what is available, or takes from it.
    reasons: Vec<Reason>,
    /// What else there is to know; it does not count.
    notes: Vec<Reason>,
    /// What each location has.
    locations: Vec<ExplainedLocation>,
    /// Channels that have terms of their own for it. `available` and `reasons` are the storefront's.
    channels: Vec<ExplainedChannel>,
    /// Orders that are not paid and hold units, those that end first first.
    reservations: ExplainedClaims,
    /// Paid orders to which units are still owed, in their turn.
    back_orders: ExplainedClaims,
    /// The merchant's terms.
    terms: ExplainedTerms,
}

/// Explains why so many of a SKU's units can be sold and no more.
///
/// The units of all `reasons` add up to `available`. With `at` it is explained as of a past time, as the
/// ledger had it then; who held what is then told by order only. Of a bundle, which has no stock of its own,
/// the components are to be explained: the refusal lists them in `components`, with what is available of each.
#[utoipa::path(
    get, path = "/v1/admin/inventory/{sku}/explain", operation_id = "explain_inventory", tag = "admin",
    params(
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
        ("at" = Option<String>, Query, description = "A past time, RFC 3339"),
    ),
    responses(
        (status = 200, description = "The explanation", body = ExplanationView),
        (status = 409, description = "`sku_is_bundle`: `components` lists what it is made of", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`: the time is in the future", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let at = moment::past(&ask.query(&["at"])?, ask.platform.now())?;
    let settings = remembered::terms(&ask.platform).await?;
    let command = SkuCommand::Ledger(LedgerCommand::Explain { at });
    let SkuAnswer::Ledger(LedgerAnswer::Explained(explained)) =
        ask.platform.sku(&sku, &command).await?
    else {
        return Err(ApiError::internal("the object's answer explains nothing"));
    };
    moment::require_known(&ask.platform, &sku, &explained.level).await?;
    let seen = seen::by_storefronts(&ask.platform).await;
    let own = (&sku, &explained.level);
    if let Some(made_of) = bundle::stock(&ask.platform, own, at, &settings, &seen).await? {
        let components = serde_json::to_value(made_of.components).unwrap_or_default();
        let detail = "A bundle is explained by its components.";
        let refusal = ApiError::because(ErrorCode::SkuIsBundle, detail);
        return Err(refusal.with("skus", vec![sku.as_str()]).with("components", components));
    }
    Reply::json(200, &view(&sku, *explained, &settings))
}

fn view<'a>(sku: &'a Sku, explained: Explained, settings: &StoreSettings) -> ExplanationView<'a> {
    let Explained { level, as_of, held, owed } = explained;
    let own = level.low_stock_threshold;
    let low_at = if own > 0 { own } else { i64::from(settings.low_stock_threshold) };
    let why = explain(&level, low_at, as_of);
    let all = Holding::of_all(&level);
    ExplanationView {
        sku,
        as_of,
        status: display::status(&level, settings, as_of),
        available: why.available,
        reasons: why.reasons,
        notes: why.notes,
        locations: level.balances.iter().map(|balance| location(&level, balance)).collect(),
        channels: channels(&level, as_of),
        reservations: claims(all.held.saturating_add(all.held_beyond), held, |holding| {
            (holding.held.saturating_add(holding.held_beyond), holding.held_beyond)
        }),
        back_orders: claims(all.owed, owed, |holding| (holding.owed, holding.owed)),
        terms: ExplainedTerms {
            safety_stock: level.terms.safety_stock,
            back_order_limit: level.back_order_limits(),
            expected_at: level.terms.expected_at,
            release_at: level.terms.release_at,
            customer_limit: level.terms.customer_limit,
        },
    }
}

fn location(level: &StockLevel, balance: &Balance) -> ExplainedLocation {
    let terms = level.terms.locations.get(&balance.location);
    ExplainedLocation {
        location: balance.location.clone(),
        on_hand: balance.on_hand,
        reserved: balance.reserved,
        safety_stock: terms.map_or(0, |terms| terms.safety_stock),
        free: level.free_at(balance),
        damaged: balance.damaged,
        incoming: balance.incoming,
    }
}

fn channels(level: &StockLevel, as_of: Timestamp) -> Vec<ExplainedChannel> {
    let known = level.terms.channels.keys().chain(level.set_aside.keys());
    let known: BTreeSet<&ChannelId> = known.collect();
    let explained = known.into_iter().map(|channel| {
        let terms = level.terms.channels.get(channel);
        ExplainedChannel {
            channel: channel.clone(),
            available: level.available_to(channel, as_of),
            set_aside: level.set_aside_for(channel),
            buffer: terms.map_or(0, |terms| terms.buffer),
            cap: terms.and_then(|terms| terms.cap),
        }
    });
    explained.collect()
}

/// Claims with the sum of those that are not among them. `units_of`: units, and those it waits for.
fn claims(
    all_units: i64,
    listed: Vec<OpenClaim>,
    units_of: fn(&Holding) -> (i64, i64),
) -> ExplainedClaims {
    let part = |part: Allocation| ExplainedPart { location: part.location, units: part.quantity };
    let items = listed.into_iter().map(|claim| {
        let (units, waits_for) = units_of(&claim.holding);
        let (until, turn) = (claim.until, claim.turn);
        let parts = claim.allocations.into_iter().map(part).collect();
        ExplainedClaim { order_id: claim.order_id, units, waits_for, parts, until, turn }
    });
    let items: Vec<ExplainedClaim> = items.collect();
    let named = items.iter().map(|claim| claim.units).fold(0, i64::saturating_add);
    ExplainedClaims { units: all_units, items, other_units: all_units.saturating_sub(named) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_summed_up() {
        let claim = |order: &str, holding| OpenClaim {
            order_id: order.to_owned(),
            holding,
            allocations: Vec::new(),
            until: None,
            turn: None,
        };
        let listed = vec![
            claim("a", Holding { held: 2, held_beyond: 1, owed: 0 }),
            claim("b", Holding { held: 4, ..Holding::default() }),
        ];
        let view =
            claims(10, listed, |holding| (holding.held + holding.held_beyond, holding.held_beyond));
        let units: Vec<(i64, i64)> = view.items.iter().map(|c| (c.units, c.waits_for)).collect();
        assert_eq!(units, [(3, 1), (4, 0)]);
        assert_eq!((view.units, view.other_units), (10, 3));
    }
}
