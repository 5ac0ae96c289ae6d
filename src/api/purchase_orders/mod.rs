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

use super::error::{ApiError, ErrorCode};
use super::stock_documents::kind::Kind;
use crate::domain::id::{PurchaseOrderId, StockDocumentId};
use crate::domain::stock_document::{LineFailure, StockDocument};
use uuid::Uuid;
use view::PurchaseOrderView;

/// Orders to suppliers.
pub struct PurchaseOrders;

impl Kind for PurchaseOrders {
    type Id = PurchaseOrderId;
    type View<'a> = PurchaseOrderView<'a>;

    const PATH: &'static str = "/v1/admin/purchase-orders";
    const MISSING: ErrorCode = ErrorCode::PurchaseOrderNotFound;

    fn id(id: PurchaseOrderId) -> StockDocumentId {
        StockDocumentId::PurchaseOrder(id)
    }

    fn of_unique(unique: Uuid) -> StockDocumentId {
        StockDocumentId::PurchaseOrder(PurchaseOrderId::new(unique))
    }

    fn view<'a>(
        document: &'a StockDocument,
        failures: &'a [LineFailure],
    ) -> Result<PurchaseOrderView<'a>, ApiError> {
        PurchaseOrderView::of(document, failures)
    }
}
