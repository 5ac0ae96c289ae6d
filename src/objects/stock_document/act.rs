//! What people ask of a document, once per key.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use worker::Result;

use super::commands::{StockDocumentAnswer, StockDocumentCommand};
use super::store::Stored;
use super::{Keeper, settle};
use crate::domain::id::Sku;
use crate::domain::stock_document::{Action, Asked, CountedLine, Draft, StockDocument};
use crate::domain::time::Timestamp;
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::objects::ledger_commands::{LedgerAnswer, LedgerCommand, MovementsAsked};
use crate::runtime::clock::now;
use crate::runtime::platform::{Platform, Unavailable};

/// A key as it came.
struct Submitted {
    key: String,
    fingerprint: String,
}

/// What came of writing a step down.
enum Begun {
    /// It is written; SKUs have to do the rest.
    Written,
    /// The key is known.
    Known,
    /// An earlier step is still under way.
    Busy,
    /// It is answered without anything written.
    Answered(StockDocumentAnswer),
}

impl Keeper {
    pub(super) async fn handle(
        &self,
        command: StockDocumentCommand,
    ) -> Result<StockDocumentAnswer> {
        match command {
            StockDocumentCommand::Create { key, fingerprint, draft, by } => {
                self.create(&Submitted { key, fingerprint }, *draft, by)
            }
            StockDocumentCommand::Replay { key, fingerprint } => {
                self.made(&Submitted { key, fingerprint }, now())
            }
            StockDocumentCommand::Edit { draft } => self.edit(*draft),
            StockDocumentCommand::Act { key, fingerprint, action, note, by } => {
                self.act(&Submitted { key, fingerprint }, Asked { action, note, by }).await
            }
            StockDocumentCommand::Read => self.read(),
        }
    }

    /// Reading arms the alarm for whatever is owed, in case it was lost.
    fn read(&self) -> Result<StockDocumentAnswer> {
        let Some(stored) = self.store.read()? else {
            return Ok(StockDocumentAnswer::NotFound);
        };
        self.arm(&stored, now())?;
        let failures = stored.document.failures.clone();
        Ok(told(stored, failures, false))
    }

    fn create(
        &self,
        submitted: &Submitted,
        draft: Draft,
        by: String,
    ) -> Result<StockDocumentAnswer> {
        if !draft.fits(self.id) {
            return Err(worker::Error::RustError("not this kind of document".to_owned()));
        }
        let now = now();
        self.store.sqlite.transaction(|| {
            match self.made(submitted, now)? {
                StockDocumentAnswer::NotFound => {}
                answer => return Ok(answer),
            }
            let document = StockDocument::create(self.id, draft, by, now);
            self.store.write(&document)?;
            self.store.write_key(&submitted.key, &submitted.fingerprint, 0, now)?;
            let stored = Stored { document, projected_version: 0 };
            self.arm(&stored, now)?;
            Ok(told(stored, Vec::new(), false))
        })
    }

    /// The document, if it was made, and under this key.
    fn made(&self, submitted: &Submitted, now: Timestamp) -> Result<StockDocumentAnswer> {
        let Some(stored) = self.store.read()? else {
            return Ok(StockDocumentAnswer::NotFound);
        };
        self.arm(&stored, now)?;
        let known = self.store.key(&submitted.key)?;
        Ok(match known.filter(|known| known.fingerprint == submitted.fingerprint) {
            Some(_) => told(stored, Vec::new(), true),
            None => StockDocumentAnswer::KeyReused,
        })
    }

    fn edit(&self, draft: Draft) -> Result<StockDocumentAnswer> {
        let now = now();
        self.store.sqlite.transaction(|| {
            let Some(mut stored) = self.store.read()? else {
                return Ok(StockDocumentAnswer::NotFound);
            };
            match stored.document.clone().edit(draft, now) {
                Ok(Some(edited)) => {
                    self.store.write(&edited)?;
                    stored.document = edited;
                }
                Ok(None) => {}
                Err(refusal) => return Ok(StockDocumentAnswer::Refused { refusal }),
            }
            self.arm(&stored, now)?;
            Ok(told(stored, Vec::new(), false))
        })
    }

