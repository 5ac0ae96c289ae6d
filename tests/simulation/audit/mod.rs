//! The audit: what was promised, held against the raw rows and the gateways' own books. It shares no rule and
//! no arithmetic with the program: it reads JSON and adds up by itself.
//!
//! Every sentence names the promise (I1 to I8), whom it is about, and the numbers.

mod keys;
mod money;
mod orders;
mod projection;
mod rest;
mod rows;
mod series;
mod stock;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::rows::Rows;
use crate::world::World;

/// An auditor, who remembers what was seen before.
#[derive(Default)]
pub struct Audit {
    orders: BTreeMap<String, orders::Seen>,
    keys: BTreeMap<(&'static str, String, String), keys::Seen>,
    ledgers: BTreeMap<String, stock::Ledger>,
    acknowledged: BTreeMap<String, i64>,
    rows: Rows,
    /// When was looked last.
    looked_at: i64,
}

impl Audit {
    /// Somebody was told 201 for an order with this total: it must be there from now on, for ever.
    pub fn acknowledge(&mut self, order: &str, total_minor: i64) {
        let known = self.acknowledged.insert(order.to_owned(), total_minor);
        assert!(
            known.is_none_or(|known| known == total_minor),
            "{order} was answered with {known:?} and with {total_minor}"
        );
    }

    /// What must hold at every moment, whatever is under way.
    pub fn at_any_time(&mut self, world: &World) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.read_on(world);
        self.judge(world, &rows);
        self.rows = rows;
    }

    /// What must hold once everything works again and nothing is under way.
    pub fn at_rest(&mut self, world: &World) {
        let rows = Rows::of(world);
        // The whole of every ledger is read again: no line may have changed since.
        self.ledgers.clear();
        self.judge(world, &rows);
        rest::nothing_is_owed(world, &rows);
        rest::claims_are_the_orders(world, &rows);
        money::books_agree(world, &rows);
        series::numbers_are_right(world, &rows);
        projection::is_the_objects(world, &rows);
        rest::count(world, &rows, &self.ledgers);
    }

    fn judge(&mut self, world: &World, rows: &Rows) {
        stock::units_add_up(world, rows, &mut self.ledgers);
        orders::never_go_back(rows, &mut self.orders, &self.acknowledged);
        orders::add_up(rows);
        if rows.shards_are_fresh {
            keys::stand(rows, self.looked_at, &mut self.keys);
        }
        self.looked_at = rows.now;
        money::never_too_much(world, rows);
    }
}
