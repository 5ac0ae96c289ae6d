//! `POST /v1/admin/inventory/{sku}/proofs`: proves a SKU's ledger now.

use serde::Deserialize;
use utoipa::ToSchema;

use super::moment;
use super::proof_view::ProofView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::display;
use crate::objects::stock_proof::{ProofScope, Proven, prove};

/// Turns at the object of one request: some 100,000 lines. A longer ledger takes several requests.
const TURNS_PER_REQUEST: u32 = 20;

/// How much is to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProofRequestScope {
    /// Every line and every claim.
    #[default]
    Whole,
    /// What came since the last proof that held, and the counters.
    SinceLast,
}

/// A proof to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scope": "whole"}))]
pub struct ProofRequest {
    /// By default `whole`.
    #[serde(default)]
    scope: ProofRequestScope,
}

/// Proves a SKU's ledger: counters and claims are recomputed from its lines and compared.
///
/// It reports what differs and changes nothing in the ledger, so it needs no `Idempotency-Key`. The ledger
/// must also have the hash, unchanged, that the last proof which held has ended with: that is kept outside
/// of it. A long ledger is read in parts: while the verdict is `unfinished`, the same request goes on.
///
/// At its end the SKU's object is held against what lists were told of it and what orders have of it. If it
/// was put back to an earlier state, orders tell it again what it has forgotten, under the keys that they
/// always had; an order whose units are gone by then is put before a person. What nobody else knew, such as
/// goods received since, is told as a difference.
#[utoipa::path(
    post, path = "/v1/admin/inventory/{sku}/proofs", operation_id = "prove_inventory", tag = "admin",
    params(("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC")),
    request_body = ProofRequest,
    responses(
        (status = 200, description = "What came of it", body = ProofView),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let request: ProofRequest = ask.json().await?;
    let shown = display::ask(&ask.platform, &sku).await?;
    moment::require_known(&ask.platform, &sku, &shown.level).await?;
    let scope = match request.scope {
        ProofRequestScope::Whole => ProofScope::Whole,
        ProofRequestScope::SinceLast => ProofScope::SinceLast,
    };
    match prove(&ask.platform, &sku, scope, TURNS_PER_REQUEST).await? {
        Proven::Ended { report, at } => {
            Reply::json(200, &ProofView::ended(sku.as_str(), &report, at))
        }
        Proven::Unfinished { proof } => {
            Reply::json(200, &ProofView::unfinished(sku.as_str(), &proof))
        }
    }
}
