//! Which locations may serve an order, computed before the order is written.
//!
//! Nothing here is waited for: what the isolate remembers is used, old or new, and where it remembers
//! nothing the main location serves. A route is advice, the SKUs' objects decide.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::api::remembered;
use crate::api::stock::display;
use crate::domain::address::Address;
use crate::domain::catalogue::StoreSettings;
use crate::domain::id::Sku;
use crate::domain::inventory::LocationId;
use crate::domain::location_registry::StockLocation;
use crate::domain::pricing::CartLine;
use crate::domain::routing::{self, Destination, RoutingRule};
use crate::runtime::deadline;
use crate::runtime::platform::Platform;

/// How long a checkout of an isolate that knows no location yet waits for them; it reads the store's
/// terms at the same time, which takes as long.
const FIRST_LOCATIONS_MILLISECONDS: u32 = 1_000;

/// How long the SKUs' objects may take to say what each location has, for `fewest_splits` only.
const LEVELS_MILLISECONDS: u32 = 150;

/// What is known of the store's locations, or none if nothing is in time.
pub async fn locations(platform: &Platform) -> Option<Rc<Vec<StockLocation>>> {
    let known = remembered::locations(platform);
    deadline::within(FIRST_LOCATIONS_MILLISECONDS, known).await?.ok()
}

/// The locations that may serve an order, the best first; empty: all of them.
pub async fn of(
    platform: &Platform,
    terms: &StoreSettings,
    locations: &Option<Rc<Vec<StockLocation>>>,
    address: &Address,
    lines: &[CartLine],
) -> Vec<LocationId> {
    let Some(locations) = locations else {
        return vec![LocationId::main()];
    };
    let splits = terms.routing.rule == RoutingRule::FewestSplits && locations.len() > 1;
    let served = if splits { lines_served(platform, lines).await } else { BTreeMap::new() };
    let destination = Destination {
        country: address.country_code(),
        region: address.region.as_deref(),
        postal_code: &address.postal_code,
    };
    routing::route(&terms.routing, locations, destination, |location| {
        served.get(location).copied().unwrap_or(0)
    })
}

/// How many lines each location has whole, by the counters that storefronts are shown.
async fn lines_served(platform: &Platform, lines: &[CartLine]) -> BTreeMap<LocationId, usize> {
    let mut wanted: BTreeMap<&Sku, i64> = BTreeMap::new();
    for line in lines {
        let units = wanted.entry(&line.sku).or_default();
        *units = units.saturating_add(i64::from(line.quantity));
    }
    let skus: Vec<Sku> = wanted.keys().map(|sku| (*sku).clone()).collect();
    let levels = display::levels(platform, &skus, false);
    let mut served = BTreeMap::new();
    // Without an answer in time every location counts alike, and priority decides.
    let Some(Ok(levels)) = deadline::within(LEVELS_MILLISECONDS, levels).await else {
        return served;
    };
    for (shown, units) in levels.iter().zip(wanted.values()) {
        for balance in &shown.level.balances {
            if shown.level.free_at(balance) >= *units {
                let lines: &mut usize = served.entry(balance.location.clone()).or_default();
                *lines = lines.saturating_add(1);
            }
        }
    }
    served
}
