//! Queue consumers and cron.

pub mod channels;
pub mod projection;
pub mod prove_stock;
pub mod reconcile;
pub mod reorder;
pub mod sweep;

use crate::runtime::platform::Platform;

/// What the schedule calls for.
pub async fn by_schedule(platform: &Platform) {
    sweep::sweep(platform).await;
    channels::introduce(platform).await;
    reconcile::start_daily(platform).await;
    reorder::daily(platform).await;
    prove_stock::prove_stock(platform).await;
}
