//! The alarm: counts the file's rows, then applies them, a bounded piece at each ring.

use std::collections::BTreeMap;

use worker::Result;

use super::Job;
use super::apply::{Outcome, apply};
use super::store::Work;
use crate::domain::import::{
    Batch, Cursor, Fault, FileFormat, Import, ImportKind, ImportState, Item, MAX_ROWS, Row,
    RowCode, RowError, Window, count, first_row, header, read,
};
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};

/// Rows that one ring applies: each is a call to an object, of which the platform allows a thousand.
const ROWS_AT_ONCE: u64 = 250;

/// Rows that one ring counts.
const COUNTED_AT_ONCE: u64 = 10_000;

/// Bytes that a ring has before it, as far as the file has them: several of the longest rows.
const WINDOW_BYTES: usize = 512 * 1024;

/// The same for products: more than the rows of any product have.
const PRODUCTS_WINDOW_BYTES: usize = 2 * 1024 * 1024;

/// The first wait after a failure; each further one is twice as long, up to a minute.
const FIRST_WAIT_SECONDS: i64 = 1;
const LONGEST_WAIT_SECONDS: i64 = 60;

impl Job {
    pub(super) async fn ring(&self) -> Result<()> {
        self.store.sqlite.disarm();
        let now = now();
        if let Some(work) = self.store.due(now)? {
            match work.import.state {
                ImportState::Checking => {
                    self.store.sqlite.transaction(|| self.check(work.import, now))?;
                }
                ImportState::Running => self.run(work).await?,
                // Nobody sent the rest of it.
                ImportState::Uploading => self.store.sqlite.transaction(|| {
                    let mut import = work.import;
                    import.cancel(now);
                    self.end(&import, now)
                })?,
                ImportState::Done | ImportState::Failed | ImportState::Cancelled => {
                    self.store.sqlite.transaction(|| {
                        self.store.forget_errors()?;
                        self.store.write(&work.import, None)
                    })?;
                }
            }
        }
        self.rearm()
    }

    /// Reads the header, and counts rows: a file with too many is refused before any is applied.
    fn check(&self, mut import: Import, now: Timestamp) -> Result<()> {
        let (bytes, at_end) = self.store.window(import.cursor, WINDOW_BYTES)?;
        let window = Window { bytes: &bytes, at_end };
        if import.cursor == Cursor::START && import.spec.format == FileFormat::Csv {
            match first_row(window)
                .and_then(|(row, next)| Ok((header(import.spec.kind, row)?, next)))
            {
                Ok((columns, next)) => {
                    import.columns = columns;
                    import.cursor = next;
                    import.rows_begin = next;
                }
                Err(why) => {
                    import.fail(why, now);
                    return self.end(&import, now);
                }
            }
            return self.store.write(&import, Some(now));
        }
        let (rows, next, is_end) =
            count(import.spec.format, import.cursor, window, COUNTED_AT_ONCE);
        import.rows = import.rows.saturating_add(rows);
        import.cursor = next;
        if import.rows > MAX_ROWS {
            import.fail("the file has more than 100000 rows", now);
            return self.end(&import, now);
        }
        if is_end {
            import.cursor = import.rows_begin;
            import.state = ImportState::Running;
        }
        self.store.write(&import, Some(now))
    }

    /// Applies rows, and writes what they came to. Those after one that could not be asked now are asked
    /// again, under the same keys.
    async fn run(&self, work: Work) -> Result<()> {
        let Work { import, tries } = work;
        let is_of_products = import.spec.kind == ImportKind::Products;
        let least = if is_of_products { PRODUCTS_WINDOW_BYTES } else { WINDOW_BYTES };
        let (bytes, at_end) = self.store.window(import.cursor, least)?;
        let window = Window { bytes: &bytes, at_end };
        let batch = read(&import.spec, &import.columns, import.cursor, window, ROWS_AT_ONCE);
        let doubles = self.doubles(&batch)?;
        let outcomes = match apply(&self.platform, &import, &batch.items, &doubles).await {
            Ok(outcomes) => outcomes,
            Err(unavailable) => return self.put_off(unavailable.to_string(), tries),
        };
        self.store.sqlite.transaction(|| self.keep(&batch, outcomes, tries))
    }

