//! From proposals to purchase orders: one for each supplier.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Proposal;
use crate::domain::id::Sku;
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::domain::supplier::{Offer, Supplier, SupplierId};

/// The most lines of one purchase order that is proposed; a supplier of more gets several.
pub const MAX_PLAN_LINES: usize = 200;

/// A purchase order that was decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The purchase order's identity, derived from the run's key: making it again makes nothing new.
    pub id: String,
    /// Who asked: the identity of an API key, or the job.
    pub by: String,
    /// From whom.
    pub supplier: SupplierId,
    /// What.
    pub lines: Vec<PlannedLine>,
    /// Days until the last of it arrives.
    pub lead_time_days: u32,
    /// What it comes to; none if that is beyond the largest amount.
    pub total: Option<Money>,
    /// The supplier's minimum, if it comes to less.
    pub below_minimum: Option<Money>,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLine {
    /// Which SKU.
    pub sku: Sku,
    /// Units.
    pub quantity: i64,
    /// What one costs.
    pub unit_cost: Money,
}

/// Where a run stops, and the next one goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Position {
    /// Among what suppliers offer, after this SKU of this supplier.
    Offers {
        /// The supplier; empty at the very beginning.
        supplier: String,
        /// The SKU.
        sku: String,
    },
    /// Among all SKUs, looking for those that no supplier offers, after this one.
    Unsupplied {
        /// The SKU; empty at the very beginning.
        sku: String,
    },
}

impl Default for Position {
    fn default() -> Self {
        Self::Offers { supplier: String::new(), sku: String::new() }
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// The purchase orders that it decided on.
    pub plans: Vec<Plan>,
    /// SKUs that should be ordered and that no active supplier offers.
    pub without_supplier: Vec<String>,
    /// Where the next run goes on; none if everything was looked at.
    pub next: Option<Position>,
}

/// Groups what is to be ordered by supplier, in the order of suppliers and SKUs. `key` is the run's,
/// `by` is who asked for it.
#[must_use]
pub fn plans(key: &str, by: &str, wanted: &[(Sku, Offer, Proposal)]) -> Vec<Plan> {
    let mut by_supplier: BTreeMap<&SupplierId, Vec<&(Sku, Offer, Proposal)>> = BTreeMap::new();
    for one in wanted {
        by_supplier.entry(&one.1.supplier.id).or_default().push(one);
    }
    let mut plans = Vec::new();
    for (supplier, mut lines) in by_supplier {
        lines.sort_by(|left, right| left.0.cmp(&right.0));
        for (number, part) in lines.chunks(MAX_PLAN_LINES).enumerate() {
            if let Some((_, offer, _)) = part.first() {
                let id = identity(key, supplier, number);
                plans.push(plan(id, by, &offer.supplier, part));
            }
        }
    }
    plans
}

fn plan(id: String, by: &str, supplier: &Supplier, part: &[&(Sku, Offer, Proposal)]) -> Plan {
    let lines: Vec<PlannedLine> = part
        .iter()
        .map(|(sku, offer, proposal)| PlannedLine {
            sku: sku.clone(),
            quantity: proposal.quantity,
            unit_cost: offer.item.unit_cost,
        })
        .collect();
    let total = lines.iter().try_fold(0_i64, |sum, line| {
        let cost = line.unit_cost.amount.checked_mul(line.quantity)?;
        sum.checked_add(cost).filter(|sum| *sum <= MAX_AMOUNT_MINOR)
    });
    let minimum = supplier.minimum_order;
    Plan {
        id,
        by: by.to_owned(),
        supplier: supplier.id.clone(),
        lead_time_days: part.iter().map(|(_, o, _)| o.lead_time_days()).max().unwrap_or_default(),
        total: total.map(|amount| Money::new(amount, supplier.currency)),
        below_minimum: minimum.filter(|least| total.is_some_and(|total| total < least.amount)),
        lines,
    }
}

/// `po_` and 32 hexadecimal digits out of everything that makes the purchase order this one.
fn identity(key: &str, supplier: &SupplierId, number: usize) -> String {
    let digest = Sha256::new()
        .chain_update(key)
        .chain_update([0])
        .chain_update(supplier.as_str())
        .chain_update([0])
        .chain_update(number.to_string())
        .finalize();
    let digits: String = hex::encode(digest).chars().take(32).collect();
    ["po_", &digits].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inventory::StockLevel;
    use crate::domain::reorder::{Demand, Outlook, Situation, propose};
    use serde_json::json;

    fn wanted(sku: &str, supplier: &str, cost: i64, minimum: i64) -> (Sku, Offer, Proposal) {
        let supplier = json!({"id": supplier, "name": "S", "currency": "USD", "lead_time_days": 9,
            "minimum_order": {"amount": minimum, "currency": "USD"}});
        let item = json!({"unit_cost": {"amount": cost, "currency": "USD"}, "pack_size": 10});
        let offer = Offer {
            supplier: serde_json::from_value(supplier).unwrap(),
            item: serde_json::from_value(item).unwrap(),
        };
        let mut level = StockLevel::stocked(1);
        level.terms.reorder_point = Some(5);
        let demand = Demand { units: 0, days: 28 };
        let situation = Situation { level: &level, drafted: 0, demand, is_sold: true };
        let proposal = propose(&situation, Some(&offer), Outlook::default()).unwrap();
        (sku.parse().unwrap(), offer, proposal)
    }

    #[test]
    fn a_supplier_gets_one_order_and_the_same_key_the_same_one() {
        let asked = [
            wanted("B", "acme", 30, 301),
            wanted("A", "acme", 5, 301),
            wanted("C", "basics", 30, 300),
        ];
        let made = plans("k", "p", &asked);
        let skus = |plan: &Plan| plan.lines.iter().map(|l| l.sku.to_string()).collect::<String>();
        assert_eq!(made.iter().map(skus).collect::<Vec<_>>(), ["AB", "C"]);
        assert_eq!(made[0].total.map(|total| total.amount), Some(350));
        assert!(made.iter().all(|plan| plan.below_minimum.is_none() && plan.lead_time_days == 9));
        assert_eq!(plans("k", "p", &asked), made);
        assert!(plans("l", "p", &asked).iter().zip(&made).all(|(one, other)| one.id != other.id));
        assert!(made[0].id.len() == 35 && made[0].id != made[1].id);
        let small = plans("k", "p", &[wanted("A", "acme", 5, 301)]);
        assert_eq!(small[0].below_minimum.map(|least| least.amount), Some(301));
    }

    #[test]
    fn a_long_order_is_several_and_an_absurd_one_has_no_total() {
        let many: Vec<_> =
            (0..450).map(|n| wanted(&format!("S{n:03}"), "acme", i64::from(n), 1)).collect();
        let made = plans("k", "p", &many);
        assert_eq!(made.iter().map(|plan| plan.lines.len()).collect::<Vec<_>>(), [200, 200, 50]);
        let absurd = plans("k", "p", &[wanted("A", "acme", MAX_AMOUNT_MINOR, 1)]);
        assert_eq!((absurd[0].total, absurd[0].below_minimum), (None, None));
    }
}
