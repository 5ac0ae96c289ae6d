//! `GET /v1/admin/exports/{kind}`: every level, threshold or product as a file.

use futures_util::stream;

use super::pages::Pages;
use super::rows;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::import::{FileFormat, ImportKind};
use crate::runtime::serve::{Chunks, OutgoingBody};

/// Exports every level, threshold or product, in a form that can be changed and imported again.
///
/// The file is sent while it is read, page by page, from copies that are a second or two old. If the
/// connection ends early, so does the file: ask for the rest `after` the last SKU, or product, that came
/// whole. A text that a spreadsheet would take for a formula begins with an apostrophe, which an import
/// takes off again.
#[utoipa::path(
    get, path = "/v1/admin/exports/{kind}", operation_id = "export_bulk", tag = "admin",
    params(
        ("kind" = ImportKind, Path, description = "What", example = "levels"),
        ("format" = Option<FileFormat>, Query, description = "By default `csv`", example = "csv"),
        ("after" = Option<String>, Query, description = "Only what comes after this SKU, or product"),
    ),
    responses(
        (status = 200, description = "A header and a row for each; in JSON, a line for each", content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        (status = 404, description = "`not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let kind = ImportKind::from_name(ask.parameter("kind"))
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let query = ask.query(&["format", "after"])?;
    let format = query.read("format", "must be csv or jsonl", |text| match text {
        "csv" => Some(FileFormat::Csv),
        "jsonl" => Some(FileFormat::Jsonl),
        _ => None,
    })?;
    let format = format.unwrap_or(FileFormat::Csv);
    let after = query.one("after")?.unwrap_or_default().to_owned();
    let platform = ask.platform.clone();
    let mut pages = Pages { platform, kind, format, after, is_over: false };
    // The first page is read before the answer begins: what fails by then is answered as a refusal.
    let first = pages.next().await?.unwrap_or_default();
    let first = [rows::header(kind, format), first].concat();
    let rest = stream::unfold((Some(first), pages), |(first, mut pages)| async move {
        if let Some(first) = first {
            return Some((Ok(first.into_bytes()), (None, pages)));
        }
        match pages.next().await {
            Ok(text) => text.map(|text| (Ok(text.into_bytes()), (None, pages))),
            Err(error) => {
                pages.is_over = true;
                Some((Err(error.detail), (None, pages)))
            }
        }
    });
    let (media_type, ending) = match format {
        FileFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        FileFormat::Jsonl => ("application/x-ndjson", "jsonl"),
    };
    let name = format!("attachment; filename=\"{}.{ending}\"", kind.name());
    let reply = Reply::text(200, media_type, OutgoingBody::Stream(Chunks::new(rest)));
    Ok(reply.with_header("content-disposition", name))
}
