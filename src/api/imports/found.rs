//! What the object of an import answered, as the caller is told it.

use super::view::ImportView;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::ImportId;
use crate::domain::import::{ImportKind, Refused};
use crate::objects::commands::{ImportAnswer, ImportCommand};
use crate::storage::api_keys::Scope;

/// The import that the path names.
///
/// # Errors
/// 404 if it names none.
pub fn id(ask: &Ask) -> Result<ImportId, ApiError> {
    ask.named("id", ErrorCode::ImportNotFound)
}

/// Asks the import that the path names, and answers with it as it is then.
///
/// # Errors
/// What the object refuses, or 503.
pub async fn asked(ask: &Ask, command: &ImportCommand) -> Outcome {
    let answer = ask.platform.import_job(id(ask)?, command).await?;
    told(&answer, 200)
}

/// The same for what brings rows nearer to being applied, which needs the scope of what they are.
///
/// # Errors
/// 403, what the object refuses, or 503.
pub async fn written(ask: &Ask, command: &ImportCommand) -> Outcome {
    if !ask.caller.has(Scope::CatalogueWrite) {
        let known = ask.platform.import_job(id(ask)?, &ImportCommand::Read).await?;
        if let ImportAnswer::Import { import, .. } = known {
            require_scope(ask, import.spec.kind)?;
        }
    }
    asked(ask, command).await
}

/// An answer that is an import.
///
/// # Errors
/// What the object refuses.
pub fn told(answer: &ImportAnswer, status: u16) -> Outcome {
    match answer {
        ImportAnswer::Import { import, parts, replayed } => {
            Ok(Reply::json(status, &ImportView::of(import, parts))?.replayed(*replayed))
        }
        ImportAnswer::NotFound => Err(ApiError::new(ErrorCode::ImportNotFound)),
        ImportAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        ImportAnswer::Refused { refusal } => Err(refused(refusal)),
        ImportAnswer::Errors { .. } => {
            Err(ApiError::internal("the object's answer does not fit an import"))
        }
    }
}

fn refused(refusal: &Refused) -> ApiError {
    match refusal {
        Refused::NotUploading => ApiError::new(ErrorCode::ImportNotUploading),
        Refused::PartDiffers => ApiError::new(ErrorCode::ImportPartDiffers),
        Refused::TooLarge => {
            let detail = "The file is larger than 52428800 bytes, or has more than 1000 parts.";
            ApiError::because(ErrorCode::BodyTooLarge, detail)
        }
        Refused::Incomplete { missing } => {
            ApiError::new(ErrorCode::ImportIncomplete).with("missing", missing.clone())
        }
    }
}

/// Requires that the caller may write what the rows are: products are the catalogue's.
///
/// # Errors
/// 403.
pub fn require_scope(ask: &Ask, kind: ImportKind) -> Result<(), ApiError> {
    if kind != ImportKind::Products || ask.caller.has(Scope::CatalogueWrite) {
        return Ok(());
    }
    let detail = "Products need a secret key with the scope catalogue:write as well.";
    Err(ApiError::because(ErrorCode::Forbidden, detail))
}
