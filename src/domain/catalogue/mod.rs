//! What a store sells and on what terms: products with their variants and prices, shipping methods,
//! and the settings that pricing follows.

mod assembly;
mod bundle;
mod product;
mod settings;

#[cfg(test)]
mod tests;

pub use assembly::{AssemblyFault, AssemblyFaultKind, check_assembly};
pub use bundle::{
    BundleFault, Component, Contents, MAX_BUNDLE_DEPTH, MAX_BUNDLE_SKUS, MAX_BUNDLE_UNITS,
    MAX_COMPONENT_QUANTITY, MAX_COMPONENTS, Unpacking, still_unknown,
};
pub use product::{
    MAX_IMAGES, MAX_OPTIONS, MAX_VARIANTS, Product, ProductId, ProductStatus, RESERVED_SKUS,
    Sellable, TaxCategory, Variant,
};
pub use settings::{
    MAX_INVOICE_SERIES_CHARACTERS, MAX_SHIPPING_METHODS, MAX_TAX_CATEGORIES, MAX_TAX_RATES,
    ShippingMethod, ShippingMethodId, StockDisplay, StoreSettings,
};

use super::currency::Currency;
use super::field_error::Checks;
use super::money::{MAX_AMOUNT_MINOR, Money};

/// The amount in one currency, out of a list that has at most one for each.
#[must_use]
pub fn amount_in(prices: &[Money], currency: Currency) -> Option<i64> {
    prices.iter().find(|price| price.currency == currency).map(|price| price.amount)
}

/// Prices are 0 to the cap, at most one a currency.
fn check_prices(checks: &mut Checks, pointer: &str, prices: &[Money]) {
    for (index, price) in prices.iter().enumerate() {
        checks.require(
            (0..=MAX_AMOUNT_MINOR).contains(&price.amount),
            &format!("{pointer}/{index}/amount"),
            "must be 0 to 1000000000000000 minor units",
        );
    }
    checks.unique(
        pointer,
        prices.iter().map(|p| p.currency),
        "must be the only one in its currency",
    );
}
