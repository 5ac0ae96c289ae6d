//! What every change of a SKU by a person has in common: the catalogue must know the SKU, the person says
//! why, and the object's answer is told.

use std::rc::Rc;

use super::bundle::refuse_bundles;
use super::view::InventoryView;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::idempotency::Submission;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::display::{self, Shown};
use crate::api::stock::seen;
use crate::domain::id::Sku;
use crate::domain::inventory::{Cause, CauseKind, ChangeRefusal, StockChange, TermsChange};
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::runtime::platform::Platform;
use crate::storage;

/// The most characters of a reason.
pub const MAX_REASON_CHARACTERS: usize = 200;

/// Whether a text is a line that says why.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    (1..=MAX_REASON_CHARACTERS).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.contains(char::is_control)
}

/// Changes a SKU's counters or terms for the person who asks, once per key.
///
/// # Errors
/// What the object refuses, or 503.
pub async fn by_person(
    ask: &Ask,
    sku: &Sku,
    submission: Submission,
    changes: Vec<StockChange>,
    terms: Option<Box<TermsChange>>,
    reason: String,
) -> Outcome {
    let store = remembered::terms(&ask.platform).await?;
    let actor = Some(ask.caller.sender().to_owned());
    let cause = Cause { kind: CauseKind::Person, id: None, actor, reason: Some(reason) };
    let Submission { key, fingerprint, .. } = submission;
    let command = SkuCommand::Change { key, fingerprint, changes, terms, cause };
    match ask.platform.sku(sku, &command).await? {
        SkuAnswer::Changed { level, as_of, replayed } => {
            let level = Rc::new(*level);
            if !replayed {
                let shown = Shown { level: Rc::clone(&level), as_of };
                display::remember(&ask.platform, sku, shown);
            }
            let seen = seen::by_storefronts(&ask.platform).await;
            let view = InventoryView::of(sku, &level, as_of, &store, &seen);
            Ok(Reply::json(200, &view)?.replayed(replayed))
        }
        SkuAnswer::Refused { refusal } => Err(refused(&refusal)),
        SkuAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        _ => Err(ApiError::internal("the object's answer does not fit a change")),
    }
}

/// A refusal of the object as the caller is told it.
#[must_use]
pub fn refused(refusal: &ChangeRefusal) -> ApiError {
    match refusal {
        ChangeRefusal::UnitsClaimed { removable } => {
            ApiError::because(ErrorCode::UnitsClaimed, refusal.to_string())
                .with("removable", *removable)
        }
        ChangeRefusal::NotDamaged { damaged } => {
            ApiError::because(ErrorCode::NotDamaged, refusal.to_string()).with("damaged", *damaged)
        }
        ChangeRefusal::CountedSince => {
            ApiError::because(ErrorCode::ShelfCountedSince, refusal.to_string())
        }
        ChangeRefusal::OutOfRange => {
            ApiError::field("/quantity", "must keep every count within 1000000000")
        }
    }
}

/// Stock is not kept for a SKU that nobody can sell: most likely it is misspelt. What is remembered is not
/// asked: the SKU may have been made a moment ago.
///
/// # Errors
/// 404 `unknown_sku`, or 503.
pub async fn require_in_catalogue(platform: &Platform, sku: &Sku) -> Result<(), ApiError> {
    let known = storage::catalogue::sellables(&platform.database()?, &[sku]).await?;
    if known.is_empty() {
        return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", vec![sku.as_str()]));
    }
    refuse_bundles(&known)
}
