//! The terms of a store: currencies, tax, rounding, shipping, and the times a checkout is given.

use serde::{Deserialize, Serialize};

use super::{Product, TaxCategory, check_prices};
use crate::domain::country::CountryCode;
use crate::domain::currency::Currency;
use crate::domain::field_error::{Checks, FieldError};
use crate::domain::money::Money;
use crate::domain::routing::Routing;
use crate::domain::seller::Seller;
use crate::domain::slug::slug;
use crate::domain::tax::{Place, Rounding, Supply, TaxRate};

/// The most tax categories of a store.
pub const MAX_TAX_CATEGORIES: usize = 20;
/// The most tax rates of a store.
pub const MAX_TAX_RATES: usize = 2_000;
/// The most shipping methods of a store.
pub const MAX_SHIPPING_METHODS: usize = 50;
/// The most characters in the name of a series of invoices.
pub const MAX_INVOICE_SERIES_CHARACTERS: usize = 20;
/// There are not more countries or currencies than this.
const MAX_CODES: usize = 250;
const MAX_NAME_CHARACTERS: usize = 100;
/// Gateways give up an unpaid payment within a day or so; a week is beyond all of them.
const MAX_WINDOW_SECONDS: u32 = 7 * 24 * 60 * 60;
const MAX_THRESHOLD: u32 = 1_000_000_000;

slug!(
    /// A shipping method's name in requests, such as `standard`.
    ShippingMethodId,
    "standard"
);

/// A store's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// The currency shown to someone who has not chosen one.
    #[schema(value_type = String, example = "USD")]
    pub default_currency: Currency,
    /// Every currency in which the store sells.
    #[schema(value_type = Vec<String>, example = json!(["USD", "EUR"]))]
    pub currencies: Vec<Currency>,
    /// The destinations for which catalogue and shipping prices already contain the tax.
    ///
    /// By destination and not by currency, because consumer law is: a shop must show a German or an
    /// Indian household the price it will pay, tax and all, and an American expects tax on top,
    /// whichever currency either of them chose. In a country of this list the buyer pays exactly
    /// the price shown and the tax is taken out of it; in every other one tax is added.
    #[schema(example = json!(["DE", "GB"]))]
    pub prices_include_tax: Vec<CountryCode>,
    /// How fractions of a minor unit become whole.
    pub rounding: Rounding,
    /// Every tax treatment the store uses for its products and shipping methods.
    pub tax_categories: Vec<TaxCategory>,
    /// Where the seller is registered for tax, for rates that depend on it ([`Supply`]).
    #[serde(default)]
    pub registered_in: Vec<Place>,
    /// The taxes the seller collects. A destination without any is one where it collects none.
    pub tax_rates: Vec<TaxRate>,
    /// How parcels travel.
    pub shipping_methods: Vec<ShippingMethod>,
    /// Stock at or below this is shown as low, unless the SKU has a threshold of its own.
    pub low_stock_threshold: u32,
    /// How a publishable key is shown stock. A secret key sees counts whatever this says.
    #[serde(default)]
    pub stock_display: StockDisplay,
    /// With `buckets`: a count up to this much is shown after all ("only 3 left"), and a larger one as
    /// this much. None: no count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub stock_display_cap: Option<u32>,
    /// How long a buyer has to pay before the order expires.
    pub payment_window_seconds: u32,
    /// How much longer than that the stock stays reserved.
    pub reservation_grace_seconds: u32,
    /// The series in which invoices are numbered.
    #[schema(max_length = 20, pattern = "^[A-Z0-9-]{1,20}$")]
    pub invoice_series: String,
    /// Give money back by itself that comes after an order was closed; else a person is told and
    /// decides.
    #[serde(default)]
    pub refund_late_money: bool,
    /// Let a daily job make draft purchase orders of what is to be reordered.
    #[serde(default)]
    pub propose_purchase_orders: bool,
    /// The series in which credit notes are numbered; by default that of the invoices and `-CN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, pattern = "^[A-Z0-9-]{1,20}$")]
    pub credit_note_series: Option<String>,
    /// Who sells, as invoices name it. Orders keep what it was when they were placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// The most units of one SKU that one address, or one secret key that names no buyer's address, may
    /// hold in orders that are not paid; none: no limit. It keeps a program that opens checkouts without
    /// end from emptying the shelf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub unpaid_units_per_buyer: Option<u32>,
    /// Which locations serve an order first; by default those of the highest priority.
    #[serde(default, skip_serializing_if = "Routing::is_default")]
    pub routing: Routing,
}

