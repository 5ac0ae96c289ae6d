//! What an order remembers of a SKU and the SKU's object does not: the object was put back to an earlier state.

use super::ClaimState;
use crate::domain::inventory::ReservationState;

impl ClaimState {
    /// Whether an object that knows the claim as `known`, if at all, has forgotten what it once said.
    ///
    /// An order only writes down what the object has answered, so the object is never behind it. It may well
    /// be ahead: what was held is sold or expired since, what was sold is given back.
    #[must_use]
    pub const fn is_forgotten_by(self, known: Option<ReservationState>) -> bool {
        use ReservationState::{Committed, Expired, Held};
        match self {
            Self::Held => known.is_none(),
            Self::Committed => matches!(known, None | Some(Held | Expired)),
            // One that is not known has nothing to give back.
            Self::Released => matches!(known, Some(Held | Committed)),
            Self::Requested | Self::Refused { .. } | Self::Short { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_may_be_ahead_of_its_orders_and_never_behind() {
        use ReservationState::{Committed, Expired, Held, Released};
        let known = [None, Some(Held), Some(Expired), Some(Committed), Some(Released)];
        let forgotten = |claim: ClaimState| known.map(|known| claim.is_forgotten_by(known));
        assert_eq!(forgotten(ClaimState::Held), [true, false, false, false, false]);
        assert_eq!(forgotten(ClaimState::Committed), [true, true, true, false, false]);
        assert_eq!(forgotten(ClaimState::Released), [false, true, false, true, false]);
        assert_eq!(forgotten(ClaimState::Requested), [false; 5]);
        assert_eq!(forgotten(ClaimState::Short { available: 0 }), [false; 5]);
    }
}
