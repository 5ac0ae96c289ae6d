//! Cron: proves the ledgers of some SKUs, and the next ones the next time, round and round.
//!
//! A SKU that was proven before is proven from there on, so a round costs what happened since the last
//! one. A ledger that is long and was never proven takes several runs, a bounded number of turns each.

use futures_util::stream::{self, StreamExt};
use serde_json::json;

use crate::domain::id::Sku;
use crate::objects::stock_proof::{ProofScope, Proven, prove};
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::stock_proofs;

/// SKUs of one run.
const SKUS_PER_RUN: u32 = 40;

/// Turns at the object of one SKU in one run: some 25,000 lines.
const TURNS_PER_SKU: u32 = 5;

/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

/// Proves the SKUs whose turn it is. One that can't be proven now is proven in the next round.
pub async fn prove_stock(platform: &Platform) {
    if let Err(cause) = run(platform).await {
        let fields = json!({ "cause": cause.to_string() });
        log::event(Level::Error, "stock.proofs_not_run", fields);
    }
}

async fn run(platform: &Platform) -> Result<(), Unavailable> {
    let database = platform.database()?;
    let skus = stock_proofs::next_skus(&database, SKUS_PER_RUN).await?;
    stream::iter(&skus)
        .map(|sku| prove_one(platform, sku))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
    let is_last = skus.len() < usize::try_from(SKUS_PER_RUN).unwrap_or(usize::MAX);
    // After the last SKU comes the first.
    stock_proofs::move_cursor(&database, skus.last().filter(|_| !is_last)).await
}

/// Proves SKUs of which something was seen that should not be. What is beyond the first few has its turn in
/// the schedule.
pub async fn prove_now(platform: &Platform, skus: &[Sku]) {
    for sku in skus.iter().take(AT_ONCE) {
        prove_one(platform, sku).await;
    }
}

async fn prove_one(platform: &Platform, sku: &Sku) {
    match prove(platform, sku, ProofScope::SinceLast, TURNS_PER_SKU).await {
        Ok(Proven::Ended { .. } | Proven::Unfinished { .. }) => {}
        Err(cause) => {
            let fields = json!({ "sku": sku, "cause": cause.to_string() });
            log::event(Level::Error, "stock.not_proven", fields);
        }
    }
}
