//! Which locations serve an order, the best first: the store's rule, applied to where the parcel goes.
//!
//! A route is advice to every SKU of the order: each takes the first location on it that has the whole
//! line, and only then several.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::country::CountryCode;
use super::field_error::Checks;
use super::inventory::LocationId;
use super::location_registry::{StockLocation, serving};

/// The most zones of a store.
pub const MAX_ZONES: usize = 50;
const MAX_COUNTRIES: usize = 250;

/// How a store chooses among its locations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoutingRule {
    /// By the locations' priority.
    #[default]
    Priority,
    /// The nearest to the buyer first: same postal area, same region, same country, same zone, then the
    /// rest; by priority among equals.
    Nearest,
    /// Those that can serve most lines of the order whole first, so that it travels in few parcels; by
    /// priority among equals.
    FewestSplits,
}

/// How a store routes its orders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// How it chooses.
    #[serde(default)]
    pub rule: RoutingRule,
    /// For `nearest`: countries that are neighbours of each other, such as `["DE", "AT", "CH"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub zones: Vec<Vec<CountryCode>>,
}

impl Routing {
    /// Whether nothing was said of it.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn check(&self, checks: &mut Checks, pointer: &str) {
        checks.count(&format!("{pointer}/zones"), self.zones.len(), 0, MAX_ZONES);
        for (index, zone) in self.zones.iter().enumerate() {
            let pointer = format!("{pointer}/zones/{index}");
            checks.count(&pointer, zone.len(), 2, MAX_COUNTRIES);
            checks.unique(&pointer, zone, "must not be listed twice");
        }
    }
}

/// Where a parcel goes, as far as routing asks.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The country.
    pub country: Option<CountryCode>,
    /// The state or province as the buyer wrote it.
    pub region: Option<&'a str>,
    /// The postal code as the buyer wrote it.
    pub postal_code: &'a str,
}

/// The locations that may serve an order, the best first. `lines_served` says how many lines a location
/// is thought to be able to serve whole. Empty: every location there is, which needs no route.
#[must_use]
pub fn route(
    routing: &Routing,
    locations: &[StockLocation],
    destination: Destination<'_>,
    lines_served: impl Fn(&LocationId) -> usize,
) -> Vec<LocationId> {
    if locations.len() <= 1 {
        return Vec::new();
    }
    let mut serving = serving(locations);
    match routing.rule {
        RoutingRule::Priority => {}
        RoutingRule::Nearest => {
            serving.sort_by_key(|location| distance(location, destination, &routing.zones));
        }
        RoutingRule::FewestSplits => {
            serving.sort_by_key(|location| std::cmp::Reverse(lines_served(&location.id)));
        }
    }
    let mut route: Vec<LocationId> =
        serving.into_iter().map(|location| location.id.clone()).collect();
    route.truncate(super::inventory::MAX_LOCATIONS);
    if route.is_empty() {
        // An empty route would mean everywhere.
        route.push(LocationId::main());
    }
    route
}

/// The locations whose units storefronts see; none if that is all of them.
#[must_use]
pub fn shown(locations: &[StockLocation]) -> Option<BTreeSet<LocationId>> {
    let all_serve = locations.iter().all(StockLocation::serves);
    (!all_serve).then(|| serving(locations).into_iter().map(|l| l.id.clone()).collect())
}

/// How far a location is: 0 is nearest. A longer postal prefix is a nearer one.
fn distance(
    location: &StockLocation,
    destination: Destination<'_>,
    zones: &[Vec<CountryCode>],
) -> (u8, usize) {
    const SAME_POSTAL_AREA: u8 = 0;
    const SAME_REGION: u8 = 1;
    const SAME_COUNTRY: u8 = 2;
    const SAME_ZONE: u8 = 3;
    const ELSEWHERE: u8 = 4;
    let (Some(from), Some(to)) = (location.country, destination.country) else {
        return (ELSEWHERE, 0);
    };
    if from != to {
        let neighbours = zones.iter().any(|zone| zone.contains(&from) && zone.contains(&to));
        return (if neighbours { SAME_ZONE } else { ELSEWHERE }, 0);
    }
    let prefix = location.postal_prefix.as_deref().map(folded).unwrap_or_default();
    if !prefix.is_empty() && folded(destination.postal_code).starts_with(&prefix) {
        return (SAME_POSTAL_AREA, usize::MAX.saturating_sub(prefix.len()));
    }
    let regions = (location.region.as_deref(), destination.region);
    let same_region = matches!(regions, (Some(a), Some(b)) if folded(a) == folded(b));
    (if same_region { SAME_REGION } else { SAME_COUNTRY }, 0)
}

