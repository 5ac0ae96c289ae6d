//! Cycle counts: made, counted line by line, approved or rejected.

pub mod approve;
pub mod create;
pub mod list;
pub mod record;
pub mod reject;
pub mod show;
pub mod view;

use super::error::{ApiError, ErrorCode};
use super::stock_documents::kind::Kind;
use crate::domain::id::{CountId, StockDocumentId};
use crate::domain::stock_document::{LineFailure, StockDocument};
use uuid::Uuid;
use view::CountView;

/// Cycle counts.
pub struct Counts;

impl Kind for Counts {
    type Id = CountId;
    type View<'a> = CountView<'a>;

    const PATH: &'static str = "/v1/admin/counts";
    const MISSING: ErrorCode = ErrorCode::CountNotFound;

    fn id(id: CountId) -> StockDocumentId {
        StockDocumentId::Count(id)
    }

    fn of_unique(unique: Uuid) -> StockDocumentId {
        StockDocumentId::Count(CountId::new(unique))
    }

    fn view<'a>(
        document: &'a StockDocument,
        failures: &'a [LineFailure],
    ) -> Result<CountView<'a>, ApiError> {
        CountView::of(document, failures)
    }
}
