//! Places that have stock.

use crate::domain::slug::slug;

slug!(
    /// A place that has stock: a warehouse, a store, a supplier's shelf.
    LocationId,
    "main"
);

impl LocationId {
    /// The place that every store has: stock that nobody gave a place is here.
    #[must_use]
    pub fn main() -> Self {
        Self("main".to_owned())
    }
}

impl Default for LocationId {
    fn default() -> Self {
        Self::main()
    }
}
