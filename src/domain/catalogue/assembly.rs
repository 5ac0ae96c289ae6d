//! Whether a product's bundles can be put together, judged before it is written.

use std::collections::{BTreeMap, BTreeSet};

use super::bundle::{BundleFault, Unpacking};
use super::product::{Product, ProductStatus, Sellable, Variant};
use crate::domain::id::Sku;

/// What is wrong with a bundle, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssemblyFault {
    /// JSON pointer into the product.
    pub pointer: String,
    /// What it is.
    pub kind: AssemblyFaultKind,
}

/// What is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyFaultKind {
    /// A component is not in the catalogue.
    #[error("{component} is not in the catalogue")]
    Unknown {
        /// The component.
        component: Sku,
    },
    /// A component is not for sale, and the bundle is.
    #[error("{component} is not for sale")]
    NotForSale {
        /// The component.
        component: Sku,
    },
    /// A bundle would be inside itself.
    #[error("the bundle would be inside itself")]
    Cycle {
        /// From the bundle back to itself.
        cycle: Vec<Sku>,
    },
    /// The bundle, or one that it is part of, would be too deep or have too much in it.
    #[error("{bundle} would be too deep, or have too many SKUs or units in it")]
    TooLarge {
        /// Which.
        bundle: Sku,
    },
}

/// Finds what is wrong with a product's bundles, the first of each variant, and with those of others that
/// are made of them (`above`). `known` has the product's own SKUs as they are to be, and all that any of
/// these is made of; `missing` are SKUs that are not in the catalogue.
#[must_use]
pub fn check_assembly(
    product: &Product,
    above: &[Sku],
    known: &BTreeMap<Sku, Sellable>,
    missing: &BTreeSet<Sku>,
) -> Vec<AssemblyFault> {
    if product.status == ProductStatus::Archived {
        return Vec::new();
    }
    let mut unpacking = Unpacking::new(known);
    let mut faults = Vec::new();
    for (index, variant) in product.variants.iter().enumerate() {
        let kind = match unpacking.contents(&variant.sku) {
            Ok(contents) => {
                let inside = contents.parts.iter().chain(&contents.inner);
                let mut inside = inside.map(|part| &part.sku);
                let is_active = |sku: &Sku| known.get(sku).is_some_and(|one| one.active);
                let unsold = inside.find(|sku| !is_active(sku));
                let unsold = unsold.filter(|_| product.status == ProductStatus::Active);
                unsold.map(|sku| AssemblyFaultKind::NotForSale { component: sku.clone() })
            }
            Err(BundleFault::Cycle { cycle }) => Some(AssemblyFaultKind::Cycle { cycle }),
            Err(BundleFault::Unknown { component }) if missing.contains(&component) => {
                Some(AssemblyFaultKind::Unknown { component })
            }
            // What was not read because it lies too deep makes the bundle too deep.
            Err(BundleFault::Unknown { .. } | BundleFault::TooLarge) => {
                Some(AssemblyFaultKind::TooLarge { bundle: variant.sku.clone() })
            }
        };
        let at = |kind| AssemblyFault { pointer: pointer(index, variant, &kind), kind };
        faults.extend(kind.map(at));
    }
    if faults.is_empty() {
        let too_large = |sku: &&Sku| unpacking.contents(sku) == Err(BundleFault::TooLarge);
        let bundle = above.iter().find(too_large);
        faults.extend(bundle.map(|bundle| AssemblyFault {
            pointer: "/variants".to_owned(),
            kind: AssemblyFaultKind::TooLarge { bundle: bundle.clone() },
        }));
    }
    faults
}

/// The component that brings the fault in, else the list of components.
fn pointer(index: usize, variant: &Variant, kind: &AssemblyFaultKind) -> String {
    let is_it = |sku: &Sku| match kind {
        AssemblyFaultKind::Unknown { component } | AssemblyFaultKind::NotForSale { component } => {
            component == sku
        }
        AssemblyFaultKind::Cycle { cycle } => cycle.contains(sku),
        AssemblyFaultKind::TooLarge { .. } => false,
    };
    match variant.components.iter().position(|component| is_it(&component.sku)) {
        Some(at) => format!("/variants/{index}/components/{at}/sku"),
        None => format!("/variants/{index}/components"),
    }
}
