//! Documents that move stock: purchase orders, transfers between locations, cycle counts.
//!
//! A document is its own state machine. What a person asks becomes a [`Step`] that names, line by line,
//! what SKUs are to do; [`owed`] reads from the document alone what is still to be done, each under a key
//! of its own that never changes, and [`answered`] writes down what SKUs said. One step at a time: the next
//! begins when nothing of the last is owed any more. Whoever dies in between, the document says what
//! is left, and asking again under the same keys moves nothing twice.

mod count;
mod purchase_order;
mod receipt;
mod step;
mod transfer;

use serde::{Deserialize, Serialize};

pub use count::{Count, CountDraft, CountLine, CountLineDraft, CountStatus, CountedLine};
pub use purchase_order::{
    Origin, PurchaseLine, PurchaseLineDraft, PurchaseOrder, PurchaseOrderDraft, PurchaseOrderStatus,
};
pub use receipt::{MAX_RECEIPTS, OverReceipt, Receipt, ReceiptLine, ReceivedLine};
pub use step::{
    Action, ActionKind, Answered, Debt, Effect, EffectState, LineFailure, PastStep, Step, answered,
    owed,
};
pub use transfer::{Transfer, TransferDraft, TransferLine, TransferLineDraft, TransferStatus};

use crate::domain::field_error::FieldError;
use crate::domain::id::{Sku, StockDocumentId};
use crate::domain::inventory::LocationId;
use crate::domain::supplier::SupplierId;
use crate::domain::time::Timestamp;

/// The most lines of one document.
pub const MAX_LINES: usize = 500;

/// The most units of one line.
pub const MAX_LINE_UNITS: i64 = 1_000_000;

/// The most steps that one document can go through.
pub const MAX_STEPS: u32 = 500;

/// The longest reference to somebody else's papers, in characters.
const MAX_REFERENCE_CHARACTERS: usize = 64;

/// The longest note, in characters.
pub const MAX_NOTE_CHARACTERS: usize = 500;

/// A document, with everything that was done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockDocument {
    /// Which one.
    pub id: StockDocumentId,
    /// Grows by one with every change that is stored.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// The identity of the API key that made it, or the job.
    pub created_by: String,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// The number of the last step.
    #[serde(default)]
    pub steps: u32,
    /// The step that SKUs still have to perform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Step>,
    /// Lines of the last step that SKUs refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<LineFailure>,
    /// The steps that are behind it, oldest first.
    #[serde(default)]
    pub history: Vec<PastStep>,
    /// What it is.
    pub body: Body,
}

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// Goods ordered from a supplier.
    PurchaseOrder(PurchaseOrder),
    /// Goods moved from one location to another.
    Transfer(Transfer),
    /// Goods counted on their shelves.
    Count(Count),
}

/// A document as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Draft {
    /// Goods to be ordered from a supplier.
    PurchaseOrder(PurchaseOrderDraft),
    /// Goods to be moved from one location to another.
    Transfer(TransferDraft),
    /// Goods to be counted on their shelves.
    Count(CountDraft),
}

/// Why a document did not do what it was asked. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Its state does not allow it.
    #[error("the document is {status}")]
    State {
        /// The state.
        status: String,
        /// What could be done with it.
        allowed: Vec<ActionKind>,
    },
    /// A line that was named is not in the document, or was named twice, or moves nothing.
    #[error("line {index} {problem}")]
    Line {
        /// Which of the lines that were sent.
        index: usize,
        /// What is wrong, in words that continue "this line …".
        problem: String,
    },
    /// More came than is believed.
    #[error("more units came than is believed")]
    OverReceipt {
        /// Which lines.
        lines: Vec<OverReceipt>,
    },
    /// Whoever counted can't approve.
    #[error("another person than the one who counted has to approve")]
    SecondPersonRequired,
    /// It went through as many steps, or took as many receipts, as it can hold.
    #[error("the document holds no more steps")]
    Full,
}

