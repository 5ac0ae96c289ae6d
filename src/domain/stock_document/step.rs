//! One thing done with a document: what SKUs are to do for it, under which keys, and what they said.
//!
//! Lines are asked in groups, the next when the last has answered: so the document alone tells which
//! lines a SKU may have heard of. In a step that happens as a whole or not at all, a refusal ends the
//! asking; lines of which the answer is missing are asked to their end, and whatever was done is undone,
//! each under a key of its own. That needs two things of a SKU: a key is performed once, and what was
//! refused under a key is refused under it for ever.

use serde::{Deserialize, Serialize};

use super::{CountedLine, ReceivedLine, StockDocument};
use crate::domain::id::{Sku, StockDocumentId};
use crate::domain::inventory::{Cause, CauseKind, ChangeRefusal, StockChange};
use crate::domain::time::Timestamp;

/// Lines that are asked beside each other.
pub(super) const LINES_AT_ONCE: usize = 50;

/// What can be done with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// The supplier has the order.
    Order,
    /// Goods came.
    Receive {
        /// Which.
        lines: Vec<ReceivedLine>,
        /// That far more came than was ordered is no mistake.
        #[serde(default)]
        allow_over_receipt: bool,
    },
    /// Nothing more will come.
    Close,
    /// It is called off.
    Cancel,
    /// The goods leave.
    Ship,
    /// What is on its way comes back.
    ReturnToSource,
    /// Lines were counted.
    Record {
        /// Which.
        lines: Vec<CountedLine>,
    },
    /// The count is believed.
    Approve,
    /// The count is not believed.
    Reject,
}

/// An action without its particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// The supplier has the order.
    Order,
    /// Goods came.
    Receive,
    /// Nothing more will come.
    Close,
    /// It is called off.
    Cancel,
    /// The goods leave.
    Ship,
    /// What is on its way comes back.
    ReturnToSource,
    /// Lines were counted.
    Record,
    /// The count is believed.
    Approve,
    /// The count is not believed.
    Reject,
}

impl Action {
    /// The action without its particulars.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Order => ActionKind::Order,
            Self::Receive { .. } => ActionKind::Receive,
            Self::Close => ActionKind::Close,
            Self::Cancel => ActionKind::Cancel,
            Self::Ship => ActionKind::Ship,
            Self::ReturnToSource => ActionKind::ReturnToSource,
            Self::Record { .. } => ActionKind::Record,
            Self::Approve => ActionKind::Approve,
            Self::Reject => ActionKind::Reject,
        }
    }

    /// Whether it happens for all lines or for none. The rest either can't be refused, or is true of
    /// one line whatever became of the others: goods that came are there.
    const fn is_atomic(&self) -> bool {
        matches!(self, Self::Ship | Self::Approve)
    }
}

/// A step under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// 1 for a document's first.
    pub number: u32,
    /// What is done.
    #[serde(flatten)]
    pub action: Action,
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What SKUs have to do for it.
    pub effects: Vec<Effect>,
}

/// What a SKU has to do for one line of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The line's place in the document, from 0.
    pub line: usize,
    /// Which SKU.
    pub sku: Sku,
    /// With whom it is asked.
    pub group: usize,
    /// What it does, all of it or nothing.
    pub changes: Vec<StockChange>,
    /// What became of it.
    pub state: EffectState,
}

/// What became of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EffectState {
    /// No answer is known.
    Pending,
    /// It was done.
    Done,
    /// It was refused.
    Refused {
        /// Why.
        refusal: ChangeRefusal,
    },
    /// It was done, and undone.
    Undone,
    /// It was done, and could not be undone.
    Kept,
}

/// A line that a SKU refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFailure {
    /// The line's place in the document, from 0.
    pub line: usize,
    /// Which SKU.
    pub sku: Sku,
    /// Why.
    #[serde(flatten)]
    pub refusal: ChangeRefusal,
}

/// A step that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PastStep {
    /// 1 for a document's first.
    pub number: u32,
    /// What was done.
    pub action: ActionKind,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many lines were refused.
    #[serde(default)]
    pub refused_lines: usize,
}

/// Something that a SKU has to do for a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// Which SKU.
    pub sku: Sku,
    /// The key under which it is done once: the document, the step, the line.
    pub key: String,
    /// What.
    pub changes: Vec<StockChange>,
    /// For what its ledger says.
    pub cause: Cause,
}

/// What a SKU said to a debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The debt's key.
    pub key: String,
    /// Done, now or before; or why not.
    pub result: Result<(), ChangeRefusal>,
}

/// What SKUs have to do for the document now, read from its state alone; in a group, so that all of it
/// may be asked at the same time. Nothing is owed when its step is over.
#[must_use]
pub fn owed(document: &StockDocument) -> Vec<Debt> {
    let Some(step) = &document.open else {
        return Vec::new();
    };
    let cause = step.cause(document.id);
    let debt = |(effect, is_undo): (&Effect, bool)| Debt {
        sku: effect.sku.clone(),
        key: step.key(document.id, effect, is_undo),
        changes: if is_undo { undone(&effect.changes) } else { effect.changes.clone() },
        cause: cause.clone(),
    };
    step.owed().into_iter().map(debt).collect()
}

/// The document after SKUs answered; `None` if none of the answers is news. An answer that comes twice,
/// late or to a step that is over changes nothing.
#[must_use]
pub fn answered(
    mut document: StockDocument,
    answers: &[Answered],
    now: Timestamp,
) -> Option<StockDocument> {
    let id = document.id;
    let step = document.open.as_mut()?;
    let mut is_news = false;
    for answer in answers {
        is_news |= step.hear(id, answer);
    }
    if !is_news {
        return None;
    }
    document.changed(now);
    Some(document)
}

