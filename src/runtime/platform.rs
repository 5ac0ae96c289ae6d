//! The doors of the platform as one value that handlers carry: objects, database, clock, limits.

use std::future::Future;
use std::rc::Rc;

use serde::Serialize;

use super::database::Database;
use super::queue::Queue;
use super::settings::Settings;
use crate::domain::id::{ImportId, ShardNumber, Sku, StockDocumentId};
use crate::domain::inventory::spread::StockObject;
use crate::domain::payment::Gateway;
use crate::domain::time::Timestamp;
use crate::objects::commands::{
    ImportAnswer, ImportCommand, ReconcilerAnswer, ReconcilerCommand, SeriesAnswer, SeriesCommand,
    ShardAnswer, ShardCommand, SkuAnswer, SkuCommand, Spoken, StockDocumentAnswer,
    StockDocumentCommand,
};

/// A part of the platform did not answer. Whatever was asked may or may not have happened; every
/// command is safe to send again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{part} is unavailable: {cause}")]
pub struct Unavailable {
    /// Which part.
    pub part: &'static str,
    /// For the log.
    pub cause: String,
    /// Whether the platform asked not to be pressed any further.
    pub overloaded: bool,
}

/// What the platform gives the program: its bindings.
#[cfg(target_arch = "wasm32")]
pub type Environment = worker::Env;

/// What stands in for the platform's bindings where the program runs natively.
#[cfg(not(target_arch = "wasm32"))]
pub type Environment = dyn super::native::NativePlatform;

/// Everything that code outside `runtime` may ask of the platform.
#[derive(Clone)]
pub struct Platform {
    env: Rc<Environment>,
    settings: Rc<Settings>,
    /// The request under way, for work that goes on after its answer; an object's has none.
    #[cfg(target_arch = "wasm32")]
    context: Option<Rc<worker::Context>>,
}

/// The platform for one event of the Worker, with the isolate's settings.
///
/// # Errors
/// When a variable is missing or wrong; the deployment serves nothing until it is mended.
#[cfg(target_arch = "wasm32")]
pub fn shared(env: worker::Env, context: Option<worker::Context>) -> worker::Result<Platform> {
    let settings = super::settings::shared(&env).map_err(worker::Error::RustError)?;
    Ok(Platform { env: Rc::new(env), settings, context: context.map(Rc::new) })
}

/// The platform where the program runs natively.
///
/// # Errors
/// When a variable is missing or wrong.
#[cfg(not(target_arch = "wasm32"))]
pub fn native(env: Rc<Environment>) -> worker::Result<Platform> {
    let settings = super::settings::shared(env.as_ref()).map_err(worker::Error::RustError)?;
    Ok(Platform { env, settings })
}

