//! Making a document, once per key, and replacing a draft.

use std::collections::BTreeSet;

use super::{missing, refused, unfit, unique};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::idempotency::Submission;
use crate::api::inventory::bundle::refuse_bundles;
use crate::api::locations::known::require_locations;
use crate::domain::field_error::FieldError;
use crate::domain::id::{Sku, StockDocumentId};
use crate::domain::inventory::LocationId;
use crate::domain::stock_document::{Draft, StockDocument};
use crate::domain::supplier::{SupplierId, SupplierStatus};
use crate::objects::commands::{StockDocumentAnswer, StockDocumentCommand};
use crate::runtime::platform::Platform;
use crate::storage::{catalogue, suppliers};

/// Makes a document. Whether it was made before under the same key.
///
/// What the edge would refuse (a SKU that is no longer in the catalogue, a supplier that was archived since)
/// is first looked up under the key: a retry of what was made gets what was made.
///
/// # Errors
/// 409 for bundles, 422 for what else is wrong with the draft, 503.
pub async fn create(
    ask: &Ask,
    submission: Submission,
    id: impl FnOnce(uuid::Uuid) -> StockDocumentId,
    draft: Draft,
) -> Result<(StockDocument, bool), ApiError> {
    let id = id(unique(&submission)?);
    let Submission { key, fingerprint, .. } = submission;
    let (command, refusal) = match require_sound(&ask.platform, &draft).await {
        Ok(()) => {
            let (draft, by) = (Box::new(draft), ask.caller.sender().to_owned());
            (StockDocumentCommand::Create { key, fingerprint, draft, by }, None)
        }
        Err(refusal) => (StockDocumentCommand::Replay { key, fingerprint }, Some(refusal)),
    };
    match ask.platform.stock_document(id, &command).await? {
        StockDocumentAnswer::Document { document, replayed, .. } => Ok((*document, replayed)),
        StockDocumentAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        StockDocumentAnswer::NotFound => Err(refusal.unwrap_or_else(unfit)),
        _ => Err(unfit()),
    }
}

/// Replaces a draft.
///
/// # Errors
/// 404, 409 if it is no draft any more, 422 for what is wrong with the new one, 503.
pub async fn edit(ask: &Ask, id: StockDocumentId, draft: Draft) -> Result<StockDocument, ApiError> {
    require_sound(&ask.platform, &draft).await?;
    let command = StockDocumentCommand::Edit { draft: Box::new(draft) };
    match ask.platform.stock_document(id, &command).await? {
        StockDocumentAnswer::Document { document, .. } => Ok(*document),
        StockDocumentAnswer::Refused { refusal } => Err(refused(&refusal)),
        StockDocumentAnswer::NotFound => Err(missing(id)),
        _ => Err(unfit()),
    }
}

async fn require_sound(platform: &Platform, draft: &Draft) -> Result<(), ApiError> {
    let errors = draft.check();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    if let Draft::PurchaseOrder(draft) = draft {
        require_supplier(platform, &draft.supplier).await?;
    }
    let (skus, locations) = named(draft);
    require_locations(platform, locations).await?;
    require_skus(platform, &skus).await
}

/// Goods are ordered from those who can be ordered from.
async fn require_supplier(platform: &Platform, id: &SupplierId) -> Result<(), ApiError> {
    let found = suppliers::find(&platform.database()?, id).await?;
    match found.map(|supplier| supplier.status) {
        Some(SupplierStatus::Active) => Ok(()),
        Some(SupplierStatus::Archived) => Err(ApiError::field("/supplier", "must not be archived")),
        None => Err(ApiError::field("/supplier", "must be a supplier of the store")),
    }
}

/// What a draft names, line by line: SKUs, and places with the pointer to where it names them.
fn named(draft: &Draft) -> (Vec<&Sku>, Vec<(String, &LocationId)>) {
    match draft {
        Draft::PurchaseOrder(draft) => (
            draft.lines.iter().map(|line| &line.sku).collect(),
            vec![("/location".to_owned(), &draft.location)],
        ),
        Draft::Transfer(draft) => (
            draft.lines.iter().map(|line| &line.sku).collect(),
            vec![("/from".to_owned(), &draft.from), ("/to".to_owned(), &draft.to)],
        ),
        Draft::Count(draft) => (
            draft.lines.iter().map(|line| &line.sku).collect(),
            (0..)
                .zip(&draft.lines)
                .map(|(index, line): (usize, _)| {
                    (format!("/lines/{index}/location"), &line.location)
                })
                .collect(),
        ),
    }
}

/// Stock of a SKU that nobody can sell is neither bought nor moved nor counted: most likely it is
/// misspelt. A bundle has none: its components are bought, moved and counted. What is remembered is not
/// asked: the SKU may have been made a moment ago.
async fn require_skus(platform: &Platform, skus: &[&Sku]) -> Result<(), ApiError> {
    let known = catalogue::sellables(&platform.database()?, skus).await?;
    refuse_bundles(&known)?;
    let known: BTreeSet<&Sku> = known.iter().map(|sellable| &sellable.sku).collect();
    let unknown: Vec<(usize, &Sku)> =
        (0..).zip(skus.iter().copied()).filter(|(_, sku)| !known.contains(sku)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let mut error = ApiError::new(ErrorCode::UnknownSku);
    for (index, _) in &unknown {
        error.errors.push(FieldError {
            pointer: format!("/lines/{index}/sku"),
            message: "must be a SKU of the catalogue".to_owned(),
        });
    }
    let skus: BTreeSet<&str> = unknown.iter().map(|(_, sku)| sku.as_str()).collect();
    Err(error.with("skus", skus.into_iter().collect::<Vec<_>>()))
}