/// What of its stock a store lets everybody see.
///
/// Counts by default: a storefront wants them for "only 3 left" and for the most that a cart may take,
/// and a store that never said otherwise goes on as it was. A store whose stock is its competitors'
/// business sets `buckets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockDisplay {
    /// How many units an order could have.
    #[default]
    Exact,
    /// Whether there are many, few or none.
    Buckets,
}

/// A way for an order to reach its buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShippingMethod {
    /// Its name in requests.
    pub id: ShippingMethodId,
    /// Its name for people.
    pub title: String,
    /// How it is taxed.
    pub tax_category: TaxCategory,
    /// What it costs, once per currency in which it can be chosen.
    pub prices: Vec<Money>,
    /// The countries it serves; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countries: Option<Vec<CountryCode>>,
    /// It is free when the goods, at the prices shown, come to at least this much.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub free_from: Vec<Money>,
    /// For goods that the buyer collects: where. What is handed over there is taxed there, wherever
    /// the buyer lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_at: Option<Place>,
}

impl ShippingMethod {
    /// Whether parcels to this country may travel this way.
    #[must_use]
    pub fn serves(&self, country: CountryCode) -> bool {
        self.countries.as_ref().is_none_or(|served| served.contains(&country))
    }

    /// What it costs for goods of this value, if it can be chosen in this currency.
    #[must_use]
    pub fn price_in(&self, currency: Currency, goods_minor: i64) -> Option<i64> {
        let price = super::amount_in(&self.prices, currency)?;
        let free =
            super::amount_in(&self.free_from, currency).is_some_and(|from| goods_minor >= from);
        Some(if free { 0 } else { price })
    }
}

impl StoreSettings {
    /// The count of units that is shown to a caller, if any is.
    #[must_use]
    pub fn shown_count(&self, available: i64, is_merchant: bool) -> Option<i64> {
        if is_merchant || self.stock_display == StockDisplay::Exact {
            return Some(available);
        }
        self.stock_display_cap.map(|cap| available.min(i64::from(cap)))
    }

