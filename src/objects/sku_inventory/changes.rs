//! Changes that orders do not make, once per key.

use worker::Result;

use super::Inventory;
use crate::domain::inventory::{
    Cause, CauseKind, ChangeRefusal, MovementKind, StockChange, TermsChange, change,
};
use crate::domain::time::Timestamp;
use crate::objects::commands::SkuAnswer;
use crate::runtime::sqlite::{integer, text};

/// Changes as they are asked for.
pub(super) struct Asked<'a> {
    pub key: &'a str,
    pub fingerprint: &'a str,
    pub changes: &'a [StockChange],
    pub terms: Option<&'a TermsChange>,
    pub cause: &'a Cause,
}

impl Inventory {
    pub(super) fn change(&self, asked: &Asked<'_>, now: Timestamp) -> Result<SkuAnswer> {
        if let Some((known, level, at)) = self.store.change(asked.key)? {
            if known != asked.fingerprint {
                return Ok(SkuAnswer::KeyReused);
            }
            let level = Box::new(level);
            return Ok(SkuAnswer::Changed { level, as_of: at, replayed: true });
        }
        let is_of_document = asked.cause.is_of_document();
        if is_of_document && let Some(refusal) = self.store.refusal(asked.key)? {
            return Ok(SkuAnswer::Refused { refusal });
        }
        let mut stored = self.up_to_date(now)?;
        let before = stored.level.clone();
        let changes = self.of_main(asked.changes)?;
        let changed = if self.is_counted_since(&changes)? {
            Err(ChangeRefusal::CountedSince)
        } else {
            change(&before, &changes, asked.terms)
        };
        let (level, movements) = match changed {
            Ok(changed) => changed,
            Err(refusal) => {
                if is_of_document {
                    self.store.write_refusal(asked.key, &refusal, now)?;
                }
                return Ok(SkuAnswer::Refused { refusal });
            }
        };
        stored.level = level;
        for movement in &movements {
            self.store.append(&mut stored, movement, asked.cause, now)?;
        }
        self.settle(&before, &mut stored, now)?;
        let is_kept = asked.cause.kind != CauseKind::Person;
        let level = Box::new(self.whole(&stored.level)?);
        self.store.write_change(asked.key, asked.fingerprint, &level, is_kept, now)?;
        Ok(SkuAnswer::Changed { level, as_of: now, replayed: false })
    }

    /// Whether a difference that was counted is no longer the one that is left, because counts of its shelf
    /// were booked since. One that was booked and undone does not matter.
    fn is_counted_since(&self, changes: &[StockChange]) -> Result<bool> {
        for change in changes {
            let StockChange::Variance { location, counted_after: Some(line), .. } = change else {
                continue;
            };
            let query = "SELECT SUM(entry ->> '$.movement.on_hand') FROM ledger WHERE sequence > ?1 \
                         AND entry ->> '$.movement.kind' = ?2 \
                         AND entry ->> '$.movement.location' = ?3";
            let kind = serde_json::to_value(MovementKind::Counted)?;
            let kind = text(kind.as_str().unwrap_or_default());
            let of_shelf = vec![integer(*line), kind, text(location.as_str())];
            let sum = self.store.sqlite.row(query, of_shelf)?;
            if sum.and_then(|row| row.integer(0).ok()).unwrap_or(0) != 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
