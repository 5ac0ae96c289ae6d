//! What a cart costs: prices from the catalogue, shipping, and tax, never from the client.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::catalogue::{
    Component, Contents, ProductId, Sellable, ShippingMethod, ShippingMethodId, StoreSettings,
};
use super::currency::Currency;
use super::id::Sku;
use super::money::{MoneyError, multiply_minor, sum_minor};
pub use super::tax::TaxLine;
use super::tax::{Assessed, Place, RoundingLevel, TaxRate, applicable, assess};

mod bundles;
mod refusal;
mod totals;

#[cfg(test)]
mod bundle_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use bundles::{MAX_CLAIMED_SKUS, MAX_CLAIMED_UNITS};
#[cfg(test)]
pub(super) use properties::priced_carts;
pub use refusal::PricingRefusal;
pub use totals::check_totals;

/// The most lines in a cart.
pub const MAX_CART_LINES: usize = 100;
/// The most units of one SKU in a cart.
pub const MAX_QUANTITY: u32 = 9_999;

/// What a buyer asks for: so many of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sku": "MUG-CLASSIC", "quantity": 2}))]
pub struct CartLine {
    /// The stock-keeping unit.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub sku: Sku,
    /// How many.
    #[schema(minimum = 1, maximum = 9_999)]
    pub quantity: u32,
}

/// A cart with everything it costs, in minor units of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PricedCart {
    /// The currency of every amount.
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
    /// Whether the prices shown (`unit_price_minor`) contain the tax.
    pub tax_included: bool,
    /// What is bought, one line a SKU, in the order in which the buyer first named them.
    pub lines: Vec<PricedLine>,
    /// How it travels.
    pub shipping: PricedShipping,
    /// What it all comes to.
    pub totals: Totals,
}

/// One SKU of a cart. `net_minor - discount_minor + tax_minor = total_minor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PricedLine {
    /// The stock-keeping unit.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    pub sku: Sku,
    /// The product it is a variant of.
    pub product_id: ProductId,
    /// The product's name when it was bought.
    pub title: String,
    /// The variant's name when it was bought.
    pub variant_title: String,
    /// How many.
    pub quantity: u32,
    /// The price of one as the catalogue shows it, with tax if `tax_included`.
    pub unit_price_minor: i64,
    /// All of them without tax, before any discount.
    pub net_minor: i64,
    /// What is taken off the net amount.
    pub discount_minor: i64,
    /// The sum of `taxes`.
    pub tax_minor: i64,
    /// What is paid for the line.
    pub total_minor: i64,
    /// Each tax on the line.
    pub taxes: Vec<TaxLine>,
    /// For a bundle: the SKUs with stock that one of it was made of when it was bought, over all depths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

/// The shipping of a cart. `net_minor + tax_minor = total_minor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PricedShipping {
    /// The shipping method.
    pub method: ShippingMethodId,
    /// Its name when it was chosen.
    pub title: String,
    /// Without tax.
    pub net_minor: i64,
    /// The sum of `taxes`.
    pub tax_minor: i64,
    /// What is paid for shipping.
    pub total_minor: i64,
    /// Each tax on shipping.
    pub taxes: Vec<TaxLine>,
}

/// What a cart comes to. `subtotal_minor + shipping_minor + tax_minor - discount_minor =
/// total_minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Totals {
    /// The lines' net amounts.
    pub subtotal_minor: i64,
    /// Shipping, net.
    pub shipping_minor: i64,
    /// The lines' discounts.
    pub discount_minor: i64,
    /// All tax, that on shipping included.
    pub tax_minor: i64,
    /// What is paid.
    pub total_minor: i64,
}