impl Platform {
    /// The bindings.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn environment(&self) -> &Environment {
        &self.env
    }

    /// Whether [`Platform::afterwards`] has somebody to keep its work alive.
    #[cfg(target_arch = "wasm32")]
    #[must_use]
    pub const fn has_afterwards(&self) -> bool {
        self.context.is_some()
    }

    /// Does something that the answer does not wait for. The platform gives it 30 seconds.
    #[cfg(target_arch = "wasm32")]
    pub fn afterwards(&self, work: impl Future<Output = ()> + 'static) {
        if let Some(context) = &self.context {
            context.wait_until(work);
        }
    }

    /// Whether [`Platform::afterwards`] has somebody to keep its work alive.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub const fn has_afterwards(&self) -> bool {
        true
    }

    /// Does something that the answer does not wait for.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn afterwards(&self, work: impl Future<Output = ()> + 'static) {
        self.env.spawn(Box::pin(work));
    }

    /// The deployment's settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time. It stands still while code runs and moves with I/O, as everywhere on the platform.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        super::clock::now()
    }

    /// The D1 database.
    ///
    /// # Errors
    /// When the binding is missing.
    pub fn database(&self) -> Result<Database, Unavailable> {
        Database::of(&self.env).map_err(|cause| unavailable("database", &cause))
    }

    /// The queue of events.
    ///
    /// # Errors
    /// When the binding is missing.
    pub fn events(&self) -> Result<Queue, Unavailable> {
        Queue::of(&self.env).map_err(|cause| unavailable("queue", &cause))
    }

    /// Whether one more request under this name fits the platform's limit. A limiter that fails
    /// lets requests pass: it protects the shop and must not close it.
    #[cfg(target_arch = "wasm32")]
    pub async fn within_limit(&self, limiter: &'static str, name: String) -> bool {
        let Ok(limiter) = self.env.rate_limiter(limiter) else {
            return true;
        };
        limiter.limit(name).await.map_or(true, |outcome| outcome.success)
    }

    /// Whether one more request under this name fits the limit.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn within_limit(&self, limiter: &'static str, name: String) -> bool {
        std::future::ready(self.env.is_within_limit(limiter, &name)).await
    }

    /// Asks the shard.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn shard(
        &self,
        shard: ShardNumber,
        command: &ShardCommand,
    ) -> Result<ShardAnswer, Unavailable> {
        self.ask("ORDER_SHARD", "order shard", &shard.object_name(), command).await
    }

    /// Asks the object that owns a SKU.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn sku(&self, sku: &Sku, command: &SkuCommand) -> Result<SkuAnswer, Unavailable> {
        self.ask("SKU_INVENTORY", "inventory", sku.as_str(), command).await
    }

    /// The counters of a SKU as its object has them now: what [`SkuCommand::Read`] asks, at less cost.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn sku_level(&self, sku: &Sku) -> Result<SkuAnswer, Unavailable> {
        super::object_call::look(self.env.as_ref(), "SKU_INVENTORY", sku.as_str())
            .await
            .map_err(|cause| unavailable("inventory", &cause))
    }

    /// Asks one of the objects that have a SKU's units.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn stock_object(
        &self,
        object: &StockObject,
        command: &SkuCommand,
    ) -> Result<SkuAnswer, Unavailable> {
        self.ask("SKU_INVENTORY", "inventory", &object.to_string(), command).await
    }

    /// Asks the object that numbers a series of invoices or credit notes.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn series(
        &self,
        series: &str,
        command: &SeriesCommand,
    ) -> Result<SeriesAnswer, Unavailable> {
        self.ask("INVOICE_SERIES", "invoice series", series, command).await
    }

    /// Asks the object that compares a gateway's books with ours.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn reconciler(
        &self,
        gateway: Gateway,
        command: &ReconcilerCommand,
    ) -> Result<ReconcilerAnswer, Unavailable> {
        self.ask("RECONCILER", "reconciler", gateway.name(), command).await
    }

    /// Asks the object that owns a purchase order, a transfer or a count.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn stock_document(
        &self,
        id: StockDocumentId,
        command: &StockDocumentCommand,
    ) -> Result<StockDocumentAnswer, Unavailable> {
        self.ask("STOCK_DOCUMENT", "stock document", &id.to_string(), command).await
    }

    /// Asks the object that owns a bulk import.
    ///
    /// # Errors
    /// When the object did not answer.
    pub async fn import_job(
        &self,
        id: ImportId,
        command: &ImportCommand,
    ) -> Result<ImportAnswer, Unavailable> {
        self.ask("IMPORT_JOB", "import", &id.to_string(), command).await
    }

    async fn ask<C: Serialize, A: Spoken>(
        &self,
        binding: &'static str,
        part: &'static str,
        name: &str,
        command: &C,
    ) -> Result<A, Unavailable> {
        super::object_call::ask(self.env.as_ref(), binding, name, command)
            .await
            .map_err(|cause| unavailable(part, &cause))
    }
}

fn unavailable(part: &'static str, cause: &worker::Error) -> Unavailable {
    let cause = cause.to_string();
    let overloaded = cause.contains("overloaded") || cause.contains("Too many requests");
    Unavailable { part, cause, overloaded }
}
