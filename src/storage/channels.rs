//! The registry of channels, and the copy of what each was told of every SKU.

use serde::{Deserialize, Serialize};

use super::statement::{
    Parameter, failed_to_read, json_arrays, json_list, prepare, row, rows, run, run_together,
};
use crate::domain::channel::{Channel, ChannelKind, ChannelStatus};
use crate::domain::id::Sku;
use crate::domain::inventory::{ChannelAvailability, ChannelId};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const READ: &str = "SELECT id, name, kind, status, all_skus FROM channels WHERE id = ?1";
const LIST: &str = "
SELECT id, name, kind, status, all_skus FROM channels WHERE id > ?1 ORDER BY id LIMIT ?2";
const SELLS_EVERYTHING: &str = "
SELECT id FROM channels WHERE all_skus = 1 AND status = 'active' ORDER BY id LIMIT 50";
/// A channel that begins to sell everything is told of every SKU there is, from the first one on.
const WRITE: &str = "
INSERT INTO channels (id, name, kind, status, all_skus, introduced_to, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, CASE WHEN ?5 = 1 AND ?4 = 'active' THEN '' END, ?6)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
  status = excluded.status, all_skus = excluded.all_skus, updated_at = excluded.updated_at,
  introduced_to = CASE
    WHEN excluded.introduced_to IS NULL THEN NULL
    WHEN channels.all_skus = 1 AND channels.status = 'active' THEN channels.introduced_to
    ELSE excluded.introduced_to END";
const INTRODUCED_LEAST: &str = "
SELECT id, introduced_to FROM channels WHERE introduced_to IS NOT NULL
ORDER BY introduced_to, id LIMIT 1";
const NEXT_SKUS: &str = "SELECT sku FROM stock_levels WHERE sku > ?1 ORDER BY sku LIMIT ?2";
const INTRODUCED: &str = "
UPDATE channels SET introduced_to = ?3 WHERE id = ?1 AND introduced_to = ?2";

#[derive(Deserialize)]
struct ChannelRow {
    id: ChannelId,
    name: String,
    kind: ChannelKind,
    status: ChannelStatus,
    all_skus: i64,
}

impl ChannelRow {
    fn read(self) -> Channel {
        let Self { id, name, kind, status, all_skus } = self;
        Channel { id, name, kind, status, all_skus: all_skus != 0 }
    }
}

/// A channel, if there is one of this identity.
///
/// # Errors
/// When D1 does not answer.
pub async fn read(database: &Database, id: &ChannelId) -> Result<Option<Channel>, Unavailable> {
    let found: Option<ChannelRow> = row(database, READ, &[Parameter::Text(id.as_str())]).await?;
    Ok(found.map(ChannelRow::read))
}

/// The channels after this one, by identity, at most `limit`.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    after: &str,
    limit: u32,
) -> Result<Vec<Channel>, Unavailable> {
    let parameters = [Parameter::Text(after), Parameter::Integer(i64::from(limit))];
    let found: Vec<ChannelRow> = rows(database, LIST, &parameters).await?;
    Ok(found.into_iter().map(ChannelRow::read).collect())
}

/// Writes a channel, in place of what was there.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn write(
    database: &Database,
    channel: &Channel,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let Channel { id, name, kind, status, all_skus } = channel;
    let parameters = [
        Parameter::Text(id.as_str()),
        Parameter::Text(name),
        Parameter::Text(kind.name()),
        Parameter::Text(status.name()),
        Parameter::Integer(i64::from(*all_skus)),
        Parameter::moment(now),
    ];
    run(database, WRITE, &parameters).await.map(|_| ())
}

/// The channels that are told of every SKU.
///
/// # Errors
/// When D1 does not answer.
pub async fn sells_everything(database: &Database) -> Result<Vec<ChannelId>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        id: ChannelId,
    }
    let found: Vec<Row> = rows(database, SELLS_EVERYTHING, &[]).await?;
    Ok(found.into_iter().map(|row| row.id).collect())
}

/// A channel that began to sell everything, and how far it has been introduced to the SKUs.
pub struct Introduction {
    /// Which channel.
    pub channel: ChannelId,
    /// The last SKU that was asked.
    pub done_to: String,
    /// The next ones; none: all have been asked.
    pub next: Vec<Sku>,
}

