//! An order to a supplier: announced when it is ordered, received in parts, closed short or called off.

use serde::{Deserialize, Serialize};

use super::receipt::{self, Receipt, ReceivedLine};
use super::step::{Action, ActionKind, Effect, Step, phases};
use super::{
    MAX_LINE_UNITS, MAX_NOTE_CHARACTERS, MAX_REFERENCE_CHARACTERS, OpenLine, OpenStage, Refusal,
};
use crate::domain::field_error::{Checks, FieldError};
use crate::domain::id::Sku;
use crate::domain::inventory::{LocationId, StockChange};
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::domain::supplier::SupplierId;
use crate::domain::time::Timestamp;

/// So many times what was ordered is believed to have come; more is most likely a slip of the pen.
const BELIEVED_TIMES: i64 = 10;

/// How far a purchase order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseOrderStatus {
    /// Nobody was asked for anything yet.
    Draft,
    /// The supplier has it.
    Ordered,
    /// Something came, and more will.
    PartiallyReceived,
    /// Everything came that will.
    Received,
    /// It was called off.
    Cancelled,
}

impl PurchaseOrderStatus {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::Ordered, Self::PartiallyReceived, Self::Received, Self::Cancelled];

    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Ordered => "ordered",
            Self::PartiallyReceived => "partially_received",
            Self::Received => "received",
            Self::Cancelled => "cancelled",
        }
    }

    /// What may follow.
    #[must_use]
    pub const fn allowed(self) -> &'static [ActionKind] {
        use ActionKind::{Cancel, Close, Order, Receive};
        match self {
            Self::Draft => &[Order, Cancel],
            Self::Ordered => &[Receive, Cancel],
            Self::PartiallyReceived => &[Receive, Close, Cancel],
            Self::Received | Self::Cancelled => &[],
        }
    }
}

/// Who thought of a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PurchaseOrderOrigin)]
pub enum Origin {
    /// A person or system with a key.
    #[default]
    Person,
    /// The job that sees what runs out.
    Proposal,
}

/// A purchase order as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseOrderDraft {
    /// From whom.
    pub supplier: SupplierId,
    /// Where the goods are to come.
    pub location: LocationId,
    /// Who thought of it.
    pub origin: Origin,
    /// The number of somebody else's papers, such as the supplier's.
    pub reference: Option<String>,
    /// What people say of it.
    pub note: Option<String>,
    /// When the goods are expected.
    pub expected_at: Option<Timestamp>,
    /// What is ordered: 1 to 500 SKUs.
    pub lines: Vec<PurchaseLineDraft>,
}

/// A line of a purchase order as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PurchaseLineDraft {
    /// Which SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    pub sku: Sku,
    /// Units.
    #[schema(minimum = 1, maximum = 1_000_000, example = 144)]
    pub quantity: i64,
    /// What one unit costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_cost: Option<Money>,
}

/// A purchase order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseOrder {
    /// How far it has come.
    pub status: PurchaseOrderStatus,
    /// From whom.
    pub supplier: SupplierId,
    /// Where the goods are to come.
    pub location: LocationId,
    /// Who thought of it.
    #[serde(default)]
    pub origin: Origin,
    /// The number of somebody else's papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What people say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the goods are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// When the supplier had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<Timestamp>,
    /// What is ordered.
    pub lines: Vec<PurchaseLine>,
    /// What came.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
}

/// A line of a purchase order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseLine {
    /// Which SKU.
    pub sku: Sku,
    /// Units ordered.
    pub quantity: i64,
    /// What one costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_cost: Option<Money>,
    /// Units that came and can be sold.
    #[serde(default)]
    pub received: i64,
    /// Units that came damaged.
    #[serde(default)]
    pub damaged: i64,
    /// Units that are announced at their SKU.
    #[serde(default)]
    pub announced: i64,
}

