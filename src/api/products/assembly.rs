//! Bundles of a product that is to be written: whether they can be put together.

use serde_json::{Value, json};

use crate::api::error::{ApiError, ErrorCode};
use crate::domain::catalogue::{AssemblyFault, AssemblyFaultKind, Product, check_assembly};
use crate::domain::field_error::FieldError;
use crate::domain::id::Sku;
use crate::runtime::platform::Platform;
use crate::storage::{bundles, catalogue, stock_levels};

/// Refuses a product whose bundles can't be put together, or would make others too large, and a SKU with
/// stock that becomes a bundle.
///
/// # Errors
/// 409, 422; 503 when the catalogue can't be read.
pub async fn check(platform: &Platform, product: &Product) -> Result<(), ApiError> {
    let bundles: Vec<&Sku> = product
        .variants
        .iter()
        .filter(|variant| !variant.components.is_empty())
        .map(|variant| &variant.sku)
        .collect();
    if bundles.is_empty() {
        return Ok(());
    }
    let database = platform.database()?;
    let around = bundles::surroundings(&database, product).await?;
    let faults = check_assembly(product, &around.above, &around.known, &around.missing);
    if let Some(refusal) = refused(&faults) {
        return Err(refusal);
    }
    let before = catalogue::sellables(&database, &bundles).await?;
    let was_bundle = |sku: &&&Sku| before.iter().any(|one| one.sku == ***sku && one.is_bundle());
    let new: Vec<&Sku> = bundles.iter().filter(|sku| !was_bundle(sku)).copied().collect();
    let levels = stock_levels::of_skus(&database, &new).await?;
    let stocked = levels.iter().filter(|copied| {
        let places = &copied.level.balances;
        copied.level.on_hand() != 0
            || copied.level.reserved != 0
            || places.iter().any(|place| place.damaged != 0 || place.incoming != 0)
    });
    let stocked: Vec<&str> = stocked.map(|copied| copied.sku.as_str()).collect();
    if stocked.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::BundleHasStock).with("skus", stocked))
}

/// All faults of the kind that comes first.
fn refused(faults: &[AssemblyFault]) -> Option<ApiError> {
    let first = faults.first()?;
    let code = code_of(&first.kind);
    let alike = faults.iter().filter(|fault| code_of(&fault.kind) == code);
    let errors = alike.map(|fault| FieldError {
        pointer: fault.pointer.clone(),
        message: fault.kind.to_string(),
    });
    let mut error = ApiError::because(code, first.kind.to_string());
    error.errors = errors.collect();
    Some(match &first.kind {
        AssemblyFaultKind::Cycle { cycle } => error.with("cycle", json!(cycle)),
        AssemblyFaultKind::TooLarge { bundle } => {
            error.with("bundle", Value::from(bundle.as_str()))
        }
        AssemblyFaultKind::Unknown { .. } | AssemblyFaultKind::NotForSale { .. } => error,
    })
}

const fn code_of(kind: &AssemblyFaultKind) -> ErrorCode {
    match kind {
        AssemblyFaultKind::Unknown { .. } => ErrorCode::UnknownSku,
        AssemblyFaultKind::NotForSale { .. } => ErrorCode::ProductNotActive,
        AssemblyFaultKind::Cycle { .. } => ErrorCode::BundleCycle,
        AssemblyFaultKind::TooLarge { .. } => ErrorCode::BundleTooLarge,
    }
}
