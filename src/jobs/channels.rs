//! Cron: a channel that begins to sell everything is introduced to every SKU, some at a time.

use futures_util::stream::{self, StreamExt};

use crate::objects::commands::SkuCommand;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::channels;

/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

/// SKUs that one run asks.
const SKUS_PER_RUN: u32 = 300;

/// Asks the next SKUs to tell the channels that know nothing of them yet. What is not reached is asked
/// again by the next run.
pub async fn introduce(platform: &Platform) {
    if let Err(unavailable) = introduce_some(platform).await {
        let fields = serde_json::json!({ "cause": unavailable.to_string() });
        log::event(Level::Error, "channels.not_introduced", fields);
    }
}

async fn introduce_some(platform: &Platform) -> Result<(), Unavailable> {
    let database = platform.database()?;
    let Some(introduction) = channels::introduction(&database, SKUS_PER_RUN).await? else {
        return Ok(());
    };
    let mut asked = stream::iter(&introduction.next)
        .map(|sku| async move { platform.sku(sku, &SkuCommand::TellChannels).await })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = asked.next().await {
        answer?;
    }
    let to = introduction.next.last().map(crate::domain::id::Sku::as_str);
    channels::introduced(&database, &introduction, to).await
}
