//! Goods on their way from one location to another. Shipping is for all lines or for none: units that
//! orders hold at the source stay there. What is lost on the way is written off where it came from, so
//! that a SKU's transfers always come to nothing in the end.

use serde::{Deserialize, Serialize};

use super::purchase_order::papers;
use super::receipt::{self, Receipt, ReceivedLine};
use super::step::{Action, ActionKind, Effect, Step, phases};
use super::{OpenLine, OpenStage, Refusal};
use crate::domain::field_error::{Checks, FieldError};
use crate::domain::id::Sku;
use crate::domain::inventory::{LocationId, StockChange};
use crate::domain::time::Timestamp;

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferStatus {
    /// Nothing has moved.
    Draft,
    /// The goods have left.
    InTransit,
    /// Something came, and more will.
    PartiallyReceived,
    /// Everything came that will.
    Received,
    /// It was called off, or everything came back.
    Cancelled,
}

impl TransferStatus {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::InTransit, Self::PartiallyReceived, Self::Received, Self::Cancelled];

    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InTransit => "in_transit",
            Self::PartiallyReceived => "partially_received",
            Self::Received => "received",
            Self::Cancelled => "cancelled",
        }
    }

    /// What may follow.
    #[must_use]
    pub const fn allowed(self) -> &'static [ActionKind] {
        use ActionKind::{Cancel, Close, Receive, ReturnToSource, Ship};
        match self {
            Self::Draft => &[Ship, Cancel],
            Self::InTransit | Self::PartiallyReceived => &[Receive, Close, ReturnToSource],
            Self::Received | Self::Cancelled => &[],
        }
    }
}

/// A transfer as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferDraft {
    /// Where the goods are.
    pub from: LocationId,
    /// Where they are to go.
    pub to: LocationId,
    /// The number of somebody else's papers, such as the carrier's.
    pub reference: Option<String>,
    /// What people say of it.
    pub note: Option<String>,
    /// When the goods are expected.
    pub expected_at: Option<Timestamp>,
    /// What moves: 1 to 500 SKUs.
    pub lines: Vec<TransferLineDraft>,
}

/// A line of a transfer as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferLineDraft {
    /// Which SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    pub sku: Sku,
    /// Units.
    #[schema(minimum = 1, maximum = 1_000_000, example = 12)]
    pub quantity: i64,
}

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// How far it has come.
    pub status: TransferStatus,
    /// Where the goods were.
    pub from: LocationId,
    /// Where they go.
    pub to: LocationId,
    /// The number of somebody else's papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What people say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the goods are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// When they left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped_at: Option<Timestamp>,
    /// What moves.
    pub lines: Vec<TransferLine>,
    /// What came.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
}

/// A line of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferLine {
    /// Which SKU.
    pub sku: Sku,
    /// Units that are to move.
    pub quantity: i64,
    /// Units that left.
    #[serde(default)]
    pub shipped: i64,
    /// Units that came and can be sold.
    #[serde(default)]
    pub received: i64,
    /// Units that came damaged.
    #[serde(default)]
    pub damaged: i64,
    /// Units that came back to where they were.
    #[serde(default)]
    pub returned: i64,
    /// Units that are lost.
    #[serde(default)]
    pub lost: i64,
}

impl TransferLine {
    fn new(draft: TransferLineDraft) -> Self {
        let TransferLineDraft { sku, quantity } = draft;
        Self { sku, quantity, shipped: 0, received: 0, damaged: 0, returned: 0, lost: 0 }
    }

    /// Units that came.
    #[must_use]
    pub const fn came(&self) -> i64 {
        self.received.saturating_add(self.damaged)
    }

    /// Units that are on their way.
    #[must_use]
    pub fn under_way(&self) -> i64 {
        let gone = self.came().saturating_add(self.returned).saturating_add(self.lost);
        self.shipped.saturating_sub(gone).max(0)
    }
}

impl TransferDraft {
    /// What is wrong with it, by field.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        papers(&mut checks, self.reference.as_deref(), self.note.as_deref());
        checks.require(self.from != self.to, "/to", "must be another location than from");
        let goods = self.lines.iter().map(|line| (&line.sku, line.quantity));
        receipt::check_goods(&mut checks, goods);
        checks.finish()
    }

    pub(super) fn open(self) -> Transfer {
        Transfer {
            status: TransferStatus::Draft,
            from: self.from,
            to: self.to,
            reference: self.reference,
            note: self.note,
            expected_at: self.expected_at,
            shipped_at: None,
            lines: self.lines.into_iter().map(TransferLine::new).collect(),
            receipts: Vec::new(),
        }
    }
}

impl Transfer {
    /// Replaces a draft. Of one under way, the reference, the note and the date may change. Whether
    /// that was allowed.
    pub(super) fn edit(&mut self, draft: TransferDraft) -> bool {
        let replaced = draft.open();
        match self.status {
            TransferStatus::Draft => *self = replaced,
            TransferStatus::InTransit | TransferStatus::PartiallyReceived => {
                let goods = |line: &TransferLine| (line.sku.clone(), line.quantity);
                let same = (&self.from, &self.to) == (&replaced.from, &replaced.to)
                    && self.lines.iter().map(goods).eq(replaced.lines.iter().map(goods));
                if !same {
                    return false;
                }
                self.reference = replaced.reference;
                self.note = replaced.note;
                self.expected_at = replaced.expected_at;
            }
            TransferStatus::Received | TransferStatus::Cancelled => return false,
        }
        true
    }

