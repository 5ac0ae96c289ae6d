//! `GET /v1/admin/payment-methods`: every gateway, and on which terms it is offered.

use serde::Serialize;
use utoipa::ToSchema;

use super::terms;
use super::view::MethodView;
use crate::api::ask::Ask;
use crate::api::reply::{Outcome, Reply};
use crate::domain::payment::Gateway;
use crate::providers::payment::registry;
use crate::storage;

/// Every gateway.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodList {
    /// In an order that does not change.
    items: Vec<MethodView>,
}

/// Lists every payment gateway with its terms, as D1 has them now.
///
/// `set_up` says whether the deployment has a gateway's secrets; the secrets themselves are nowhere told.
#[utoipa::path(
    get, path = "/v1/admin/payment-methods", operation_id = "list_payment_settings", tag = "admin",
    responses((status = 200, description = "Every gateway", body = MethodList)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let known = storage::payment_settings::read(&ask.platform.database()?).await?;
    let settings = ask.platform.settings();
    let items = Gateway::ALL.map(|gateway| {
        let provider = registry::gateway(&settings.payments, gateway);
        let mut terms = terms::of(&known, gateway, settings.capture_mode);
        let customized = known.contains_key(&gateway);
        // Sent back as it is, it is what can be set.
        terms.enabled &= customized || provider.is_some();
        MethodView::of(gateway, provider.as_deref(), terms, customized)
    });
    Reply::json(200, &MethodList { items: items.into() })
}