/// Units of an open document, for those who decide what to order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLine {
    /// Of which SKU.
    pub sku: Sku,
    /// Where they will be.
    pub location: LocationId,
    /// Whether they are only planned, or on their way.
    pub stage: OpenStage,
    /// How many.
    pub quantity: i64,
}

/// How sure units of an open document are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenStage {
    /// The document is a draft.
    Draft,
    /// They are announced.
    Expected,
}

/// Who asks, what for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is to be done.
    pub action: Action,
    /// Why, in a person's words.
    pub note: Option<String>,
    /// The identity of the API key.
    pub by: String,
}

impl Draft {
    /// What is wrong with it, by field.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        match self {
            Self::PurchaseOrder(draft) => draft.check(),
            Self::Transfer(draft) => draft.check(),
            Self::Count(draft) => draft.check(),
        }
    }

    /// Whether it is what the identity says.
    #[must_use]
    pub const fn fits(&self, id: StockDocumentId) -> bool {
        use StockDocumentId as Id;
        matches!(
            (self, id),
            (Self::PurchaseOrder(_), Id::PurchaseOrder(_))
                | (Self::Transfer(_), Id::Transfer(_))
                | (Self::Count(_), Id::Count(_))
        )
    }
}

impl StockDocument {
    /// A new document. The draft was checked, and fits the identity.
    #[must_use]
    pub fn create(id: StockDocumentId, draft: Draft, by: String, now: Timestamp) -> Self {
        let body = match draft {
            Draft::PurchaseOrder(draft) => Body::PurchaseOrder(draft.open()),
            Draft::Transfer(draft) => Body::Transfer(draft.open()),
            Draft::Count(draft) => Body::Count(draft.open()),
        };
        Self {
            id,
            version: 1,
            created_at: now,
            created_by: by,
            updated_at: now,
            steps: 0,
            open: None,
            failures: Vec::new(),
            history: Vec::new(),
            body,
        }
    }

