//! What a handler answers.

use std::borrow::Cow;

use serde::Serialize;

use super::error::{ApiError, ErrorCode};
use crate::domain::id::OrderId;
use crate::runtime::serve::{HeaderList, OutgoingBody};

/// What a handler comes to.
pub type Outcome = Result<Reply, ApiError>;

/// An answer that is not a refusal.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers of this answer; those that every answer has come later.
    pub headers: HeaderList,
    /// The body.
    pub body: OutgoingBody,
    /// The order it is about, for the log.
    pub order_id: Option<OrderId>,
    /// Whether it is counted in the log and has no line of its own.
    pub quiet: bool,
}

const JSON: &str = "application/json";

impl Reply {
    /// JSON.
    ///
    /// # Errors
    /// When the value can't be written as JSON, which no value of ours does.
    pub fn json(status: u16, value: &impl Serialize) -> Outcome {
        let text =
            serde_json::to_string(value).map_err(|cause| ApiError::internal(cause.to_string()))?;
        Ok(Self::text(status, JSON, OutgoingBody::Text(text)))
    }

    /// A body of a media type.
    #[must_use]
    pub fn text(status: u16, media_type: &'static str, body: OutgoingBody) -> Self {
        let headers = vec![("content-type", media_type.into())];
        Self { status, headers, body, order_id: None, quiet: false }
    }

    /// No body.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: OutgoingBody::Empty,
            order_id: None,
            quiet: false,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says that this is a stored answer told again, if it is.
    #[must_use]
    pub fn replayed(self, replayed: bool) -> Self {
        if replayed { self.with_header("idempotent-replayed", "true") } else { self }
    }

    /// Has the log count it: one of thousands that are alike.
    #[must_use]
    pub const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Notes, for the log, which order it is about.
    #[must_use]
    pub const fn about(mut self, order_id: OrderId) -> Self {
        self.order_id = Some(order_id);
        self
    }

    /// A refusal as an answer.
    #[must_use]
    pub fn refusal(error: &ApiError, request_id: &str) -> Self {
        let body = OutgoingBody::Text(error.problem(request_id).to_string());
        let mut reply = Self::text(error.code.status(), "application/problem+json", body);
        reply.headers.extend(error.headers.iter().cloned());
        if matches!(error.code, ErrorCode::CredentialsRequired | ErrorCode::CredentialsInvalid) {
            reply.headers.push(("www-authenticate", "Bearer".into()));
        }
        reply.order_id = error.order_id;
        reply
    }
}
