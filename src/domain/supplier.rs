//! Who delivers goods, and on what terms each SKU can be had from them.

use serde::{Deserialize, Serialize};

use super::address::Email;
use super::currency::Currency;
use super::field_error::{Checks, FieldError};
use super::money::{MAX_AMOUNT_MINOR, Money};
use super::slug::slug;

/// The longest time that goods may be on their way, in days.
pub const MAX_LEAD_TIME_DAYS: u32 = 730;
/// The most units in one pack, and the most that a supplier may want ordered at least.
pub const MAX_PACK_UNITS: i64 = 100_000;
const MAX_NAME_CHARACTERS: usize = 200;
const MAX_CODE_CHARACTERS: usize = 100;

slug!(
    /// A supplier's name in URLs: 1 to 64 letters, digits, `.`, `_` and `-`.
    SupplierId,
    "acme-ceramics"
);

/// Whether a supplier can be ordered from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SupplierStatus {
    /// Yes.
    #[default]
    Active,
    /// No longer; what was ordered stays.
    Archived,
}

impl SupplierStatus {
    /// The name in requests, answers and storage.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Archived].into_iter().find(|status| status.name() == name)
    }
}

/// Who delivers goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Supplier {
    /// Its name in URLs.
    pub id: SupplierId,
    /// Its name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The currency in which it is paid: all of its costs are in it.
    #[schema(value_type = String, example = "USD", pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
    /// Whom to write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "orders@acme.example")]
    pub email: Option<Email>,
    /// Days from an order to its arrival, unless an item says otherwise.
    #[schema(maximum = 730)]
    pub lead_time_days: u32,
    /// The least that an order must come to, in its currency; orders below it are proposed all the same,
    /// and say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_order: Option<Money>,
    /// Whether it can be ordered from.
    #[serde(default)]
    pub status: SupplierStatus,
}

/// On what terms a SKU can be had from a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplierItem {
    /// What the supplier calls it; empty if the same as we do.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub supplier_sku: String,
    /// What one unit costs, in the supplier's currency.
    pub unit_cost: Money,
    /// Units in a pack: only whole packs can be ordered.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub pack_size: i64,
    /// The least units that can be ordered at once.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub minimum_quantity: i64,
    /// Days from an order to its arrival; none: the supplier's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 730)]
    pub lead_time_days: Option<u32>,
    /// Whether the SKU is ordered here rather than from others that have it. At most one supplier is a
    /// SKU's preferred one: the last that was said to be.
    #[serde(default)]
    pub preferred: bool,
}

/// What a supplier offers of a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Who.
    pub supplier: Supplier,
    /// On what terms.
    pub item: SupplierItem,
}

impl Offer {
    /// Days from an order to its arrival.
    #[must_use]
    pub fn lead_time_days(&self) -> u32 {
        self.item.lead_time_days.unwrap_or(self.supplier.lead_time_days)
    }
}

/// From whom a SKU is ordered: from its preferred supplier; without one, or while that is archived, from
/// the one that delivers soonest. Costs play no part, because they may be in different currencies.
#[must_use]
pub fn chosen(offers: &[Offer]) -> Option<&Offer> {
    let active = offers.iter().filter(|offer| offer.supplier.status == SupplierStatus::Active);
    active.min_by_key(|offer| {
        (!offer.item.preferred, offer.lead_time_days(), offer.supplier.id.clone())
    })
}

const fn one() -> i64 {
    1
}

impl Supplier {
    /// Everything wrong with it; empty if nothing is.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/name", &self.name, 1, MAX_NAME_CHARACTERS);
        check_lead_time(&mut checks, self.lead_time_days);
        if let Some(minimum) = self.minimum_order {
            check_cost(&mut checks, "/minimum_order", minimum, self.currency);
        }
        checks.finish()
    }
}

impl SupplierItem {
    /// Everything wrong with it, for a supplier that is paid in this currency; empty if nothing is.
    #[must_use]
    pub fn validate(&self, currency: Currency) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/supplier_sku", &self.supplier_sku, 0, MAX_CODE_CHARACTERS);
        check_cost(&mut checks, "/unit_cost", self.unit_cost, currency);
        for (pointer, units) in
            [("/pack_size", self.pack_size), ("/minimum_quantity", self.minimum_quantity)]
        {
            let sane = (1..=MAX_PACK_UNITS).contains(&units);
            checks.require(sane, pointer, "must be 1 to 100000");
        }
        check_lead_time(&mut checks, self.lead_time_days.unwrap_or_default());
        checks.finish()
    }
}

