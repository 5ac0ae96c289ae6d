//! What an object that was put back to an earlier state is asked by those who remember more.

use worker::Result;

use super::Inventory;
use crate::domain::id::OrderId;
use crate::domain::inventory::{Cause, CauseKind, Movement, MovementKind};
use crate::domain::time::Timestamp;
use crate::objects::ledger_commands::LedgerAnswer;

impl Inventory {
    /// Where orders' claims stand here. One that a slice has passed on is not here.
    pub(super) fn claim_states(&self, orders: &[OrderId], now: Timestamp) -> Result<LedgerAnswer> {
        self.up_to_date(now)?;
        let mut states = Vec::with_capacity(orders.len());
        for order in orders {
            let order = order.to_string();
            let is_here = !self.is_passed_on(&order)?;
            states.push(if is_here { self.store.claim_state(&order)? } else { None });
        }
        Ok(LedgerAnswer::Claims { states })
    }

    /// Counts on from beyond what others were told, with a line in the ledger that says so: no unit moves.
    pub(super) fn surpass(&self, version: i64, now: Timestamp) -> Result<LedgerAnswer> {
        let mut stored = self.up_to_date(now)?;
        let before = stored.level.clone();
        let own = self.version(&before)?;
        if own < version {
            let ahead = version.saturating_sub(own).saturating_add(1);
            stored.level.version = stored.level.version.saturating_add(ahead);
            let reason =
                format!("Put back to version {own}, after version {version} had been told.");
            let cause =
                Cause { kind: CauseKind::Upgrade, id: None, actor: None, reason: Some(reason) };
            let movement = Movement::new(MovementKind::TermsChanged, None);
            self.store.append(&mut stored, &movement, &cause, now)?;
            self.settle(&before, &mut stored, now)?;
        }
        Ok(LedgerAnswer::Level { level: Box::new(self.whole(&stored.level)?) })
    }
}
