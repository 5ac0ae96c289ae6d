//! `GET /v1/admin/locations`: the places that have stock.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::reply::{Outcome, Reply};
use crate::domain::location_registry::StockLocation;
use crate::storage;

/// Every location of the store: there are at most 100.
#[derive(Debug, Serialize, ToSchema)]
pub struct LocationList {
    /// The locations, by id.
    items: Vec<StockLocation>,
}

/// Lists the locations that have, or had, stock.
#[utoipa::path(
    get, path = "/v1/admin/locations", operation_id = "list_locations", tag = "admin",
    responses((status = 200, description = "Every location, archived ones too", body = LocationList)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    ask.query(&[])?;
    let items = storage::locations::all(&ask.platform.database()?).await?;
    Reply::json(200, &LocationList { items })
}
