//! `GET /v1/admin/inventory/{sku}/channels`: what each channel may have of a SKU, now.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::view::ChannelStockView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::display;
use crate::domain::id::Sku;
use crate::domain::inventory::ChannelId;
use crate::storage;

/// What each channel may have of a SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelStockList<'a> {
    /// The SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// Units of the shelf that are neither claimed nor set aside for a channel.
    shared: i64,
    /// The storefront, and every channel with terms or that sells everything; at most 101.
    items: Vec<ChannelStockView>,
}

/// Shows what each channel may have of a SKU, from the object that owns its counters.
///
/// Listed are the storefront, the channels with terms for the SKU and those that sell everything.
#[utoipa::path(
    get, path = "/v1/admin/inventory/{sku}/channels", operation_id = "list_channel_terms", tag = "admin",
    params(("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC")),
    responses(
        (status = 200, description = "The channels", body = ChannelStockList),
        (status = 404, description = "`unknown_sku`: no SKU can be called so", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let everything = storage::channels::sells_everything(&ask.platform.database()?).await?;
    let shown = display::ask(&ask.platform, &sku).await?;
    let level = &shown.level;
    let with_terms = level.terms.channels.keys().cloned();
    let storefront = std::iter::once(ChannelId::storefront());
    let channels: BTreeSet<ChannelId> = storefront.chain(with_terms).chain(everything).collect();
    let items = channels
        .into_iter()
        .map(|channel| ChannelStockView::of(level, channel, shown.as_of))
        .collect();
    Reply::json(200, &ChannelStockList { sku: &sku, shared: level.shared_units(), items })
}
