//! An amount taken apart by tax: a partition, so that everything about it can be added and taken away.
//!
//! A sale may bear several taxes at once (a state's and a county's, CGST and SGST), so net amounts by
//! tax overlap and do not add up to the whole. Groups do: each holds the net amount of everything that
//! bears exactly the same taxes, and each of those taxes.

use serde::{Deserialize, Serialize};

use super::apportion::apportion;
use crate::domain::money::{MoneyError, add_minor, subtract_minor, sum_minor};
use crate::domain::tax::{Percent, TaxLine};

/// Everything that bears the same taxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaxGroup {
    /// Without tax, minor units.
    pub net_minor: i64,
    /// Each tax on it; none for what is not taxed at all.
    pub taxes: Vec<TaxLine>,
}

/// An amount by group of taxes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct TaxGroups(pub Vec<TaxGroup>);

/// Net and tax of an amount. `net_minor + tax_minor = total_minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Amount {
    /// Without tax.
    pub net_minor: i64,
    /// All taxes.
    pub tax_minor: i64,
    /// With them.
    pub total_minor: i64,
}

/// A part of an amount that belongs to no line: it is shared out over what the lines come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartByTax {
    /// What it comes to.
    pub amount: Amount,
    /// The same, by group of taxes.
    pub tax_groups: TaxGroups,
}

/// One tax of a document. The net amounts of several taxes on the same goods overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaxSummaryLine {
    /// What the buyer reads, such as `VAT`.
    pub name: String,
    /// In percent.
    pub rate: Percent,
    /// The net amount that it is on.
    pub net_minor: i64,
    /// How much it comes to.
    pub tax_minor: i64,
}

impl TaxGroup {
    /// A net amount and its taxes.
    #[must_use]
    pub fn new(net_minor: i64, taxes: &[TaxLine]) -> Self {
        Self { net_minor, taxes: taxes.to_vec() }
    }

    /// Whether these are the same taxes, whatever they come to.
    #[must_use]
    pub fn bears(&self, taxes: &[TaxLine]) -> bool {
        self.taxes.len() == taxes.len()
            && self.taxes.iter().zip(taxes).all(|(l, r)| l.name == r.name && l.rate == r.rate)
    }

    /// Net and tax.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond the cap.
    pub fn amount(&self) -> Result<Amount, MoneyError> {
        let tax_minor = sum_minor(self.taxes.iter().map(|tax| tax.amount_minor))?;
        let total_minor = add_minor(self.net_minor, tax_minor)?;
        Ok(Amount { net_minor: self.net_minor, tax_minor, total_minor })
    }

    fn cells(&self) -> impl Iterator<Item = i64> {
        [self.net_minor].into_iter().chain(self.taxes.iter().map(|tax| tax.amount_minor))
    }

    /// The same taxes with other amounts.
    fn with(&self, cells: &mut impl Iterator<Item = i64>) -> Self {
        let net_minor = cells.next().unwrap_or(0);
        let taxes = self
            .taxes
            .iter()
            .map(|tax| TaxLine { amount_minor: cells.next().unwrap_or(0), ..tax.clone() });
        Self { net_minor, taxes: taxes.collect() }
    }

    /// Net and each tax of two that bear the same taxes, put together one by one.
    pub(super) fn combined(
        &self,
        other: &Self,
        put: impl Fn(i64, i64) -> Result<i64, MoneyError>,
    ) -> Result<Self, MoneyError> {
        let cells = self.cells().zip(other.cells()).map(|(left, right)| put(left, right));
        let cells: Vec<i64> = cells.collect::<Result<_, _>>()?;
        Ok(self.with(&mut cells.into_iter()))
    }
}

impl TaxGroups {
    /// Adds up what bears the same taxes, in the order in which each is first seen.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond the cap.
    pub fn of(parts: impl IntoIterator<Item = TaxGroup>) -> Result<Self, MoneyError> {
        let mut groups = Self::default();
        for part in parts {
            groups.add(&part)?;
        }
        Ok(groups)
    }

    fn add(&mut self, part: &TaxGroup) -> Result<(), MoneyError> {
        match self.0.iter_mut().find(|group| group.bears(&part.taxes)) {
            Some(group) => *group = group.combined(part, add_minor)?,
            None => self.0.push(part.clone()),
        }
        Ok(())
    }

