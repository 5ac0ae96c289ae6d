//! `GET /v1/admin/imports/{id}/errors`: every row that was not applied, and why.

use serde::Serialize;
use utoipa::ToSchema;

use super::found;
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::openapi::Problem;
use crate::api::query::{cursor_after, refused};
use crate::api::reply::{Outcome, Reply};
use crate::domain::import::RowError;
use crate::objects::commands::{ImportAnswer, ImportCommand};

/// A page of rows that were not applied, by line.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportErrorPage {
    /// The rows; a row of which several values are wrong is there several times.
    items: Vec<RowError>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists the rows of an import that were not applied, by line. They are kept for 40 days after its end.
#[utoipa::path(
    get, path = "/v1/admin/imports/{id}/errors", operation_id = "list_import_errors", tag = "admin",
    params(
        ("id" = String, Path, description = "The import", example = "imp_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of rows", body = ImportErrorPage),
        (status = 404, description = "`import_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["limit", "cursor"])?;
    let limit = query.limit()?;
    let after = match query.cursor()? {
        None => (0, 0),
        Some(cursor) => position(&cursor)
            .ok_or_else(|| refused("cursor", "must be the next_cursor of an earlier page"))?,
    };
    let command = ImportCommand::Errors { after, limit: limit.saturating_add(1) };
    let answer = ask.platform.import_job(found::id(&ask)?, &command).await?;
    let ImportAnswer::Errors { mut errors } = answer else {
        found::told(&answer, 200)?;
        return Err(ApiError::internal("the object's answer does not fit a list of errors"));
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = errors.len() > limit;
    errors.truncate(limit);
    let next_cursor = errors
        .last()
        .filter(|_| more)
        .map(|(number, error)| cursor_after(&format!("{}.{number}", error.line)));
    let items = errors.into_iter().map(|(_, error)| error).collect();
    Reply::json(200, &ImportErrorPage { items, next_cursor })
}

/// Where a cursor leads on, if a page said it.
#[must_use]
pub fn position(cursor: &str) -> Option<(u64, u64)> {
    let (line, number) = cursor.split_once('.')?;
    Some((line.parse().ok()?, number.parse().ok()?))
}
