//! Cycle counts: made, counted line by line, approved or rejected.

pub mod approve;
pub mod create;
pub mod list;
pub mod record;
pub mod reject;
pub mod show;
pub mod view;

use super::ask::Ask;
use super::error::{ApiError, ErrorCode};
use super::reply::{Outcome, Reply};
use super::stock_documents::{act, json_bytes, note};
use crate::domain::id::{CountId, StockDocumentId};
use crate::domain::stock_document::Action;
use view::CountView;

/// The count that the path names.
fn named(ask: &Ask) -> Result<StockDocumentId, ApiError> {
    let id: CountId = ask.named("id", ErrorCode::CountNotFound)?;
    Ok(StockDocumentId::Count(id))
}

/// Does something that needs no more than a note.
async fn with_note(mut ask: Ask, action: Action) -> Outcome {
    let id = named(&ask)?;
    let body = json_bytes(&mut ask).await?;
    let submission = ask.submission(&body)?;
    let note = note::read(&body)?;
    let done = act::act(&ask, id, submission, action, note).await?;
    shown(&done, 200)
}

/// The count after something was done with it.
fn shown(done: &act::Done, status: u16) -> Outcome {
    let view = CountView::of(&done.document, &done.failures)?;
    Ok(Reply::json(done.status(status), &view)?.replayed(done.replayed))
}
