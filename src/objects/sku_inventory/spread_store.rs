//! The tables of drop mode.

use worker::Result;

use super::store::Store;
use crate::domain::inventory::spread::{Member, Slice, Spread};
use crate::runtime::sqlite::{Value, integer, text};

impl Store {
    /// What the SKU's own object keeps of drop mode.
    pub fn spread(&self) -> Result<Spread> {
        let Some(row) = self.sqlite.row("SELECT document FROM spread", vec![])? else {
            return Ok(Spread::default());
        };
        let mut spread: Spread = serde_json::from_str(&row.text(0)?)?;
        let query = "SELECT document FROM spread_members ORDER BY slice";
        for row in self.sqlite.rows(query, vec![])? {
            spread.members.push(serde_json::from_str::<Member>(&row.text(0)?)?);
        }
        Ok(spread)
    }

    /// Writes what has changed of it.
    pub fn write_spread(&self, before: &Spread, after: &Spread) -> Result<()> {
        let document = serde_json::to_string(after)?;
        if document != serde_json::to_string(before)? || before.members.is_empty() {
            self.sqlite.run(
                "INSERT INTO spread (only_row, document) VALUES (1, ?) \
                 ON CONFLICT (only_row) DO UPDATE SET document = excluded.document",
                vec![text(document)],
            )?;
        }
        for (slice, member) in (0_usize..).zip(&after.members) {
            if before.members.get(slice) == Some(member) {
                continue;
            }
            let number = i64::try_from(slice).unwrap_or(i64::MAX);
            self.sqlite.run(
                "INSERT INTO spread_members (slice, document) VALUES (?, ?) \
                 ON CONFLICT (slice) DO UPDATE SET document = excluded.document",
                vec![integer(number), text(serde_json::to_string(member)?)],
            )?;
        }
        Ok(())
    }

    /// What a slice knows of the SKU's own object.
    pub fn slice(&self) -> Result<Slice> {
        let row = self.sqlite.row("SELECT document FROM slice", vec![])?;
        row.map_or_else(|| Ok(Slice::default()), |row| Ok(serde_json::from_str(&row.text(0)?)?))
    }

    /// Writes that.
    pub fn write_slice(&self, slice: &Slice) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO slice (only_row, document) VALUES (1, ?) \
             ON CONFLICT (only_row) DO UPDATE SET document = excluded.document",
            vec![text(serde_json::to_string(slice)?)],
        )
    }

    /// Whether an order was passed on.
    pub fn is_passed_on(&self, order_id: &str) -> Result<bool> {
        let query = "SELECT 1 FROM passed_on WHERE order_id = ?";
        Ok(self.sqlite.row(query, vec![text(order_id)])?.is_some())
    }

    /// Notes that an order is passed on, for good: how many units it wants, and for whom.
    pub fn pass_on(&self, order_id: &str, customer: Option<&str>, quantity: u32) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO passed_on (order_id, customer, quantity) VALUES (?, ?, ?) \
             ON CONFLICT DO NOTHING",
            vec![text(order_id), customer.map_or(Value::Null, text), integer(i64::from(quantity))],
        )
    }

    /// Notes that an order that was passed on got nothing, or gave it back.
    pub fn passed_on_in_vain(&self, order_id: &str) -> Result<()> {
        let statement = "UPDATE passed_on SET quantity = 0 WHERE order_id = ?";
        self.sqlite.run(statement, vec![text(order_id)])
    }

    /// What a customer has by other orders that were passed on.
    pub fn passed_on_for(&self, customer: &str, order_id: &str) -> Result<i64> {
        let query = "SELECT COALESCE(SUM(quantity), 0) FROM passed_on \
                     WHERE customer = ? AND order_id <> ?";
        let row = self.sqlite.row(query, vec![text(customer), text(order_id)])?;
        row.map_or(Ok(0), |row| row.integer(0))
    }
}
