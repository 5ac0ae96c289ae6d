//! Bundles have no stock of their own: nothing that moves stock takes one, and what of one is available its
//! components say.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::remembered;
use crate::api::stock::bundle::Unpacked;
use crate::api::stock::display::{self, Shown};
use crate::api::stock::seen::Seen;
use crate::domain::catalogue::{Sellable, StoreSettings};
use crate::domain::id::Sku;
use crate::domain::inventory::{StockLevel, StockStatus};
use crate::domain::time::Timestamp;
use crate::runtime::platform::Platform;

/// A component of a bundle, over all depths.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentStock {
    /// Which SKU.
    #[schema(value_type = String)]
    sku: Sku,
    /// Units of it in one bundle.
    quantity: u32,
    /// Units of it that a new order may take.
    available: i64,
}

/// What of a bundle its components allow.
pub struct BundleStock {
    /// Bundles that a new order may take.
    pub available: i64,
    /// What a storefront shows.
    pub status: StockStatus,
    /// What it is made of; empty if it can't be put together now.
    pub components: Vec<ComponentStock>,
    /// When all of this was so.
    pub as_of: Timestamp,
}

/// What of a SKU its components allow, now or at a past time, as it is put together now. None if it is no
/// bundle; of a SKU that has stock of its own the catalogue is not asked.
///
/// # Errors
/// 503 when the catalogue or a component's object does not answer.
pub async fn stock(
    platform: &Platform,
    (sku, own): (&Sku, &StockLevel),
    at: Option<Timestamp>,
    terms: &StoreSettings,
    seen: &Seen,
) -> Result<Option<BundleStock>, ApiError> {
    if own.on_hand() != 0 || own.reserved != 0 {
        return Ok(None);
    }
    let known = remembered::with_components(platform, std::iter::once(sku)).await?;
    let unpacked = Unpacked::of(std::iter::once(sku), &known);
    if !unpacked.is_bundle(sku) {
        return Ok(None);
    }
    let parts = unpacked.parts(sku);
    let skus: Vec<Sku> = parts.iter().map(|part| part.sku.clone()).collect();
    let levels = match at {
        None => display::levels(platform, &skus, true).await?,
        Some(at) => try_join_all(skus.iter().map(|sku| moment::level(platform, sku, at))).await?,
    };
    let levels: BTreeMap<&Sku, Shown> = skus.iter().zip(levels).collect();
    let as_of = levels.values().map(|shown| shown.as_of).min();
    let as_of = as_of.or(at).unwrap_or_else(|| platform.now());
    let level = |sku: &Sku| levels.get(sku).map(|shown| seen.of(&shown.level));
    let Some(bundle) = unpacked.availability(sku, level, terms, as_of) else {
        return Ok(None);
    };
    let components = parts.iter().map(|part| ComponentStock {
        sku: part.sku.clone(),
        quantity: part.quantity,
        available: level(&part.sku).map_or(0, |level| level.available(as_of)),
    });
    let components = components.collect();
    Ok(Some(BundleStock { available: bundle.available, status: bundle.status, components, as_of }))
}

/// Refuses SKUs that are bundles, where stock is to be moved.
///
/// # Errors
/// 409 with the bundles among them.
pub fn refuse_bundles(sellables: &[Sellable]) -> Result<(), ApiError> {
    let bundles = sellables.iter().filter(|sellable| sellable.is_bundle());
    let skus: Vec<&str> = bundles.map(|sellable| sellable.sku.as_str()).collect();
    if skus.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::SkuIsBundle).with("skus", skus))
}
