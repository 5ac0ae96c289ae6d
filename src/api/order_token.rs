//! Order tokens: what a buyer's browser follows its order with.
//!
//! A token is derived from the order's id, so none is stored, and it opens that order alone.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::id::OrderId;

const PREFIX: &str = "ot_";
const MAC_BYTES: usize = 32;

/// The token of an order: `ot_` and the HMAC-SHA256 of its id, in hexadecimal.
#[must_use]
pub fn issue(secret: &str, id: OrderId) -> String {
    let mac = mac(secret, id).unwrap_or_default();
    [PREFIX, &hex::encode(mac)].concat()
}

/// Whether a token is of the form of tokens, so that it is not looked for among keys.
#[must_use]
pub fn looks_like_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Whether this is the token of this order. Takes as long for a wrong one as for the right one.
#[must_use]
pub fn is_of(token: &str, secret: &str, id: OrderId) -> bool {
    let mut given = [0_u8; MAC_BYTES];
    let digits = token.strip_prefix(PREFIX).unwrap_or_default();
    let well_formed = hex::decode_to_slice(digits, &mut given).is_ok();
    let right = mac(secret, id).is_some_and(|expected| bool::from(expected.ct_eq(&given)));
    well_formed && right
}

fn mac(secret: &str, id: OrderId) -> Option<[u8; MAC_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(id.to_string().as_bytes());
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ShardNumber;
    use uuid::Uuid;

    #[test]
    fn a_token_opens_its_own_order_and_no_other() {
        let secret = "a secret of at least thirty-two characters";
        let mine = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
        let other = OrderId::new(ShardNumber(2), Uuid::from_u128(1));
        let token = issue(secret, mine);
        assert!(looks_like_one(&token));
        assert!(is_of(&token, secret, mine));
        assert!(!is_of(&token, secret, other));
        assert!(!is_of(&token, "another secret of thirty-two characters", mine));
        let (rest, last) = token.split_at(token.len() - 1);
        let digits = token.strip_prefix("ot_").unwrap();
        let altered = format!("{rest}{}", if last == "0" { "1" } else { "0" });
        for bad in ["", "ot_", "ot_00", rest, digits, &format!("{token}00"), &altered] {
            assert!(!is_of(bad, secret, mine), "{bad}");
        }
    }
}
