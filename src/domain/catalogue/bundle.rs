//! Bundles and kits: variants that are made of others. A bundle has no stock of its own; what an order
//! claims of it is claimed of its components, and those of its components that are bundles themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::product::Sellable;
use crate::domain::field_error::Checks;
use crate::domain::id::Sku;

/// The most components of one bundle.
pub const MAX_COMPONENTS: usize = 50;
/// The most units of one component in one bundle.
pub const MAX_COMPONENT_QUANTITY: u32 = 1_000;
/// How deep bundles may lie within each other; one without bundles in it is 1 deep.
pub const MAX_BUNDLE_DEPTH: usize = 5;
/// The most SKUs in one bundle, over all depths.
pub const MAX_BUNDLE_SKUS: usize = 100;
/// The most units in one bundle, over all depths.
pub const MAX_BUNDLE_UNITS: u32 = 10_000;
/// How far down a cycle is looked for, so that it can be named: all variants of one product.
const MAX_CHAIN: usize = 100;

/// One SKU of a bundle and how many units of it one bundle has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sku": "MUG-CLASSIC", "quantity": 2}))]
pub struct Component {
    /// The SKU.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub sku: Sku,
    /// Units of it in one bundle.
    #[schema(minimum = 1, maximum = 1_000)]
    pub quantity: u32,
}

/// What is inside one bundle, over all depths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// How deep bundles lie within it: 0 for a SKU that is none.
    pub depth: usize,
    /// SKUs that have stock, with their units in one bundle, in the order in which they are named first.
    pub parts: Vec<Component>,
    /// Bundles within it, with how many of each.
    pub inner: Vec<Component>,
}

impl Contents {
    fn units(&self) -> u64 {
        self.parts.iter().map(|part| u64::from(part.quantity)).fold(0, u64::saturating_add)
    }
}

/// Why a SKU can't be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// Nothing in the catalogue has a component's SKU.
    #[error("there is no {component} in the catalogue")]
    Unknown {
        /// The component.
        component: Sku,
    },
    /// A bundle is inside itself.
    #[error("a bundle can't be inside itself: {}", path(cycle))]
    Cycle {
        /// From the bundle back to itself.
        cycle: Vec<Sku>,
    },
    /// It is too deep, or has too many SKUs or units.
    #[error(
        "a bundle is at most {MAX_BUNDLE_DEPTH} deep and has at most {MAX_BUNDLE_SKUS} SKUs and \
         {MAX_BUNDLE_UNITS} units in all"
    )]
    TooLarge,
}

fn path(cycle: &[Sku]) -> String {
    cycle.iter().map(Sku::as_str).collect::<Vec<_>>().join(" > ")
}

/// Takes SKUs apart, each once: what is inside a bundle that several others contain is not looked at
/// again. The work is bounded by what the sizes of bundles allow, whatever the catalogue says.
#[derive(Debug)]
pub struct Unpacking<'a> {
    known: &'a BTreeMap<Sku, Sellable>,
    done: BTreeMap<Sku, Rc<Contents>>,
    under_way: Vec<Sku>,
}

impl<'a> Unpacking<'a> {
    /// With everything that is known of the SKUs and, over all depths, of their components.
    #[must_use]
    pub const fn new(known: &'a BTreeMap<Sku, Sellable>) -> Self {
        Self { known, done: BTreeMap::new(), under_way: Vec::new() }
    }

    /// What is inside a SKU; nothing in one that is no bundle.
    ///
    /// # Errors
    /// Why it can't be taken apart.
    pub fn contents(&mut self, sku: &Sku) -> Result<Rc<Contents>, BundleFault> {
        if let Some(done) = self.done.get(sku) {
            return Ok(Rc::clone(done));
        }
        if let Some(at) = self.under_way.iter().position(|above| above == sku) {
            let above = self.under_way.iter().skip(at).cloned();
            return Err(BundleFault::Cycle { cycle: above.chain([sku.clone()]).collect() });
        }
        if self.under_way.len() > MAX_CHAIN {
            return Err(BundleFault::TooLarge);
        }
        let unknown = || BundleFault::Unknown { component: sku.clone() };
        let components = &self.known.get(sku).ok_or_else(unknown)?.components;
        self.under_way.push(sku.clone());
        let contents = self.put_together(components);
        self.under_way.pop();
        let contents = Rc::new(contents?);
        self.done.insert(sku.clone(), Rc::clone(&contents));
        Ok(contents)
    }

    fn put_together(&mut self, components: &[Component]) -> Result<Contents, BundleFault> {
        let mut whole = Contents::default();
        for component in components {
            let inside = self.contents(&component.sku)?;
            whole.depth = whole.depth.max(inside.depth.saturating_add(1));
            if inside.depth == 0 {
                add(&mut whole.parts, &component.sku, component.quantity);
            } else {
                add(&mut whole.inner, &component.sku, component.quantity);
            }
            let times = |part: &Component| part.quantity.saturating_mul(component.quantity);
            for part in &inside.parts {
                add(&mut whole.parts, &part.sku, times(part));
            }
            for part in &inside.inner {
                add(&mut whole.inner, &part.sku, times(part));
            }
            let count = whole.parts.len().saturating_add(whole.inner.len());
            if whole.depth > MAX_BUNDLE_DEPTH
                || count > MAX_BUNDLE_SKUS
                || whole.units() > u64::from(MAX_BUNDLE_UNITS)
            {
                return Err(BundleFault::TooLarge);
            }
        }
        Ok(whole)
    }
}

/// Adds units of a SKU to a list that has each SKU once.
fn add(parts: &mut Vec<Component>, sku: &Sku, quantity: u32) {
    if let Some(known) = parts.iter_mut().find(|part| part.sku == *sku) {
        known.quantity = known.quantity.saturating_add(quantity);
    } else {
        parts.push(Component { sku: sku.clone(), quantity });
    }
}

/// Components that are named and not known yet, without those that were asked for before.
#[must_use]
pub fn still_unknown(known: &BTreeMap<Sku, Sellable>, asked: &BTreeSet<Sku>) -> Vec<Sku> {
    let named = known.values().flat_map(|sellable| &sellable.components);
    let unknown = named.map(|component| &component.sku);
    let unknown = unknown.filter(|sku| !known.contains_key(*sku) && !asked.contains(*sku));
    unknown.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// What is wrong with a bundle's list by itself.
pub(super) fn check_components(checks: &mut Checks, bundle: &Sku, components: &[Component]) {
    checks.count("/components", components.len(), 0, MAX_COMPONENTS);
    let skus = components.iter().map(|component| &component.sku);
    checks.unique("/components", skus, "must be listed once");
    for (index, component) in components.iter().enumerate() {
        checks.require(
            (1..=MAX_COMPONENT_QUANTITY).contains(&component.quantity),
            &format!("/components/{index}/quantity"),
            "must be 1 to 1000",
        );
        checks.require(
            component.sku != *bundle,
            &format!("/components/{index}/sku"),
            "must not be the bundle itself",
        );
    }
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
