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

use super::error::{ApiError, ErrorCode};
use super::stock_documents::kind::Kind;
use crate::domain::id::{StockDocumentId, TransferId};
use crate::domain::stock_document::{LineFailure, StockDocument};
use uuid::Uuid;
use view::TransferView;

/// Transfers between locations.
pub struct Transfers;

impl Kind for Transfers {
    type Id = TransferId;
    type View<'a> = TransferView<'a>;

    const PATH: &'static str = "/v1/admin/transfers";
    const MISSING: ErrorCode = ErrorCode::TransferNotFound;

    fn id(id: TransferId) -> StockDocumentId {
        StockDocumentId::Transfer(id)
    }

    fn of_unique(unique: Uuid) -> StockDocumentId {
        StockDocumentId::Transfer(TransferId::new(unique))
    }

    fn view<'a>(
        document: &'a StockDocument,
        failures: &'a [LineFailure],
    ) -> Result<TransferView<'a>, ApiError> {
        TransferView::of(document, failures)
    }
}
