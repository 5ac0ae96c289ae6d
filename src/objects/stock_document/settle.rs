//! Lets SKUs do what a document owes: asked under its key, written down when they answered.

use futures_util::stream::{self, StreamExt};
use worker::Result;

use super::Keeper;
use crate::domain::stock_document::{Answered, Debt, answered, owed};
use crate::domain::time::Timestamp;
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};

/// The platform allows six open connections at once.
pub(super) const AT_ONCE: usize = 6;

/// The first wait after SKUs did not answer; each further one is twice as long, up to five minutes.
const FIRST_WAIT_SECONDS: i64 = 2;
const LONGEST_WAIT_SECONDS: i64 = 300;

impl Keeper {
    /// Goes on with the step that is under way until it is over or a SKU does not answer. Whoever else
    /// goes on with it at the same time asks under the same keys, and what it hears is no news twice.
    pub(super) async fn settle(&self) -> Result<()> {
        loop {
            let debts = self.store.read()?.map(|stored| owed(&stored.document)).unwrap_or_default();
            if debts.is_empty() {
                self.tries.set(0);
                self.resume_at.set(None);
                return Ok(());
            }
            let said: Vec<_> = stream::iter(&debts)
                .map(|debt| perform(&self.platform, debt))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            let silent = said.iter().find_map(|said| said.as_ref().err().cloned());
            let answers: Vec<Answered> =
                said.into_iter().filter_map(std::result::Result::ok).collect();
            self.hear(&answers)?;
            if let Some(unavailable) = silent {
                return self.put_off(&unavailable);
            }
        }
    }

    /// Writes down what SKUs said, if any of it is news.
    fn hear(&self, answers: &[Answered]) -> Result<()> {
        let now = now();
        self.store.sqlite.transaction(|| {
            let Some(mut stored) = self.store.read()? else {
                return Ok(());
            };
            if let Some(next) = answered(stored.document.clone(), answers, now) {
                stored.document = next;
                self.store.write(&stored.document)?;
                self.arm(&stored, now)?;
            }
            Ok(())
        })
    }

    /// Leaves the rest to the alarm.
    fn put_off(&self, unavailable: &Unavailable) -> Result<()> {
        let tries = self.tries.get();
        self.tries.set(tries.saturating_add(1));
        let at = back_off(now(), tries);
        self.resume_at.set(Some(at));
        let fields = serde_json::json!({
            "document": self.id, "cause": unavailable.to_string(), "tries": tries,
        });
        log::event(Level::Warning, "stock_document.put_off", fields);
        self.store.sqlite.arm(at)
    }
}

fn back_off(now: Timestamp, tries: u32) -> Timestamp {
    let wait = FIRST_WAIT_SECONDS.saturating_mul(2_i64.saturating_pow(tries.min(16)));
    now.plus_seconds(wait.min(LONGEST_WAIT_SECONDS))
}

async fn perform(platform: &Platform, debt: &Debt) -> std::result::Result<Answered, Unavailable> {
    let command = SkuCommand::Change {
        key: debt.key.clone(),
        // What is done under a document's key never changes, so the key says it all.
        fingerprint: debt.key.clone(),
        changes: debt.changes.clone(),
        terms: None,
        cause: debt.cause.clone(),
    };
    let result = match platform.sku(&debt.sku, &command).await? {
        SkuAnswer::Changed { .. } => Ok(()),
        SkuAnswer::Refused { refusal } => Err(refusal),
        _ => return Err(unfit("a change")),
    };
    Ok(Answered { key: debt.key.clone(), result })
}

/// A SKU's answer that does not fit the question.
pub(super) fn unfit(question: &str) -> Unavailable {
    let cause = ["the answer does not fit ", question].concat();
    Unavailable { part: "inventory", cause, overloaded: false }
}