fn check_cost(checks: &mut Checks, pointer: &str, cost: Money, currency: Currency) {
    checks.require(
        (0..=MAX_AMOUNT_MINOR).contains(&cost.amount),
        &format!("{pointer}/amount"),
        "must be 0 to 1000000000000000 minor units",
    );
    checks.require(
        cost.currency == currency,
        &format!("{pointer}/currency"),
        "must be the supplier's currency",
    );
}

fn check_lead_time(checks: &mut Checks, days: u32) {
    checks.require(days <= MAX_LEAD_TIME_DAYS, "/lead_time_days", "must be at most 730 days");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_supplier_is_bounded_and_has_one_currency() {
        let good = json!({"id": "acme", "name": "Acme", "currency": "USD", "lead_time_days": 14});
        let pointers = |change: serde_json::Value| -> Vec<String> {
            let mut body = good.clone();
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let supplier: Supplier = serde_json::from_value(body).unwrap();
            supplier.validate().into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(pointers(json!({})), [""; 0]);
        assert_eq!(pointers(json!({"minimum_order": {"amount": 5, "currency": "USD"}})), [""; 0]);
        assert_eq!(pointers(json!({"name": " "})), ["/name"]);
        assert_eq!(pointers(json!({"lead_time_days": 731})), ["/lead_time_days"]);
        let euros = json!({"minimum_order": {"amount": -1, "currency": "EUR"}});
        assert_eq!(pointers(euros), ["/minimum_order/amount", "/minimum_order/currency"]);
    }

    #[test]
    fn the_preferred_supplier_is_chosen_then_the_soonest() {
        let offer = |id: &str, days: u32, preferred: bool, status: SupplierStatus| {
            let supplier = json!({"id": id, "name": id, "currency": "USD", "lead_time_days": 9,
                "status": status});
            let item = json!({"unit_cost": {"amount": 1, "currency": "USD"}, "preferred": preferred,
                "lead_time_days": days});
            Offer {
                supplier: serde_json::from_value(supplier).unwrap(),
                item: serde_json::from_value(item).unwrap(),
            }
        };
        use SupplierStatus::{Active, Archived};
        let name = |offers: &[Offer]| chosen(offers).map(|offer| offer.supplier.id.to_string());
        let slow = offer("slow", 30, true, Active);
        let gone = offer("gone", 1, true, Archived);
        let soon = offer("soon", 2, false, Active);
        let same = offer("also", 2, false, Active);
        assert_eq!(name(&[]), None);
        assert_eq!(name(&[soon.clone(), slow]).as_deref(), Some("slow"));
        assert_eq!(name(&[gone.clone(), soon.clone(), same]).as_deref(), Some("also"));
        assert_eq!(name(&[gone]), None);
    }

    #[test]
    fn an_item_is_bounded() {
        let pointers = |change: serde_json::Value| -> Vec<String> {
            let mut body = json!({"unit_cost": {"amount": 250, "currency": "USD"}});
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let item: SupplierItem = serde_json::from_value(body).unwrap();
            let usd = "USD".parse().unwrap();
            item.validate(usd).into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(pointers(json!({})), [""; 0]);
        for (change, pointer) in [
            (json!({"unit_cost": {"amount": 1, "currency": "EUR"}}), "/unit_cost/currency"),
            (json!({"unit_cost": {"amount": -1, "currency": "USD"}}), "/unit_cost/amount"),
            (json!({"pack_size": 0}), "/pack_size"),
            (json!({"pack_size": 100_001}), "/pack_size"),
            (json!({"minimum_quantity": -1}), "/minimum_quantity"),
            (json!({"lead_time_days": 5000}), "/lead_time_days"),
            (json!({"supplier_sku": "x".repeat(101)}), "/supplier_sku"),
        ] {
            assert_eq!(pointers(change.clone()), [pointer], "{change}");
        }
    }
}
