//! Sends what a provider built, bounded in time and size, and never follows a redirect.

use super::deadline::within;
use crate::providers::payment::contract::{HttpReply, HttpRequest, MAX_REPLY_BYTES};

#[cfg(target_arch = "wasm32")]
mod workers;

#[cfg(target_arch = "wasm32")]
use workers::exchange;

/// A request whose reply was not read to its end: nobody knows what the other side did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// The time limit passed.
    #[error("no answer within {0} ms")]
    Timeout(i64),
    /// The connection failed.
    #[error("connection failed")]
    Connection,
    /// The reply is larger than any real one.
    #[error("the reply exceeds {MAX_REPLY_BYTES} bytes")]
    TooLarge,
}

/// Sends a request and reads the whole reply within `timeout_milliseconds`.
///
/// # Errors
/// [`SendFailure`], always of unknown outcome.
pub async fn send(
    request: HttpRequest,
    timeout_milliseconds: i64,
) -> Result<HttpReply, SendFailure> {
    let limit = u32::try_from(timeout_milliseconds).unwrap_or(1);
    let reply = within(limit, exchange(request)).await;
    reply.unwrap_or(Err(SendFailure::Timeout(timeout_milliseconds)))
}

#[cfg(not(target_arch = "wasm32"))]
async fn exchange(request: HttpRequest) -> Result<HttpReply, SendFailure> {
    match super::native::installed() {
        Some(platform) => platform.send(request).await,
        None => Err(SendFailure::Connection),
    }
}
