//! Sends a provider's call: with the token it needs, within the time limit, and reads the reply.
//!
//! A gateway's token is kept for the whole isolate until shortly before it expires. A token that the
//! gateway refuses is forgotten and got anew once: a request that was turned away for its token did
//! nothing.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::domain::payment::{CallFailure, Gateway};
use crate::providers::payment::contract::{
    AccessToken, BuildError, Call, HttpReply, HttpRequest, PaymentGateway,
};
use crate::runtime::clock::now;
use crate::runtime::platform::Platform;
use crate::runtime::send::send;

/// A token is not used in the last seconds of its life.
const TOKEN_MARGIN_SECONDS: i64 = 60;

thread_local! {
    static TOKENS: RefCell<HashMap<Gateway, AccessToken>> = RefCell::new(HashMap::new());
}

/// Sends a call and reads its reply.
///
/// # Errors
/// As its reader says; [`CallFailure::Unknown`] if no reply came.
pub async fn perform<T>(
    platform: &Platform,
    gateway: &dyn PaymentGateway,
    call: Result<Call<T>, BuildError>,
) -> Result<T, CallFailure> {
    let call = call?;
    let sent_at = now();
    let reply = exchange(platform, gateway, call.request.clone(), true).await?;
    call.read(&reply, sent_at)
}

/// Sends a request, with the gateway's token if it wants one, and gives the reply as it came.
///
/// # Errors
/// [`CallFailure::Unknown`] if no reply came or no token could be had.
pub async fn exchange(
    platform: &Platform,
    gateway: &dyn PaymentGateway,
    request: HttpRequest,
    with_token: bool,
) -> Result<HttpReply, CallFailure> {
    let kept = if with_token { token(platform, gateway).await? } else { None };
    let Some((token, fresh)) = kept else { return transmit(platform, request).await };
    let reply = transmit(platform, authorized(request.clone(), &token)).await?;
    if reply.status != 401 || fresh {
        return Ok(reply);
    }
    TOKENS.with_borrow_mut(|tokens| tokens.remove(&gateway.gateway()));
    match self::token(platform, gateway).await? {
        Some((token, _)) => transmit(platform, authorized(request, &token)).await,
        None => Ok(reply),
    }
}

async fn transmit(platform: &Platform, request: HttpRequest) -> Result<HttpReply, CallFailure> {
    let limit = platform.settings().gateway_timeout_milliseconds;
    send(request, limit)
        .await
        .map_err(|failure| CallFailure::Unknown { reason: failure.to_string() })
}

fn authorized(mut request: HttpRequest, token: &AccessToken) -> HttpRequest {
    request.headers.push(("authorization".to_owned(), token.authorization.clone()));
    request
}

/// The gateway's token and whether it was got just now; none if it wants none.
async fn token(
    platform: &Platform,
    gateway: &dyn PaymentGateway,
) -> Result<Option<(AccessToken, bool)>, CallFailure> {
    let Some(call) = gateway.access_token() else { return Ok(None) };
    let which = gateway.gateway();
    let usable = |token: &AccessToken| token.expires_at > now().plus_seconds(TOKEN_MARGIN_SECONDS);
    let kept = TOKENS.with_borrow(|tokens| tokens.get(&which).filter(|t| usable(t)).cloned());
    if let Some(token) = kept {
        return Ok(Some((token, false)));
    }
    let call = call?;
    let sent_at = now();
    let reply = transmit(platform, call.request.clone()).await.map_err(no_token)?;
    let token = call.read(&reply, sent_at).map_err(no_token)?;
    TOKENS.with_borrow_mut(|tokens| tokens.insert(which, token.clone()));
    Ok(Some((token, true)))
}

/// Without a token nothing was asked for. Whether the gateway is only away for a moment is not known, so
/// the question is put again later rather than given up.
fn no_token(failure: CallFailure) -> CallFailure {
    CallFailure::Unknown { reason: format!("no access token: {failure}") }
}
