//! Who goods are bought from.

use crate::domain::slug::slug;

slug!(
    /// A supplier.
    SupplierId,
    "north-mill"
);