/// Prices a cart for a destination. Lines of one SKU are merged into the first of them.
///
/// The buyer sees one rule at a time: of everything wrong with the request, the refusal that comes
/// first in [`PricingRefusal`] is the one reported.
///
/// # Errors
/// The refusal.
pub fn price_cart(
    currency: Currency,
    lines: &[CartLine],
    destination: &Address,
    shipping_method: &str,
    sellables: &BTreeMap<Sku, Sellable>,
    settings: &StoreSettings,
) -> Result<PricedCart, PricingRefusal> {
    if !(1..=MAX_CART_LINES).contains(&lines.len()) {
        return Err(PricingRefusal::LineCountOutOfRange);
    }
    let mut wanted = merge(lines, sellables)?;
    if let Some(one) = wanted.iter().find(|one| !one.sellable.active) {
        return Err(PricingRefusal::ProductNotActive { line: one.line, sku: one.sku() });
    }
    bundles::unpack(&mut wanted, sellables)?;
    if !settings.currencies.contains(&currency) {
        return Err(PricingRefusal::CurrencyNotOffered { currency });
    }
    let prices = wanted.iter().map(|one| one.price(currency)).collect::<Result<Vec<_>, _>>()?;
    check_quantities(lines)?;
    bundles::check_limits(&wanted, sellables)?;
    let (place, method) = route(destination, shipping_method, settings)?;
    if method.price_in(currency, 0).is_none() {
        return Err(PricingRefusal::ShippingMethodUnavailable);
    }
    check_categories(&wanted, method, settings)?;

    let beyond = |line| move |_: MoneyError| PricingRefusal::AmountOutOfRange { line };
    let mut amounts = Vec::with_capacity(wanted.len().saturating_add(1));
    for (one, price) in wanted.iter().zip(&prices) {
        amounts.push(multiply_minor(*price, one.quantity).map_err(beyond(Some(one.line)))?);
    }
    let goods = sum_minor(amounts.iter().copied()).map_err(beyond(None))?;
    amounts
        .push(method.price_in(currency, goods).ok_or(PricingRefusal::ShippingMethodUnavailable)?);
    let tax_included = settings.prices_include_tax.contains(&place.country);
    let categories = wanted.iter().map(|one| &one.sellable.tax_category);
    let rates: Vec<_> = categories
        .chain([&method.tax_category])
        .map(|category| applicable(&place, category, settings))
        .collect();
    let assessed = assess_cart(&amounts, &rates, tax_included, settings).map_err(beyond(None))?;
    total_up(currency, tax_included, &wanted, &prices, method, assessed).map_err(beyond(None))
}

/// All of one SKU in a cart.
struct Wanted<'a> {
    /// Where it is first named.
    line: usize,
    sellable: &'a Sellable,
    quantity: u32,
    /// What is inside one of it, if it is a bundle.
    contents: Rc<Contents>,
}

impl Wanted<'_> {
    fn sku(&self) -> Sku {
        self.sellable.sku.clone()
    }

    fn price(&self, currency: Currency) -> Result<i64, PricingRefusal> {
        let missing =
            || PricingRefusal::PriceMissing { line: self.line, sku: self.sku(), currency };
        self.sellable.price_in(currency).ok_or_else(missing)
    }
}

/// Sums the lines by SKU, in the order in which each is first named.
fn merge<'a>(
    lines: &[CartLine],
    sellables: &'a BTreeMap<Sku, Sellable>,
) -> Result<Vec<Wanted<'a>>, PricingRefusal> {
    let mut wanted: Vec<Wanted<'a>> = Vec::with_capacity(lines.len());
    for (line, CartLine { sku, quantity }) in lines.iter().enumerate() {
        if let Some(same) = wanted.iter_mut().find(|one| &one.sellable.sku == sku) {
            same.quantity = same.quantity.saturating_add(*quantity);
            continue;
        }
        let unknown = || PricingRefusal::UnknownSku { line, sku: sku.clone() };
        let sellable = sellables.get(sku).ok_or_else(unknown)?;
        wanted.push(Wanted { line, sellable, quantity: *quantity, contents: Rc::default() });
    }
    Ok(wanted)
}

/// Refuses the first line whose quantity, alone or with the earlier lines of its SKU, is out of
/// range.
fn check_quantities(lines: &[CartLine]) -> Result<(), PricingRefusal> {
    let mut sums: BTreeMap<&Sku, u32> = BTreeMap::new();
    for (line, CartLine { sku, quantity }) in lines.iter().enumerate() {
        let sum = sums.entry(sku).or_default();
        *sum = sum.saturating_add(*quantity);
        if *quantity == 0 || *sum > MAX_QUANTITY {
            return Err(PricingRefusal::QuantityOutOfRange { line, sku: sku.clone() });
        }
    }
    Ok(())
}

