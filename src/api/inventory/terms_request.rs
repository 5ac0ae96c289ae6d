//! New terms of a SKU, and what of them can be refused without asking anybody.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::change;
use crate::domain::field_error::FieldError;
use crate::domain::inventory::{
    LocationId, LocationTerms, MAX_LOCATIONS, MAX_UNITS, StockTerms, TermsChange,
};
use crate::domain::time::Timestamp;

/// No merchant's date is before this year, nor from the second one on.
const YEARS: (&str, &str) = ("2000-01-01T00:00:00Z", "2200-01-01T00:00:00Z");

/// All of a SKU's terms, in place of what was there. What is left out is not said any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "Season opens", "back_order_limit": 20, "low_stock_threshold": 5, "safety_stock": 2,
    "expected_at": "2027-01-15T00:00:00Z", "reorder_point": 10, "reorder_quantity": 50,
    "locations": {"main": {"safety_stock": 1}}
}))]
pub struct TermsRequest {
    /// Why, in a person's words; it stays in the SKU's ledger.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
    /// Units that may be sold beyond the shelf.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    back_order_limit: i64,
    /// At or below this many units the SKU is shown as low; 0: the store's own threshold.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    low_stock_threshold: i64,
    /// Units that are never sold, beyond those that each location keeps.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    safety_stock: i64,
    /// When back-ordered units are expected: buyers of them are told.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// What is sold beyond the shelf is pre-ordered, until this moment; not together with
    /// `expected_at`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    release_at: Option<Timestamp>,
    /// At or below this many units it is time to order from the supplier.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    reorder_point: Option<i64>,
    /// How many units to order then; needs a `reorder_point`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000i64)]
    reorder_quantity: Option<i64>,
    /// The most units that one customer may have on order, held or paid.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000i64)]
    customer_limit: Option<i64>,
    /// Terms of single locations.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, LocationTerms>)]
    pub locations: BTreeMap<LocationId, LocationTerms>,
}

impl TermsRequest {
    /// Everything that is wrong whatever the store has.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut require = |holds: bool, pointer: &str, message: &str| {
            if !holds {
                let (pointer, message) = (pointer.to_owned(), message.to_owned());
                errors.push(FieldError { pointer, message });
            }
        };
        let reason = change::is_reason(&self.reason);
        require(reason, "/reason", "must be a line of 1 to 200 characters");
        for (pointer, units, least) in [
            ("/back_order_limit", Some(self.back_order_limit), 0),
            ("/low_stock_threshold", Some(self.low_stock_threshold), 0),
            ("/safety_stock", Some(self.safety_stock), 0),
            ("/reorder_point", self.reorder_point, 0),
            ("/reorder_quantity", self.reorder_quantity, 1),
            ("/customer_limit", self.customer_limit, 1),
        ] {
            let sane = units.is_none_or(|units| (least..=MAX_UNITS).contains(&units));
            require(sane, pointer, &format!("must be {least} to 1000000000"));
        }
        let paired = self.reorder_quantity.is_none() || self.reorder_point.is_some();
        require(paired, "/reorder_quantity", "needs a reorder_point");
        let one_date = self.expected_at.is_none() || self.release_at.is_none();
        require(one_date, "/release_at", "must not be there together with expected_at");
        let (from, to) = YEARS;
        let bounds = (Timestamp::parse_rfc3339(from), Timestamp::parse_rfc3339(to));
        let plausible = |at: Timestamp| match &bounds {
            (Some(from), Some(to)) => *from <= at && at < *to,
            _ => false,
        };
        for (pointer, date) in
            [("/expected_at", self.expected_at), ("/release_at", self.release_at)]
        {
            require(date.is_none_or(plausible), pointer, "must be a date of 2000 to 2199");
        }
        let count = self.locations.len() <= MAX_LOCATIONS;
        require(count, "/locations", "must have at most 100 members");
        for (id, terms) in &self.locations {
            for (member, units) in [
                ("safety_stock", Some(terms.safety_stock)),
                ("back_order_limit", Some(terms.back_order_limit)),
                ("low_stock_threshold", terms.low_stock_threshold),
            ] {
                let sane = units.is_none_or(|units| (0..=MAX_UNITS).contains(&units));
                let pointer = format!("/locations/{id}/{member}");
                require(sane, &pointer, "must be 0 to 1000000000");
            }
        }
        errors
    }

    /// The change that it is, and why.
    #[must_use]
    pub fn into_change(self) -> (TermsChange, String) {
        let (back_order_limit, low_stock_threshold) =
            (self.back_order_limit, self.low_stock_threshold);
        let mut terms = StockTerms::default();
        let reason = self.fill(&mut terms);
        let terms = Box::new(terms);
        (TermsChange::Replace { back_order_limit, low_stock_threshold, terms }, reason)
    }

    /// Says what is said here; terms that have a request of their own are not touched.
    fn fill(self, terms: &mut StockTerms) -> String {
        terms.safety_stock = self.safety_stock;
        terms.expected_at = self.expected_at;
        terms.release_at = self.release_at;
        terms.reorder_point = self.reorder_point;
        terms.reorder_quantity = self.reorder_quantity;
        terms.customer_limit = self.customer_limit;
        terms.locations = self.locations;
        self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wrong(member: &str, value: Value) -> Vec<String> {
        let mut body = json!({"reason": "why", "reorder_point": 1});
        body[member] = value;
        let request: TermsRequest = serde_json::from_value(body).unwrap();
        request.check().into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn terms_are_bounded_and_say_why() {
        for (member, value) in [
            ("back_order_limit", json!(1_000_000_000)),
            ("reorder_quantity", json!(1)),
            ("expected_at", json!("2027-01-01T00:00:00Z")),
            ("release_at", json!("2020-01-01T00:00:00Z")),
            ("locations", json!({"main": {"safety_stock": 3, "low_stock_threshold": 1}})),
        ] {
            assert_eq!(wrong(member, value.clone()), [""; 0], "{member} {value}");
        }
        for (member, value, pointer) in [
            ("reason", json!(""), "/reason"),
            ("back_order_limit", json!(-1), "/back_order_limit"),
            ("low_stock_threshold", json!(1_000_000_001), "/low_stock_threshold"),
            ("safety_stock", json!(-1), "/safety_stock"),
            ("reorder_quantity", json!(0), "/reorder_quantity"),
            ("customer_limit", json!(0), "/customer_limit"),
            ("expected_at", json!("1999-12-31T23:59:59Z"), "/expected_at"),
            ("release_at", json!("2200-01-01T00:00:00Z"), "/release_at"),
            ("locations", json!({"a": {"safety_stock": -1}}), "/locations/a/safety_stock"),
            ("locations", json!({"a": {"back_order_limit": -1}}), "/locations/a/back_order_limit"),
        ] {
            assert_eq!(wrong(member, value.clone()), [pointer], "{member} {value}");
        }
    }

    #[test]
    fn members_that_need_or_exclude_each_other() {
        let pointers = |body: Value| -> Vec<String> {
            let request: TermsRequest = serde_json::from_value(body).unwrap();
            request.check().into_iter().map(|error| error.pointer).collect()
        };
        let at = "2027-01-01T00:00:00Z";
        let both = json!({"reason": "x", "expected_at": at, "release_at": at});
        assert_eq!(pointers(both), ["/release_at"]);
        assert_eq!(pointers(json!({"reason": "x", "reorder_quantity": 5})), ["/reorder_quantity"]);
    }
}
