//! What comes back: units put back with a refund, and returns that no refund goes with. Both are asked
//! for by line, owed to the SKUs that have the stock, and together never more than was sold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ClaimState, Order, RefundedLine, StockClaim};
use crate::domain::id::{RefundId, ReturnId, Sku};
use crate::domain::inventory::{Condition, LocationId};
use crate::domain::pricing::PricedCart;
use crate::domain::time::Timestamp;

/// The most returns of one order.
pub const MAX_RETURNS: usize = 100;

/// Goods that came back without a refund: for an exchange, under warranty, undelivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Its identity.
    pub id: ReturnId,
    /// What came back.
    pub lines: Vec<ReturnedLine>,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
    /// When it was noted.
    pub received_at: Timestamp,
}

/// Units that came back, all in one condition and to one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    /// The SKU of a line, or of a bundle's component.
    pub sku: Sku,
    /// Units.
    pub quantity: u32,
    /// Whether they can be sold again.
    #[serde(default, skip_serializing_if = "Condition::is_sellable")]
    pub condition: Condition,
    /// Where they came to; none: where they came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// Of a bundle, the SKUs that have put theirs back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put_back: Vec<Sku>,
    /// Whether all of it is put back.
    #[serde(default)]
    pub restocked: bool,
}

/// Units that a SKU is to put back, once per key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Restock {
    /// Which SKU.
    pub sku: Sku,
    /// The refund or return they come back with, and how: never the same for other units.
    pub key: String,
    /// Units.
    pub quantity: u32,
    /// Whether they can be sold again.
    pub condition: Condition,
    /// Where they came to; none: where they came from.
    pub location: Option<LocationId>,
}

/// Units of one line on their way back.
struct ComingBack<'a> {
    key: String,
    sku: &'a Sku,
    quantity: u32,
    condition: Condition,
    location: Option<&'a LocationId>,
    put_back: &'a [Sku],
    is_done: bool,
}

/// What a SKU knows units by that come back: the refund or return, and, unless they are as they left and
/// go where they came from, in which condition they come to which place.
fn key(of: &str, condition: Condition, location: Option<&LocationId>) -> String {
    let place = location.map_or("", LocationId::as_str);
    match (condition, place) {
        (Condition::Sellable, "") => of.to_owned(),
        (Condition::Sellable, place) => [of, ":sellable:", place].concat(),
        (Condition::Damaged, place) => [of, ":damaged:", place].concat(),
    }
}

impl RefundedLine {
    fn key(&self, refund: RefundId) -> String {
        key(&refund.to_string(), self.restock_condition, self.restock_location.as_ref())
    }
}

impl ReturnedLine {
    fn key(&self, id: ReturnId) -> String {
        key(&id.to_string(), self.condition, self.location.as_ref())
    }
}

/// The SKUs with stock that one unit of a line is made of: for a bundle its components, else itself.
fn parts(cart: &PricedCart, sku: &Sku) -> Vec<(Sku, u32)> {
    match cart.lines.iter().find(|line| line.sku == *sku) {
        Some(line) => line.parts().map(|(sku, each)| (sku.clone(), each)).collect(),
        None => vec![(sku.clone(), 1)],
    }
}

/// Notes on a line that a SKU has put back its part of it.
fn note(cart: &PricedCart, line: &Sku, sku: &Sku, put_back: &mut Vec<Sku>, restocked: &mut bool) {
    let parts = parts(cart, line);
    if *restocked || put_back.contains(sku) || !parts.iter().any(|(part, _)| part == sku) {
        return;
    }
    put_back.push(sku.clone());
    if parts.iter().all(|(part, _)| put_back.contains(part)) {
        *restocked = true;
        put_back.clear();
    }
}

impl Order {
    fn is_bundle(&self, sku: &Sku) -> bool {
        self.cart.lines.iter().any(|line| line.sku == *sku && !line.components.is_empty())
    }

