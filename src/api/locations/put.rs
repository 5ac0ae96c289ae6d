//! `PUT /v1/admin/locations/{id}`: writes a place that has stock.

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::inventory::LocationId;
use crate::domain::location_registry::StockLocation;
use crate::storage::locations::{self, Written};

/// Writes a location, in place of what was there.
///
/// It is archived only when it has no stock, and at least one location must serve orders. Checkouts
/// follow within seconds; orders that were placed keep their units where they are.
#[utoipa::path(
    put, path = "/v1/admin/locations/{id}", operation_id = "put_location", tag = "admin",
    params(("id" = String, Path, description = "The location; the same as in the body", example = "harbour-demo")),
    request_body(content = StockLocation, example = json!({
        "id": "harbour-demo", "name": "Harbour warehouse", "kind": "warehouse", "country": "DE",
        "region": "Hamburg", "priority": 200, "fulfils_orders": false
    })),
    responses(
        (status = 200, description = "The location as it is now", body = StockLocation),
        (status = 404, description = "`location_not_found`: no location can have this identity", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`location_in_use`: `skus` lists up to 20 that have units there; `location_needed`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id: LocationId = ask.named("id", ErrorCode::LocationNotFound)?;
    let location: StockLocation = ask.json().await?;
    if location.id != id {
        return Err(ApiError::field("/id", "must be the id in the address"));
    }
    let errors = location.validate();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let platform = &ask.platform;
    match locations::write(&platform.database()?, &location, platform.now()).await? {
        Written::Yes => {}
        Written::InUse(skus) => {
            return Err(ApiError::new(ErrorCode::LocationInUse).with("skus", skus));
        }
        Written::NoneServes => return Err(ApiError::new(ErrorCode::LocationNeeded)),
        Written::TooMany => {
            return Err(ApiError::field("/id", "must be one of at most 100 locations"));
        }
    }
    remembered::forget_locations();
    Reply::json(200, &location)
}
