//! `POST /v1/admin/attention/{id}/resolve`: a person has dealt with it.

use serde::Deserialize;
use utoipa::ToSchema;

use super::view::AttentionView;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::orders::show::found;
use crate::api::reply::{Outcome, Reply};
use crate::domain::order::Resolution;
use crate::objects::commands::ShardCommand;
use crate::storage::attention::{self, AttentionEntry};

const MAX_NOTE_CHARACTERS: usize = 500;

/// What was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "Refunded by bank transfer on 3 February."}))]
pub struct ResolveRequest {
    /// In a person's words; it stays with the order.
    #[schema(min_length = 1, max_length = 500)]
    note: String,
}

impl ResolveRequest {
    fn check(&self) -> Result<(), ApiError> {
        let line = (1..=MAX_NOTE_CHARACTERS).contains(&self.note.chars().count())
            && !self.note.trim().is_empty()
            && !self.note.contains(char::is_control);
        if line {
            return Ok(());
        }
        Err(ApiError::field("/note", "must be a line of 1 to 500 characters"))
    }
}

/// Takes something out of the queue: a person has dealt with it.
///
/// Resolving it again changes nothing. Should the same cause come up anew, it waits anew.
#[utoipa::path(
    post, path = "/v1/admin/attention/{id}/resolve", operation_id = "resolve_attention", tag = "admin",
    params(("id" = String, Path, description = "What is dealt with", example = "att_5f0c1f2e9a7b4d3c8e6f1a2b3c4d5e6f")),
    request_body = ResolveRequest,
    responses(
        (status = 200, description = "It, resolved", body = AttentionView),
        (status = 404, description = "`attention_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let request: ResolveRequest = ask.json().await?;
    request.check()?;
    let database = ask.platform.database()?;
    let id = ask.parameter("id");
    let entry = attention::find(&database, id).await?;
    let Some(mut entry) = entry else {
        return Err(ApiError::new(ErrorCode::AttentionNotFound));
    };
    match entry.order_id {
        Some(_) => resolve_at_order(&ask, &mut entry, request.note).await?,
        None => {
            let by = ask.caller.sender().to_owned();
            let resolution = Resolution { at: ask.platform.now(), by, note: request.note };
            attention::resolve(&database, &entry.id, &resolution).await?;
            entry.resolved = entry.resolved.or(Some(resolution));
        }
    }
    Reply::json(200, &AttentionView::of(&entry))
}

/// The order decides; what is copied here follows.
async fn resolve_at_order(
    ask: &Ask,
    entry: &mut AttentionEntry,
    note: String,
) -> Result<(), ApiError> {
    let Some(id) = entry.order_id else { return Ok(()) };
    let code = entry.code;
    let actor = ask.caller.sender().to_owned();
    let command = ShardCommand::Resolve { id, code, note, actor };
    let answer = ask.platform.shard(id.shard(), &command).await;
    let order = found(id, answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?)?;
    let Some(attention) = order.attention.iter().find(|attention| attention.code == code) else {
        return Err(ApiError::new(ErrorCode::AttentionNotFound).about(id));
    };
    entry.resolved.clone_from(&attention.resolved);
    entry.detail.clone_from(&attention.detail);
    entry.order = Some(order);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_line() {
        let check = |note: &str| ResolveRequest { note: note.to_owned() }.check().is_ok();
        assert!(check("Refunded.") && check(&"x".repeat(500)));
        for bad in ["", "  ", "a\nb", "a\u{0}", &"x".repeat(501)] {
            assert!(!check(bad), "{bad:?}");
        }
    }
}
