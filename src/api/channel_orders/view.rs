//! What is shown of an order that a channel sold.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::orders::view::{Audience, OrderView};
use crate::domain::inventory::ChannelId;
use crate::domain::order::{ChannelOrder, Order};
use crate::objects::shortage::{self, Shortage};

/// The channel that sold an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct SoldByView<'a> {
    /// The channel.
    #[schema(value_type = String, example = "big-marketplace")]
    id: &'a ChannelId,
    /// The channel's own id of the order.
    #[schema(example = "112-4711-0815")]
    order_id: &'a str,
}

impl<'a> SoldByView<'a> {
    /// The channel of an order, if one sold it.
    #[must_use]
    pub fn of(order: &'a Order) -> Option<Self> {
        let ChannelOrder { channel, order_id, .. } = order.channel.as_ref()?;
        Some(Self { id: channel, order_id })
    }
}

/// An order that was brought in, and what of it is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelOrderAnswer<'a> {
    /// The order.
    order: OrderView<'a>,
    /// The SKUs that could not be had in full: empty if all could. The order then needs attention; what
    /// could be had is kept for it.
    shortages: Vec<Shortage>,
}

impl<'a> ChannelOrderAnswer<'a> {
    /// What is said of an order as it is.
    #[must_use]
    pub fn of(order: &'a Order) -> Self {
        let shortages = shortage::of_paid_order(order);
        Self { order: OrderView::of(order, Audience::Merchant), shortages }
    }
}
