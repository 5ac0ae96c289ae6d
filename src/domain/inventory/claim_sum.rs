//! What orders have of a SKU, summed up so that the ledger and the claims can be compared without
//! holding either in memory.
//!
//! Totals alone would not see two claims that are wrong by as much in opposite directions, or one that
//! was filed under another order. So every unit also weighs something that depends on its order and on
//! what the order has of it, and the weights are added up: sums of the same units are the same in any
//! order, and a sum can be carried on from where an earlier proof ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::claim::{Reservation, ReservationState};
use super::location::LocationId;
use super::movement::Movement;

/// The sum of the weights of what orders have: in JSON 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimSum(u128);

impl ClaimSum {
    /// Adds units that an order has, or takes them away if negative.
    fn add(&mut self, order: &str, part: &str, location: &str, units: i64) {
        if units == 0 {
            return;
        }
        let text = Sha256::new().chain_update(order).chain_update("\n").chain_update(part);
        let digest: [u8; 32] = text.chain_update("\n").chain_update(location).finalize().into();
        let weight = digest.first_chunk::<16>().map_or(0, |first| u128::from_be_bytes(*first));
        let units = i128::from(units).cast_unsigned();
        self.0 = self.0.wrapping_add(weight.wrapping_mul(units));
    }

    /// Adds what a line of the ledger gave the order that caused it.
    pub fn add_line(&mut self, order: &str, movement: &Movement) {
        let location = movement.location.as_ref().map_or("", LocationId::as_str);
        self.add(order, "held", location, movement.reserved);
        self.add(order, "held beyond", "", movement.back_ordered_held);
        self.add(order, "sold", "", movement.sold);
        self.add(order, "owed", "", movement.back_ordered_sold);
    }

    /// Adds what an order's claim says it has.
    pub fn add_claim(&mut self, order: &str, claim: &Reservation) {
        match claim.state {
            ReservationState::Held => {
                for part in &claim.placement.allocations {
                    self.add(order, "held", part.location.as_str(), part.quantity);
                }
                self.add(order, "held beyond", "", claim.placement.back_ordered);
            }
            ReservationState::Committed => {
                self.add(order, "sold", "", claim.quantity);
                self.add(order, "owed", "", claim.placement.back_ordered);
            }
            ReservationState::Released | ReservationState::Expired => {}
        }
    }
}

impl Serialize for ClaimSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0.to_be_bytes()))
    }
}

impl<'de> Deserialize<'de> for ClaimSum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut bytes = [0_u8; 16];
        let read = hex::decode_to_slice(text.as_bytes(), &mut bytes);
        read.map_err(|_| serde::de::Error::custom("expected 32 hexadecimal digits"))?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}

/// What claims hold and have sold in all, in units.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClaimTotals {
    /// Held, of each location's shelf.
    pub held: BTreeMap<LocationId, i64>,
    /// Held beyond the shelf.
    pub held_beyond: i64,
    /// Sold, those that are still owed included; none: nobody counted.
    pub sold: Option<i64>,
    /// Sold beyond the shelf and still owed.
    pub owed: i64,
}

impl ClaimTotals {
    /// Adds what an order's claim says it has.
    pub fn add_claim(&mut self, claim: &Reservation) {
        match claim.state {
            ReservationState::Held => {
                for part in &claim.placement.allocations {
                    let held = self.held.entry(part.location.clone()).or_default();
                    *held = held.saturating_add(part.quantity);
                }
                self.held_beyond = self.held_beyond.saturating_add(claim.placement.back_ordered);
            }
            ReservationState::Committed => {
                self.sold = self.sold.map(|sold| sold.saturating_add(claim.quantity));
                self.owed = self.owed.saturating_add(claim.placement.back_ordered);
            }
            ReservationState::Released | ReservationState::Expired => {}
        }
    }

    /// Adds what a line of the ledger changed of a claim that was counted before.
    pub fn add_line(&mut self, movement: &Movement) {
        if let Some(location) = movement.location.as_ref().filter(|_| movement.reserved != 0) {
            let held = self.held.entry(location.clone()).or_default();
            *held = held.saturating_add(movement.reserved);
        }
        self.held_beyond = self.held_beyond.saturating_add(movement.back_ordered_held);
        self.sold = self.sold.map(|sold| sold.saturating_add(movement.sold));
        self.owed = self.owed.saturating_add(movement.back_ordered_sold);
    }
}
