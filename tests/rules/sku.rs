//! A SKU's object: what it stores, and what one turn does. It is the shell of `objects::sku_inventory`
//! without a platform: the same loading, deciding and storing around the same rules.

use std::collections::{BTreeMap, BTreeSet};

use cartwright::domain::id::OrderId;
use cartwright::domain::inventory::{
    Cause, ChangeRefusal, ClaimAnswer, ClaimCommand, ClaimDecision, ClaimReply, ClaimTerms,
    GENESIS_HASH, LedgerEntry, Movement, MovementKind, Reservation, StockChange, StockLevel,
    TermsChange, Usage, chain, change, decide, expire, fill,
};
use cartwright::domain::time::Timestamp;

/// What a change came to.
pub type Changed = Result<StockLevel, ChangeRefusal>;

#[derive(Clone, Default)]
pub struct SkuObject {
    pub level: StockLevel,
    pub claims: BTreeMap<OrderId, Reservation>,
    /// Who waits for units beyond the shelf, the oldest first.
    pub waiting: Vec<OrderId>,
    /// Orders that must be told that their units came.
    pub filled: BTreeSet<OrderId>,
    pub returns: BTreeSet<String>,
    changes: BTreeMap<String, Changed>,
    pub ledger: Vec<(String, String)>,
}

impl SkuObject {
    /// One order's command in one turn.
    pub fn claim(
        &mut self,
        order: OrderId,
        command: &ClaimCommand,
        terms: &ClaimTerms,
        now: Timestamp,
    ) -> ClaimReply {
        self.bring_up_to_date(now);
        if let ClaimCommand::Restock { key, .. } = command
            && !self.returns.insert(key.clone())
        {
            return ClaimAnswer::Restocked.into();
        }
        let known = self.claims.get(&order).cloned();
        let level = self.level.clone();
        let decision = decide(level, known.clone(), command, terms, Usage::default(), now);
        let answer = decision.answer;
        let after = decision.reservation.clone().or(known);
        self.keep(order, decision, now);
        self.fill_waiting(now);
        let has_units = matches!(answer, ClaimAnswer::Held | ClaimAnswer::Committed);
        let placement = after.filter(|_| has_units).map(|claim| claim.placement);
        ClaimReply { answer, placement, version: self.level.version }
    }

    /// A change in one turn, once per key.
    pub fn change(
        &mut self,
        key: &str,
        changes: &[StockChange],
        terms: Option<&TermsChange>,
        cause: &Cause,
        now: Timestamp,
    ) -> Changed {
        if let Some(known) = self.changes.get(key) {
            return known.clone();
        }
        self.bring_up_to_date(now);
        let changed = if changes.iter().any(|one| self.is_counted_since(one)) {
            Err(ChangeRefusal::CountedSince)
        } else {
            change(&self.level, changes, terms)
        };
        let (level, movements) = match changed {
            Ok(changed) => changed,
            Err(refusal) => {
                // A document counts on being answered the same for ever; a person may try again.
                if cause.is_of_document() {
                    self.changes.insert(key.to_owned(), Err(refusal.clone()));
                }
                return Err(refusal);
            }
        };
        self.level = level;
        for movement in &movements {
            self.append(movement, cause, now);
        }
        self.fill_waiting(now);
        self.changes.insert(key.to_owned(), Ok(self.level.clone()));
        Ok(self.level.clone())
    }

    /// Whether counts of a shelf were booked since a difference of it was found.
    fn is_counted_since(&self, one: &StockChange) -> bool {
        let StockChange::Variance { location, counted_after: Some(line), .. } = one else {
            return false;
        };
        let since = self.ledger.iter().skip(usize::try_from(*line).unwrap());
        let entries = since.map(|(entry, _)| serde_json::from_str::<LedgerEntry>(entry).unwrap());
        let counted = entries.map(|entry| entry.movement).filter(|movement| {
            movement.kind == MovementKind::Counted && movement.location.as_ref() == Some(location)
        });
        counted.map(|movement| movement.on_hand).sum::<i64>() != 0
    }

    /// Gives back every claim whose time is over.
    pub fn bring_up_to_date(&mut self, now: Timestamp) {
        let overdue: Vec<OrderId> = self.claims.keys().copied().collect();
        for order in overdue {
            let decision = expire(self.level.clone(), self.claims[&order].clone(), now);
            self.keep(order, decision, now);
        }
        self.fill_waiting(now);
    }

    fn keep(&mut self, order: OrderId, decision: ClaimDecision, now: Timestamp) {
        self.level = decision.level;
        for movement in &decision.movements {
            self.append(movement, &Cause::order(order.to_string()), now);
        }
        let Some(claim) = decision.reservation else { return };
        if claim.placement.back_ordered == 0 {
            self.waiting.retain(|known| *known != order);
        } else if !self.waiting.contains(&order) {
            self.waiting.push(order);
        }
        self.claims.insert(order, claim);
    }

    fn fill_waiting(&mut self, now: Timestamp) {
        // Units set aside for a channel may pass over who has waited longer for another.
        for order in self.waiting.clone() {
            while let Some(decision) = fill(self.level.clone(), self.claims[&order].clone()) {
                self.keep(order, decision, now);
                self.filled.insert(order);
            }
        }
    }

    fn append(&mut self, movement: &Movement, cause: &Cause, at: Timestamp) {
        let level = &self.level;
        let terms = (movement.kind == MovementKind::TermsChanged)
            .then(|| (level.back_order_limit, level.low_stock_threshold, level.terms.clone()));
        let (cause, movement, version) = (cause.clone(), movement.clone(), level.version);
        let entry = LedgerEntry { at, cause, movement, terms, version, opening: None };
        let entry = serde_json::to_string(&entry).unwrap();
        let before = self.ledger.last().map_or(GENESIS_HASH, |(_, hash)| hash);
        let hash = chain(before, &entry);
        self.ledger.push((entry, hash));
    }
}