    /// What may be done with it now.
    #[must_use]
    pub const fn allowed(&self) -> &'static [ActionKind] {
        match &self.body {
            Body::PurchaseOrder(body) => body.status.allowed(),
            Body::Transfer(body) => body.status.allowed(),
            Body::Count(body) => body.status.allowed(),
        }
    }

    /// The name of its state.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match &self.body {
            Body::PurchaseOrder(body) => body.status.name(),
            Body::Transfer(body) => body.status.name(),
            Body::Count(body) => body.status.name(),
        }
    }

    /// The name of what it is.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match &self.body {
            Body::PurchaseOrder(_) => "purchase_order",
            Body::Transfer(_) => "transfer",
            Body::Count(_) => "count",
        }
    }

    /// Who the goods come from, if they are bought.
    #[must_use]
    pub const fn supplier(&self) -> Option<&SupplierId> {
        match &self.body {
            Body::PurchaseOrder(body) => Some(&body.supplier),
            Body::Transfer(_) | Body::Count(_) => None,
        }
    }

    /// When the goods are expected.
    #[must_use]
    pub const fn expected_at(&self) -> Option<Timestamp> {
        match &self.body {
            Body::PurchaseOrder(body) => body.expected_at,
            Body::Transfer(body) => body.expected_at,
            Body::Count(_) => None,
        }
    }

    /// The places that it has to do with, each once.
    #[must_use]
    pub fn locations(&self) -> Vec<&LocationId> {
        let mut locations = match &self.body {
            Body::PurchaseOrder(body) => vec![&body.location],
            Body::Transfer(body) => vec![&body.from, &body.to],
            Body::Count(body) => body.lines.iter().map(|line| &line.location).collect(),
        };
        locations.sort();
        locations.dedup();
        locations
    }

    /// Lines whose units are planned or on their way.
    #[must_use]
    pub fn open_lines(&self) -> Vec<OpenLine> {
        match &self.body {
            Body::PurchaseOrder(body) => body.open_lines(),
            Body::Transfer(body) => body.open_lines(),
            Body::Count(_) => Vec::new(),
        }
    }

    /// How many lines it has.
    #[must_use]
    pub const fn line_count(&self) -> usize {
        match &self.body {
            Body::PurchaseOrder(body) => body.lines.len(),
            Body::Transfer(body) => body.lines.len(),
            Body::Count(body) => body.lines.len(),
        }
    }

    /// Units ordered, moved or counted, over all lines.
    #[must_use]
    pub fn units(&self) -> i64 {
        let sum = |units: &mut dyn Iterator<Item = i64>| units.fold(0, i64::saturating_add);
        match &self.body {
            Body::PurchaseOrder(body) => sum(&mut body.lines.iter().map(|line| line.quantity)),
            Body::Transfer(body) => sum(&mut body.lines.iter().map(|line| line.quantity)),
            Body::Count(body) => sum(&mut body.lines.iter().map(|line| line.counted.unwrap_or(0))),
        }
    }

    /// Units that came, over all lines.
    #[must_use]
    pub fn units_received(&self) -> i64 {
        let sum = |units: &mut dyn Iterator<Item = i64>| units.fold(0, i64::saturating_add);
        match &self.body {
            Body::PurchaseOrder(body) => sum(&mut body.lines.iter().map(PurchaseLine::came)),
            Body::Transfer(body) => sum(&mut body.lines.iter().map(TransferLine::came)),
            Body::Count(_) => 0,
        }
    }

    /// Does what is asked, as far as that needs no SKU; what SKUs have to do is owed from then on. The
    /// last step must have ended.
    ///
    /// # Errors
    /// When the state or the document's lines do not allow it.
    pub fn act(mut self, asked: Asked, now: Timestamp) -> Result<Self, Refusal> {
        let allowed = self.allowed();
        if self.open.is_some() || !allowed.contains(&asked.action.kind()) {
            let allowed = if self.open.is_some() { Vec::new() } else { allowed.to_vec() };
            return Err(Refusal::State { status: self.status().to_owned(), allowed });
        }
        if self.steps >= MAX_STEPS {
            return Err(Refusal::Full);
        }
        let effects = match &self.body {
            Body::PurchaseOrder(body) => body.effects(&asked.action)?,
            Body::Transfer(body) => body.effects(&asked.action)?,
            Body::Count(body) => body.effects(&asked.action, &asked.by)?,
        };
        self.steps = self.steps.saturating_add(1);
        let Asked { action, note, by } = asked;
        self.open = Some(Step { number: self.steps, action, at: now, by, note, effects });
        self.failures = Vec::new();
        self.changed(now);
        Ok(self)
    }

    /// Replaces a draft; of one that is under way, what people say of it and nothing else. `None` if
    /// it is so already.
    ///
    /// # Errors
    /// When it is neither, or its goods would change while they are under way.
    pub fn edit(mut self, draft: Draft, now: Timestamp) -> Result<Option<Self>, Refusal> {
        let known = self.body.clone();
        let is_accepted = match (&mut self.body, draft) {
            (Body::PurchaseOrder(body), Draft::PurchaseOrder(draft)) => body.edit(draft),
            (Body::Transfer(body), Draft::Transfer(draft)) => body.edit(draft),
            _ => false,
        };
        if !is_accepted || self.open.is_some() {
            let (status, allowed) = (self.status().to_owned(), self.allowed().to_vec());
            return Err(Refusal::State { status, allowed });
        }
        if self.body == known {
            return Ok(None);
        }
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
        Ok(Some(self))
    }

    /// The end of every change: a step of which nothing is owed is over.
    fn changed(&mut self, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
        if !owed(self).is_empty() {
            return;
        }
        let Some(step) = self.open.take() else {
            return;
        };
        match &mut self.body {
            Body::PurchaseOrder(body) => body.settle(&step),
            Body::Transfer(body) => body.settle(&step),
            Body::Count(body) => body.settle(&step),
        }
        self.failures = step.failures();
        self.history.push(step.past());
    }
}

#[cfg(test)]
mod saga_tests;
#[cfg(test)]
mod tests;
