//! What a reconciliation comes to: how many of each finding, and the sums on both sides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Finding, Item};
use crate::domain::currency::Currency;
use crate::domain::payment::OperationKind;

/// How many items of each finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Counts {
    /// In both books.
    pub matched: u64,
    /// In the gateway's books only.
    pub missing_here: u64,
    /// In our ledger only.
    pub missing_there: u64,
    /// In both, with another amount or currency.
    pub amount_differs: u64,
}

impl Counts {
    fn count(&mut self, finding: Finding) {
        let count = match finding {
            Finding::Matched => &mut self.matched,
            Finding::MissingHere => &mut self.missing_here,
            Finding::MissingThere => &mut self.missing_there,
            Finding::AmountDiffers => &mut self.amount_differs,
        };
        *count = count.saturating_add(1);
    }
}

/// The sums of one kind of movement in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Total {
    /// Which kind.
    pub kind: OperationKind,
    /// Which currency.
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
    /// Minor units in our ledger.
    pub here_minor: i64,
    /// Minor units in the gateway's books.
    pub there_minor: i64,
}

/// Sums by the names of kind and currency, which are also their order.
type Sums = BTreeMap<(&'static str, &'static str), Total>;

fn entry(sums: &mut Sums, kind: OperationKind, currency: Currency) -> &mut Total {
    let empty = Total { kind, currency, here_minor: 0, there_minor: 0 };
    sums.entry((kind.name(), currency.code())).or_insert(empty)
}

/// What a reconciliation comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// How many of each finding.
    pub counts: Counts,
    /// The sums on both sides, by kind and currency.
    pub totals: Vec<Total>,
}

impl Summary {
    /// Adds items up.
    #[must_use]
    pub fn of(items: &[Item]) -> Self {
        let mut counts = Counts::default();
        let mut sums: Sums = BTreeMap::new();
        for item in items {
            counts.count(item.result);
            if let Some(here) = &item.here {
                let total = entry(&mut sums, item.kind, here.amount.currency);
                total.here_minor = total.here_minor.saturating_add(here.amount.amount);
            }
            if let Some(there) = &item.there {
                let total = entry(&mut sums, item.kind, there.amount.currency);
                total.there_minor = total.there_minor.saturating_add(there.amount.amount);
            }
        }
        Self { counts, totals: sums.into_values().collect() }
    }
}
