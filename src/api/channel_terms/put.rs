//! `PUT /v1/admin/inventory/{sku}/channels/{channel}`: what a channel may have of a SKU.

use std::rc::Rc;

use super::view::ChannelStockView;
use crate::api::ask::Ask;
use crate::api::channels::show::known;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::display::{self, Shown};
use crate::domain::channel::ChannelStatus;
use crate::domain::field_error::FieldError;
use crate::domain::inventory::{
    Cause, CauseKind, ChangeRefusal, ChannelId, ChannelTerms, MAX_UNITS, TermsChange,
};
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::runtime::clock::fresh_uuid;

/// Sets what a channel may have of a SKU, or, with `null`, takes its terms away.
///
/// A higher allocation sets more units aside and is refused beyond what is free; a lower one gives what
/// is left of the difference back to everybody. Sent again it changes nothing.
#[utoipa::path(
    put, path = "/v1/admin/inventory/{sku}/channels/{channel}", operation_id = "put_channel_terms", tag = "admin",
    params(
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
        ("channel" = String, Path, description = "The channel", example = "storefront"),
    ),
    request_body(content = Option<ChannelTerms>, example = json!({"buffer": 2, "cap": 50, "allocation": 20})),
    responses(
        (status = 200, description = "What the channel may have now", body = ChannelStockView),
        (status = 404, description = "`unknown_sku`, `channel_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`allocation_too_large`: `free` says how many more units can be set aside; `channel_archived`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let id: ChannelId = ask.named("channel", ErrorCode::ChannelNotFound)?;
    let terms: Option<ChannelTerms> = ask.json().await?;
    let errors = terms.as_ref().map_or_else(Vec::new, wrong);
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let channel = known(&ask.platform, &id).await?;
    if terms.is_some() && channel.status == ChannelStatus::Archived {
        return Err(ApiError::new(ErrorCode::ChannelArchived));
    }
    crate::api::inventory::change::require_in_catalogue(&ask.platform, &sku).await?;
    let command = SkuCommand::Change {
        // The request says what is to be, not by how much: asked again it is another change of nothing.
        key: format!("channel-terms:{}", fresh_uuid().simple()),
        fingerprint: String::new(),
        changes: Vec::new(),
        terms: Some(Box::new(TermsChange::Channel { channel: id.clone(), terms })),
        cause: Cause {
            kind: CauseKind::Person,
            id: None,
            actor: Some(ask.caller.sender().to_owned()),
            reason: Some(["terms of the channel ", id.as_str()].concat()),
        },
    };
    match ask.platform.sku(&sku, &command).await? {
        SkuAnswer::Changed { level, as_of, .. } => {
            let level = Rc::new(*level);
            display::remember(&ask.platform, &sku, Shown { level: Rc::clone(&level), as_of });
            Reply::json(200, &ChannelStockView::of(&level, id, as_of))
        }
        SkuAnswer::Refused { refusal: ChangeRefusal::UnitsClaimed { removable } } => {
            Err(ApiError::new(ErrorCode::AllocationTooLarge).with("free", removable))
        }
        SkuAnswer::Refused { .. } => {
            Err(ApiError::field("", "a SKU can have terms for 50 channels"))
        }
        _ => Err(ApiError::internal("the object's answer does not fit a change of terms")),
    }
}

fn wrong(terms: &ChannelTerms) -> Vec<FieldError> {
    let numbers = [
        ("/buffer", terms.buffer),
        ("/cap", terms.cap.unwrap_or(0)),
        ("/allocation", terms.allocation),
    ];
    let beyond = numbers.into_iter().filter(|(_, number)| !(0..=MAX_UNITS).contains(number));
    let message = "must be 0 to 1000000000";
    beyond
        .map(|(pointer, _)| FieldError { pointer: pointer.to_owned(), message: message.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_bounded_and_nothing_else_is_taken() {
        use serde_json::json;
        let pointers = |body: serde_json::Value| -> Vec<String> {
            let terms: ChannelTerms = serde_json::from_value(body).unwrap();
            wrong(&terms).into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(pointers(json!({})), [""; 0]);
        assert_eq!(pointers(json!({"buffer": 1, "cap": 0, "allocation": MAX_UNITS})), [""; 0]);
        let all = json!({"buffer": -1, "cap": -1, "allocation": MAX_UNITS + 1});
        assert_eq!(pointers(all), ["/buffer", "/cap", "/allocation"]);
        for bad in [json!({"buffer": 1.5}), json!({"left": 1}), json!({"cap": "3"})] {
            assert!(serde_json::from_value::<ChannelTerms>(bad).is_err());
        }
    }
}
