//! Invariant 9: line totals + shipping + tax - discounts = total, in minor units.

use super::{PricedCart, PricedLine, PricedShipping, TaxLine, Totals};
use crate::domain::money::{MoneyError, add_minor, multiply_minor, subtract_minor, sum_minor};

impl Totals {
    /// Adds a cart up.
    pub(super) fn of(lines: &[PricedLine], shipping: &PricedShipping) -> Result<Self, MoneyError> {
        let subtotal_minor = sum_minor(lines.iter().map(|line| line.net_minor))?;
        let discount_minor = sum_minor(lines.iter().map(|line| line.discount_minor))?;
        let taxes = lines.iter().map(|line| line.tax_minor);
        let tax_minor = sum_minor(taxes.chain([shipping.tax_minor]))?;
        let shipping_minor = shipping.net_minor;
        let charged = sum_minor([subtotal_minor, shipping_minor, tax_minor])?;
        let total_minor = subtract_minor(charged, discount_minor)?;
        Ok(Self { subtotal_minor, shipping_minor, discount_minor, tax_minor, total_minor })
    }

    /// Whether the parts make the total: subtotal + shipping + tax - discount.
    #[must_use]
    pub fn holds(&self) -> bool {
        sum_minor([self.subtotal_minor, self.shipping_minor, self.tax_minor])
            .and_then(|charged| subtract_minor(charged, self.discount_minor))
            == Ok(self.total_minor)
    }
}

/// Invariant 9 of one cart, from each tax up to the total.
///
/// # Errors
/// What does not add up, for the log.
pub fn check_totals(cart: &PricedCart) -> Result<(), String> {
    for line in &cart.lines {
        check_line(line, cart.tax_included).map_err(|what| format!("line {}: {what}", line.sku))?;
    }
    check_shipping(&cart.shipping).map_err(|what| format!("shipping: {what}"))?;
    let totals = &cart.totals;
    require(totals.holds(), "the totals do not add up")?;
    let added = Totals::of(&cart.lines, &cart.shipping);
    require(added == Ok(*totals), "the totals are not the sums of the lines and shipping")?;
    let paid = cart.lines.iter().map(|line| line.total_minor).chain([cart.shipping.total_minor]);
    require(sum_minor(paid) == Ok(totals.total_minor), "the parts' totals do not make the total")
}

fn check_line(line: &PricedLine, tax_included: bool) -> Result<(), String> {
    let parts = [line.unit_price_minor, line.net_minor, line.discount_minor, line.total_minor];
    check_taxes(&line.taxes, line.tax_minor)?;
    require(parts.iter().all(|part| *part >= 0), "an amount is negative")?;
    require(line.discount_minor <= line.net_minor, "the discount is more than the net amount")?;
    let paid = subtract_minor(line.net_minor, line.discount_minor)
        .and_then(|net| add_minor(net, line.tax_minor));
    require(paid == Ok(line.total_minor), "net - discount + tax is not the line's total")?;
    let shown = multiply_minor(line.unit_price_minor, line.quantity);
    let charged = if tax_included { line.total_minor } else { line.net_minor };
    require(
        line.discount_minor > 0 || shown == Ok(charged),
        "the price shown times the quantity is not what is charged",
    )
}

fn check_shipping(shipping: &PricedShipping) -> Result<(), String> {
    check_taxes(&shipping.taxes, shipping.tax_minor)?;
    require(shipping.net_minor >= 0 && shipping.total_minor >= 0, "an amount is negative")?;
    let paid = add_minor(shipping.net_minor, shipping.tax_minor);
    require(paid == Ok(shipping.total_minor), "net + tax is not the total")
}

fn check_taxes(taxes: &[TaxLine], tax_minor: i64) -> Result<(), String> {
    require(taxes.iter().all(|tax| tax.amount_minor >= 0), "a tax is negative")?;
    let sum = sum_minor(taxes.iter().map(|tax| tax.amount_minor));
    require(sum == Ok(tax_minor), "the taxes do not add up to the tax")
}

fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
