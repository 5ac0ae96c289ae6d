//! One page of a gateway's books.

use crate::domain::payment::{CallFailure, Gateway};
use crate::domain::reconciliation::Window;
use crate::providers::payment::contract::{Call, ListedPage, PaymentGateway};
use crate::providers::payment::registry;
use crate::runtime::clock::now;
use crate::runtime::platform::Platform;
use crate::runtime::send::send;

/// Asks a gateway for a page of what moved within a window.
///
/// # Errors
/// When the gateway is not set up or shows no books, or did not answer usefully.
pub async fn list_page(
    platform: &Platform,
    gateway: Gateway,
    window: Window,
    cursor: Option<&str>,
) -> Result<ListedPage, CallFailure> {
    let Some(provider) = registry::gateway(&platform.settings().payments, gateway) else {
        let reason = format!("{} is not set up", gateway.name());
        return Err(CallFailure::NotSent { reason });
    };
    let Some(listing) = provider.listing() else {
        return Err(CallFailure::Unsupported { capability: "listing".to_owned() });
    };
    let call = listing.list(window, cursor)?;
    let token = authorization(platform, provider.as_ref()).await?;
    exchange(platform, call, token).await
}

/// The `authorization` header of a gateway that wants a token.
async fn authorization(
    platform: &Platform,
    provider: &dyn PaymentGateway,
) -> Result<Option<String>, CallFailure> {
    let Some(call) = provider.access_token() else {
        return Ok(None);
    };
    let token = exchange(platform, call?, None).await?;
    Ok(Some(token.authorization))
}

async fn exchange<T>(
    platform: &Platform,
    call: Call<T>,
    authorization: Option<String>,
) -> Result<T, CallFailure> {
    let mut request = call.request.clone();
    if let Some(value) = authorization {
        request.headers.push(("authorization".to_owned(), value));
    }
    let sent_at = now();
    let limit = platform.settings().gateway_timeout_milliseconds;
    let reply = send(request, limit)
        .await
        .map_err(|failure| CallFailure::Unknown { reason: failure.to_string() })?;
    call.read(&reply, sent_at)
}
