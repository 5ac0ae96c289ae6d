//! `PUT /v1/admin/channels/{id}`: sets a sales channel up.

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::channel::{Channel, ChannelSettings};
use crate::domain::inventory::ChannelId;
use crate::storage;

/// Sets up a sales channel, or changes it.
///
/// A channel that begins to sell everything is told of every SKU, beginning within a quarter of an hour. An archived one takes
/// no orders and no new terms; what is set aside for it stays so until its terms are taken away.
#[utoipa::path(
    put, path = "/v1/admin/channels/{id}", operation_id = "put_channel", tag = "admin",
    params(("id" = String, Path, description = "The channel: 1 to 64 letters, digits, `.`, `_` and `-`", example = "big-marketplace")),
    request_body(content = ChannelSettings),
    responses(
        (status = 200, description = "The channel as it is now", body = Channel),
        (status = 404, description = "`channel_not_found`: no channel can have this identity", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id: ChannelId = ask.named("id", ErrorCode::ChannelNotFound)?;
    let settings: ChannelSettings = ask.json().await?;
    let errors = settings.validate(&id);
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let channel = Channel::new(id, settings);
    storage::channels::write(&ask.platform.database()?, &channel, ask.platform.now()).await?;
    Reply::json(200, &channel)
}
