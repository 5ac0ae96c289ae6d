//! Orders to suppliers: made, ordered, received in parts, closed or called off.

pub mod cancel;
pub mod close;
pub mod create;
pub mod edit;
pub mod list;
pub mod order;
pub mod receive;
pub mod show;
pub mod view;

use super::ask::Ask;
use super::error::{ApiError, ErrorCode};
use super::reply::{Outcome, Reply};
use super::stock_documents::{act, json_bytes, note};
use crate::domain::id::{PurchaseOrderId, StockDocumentId};
use crate::domain::stock_document::Action;
use view::PurchaseOrderView;

/// The purchase order that the path names.
fn named(ask: &Ask) -> Result<StockDocumentId, ApiError> {
    let id: PurchaseOrderId = ask.named("id", ErrorCode::PurchaseOrderNotFound)?;
    Ok(StockDocumentId::PurchaseOrder(id))
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

/// The order after something was done with it.
fn shown(done: &act::Done, status: u16) -> Outcome {
    let view = PurchaseOrderView::of(&done.document, &done.failures)?;
    Ok(Reply::json(done.status(status), &view)?.replayed(done.replayed))
}
