//! Orders that a sales channel has sold and been paid for.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{CloseReason, Order};
use crate::domain::id::{OrderId, ShardNumber};
use crate::domain::inventory::ChannelId;

/// Which channel sold an order, and what it calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelOrder {
    /// The channel.
    pub channel: ChannelId,
    /// The channel's own id of the order.
    pub order_id: String,
    /// SHA-256 of the request that brought it, in hexadecimal: another body under the id is refused.
    pub fingerprint: String,
}

impl ChannelOrder {
    /// The order's identity: the same whenever the channel names the order, so that it is never brought
    /// in twice, however much later it is sent again.
    #[must_use]
    pub fn id_in(&self, shard: ShardNumber) -> OrderId {
        let hash = Sha256::new()
            .chain_update("channel order")
            .chain_update([0])
            .chain_update(self.channel.as_str())
            .chain_update([0])
            .chain_update(&self.order_id)
            .finalize();
        let bytes = hash.first_chunk().copied().unwrap_or_default();
        OrderId::new(shard, uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl Order {
    /// Whether a channel has sold it and been paid for it: then it is never refused, and the channel
    /// gives the money back if it is called off.
    #[must_use]
    pub const fn is_sold_by_channel(&self) -> bool {
        self.channel.is_some()
    }

    /// Whether somebody may have it closed for this reason: not once its money is held or taken here.
    /// Of an order that a channel sold the merchant alone decides.
    #[must_use]
    pub fn may_be_called_off(&self, reason: CloseReason) -> bool {
        let may = if self.is_sold_by_channel() {
            reason == CloseReason::Merchant
        } else {
            !self.is_secured()
        };
        may && !self.status.is_terminal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_of_a_channel_is_named_once_for_all() {
        let sold = |channel: &str, order_id: &str| ChannelOrder {
            channel: channel.parse().unwrap(),
            order_id: order_id.to_owned(),
            fingerprint: String::new(),
        };
        let id = |channel, order_id| sold(channel, order_id).id_in(ShardNumber(7)).to_string();
        // Pinned: an order that was brought in must be found again under every later version.
        assert_eq!(id("market", "112-1"), "ord_075d4ef0af613082be84c39010ac8a1b0a");
        assert_ne!(id("market", "112-1"), id("market", "112-2"));
        assert_ne!(id("a", "b"), id("ab", ""));
        let back: OrderId = id("market", "112-1").parse().unwrap();
        assert_eq!(back.shard(), ShardNumber(7));
    }
}
