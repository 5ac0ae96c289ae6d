//! `PUT /v1/admin/store`: sets the store's terms.

use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::ApiError;
use crate::api::reply::{Outcome, Reply};
use crate::api::{products, remembered};
use crate::domain::catalogue::StoreSettings;
use crate::storage;

/// Two thousand tax rates are longer than an ordinary body.
const MAX_TERMS_BYTES: usize = 512 * 1024;

/// Sets the store's terms, in place of what was there.
///
/// Checkouts follow them within seconds; orders that were placed keep the terms they were placed on.
#[utoipa::path(
    put, path = "/v1/admin/store", operation_id = "put_store", tag = "admin",
    request_body(content = StoreSettings, description = "Up to 512 KiB"),
    responses((status = 200, description = "The store's terms as they are now", body = StoreSettings)),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let body = body::read_json(ask.incoming.as_mut(), MAX_TERMS_BYTES).await?;
    let terms: StoreSettings = body::parse(&body)?;
    let errors = terms.validate();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    storage::store::write(&ask.platform.database()?, &terms, ask.platform.now()).await?;
    remembered::forget_catalogue();
    products::list::forget();
    products::show::forget();
    Reply::json(200, &terms)
}
