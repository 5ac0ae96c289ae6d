//! `GET` and `PUT /v1/admin/inventory/{sku}/terms`: what a merchant says about a SKU's stock.

use serde::Serialize;
use utoipa::ToSchema;

use super::change;
use super::terms_view::TermsView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::display;
use crate::domain::id::Sku;

/// A SKU's terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkuTermsView<'a> {
    /// The SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// Its terms.
    #[serde(flatten)]
    terms: TermsView<'a>,
    /// Grows by one with every change of the SKU.
    version: i64,
}

/// Shows a SKU's terms, as the object that owns them has them now.
pub mod show {
    use super::{Ask, Outcome, Problem, Reply, SkuTermsView, TermsView, change, display};

    /// Shows a SKU's terms, as the object that owns them has them now.
    #[utoipa::path(
        get, path = "/v1/admin/inventory/{sku}/terms", operation_id = "show_terms", tag = "admin",
        params(("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC")),
        responses(
            (status = 200, description = "The terms", body = SkuTermsView),
            (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        let sku = ask.sku()?;
        let shown = display::ask(&ask.platform, &sku).await?;
        if shown.level.version == 0 {
            change::require_in_catalogue(&ask.platform, &sku).await?;
        }
        let (terms, version) = (TermsView::of(&shown.level), shown.level.version);
        Reply::json(200, &SkuTermsView { sku: &sku, terms, version })
    }
}

/// Sets a SKU's terms.
pub mod put {
    use super::super::terms_request::TermsRequest;
    use super::super::view::InventoryView;
    use super::{Ask, Outcome, Problem, change};
    use crate::api::body;
    use crate::api::error::ApiError;
    use crate::api::locations::known::require_locations;

    /// Sets all of a SKU's terms, once per `Idempotency-Key`. What is left out is not said any more.
    ///
    /// Orders that wait for units beyond the shelf keep them; a limit below what is promised is refused.
    #[utoipa::path(
        put, path = "/v1/admin/inventory/{sku}/terms", operation_id = "put_terms", tag = "admin",
        params(
            ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
            ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "season-2027-mug"),
        ),
        request_body = TermsRequest,
        responses(
            (status = 200, description = "The SKU after it; `Idempotent-Replayed: true` on a repeat", body = InventoryView),
            (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
            (status = 409, description = "`units_claimed`: more is promised beyond the shelf than the new limits allow", body = Problem, content_type = "application/problem+json"),
            (status = 422, description = "`invalid_request`, `unknown_location`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(mut ask: Ask) -> Outcome {
        let sku = ask.sku()?;
        let body = ask.json_bytes().await?;
        let submission = ask.submission(&body)?;
        let request: TermsRequest = body::parse(&body)?;
        let errors = request.check();
        if !errors.is_empty() {
            return Err(ApiError::fields(errors));
        }
        change::require_in_catalogue(&ask.platform, &sku).await?;
        let named = request.locations.keys().map(|id| (format!("/locations/{id}"), id));
        require_locations(&ask.platform, named).await?;
        let (terms, reason) = request.into_change();
        change::by_person(&ask, &sku, submission, Vec::new(), Some(Box::new(terms)), reason).await
    }
}
