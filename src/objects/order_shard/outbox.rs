//! The outbox: what the shard tells the world, until the world is seen to know it.
//!
//! A message is handed to the queue, whose consumer writes D1; some time later the shard looks into
//! D1, and forgets the message only if its order is there in that version or a newer one. So a queue
//! that loses a message, or gives it up as undeliverable, delays a list and no more.

use std::collections::BTreeMap;

use worker::{Error, Result};

use super::Shard;
use super::alarm::{back_off, trouble};
use super::store::OwedMessage;
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::storage::orders;

/// Messages that travel together; the queue takes 100 and 256 KB at once.
const MESSAGES_PER_BATCH: i64 = 100;
const BYTES_PER_BATCH: usize = 200_000;

/// Batches of one alarm; what is left then waits for the next.
const MAX_BATCHES: usize = 20;

/// What was sent within this time is looked for together: one question to D1, where each batch would be one.
const LOOK_TOGETHER_MILLISECONDS: i64 = 1_000;

/// When to look for what is sent now: as long from now as told, and then with all that was sent about now.
fn look_at(sent_at: Timestamp, confirm_milliseconds: i64) -> Timestamp {
    let last = LOOK_TOGETHER_MILLISECONDS.saturating_sub(1);
    let earliest = sent_at.plus_milliseconds(confirm_milliseconds).milliseconds();
    let end = earliest.saturating_add(last);
    let beyond = end.checked_rem_euclid(LOOK_TOGETHER_MILLISECONDS).unwrap_or(0);
    Timestamp::from_milliseconds(end.saturating_sub(beyond))
}

impl Shard {
    /// Sends what is owed and forgets what has arrived.
    pub(super) async fn flush_outbox(&self) -> Result<()> {
        for _ in 0..MAX_BATCHES {
            let due = self.store.owed_messages(now(), MESSAGES_PER_BATCH)?;
            if due.is_empty() {
                break;
            }
            let (sent, fresh): (Vec<_>, Vec<_>) = due.into_iter().partition(|m| m.sent);
            self.forget_arrived(sent).await?;
            self.hand_over(fresh).await?;
        }
        Ok(())
    }

    /// Looks into D1. What has not arrived is as if it had never been sent, and due.
    async fn forget_arrived(&self, sent: Vec<OwedMessage>) -> Result<()> {
        if sent.is_empty() {
            return Ok(());
        }
        let mut ids: Vec<_> = sent.iter().map(|message| message.order_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let seen = match self.platform.database() {
            Ok(database) => orders::versions(&database, &ids).await,
            Err(unavailable) => Err(unavailable),
        };
        match seen {
            Ok(versions) => {
                let versions: BTreeMap<_, _> = versions.into_iter().collect();
                let (arrived, lost): (Vec<_>, Vec<_>) = sent.into_iter().partition(|message| {
                    versions.get(&message.order_id).is_some_and(|v| *v >= message.version)
                });
                self.store.transaction(|| {
                    self.store.arrived(&arrived)?;
                    if lost.is_empty() { Ok(()) } else { self.store.lost(&lost) }
                })
            }
            Err(unavailable) => {
                trouble("outbox.arrival_unseen", &Error::RustError(unavailable.to_string()));
                let tries = sent.iter().map(|message| message.tries).max().unwrap_or(0);
                self.store.put_off_messages(&sent, back_off(now(), tries))
            }
        }
    }

    /// Hands messages to the queue. A batch that is refused is sent one by one, so that one poisonous
    /// message delays only itself.
    async fn hand_over(&self, mut messages: Vec<OwedMessage>) -> Result<()> {
        keep_within_bytes(&mut messages);
        if messages.is_empty() {
            return Ok(());
        }
        let confirm = self.platform.settings().projection_confirm_milliseconds;
        if self.send(&messages).await.is_ok() {
            return self.store.sent(&messages, look_at(now(), confirm));
        }
        for message in messages {
            let message = [message];
            match self.send(&message).await {
                Ok(()) => self.store.sent(&message, look_at(now(), confirm))?,
                Err(error) => {
                    trouble("outbox.message_refused", &error);
                    let tries = message.iter().map(|m| m.tries).max().unwrap_or(0);
                    self.store.put_off_messages(&message, back_off(now(), tries))?;
                }
            }
        }
        Ok(())
    }

    async fn send(&self, messages: &[OwedMessage]) -> Result<()> {
        let queue = self
            .platform
            .events()
            .map_err(|unavailable| Error::RustError(unavailable.to_string()))?;
        queue.send(messages.iter().map(|message| message.message.as_str())).await
    }
}

fn keep_within_bytes(messages: &mut Vec<OwedMessage>) {
    let mut bytes = 0_usize;
    let mut count = 0_usize;
    for message in messages.iter() {
        bytes = bytes.saturating_add(message.message.len());
        if bytes > BYTES_PER_BATCH && count > 0 {
            break;
        }
        count = count.saturating_add(1);
    }
    messages.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::look_at;
    use crate::domain::time::Timestamp;

    #[test]
    fn what_was_sent_about_now_is_looked_for_together_and_never_early() {
        let at = |milliseconds| Timestamp::from_milliseconds(milliseconds);
        assert_eq!(look_at(at(5_000), 60_000), at(65_000));
        assert_eq!(look_at(at(5_001), 60_000), at(66_000));
        assert_eq!(look_at(at(5_999), 60_000), at(66_000));
        assert_eq!(look_at(at(6_000), 60_000), at(66_000));
        assert_eq!(look_at(at(5_400), 0), at(6_000));
    }
}
