//! The places that a store keeps stock at: what they are, where they are, and which serves orders first.

use serde::{Deserialize, Serialize};

use super::country::CountryCode;
use super::field_error::{Checks, FieldError};
use super::inventory::LocationId;

/// The most locations of a store: no SKU can be at more.
pub const MAX_REGISTERED: usize = super::inventory::MAX_LOCATIONS;
const MAX_NAME_CHARACTERS: usize = 100;
const MAX_REGION_CHARACTERS: usize = 100;
const MAX_POSTAL_PREFIX_CHARACTERS: usize = 16;
const MAX_PRIORITY: u32 = 1_000_000;
const DEFAULT_PRIORITY: u32 = 100;

/// What a location is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocationKind {
    /// Goods are kept and sent from there.
    Warehouse,
    /// Goods are sold there as well.
    Store,
    /// A supplier who sends for the merchant.
    Supplier,
}

/// Whether a location is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocationStatus {
    /// It may have stock.
    #[default]
    Active,
    /// It has none and gets none; old orders and documents still name it.
    Archived,
}

/// A place that has stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockLocation {
    /// Its name in requests.
    pub id: LocationId,
    /// Its name for people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it is.
    pub kind: LocationKind,
    /// Its country, for routing by nearness; without one it is near nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// Its state or province: in the United States, Canada, India and Australia the ISO 3166-2 code
    /// without the country, elsewhere as buyers write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub region: Option<String>,
    /// How the postal codes around it begin: addresses with such a code are the nearest of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 16)]
    pub postal_prefix: Option<String>,
    /// Locations with a smaller number serve first; by default 100.
    #[serde(default = "default_priority")]
    #[schema(maximum = 1_000_000)]
    pub priority: u32,
    /// Whether it is in use; by default it is.
    #[serde(default)]
    pub status: LocationStatus,
    /// Whether orders are served from it; by default they are. One that does not keeps stock that
    /// storefronts don't see.
    #[serde(default = "yes")]
    pub fulfils_orders: bool,
}

impl StockLocation {
    /// The main location, as it is before anybody said anything of it.
    #[must_use]
    pub fn main() -> Self {
        Self {
            id: LocationId::main(),
            name: "Main".to_owned(),
            kind: LocationKind::Warehouse,
            country: None,
            region: None,
            postal_prefix: None,
            priority: DEFAULT_PRIORITY,
            status: LocationStatus::Active,
            fulfils_orders: true,
        }
    }

    /// Whether orders may be served from it.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.fulfils_orders && self.status == LocationStatus::Active
    }

    /// Everything wrong with it; empty if nothing is.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/name", &self.name, 1, MAX_NAME_CHARACTERS);
        if let Some(region) = &self.region {
            checks.line("/region", region, 1, MAX_REGION_CHARACTERS);
            let known = |country: CountryCode| {
                country.required_regions().is_none() || country.is_region_code(region)
            };
            checks.require(
                self.country.is_some_and(known),
                "/region",
                "must be a state or province of the country, such as CA of US",
            );
        }
        if let Some(prefix) = &self.postal_prefix {
            checks.line("/postal_prefix", prefix, 1, MAX_POSTAL_PREFIX_CHARACTERS);
            checks.require(self.country.is_some(), "/postal_prefix", "needs a country");
        }
        checks.require(self.priority <= MAX_PRIORITY, "/priority", "must be at most 1000000");
        checks.require(
            self.id != LocationId::main() || self.status == LocationStatus::Active,
            "/status",
            "must be active: stock that nobody gave a place is at main",
        );
        checks.finish()
    }
}

/// The locations that serve orders, the first one foremost.
#[must_use]
pub fn serving(locations: &[StockLocation]) -> Vec<&StockLocation> {
    let mut serving: Vec<&StockLocation> = locations.iter().filter(|l| l.serves()).collect();
    serving.sort_by_key(|location| (location.priority, &location.id));
    serving
}

const fn default_priority() -> u32 {
    DEFAULT_PRIORITY
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wrong(document: Value) -> Vec<String> {
        let location: StockLocation = serde_json::from_value(document).unwrap();
        location.validate().into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn the_migration_seeds_what_the_program_thinks_main_is() {
        let migration = include_str!("../../schema/d1/0011_locations.sql");
        let document = serde_json::to_string(&StockLocation::main()).unwrap();
        assert!(migration.contains(&document), "{document}");
    }

    #[test]
    fn a_location_is_bounded_and_somewhere() {
        let fine = json!({
            "id": "berlin", "name": "Berlin", "kind": "store", "country": "DE", "region": "Berlin",
            "postal_prefix": "10", "priority": 1, "status": "archived", "fulfils_orders": false
        });
        assert_eq!(wrong(fine.clone()), [""; 0]);
        for (member, value, pointer) in [
            ("name", json!(" "), "/name"),
            ("name", json!("x".repeat(101)), "/name"),
            ("region", json!("a\nb"), "/region"),
            ("postal_prefix", json!(""), "/postal_prefix"),
            ("priority", json!(1_000_001), "/priority"),
        ] {
            let mut body = fine.clone();
            body[member] = value;
            assert_eq!(wrong(body), [pointer], "{member}");
        }
        let mut american = fine.clone();
        american["country"] = json!("US");
        assert_eq!(wrong(american.clone()), ["/region"]);
        american["region"] = json!("CA");
        assert_eq!(wrong(american), [""; 0]);
        let mut nowhere = fine;
        nowhere.as_object_mut().unwrap().remove("country");
        assert_eq!(wrong(nowhere), ["/region", "/postal_prefix"]);
    }

    #[test]
    fn main_is_never_archived() {
        let main = StockLocation { status: LocationStatus::Archived, ..StockLocation::main() };
        assert_eq!(main.validate().len(), 1);
        assert_eq!(StockLocation::main().validate(), []);
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let least = json!({"id": "north", "name": "North", "kind": "warehouse"});
        let location: StockLocation = serde_json::from_value(least).unwrap();
        assert_eq!((location.priority, location.serves()), (100, true));
    }
}