    /// What remains when another amount is taken away.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when there is less of something than is to be taken.
    pub fn minus(&self, other: &Self) -> Result<Self, MoneyError> {
        let mut left = self.clone();
        for part in &other.0 {
            if left.take(part)? != *part {
                return Err(MoneyError::OutOfRange);
            }
        }
        Ok(left)
    }

    /// Takes away as much of a part as there is: what was taken.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when the part is negative.
    pub(super) fn take(&mut self, wanted: &TaxGroup) -> Result<TaxGroup, MoneyError> {
        if wanted.cells().any(|cell| cell < 0) {
            return Err(MoneyError::OutOfRange);
        }
        let Some(group) = self.0.iter_mut().find(|group| group.bears(&wanted.taxes)) else {
            return wanted.combined(wanted, |_, _| Ok(0));
        };
        let taken = wanted.combined(group, |wanted, there| Ok(wanted.min(there.max(0))))?;
        *group = group.combined(&taken, subtract_minor)?;
        Ok(taken)
    }

    /// A share of it that comes to `total_minor`, in proportion, to the minor unit.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when that is more than there is.
    pub fn share(&self, total_minor: i64) -> Result<Self, MoneyError> {
        let cells: Vec<i64> = self.0.iter().flat_map(TaxGroup::cells).collect();
        let mut shares = apportion(total_minor, &cells)?.into_iter();
        Ok(Self(self.0.iter().map(|group| group.with(&mut shares)).collect()))
    }

    /// Net and tax of all of it.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond the cap.
    pub fn amount(&self) -> Result<Amount, MoneyError> {
        let amounts: Vec<Amount> = self.0.iter().map(TaxGroup::amount).collect::<Result<_, _>>()?;
        Ok(Amount {
            net_minor: sum_minor(amounts.iter().map(|amount| amount.net_minor))?,
            tax_minor: sum_minor(amounts.iter().map(|amount| amount.tax_minor))?,
            total_minor: sum_minor(amounts.iter().map(|amount| amount.total_minor))?,
        })
    }

    /// Each tax by its name and rate, in the order in which it is first seen.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond the cap.
    pub fn summary(&self) -> Result<Vec<TaxSummaryLine>, MoneyError> {
        let mut summary: Vec<TaxSummaryLine> = Vec::new();
        for group in &self.0 {
            for (index, tax) in group.taxes.iter().enumerate() {
                let same = |known: &TaxLine| known.name == tax.name && known.rate == tax.rate;
                // A tax that is there twice is still on one net amount.
                let again = group.taxes.iter().take(index).any(same);
                let net_minor = if again { 0 } else { group.net_minor };
                let known = summary.iter_mut().find(|l| l.name == tax.name && l.rate == tax.rate);
                if let Some(line) = known {
                    line.net_minor = add_minor(line.net_minor, net_minor)?;
                    line.tax_minor = add_minor(line.tax_minor, tax.amount_minor)?;
                } else {
                    let (name, rate) = (tax.name.clone(), tax.rate);
                    let tax_minor = tax.amount_minor;
                    summary.push(TaxSummaryLine { name, rate, net_minor, tax_minor });
                }
            }
        }
        Ok(summary)
    }

    /// The net amount that bears no tax at all, not even one of 0 %.
    #[must_use]
    pub fn untaxed_minor(&self) -> i64 {
        self.0.iter().find(|group| group.taxes.is_empty()).map_or(0, |group| group.net_minor)
    }

    /// The same below zero: what takes it back.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond the cap.
    pub(super) fn negated(&self) -> Result<Self, MoneyError> {
        let negated = |group: &TaxGroup| group.combined(group, |cell, _| subtract_minor(0, cell));
        self.0.iter().map(negated).collect::<Result<_, _>>().map(Self)
    }

    /// Without the groups in which nothing is.
    #[must_use]
    pub(super) fn without_empty(self) -> Self {
        Self(self.0.into_iter().filter(|g| g.cells().any(|cell| cell != 0)).collect())
    }
}

impl PartByTax {
    /// A part, unless it comes to nothing.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond the cap.
    pub fn of(tax_groups: TaxGroups) -> Result<Option<Self>, MoneyError> {
        let amount = tax_groups.amount()?;
        let tax_groups = tax_groups.without_empty();
        Ok((amount.total_minor != 0).then_some(Self { amount, tax_groups }))
    }
}
