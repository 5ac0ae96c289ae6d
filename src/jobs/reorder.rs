//! The daily look at what sells and what is to be reordered: once a day each SKU's sales are written down, and
//! if the store allows it, draft purchase orders are made of what should be ordered.
//!
//! Cron comes many times a day. Each time a bounded piece is done, from where the last one stopped, until the
//! day is done: 100,000 SKUs take a few hours.

use crate::domain::reorder::{Outlook, Position, day_of};
use crate::objects::reordering::{self, Answered, Asked};
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::stock_snapshots::{self, Progress};
use crate::storage::{reorder_plans, store};

const SNAPSHOTS: &str = "stock_snapshots";
const PROPOSALS: &str = "reorder_proposals";
/// SKUs whose sales one statement writes down.
const SKUS_PER_STEP: u32 = 1_000;
/// Steps of one time that cron comes.
const STEPS: usize = 20;
/// Runs of one time that cron comes; each looks at up to 5,000 SKUs.
const RUNS: usize = 4;
/// Rows that are tidied away a day.
const TIDIED: u32 = 2_000;
/// Runs are remembered so long; their keys are not used again after that.
const RUNS_KEPT_SECONDS: i64 = 30 * 86_400;
/// Names that a log line carries.
const NAMES_LOGGED: usize = 20;

/// Does the next piece of the day's work.
pub async fn daily(platform: &Platform) {
    if let Err(unavailable) = work(platform).await {
        let fields = serde_json::json!({ "cause": unavailable.to_string() });
        log::event(Level::Error, "reorder.put_off", fields);
    }
}

async fn work(platform: &Platform) -> Result<(), Unavailable> {
    let database = platform.database()?;
    let now = platform.now();
    let today = day_of(now);
    let mut progress = stock_snapshots::progress(&database, SNAPSHOTS, today, "").await?;
    for _ in 0..STEPS {
        if progress.is_done {
            break;
        }
        stock_snapshots::take(&database, SNAPSHOTS, &progress, SKUS_PER_STEP).await?;
        progress = stock_snapshots::progress(&database, SNAPSHOTS, today, "").await?;
        if progress.is_done {
            let year_ago = today.saturating_sub(i64::from(Outlook::MAX_WINDOW_DAYS));
            stock_snapshots::prune(&database, year_ago, TIDIED).await?;
            reorder_plans::forget(&database, now.plus_seconds(-RUNS_KEPT_SECONDS), TIDIED).await?;
        }
    }
    reordering::resume(platform).await?;
    if !progress.is_done || !store::proposes_purchase_orders(&database).await? {
        return Ok(());
    }
    let mut progress = stock_snapshots::progress(&database, PROPOSALS, today, "").await?;
    for _ in 0..RUNS {
        if progress.is_done {
            break;
        }
        propose(platform, &progress).await?;
        progress = stock_snapshots::progress(&database, PROPOSALS, today, "").await?;
    }
    Ok(())
}

/// One run from where the day's proposals stopped. Its key names the day and the place, so that whoever dies
/// after it and before the place is moved is told the same.
async fn propose(platform: &Platform, progress: &Progress) -> Result<(), Unavailable> {
    let malformed = |cause: serde_json::Error| Unavailable {
        part: "database",
        cause: cause.to_string(),
        overloaded: false,
    };
    let from = if progress.position.is_empty() {
        Position::default()
    } else {
        serde_json::from_str(&progress.position).map_err(malformed)?
    };
    let key = ["daily ", &progress.day.to_string(), " ", &progress.position].concat();
    let asked = Asked {
        key: &key,
        fingerprint: "daily",
        supplier: None,
        from,
        outlook: Outlook::default(),
        by: "reorder_proposals",
    };
    let Answered::Done { run, .. } = reordering::order(platform, &asked).await? else {
        let cause = "a day's key was used for something else".to_owned();
        return Err(Unavailable { part: "database", cause, overloaded: false });
    };
    if !run.without_supplier.is_empty() {
        let names: Vec<&String> = run.without_supplier.iter().take(NAMES_LOGGED).collect();
        let fields = serde_json::json!({ "count": run.without_supplier.len(), "skus": names });
        log::event(Level::Warning, "reorder.without_supplier", fields);
    }
    let position = run.next.as_ref().map(serde_json::to_string).transpose().map_err(malformed)?;
    let is_done = position.is_none();
    let position = position.unwrap_or_else(|| progress.position.clone());
    let database = platform.database()?;
    stock_snapshots::advance(&database, PROPOSALS, progress, &position, is_done).await
}