    /// The lines above that said something of the same things, by the item's place.
    fn doubles(&self, batch: &Batch) -> Result<BTreeMap<usize, u64>> {
        let mut here: BTreeMap<String, u64> = BTreeMap::new();
        let mut doubles = BTreeMap::new();
        for (place, item) in batch.items.iter().enumerate() {
            let Ok(row) = &item.says else { continue };
            let subject = row.subject();
            let known = match here.get(&subject) {
                Some(line) => Some(*line),
                None => self.store.line_of(&subject)?,
            };
            match known {
                Some(line) if line != item.line() => {
                    doubles.insert(place, line);
                }
                _ => {
                    here.insert(subject, item.line());
                }
            }
        }
        Ok(doubles)
    }

    /// Writes what rows came to, up to the first that must be asked again.
    fn keep(&self, batch: &Batch, outcomes: Vec<Outcome>, tries: i64) -> Result<()> {
        let now = now();
        // It may have been called off while the rows were on their way: what they came to is true all
        // the same.
        let Some((mut import, _)) = self.store.import()? else { return Ok(()) };
        let mut trouble = None;
        for (item, outcome) in batch.items.iter().zip(outcomes) {
            match outcome {
                Outcome::Unreachable(cause) => {
                    trouble = Some(cause);
                    break;
                }
                Outcome::Applied => {
                    import.tally.applied = import.tally.applied.saturating_add(item.rows());
                    self.note(item)?;
                }
                Outcome::Refused(errors) => {
                    import.tally.failed = import.tally.failed.saturating_add(item.rows());
                    self.note(item)?;
                    self.store.report(&errors)?;
                }
            }
            import.cursor = item.next;
        }
        if import.has_ended() {
            return self.end(&import, now);
        }
        if let Some(cause) = trouble {
            import.trouble = Some(cause);
            return self.store.put_off(&import, back_off(now, tries));
        }
        import.trouble = None;
        import.cursor = batch.next;
        if batch.is_end {
            import.end(ImportState::Done, now);
            return self.end(&import, now);
        }
        self.store.write(&import, Some(now))
    }

    fn note(&self, item: &Item) -> Result<()> {
        match &item.says {
            Ok(row) => self.store.note_subject(&row.subject(), item.line()),
            Err(_) => Ok(()),
        }
    }

    fn put_off(&self, cause: String, tries: i64) -> Result<()> {
        let fields = serde_json::json!({ "import_id": self.id, "cause": cause });
        log::event(Level::Warning, "import.put_off", fields);
        self.store.sqlite.transaction(|| {
            let Some((mut import, _)) = self.store.import()? else { return Ok(()) };
            if import.has_ended() {
                return Ok(());
            }
            import.trouble = Some(cause);
            self.store.put_off(&import, back_off(now(), tries))
        })
    }
}

fn back_off(now: Timestamp, tries: i64) -> Timestamp {
    let doublings = u32::try_from(tries.clamp(0, 10)).unwrap_or(10);
    let wait = FIRST_WAIT_SECONDS.saturating_mul(2_i64.saturating_pow(doublings));
    now.plus_seconds(wait.min(LONGEST_WAIT_SECONDS))
}

/// A row that a line above makes void.
pub(super) fn double(item: &Item, line: u64) -> Vec<RowError> {
    let message = format!("is about the same as line {line}, which counts");
    let of_line = |at: &u64| Fault::row(RowCode::DuplicateRow, message.clone()).at(*at);
    item.lines.iter().map(of_line).collect()
}

/// The SKUs whose stock rows are about.
pub(super) fn skus(items: &[Item]) -> Vec<&crate::domain::id::Sku> {
    let mut skus: Vec<_> =
        items.iter().filter_map(|item| item.says.as_ref().ok()).filter_map(Row::sku).collect();
    skus.sort_unstable();
    skus.dedup();
    skus
}
