//! Who buys, as far as limits go: which customer, and from where the checkout came. SKUs and orders keep
//! hashes of both, under the deployment's secret, and neither an address nor an e-mail beside them.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::api::access::Caller;
use crate::api::error::ApiError;
use crate::api::limits;
use crate::domain::address::Email;
use crate::domain::catalogue::StoreSettings;
use crate::domain::inventory::ClaimTerms;
use crate::runtime::serve::Incoming;

/// Where an order comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The buyer's network address, or the network that one subscriber has.
    Address(String),
    /// A key whose owner named no buyer's address.
    Key(String),
}

impl Holder {
    /// Where a checkout comes from: for a storefront key the address that the platform saw, for a secret
    /// key the one that its owner says the buyer has.
    ///
    /// # Errors
    /// 422 for an address that is none, or that a storefront says of itself.
    pub fn of(
        caller: &Caller,
        incoming: &dyn Incoming,
        buyer_address: Option<&str>,
    ) -> Result<Self, ApiError> {
        let by_key = || Self::Key(caller.sender().to_owned());
        if let Some(address) = buyer_address {
            if !caller.is_merchant() {
                let problem = "must be absent: only a secret key may say it";
                return Err(ApiError::field("/buyer_address", problem));
            }
            let address: IpAddr = address
                .parse()
                .map_err(|_| ApiError::field("/buyer_address", "must be an IP address"))?;
            return Ok(Self::Address(limits::bucket(&address.to_string())));
        }
        if caller.is_merchant() {
            return Ok(by_key());
        }
        // The platform sets this header itself; it is absent only where no network is in between.
        let seen = incoming.header("cf-connecting-ip");
        Ok(seen.map_or_else(by_key, |address| Self::Address(limits::bucket(&address))))
    }
}

/// Adds to what every SKU is told of an order: whose it is, and how much its sender may hold unpaid.
#[must_use]
pub fn identify(
    terms: ClaimTerms,
    email: &Email,
    holder: &Holder,
    settings: &StoreSettings,
    secret: &str,
) -> ClaimTerms {
    let holder = match holder {
        Holder::Address(address) => hash(secret, "buyer-address", address),
        Holder::Key(key) => hash(secret, "buyer-key", key),
    };
    ClaimTerms {
        customer: hash(secret, "customer", &email.as_str().to_lowercase()),
        holder,
        holder_limit: settings.unpaid_units_per_buyer.map(i64::from),
        ..terms
    }
}

/// HMAC-SHA256 of a text of this kind, in hexadecimal.
fn hash(secret: &str, kind: &str, text: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    Some(hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::access::KeyIdentity;
    use crate::api::ask::stand_in::Sent;
    use crate::storage::api_keys::KeyKind;

    const SECRET: &str = "a secret of at least thirty-two characters";

    fn caller(kind: KeyKind) -> Caller {
        let scopes = Vec::new().into();
        Caller::Key(KeyIdentity { id: "key_1".into(), kind, scopes, development: false })
    }

    fn settings(unpaid: Option<u32>) -> StoreSettings {
        let text = include_str!("../../../schema/demo/settings.json");
        let settings: StoreSettings = serde_json::from_str(text).unwrap();
        StoreSettings { unpaid_units_per_buyer: unpaid, ..settings }
    }

    fn of(kind: KeyKind, seen: Option<&str>, said: Option<&str>) -> Result<Holder, String> {
        let sent = match seen {
            Some(address) => Sent::default().with_header("cf-connecting-ip", address),
            None => Sent::default(),
        };
        let pointer = |error: ApiError| error.errors[0].pointer.clone();
        Holder::of(&caller(kind), &sent, said).map_err(pointer)
    }

    #[test]
    fn a_storefront_is_known_by_the_address_that_the_platform_saw() {
        use KeyKind::{Publishable, Secret};
        let address = |text: &str| Ok(Holder::Address(text.to_owned()));
        let key = Ok(Holder::Key("key_1".to_owned()));
        let refused = Err("/buyer_address".to_owned());
        for (kind, seen, said, expected) in [
            (Publishable, Some("203.0.113.7"), None, address("203.0.113.7")),
            (Publishable, Some("2001:db8:1:2::9"), None, address("2001:db8:1:2::/64")),
            (Publishable, None, None, key.clone()),
            (Publishable, Some("203.0.113.7"), Some("198.51.100.1"), refused.clone()),
            (Secret, Some("203.0.113.7"), None, key),
            (Secret, Some("203.0.113.7"), Some("198.51.100.1"), address("198.51.100.1")),
            (Secret, None, Some("2001:db8:1:2:3:4:5:6"), address("2001:db8:1:2::/64")),
            (Secret, None, Some("::ffff:198.51.100.1"), address("198.51.100.1")),
            (Secret, None, Some("somewhere"), refused.clone()),
            (Secret, None, Some(""), refused),
        ] {
            assert_eq!(of(kind, seen, said), expected, "{kind:?} {seen:?} {said:?}");
        }
    }

    #[test]
    fn one_customer_is_one_hash_however_the_address_is_written() {
        let identify = |email: &str, holder: Holder, secret: &str| {
            let email: Email = serde_json::from_value(email.into()).unwrap();
            identify(ClaimTerms::default(), &email, &holder, &settings(Some(3)), secret)
        };
        let at = || Holder::Address("203.0.113.7".to_owned());
        let ada = identify("Ada@Example.com", at(), SECRET);
        assert_eq!(ada, identify("ada@example.com", at(), SECRET));
        assert_eq!(ada.holder_limit, Some(3));
        assert_eq!(ada.customer.as_ref().map(String::len), Some(64));
        let bob = identify("bob@example.com", at(), SECRET);
        assert_ne!(ada.customer, bob.customer);
        assert_eq!(ada.holder, bob.holder, "the same address");
        let by_key = identify("ada@example.com", Holder::Key("203.0.113.7".to_owned()), SECRET);
        assert_ne!(ada.holder, by_key.holder, "a key is no address");
        let elsewhere =
            identify("ada@example.com", at(), "another secret of thirty-two characters");
        assert_ne!(ada.customer, elsewhere.customer);
    }

    #[test]
    fn without_a_limit_nothing_is_limited() {
        let email: Email = serde_json::from_value("a@example.com".into()).unwrap();
        let holder = Holder::Key("key_1".to_owned());
        let terms = identify(ClaimTerms::default(), &email, &holder, &settings(None), SECRET);
        assert_eq!(terms.holder_limit, None);
    }
}