/// As people mean it: without spaces and hyphens, in one case.
fn folded(text: &str) -> String {
    let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::location_registry::LocationStatus;

    fn at(id: &str, country: &str, region: Option<&str>, priority: u32) -> StockLocation {
        StockLocation {
            id: id.parse().unwrap(),
            country: country.parse().ok(),
            region: region.map(str::to_owned),
            priority,
            ..StockLocation::main()
        }
    }

    fn locations() -> Vec<StockLocation> {
        vec![
            StockLocation { priority: 50, ..StockLocation::main() },
            at("berlin", "DE", Some("Berlin"), 30),
            at("hamburg", "DE", Some("Hamburg"), 20),
            at("vienna", "AT", None, 10),
            at("austin", "US", Some("TX"), 5),
            StockLocation {
                postal_prefix: Some("12 3".to_owned()),
                ..at("corner", "DE", Some("Berlin"), 99)
            },
            StockLocation { fulfils_orders: false, ..at("shop-floor", "DE", None, 1) },
            StockLocation { status: LocationStatus::Archived, ..at("closed", "DE", None, 2) },
        ]
    }

    fn routed(rule: RoutingRule, destination: (&str, Option<&str>, &str)) -> Vec<String> {
        let zones = vec![["DE", "AT"].map(|c| c.parse().unwrap()).to_vec()];
        let (country, region, postal_code) = destination;
        let destination = Destination { country: country.parse().ok(), region, postal_code };
        let served = |id: &LocationId| match id.as_str() {
            "main" => 3,
            "austin" => 2,
            _ => 0,
        };
        let routing = Routing { rule, zones };
        let route = route(&routing, &locations(), destination, served);
        route.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_rules_by_table() {
        use RoutingRule::{FewestSplits, Nearest, Priority};
        for (rule, destination, expected) in [
            (Priority, ("DE", None, "1"), "austin vienna hamburg berlin main corner"),
            (Nearest, ("DE", None, "99999"), "hamburg berlin corner vienna austin main"),
            (Nearest, ("DE", Some("BERLIN "), "99"), "berlin corner hamburg vienna austin main"),
            (Nearest, ("DE", Some("Berlin"), "123-45"), "corner berlin hamburg vienna austin main"),
            (Nearest, ("AT", None, "1010"), "vienna hamburg berlin corner austin main"),
            (Nearest, ("US", Some("TX"), "73301"), "austin vienna hamburg berlin main corner"),
            (Nearest, ("FR", None, "75001"), "austin vienna hamburg berlin main corner"),
            (Nearest, ("", None, ""), "austin vienna hamburg berlin main corner"),
            (FewestSplits, ("DE", None, "1"), "main austin vienna hamburg berlin corner"),
        ] {
            assert_eq!(routed(rule, destination).join(" "), expected, "{rule:?} {destination:?}");
        }
    }

    #[test]
    fn one_location_needs_no_route_and_none_that_serves_is_not_all_of_them() {
        let nowhere = Destination { country: None, region: None, postal_code: "" };
        let routing = Routing::default();
        assert_eq!(route(&routing, &[StockLocation::main()], nowhere, |_| 0), []);
        let idle = |id: &str| StockLocation { fulfils_orders: false, ..at(id, "DE", None, 1) };
        let route = route(&routing, &[idle("a"), idle("b")], nowhere, |_| 0);
        assert_eq!(route, [LocationId::main()]);
    }

    #[test]
    fn storefronts_see_the_locations_that_serve() {
        assert_eq!(shown(&[StockLocation::main()]), None);
        let shown = shown(&locations()).unwrap();
        assert_eq!(shown.len(), 6);
        assert!(!shown.contains(&"shop-floor".parse().unwrap()));
    }

    #[test]
    fn a_zone_has_at_least_two_countries() {
        let zones = vec![vec!["DE".parse().unwrap()]];
        let mut checks = Checks::default();
        Routing { rule: RoutingRule::Nearest, zones }.check(&mut checks, "/routing");
        assert_eq!(checks.finish().len(), 1);
    }
}
