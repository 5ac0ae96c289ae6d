//! A request that a provider builds, the reply to it, and the two joined: a call.

use std::fmt;

use super::MAX_REPLY_BYTES;
use crate::domain::payment::{CallFailure, PaymentReport};
use crate::domain::time::Timestamp;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks, changes nothing.
    Get,
    /// Asks for a change; always carries an idempotency key.
    Post,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request, ready to be sent as it is. The shell must not follow redirects.
///
/// `Debug` shows where it goes and how long it is: the headers hold the key of the account and the
/// body the buyer's address.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An absolute URL.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Exactly these bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        write!(f, "{} {path} ({} body bytes)", self.method.name(), self.body.len())
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// As received; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, up to one byte more than [`MAX_REPLY_BYTES`].
    pub body: Vec<u8>,
}

/// Reads a reply to the one request it was made with.
type Reader<T> = Box<dyn FnOnce(&HttpReply, Timestamp) -> Result<T, CallFailure> + Send>;

/// A request together with the reader of its reply.
///
/// The reader remembers what was asked, so that a reply about another payment is never taken for ours.
pub struct Call<T = PaymentReport> {
    /// What to send.
    pub request: HttpRequest,
    reader: Reader<T>,
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.request, f)
    }
}

impl<T> Call<T> {
    /// Joins a request and the reader of its reply.
    pub(in crate::providers::payment) fn new(
        request: HttpRequest,
        reader: impl FnOnce(&HttpReply, Timestamp) -> Result<T, CallFailure> + Send + 'static,
    ) -> Self {
        Self { request, reader: Box::new(reader) }
    }

    /// What the reply says.
    ///
    /// `sent_at` is when the request was sent, not when the reply came: the state in the reply is at
    /// least that new, and a time that is too early is harmless (the next news replaces it) where one
    /// that is too late would outrank true news that the gateway sent meanwhile.
    ///
    /// # Errors
    /// When the reply is a refusal, or says nothing that can be relied on.
    pub fn read(self, reply: &HttpReply, sent_at: Timestamp) -> Result<T, CallFailure> {
        if reply.body.len() > MAX_REPLY_BYTES {
            return Err(CallFailure::Unknown {
                reason: format!("the reply is longer than {MAX_REPLY_BYTES} bytes"),
            });
        }
        (self.reader)(reply, sent_at)
    }
}

/// A token that requests must carry for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The value of the `authorization` header.
    pub authorization: String,
    /// When it stops working, by the gateway's word.
    pub expires_at: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[secret] until {}", self.expires_at.rfc3339())
    }
}
