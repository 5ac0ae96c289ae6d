//! Objects that were made before stock had places: their tables are moved into the new form, once, in
//! one transaction, when the object is opened for the first time since.
//!
//! The new schema can't be laid over the old tables: an index of it names a column that they lack. So an
//! object pays for looking at its layout only when its schema could not be applied. The old counters,
//! claims and movements are kept beside the new ones under names that end in `_before_locations`; the
//! new ledger opens with what was there, and is proven from there on.

use worker::Result;

use super::store::reservation;
use crate::domain::inventory::{
    Cause, CauseKind, ClaimSum, FormerClaim, FormerLevel, GENESIS_HASH, LedgerEntry, Opening,
    ReservationState, Upgraded, chain, upgrade,
};
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::place::Place;
use crate::runtime::sqlite::{Sqlite, integer, text};

/// Claims that are read at a time.
const CLAIMS_AT_A_TIME: i64 = 2_000;

/// When lists are told of what an object has in its new form.
const TELL_AFTER_SECONDS: i64 = 1;

/// Opens the object's storage in its newest form.
pub(super) fn open(place: &Place, schema: &'static str) -> Result<Sqlite> {
    let failure = match Sqlite::open(place, schema) {
        Ok(sqlite) => return Ok(sqlite),
        Err(failure) => failure,
    };
    let sqlite = Sqlite::open(place, "SELECT 1")?;
    if !is_former(&sqlite)? {
        return Err(failure);
    }
    let written_up = sqlite.transaction(|| rebuild(&sqlite, schema, now()))?;
    let fields = serde_json::json!({ "written_up": written_up });
    log::event(Level::Info, "inventory.upgraded", fields);
    // Lists are told of the new counters, and what was due before is looked at.
    sqlite.arm(now().plus_seconds(TELL_AFTER_SECONDS))?;
    Ok(sqlite)
}

/// Whether the counters are in plain columns: the form without places.
fn is_former(sqlite: &Sqlite) -> Result<bool> {
    let query = "SELECT COUNT(*) FROM pragma_table_info('level') WHERE name = 'document'";
    let named = sqlite.row(query, vec![])?.map_or(Ok(0), |row| row.integer(0))?;
    let query = "SELECT COUNT(*) FROM pragma_table_info('level') WHERE name = 'received'";
    let plain = sqlite.row(query, vec![])?.map_or(Ok(0), |row| row.integer(0))?;
    Ok(named == 0 && plain == 1)
}

const SET_ASIDE: &str = "
DROP INDEX IF EXISTS reservations_by_expiry;
ALTER TABLE level RENAME TO level_before_locations;
ALTER TABLE reservations RENAME TO reservations_before_locations;
ALTER TABLE movements RENAME TO movements_before_locations;
ALTER TABLE adjustments RENAME TO adjustments_before_locations";

/// Everything at the main location; those who wait are corrected one by one afterwards.
const MOVE_CLAIMS: &str = "
INSERT INTO reservations (order_id, state, quantity, expires_at, placement)
SELECT order_id, state, quantity, expires_at,
  CASE WHEN state IN ('held', 'committed') AND quantity > 0 THEN
    json_object('allocations', json_array(json_object('location', 'main', 'quantity', quantity)))
  ELSE '{}' END
FROM reservations_before_locations";

/// Answers that were given stay: a change that is asked for again under its key is still known.
const MOVE_ANSWERS: &str = "
INSERT INTO changes (key, fingerprint, level, at, is_kept)
SELECT key, fingerprint, level, at, 0 FROM adjustments_before_locations";

const NEWEST_COMMITTED: &str = "
SELECT claims.order_id, claims.quantity, MAX(movements.sequence)
FROM reservations_before_locations AS claims
LEFT JOIN movements_before_locations AS movements
  ON movements.order_id = claims.order_id AND movements.kind = 'committed'
WHERE claims.state = 'committed' AND claims.quantity > 0
GROUP BY claims.order_id ORDER BY 3 DESC LIMIT ?";

const NEWEST_HELD: &str = "
SELECT claims.order_id, claims.quantity, MAX(movements.sequence)
FROM reservations_before_locations AS claims
LEFT JOIN movements_before_locations AS movements
  ON movements.order_id = claims.order_id AND movements.kind = 'reserved'
WHERE claims.state = 'held' AND claims.quantity > 0
GROUP BY claims.order_id ORDER BY 3 DESC LIMIT ?";

