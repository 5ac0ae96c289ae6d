//! Cron: wakes every shard, so that one whose alarm was lost is armed again.

use futures_util::stream::{self, StreamExt};

use crate::domain::id::ShardNumber;
use crate::objects::commands::ShardCommand;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;

/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

/// Asks every shard to look at its timers.
pub async fn sweep(platform: &Platform) {
    let last = u8::try_from(platform.settings().order_shards.saturating_sub(1)).unwrap_or(u8::MAX);
    let silent = stream::iter(0..=last)
        .map(|shard| async move {
            platform.shard(ShardNumber(shard), &ShardCommand::Wake).await.is_err()
        })
        .buffer_unordered(AT_ONCE)
        .filter(|silent| std::future::ready(*silent))
        .count()
        .await;
    if silent > 0 {
        log::event(Level::Error, "sweep.shards_silent", serde_json::json!({ "count": silent }));
    }
}