    /// Everything that came back or is to, whether or not the SKUs have put it back.
    fn coming_back(&self) -> impl Iterator<Item = ComingBack<'_>> {
        // What a refund puts back stays there, whatever becomes of its money.
        let refunded = self.refunds.iter().flat_map(|refund| {
            refund.lines.iter().filter(|line| line.restock > 0).map(|line| ComingBack {
                key: line.key(refund.id),
                sku: &line.sku,
                quantity: line.restock,
                condition: line.restock_condition,
                location: line.restock_location.as_ref(),
                put_back: &line.put_back,
                is_done: line.restocked,
            })
        });
        let returned = self.returns.iter().flat_map(|one| {
            one.lines.iter().map(|line| ComingBack {
                key: line.key(one.id),
                sku: &line.sku,
                quantity: line.quantity,
                condition: line.condition,
                location: line.location.as_ref(),
                put_back: &line.put_back,
                is_done: line.restocked,
            })
        });
        refunded.chain(returned)
    }

    /// Units of a SKU with stock that came back or are to, those within bundles included.
    #[must_use]
    pub fn units_back(&self, sku: &Sku) -> u32 {
        let each = |line: &Sku| {
            let parts = parts(&self.cart, line);
            let own = parts.into_iter().find(|(part, _)| part == sku);
            own.map_or(0, |(_, each)| each)
        };
        let units = self.coming_back().map(|back| back.quantity.saturating_mul(each(back.sku)));
        units.fold(0, u32::saturating_add)
    }

    /// Units of a SKU with stock that are sold to this order, or about to be.
    fn units_sold(&self, sku: &Sku) -> u32 {
        let is_sold = |claim: &&StockClaim| match claim.claim {
            ClaimState::Committed => true,
            ClaimState::Held => self.is_secured(),
            _ => false,
        };
        let claim = self.claims.iter().find(|claim| claim.sku == *sku);
        claim.filter(is_sold).map_or(0, |claim| claim.quantity)
    }

    /// Units of a line, or of a bundle's component, that are sold to this order, or about to be, and may
    /// still come back: a bundle as far as each of its components may.
    #[must_use]
    pub fn restockable_units(&self, sku: &Sku) -> u32 {
        let left = |part: &Sku| self.units_sold(part).saturating_sub(self.units_back(part));
        let whole = parts(&self.cart, sku)
            .into_iter()
            .map(|(part, each)| left(&part).checked_div(each).unwrap_or(0));
        let whole = whole.min().unwrap_or(0);
        if !self.is_bundle(sku) {
            return whole;
        }
        // Units of a component may have been sold beside the bundle; those are not the bundle's.
        let sold = self.cart.lines.iter().filter(|line| line.sku == *sku).map(|l| l.quantity);
        let sold = sold.fold(0, u32::saturating_add);
        let back = self.coming_back().filter(|back| back.sku == sku).map(|back| back.quantity);
        whole.min(sold.saturating_sub(back.fold(0, u32::saturating_add)))
    }

    /// What SKUs are to put back now, one for each of them and key. What is not sold yet can't come back
    /// yet.
    #[must_use]
    pub fn restocks_due(&self) -> Vec<Restock> {
        self.restocks(|back, sku| !back.is_done && !back.put_back.contains(sku))
    }

    /// What a SKU has put back so far.
    #[must_use]
    pub fn restocks_done(&self, sku: &Sku) -> Vec<Restock> {
        self.restocks(|back, part| part == sku && (back.is_done || back.put_back.contains(part)))
    }

    fn restocks(&self, wanted: impl Fn(&ComingBack<'_>, &Sku) -> bool) -> Vec<Restock> {
        let mut due: BTreeMap<(String, Sku), Restock> = BTreeMap::new();
        let is_sold = |sku: &Sku| {
            let claim = self.claims.iter().find(|claim| claim.sku == *sku);
            claim.is_some_and(|claim| claim.claim == ClaimState::Committed)
        };
        for back in self.coming_back() {
            for (sku, each) in parts(&self.cart, back.sku) {
                if !wanted(&back, &sku) || !is_sold(&sku) {
                    continue;
                }
                let units = back.quantity.saturating_mul(each);
                let restock =
                    due.entry((back.key.clone(), sku.clone())).or_insert_with(|| Restock {
                        sku,
                        key: back.key.clone(),
                        quantity: 0,
                        condition: back.condition,
                        location: back.location.cloned(),
                    });
                restock.quantity = restock.quantity.saturating_add(units);
            }
        }
        due.into_values().collect()
    }

    /// Notes that a SKU has put back what it was told of under a key.
    pub fn note_restocked(&mut self, key: &str, sku: &Sku) {
        for refund in &mut self.refunds {
            let id = refund.id;
            for line in refund.lines.iter_mut().filter(|line| line.key(id) == key) {
                note(&self.cart, &line.sku, sku, &mut line.put_back, &mut line.restocked);
            }
        }
        for one in &mut self.returns {
            let id = one.id;
            for line in one.lines.iter_mut().filter(|line| line.key(id) == key) {
                note(&self.cart, &line.sku, sku, &mut line.put_back, &mut line.restocked);
            }
        }
    }
}
