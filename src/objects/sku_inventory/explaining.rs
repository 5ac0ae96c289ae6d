//! Who has what of the SKU, now or at a past time.

use worker::Result;

use super::Inventory;
use super::store::reservation;
use crate::domain::inventory::Holding;
use crate::domain::time::Timestamp;
use crate::objects::ledger_commands::{Explained, LedgerAnswer, MAX_OPEN_CLAIMS, OpenClaim};
use crate::runtime::sqlite::{Row, integer};

/// Claims with their turn among all who wait, held or paid, as they are served.
macro_rules! claims_where {
    ($condition:literal) => {
        concat!(
            "WITH turns AS (SELECT order_id, ROW_NUMBER() OVER (ORDER BY waiting_since) AS turn \
             FROM reservations WHERE waiting_since IS NOT NULL) \
             SELECT order_id, state, quantity, expires_at, placement, turn \
             FROM reservations LEFT JOIN turns USING (order_id) WHERE ",
            $condition
        )
    };
}

const HELD: &str = claims_where!("state = 'held' ORDER BY expires_at LIMIT ?");
const OWED: &str = claims_where!(
    "waiting_since IS NOT NULL AND state = 'committed' ORDER BY waiting_since LIMIT ?"
);

impl Inventory {
    pub(super) fn explain(&self, at: Option<Timestamp>, now: Timestamp) -> Result<LedgerAnswer> {
        let explained = match at {
            None => self.explain_now(now)?,
            Some(at) => self.explain_past(at)?,
        };
        Ok(LedgerAnswer::Explained(Box::new(explained)))
    }

    fn explain_now(&self, now: Timestamp) -> Result<Explained> {
        let level = self.up_to_date(now)?.level;
        let most = i64::try_from(MAX_OPEN_CLAIMS).unwrap_or(i64::MAX);
        let claims = |query, ends: bool| -> Result<Vec<OpenClaim>> {
            let rows = self.store.sqlite.rows(query, vec![integer(most)])?;
            rows.iter().map(|row| open_claim(row, ends)).collect()
        };
        Ok(Explained { level, as_of: now, held: claims(HELD, true)?, owed: claims(OWED, false)? })
    }

    fn explain_past(&self, at: Timestamp) -> Result<Explained> {
        let past = self.past(at)?;
        let named = |of: fn(&Holding) -> i64| {
            let claims = past.holdings.iter().filter(|(_, holding)| of(holding) > 0);
            let claims = claims.map(|(order, holding)| OpenClaim {
                order_id: order.clone(),
                holding: *holding,
                allocations: Vec::new(),
                until: None,
                turn: None,
            });
            claims.take(MAX_OPEN_CLAIMS).collect()
        };
        let held = named(|holding| holding.held.saturating_add(holding.held_beyond));
        let owed = named(|holding| holding.owed);
        Ok(Explained { level: past.level, as_of: at, held, owed })
    }
}

fn open_claim(row: &Row, ends: bool) -> Result<OpenClaim> {
    let claim = reservation(row, 1)?;
    let holding = Holding::of(&claim);
    Ok(OpenClaim {
        order_id: row.text(0)?,
        holding,
        allocations: if ends { claim.placement.allocations } else { Vec::new() },
        until: ends.then_some(claim.expires_at),
        turn: row.integer(5).ok(),
    })
}
