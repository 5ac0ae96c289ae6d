//! What a cart takes from stock: bundles taken apart, and how many units one order may have.

use std::collections::BTreeMap;

use super::{PricedLine, PricingRefusal, Wanted};
use crate::domain::catalogue::{BundleFault, Component, Sellable, Unpacking};
use crate::domain::id::Sku;

/// The most SKUs whose stock one order may claim.
pub const MAX_CLAIMED_SKUS: usize = 200;
/// The most units of one SKU that one order may claim.
pub const MAX_CLAIMED_UNITS: u32 = 1_000_000;

/// Finds what is inside each line's SKU.
pub(super) fn unpack(
    wanted: &mut [Wanted<'_>],
    sellables: &BTreeMap<Sku, Sellable>,
) -> Result<(), PricingRefusal> {
    let mut unpacking = Unpacking::new(sellables);
    for one in wanted {
        let contents = unpacking.contents(&one.sellable.sku).map_err(|fault| match fault {
            BundleFault::Unknown { .. } | BundleFault::Cycle { .. } => {
                PricingRefusal::BundleUnavailable { line: one.line, sku: one.sku() }
            }
            BundleFault::TooLarge => PricingRefusal::BundleTooLarge { line: one.line },
        })?;
        let mut inside = contents.parts.iter().chain(&contents.inner);
        let for_sale = |part: &Component| sellables.get(&part.sku).is_some_and(|s| s.active);
        if !inside.all(for_sale) {
            return Err(PricingRefusal::BundleUnavailable { line: one.line, sku: one.sku() });
        }
        one.contents = contents;
    }
    Ok(())
}

/// Refuses the first line with which an order has more of a SKU than one order may, by itself or inside
/// bundles, or more of everything than is handled.
pub(super) fn check_limits(
    wanted: &[Wanted<'_>],
    sellables: &BTreeMap<Sku, Sellable>,
) -> Result<(), PricingRefusal> {
    let mut units: BTreeMap<&Sku, u64> = BTreeMap::new();
    let mut claimed: BTreeMap<&Sku, u64> = BTreeMap::new();
    for one in wanted {
        let contents = &one.contents;
        let quantity = u64::from(one.quantity);
        let own = [(&one.sellable.sku, quantity)];
        let inside = contents.parts.iter().chain(&contents.inner);
        let inside =
            inside.map(|part| (&part.sku, quantity.saturating_mul(u64::from(part.quantity))));
        for (sku, more) in own.into_iter().chain(inside) {
            let sum = units.entry(sku).or_default();
            *sum = sum.saturating_add(more);
            let most = sellables.get(sku).and_then(|sellable| sellable.max_per_order);
            if let Some(most) = most.filter(|most| *sum > u64::from(*most)) {
                let requested = u32::try_from(*sum).unwrap_or(u32::MAX);
                let sku = sku.clone();
                let line = one.line;
                return Err(PricingRefusal::QuantityLimit { line, sku, most, requested });
            }
        }
        let parts = contents.parts.iter().map(|part| (&part.sku, u64::from(part.quantity)));
        let own = contents.parts.is_empty().then_some((&one.sellable.sku, 1));
        for (sku, each) in own.into_iter().chain(parts) {
            let sum = claimed.entry(sku).or_default();
            *sum = sum.saturating_add(quantity.saturating_mul(each));
            if *sum > u64::from(MAX_CLAIMED_UNITS) {
                return Err(PricingRefusal::BundleTooLarge { line: one.line });
            }
        }
        if claimed.len() > MAX_CLAIMED_SKUS {
            return Err(PricingRefusal::BundleTooLarge { line: one.line });
        }
    }
    Ok(())
}

impl PricedLine {
    /// What one of the line takes from stock: its components, or itself.
    pub fn parts(&self) -> impl Iterator<Item = (&Sku, u32)> {
        let own = self.components.is_empty().then_some((&self.sku, 1));
        own.into_iter().chain(self.components.iter().map(|part| (&part.sku, part.quantity)))
    }

    /// What the whole line takes from stock, in units.
    pub fn units(&self) -> impl Iterator<Item = (&Sku, u32)> {
        self.parts().map(|(sku, each)| (sku, each.saturating_mul(self.quantity)))
    }
}
