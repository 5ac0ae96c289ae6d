//! `POST /v1/orders/{id}/payment/confirm`: the browser came back with what the gateway gave it.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::show::{found, shown};
use super::view::OrderView;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::field_error::Checks;
use crate::objects::commands::{ShardAnswer, ShardCommand};

const MAX_PARAMETERS: usize = 20;
const MAX_NAME_CHARACTERS: usize = 64;
const MAX_VALUE_CHARACTERS: usize = 512;

/// What the gateway gave the browser.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"parameters": {"redirect_status": "succeeded"}}))]
pub struct ReturnRequest {
    /// Names and values as the gateway's page or library handed them over, such as
    /// `razorpay_signature`.
    parameters: BTreeMap<String, String>,
}

/// Judges what the browser brought back from the gateway, asks the gateway where the payment stands, and
/// shows the order.
///
/// Where the gateway signs the return (Razorpay), a wrong signature is refused. What a browser says
/// never pays an order: the gateway's own answer does.
#[utoipa::path(
    post, path = "/v1/orders/{id}/payment/confirm", operation_id = "confirm_payment", tag = "orders",
    params(("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    request_body = ReturnRequest,
    responses(
        (status = 200, description = "The order as it is now", body = OrderView),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`return_not_authentic`, `invalid_request`, `card_data_refused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let request: ReturnRequest = ask.json().await?;
    let mut checks = Checks::default();
    checks.count("/parameters", request.parameters.len(), 0, MAX_PARAMETERS);
    for (name, value) in &request.parameters {
        let fits = (1..=MAX_NAME_CHARACTERS).contains(&name.chars().count())
            && value.chars().count() <= MAX_VALUE_CHARACTERS
            && !value.chars().chain(name.chars()).any(char::is_control);
        checks.require(fits, "/parameters", "must have short names and values");
    }
    let errors = checks.finish();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let command = ShardCommand::Returned { id, parameters: request.parameters };
    let answer = ask.platform.shard(id.shard(), &command).await;
    match answer.map_err(|unavailable| ApiError::from(unavailable).about(id))? {
        ShardAnswer::ReturnRefused { problem } => {
            let detail = ["The gateway did not make these parameters for this order: ", &problem];
            Err(ApiError::because(ErrorCode::ReturnNotAuthentic, detail.concat()).about(id))
        }
        answer => shown(&ask, id, &found(id, answer)?),
    }
}
