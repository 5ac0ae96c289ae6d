//! What is the same for every kind of document: each has its addresses, its identities and its view, and is made,
//! edited, shown and acted on alike.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::act::{self, Done};
use super::{create, found, json_bytes, note};
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::StockDocumentId;
use crate::domain::stock_document::{Action, Draft, LineFailure, StockDocument};

/// A kind of document.
pub trait Kind {
    /// The identity of one.
    type Id: FromStr;
    /// One as callers see it.
    type View<'a>: Serialize;

    /// Where they are.
    const PATH: &'static str;
    /// The answer where there is none.
    const MISSING: ErrorCode;

    /// An identity among those of all documents.
    fn id(id: Self::Id) -> StockDocumentId;

    /// The identity of the one that is made with these 16 bytes.
    fn of_unique(unique: Uuid) -> StockDocumentId;

    /// One as callers see it.
    ///
    /// # Errors
    /// When the document is of another kind.
    fn view<'a>(
        document: &'a StockDocument,
        failures: &'a [LineFailure],
    ) -> Result<Self::View<'a>, ApiError>;
}

/// The document that the path names.
fn named<K: Kind>(ask: &Ask) -> Result<StockDocumentId, ApiError> {
    ask.named("id", K::MISSING).map(K::id)
}

/// Makes a document of what is asked for.
///
/// # Errors
/// What is wrong with it, or 503.
pub async fn make<K: Kind, R: DeserializeOwned>(
    mut ask: Ask,
    draft: impl FnOnce(R) -> Draft,
) -> Outcome {
    let body = json_bytes(&mut ask).await?;
    let submission = ask.submission(&body)?;
    let draft = draft(body::parse(&body)?);
    let (document, replayed) = create::create(&ask, submission, K::of_unique, draft).await?;
    let location = [K::PATH, "/", &document.id.to_string()].concat();
    let reply = Reply::json(201, &K::view(&document, &[])?)?;
    Ok(reply.replayed(replayed).with_header("location", location))
}

/// Replaces a draft by what is asked for.
///
/// # Errors
/// 404, 409 if it is no draft any more, what is wrong with the new one, or 503.
pub async fn edit<K: Kind, R: DeserializeOwned>(
    mut ask: Ask,
    draft: impl FnOnce(R) -> Draft,
) -> Outcome {
    let id = named::<K>(&ask)?;
    let body = json_bytes(&mut ask).await?;
    let draft = draft(body::parse(&body)?);
    let document = create::edit(&ask, id, draft).await?;
    Reply::json(200, &K::view(&document, &document.failures)?)
}

/// The document that the path names, as its object has it now.
///
/// # Errors
/// 404, 503.
pub async fn show<K: Kind>(ask: Ask) -> Outcome {
    let (document, failures) = found(&ask, named::<K>(&ask)?).await?;
    Reply::json(200, &K::view(&document, &failures)?)
}

/// Does something that needs no more than a note.
///
/// # Errors
/// As [`act::act`].
pub async fn with_note<K: Kind>(mut ask: Ask, action: Action) -> Outcome {
    let id = named::<K>(&ask)?;
    let body = json_bytes(&mut ask).await?;
    let submission = ask.submission(&body)?;
    let note = note::read(&body)?;
    shown::<K>(&act::act(&ask, id, submission, action, note).await?, 200)
}

/// Does what is asked for, with its note. `settled`: the status once SKUs have done it.
///
/// # Errors
/// As [`act::act`].
pub async fn with_lines<K: Kind, R: DeserializeOwned>(
    mut ask: Ask,
    settled: u16,
    asked: impl FnOnce(R) -> (Action, Option<String>),
) -> Outcome {
    let id = named::<K>(&ask)?;
    let body = json_bytes(&mut ask).await?;
    let submission = ask.submission(&body)?;
    let (action, note) = asked(body::parse(&body)?);
    note::check(note.as_deref())?;
    shown::<K>(&act::act(&ask, id, submission, action, note).await?, settled)
}

/// The document after something was done with it.
fn shown<K: Kind>(done: &Done, settled: u16) -> Outcome {
    let view = K::view(&done.document, &done.failures)?;
    Ok(Reply::json(done.status(settled), &view)?.replayed(done.replayed))
}
