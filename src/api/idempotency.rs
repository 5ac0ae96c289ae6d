//! Idempotency by address: one key, one object, one answer.

use sha2::{Digest, Sha256};

use super::error::{ApiError, ErrorCode};
use crate::domain::id::ShardNumber;
use crate::runtime::serve::Incoming;

/// A request that is performed once however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// SHA-256 of the API key's identity and the `Idempotency-Key`, in hexadecimal.
    pub key: String,
    /// SHA-256 of the body, in hexadecimal: another body under the key is refused.
    pub fingerprint: String,
    first_bytes: u64,
}

pub(super) const MAX_KEY_BYTES: usize = 255;

impl Submission {
    /// The key of a request, scoped by who sent it.
    ///
    /// # Errors
    /// 400 if the header is missing, empty, too long, or not visible ASCII.
    pub fn read(incoming: &dyn Incoming, sender: &str, body: &[u8]) -> Result<Self, ApiError> {
        let key = incoming
            .header("idempotency-key")
            .filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()))
            .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| ApiError::new(ErrorCode::IdempotencyKeyRequired))?;
        Ok(Self::new(sender, &key, body))
    }

    /// The submission of a key within what its sender has said.
    #[must_use]
    pub fn new(sender: &str, key: &str, body: &[u8]) -> Self {
        let hash = Sha256::new()
            .chain_update(sender.as_bytes())
            .chain_update([0])
            .chain_update(key.as_bytes())
            .finalize();
        let first_bytes = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self { key: hex::encode(hash), fingerprint: hex::encode(Sha256::digest(body)), first_bytes }
    }

    /// The shard that owns the key.
    #[must_use]
    pub fn shard(&self, shards: u16) -> ShardNumber {
        let number = self.first_bytes.checked_rem(u64::from(shards)).unwrap_or(0);
        ShardNumber(u8::try_from(number).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ask::stand_in::Sent;

    #[test]
    fn a_key_is_scoped_by_its_sender_and_no_two_pairs_are_alike() {
        let one = Submission::new("key_1", "abc", b"{}");
        assert_eq!(one, Submission::new("key_1", "abc", b"{}"));
        assert_ne!(one.key, Submission::new("key_2", "abc", b"{}").key);
        assert_ne!(Submission::new("a", "bc", b"").key, Submission::new("ab", "c", b"").key);
        assert_ne!(one.fingerprint, Submission::new("key_1", "abc", b"{ }").fingerprint);
        assert_eq!((one.key.len(), one.fingerprint.len()), (64, 64));
    }

    #[test]
    fn the_shard_is_fixed_by_the_key_and_the_number_of_shards() {
        // Orders find their owner by this for the life of a deployment: it must never change.
        let submission = Submission::new("dev_storefront", "first", b"");
        assert_eq!(submission.shard(256), ShardNumber(0x14));
        assert_eq!(submission.shard(1), ShardNumber(0));
        assert_eq!(submission.shard(0), ShardNumber(0));
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..2_000 {
            seen.insert(Submission::new("k", &number.to_string(), b"").shard(16));
        }
        assert_eq!(seen.len(), 16);
    }

    #[test]
    fn keys_are_one_to_255_visible_ascii_characters() {
        let read = |key: &str| {
            let sent = Sent::default().with_header("idempotency-key", key);
            Submission::read(&sent, "key_1", b"").map_err(|error| error.code)
        };
        for good in ["a", "550e8400-e29b-41d4-a716-446655440000", &"x".repeat(255)] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "é", "a\u{7f}", &"x".repeat(256)] {
            assert_eq!(read(bad), Err(ErrorCode::IdempotencyKeyRequired), "{bad}");
        }
        let missing = Submission::read(&Sent::default(), "key_1", b"");
        assert_eq!(missing.unwrap_err().code, ErrorCode::IdempotencyKeyRequired);
    }
}