/// Where the sale is taxed and how the goods get there: the buyer's address, or the counter at
/// which they are collected.
fn route<'a>(
    destination: &Address,
    shipping_method: &str,
    settings: &'a StoreSettings,
) -> Result<(Place, &'a ShippingMethod), PricingRefusal> {
    let country = destination.country_code().ok_or(PricingRefusal::DestinationUnknown)?;
    let method =
        settings.shipping_method(shipping_method).ok_or(PricingRefusal::ShippingMethodUnknown)?;
    if !method.serves(country) {
        return Err(PricingRefusal::ShippingMethodUnavailable);
    }
    let place = || Place { country, region: destination.region.clone() };
    Ok((method.pickup_at.clone().unwrap_or_else(place), method))
}

fn check_categories(
    wanted: &[Wanted<'_>],
    method: &ShippingMethod,
    settings: &StoreSettings,
) -> Result<(), PricingRefusal> {
    let unknown = |category| !settings.tax_categories.contains(category);
    if let Some(one) = wanted.iter().find(|one| unknown(&one.sellable.tax_category)) {
        return Err(PricingRefusal::TaxCategoryUnknown { line: Some(one.line) });
    }
    if unknown(&method.tax_category) {
        return Err(PricingRefusal::TaxCategoryUnknown { line: None });
    }
    Ok(())
}

/// Amounts of a cart whose tax is rounded once for all of them.
struct RoundedTogether<'a> {
    rates: &'a [&'a TaxRate],
    indices: Vec<usize>,
    amounts: Vec<i64>,
}

/// Taxes every amount of the cart: one by one, or together with those that have the same rates.
fn assess_cart(
    amounts: &[i64],
    rates: &[Vec<&TaxRate>],
    included: bool,
    settings: &StoreSettings,
) -> Result<Vec<Assessed>, MoneyError> {
    let together = settings.rounding.level == RoundingLevel::Total;
    let mut groups: Vec<RoundedTogether<'_>> = Vec::new();
    for (index, (amount, rates)) in amounts.iter().zip(rates).enumerate() {
        let same = groups.iter_mut().find(|group| together && same_taxes(group.rates, rates));
        if let Some(group) = same {
            group.indices.push(index);
            group.amounts.push(*amount);
        } else {
            groups.push(RoundedTogether { rates, indices: vec![index], amounts: vec![*amount] });
        }
    }
    let mut assessed = Vec::with_capacity(amounts.len());
    for RoundedTogether { rates, indices, amounts } in groups {
        let parts = assess(&amounts, rates, included, settings.rounding.mode)?;
        assessed.extend(indices.into_iter().zip(parts));
    }
    assessed.sort_unstable_by_key(|(index, _)| *index);
    Ok(assessed.into_iter().map(|(_, one)| one).collect())
}

/// Whether two lists of rates are the same taxes, though perhaps of different categories: 19 % VAT
/// on a mug and on its shipping is one tax.
fn same_taxes(left: &[&TaxRate], right: &[&TaxRate]) -> bool {
    let identity = |rate: &&TaxRate| (rate.rate, rate.rounds_alone);
    left.len() == right.len()
        && left.iter().zip(right).all(|(l, r)| l.name == r.name && identity(l) == identity(r))
}

fn total_up(
    currency: Currency,
    tax_included: bool,
    wanted: &[Wanted<'_>],
    prices: &[i64],
    method: &ShippingMethod,
    mut assessed: Vec<Assessed>,
) -> Result<PricedCart, MoneyError> {
    let shipping = assessed.pop().ok_or(MoneyError::OutOfRange)?;
    let lines: Vec<PricedLine> = wanted
        .iter()
        .zip(prices)
        .zip(assessed)
        .map(|((one, price), assessed)| PricedLine {
            sku: one.sku(),
            product_id: one.sellable.product_id.clone(),
            title: one.sellable.product_title.clone(),
            variant_title: one.sellable.variant_title.clone(),
            quantity: one.quantity,
            unit_price_minor: *price,
            net_minor: assessed.net_minor,
            discount_minor: 0,
            tax_minor: assessed.tax_minor,
            total_minor: assessed.total_minor,
            taxes: assessed.taxes,
            components: one.contents.parts.clone(),
        })
        .collect();
    let shipping = PricedShipping {
        method: method.id.clone(),
        title: method.title.clone(),
        net_minor: shipping.net_minor,
        tax_minor: shipping.tax_minor,
        total_minor: shipping.total_minor,
        taxes: shipping.taxes,
    };
    let totals = Totals::of(&lines, &shipping)?;
    Ok(PricedCart { currency, tax_included, lines, shipping, totals })
}
