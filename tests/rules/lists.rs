//! The lists of orders that a merchant reads: a copy of each order's state, told by messages that are late,
//! twice and in disorder. Of two messages the higher version wins; in the end a list shows what is.

use std::collections::BTreeMap;

use cartwright::domain::id::OrderId;
use cartwright::domain::order::{Order, OrderStatus};
use cartwright::domain::payment::PaymentStatus;

use super::chance::Chance;

/// What a list shows of an order.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    version: i64,
    status: OrderStatus,
    payment: PaymentStatus,
    attentions: usize,
}

impl Row {
    fn of(order: &Order) -> Self {
        let (version, status) = (order.version, order.status);
        let (payment, attentions) = (order.payment_status(), order.attention.len());
        Self { version, status, payment, attentions }
    }
}

/// How a message was heard.
pub struct Heard {
    /// It will be heard once more.
    pub again: bool,
    /// A later one was heard before it.
    pub older: bool,
}

#[derive(Default)]
pub struct Lists {
    rows: BTreeMap<OrderId, Row>,
    told: BTreeMap<OrderId, Row>,
    under_way: Vec<(OrderId, Row)>,
}

impl Lists {
    /// An order tells what it is now, if it never said so.
    pub fn tell(&mut self, order: &Order) {
        let row = Row::of(order);
        if self.told.get(&order.id) != Some(&row) {
            self.told.insert(order.id, row.clone());
            self.under_way.push((order.id, row));
        }
    }

    /// One of the messages arrives, whichever.
    pub fn hear_one(&mut self, chance: &mut Chance) -> Option<Heard> {
        if self.under_way.is_empty() {
            return None;
        }
        let which = chance.below(self.under_way.len() as u64) as usize;
        let again = chance.one_in(4);
        let message =
            if again { self.under_way[which].clone() } else { self.under_way.swap_remove(which) };
        Some(Heard { again, older: !self.hear(message) })
    }

    /// Everything arrives that is under way, in disorder.
    pub fn hear_everything(&mut self) {
        while let Some(message) = self.under_way.pop() {
            self.hear(message);
        }
    }

    /// Whether the message was news.
    fn hear(&mut self, (order, row): (OrderId, Row)) -> bool {
        let known = self.rows.get(&order).map(|known| known.version);
        let is_news = known.is_none_or(|known| known < row.version);
        if is_news {
            self.rows.insert(order, row);
        }
        is_news
    }

    /// When nothing is under way any more, the lists show what is.
    pub fn check<'a>(&self, orders: impl Iterator<Item = &'a Order>) {
        for order in orders {
            let shown = self.rows.get(&order.id);
            assert_eq!(shown, Some(&Row::of(order)), "a list shows what is not: {order:#?}");
        }
    }
}
