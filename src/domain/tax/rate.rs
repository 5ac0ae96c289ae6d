//! The taxes a seller collects, and where each of them applies.

use serde::{Deserialize, Serialize};

use super::Percent;
use crate::domain::catalogue::{StoreSettings, TaxCategory};
use crate::domain::country::CountryCode;

/// A country, or one of its states or provinces.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    pub country: CountryCode,
    /// ISO 3166-2 without the country, such as `KA` for IN-KA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl Place {
    /// Whether the region, if there is one, can be one of the country's.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.region.as_deref().is_none_or(|region| self.country.is_region_code(region))
    }

    /// Whether this is, or is in, the given region of the given country.
    fn is_in(&self, country: CountryCode, region: &str) -> bool {
        let present = |region| country.present_region(region);
        self.country == country && self.region.as_deref().map(present) == Some(present(region))
    }
}

/// Whether a rate depends on where the seller is.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// It does not.
    #[default]
    Any,
    /// Only to regions in which the seller is registered: India's CGST and SGST.
    WithinRegion,
    /// Only to other regions: India's IGST.
    AcrossRegions,
}

/// A tax that the seller collects in one place on one category.
///
/// Every rate that matches a sale applies to the same net amount, together with the others: there
/// is no order among them and no tax on tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxRate {
    /// The destination's country.
    pub country: CountryCode,
    /// The destination's state or province; the whole country when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What is taxed.
    pub category: TaxCategory,
    /// What the buyer reads on the invoice, such as `VAT`.
    pub name: String,
    /// How much, in percent of the net amount.
    pub rate: Percent,
    /// Whether it depends on where the seller is.
    #[serde(default)]
    pub supply: Supply,
    /// Taxes on one amount are rounded as one and the sum is shared out among them; one that
    /// `rounds_alone` is left out of that and rounded by itself. India's CGST and SGST need it: on
    /// an invoice the two must be equal.
    #[serde(default)]
    pub rounds_alone: bool,
}

impl TaxRate {
    fn applies(&self, place: &Place, category: &TaxCategory, registered_in: &[Place]) -> bool {
        let here = self.country == place.country
            && &self.category == category
            && self.region.as_deref().is_none_or(|region| place.is_in(self.country, region));
        let at_home = || {
            let region = place.region.as_deref();
            region
                .is_some_and(|region| registered_in.iter().any(|r| r.is_in(place.country, region)))
        };
        here && match self.supply {
            Supply::Any => true,
            Supply::WithinRegion => at_home(),
            Supply::AcrossRegions => !at_home(),
        }
    }
}

/// The rates that apply to a category at a destination, in the order of the settings.
#[must_use]
pub fn applicable<'a>(
    place: &Place,
    category: &TaxCategory,
    settings: &'a StoreSettings,
) -> Vec<&'a TaxRate> {
    let registered_in = &settings.registered_in;
    settings.tax_rates.iter().filter(|r| r.applies(place, category, registered_in)).collect()
}
