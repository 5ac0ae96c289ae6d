//! Transfers between locations: made, shipped, received in parts, closed, returned or called off.

pub mod cancel;
pub mod close;
pub mod create;
pub mod edit;
pub mod list;
pub mod receive;
pub mod return_to_source;
pub mod ship;
pub mod show;
pub mod view;

use super::ask::Ask;
use super::error::{ApiError, ErrorCode};
use super::reply::{Outcome, Reply};
use super::stock_documents::{act, json_bytes, note};
use crate::domain::id::{StockDocumentId, TransferId};
use crate::domain::stock_document::Action;
use view::TransferView;

/// The transfer that the path names.
fn named(ask: &Ask) -> Result<StockDocumentId, ApiError> {
    let id: TransferId = ask.named("id", ErrorCode::TransferNotFound)?;
    Ok(StockDocumentId::Transfer(id))
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

/// The transfer after something was done with it.
fn shown(done: &act::Done, status: u16) -> Outcome {
    let view = TransferView::of(&done.document, &done.failures)?;
    Ok(Reply::json(done.status(status), &view)?.replayed(done.replayed))
}
