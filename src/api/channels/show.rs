//! `GET /v1/admin/channels/{id}`: a sales channel.

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::channel::Channel;
use crate::domain::inventory::ChannelId;
use crate::runtime::platform::Platform;
use crate::storage;

/// Shows a sales channel.
#[utoipa::path(
    get, path = "/v1/admin/channels/{id}", operation_id = "show_channel", tag = "admin",
    params(("id" = String, Path, description = "The channel", example = "storefront")),
    responses(
        (status = 200, description = "The channel", body = Channel),
        (status = 404, description = "`channel_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id: ChannelId = ask.named("id", ErrorCode::ChannelNotFound)?;
    Reply::json(200, &known(&ask.platform, &id).await?)
}

/// The channel of this identity, as D1 has it now.
///
/// # Errors
/// 404 if there is none.
pub async fn known(platform: &Platform, id: &ChannelId) -> Result<Channel, ApiError> {
    let channel = storage::channels::read(&platform.database()?, id).await?;
    channel.ok_or_else(|| ApiError::new(ErrorCode::ChannelNotFound))
}
