//! `ImportJob`: owns one bulk import: its file, how far it was read, what is wrong with rows.
//!
//! Why an object: a file takes many requests to arrive and many turns to apply, and must do so once
//! whatever dies in between. Each ring of its alarm reads a bounded number of rows, applies them, and
//! writes in one transaction what they came to and where to go on. A row is applied under a key made of
//! the import and its line, so a turn that is done again changes nothing.
#![cfg_attr(
    target_arch = "wasm32",
    expect(
        missing_docs,
        reason = "the durable_object macro writes methods that it does not document"
    )
)]

mod apply;
mod store;
mod work;

use base64ct::{Base64, Encoding};
use std::rc::Rc;

use worker::{Error, Result};

use self::store::Store;
use super::commands::{ImportAnswer, ImportCommand};
use super::hosting::{Hosted, durable_object_class};
use crate::domain::id::ImportId;
use crate::domain::import::{Import, ImportSpec, Part};
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::place::Place;
use crate::runtime::platform::Platform;
use crate::runtime::sqlite::Sqlite;

const SCHEMA: &str = include_str!("../../../schema/objects/import_job.sql");

/// An import whose parts do not come is called off after a week.
const UPLOAD_SECONDS: i64 = 7 * 86_400;

/// What was wrong with rows is kept for so long after the end.
const KEPT_SECONDS: i64 = 40 * 86_400;

/// How long to wait after the alarm itself failed.
const TROUBLE_SECONDS: i64 = 60;

durable_object_class!(ImportJob, Job);

/// The import behind the class.
struct Job {
    id: ImportId,
    platform: Platform,
    store: Store,
}

impl Hosted for Job {
    fn open(place: &Place) -> Result<Self> {
        Ok(Self {
            id: place.named("an import", |name| name.parse().ok())?,
            platform: place.platform(),
            store: Store { sqlite: Sqlite::open(place, SCHEMA)? },
        })
    }

    async fn on_command(self: Rc<Self>, command: Option<String>) -> Result<String> {
        let command: ImportCommand = serde_json::from_str(&command.unwrap_or_default())?;
        Ok(serde_json::to_string(&self.handle(command)?)?)
    }

    async fn on_alarm(self: Rc<Self>) {
        let Err(error) = self.ring().await else { return };
        self.failed(&error.to_string());
        if let Err(error) = self.store.sqlite.arm(now().plus_seconds(TROUBLE_SECONDS)) {
            self.failed(&error.to_string());
        }
    }
}

impl Job {
    fn failed(&self, cause: &str) {
        let fields = serde_json::json!({ "import_id": self.id, "cause": cause });
        log::event(Level::Error, "import.alarm_failed", fields);
    }

    fn handle(&self, command: ImportCommand) -> Result<ImportAnswer> {
        let now = now();
        let answer = self.store.sqlite.transaction(|| self.obey(command, now))?;
        self.rearm()?;
        Ok(answer)
    }

    fn obey(&self, command: ImportCommand, now: Timestamp) -> Result<ImportAnswer> {
        let known = self.store.import()?;
        if let ImportCommand::Create { fingerprint, spec, actor } = command {
            return self.create(known, &fingerprint, spec, actor, now);
        }
        let Some((mut import, _)) = known else {
            return Ok(ImportAnswer::NotFound);
        };
        match command {
            ImportCommand::Create { .. } | ImportCommand::Read => self.told(import, false),
            ImportCommand::PutPart { part, content } => self.put_part(import, &part, &content),
            ImportCommand::Start { parts } => {
                let started = match import.start(parts, &self.store.parts()?, now) {
                    Ok(started) => started,
                    Err(refusal) => return Ok(ImportAnswer::Refused { refusal }),
                };
                if started {
                    self.store.write(&import, Some(now))?;
                }
                self.told(import, !started)
            }
            ImportCommand::Cancel => {
                let replayed = import.has_ended();
                if !replayed {
                    import.cancel(now);
                    self.end(&import, now)?;
                }
                self.told(import, replayed)
            }
            ImportCommand::Errors { after, limit } => {
                Ok(ImportAnswer::Errors { errors: self.store.errors(after, limit)? })
            }
        }
    }

    fn create(
        &self,
        known: Option<(Import, String)>,
        fingerprint: &str,
        spec: ImportSpec,
        actor: String,
        now: Timestamp,
    ) -> Result<ImportAnswer> {
        if let Some((import, made_by)) = known {
            if made_by != fingerprint {
                return Ok(ImportAnswer::KeyReused);
            }
            return self.told(import, true);
        }
        let import = Import::new(self.id, spec, actor, now);
        self.store.insert(&import, fingerprint, now.plus_seconds(UPLOAD_SECONDS))?;
        self.told(import, false)
    }

    fn put_part(&self, import: Import, part: &Part, content: &str) -> Result<ImportAnswer> {
        let replayed = match import.takes(part, &self.store.parts()?) {
            Ok(is_new) => !is_new,
            Err(refusal) => return Ok(ImportAnswer::Refused { refusal }),
        };
        if !replayed {
            let content = Base64::decode_vec(content)
                .map_err(|_| Error::RustError("the part is not Base64".to_owned()))?;
            self.store.add_part(part, content)?;
        }
        self.told(import, replayed)
    }

    fn told(&self, import: Import, replayed: bool) -> Result<ImportAnswer> {
        let parts = self.store.parts()?;
        Ok(ImportAnswer::Import { import: Box::new(import), parts, replayed })
    }

    /// Writes how an import ended: its file goes, what was wrong with rows is kept for a while.
    fn end(&self, import: &Import, now: Timestamp) -> Result<()> {
        self.store.forget_file()?;
        self.store.write(import, Some(now.plus_seconds(KEPT_SECONDS)))
    }

    fn rearm(&self) -> Result<()> {
        match self.store.wake_at()? {
            Some(at) => self.store.sqlite.arm(at.max(now())),
            None => Ok(()),
        }
    }
}