    /// Everything wrong with the settings; empty if nothing is.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.count("/currencies", self.currencies.len(), 1, MAX_CODES);
        checks.unique("/currencies", &self.currencies, "must not be listed twice");
        checks.require(
            self.currencies.contains(&self.default_currency),
            "/default_currency",
            "must be one of the currencies",
        );
        checks.count("/prices_include_tax", self.prices_include_tax.len(), 0, MAX_CODES);
        checks.unique("/prices_include_tax", &self.prices_include_tax, "must not be listed twice");
        checks.count("/tax_categories", self.tax_categories.len(), 1, MAX_TAX_CATEGORIES);
        checks.unique("/tax_categories", &self.tax_categories, "must not be listed twice");
        self.check_places(&mut checks);
        self.check_rates(&mut checks);
        self.check_shipping(&mut checks);
        self.check_limits(&mut checks);
        self.check_invoices(&mut checks);
        self.routing.check(&mut checks, "/routing");
        checks.finish()
    }

    /// What the settings refuse about a product that is right by itself.
    #[must_use]
    pub fn check_product(&self, product: &Product) -> Vec<FieldError> {
        let mut checks = Checks::default();
        self.check_category(&mut checks, "/tax_category", &product.tax_category);
        checks.finish()
    }

    /// The shipping method of this name.
    #[must_use]
    pub fn shipping_method(&self, id: &str) -> Option<&ShippingMethod> {
        self.shipping_methods.iter().find(|method| method.id.as_str() == id)
    }

    fn check_category(&self, checks: &mut Checks, pointer: &str, category: &TaxCategory) {
        checks.require(
            self.tax_categories.contains(category),
            pointer,
            "must be one of the store's tax categories",
        );
    }

    fn check_places(&self, checks: &mut Checks) {
        checks.count("/registered_in", self.registered_in.len(), 0, MAX_CODES);
        for (index, place) in self.registered_in.iter().enumerate() {
            checks.require(
                place.is_valid(),
                &format!("/registered_in/{index}/region"),
                "must be an ISO 3166-2 code without the country, such as KA",
            );
        }
    }

    fn check_rates(&self, checks: &mut Checks) {
        checks.count("/tax_rates", self.tax_rates.len(), 0, MAX_TAX_RATES);
        let keys = self.tax_rates.iter().map(|r| (scope(r), &r.category, &r.name));
        checks.unique("/tax_rates", keys, "must differ from the others in place, category or name");
        for (index, rate) in self.tax_rates.iter().enumerate() {
            let pointer = format!("/tax_rates/{index}");
            checks.line(&format!("{pointer}/name"), &rate.name, 1, MAX_NAME_CHARACTERS);
            self.check_category(checks, &format!("{pointer}/category"), &rate.category);
            checks.require(
                rate.region.as_deref().is_none_or(|region| rate.country.is_region_code(region)),
                &format!("{pointer}/region"),
                "must be an ISO 3166-2 code without the country, such as CA",
            );
        }
        self.check_rates_are_complete(checks);
    }

    /// Where the seller collects a tax it says so for every category, if only to say 0: a category
    /// that was forgotten must not look like one that is exempt.
    fn check_rates_are_complete(&self, checks: &mut Checks) {
        let mut scopes: Vec<_> = self.tax_rates.iter().map(scope).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let stated: std::collections::BTreeSet<_> =
            self.tax_rates.iter().map(|r| (scope(r), &r.category)).collect();
        for scope in scopes {
            for category in &self.tax_categories {
                let (country, region, _) = scope;
                checks.require(
                    stated.contains(&(scope, category)),
                    "/tax_rates",
                    &format!(
                        "must have a rate for {category} in {country}{}{}, even if it is 0",
                        if region.is_some() { "-" } else { "" },
                        region.unwrap_or_default(),
                    ),
                );
            }
        }
    }

    fn check_shipping(&self, checks: &mut Checks) {
        let methods = &self.shipping_methods;
        checks.count("/shipping_methods", methods.len(), 1, MAX_SHIPPING_METHODS);
        checks.unique("/shipping_methods", methods.iter().map(|m| &m.id), "must have its own id");
        for (index, method) in methods.iter().enumerate() {
            let pointer = format!("/shipping_methods/{index}");
            checks.line(&format!("{pointer}/title"), &method.title, 1, MAX_NAME_CHARACTERS);
            self.check_category(checks, &format!("{pointer}/tax_category"), &method.tax_category);
            for (name, prices, least) in
                [("prices", &method.prices, 1), ("free_from", &method.free_from, 0)]
            {
                let pointer = format!("{pointer}/{name}");
                checks.count(&pointer, prices.len(), least, MAX_CODES);
                check_prices(checks, &pointer, prices);
                checks.require(
                    prices.iter().all(|price| self.currencies.contains(&price.currency)),
                    &pointer,
                    "must be in the store's currencies",
                );
            }
            let served = method.countries.as_deref().unwrap_or_default();
            checks.count(&format!("{pointer}/countries"), served.len(), 0, MAX_CODES);
            checks.require(
                method.pickup_at.as_ref().is_none_or(Place::is_valid),
                &format!("{pointer}/pickup_at/region"),
                "must be an ISO 3166-2 code without the country, such as CA",
            );
        }
    }

    fn check_limits(&self, checks: &mut Checks) {
        checks.require(
            self.low_stock_threshold <= MAX_THRESHOLD,
            "/low_stock_threshold",
            "must be at most 1000000000",
        );
        checks.require(
            self.stock_display_cap.is_none_or(|cap| (1..=MAX_THRESHOLD).contains(&cap)),
            "/stock_display_cap",
            "must be 1 to 1000000000",
        );
        checks.require(
            (1..=MAX_WINDOW_SECONDS).contains(&self.payment_window_seconds),
            "/payment_window_seconds",
            "must be 1 second to a week",
        );
        checks.require(
            self.reservation_grace_seconds <= MAX_WINDOW_SECONDS,
            "/reservation_grace_seconds",
            "must be at most a week",
        );
        checks.require(
            self.unpaid_units_per_buyer.is_none_or(|units| (1..=MAX_THRESHOLD).contains(&units)),
            "/unpaid_units_per_buyer",
            "must be 1 to 1000000000",
        );
    }

    fn check_invoices(&self, checks: &mut Checks) {
        let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
        let names_series = |name: &str| {
            (1..=MAX_INVOICE_SERIES_CHARACTERS).contains(&name.len()) && name.bytes().all(legal)
        };
        let credit_notes = self.credit_note_series.as_deref();
        for (pointer, name) in [
            ("/invoice_series", Some(self.invoice_series.as_str())),
            ("/credit_note_series", credit_notes),
        ] {
            checks.require(
                name.is_none_or(names_series),
                pointer,
                "must be 1 to 20 capital letters, digits and hyphens",
            );
        }
        checks.require(
            credit_notes != Some(&self.invoice_series),
            "/credit_note_series",
            "must be another series than that of the invoices",
        );
        if let Some(seller) = &self.seller {
            checks.part("/seller", seller.validate());
        }
    }
}

/// Where a rate applies.
fn scope(rate: &TaxRate) -> (CountryCode, Option<&str>, Supply) {
    (rate.country, rate.region.as_deref(), rate.supply)
}