impl Step {
    /// Effects and whether each is to be undone.
    fn owed(&self) -> Vec<(&Effect, bool)> {
        let is = |effect: &&Effect, state: &EffectState| effect.state == *state;
        let pending = |effect: &&Effect| is(effect, &EffectState::Pending);
        if !self.has_failed() {
            let group = self.effects.iter().find(pending).map(|effect| effect.group);
            let asked = self.effects.iter().filter(pending);
            return asked.filter(|e| Some(e.group) == group).map(|e| (e, false)).collect();
        }
        // Nobody was asked beyond the group of the last answer.
        let reached = self.effects.iter().filter(|effect| !pending(effect)).map(|e| e.group).max();
        let unknown = self.effects.iter().filter(pending).filter(|e| Some(e.group) <= reached);
        let unknown: Vec<_> = unknown.map(|effect| (effect, false)).collect();
        if !unknown.is_empty() {
            return unknown;
        }
        let done = self.effects.iter().filter(|effect| is(effect, &EffectState::Done));
        done.take(LINES_AT_ONCE).map(|effect| (effect, true)).collect()
    }

    /// Whether it is to come to nothing.
    pub(super) fn has_failed(&self) -> bool {
        let refused = |effect: &Effect| matches!(effect.state, EffectState::Refused { .. });
        self.action.is_atomic() && self.effects.iter().any(refused)
    }

    /// Effects that stay done when it is over.
    pub(super) fn lasting(&self) -> impl Iterator<Item = &Effect> {
        let lasting = if self.has_failed() { EffectState::Kept } else { EffectState::Done };
        self.effects.iter().filter(move |effect| effect.state == lasting)
    }

    /// Lines that were refused.
    pub(super) fn failures(&self) -> Vec<LineFailure> {
        let refused = self.effects.iter().filter_map(|effect| match &effect.state {
            EffectState::Refused { refusal } => Some(LineFailure {
                line: effect.line,
                sku: effect.sku.clone(),
                refusal: refusal.clone(),
            }),
            _ => None,
        });
        refused.collect()
    }

    pub(super) fn past(self) -> PastStep {
        let refused_lines = self.failures().len();
        let Self { number, action, at, by, note, .. } = self;
        PastStep { number, action: action.kind(), at, by, note, refused_lines }
    }

    fn key(&self, id: StockDocumentId, effect: &Effect, is_undo: bool) -> String {
        let undo = if is_undo { "/undo" } else { "" };
        format!("{id}/{}/{}{undo}", self.number, effect.line)
    }

    /// Notes an answer. Whether it was news.
    fn hear(&mut self, id: StockDocumentId, answer: &Answered) -> bool {
        let of_step = format!("{id}/{}/", self.number);
        let Some(line) = answer.key.strip_prefix(&of_step) else {
            return false;
        };
        let (line, is_undo) = match line.strip_suffix("/undo") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let has_failed = self.has_failed();
        let Some(effect) =
            self.effects.iter_mut().find(|effect| Ok(effect.line) == line.parse::<usize>())
        else {
            return false;
        };
        let next = match (&effect.state, is_undo, &answer.result) {
            (EffectState::Pending, false, Ok(())) => EffectState::Done,
            (EffectState::Pending, false, Err(refusal)) => {
                EffectState::Refused { refusal: refusal.clone() }
            }
            (EffectState::Done, true, Ok(())) if has_failed => EffectState::Undone,
            (EffectState::Done, true, Err(_)) if has_failed => EffectState::Kept,
            _ => return false,
        };
        effect.state = next;
        true
    }

    fn cause(&self, id: StockDocumentId) -> Cause {
        let kind = match id {
            StockDocumentId::PurchaseOrder(_) => CauseKind::PurchaseOrder,
            StockDocumentId::Transfer(_) => CauseKind::Transfer,
            StockDocumentId::Count(_) => CauseKind::Count,
        };
        let said = match self.action {
            Action::Close if kind == CauseKind::Transfer => Some("lost on the way".to_owned()),
            _ => None,
        };
        let reason = self.note.clone().or(said);
        Cause { kind, id: Some(id.to_string()), actor: Some(self.by.clone()), reason }
    }
}

/// Effects in the order in which they are asked: the next phase only when all of the last was done.
pub(super) fn phases(phases: Vec<Vec<(usize, Sku, Vec<StockChange>)>>) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut group = 0_usize;
    for phase in phases {
        for some in phase.chunks(LINES_AT_ONCE) {
            for (line, sku, changes) in some {
                effects.push(Effect {
                    line: *line,
                    sku: sku.clone(),
                    group,
                    changes: changes.clone(),
                    state: EffectState::Pending,
                });
            }
            group = group.saturating_add(1);
        }
    }
    effects
}

/// What takes changes back, last first. Of what only ever happens by itself nothing is taken back.
fn undone(changes: &[StockChange]) -> Vec<StockChange> {
    let back = |change: &StockChange| match change.clone() {
        StockChange::Sent { location, quantity } => {
            Some(StockChange::Arrived { location, quantity, damaged: 0, announced: 0 })
        }
        StockChange::Expected { location, quantity_delta } => {
            let quantity_delta = quantity_delta.saturating_neg();
            Some(StockChange::Expected { location, quantity_delta })
        }
        StockChange::Variance { location, quantity_delta, .. } => {
            let quantity_delta = quantity_delta.saturating_neg();
            Some(StockChange::Variance { location, quantity_delta, counted_after: None })
        }
        _ => None,
    };
    changes.iter().rev().filter_map(back).collect()
}
