//! Bundles have no stock of their own: nothing that moves stock takes one.

use crate::api::error::{ApiError, ErrorCode};
use crate::domain::catalogue::Sellable;

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
