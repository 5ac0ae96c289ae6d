//! The model: what must be true of a SKU, counted apart from the code that is tested. It knows nothing of
//! movements or counters; it counts goods that came and went, and what buyers were promised.

use std::collections::BTreeMap;

use cartwright::domain::inventory::{
    ClaimTotals, GENESIS_HASH, LedgerEntry, LedgerLine, LocationId, Proof, ProofReport,
    ReservationState, StockChange, StockLevel, StoredHead, fill,
};

use super::sku::SkuObject;

/// Goods of one SKU that are, or were, in the shop's hands.
#[derive(Default)]
pub struct Goods {
    /// Units that came less units that went, but for those that buyers have.
    pub owned: i64,
}

impl Goods {
    /// A change that was accepted for the first time, with what the place had before it.
    pub fn accept(&mut self, one: &StockChange, before: &StockLevel) {
        let on_hand = |place: &LocationId| before.balance(place).map_or(0, |b| b.on_hand);
        self.owned += match one {
            StockChange::Received { quantity, damaged, .. }
            | StockChange::Arrived { quantity, damaged, .. } => quantity + damaged,
            StockChange::Adjusted { quantity_delta, .. }
            | StockChange::Variance { quantity_delta, .. } => *quantity_delta,
            StockChange::Counted { location, counted } => counted - on_hand(location),
            StockChange::WrittenOff { quantity, .. } | StockChange::Sent { quantity, .. } => {
                -quantity
            }
            StockChange::Damaged { .. } | StockChange::Expected { .. } => 0,
        };
    }
}

/// Holds one SKU to its promises.
pub fn check(name: &str, sku: &SkuObject, goods: &Goods) {
    let level = &sku.level;
    assert_eq!(level.check(), Ok(()), "{name}: counters that can't be");
    let of = |state| sku.claims.values().filter(move |claim| claim.state == state);
    let held: i64 = of(ReservationState::Held).map(|c| c.quantity).sum();
    let sold: i64 = of(ReservationState::Committed).map(|c| c.quantity).sum();
    let owed: i64 = of(ReservationState::Committed).map(|c| c.placement.back_ordered).sum();
    let promised: i64 = of(ReservationState::Held).map(|c| c.placement.back_ordered).sum();
    // Goods are on shelves, aside, or with buyers: nowhere else, and none twice.
    let in_house: i64 = level.balances.iter().map(|b| b.on_hand + b.damaged).sum();
    assert_eq!(in_house + sold - owed, goods.owned, "{name}: units were made or lost");
    // Nobody is promised a unit that somebody else has, beyond what the merchant allows.
    let sellable: i64 = level.balances.iter().map(|b| b.on_hand).sum();
    assert!(held - promised <= sellable, "{name}: oversold");
    assert!(owed + promised <= level.back_order_limits(), "{name}: promised beyond the limit");
    assert_eq!((level.reserved, level.sold), (held, sold), "{name}: counters and claims");
    for claim in of(ReservationState::Held).chain(of(ReservationState::Committed)) {
        assert_eq!(claim.placement.quantity(), claim.quantity, "{name}: a claim's places");
    }
    let mut at: BTreeMap<&LocationId, i64> = BTreeMap::new();
    for part in of(ReservationState::Held).flat_map(|claim| &claim.placement.allocations) {
        *at.entry(&part.location).or_default() += part.quantity;
    }
    for balance in &level.balances {
        let claimed = at.get(&balance.location).copied().unwrap_or(0);
        assert_eq!(balance.reserved, claimed, "{name} at {}", balance.location);
    }
    for order in &sku.waiting {
        let waiting = sku.claims[order].clone();
        assert_eq!(fill(level.clone(), waiting), None, "{name}: a buyer waits before a shelf");
    }
}

/// Holds the ledger to the counters, line by line.
pub fn check_ledger(name: &str, sku: &SkuObject) {
    let mut replayed = StockLevel::default();
    let mut hash = GENESIS_HASH.to_owned();
    for (entry, stored) in &sku.ledger {
        hash = cartwright::domain::inventory::chain(&hash, entry);
        assert_eq!(*stored, hash, "{name}: the chain is broken");
        let entry: LedgerEntry = serde_json::from_str(entry).unwrap();
        entry.apply_to(&mut replayed);
    }
    let something = |l: &StockLevel| {
        let mut level = l.clone();
        level.balances.retain(|b| (b.on_hand, b.reserved, b.damaged, b.incoming) != (0, 0, 0, 0));
        level
    };
    assert_eq!(
        something(&sku.level),
        something(&replayed),
        "{name}: the ledger gives another level"
    );
    assert_eq!(prove(sku).differences, [], "{name}: the proof does not hold");
}

/// The proof of everything, as its job makes it.
fn prove(sku: &SkuObject) -> ProofReport {
    let mut proof = Proof::whole(None);
    let (mut sequence, mut hash) = (0, GENESIS_HASH);
    for (entry, stored) in &sku.ledger {
        sequence += 1;
        hash = stored;
        let (entry, hash) = (entry.clone(), stored.clone());
        proof.read(&LedgerLine { sequence, entry, hash });
    }
    for (order, claim) in &sku.claims {
        proof.read_claim(&order.to_string(), claim);
    }
    proof.conclude(StoredHead { level: &sku.level, sequence, hash }, ClaimTotals::default())
}
