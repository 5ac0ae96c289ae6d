//! Rate limits: by key and by address, counted by the platform in each of its locations.
//!
//! Health checks and webhooks that are rightly signed are not limited: a gateway that was turned away
//! would tell us of a payment hours later.

use std::net::IpAddr;

use futures_util::join;

use super::access::{Caller, KeyIdentity};
use super::error::{ApiError, ErrorCode};
use crate::runtime::platform::Platform;
use crate::runtime::serve::Incoming;
use crate::storage::api_keys::KeyKind;

const BY_KEY: &str = "RATE_LIMIT_KEY";
const BY_ADDRESS: &str = "RATE_LIMIT_IP";
/// The platform counts by the minute.
const RETRY_AFTER_SECONDS: &str = "60";

/// Counts one request of a caller, by key and by address at once.
///
/// # Errors
/// 429.
pub async fn count(
    platform: &Platform,
    incoming: &dyn Incoming,
    caller: &Caller,
) -> Result<(), ApiError> {
    let Caller::Key(key) = caller else {
        // Who has a token was counted by address before it was looked at.
        return Ok(());
    };
    // A merchant's servers share few addresses and are known by their key.
    if key.kind == KeyKind::Secret {
        return by_key(platform, key).await;
    }
    let (key, address) = join!(by_key(platform, key), by_address(platform, incoming));
    key.and(address)
}

async fn by_key(platform: &Platform, key: &KeyIdentity) -> Result<(), ApiError> {
    // A laptop's own keys are not limited: its benchmark is one key at full speed.
    if key.development {
        return Ok(());
    }
    within(platform, BY_KEY, key.id.to_string()).await
}

/// Counts one request of an address.
///
/// # Errors
/// 429.
pub async fn by_address(platform: &Platform, incoming: &dyn Incoming) -> Result<(), ApiError> {
    // The platform sets this header itself; it is absent only where no network is in between.
    match incoming.header("cf-connecting-ip") {
        Some(address) => within(platform, BY_ADDRESS, bucket(&address)).await,
        None => Ok(()),
    }
}

async fn within(platform: &Platform, limiter: &'static str, name: String) -> Result<(), ApiError> {
    if platform.within_limit(limiter, name).await {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::RateLimited).with_header("retry-after", RETRY_AFTER_SECONDS))
}

/// What is counted together: an IPv4 address, or the /64 that one IPv6 subscriber has.
#[must_use]
pub fn bucket(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => "unreadable".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_bucket() {
        assert_eq!(bucket("203.0.113.7"), "203.0.113.7");
        assert_eq!(bucket("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(bucket("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(bucket("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(bucket("nonsense\n"), "unreadable");
    }
}
