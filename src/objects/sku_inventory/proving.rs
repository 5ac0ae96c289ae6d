//! One turn of a proof: some lines, then some claims, and at the end the comparison. Between two turns
//! the object does its ordinary work.

use worker::Result;

use super::Inventory;
use super::history::line;
use super::store::reservation;
use crate::domain::inventory::{ClaimTotals, Proof, StoredHead};
use crate::domain::time::Timestamp;
use crate::objects::ledger_commands::LedgerAnswer;
use crate::runtime::sqlite::{integer, text};

/// Lines of one turn.
const LINES_PER_TURN: i64 = 5_000;

/// Claims of one turn.
const CLAIMS_PER_TURN: i64 = 2_000;

impl Inventory {
    pub(super) fn prove(&self, mut proof: Proof, now: Timestamp) -> Result<LedgerAnswer> {
        let stored = self.up_to_date(now)?;
        let query = "SELECT sequence, entry, hash FROM ledger WHERE sequence >= ? \
                     ORDER BY sequence LIMIT ?";
        let from = vec![integer(proof.next_sequence()), integer(LINES_PER_TURN)];
        let lines = self.store.sqlite.rows(query, from)?;
        for row in &lines {
            proof.read(&line(row)?);
        }
        let is_at_head = i64::try_from(lines.len()).unwrap_or(0) < LINES_PER_TURN;
        if !is_at_head || (proof.is_whole() && !self.read_claims(&mut proof)?) {
            return Ok(LedgerAnswer::Proving { proof: Box::new(proof) });
        }
        let live = if proof.is_whole() { ClaimTotals::default() } else { self.live_totals()? };
        let head = StoredHead {
            level: &stored.level,
            sequence: stored.ledger_sequence,
            hash: &stored.ledger_hash,
        };
        Ok(LedgerAnswer::Proven { report: Box::new(proof.conclude(head, live)) })
    }

    /// Reads some claims. `true`: there are no more.
    fn read_claims(&self, proof: &mut Proof) -> Result<bool> {
        let query = "SELECT order_id, state, quantity, expires_at, placement FROM reservations \
                     WHERE order_id > ? ORDER BY order_id LIMIT ?";
        let after = vec![text(proof.claims_to()), integer(CLAIMS_PER_TURN)];
        let claims = self.store.sqlite.rows(query, after)?;
        for row in &claims {
            let order = row.text(0)?;
            match reservation(row, 1) {
                Ok(claim) => proof.read_claim(&order, &claim),
                Err(cause) => proof.read_broken_claim(&order, &cause.to_string()),
            }
        }
        Ok(i64::try_from(claims.len()).unwrap_or(0) < CLAIMS_PER_TURN)
    }

    /// What claims that hold or are owed units have in all. There are never many more of them than
    /// units on the shelf, so this needs no slices.
    fn live_totals(&self) -> Result<ClaimTotals> {
        let held = "SELECT part.value ->> 'location', SUM(part.value ->> 'quantity') \
                    FROM reservations INDEXED BY reservations_by_expiry, \
                    json_each(placement, '$.allocations') AS part \
                    WHERE state = 'held' GROUP BY 1";
        let held_beyond = "SELECT COALESCE(SUM(placement ->> '$.back_ordered'), 0) \
                           FROM reservations INDEXED BY reservations_by_expiry \
                           WHERE state = 'held'";
        let owed = "SELECT COALESCE(SUM(placement ->> '$.back_ordered'), 0) FROM reservations \
                    WHERE waiting_since IS NOT NULL AND state = 'committed'";
        let mut totals = ClaimTotals::default();
        for row in self.store.sqlite.rows(held, vec![])? {
            if let Ok(location) = row.text(0)?.parse() {
                totals.held.insert(location, row.integer(1)?);
            }
        }
        let sum = |query| -> Result<i64> {
            self.store.sqlite.row(query, vec![])?.map_or(Ok(0), |row| row.integer(0))
        };
        totals.held_beyond = sum(held_beyond)?;
        totals.owed = sum(owed)?;
        Ok(totals)
    }
}
