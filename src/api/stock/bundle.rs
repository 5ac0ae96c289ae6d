//! Bundles among the SKUs whose stock is shown: their components are looked at in their place.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::domain::catalogue::{Component, Contents, Sellable, StoreSettings, Unpacking};
use crate::domain::id::Sku;
use crate::domain::inventory::{BundleAvailability, StockLevel, bundle_availability};
use crate::domain::time::Timestamp;

/// SKUs to be shown, with what is inside those that are bundles.
#[derive(Debug)]
pub struct Unpacked {
    /// By bundle; none of one that can't be put together now.
    bundles: BTreeMap<Sku, Option<Rc<Contents>>>,
}

impl Unpacked {
    /// Takes the bundles among these SKUs apart.
    pub fn of<'a>(skus: impl Iterator<Item = &'a Sku>, known: &BTreeMap<Sku, Sellable>) -> Self {
        let is_bundle = |sku: &&Sku| known.get(*sku).is_some_and(Sellable::is_bundle);
        let mut unpacking = Unpacking::new(known);
        let bundles = skus.filter(is_bundle).map(|sku| {
            let contents = unpacking.contents(sku).ok();
            let for_sale = |sku: &Sku| known.get(sku).is_some_and(|sellable| sellable.active);
            let whole = contents.filter(|contents| {
                contents.parts.iter().chain(&contents.inner).all(|part| for_sale(&part.sku))
            });
            (sku.clone(), whole)
        });
        Self { bundles: bundles.collect() }
    }

    /// Whether a SKU is a bundle.
    #[must_use]
    pub fn is_bundle(&self, sku: &Sku) -> bool {
        self.bundles.contains_key(sku)
    }

    /// The SKUs with stock that say how these stand, each once.
    pub fn stocked<'a>(&'a self, skus: impl Iterator<Item = &'a Sku>) -> Vec<Sku> {
        let plain = skus.filter(|sku| !self.is_bundle(sku));
        let parts = self.bundles.values().flatten().flat_map(|contents| &contents.parts);
        let all: BTreeSet<&Sku> = plain.chain(parts.map(|part| &part.sku)).collect();
        all.into_iter().cloned().collect()
    }

    /// How a bundle stands, by the levels of SKUs with stock; none if the SKU is no bundle.
    pub fn availability<'l>(
        &self,
        sku: &Sku,
        level: impl Fn(&Sku) -> Option<Cow<'l, StockLevel>>,
        terms: &StoreSettings,
        now: Timestamp,
    ) -> Option<BundleAvailability> {
        let contents = self.bundles.get(sku)?;
        let parts = contents.iter().flat_map(|contents| &contents.parts);
        // A component that never had stock has none.
        let levels: Vec<(Cow<'l, StockLevel>, u32)> =
            parts.map(|part| (level(&part.sku).unwrap_or_default(), part.quantity)).collect();
        let levels = levels.iter().map(|(level, quantity)| (&**level, *quantity));
        Some(bundle_availability(levels, i64::from(terms.low_stock_threshold), now))
    }

    /// The SKUs with stock that a bundle is made of, with their units in one of it.
    #[must_use]
    pub fn parts(&self, bundle: &Sku) -> &[Component] {
        let contents = self.bundles.get(bundle).and_then(Option::as_ref);
        contents.map_or(&[], |contents| &contents.parts)
    }

    /// Whether a SKU is a component of a bundle.
    #[must_use]
    pub fn needs(&self, bundle: &Sku, component: &Sku) -> bool {
        self.parts(bundle).iter().any(|part| part.sku == *component)
    }
}
