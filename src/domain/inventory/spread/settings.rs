//! What a merchant says about drop mode, and how orders and objects find out whether it is on.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::claim::ClaimTerms;
use crate::domain::id::OrderId;
use crate::domain::time::Timestamp;

/// The most objects that a SKU can be spread over.
pub const MAX_SLICES: u16 = 64;

/// Drop mode as a merchant wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SpreadSettings {
    /// How many slices; 0: off.
    pub slices: u16,
    /// Above this many claims a second it switches itself on, and off again when it is quiet; none: it is on
    /// for as long as `slices` says so.
    #[serde(default)]
    pub automatic_above_per_second: Option<u32>,
}

/// What orders are told of drop mode, so that new ones find their slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SpreadHint {
    /// How many slices; 0: all ask main.
    pub slices: u16,
    /// Whether the SKU has a limit per customer: then all orders of one customer ask the same slice.
    #[serde(default)]
    pub by_customer: bool,
}

impl SpreadHint {
    /// The slice of a new order, if it has one. Who is limited stays together, so that limits are counted
    /// where the claims are; all others go by their own number.
    #[must_use]
    pub fn slice(self, terms: &ClaimTerms, order_id: OrderId) -> Option<u16> {
        let customer = terms.customer.as_deref().filter(|_| self.by_customer);
        let holder = terms.holder_limit.and(terms.holder.as_deref());
        let hash = match customer.or(holder) {
            Some(who) => Sha256::digest(who),
            None => Sha256::digest(order_id.to_string()),
        };
        let number = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let number = number.checked_rem(u64::from(self.slices))?;
        u16::try_from(number).ok()
    }
}

/// Counts claims, a second at a time.
#[derive(Debug, Clone, Copy)]
pub struct Busyness {
    second: i64,
    claims: u32,
    /// When there last were more than half as many as make it busy.
    last_busy_at: Timestamp,
}

/// So long nothing of note happens before drop mode that switched itself on switches itself off.
const QUIET_SECONDS: i64 = 60;

impl Busyness {
    /// Nothing was counted yet.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self { second: 0, claims: 0, last_busy_at: now }
    }

    /// Counts claims, and tells whether there were more than `threshold` of them in this second.
    pub fn count(&mut self, claims: u32, threshold: u32, now: Timestamp) -> bool {
        if self.second != now.seconds() {
            self.second = now.seconds();
            self.claims = 0;
        }
        self.claims = self.claims.saturating_add(claims);
        if self.claims.saturating_mul(2) > threshold {
            self.last_busy_at = now;
        }
        self.claims > threshold
    }

    /// From when on it counts as quiet, if nothing more happens.
    #[must_use]
    pub const fn quiet_at(&self) -> Timestamp {
        self.last_busy_at.plus_seconds(QUIET_SECONDS)
    }
}