fn rebuild(sqlite: &Sqlite, schema: &'static str, now: Timestamp) -> Result<i64> {
    sqlite.run(SET_ASIDE, vec![])?;
    sqlite.run(schema, vec![])?;
    sqlite.run(MOVE_CLAIMS, vec![])?;
    sqlite.run(MOVE_ANSWERS, vec![])?;
    sqlite.run("DROP TABLE adjustments_before_locations", vec![])?;
    let query = "SELECT received, adjusted, sold, reserved, back_order_limit, \
                 low_stock_threshold, version, projected_version FROM level_before_locations";
    let Some(row) = sqlite.row(query, vec![])? else {
        // Nothing ever happened to this SKU.
        return Ok(0);
    };
    let former = FormerLevel {
        received: row.integer(0)?,
        adjusted: row.integer(1)?,
        sold: row.integer(2)?,
        reserved: row.integer(3)?,
        back_order_limit: row.integer(4)?,
        low_stock_threshold: row.integer(5)?,
        version: row.integer(6)?,
    };
    let upgraded = upgrade(&former, &newest(sqlite, &former)?);
    for (claim, placement) in &upgraded.waiting {
        sqlite.run(
            "UPDATE reservations SET placement = ?, waiting_since = ? WHERE order_id = ?",
            vec![
                text(serde_json::to_string(placement)?),
                integer(claim.turn),
                text(claim.order_id.as_str()),
            ],
        )?;
    }
    write_opening(sqlite, &upgraded, row.integer(7)?, now)?;
    Ok(upgraded.written_up)
}

/// The claims among which those who wait are. Each has at least a unit, so there are no more of them
/// than units.
fn newest(sqlite: &Sqlite, former: &FormerLevel) -> Result<Vec<FormerClaim>> {
    let query = "SELECT COALESCE(MAX(sequence), 0) FROM movements_before_locations";
    let last = sqlite.row(query, vec![])?.map_or(Ok(0), |row| row.integer(0))?;
    let mut claims = Vec::new();
    for (query, state, units) in [
        (NEWEST_COMMITTED, ReservationState::Committed, former.owed()),
        (NEWEST_HELD, ReservationState::Held, former.held_beyond()),
    ] {
        for row in sqlite.rows(query, vec![integer(units)])? {
            // Whoever waits from now on comes after them: turns of the new ledger are above zero.
            let turn = row.integer(2).unwrap_or(0).saturating_sub(last).saturating_sub(1);
            let (order_id, quantity) = (row.text(0)?, row.integer(1)?);
            claims.push(FormerClaim { order_id, state, quantity, turn });
        }
    }
    Ok(claims)
}

/// What every order has, for the proof.
fn claims(sqlite: &Sqlite) -> Result<ClaimSum> {
    let mut sum = ClaimSum::default();
    let mut after = String::new();
    loop {
        let query = "SELECT order_id, state, quantity, expires_at, placement FROM reservations \
                     WHERE order_id > ? ORDER BY order_id LIMIT ?";
        let from = vec![text(after.as_str()), integer(CLAIMS_AT_A_TIME)];
        let rows = sqlite.rows(query, from)?;
        for row in &rows {
            after = row.text(0)?;
            sum.add_claim(&after, &reservation(row, 1)?);
        }
        if i64::try_from(rows.len()).unwrap_or(0) < CLAIMS_AT_A_TIME {
            return Ok(sum);
        }
    }
}

fn write_opening(
    sqlite: &Sqlite,
    upgraded: &Upgraded,
    projected_version: i64,
    now: Timestamp,
) -> Result<()> {
    let level = upgraded.level.clone();
    let mut reason = "Stock got locations: all units were at the main one.".to_owned();
    if upgraded.written_up > 0 {
        let written_up = upgraded.written_up.to_string();
        reason.extend([" The count was ", &written_up, " below zero and owed to nobody: it is 0."]);
    }
    let cause = Cause { kind: CauseKind::Upgrade, id: None, actor: None, reason: Some(reason) };
    let entry = LedgerEntry {
        at: now,
        cause,
        movement: upgraded.movement(),
        terms: None,
        version: level.version,
        opening: Some(Box::new(Opening { level: level.clone(), claims: claims(sqlite)? })),
    };
    let entry = serde_json::to_string(&entry)?;
    let hash = chain(GENESIS_HASH, &entry);
    sqlite.run(
        "INSERT INTO ledger (sequence, entry, hash) VALUES (1, ?, ?)",
        vec![text(entry), text(hash.as_str())],
    )?;
    sqlite.run(
        "INSERT INTO level (only_row, document, projected_version, ledger_sequence, ledger_hash) \
         VALUES (1, ?, ?, 1, ?)",
        vec![text(serde_json::to_string(&level)?), integer(projected_version), text(hash)],
    )
}