impl PurchaseLine {
    fn new(draft: PurchaseLineDraft) -> Self {
        let PurchaseLineDraft { sku, quantity, unit_cost } = draft;
        Self { sku, quantity, unit_cost, received: 0, damaged: 0, announced: 0 }
    }

    /// Units that came.
    #[must_use]
    pub const fn came(&self) -> i64 {
        self.received.saturating_add(self.damaged)
    }

    /// Units that did not come.
    #[must_use]
    pub fn missing(&self) -> i64 {
        self.quantity.saturating_sub(self.came()).max(0)
    }

    /// Units that came beyond what was ordered.
    #[must_use]
    pub fn over_received(&self) -> i64 {
        self.came().saturating_sub(self.quantity).max(0)
    }
}

impl PurchaseOrderDraft {
    /// What is wrong with it, by field.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        papers(&mut checks, self.reference.as_deref(), self.note.as_deref());
        let goods = self.lines.iter().map(|line| (&line.sku, line.quantity));
        receipt::check_goods(&mut checks, goods);
        let currency = self.lines.iter().find_map(|line| line.unit_cost).map(|cost| cost.currency);
        let mut total = 0_i64;
        for (index, line) in self.lines.iter().enumerate() {
            let Some(cost) = line.unit_cost else { continue };
            let pointer = format!("/lines/{index}/unit_cost");
            checks.require(cost.amount >= 0, &pointer, "must not be negative");
            let same = Some(cost.currency) == currency;
            checks.require(same, &pointer, "must be in one currency over all lines");
            total = total.saturating_add(cost.amount.saturating_mul(line.quantity));
        }
        checks.require(total <= MAX_AMOUNT_MINOR, "/lines", "cost more than can be handled");
        checks.finish()
    }

    pub(super) fn open(self) -> PurchaseOrder {
        PurchaseOrder {
            status: PurchaseOrderStatus::Draft,
            supplier: self.supplier,
            location: self.location,
            origin: self.origin,
            reference: self.reference,
            note: self.note,
            expected_at: self.expected_at,
            ordered_at: None,
            lines: self.lines.into_iter().map(PurchaseLine::new).collect(),
            receipts: Vec::new(),
        }
    }
}

/// Checks what people write on a document.
pub(super) fn papers(checks: &mut Checks, reference: Option<&str>, note: Option<&str>) {
    if let Some(reference) = reference {
        checks.line("/reference", reference, 1, MAX_REFERENCE_CHARACTERS);
    }
    if let Some(note) = note {
        checks.paragraphs("/note", note, MAX_NOTE_CHARACTERS);
    }
}

impl PurchaseOrder {
    /// What all that was ordered costs, if every line has a cost.
    #[must_use]
    pub fn total_cost(&self) -> Option<Money> {
        let mut total: Option<Money> = None;
        for line in &self.lines {
            let cost = line.unit_cost?;
            let amount = cost.amount.checked_mul(line.quantity)?;
            let known = total.map_or(0, |total| total.amount);
            total = Some(Money::new(known.checked_add(amount)?, cost.currency));
        }
        total
    }

    /// Replaces a draft, but for who thought of it. Of an order that the supplier has, the reference,
    /// the note and the date may change. Whether that was allowed.
    pub(super) fn edit(&mut self, draft: PurchaseOrderDraft) -> bool {
        let replaced = PurchaseOrderDraft { origin: self.origin, ..draft }.open();
        match self.status {
            PurchaseOrderStatus::Draft => *self = replaced,
            PurchaseOrderStatus::Ordered | PurchaseOrderStatus::PartiallyReceived => {
                let goods = |line: &PurchaseLine| PurchaseLine {
                    received: 0,
                    damaged: 0,
                    announced: 0,
                    ..line.clone()
                };
                let same = self.supplier == replaced.supplier
                    && self.location == replaced.location
                    && self.lines.iter().map(goods).eq(replaced.lines.iter().map(goods));
                if !same {
                    return false;
                }
                self.reference = replaced.reference;
                self.note = replaced.note;
                self.expected_at = replaced.expected_at;
            }
            PurchaseOrderStatus::Received | PurchaseOrderStatus::Cancelled => return false,
        }
        true
    }