/// The introduction that is least far, with the SKUs whose turn it is.
///
/// # Errors
/// When D1 does not answer.
pub async fn introduction(
    database: &Database,
    limit: u32,
) -> Result<Option<Introduction>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        id: ChannelId,
        introduced_to: String,
    }
    #[derive(Deserialize)]
    struct Next {
        sku: String,
    }
    let Some(least) = row::<Row>(database, INTRODUCED_LEAST, &[]).await? else { return Ok(None) };
    let parameters = [Parameter::Text(&least.introduced_to), Parameter::Integer(i64::from(limit))];
    let found: Vec<Next> = rows(database, NEXT_SKUS, &parameters).await?;
    let next = found.iter().map(|row| row.sku.parse());
    let next = next.collect::<Result<_, _>>().map_err(|_| failed_to_read("stock_levels"))?;
    Ok(Some(Introduction { channel: least.id, done_to: least.introduced_to, next }))
}

/// Notes how far an introduction has come; none: to the end.
///
/// # Errors
/// When D1 does not take it; the same SKUs are asked again then.
pub async fn introduced(
    database: &Database,
    introduction: &Introduction,
    to: Option<&str>,
) -> Result<(), Unavailable> {
    let parameters = [
        Parameter::Text(introduction.channel.as_str()),
        Parameter::Text(&introduction.done_to),
        Parameter::optional_text(to),
    ];
    run(database, INTRODUCED, &parameters).await.map(|_| ())
}

/// Each write within a channel has a higher sequence than all before: `key` is the row's place in the
/// array.
const UPSERT: &str = "
INSERT INTO channel_availability (channel, sku, available, version, as_of, change_sequence)
SELECT value ->> 'channel', value ->> 'sku', value ->> 'available', value ->> 'version',
  value ->> 'as_of', key + 1 + COALESCE((SELECT MAX(known.change_sequence)
    FROM channel_availability AS known WHERE known.channel = value ->> 'channel'), 0)
FROM (SELECT key, value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (channel, sku) DO UPDATE SET available = excluded.available,
  version = excluded.version, as_of = excluded.as_of, change_sequence = excluded.change_sequence
WHERE (excluded.version, excluded.as_of)
  > (channel_availability.version, channel_availability.as_of)";
const OF_SKU: &str = "
SELECT channel, available, version, as_of FROM channel_availability
WHERE channel IN (SELECT value FROM json_each(?2)) AND sku = ?1";
const FEED: &str = "
SELECT sku, available, version, as_of, change_sequence FROM channel_availability
WHERE channel = ?1 AND change_sequence > ?2 ORDER BY change_sequence LIMIT ?3";

/// One telling, as its statement reads it.
#[derive(Serialize)]
struct ToldRow<'a> {
    channel: &'a ChannelId,
    sku: &'a str,
    available: i64,
    version: i64,
    as_of: i64,
}

/// Writes what channels are told of many SKUs. An older telling never replaces a newer one, so repeats
/// and disorder are harmless.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn upsert_batch(
    database: &Database,
    told: &[(String, ChannelAvailability)],
) -> Result<(), Unavailable> {
    let told = told.iter().map(|(sku, one)| ToldRow {
        channel: &one.channel,
        sku,
        available: one.available,
        version: one.version,
        as_of: one.as_of.milliseconds(),
    });
    let statements = json_arrays(told)?
        .iter()
        .map(|array| prepare(database, UPSERT, &[Parameter::Text(array)]))
        .collect::<Result<_, _>>()?;
    run_together(database, statements).await
}

/// What is copied here of what these channels were told of a SKU.
///
/// # Errors
/// When D1 does not answer.
pub async fn told_of(
    database: &Database,
    sku: &Sku,
    channels: &[&ChannelId],
) -> Result<Vec<ChannelAvailability>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        channel: ChannelId,
        available: i64,
        version: i64,
        as_of: i64,
    }
    let list = json_list(channels)?;
    let parameters = [Parameter::Text(sku.as_str()), Parameter::Text(&list)];
    let found: Vec<Row> = rows(database, OF_SKU, &parameters).await?;
    let told = found.into_iter().map(|row| ChannelAvailability {
        channel: row.channel,
        available: row.available,
        version: row.version,
        as_of: Timestamp::from_milliseconds(row.as_of),
    });
    Ok(told.collect())
}

/// One line of a channel's feed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FeedLine {
    /// The SKU.
    pub sku: String,
    /// Units that an order of the channel could take.
    pub available: i64,
    /// The version of the SKU's counters.
    pub version: i64,
    /// When it was so, in milliseconds.
    pub as_of: i64,
    /// Its place in the feed.
    pub change_sequence: i64,
}

/// A channel's feed after a place in it, in the order of change.
///
/// # Errors
/// When D1 does not answer.
pub async fn feed(
    database: &Database,
    channel: &ChannelId,
    after: i64,
    limit: u32,
) -> Result<Vec<FeedLine>, Unavailable> {
    let parameters = [
        Parameter::Text(channel.as_str()),
        Parameter::Integer(after),
        Parameter::Integer(i64::from(limit)),
    ];
    rows(database, FEED, &parameters).await
}
