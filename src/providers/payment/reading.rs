//! What every reader of replies shares: which status means what, and how text and numbers from
//! outside are bounded before they go anywhere.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::contract::{BuildError, HttpReply};
use crate::domain::id::OperationId;
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::domain::payment::CallFailure;

/// The longest identity of a payment or an event that a gateway gives.
const MAX_REFERENCE_CHARACTERS: usize = 255;

/// The longest URL that is handed to a browser or to a gateway.
const MAX_URL_CHARACTERS: usize = 4_096;

/// The longest message of a gateway that is kept.
const MAX_MESSAGE_CHARACTERS: usize = 500;

/// The longest code of a gateway that is kept.
const MAX_CODE_CHARACTERS: usize = 100;

/// What was asked, as far as it decides what a refusal proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To start a payment, for the first time: a refusal means that nothing happened.
    Start,
    /// To start it once more, or to change one that exists: a refusal that comes before the gateway
    /// looks at the idempotency key or the payment (the API key was revoked, or is another account's)
    /// proves nothing about an earlier attempt.
    Again,
    /// A question: nothing it fails with says anything about the payment.
    Question,
}

impl Asked {
    /// Whether a 4xx of this status means that what was asked did certainly not happen.
    pub const fn is_settled_by(self, status: u16) -> bool {
        match self {
            Self::Start => true,
            Self::Again => !matches!(status, 401 | 403 | 404),
            Self::Question => false,
        }
    }
}

/// Which payment a reply must be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// The one that this operation started.
    StartedBy(OperationId),
    /// The one with this reference.
    Reference(String),
}

impl Subject {
    /// Whether a payment with this reference and this operation in its metadata is the one.
    pub fn is(&self, reference: &str, operation: Option<&str>) -> bool {
        match self {
            Self::StartedBy(ours) => operation == Some(ours.to_string().as_str()),
            Self::Reference(ours) => reference == ours,
        }
    }
}

/// What a status says about whether the request was carried out.
pub(super) enum Class {
    /// It was; the body says how it went.
    Success,
    /// It was not, if the body is the gateway's own refusal.
    Refusal,
    /// Nobody knows: a time-out, a conflict with a request still running, a limit, a 5xx, a redirect.
    Unclear,
}

/// Sorts a status.
pub(super) const fn class(status: u16) -> Class {
    match status {
        200..=299 => Class::Success,
        408 | 409 | 425 | 429 => Class::Unclear,
        400..=499 => Class::Refusal,
        _ => Class::Unclear,
    }
}

/// An unknown outcome.
pub(super) fn unknown(reason: impl Into<String>) -> CallFailure {
    CallFailure::Unknown { reason: reason.into() }
}

/// An unknown outcome because of the status, for the log.
pub(super) fn unclear_status(reply: &HttpReply) -> CallFailure {
    unknown(format!("the gateway answered with status {}", reply.status))
}

/// Why a search told nothing. Where the gateway refuses it in its own words (`Refusal`), and not because of the
/// API key, it does not offer it.
pub(super) fn unsearched<Refusal: DeserializeOwned>(reply: &HttpReply) -> CallFailure {
    let is_refusal = matches!(class(reply.status), Class::Refusal)
        && Asked::Again.is_settled_by(reply.status)
        && json::<Refusal>(&reply.body).is_ok();
    if is_refusal {
        CallFailure::Unsupported { capability: "search".to_owned() }
    } else {
        unclear_status(reply)
    }
}

/// An unknown outcome because of a refusal that settles nothing, for the log.
pub(super) fn unsettled(reply: &HttpReply, gateway_code: &str) -> CallFailure {
    unknown(format!("the gateway answered with status {}: {}", reply.status, code(gateway_code)))
}

/// Reads JSON. The failure says where, and never quotes what was there.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallFailure> {
    serde_json::from_slice(body).map_err(|error| {
        unknown(format!(
            "the reply is not the JSON we know ({:?} problem at line {}, column {})",
            error.classify(),
            error.line(),
            error.column()
        ))
    })
}

/// A whole number of minor units, 0 to 10^15. A fraction, an exponent, a text or anything bigger is
/// refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minor(pub i64);

impl<'de> Deserialize<'de> for Minor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amount = i64::deserialize(deserializer)?;
        if (0..=MAX_AMOUNT_MINOR).contains(&amount) {
            Ok(Self(amount))
        } else {
            Err(D::Error::custom("an amount out of range"))
        }
    }
}

/// Whether a text can be an identity that a gateway gave: letters, digits, `_` and `-`, so that it is
/// safe in a path and in a log.
pub(super) fn is_reference(text: &str) -> bool {
    (1..=MAX_REFERENCE_CHARACTERS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// A reference that may stand in a path.
pub(super) fn reference(text: &str) -> Result<&str, BuildError> {
    if is_reference(text) { Ok(text) } else { Err(BuildError::Reference) }
}

/// Whether a text can be a token of a payment method. Tokens begin with a letter; a card number does
/// not, and is not passed on.
pub(super) fn is_method_token(text: &str) -> bool {
    is_reference(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether a text is an absolute http or https URL without credentials.
pub(super) fn is_web_url(text: &str) -> bool {
    text.len() <= MAX_URL_CHARACTERS
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.username().is_empty()
                && url.password().is_none()
        })
}

/// An amount that can be asked for: more than nothing, no more than Cartwright handles.
pub(super) fn askable(amount: Money) -> Result<(), BuildError> {
    if (1..=MAX_AMOUNT_MINOR).contains(&amount.amount) {
        Ok(())
    } else {
        Err(BuildError::Amount(amount))
    }
}

/// Refuses a text longer than the gateway takes.
pub(super) fn at_most(
    field: &'static str,
    text: Option<&str>,
    limit: usize,
) -> Result<(), BuildError> {
    if text.is_some_and(|text| text.chars().count() > limit) {
        return Err(BuildError::TooLong { field, limit });
    }
    Ok(())
}

/// A gateway's code, bounded and of harmless characters.
pub(super) fn code(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' })
        .take(MAX_CODE_CHARACTERS)
        .collect()
}

/// A gateway's message, bounded and without control characters.
pub(super) fn message(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_MESSAGE_CHARACTERS)
        .collect()
}