    /// Units that are planned, or on their way.
    pub(super) fn open_lines(&self) -> Vec<OpenLine> {
        let stage = match self.status {
            PurchaseOrderStatus::Draft => OpenStage::Draft,
            PurchaseOrderStatus::Ordered | PurchaseOrderStatus::PartiallyReceived => {
                OpenStage::Expected
            }
            PurchaseOrderStatus::Received | PurchaseOrderStatus::Cancelled => return Vec::new(),
        };
        let open = self.lines.iter().filter(|line| line.missing() > 0);
        open.map(|line| OpenLine {
            sku: line.sku.clone(),
            location: self.location.clone(),
            stage,
            quantity: line.missing(),
        })
        .collect()
    }

    /// What an action asks of SKUs.
    pub(super) fn effects(&self, action: &Action) -> Result<Vec<Effect>, Refusal> {
        match action {
            Action::Order => Ok(self.announce(|line| line.quantity)),
            Action::Receive { lines, allow_over_receipt } => {
                self.receive(lines, *allow_over_receipt)
            }
            _ => Ok(self.announce(|line| line.announced.saturating_neg())),
        }
    }

    fn announce(&self, units: impl Fn(&PurchaseLine) -> i64) -> Vec<Effect> {
        let changes = self.lines.iter().enumerate().filter_map(|(index, line)| {
            let (location, quantity_delta) = (self.location.clone(), units(line));
            let change = StockChange::Expected { location, quantity_delta };
            (quantity_delta != 0).then(|| (index, line.sku.clone(), vec![change]))
        });
        phases(vec![changes.collect()])
    }

    fn receive(&self, sent: &[ReceivedLine], allows_over: bool) -> Result<Vec<Effect>, Refusal> {
        let of_line = |line: &PurchaseLine, came: &ReceivedLine| {
            let believed = line.quantity.saturating_mul(BELIEVED_TIMES);
            let most = if allows_over { MAX_LINE_UNITS.max(believed) } else { believed };
            let change = StockChange::Received {
                location: self.location.clone(),
                quantity: came.quantity,
                damaged: came.damaged,
                announced: came.came().min(line.announced),
            };
            (most.saturating_sub(line.came()).max(0), vec![change])
        };
        receipt::taken_in(sent, &self.receipts, &self.lines, |line| &line.sku, of_line)
    }

    /// Writes down what a step came to.
    pub(super) fn settle(&mut self, step: &Step) {
        match &step.action {
            Action::Receive { .. } => {
                for (came, announced) in receipt::booked(&mut self.receipts, step) {
                    let Some(line) = self.lines.get_mut(came.line) else { continue };
                    line.received = line.received.saturating_add(came.quantity);
                    line.damaged = line.damaged.saturating_add(came.damaged);
                    line.announced = line.announced.saturating_sub(announced);
                }
                if self.lines.iter().all(|line| line.missing() == 0) {
                    self.status = PurchaseOrderStatus::Received;
                } else if self.lines.iter().any(|line| line.came() > 0) {
                    self.status = PurchaseOrderStatus::PartiallyReceived;
                }
            }
            action => {
                for effect in step.lasting() {
                    let Some(line) = self.lines.get_mut(effect.line) else { continue };
                    for change in &effect.changes {
                        if let StockChange::Expected { quantity_delta, .. } = change {
                            line.announced = line.announced.saturating_add(*quantity_delta);
                        }
                    }
                }
                match action {
                    Action::Order => {
                        self.status = PurchaseOrderStatus::Ordered;
                        self.ordered_at = Some(step.at);
                    }
                    Action::Close => self.status = PurchaseOrderStatus::Received,
                    _ => self.status = PurchaseOrderStatus::Cancelled,
                }
            }
        }
    }
}
