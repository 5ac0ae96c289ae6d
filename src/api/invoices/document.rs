//! A document from its series, and how it is answered.

use serde::de::DeserializeOwned;

use super::page;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::OrderId;
use crate::domain::invoice::{CreditNoteDocument, DocumentKind, DocumentNumber, InvoiceDocument};
use crate::objects::commands::{SeriesAnswer, SeriesCommand};
use crate::runtime::platform::Platform;
use crate::runtime::serve::OutgoingBody;

/// For whoever may see it, and for good: a document never changes.
const CACHE: &str = "private, max-age=31536000, immutable";

/// A document as its series keeps it.
pub(super) struct Kept {
    number: String,
    kind: DocumentKind,
    document: String,
    sha256: String,
}

/// The refusal for a document that is not there.
pub(super) fn not_found() -> ApiError {
    ApiError::new(ErrorCode::InvoiceNotFound)
}

/// The document of the number in the path.
pub(super) async fn named(ask: &Ask, kind: DocumentKind) -> Result<Kept, ApiError> {
    let number: DocumentNumber = ask.named("number", ErrorCode::InvoiceNotFound)?;
    of_number(&ask.platform, &number, kind).await
}

/// The document of a number that an order says it has.
pub(super) async fn of_text(
    platform: &Platform,
    number: &str,
    kind: DocumentKind,
) -> Result<Kept, ApiError> {
    let number = number.parse().map_err(|_| ApiError::internal("a malformed number"))?;
    of_number(platform, &number, kind).await
}

async fn of_number(
    platform: &Platform,
    number: &DocumentNumber,
    wanted: DocumentKind,
) -> Result<Kept, ApiError> {
    let command = SeriesCommand::Read { sequence: number.sequence };
    match platform.series(&number.series, &command).await? {
        SeriesAnswer::Document { kind, document, sha256 } if kind == wanted => {
            Ok(Kept { number: number.to_string(), kind, document, sha256 })
        }
        SeriesAnswer::NumberOnly if wanted == DocumentKind::Invoice => Err(ApiError::because(
            ErrorCode::InvoiceNotFound,
            "The number was given before documents were kept: there is none to show.",
        )),
        SeriesAnswer::Document { .. } | SeriesAnswer::NumberOnly | SeriesAnswer::NotFound => {
            Err(not_found())
        }
        SeriesAnswer::Issued { .. } => {
            Err(ApiError::internal("the series' answer does not fit a document"))
        }
    }
}

impl Kept {
    /// The document itself.
    pub(super) fn json(self, order_id: Option<OrderId>) -> Reply {
        let name = [&self.number, ".json"].concat();
        let reply = Reply::text(200, "application/json", OutgoingBody::Text(self.document));
        labelled(reply, &name, &self.sha256, order_id)
    }

    /// The document as a page to read and print.
    ///
    /// # Errors
    /// When the stored document can't be read, which no document of ours is.
    pub(super) fn page(self, order_id: Option<OrderId>) -> Outcome {
        let html = match self.kind {
            DocumentKind::Invoice => page::of_invoice(&read::<InvoiceDocument>(&self.document)?),
            DocumentKind::CreditNote => {
                page::of_credit_note(&read::<CreditNoteDocument>(&self.document)?)
            }
        };
        let name = [&self.number, ".html"].concat();
        let reply = Reply::text(200, "text/html; charset=utf-8", OutgoingBody::Text(html))
            .with_header("content-security-policy", page::CONTENT_SECURITY_POLICY);
        Ok(labelled(reply, &name, &self.sha256, order_id))
    }
}

/// The headers that document and page have alike. A number is letters, digits and hyphens, so it needs
/// no quoting.
fn labelled(reply: Reply, name: &str, sha256: &str, order_id: Option<OrderId>) -> Reply {
    let labelled = reply
        .with_header("cache-control", CACHE)
        .with_header("etag", ["\"", sha256, "\""].concat())
        .with_header("content-disposition", ["inline; filename=\"", name, "\""].concat());
    match order_id {
        Some(id) => labelled.about(id),
        None => labelled,
    }
}

fn read<T: DeserializeOwned>(document: &str) -> Result<T, ApiError> {
    serde_json::from_str(document).map_err(|cause| ApiError::internal(cause.to_string()))
}