    /// Units that are planned, or on their way.
    pub(super) fn open_lines(&self) -> Vec<OpenLine> {
        let is_draft = self.status == TransferStatus::Draft;
        let stage = if is_draft { OpenStage::Draft } else { OpenStage::Expected };
        let units = |line: &TransferLine| match self.status {
            TransferStatus::Draft => line.quantity,
            TransferStatus::InTransit | TransferStatus::PartiallyReceived => line.under_way(),
            TransferStatus::Received | TransferStatus::Cancelled => 0,
        };
        let open = self.lines.iter().map(|line| OpenLine {
            sku: line.sku.clone(),
            location: self.to.clone(),
            stage,
            quantity: units(line),
        });
        open.filter(|line| line.quantity > 0).collect()
    }

    /// What an action asks of SKUs.
    pub(super) fn effects(&self, action: &Action) -> Result<Vec<Effect>, Refusal> {
        match action {
            Action::Ship => Ok(self.of_lines(|line| line.quantity, Self::ship)),
            Action::Receive { lines, .. } => self.receive(lines),
            Action::Close => Ok(self.of_lines(TransferLine::under_way, Self::lose)),
            Action::ReturnToSource => Ok(self.of_lines(TransferLine::under_way, Self::bring_back)),
            _ => Ok(Vec::new()),
        }
    }

    fn of_lines(
        &self,
        units: fn(&TransferLine) -> i64,
        changes: fn(&Self, i64) -> Vec<StockChange>,
    ) -> Vec<Effect> {
        let of_line = |(index, line): (usize, &TransferLine)| {
            let units = units(line);
            (units > 0).then(|| (index, line.sku.clone(), changes(self, units)))
        };
        phases(vec![self.lines.iter().enumerate().filter_map(of_line).collect()])
    }

    /// Units leave the source and are announced where they go.
    fn ship(&self, quantity: i64) -> Vec<StockChange> {
        vec![StockChange::Sent { location: self.from.clone(), quantity }, self.expected(quantity)]
    }

    /// Units come back to the source.
    fn bring_back(&self, quantity: i64) -> Vec<StockChange> {
        let location = self.from.clone();
        vec![
            self.expected(quantity.saturating_neg()),
            StockChange::Arrived { location, quantity, damaged: 0, announced: 0 },
        ]
    }

    /// Units never come: at the source they are booked back and written off at once.
    fn lose(&self, quantity: i64) -> Vec<StockChange> {
        let mut changes = self.bring_back(quantity);
        let quantity_delta = quantity.saturating_neg();
        changes.push(StockChange::Adjusted { location: self.from.clone(), quantity_delta });
        changes
    }

    /// Units arrive, all of them fit for sale as they left, and turn out to be damaged there.
    fn arrive(&self, came: &ReceivedLine) -> Vec<StockChange> {
        let (location, units) = (self.to.clone(), came.came());
        vec![
            StockChange::Arrived { location, quantity: units, damaged: 0, announced: units },
            StockChange::Damaged { location: self.to.clone(), quantity_delta: came.damaged },
        ]
    }

    fn expected(&self, quantity_delta: i64) -> StockChange {
        StockChange::Expected { location: self.to.clone(), quantity_delta }
    }

    fn receive(&self, sent: &[ReceivedLine]) -> Result<Vec<Effect>, Refusal> {
        let of_line =
            |line: &TransferLine, came: &ReceivedLine| (line.under_way(), self.arrive(came));
        receipt::taken_in(sent, &self.receipts, &self.lines, |line| &line.sku, of_line)
    }

    /// Writes down what a step came to.
    pub(super) fn settle(&mut self, step: &Step) {
        if let Action::Receive { .. } = step.action {
            for (came, _) in receipt::booked(&mut self.receipts, step) {
                let Some(line) = self.lines.get_mut(came.line) else { continue };
                line.received = line.received.saturating_add(came.quantity);
                line.damaged = line.damaged.saturating_add(came.damaged);
            }
        }
        for effect in step.lasting() {
            let Some(line) = self.lines.get_mut(effect.line) else { continue };
            let rest = line.under_way();
            match step.action {
                Action::Ship => line.shipped = line.quantity,
                Action::Close => line.lost = line.lost.saturating_add(rest),
                Action::ReturnToSource => line.returned = line.returned.saturating_add(rest),
                _ => {}
            }
        }
        self.status = self.status_after(step);
        if step.action == Action::Ship && self.status == TransferStatus::InTransit {
            self.shipped_at = Some(step.at);
        }
    }

    fn status_after(&self, step: &Step) -> TransferStatus {
        let any = |units: fn(&TransferLine) -> i64| self.lines.iter().any(|line| units(line) > 0);
        if let Action::Cancel = step.action {
            return TransferStatus::Cancelled;
        }
        if !any(|line| line.shipped) {
            return TransferStatus::Draft;
        }
        let (came, is_under_way) = (any(TransferLine::came), any(TransferLine::under_way));
        match (came, is_under_way) {
            (false, true) => TransferStatus::InTransit,
            (true, true) => TransferStatus::PartiallyReceived,
            (false, false) if !any(|line| line.lost) => TransferStatus::Cancelled,
            (_, false) => TransferStatus::Received,
        }
    }
}
