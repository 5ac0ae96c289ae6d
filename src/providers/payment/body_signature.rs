//! The plain scheme of signing: one hexadecimal HMAC over the bytes and nothing else.
//!
//! There is no time in it, so a recording played again is as right as the first time. What makes a
//! replay harmless is the inbox, which keeps every event once, and that a report which says nothing new
//! changes nothing.

use hmac::{KeyInit, Mac};
use subtle::{Choice, ConstantTimeEq};

use super::settings::Secret;

/// How a gateway writes hexadecimal digits. There is one way to write a signature: the other case is
/// not it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HexCase {
    /// `0-9a-f`.
    Lower,
    /// `0-9A-F`.
    Upper,
}

/// Whether `given` is the MAC `M` of the parts, one after the other, by any of the secrets.
///
/// It is computed for every secret and compared in constant time, so that neither where a forgery
/// differs nor which secret is live can be measured.
#[must_use]
pub fn is_right<M: Mac + KeyInit>(
    given: &str,
    case: HexCase,
    parts: &[&[u8]],
    secrets: &[Secret],
) -> bool {
    let Some(given) = digits(given, case, M::output_size()) else { return false };
    let mut right = Choice::from(0);
    for secret in secrets {
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret.expose().as_bytes()) else {
            return false;
        };
        for part in parts {
            mac.update(part);
        }
        right |= mac.finalize().into_bytes().as_slice().ct_eq(given.as_slice());
    }
    right.into()
}

/// The bytes of exactly `bytes` times two digits of one case.
fn digits(text: &str, case: HexCase, bytes: usize) -> Option<Vec<u8>> {
    let legal = |digit: u8| match case {
        HexCase::Lower => matches!(digit, b'0'..=b'9' | b'a'..=b'f'),
        HexCase::Upper => matches!(digit, b'0'..=b'9' | b'A'..=b'F'),
    };
    if text.len() > MAX_DIGITS || !text.bytes().all(legal) {
        return None;
    }
    hex::decode(text).ok().filter(|decoded| decoded.len() == bytes)
}

/// The digits of HMAC-SHA512: the longest that any gateway writes.
const MAX_DIGITS: usize = 128;

#[cfg(test)]
mod tests {
    use hmac::Hmac;
    use sha2::{Sha256, Sha512};

    use super::*;

    /// RFC 4231, test case 2.
    const SHA256: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA512: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                          9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    fn secrets(names: &[&str]) -> Vec<Secret> {
        names.iter().map(|name| Secret::new(name).unwrap()).collect()
    }

    #[test]
    fn the_vectors_of_rfc_4231_are_right_in_one_case_only() {
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        let keys = secrets(&["other", "Jefe"]);
        let sha256 = |given: &str, case| is_right::<Hmac<Sha256>>(given, case, &parts, &keys);
        let sha512 = |given: &str, case| is_right::<Hmac<Sha512>>(given, case, &parts, &keys);
        assert!(sha256(SHA256, HexCase::Lower));
        assert!(!sha256(SHA256, HexCase::Upper));
        assert!(!sha256(&SHA256.to_uppercase(), HexCase::Lower));
        assert!(sha512(&SHA512.to_uppercase(), HexCase::Upper));
        assert!(!sha512(SHA512, HexCase::Upper));
        assert!(!is_right::<Hmac<Sha256>>(SHA256, HexCase::Lower, &parts, &secrets(&["other"])));
        assert!(!is_right::<Hmac<Sha256>>(SHA256, HexCase::Lower, &parts, &[]));
    }

    #[test]
    fn what_is_not_exactly_a_mac_is_refused() {
        let parts: [&[u8]; 1] = [b"what do ya want for nothing?"];
        let keys = secrets(&["Jefe"]);
        for bad in [
            "",
            SHA256.get(..62).unwrap(),
            SHA256.get(..63).unwrap(),
            &format!("{SHA256}00"),
            &format!(" {SHA256}"),
            &format!("{SHA256}\n"),
            &format!("sha256={SHA256}"),
            &"0".repeat(64),
            &"0".repeat(100_000),
        ] {
            assert!(!is_right::<Hmac<Sha256>>(bad, HexCase::Lower, &parts, &keys), "{bad:.80}");
        }
    }
}
