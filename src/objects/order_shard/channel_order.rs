//! An order that a channel has sold: brought in once per id of the channel's, however often and however
//! late it is sent.

use std::rc::Rc;

use worker::Result;

use super::Shard;
use super::store::KnownKey;
use crate::domain::id::ShardNumber;
use crate::domain::order::ChannelOrder;
use crate::flows::place::{Draft, place_sold};
use crate::objects::commands::ShardAnswer;
use crate::runtime::clock::now;

impl Shard {
    /// Brings the order in, or tells again what came of it.
    pub(super) async fn channel_order(
        self: &Rc<Self>,
        key: &str,
        sold: ChannelOrder,
        draft: Draft,
    ) -> Result<ShardAnswer> {
        let id = sold.id_in(ShardNumber(self.number));
        let fingerprint = sold.fingerprint.clone();
        if let Some(known) = self.known_key(key)? {
            return self.retry(key, &fingerprint, known).await;
        }
        // The key is forgotten after some days; the order is not.
        if let Some(before) = self.store.order(id)?.and_then(|order| order.channel) {
            let known = KnownKey { fingerprint: before.fingerprint, order_id: id, outcome: None };
            return self.retry(key, &fingerprint, known).await;
        }
        self.first(key, &fingerprint, place_sold(draft, sold, id, now())).await
    }
}
