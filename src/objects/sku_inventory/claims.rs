//! Orders' claims: many in one turn and one commit.

use worker::Result;

use super::Inventory;
use super::store::Stored;
use crate::domain::inventory::{
    Cause, ClaimAnswer, ClaimCommand, ClaimDecision, ClaimReply, Usage, decide, expire, fill,
};
use crate::domain::time::Timestamp;
use crate::objects::commands::OrderClaim;

impl Inventory {
    /// The counters with every overdue claim given back: expiry is exact whenever anyone looks, and
    /// the alarm only tidies.
    pub(super) fn up_to_date(&self, now: Timestamp) -> Result<Stored> {
        self.with_overdue_back(self.store.level()?, now)
    }

    /// As [`Inventory::up_to_date`], of the counters as this object remembers them.
    pub(super) fn known_up_to_date(&self, now: Timestamp) -> Result<Stored> {
        self.with_overdue_back(self.store.known_level()?, now)
    }

    /// As [`Inventory::known_up_to_date`], for a caller that has no transaction: as long as no claim can
    /// be overdue, nothing is written and none is needed.
    pub(super) fn current(&self, now: Timestamp) -> Result<Stored> {
        if self.nothing_overdue(now) {
            return self.known_up_to_date(now);
        }
        self.turn(|now| self.known_up_to_date(now))
    }

    fn nothing_overdue(&self, now: Timestamp) -> bool {
        self.no_expiry_before.get().is_some_and(|at| now < at)
    }

    fn with_overdue_back(&self, mut stored: Stored, now: Timestamp) -> Result<Stored> {
        self.projected.set(stored.projected_version);
        if self.nothing_overdue(now) {
            return Ok(stored);
        }
        let overdue = self.store.overdue(now)?;
        self.no_expiry_before.set(None);
        if overdue.is_empty() {
            let next = self.store.next_expiry()?.unwrap_or(Timestamp::MAX);
            self.no_expiry_before.set(Some(next));
            return Ok(stored);
        }
        let before = stored.level.clone();
        for (order_id, claim) in overdue {
            let decision = expire(stored.level.clone(), claim, now);
            self.keep(&mut stored, &order_id, decision, (None, None), now)?;
        }
        self.settle(&before, &mut stored, now)?;
        Ok(stored)
    }

    /// Decides every claim that has no reply yet. One that can't be decided here and now stays without.
    pub(super) fn claim_all(
        &self,
        mut stored: Stored,
        claims: &[OrderClaim],
        replies: &mut [Option<ClaimReply>],
        now: Timestamp,
    ) -> Result<()> {
        let before = stored.level.clone();
        for (claim, reply) in claims.iter().zip(replies) {
            if reply.is_none() {
                *reply = self.claim(&mut stored, claim, now)?;
            }
        }
        if stored.level != before {
            self.settle(&before, &mut stored, now)?;
        }
        Ok(())
    }

    fn claim(
        &self,
        stored: &mut Stored,
        claim: &OrderClaim,
        now: Timestamp,
    ) -> Result<Option<ClaimReply>> {
        let order_id = claim.order_id.to_string();
        if self.is_passed_on(&order_id)? {
            return Ok(None);
        }
        if let ClaimCommand::Restock { key, .. } = &claim.command
            && !self.store.note_return(key, &order_id, now)?
        {
            return Ok(Some(ClaimAnswer::Restocked.into()));
        }
        let known = self.store.reservation(&order_id)?;
        let terms = &claim.terms;
        let customer = stored.level.terms.customer_limit.and(terms.customer.as_deref());
        let holder = terms.holder_limit.and(terms.holder.as_deref());
        let reserves = matches!(claim.command, ClaimCommand::Reserve { .. });
        let usage =
            if reserves { self.usage(&order_id, customer, holder)? } else { Usage::default() };
        let level = stored.level.clone();
        let decision = decide(level, known.clone(), &claim.command, terms, usage, now);
        if self.leaves_open(claim, known.as_ref(), &decision, now)? {
            return Ok(None);
        }
        let answer = decision.answer;
        let after = decision.reservation.clone().or(known);
        self.keep(stored, &order_id, decision, (customer, holder), now)?;
        let has_units = matches!(answer, ClaimAnswer::Held | ClaimAnswer::Committed);
        let placement = after.filter(|_| has_units).map(|claim| claim.placement);
        let version = self.version(&stored.level)?;
        Ok(Some(ClaimReply { answer, placement, version }))
    }

    /// Stores what was decided of a claim; the counters are written once for all of a turn.
    pub(super) fn keep(
        &self,
        stored: &mut Stored,
        order_id: &str,
        decision: ClaimDecision,
        who: (Option<&str>, Option<&str>),
        now: Timestamp,
    ) -> Result<()> {
        let cause = Cause::order(order_id.to_owned());
        stored.level = decision.level;
        for movement in &decision.movements {
            self.store.append(stored, movement, &cause, now)?;
        }
        if let Some(reservation) = &decision.reservation {
            let sequence = stored.ledger_sequence;
            self.store.write_reservation(order_id, reservation, who, sequence)?;
            let known = self.no_expiry_before.get();
            self.no_expiry_before.set(known.map(|at| at.min(reservation.expires_at)));
        }
        Ok(())
    }

    /// Gives those who wait for units beyond the shelf what the shelf has by now, the oldest first.
    pub(super) fn fill_waiting(&self, stored: &mut Stored, now: Timestamp) -> Result<()> {
        if stored.level.has_channels() {
            return self.fill_by_channel(stored, now);
        }
        while stored.level.back_ordered() > 0 && stored.level.free() > 0 {
            let Some((order_id, waiting)) = self.store.longest_waiting()? else {
                return Ok(());
            };
            let Some(decision) = fill(stored.level.clone(), waiting) else {
                return Ok(());
            };
            self.keep(stored, &order_id, decision, (None, None), now)?;
            self.store.note_filled(&order_id)?;
        }
        Ok(())
    }
}
