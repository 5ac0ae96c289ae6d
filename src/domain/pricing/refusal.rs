//! Why a cart cannot be priced.

use crate::domain::currency::Currency;
use crate::domain::id::Sku;

/// Why a cart cannot be priced, in order of precedence: of several reasons, the first is reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricingRefusal {
    /// The cart is empty or has too many lines.
    #[error("a cart has 1 to 100 lines")]
    LineCountOutOfRange,
    /// Nothing in the catalogue has this SKU.
    #[error("there is no {sku} in the catalogue")]
    UnknownSku {
        /// The line, from 0.
        line: usize,
        /// The SKU.
        sku: Sku,
    },
    /// The product is a draft or archived.
    #[error("{sku} is not for sale")]
    ProductNotActive {
        /// The line, from 0.
        line: usize,
        /// The SKU.
        sku: Sku,
    },
    /// A bundle can't be put together: a component is gone or not for sale.
    #[error("a component of {sku} is not for sale")]
    BundleUnavailable {
        /// The line, from 0.
        line: usize,
        /// The bundle.
        sku: Sku,
    },
    /// The store does not sell in this currency.
    #[error("the store does not sell in {currency}")]
    CurrencyNotOffered {
        /// The currency asked for.
        currency: Currency,
    },
    /// The SKU has no price in this currency.
    #[error("{sku} is not sold in {currency}")]
    PriceMissing {
        /// The line, from 0.
        line: usize,
        /// The SKU.
        sku: Sku,
        /// The currency asked for.
        currency: Currency,
    },
    /// A line's quantity, or the sum of a SKU's lines, is out of range.
    #[error("the quantity of {sku} is not 1 to 9999")]
    QuantityOutOfRange {
        /// The line, from 0, with which the range is left.
        line: usize,
        /// The SKU.
        sku: Sku,
    },
    /// One order may not have as many of a SKU, those within bundles included.
    #[error("one order may have {most} of {sku}, not {requested}")]
    QuantityLimit {
        /// The line, from 0, with which the limit is exceeded.
        line: usize,
        /// The SKU: the line's own, or one within its bundle.
        sku: Sku,
        /// Units that one order may have.
        most: u32,
        /// Units up to and with this line.
        requested: u32,
    },
    /// The bundles of the cart have more SKUs or units than one order can claim.
    #[error("the bundles have more SKUs or units than one order can claim")]
    BundleTooLarge {
        /// The line, from 0, with which it is too much.
        line: usize,
    },
    /// The destination's country is none.
    #[error("the destination's country is unknown")]
    DestinationUnknown,
    /// The store has no such shipping method.
    #[error("there is no such shipping method")]
    ShippingMethodUnknown,
    /// The shipping method does not serve this country, or not in this currency.
    #[error("the shipping method is not available for this destination and currency")]
    ShippingMethodUnavailable,
    /// Something is taxed in a way the settings do not know: the store is set up wrongly, and no
    /// tax is charged by guess.
    #[error("the store's settings do not say how this is taxed")]
    TaxCategoryUnknown {
        /// The line, from 0; none if it is the shipping.
        line: Option<usize>,
    },
    /// An amount is beyond the largest that is handled.
    #[error("the amount is too large")]
    AmountOutOfRange {
        /// The line, from 0; none if it is a sum.
        line: Option<usize>,
    },
}

impl PricingRefusal {
    /// The stable code by which callers tell refusals apart.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LineCountOutOfRange => "line_count_out_of_range",
            Self::UnknownSku { .. } => "unknown_sku",
            Self::ProductNotActive { .. } => "product_not_active",
            Self::BundleUnavailable { .. } => "bundle_unavailable",
            Self::CurrencyNotOffered { .. } => "currency_not_offered",
            Self::PriceMissing { .. } => "price_missing",
            Self::QuantityOutOfRange { .. } => "quantity_out_of_range",
            Self::QuantityLimit { .. } => "quantity_limit",
            Self::BundleTooLarge { .. } => "bundle_too_large",
            Self::DestinationUnknown => "destination_unknown",
            Self::ShippingMethodUnknown => "shipping_method_unknown",
            Self::ShippingMethodUnavailable => "shipping_method_unavailable",
            Self::TaxCategoryUnknown { .. } => "tax_category_unknown",
            Self::AmountOutOfRange { .. } => "amount_out_of_range",
        }
    }

    /// JSON pointer to the part of a checkout request that is refused.
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::LineCountOutOfRange | Self::AmountOutOfRange { line: None } => {
                "/lines".to_owned()
            }
            Self::UnknownSku { line, .. }
            | Self::ProductNotActive { line, .. }
            | Self::BundleUnavailable { line, .. }
            | Self::PriceMissing { line, .. }
            | Self::TaxCategoryUnknown { line: Some(line) } => format!("/lines/{line}/sku"),
            Self::QuantityOutOfRange { line, .. }
            | Self::QuantityLimit { line, .. }
            | Self::BundleTooLarge { line } => format!("/lines/{line}/quantity"),
            Self::AmountOutOfRange { line: Some(line) } => format!("/lines/{line}"),
            Self::CurrencyNotOffered { .. } => "/currency".to_owned(),
            Self::DestinationUnknown => "/shipping_address/country".to_owned(),
            Self::ShippingMethodUnknown
            | Self::ShippingMethodUnavailable
            | Self::TaxCategoryUnknown { line: None } => "/shipping_method".to_owned(),
        }
    }
}
