//! A cycle count: people count what lies on shelves while the shop goes on selling. A line's variance is
//! what was counted against what was known at that moment, and it is the variance that is booked: what
//! is sold or comes between counting and approval is not undone by it. Two counts of one shelf find the same
//! difference: once one of them is booked, the SKU refuses the other, which is then to be counted again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::purchase_order::papers;
use super::step::{Action, ActionKind, Effect, Step, phases};
use super::{MAX_LINES, Refusal};
use crate::domain::field_error::{Checks, FieldError};
use crate::domain::id::Sku;
use crate::domain::inventory::{LocationId, MAX_UNITS, StockChange};
use crate::domain::time::Timestamp;

/// How far a count has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountStatus {
    /// Lines are still to be counted.
    Open,
    /// Every line was counted.
    Counted,
    /// The variances are booked.
    Approved,
    /// The count is not believed; nothing was booked.
    Rejected,
}

impl CountStatus {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Counted, Self::Approved, Self::Rejected];

    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Counted => "counted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// What may follow.
    #[must_use]
    pub const fn allowed(self) -> &'static [ActionKind] {
        use ActionKind::{Approve, Record, Reject};
        match self {
            Self::Open => &[Record, Reject],
            Self::Counted => &[Record, Approve, Reject],
            Self::Approved | Self::Rejected => &[],
        }
    }
}

/// A count as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountDraft {
    /// What people say of it.
    pub note: Option<String>,
    /// Whether another person than the one who counted has to approve.
    pub requires_second_person: bool,
    /// What is to be counted: 1 to 500 shelves.
    pub lines: Vec<CountLineDraft>,
}

/// A shelf that is to be counted.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct CountLineDraft {
    /// Which SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    pub sku: Sku,
    /// Where.
    #[serde(default)]
    #[schema(value_type = Option<String>, default = "main", example = "main")]
    pub location: LocationId,
}

/// Units found on a shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedLine {
    /// Which SKU.
    pub sku: Sku,
    /// Where.
    #[serde(default)]
    pub location: LocationId,
    /// Units that can be sold, those set aside included.
    pub counted: i64,
    /// Units that the SKU knew of when it was counted; whoever owns the document asks for it.
    #[serde(default)]
    pub known: i64,
    /// The last line of the SKU's ledger then; asked for as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_sequence: Option<i64>,
}

/// A count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How far it has come.
    pub status: CountStatus,
    /// What people say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether another person than the one who counted has to approve.
    #[serde(default)]
    pub requires_second_person: bool,
    /// What is counted.
    pub lines: Vec<CountLine>,
}

/// A shelf that is counted. What was counted again counts as it was found last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountLine {
    /// Which SKU.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// Units found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
    /// Units that were known at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<i64>,
    /// The last line of the SKU's ledger at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_sequence: Option<i64>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_by: Option<String>,
    /// Whether the variance is booked.
    #[serde(default)]
    pub is_booked: bool,
}

impl CountLine {
    /// Units found beyond those known; negative if some are missing.
    #[must_use]
    pub fn variance(&self) -> Option<i64> {
        Some(self.counted?.saturating_sub(self.known?))
    }
}

impl CountDraft {
    /// What is wrong with it, by field.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        papers(&mut checks, None, self.note.as_deref());
        checks.count("/lines", self.lines.len(), 1, MAX_LINES);
        let shelves = self.lines.iter();
        checks.unique("/lines", shelves, "names a shelf that an earlier line names");
        checks.finish()
    }

    pub(super) fn open(self) -> Count {
        let line = |line: CountLineDraft| CountLine {
            sku: line.sku,
            location: line.location,
            counted: None,
            known: None,
            ledger_sequence: None,
            counted_at: None,
            counted_by: None,
            is_booked: false,
        };
        Count {
            status: CountStatus::Open,
            note: self.note,
            requires_second_person: self.requires_second_person,
            lines: self.lines.into_iter().map(line).collect(),
        }
    }
}

impl Count {
    /// What an action asks of SKUs. Shelves that lack units come first: those can be refused, and what
    /// was taken from a shelf can always be put back, while what was put there may be sold at once.
    pub(super) fn effects(&self, action: &Action, by: &str) -> Result<Vec<Effect>, Refusal> {
        match action {
            Action::Record { lines } => self.matched(lines).map(|_| Vec::new()),
            Action::Approve => {
                let counted_by_self = |line: &CountLine| line.counted_by.as_deref() == Some(by);
                if self.requires_second_person && self.lines.iter().any(counted_by_self) {
                    return Err(Refusal::SecondPersonRequired);
                }
                let of = |is_lacking: bool| {
                    self.lines.iter().enumerate().filter_map(move |(index, line)| {
                        let quantity_delta = line.variance()?;
                        let wanted = quantity_delta != 0 && (quantity_delta < 0) == is_lacking;
                        (wanted && !line.is_booked).then(|| {
                            let location = line.location.clone();
                            let counted_after = line.ledger_sequence;
                            let change =
                                StockChange::Variance { location, quantity_delta, counted_after };
                            (index, line.sku.clone(), vec![change])
                        })
                    })
                };
                Ok(phases(vec![of(true).collect(), of(false).collect()]))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The place in the document of each shelf that was counted.
    fn matched(&self, counted: &[CountedLine]) -> Result<Vec<usize>, Refusal> {
        let mut seen = BTreeSet::new();
        let refused = |index, problem: &str| Refusal::Line { index, problem: problem.to_owned() };
        let mut places = Vec::with_capacity(counted.len());
        for (index, line) in counted.iter().enumerate() {
            if !(0..=MAX_UNITS).contains(&line.counted) {
                return Err(refused(index, "must have 0 to 1000000000 units"));
            }
            let is_it = |own: &CountLine| own.sku == line.sku && own.location == line.location;
            let Some(place) = self.lines.iter().position(is_it) else {
                return Err(refused(index, "is not in the document"));
            };
            if !seen.insert(place) {
                return Err(refused(index, "is named twice"));
            }
            places.push(place);
        }
        if places.is_empty() {
            return Err(refused(0, "is required"));
        }
        Ok(places)
    }

    /// Writes down what a step came to.
    pub(super) fn settle(&mut self, step: &Step) {
        match &step.action {
            Action::Record { lines } => {
                let places = self.matched(lines).unwrap_or_default();
                for (found, place) in lines.iter().zip(places) {
                    let Some(line) = self.lines.get_mut(place) else { continue };
                    line.counted = Some(found.counted);
                    line.known = Some(found.known);
                    line.ledger_sequence = found.ledger_sequence;
                    line.counted_at = Some(step.at);
                    line.counted_by = Some(step.by.clone());
                    line.is_booked = false;
                }
                if self.lines.iter().all(|line| line.counted.is_some()) {
                    self.status = CountStatus::Counted;
                }
            }
            Action::Approve => {
                for effect in step.lasting() {
                    if let Some(line) = self.lines.get_mut(effect.line) {
                        line.is_booked = true;
                    }
                }
                if !step.has_failed() {
                    for line in &mut self.lines {
                        line.is_booked = true;
                    }
                    self.status = CountStatus::Approved;
                }
            }
            _ => self.status = CountStatus::Rejected,
        }
    }
}
