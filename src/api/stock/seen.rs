//! What storefronts see of a SKU's stock: the locations that serve orders.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::api::remembered;
use crate::domain::inventory::{LocationId, StockLevel};
use crate::domain::routing;
use crate::runtime::platform::Platform;

/// The locations that count; none if all do.
pub struct Seen(Option<BTreeSet<LocationId>>);

/// The locations that serve orders. While nothing is known of them every one counts: what is shown is no
/// promise.
pub async fn by_storefronts(platform: &Platform) -> Seen {
    let locations = remembered::locations(platform).await;
    Seen(locations.ok().and_then(|locations| routing::shown(&locations)))
}

impl Seen {
    /// Whether every location counts.
    #[must_use]
    pub const fn all(&self) -> bool {
        self.0.is_none()
    }

    /// A SKU as storefronts see it.
    #[must_use]
    pub fn of<'a>(&self, level: &'a StockLevel) -> Cow<'a, StockLevel> {
        match &self.0 {
            Some(seen) => Cow::Owned(level.only_at(|location| seen.contains(location))),
            None => Cow::Borrowed(level),
        }
    }
}
