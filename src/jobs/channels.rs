//! A channel that begins to sell everything is introduced to every SKU: cron begins, and each page of
//! SKUs is followed by the next through the queue.

use futures_util::stream::{self, StreamExt};

use crate::domain::id::Sku;
use crate::objects::commands::{EventMessage, SkuCommand};
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;
use crate::storage::channels;

/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

/// SKUs that are asked at once.
const SKUS_PER_PAGE: u32 = 300;

/// Asks the next SKUs to tell the channels that know nothing of them yet. What is not reached is asked
/// again when cron comes round.
pub async fn introduce(platform: &Platform) {
    if let Err(cause) = introduce_page(platform).await {
        let fields = serde_json::json!({ "cause": cause });
        log::event(Level::Error, "channels.not_introduced", fields);
    }
}

async fn introduce_page(platform: &Platform) -> Result<(), String> {
    let database = platform.database().map_err(|unavailable| unavailable.to_string())?;
    let introduction = channels::introduction(&database, SKUS_PER_PAGE).await;
    let Some(introduction) = introduction.map_err(|unavailable| unavailable.to_string())? else {
        return Ok(());
    };
    let mut asked = stream::iter(&introduction.next)
        .map(|sku| async move { platform.sku(sku, &SkuCommand::TellChannels).await })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = asked.next().await {
        answer.map_err(|unavailable| unavailable.to_string())?;
    }
    let to = introduction.next.last().map(Sku::as_str);
    let noted = channels::introduced(&database, &introduction, to).await;
    noted.map_err(|unavailable| unavailable.to_string())?;
    go_on(platform).await
}

async fn go_on(platform: &Platform) -> Result<(), String> {
    let queue = platform.events().map_err(|unavailable| unavailable.to_string())?;
    let message = serde_json::to_string(&EventMessage::IntroduceChannels);
    let message = message.map_err(|error| error.to_string())?;
    queue.send([message.as_str()]).await.map_err(|error| error.to_string())
}
