//! One page of a gateway's books.

use crate::domain::payment::{CallFailure, Gateway};
use crate::domain::reconciliation::Window;
use crate::objects::gateway_call;
use crate::providers::payment::contract::ListedPage;
use crate::providers::payment::registry;
use crate::runtime::platform::Platform;

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
    gateway_call::perform(platform, provider.as_ref(), listing.list(window, cursor)).await
}
