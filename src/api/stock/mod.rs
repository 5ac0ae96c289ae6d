//! Stock as storefronts show it. A checkout never reads this: it asks the SKUs' objects.

pub mod bundle;
pub mod display;
pub mod seen;
pub mod shortages;
pub mod show;
