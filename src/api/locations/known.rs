//! Whether the locations that a request names are there.

use crate::api::error::{ApiError, ErrorCode};
use crate::api::remembered;
use crate::domain::field_error::FieldError;
use crate::domain::inventory::LocationId;
use crate::domain::location_registry::{LocationStatus, StockLocation};
use crate::runtime::platform::Platform;
use crate::storage;

/// Requires that every location is registered and active. Each is named with the JSON pointer to where
/// the request has it.
///
/// What is remembered is believed only when it says yes: a location may have been made a moment ago.
///
/// # Errors
/// 422 `unknown_location` with a pointer to each that is not; 503 when they can't be read.
pub async fn require_locations<'a>(
    platform: &Platform,
    named: impl IntoIterator<Item = (String, &'a LocationId)>,
) -> Result<(), ApiError> {
    let named: Vec<(String, &LocationId)> = named.into_iter().collect();
    let remembered = remembered::locations(platform).await?;
    if named.iter().all(|(_, id)| is_active(&remembered, id)) {
        return Ok(());
    }
    let now = storage::locations::all(&platform.database()?).await?;
    let message = "must be an active location";
    let errors: Vec<FieldError> = named
        .into_iter()
        .filter(|(_, id)| !is_active(&now, id))
        .map(|(pointer, _)| FieldError { pointer, message: message.to_owned() })
        .collect();
    if errors.is_empty() {
        remembered::forget_locations();
        return Ok(());
    }
    let mut refusal = ApiError::new(ErrorCode::UnknownLocation);
    refusal.errors = errors;
    Err(refusal)
}

fn is_active(locations: &[StockLocation], id: &LocationId) -> bool {
    let known = locations.iter().find(|location| location.id == *id);
    known.is_some_and(|location| location.status == LocationStatus::Active)
}
