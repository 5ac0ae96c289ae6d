//! What must be fetched before a webhook can be judged: a signer's certificate, kept by its URL, or the
//! gateway's own verdict.

use std::cell::RefCell;

use crate::objects::gateway_call;
use crate::providers::payment::contract::{Evidence, HttpReply, PaymentGateway, WebhookRefusal};
use crate::runtime::cache::{Cache, Found, Lifetime};
use crate::runtime::platform::Platform;

/// Gateways have a handful of live certificates.
const KEPT: usize = 16;
/// A certificate is judged anew with every webhook; only fetching it is saved.
const KEPT_MILLISECONDS: i64 = 3_600_000;

thread_local! {
    static CERTIFICATES: RefCell<Cache<String, HttpReply>> = RefCell::new(Cache::new(KEPT));
}

/// Evidence that was fetched, and whether it may be kept once it has proved good.
pub(super) struct Fetched {
    /// The reply.
    pub reply: HttpReply,
    keep_as: Option<String>,
}

impl Fetched {
    /// A webhook was rightly signed by it: it serves the next ones too. What proved nothing is not
    /// kept, or one bad page would turn webhooks away for as long.
    pub(super) fn keep(self, platform: &Platform) {
        let Some(url) = self.keep_as else { return };
        let lifetime = Lifetime { fresh_milliseconds: KEPT_MILLISECONDS, stale_milliseconds: 0 };
        let now = platform.now();
        CERTIFICATES.with_borrow_mut(|kept| kept.put(url, self.reply, lifetime, now));
    }
}

/// Fetches the evidence, or finds it among what was fetched before.
///
/// # Errors
/// [`WebhookRefusal::Unverifiable`] when it could not be had.
pub(super) async fn fetch(
    platform: &Platform,
    provider: &dyn PaymentGateway,
    evidence: Evidence,
) -> Result<Fetched, WebhookRefusal> {
    let Evidence { request, with_token, reusable } = evidence;
    let now = platform.now();
    let url = request.url.clone();
    if reusable && let Found::Fresh(kept) = CERTIFICATES.with_borrow_mut(|kept| kept.get(&url, now))
    {
        return Ok(Fetched { reply: kept, keep_as: None });
    }
    let reply = gateway_call::exchange(platform, provider, request, with_token)
        .await
        .map_err(|_| WebhookRefusal::Unverifiable)?;
    match reply.status {
        200 => {}
        500.. | 429 | 401 => return Err(WebhookRefusal::Unverifiable),
        _ => return Err(WebhookRefusal::BadSignature),
    }
    Ok(Fetched { reply, keep_as: reusable.then_some(url) })
}