    async fn act(&self, submitted: &Submitted, asked: Asked) -> Result<StockDocumentAnswer> {
        let Some(stored) = self.store.read()? else {
            return Ok(StockDocumentAnswer::NotFound);
        };
        let is_known = self.store.key(&submitted.key)?.is_some();
        if stored.document.open.is_some() {
            self.settle().await?;
        }
        if is_known {
            return self.known(submitted, true);
        }
        let Ok(asked) = with_what_is_known(&self.platform, asked).await else {
            return Ok(StockDocumentAnswer::TryAgain);
        };
        match self.begin(submitted, asked)? {
            Begun::Written => {
                self.settle().await?;
                self.known(submitted, false)
            }
            Begun::Known => self.known(submitted, true),
            Begun::Busy => Ok(StockDocumentAnswer::TryAgain),
            Begun::Answered(answer) => Ok(answer),
        }
    }

    /// Writes down what is to be done. No await between reading and writing.
    fn begin(&self, submitted: &Submitted, asked: Asked) -> Result<Begun> {
        let now = now();
        self.store.sqlite.transaction(|| {
            if self.store.key(&submitted.key)?.is_some() {
                return Ok(Begun::Known);
            }
            let Some(mut stored) = self.store.read()? else {
                return Ok(Begun::Answered(StockDocumentAnswer::NotFound));
            };
            if stored.document.open.is_some() {
                return Ok(Begun::Busy);
            }
            match stored.document.act(asked, now) {
                Ok(next) => {
                    stored.document = next;
                    let step = stored.document.steps;
                    self.store.write_key(&submitted.key, &submitted.fingerprint, step, now)?;
                    self.store.write(&stored.document)?;
                    self.arm(&stored, now)?;
                    Ok(Begun::Written)
                }
                Err(refusal) => Ok(Begun::Answered(StockDocumentAnswer::Refused { refusal })),
            }
        })
    }

    /// The answer to a key under which a step was begun.
    fn known(&self, submitted: &Submitted, replayed: bool) -> Result<StockDocumentAnswer> {
        let (stored, known) = (self.store.read()?, self.store.key(&submitted.key)?);
        Ok(match (stored, known) {
            (Some(_), Some(known)) if known.fingerprint != submitted.fingerprint => {
                StockDocumentAnswer::KeyReused
            }
            (Some(stored), Some(known)) => StockDocumentAnswer::Document {
                document: Box::new(stored.document),
                failures: known.failures,
                replayed,
                step: known.step,
            },
            _ => StockDocumentAnswer::NotFound,
        })
    }
}

fn told(
    stored: Stored,
    failures: Vec<crate::domain::stock_document::LineFailure>,
    replayed: bool,
) -> StockDocumentAnswer {
    let document = Box::new(stored.document);
    StockDocumentAnswer::Document { document, failures, replayed, step: None }
}

/// What was counted, with what SKUs know of those shelves now: between the two lies one question.
async fn with_what_is_known(
    platform: &Platform,
    asked: Asked,
) -> std::result::Result<Asked, Unavailable> {
    let Action::Record { lines } = asked.action else {
        return Ok(asked);
    };
    let lines: Vec<CountedLine> = stream::iter(lines)
        .map(|line| async move {
            // The ledger first: a count that is booked between the two questions then refuses this one,
            // where the other way round it would be booked twice.
            let ledger_sequence = Some(last_line(platform, &line.sku).await?);
            let answer = platform.sku(&line.sku, &SkuCommand::Read).await?;
            let known = match &answer {
                SkuAnswer::Level { level, .. } => {
                    level.balance(&line.location).map_or(0, |balance| balance.on_hand)
                }
                _ => return Err(settle::unfit("a reading")),
            };
            Ok(CountedLine { known, ledger_sequence, ..line })
        })
        .buffered(settle::AT_ONCE)
        .try_collect()
        .await?;
    Ok(Asked { action: Action::Record { lines }, ..asked })
}

/// The number of the last line of a SKU's ledger; 0 if it has none.
async fn last_line(platform: &Platform, sku: &Sku) -> std::result::Result<i64, Unavailable> {
    let newest = MovementsAsked { limit: 1, ..MovementsAsked::default() };
    let command = SkuCommand::Ledger(LedgerCommand::Movements(newest));
    match platform.sku(sku, &command).await? {
        SkuAnswer::Ledger(LedgerAnswer::Movements { lines, .. }) => {
            Ok(lines.first().map_or(0, |newest| newest.line.sequence))
        }
        _ => Err(settle::unfit("a reading of the ledger")),
    }
}
