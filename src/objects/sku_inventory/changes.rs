//! Changes that orders do not make, once per key.

use worker::Result;

use super::Inventory;
use crate::domain::inventory::{Cause, CauseKind, StockChange, TermsChange, change};
use crate::domain::time::Timestamp;
use crate::objects::commands::SkuAnswer;

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
        let (level, movements) = match change(&before, &changes, asked.terms) {
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
}
