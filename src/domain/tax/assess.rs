//! How much tax comes to: rounding, and sharing out what was rounded.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::percent::WHOLE;
use super::{Percent, RoundingMode, TaxRate};
use crate::domain::money::{MoneyError, add_minor, subtract_minor, sum_minor};

/// One tax on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaxLine {
    /// What the buyer reads, such as `VAT`.
    pub name: String,
    /// In percent of the net amount.
    pub rate: Percent,
    /// How much it comes to, in minor units.
    pub amount_minor: i64,
}

/// An amount taken apart: net and tax add up to the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    /// Without tax.
    pub net_minor: i64,
    /// The sum of the taxes.
    pub tax_minor: i64,
    /// What is paid.
    pub total_minor: i64,
    /// Each tax, in the order of the rates.
    pub taxes: Vec<TaxLine>,
}

/// Taxes amounts to which the same rates apply, rounding each tax (or the sum of those that round
/// together) once over all of them and sharing it out by largest remainder: first among the
/// amounts, then among the taxes. With one amount this is rounding by line.
///
/// `included` says that the amounts contain the tax already; they are then what is paid, to the
/// minor unit, and no net amount is negative. Amounts must not be negative.
///
/// # Errors
/// [`MoneyError::OutOfRange`] when a sum is beyond the cap.
pub fn assess(
    amounts: &[i64],
    rates: &[&TaxRate],
    included: bool,
    mode: RoundingMode,
) -> Result<Vec<Assessed>, MoneyError> {
    let shares = shares(amounts, rates, included, mode).ok_or(MoneyError::OutOfRange)?;
    amounts
        .iter()
        .zip(shares)
        .map(|(amount, taxes)| take_apart(*amount, rates, taxes, included))
        .collect()
}

fn take_apart(
    amount: i64,
    rates: &[&TaxRate],
    taxes: Vec<i128>,
    included: bool,
) -> Result<Assessed, MoneyError> {
    let line = |(rate, tax): (&&TaxRate, i128)| {
        let amount_minor = i64::try_from(tax).map_err(|_| MoneyError::OutOfRange)?;
        Ok(TaxLine { name: rate.name.clone(), rate: rate.rate, amount_minor })
    };
    let taxes = rates.iter().zip(taxes).map(line).collect::<Result<Vec<_>, _>>()?;
    let tax_minor = sum_minor(taxes.iter().map(|tax| tax.amount_minor))?;
    let (net_minor, total_minor) = if included {
        (subtract_minor(amount, tax_minor)?, amount)
    } else {
        (amount, add_minor(amount, tax_minor)?)
    };
    Ok(Assessed { net_minor, tax_minor, total_minor, taxes })
}

/// Each tax on each amount: one list per amount, in the order of the rates.
fn shares(
    amounts: &[i64],
    rates: &[&TaxRate],
    included: bool,
    mode: RoundingMode,
) -> Option<Vec<Vec<i128>>> {
    let bases: Vec<i128> = amounts.iter().map(|amount| i128::from(*amount)).collect();
    if bases.iter().any(|base| *base < 0) {
        return None;
    }
    let base = sum(bases.iter().copied())?;
    let combined = sum(rates.iter().map(|rate| rate.rate.millionths()))?;
    let divisor = if included { WHOLE.checked_add(combined)? } else { WHOLE };
    // How much more tax each amount can hold: an inclusive price cannot contain more than itself.
    let mut room = if included { bases.clone() } else { vec![i128::MAX; bases.len()] };
    let mut parts: Vec<Vec<(usize, i128)>> = vec![Vec::new(); bases.len()];
    for group in rounding_groups(rates) {
        let group_rate = sum(group.iter().map(|(_, rate)| *rate))?;
        let all_room = room.iter().fold(0, |all: i128, one| all.saturating_add(*one));
        let target = round(base.checked_mul(group_rate)?, divisor, mode)?.min(all_room);
        let by_amount = share_out(target, &bases, group_rate, divisor, &mut room)?;
        let weights: Vec<i128> = group.iter().map(|(_, rate)| *rate).collect();
        for (share, parts) in by_amount.into_iter().zip(&mut parts) {
            let mut unlimited = vec![i128::MAX; weights.len()];
            let by_tax = share_out(share, &weights, share, group_rate.max(1), &mut unlimited)?;
            parts.extend(group.iter().map(|(index, _)| *index).zip(by_tax));
        }
    }
    for parts in &mut parts {
        parts.sort_unstable_by_key(|(index, _)| *index);
    }
    Some(parts.into_iter().map(|parts| parts.into_iter().map(|(_, tax)| tax).collect()).collect())
}

/// Which rates are rounded as one: those that do not round alone, then each of the others. Each
/// rate comes with its place in the list.
fn rounding_groups(rates: &[&TaxRate]) -> Vec<Vec<(usize, i128)>> {
    let numbered = || rates.iter().enumerate();
    let together: Vec<_> = numbered()
        .filter(|(_, r)| !r.rounds_alone)
        .map(|(i, r)| (i, r.rate.millionths()))
        .collect();
    let alone =
        numbered().filter(|(_, r)| r.rounds_alone).map(|(i, r)| vec![(i, r.rate.millionths())]);
    (!together.is_empty()).then_some(together).into_iter().chain(alone).collect()
}

/// Shares `target` out in proportion to the weights, the exact share of each being
/// `weight * factor / divisor`: everyone gets the whole part, and what is left goes in units to
/// those who lost the largest fractions, the earlier first. Nobody gets more than their `room`,
/// which shrinks by what they get.
fn share_out(
    target: i128,
    weights: &[i128],
    factor: i128,
    divisor: i128,
    room: &mut [i128],
) -> Option<Vec<i128>> {
    let mut left = target;
    let mut shares = Vec::with_capacity(weights.len());
    let mut order = Vec::with_capacity(weights.len());
    for (index, (weight, room)) in weights.iter().zip(room.iter_mut()).enumerate() {
        let exact = weight.checked_mul(factor)?;
        let share = exact.checked_div(divisor)?.min(*room).min(left);
        *room = room.checked_sub(share)?;
        left = left.checked_sub(share)?;
        shares.push(share);
        order.push((Reverse(exact.checked_rem(divisor)?), index));
    }
    order.sort_unstable();
    while left > 0 {
        let before = left;
        for (_, index) in &order {
            let (share, room) = (shares.get_mut(*index)?, room.get_mut(*index)?);
            if left > 0 && *room > 0 {
                *share = share.checked_add(1)?;
                *room = room.checked_sub(1)?;
                left = left.checked_sub(1)?;
            }
        }
        if left == before {
            return None;
        }
    }
    Some(shares)
}

/// The whole number nearest to a fraction of two that are not negative, as the mode says.
fn round(numerator: i128, divisor: i128, mode: RoundingMode) -> Option<i128> {
    let whole = numerator.checked_div(divisor)?;
    let rest = numerator.checked_rem(divisor)?;
    let against_half = rest.checked_mul(2)?.cmp(&divisor);
    let up = match mode {
        RoundingMode::Down => false,
        RoundingMode::Up => rest > 0,
        RoundingMode::HalfUp => against_half.is_ge(),
        RoundingMode::HalfDown => against_half.is_gt(),
        RoundingMode::HalfEven => {
            against_half.is_gt() || (against_half.is_eq() && whole.checked_rem(2)? == 1)
        }
    };
    whole.checked_add(i128::from(up))
}

fn sum(numbers: impl IntoIterator<Item = i128>) -> Option<i128> {
    numbers.into_iter().try_fold(0, |all: i128, one| all.checked_add(one))
}
