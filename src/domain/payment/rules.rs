//! What may be asked of a payment now, and how much: the table of `follow.rs`, and amounts.

use serde::{Deserialize, Serialize};

use super::follow::{Follow, Obstacle, follow};
use super::ledger::Payment;
use super::operation::{Operation, OperationKind, OperationResult};
use super::report::{CapturedPart, ReportedState};
use crate::domain::money::sum_minor;

/// Why a movement of money is refused. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum MovementRefusal {
    /// Another operation stands in the way.
    #[error("another operation of this payment stands in the way: {obstacle:?}")]
    InTheWay {
        /// How.
        obstacle: Obstacle,
    },
    /// There is nothing that it could follow: no money is held, or none was taken.
    #[error("there is nothing to {kind:?} in this payment")]
    NothingTo {
        /// What was asked.
        kind: OperationKind,
    },
    /// More than there is.
    #[error("at most {available_minor} minor units are left")]
    TooMuch {
        /// Minor units that could be moved.
        available_minor: i64,
    },
    /// The gateway does not offer it.
    #[error("the gateway does not offer this: {capability}")]
    NotSupported {
        /// What is missing.
        capability: String,
    },
    /// The order is not in a state for this.
    #[error("the order is not open")]
    OrderClosed,
    /// A refund names more of a line than was sold and not yet given back.
    #[error("only {available} units of {sku} are left to give back")]
    TooManyUnits {
        /// The line's SKU.
        sku: String,
        /// Units that could be given back.
        available: u32,
    },
}

/// One part of a refund: what is given back of one capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPart {
    /// The capture, where the gateway wants it named.
    pub capture_reference: Option<String>,
    /// Minor units.
    pub amount_minor: i64,
}

impl Payment {
    /// Whether an operation of this kind may be asked for now, whatever its amount.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn may_follow(&self, next: OperationKind) -> Result<(), MovementRefusal> {
        let mut enabled = self.operations.is_empty() && next == OperationKind::Authorize;
        for operation in &self.operations {
            match follow(operation.kind, operation.result, next) {
                Follow::Enables => enabled = true,
                Follow::Neutral => {}
                Follow::Forbids(obstacle) => return Err(MovementRefusal::InTheWay { obstacle }),
            }
        }
        if enabled { Ok(()) } else { Err(MovementRefusal::NothingTo { kind: next }) }
    }

    /// Minor units that are held and not taken.
    #[must_use]
    pub fn capturable_minor(&self) -> i64 {
        let held = self.report.as_ref().is_some_and(|r| r.state == ReportedState::Authorized);
        let taken = self.succeeded_minor(OperationKind::Capture);
        if held { self.asked.amount.saturating_sub(taken).max(0) } else { 0 }
    }

    /// Whether this much may be captured now.
    ///
    /// # Errors
    /// What stands in the way, or how much there is.
    pub fn check_capture(&self, amount_minor: i64) -> Result<(), MovementRefusal> {
        self.may_follow(OperationKind::Capture)?;
        at_most(amount_minor, self.capturable_minor(), OperationKind::Capture)
    }

    /// Whether the payment, or what is left of it, may be called off now.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn check_void(&self) -> Result<(), MovementRefusal> {
        self.may_follow(OperationKind::Void)?;
        if self.is_over() {
            return Err(MovementRefusal::NothingTo { kind: OperationKind::Void });
        }
        Ok(())
    }

    /// Minor units that were taken and neither given back, nor on their way back, nor contested.
    #[must_use]
    pub fn refundable_minor(&self) -> i64 {
        let leaving = self.operations.iter().filter(|o| takes_away(o)).map(|o| o.amount_minor);
        let leaving = sum_minor(leaving).unwrap_or(i64::MAX);
        self.succeeded_minor(OperationKind::Capture).saturating_sub(leaving).max(0)
    }

    /// Whether this much may be refunded now.
    ///
    /// # Errors
    /// What stands in the way, or how much there is.
    pub fn check_refund(&self, amount_minor: i64) -> Result<(), MovementRefusal> {
        self.may_follow(OperationKind::Refund)?;
        at_most(amount_minor, self.refundable_minor(), OperationKind::Refund)
    }

    /// Which captures a refund gives back: one part where the gateway needs none named or one capture
    /// has enough left, else the oldest captures first.
    #[must_use]
    pub fn refund_parts(&self, amount_minor: i64) -> Vec<RefundPart> {
        let captures = self.report.as_ref().map_or(&[][..], |report| report.captures.as_slice());
        let left: Vec<(&CapturedPart, i64)> =
            captures.iter().map(|part| (part, self.left_of(part))).collect();
        let part = |of: &CapturedPart, amount_minor| RefundPart {
            capture_reference: Some(of.reference.clone()),
            amount_minor,
        };
        if let Some((whole, _)) = left.iter().find(|(_, left)| *left >= amount_minor) {
            return vec![part(whole, amount_minor)];
        }
        let mut wanted = amount_minor;
        let mut parts = Vec::new();
        for (of, left) in left {
            let take = left.min(wanted);
            if take > 0 {
                wanted = wanted.saturating_sub(take);
                parts.push(part(of, take));
            }
        }
        if wanted > 0 {
            parts.push(RefundPart { capture_reference: None, amount_minor: wanted });
        }
        parts
    }

    fn left_of(&self, part: &CapturedPart) -> i64 {
        let given_back = self.operations.iter().filter(|operation| {
            takes_away(operation) && operation.capture_reference.as_ref() == Some(&part.reference)
        });
        let given_back = sum_minor(given_back.map(|o| o.amount_minor)).unwrap_or(i64::MAX);
        part.amount_minor.saturating_sub(given_back).max(0)
    }
}

/// Whether an operation takes from what was captured, now or as far as anyone knows.
fn takes_away(operation: &Operation) -> bool {
    matches!(operation.kind, OperationKind::Refund | OperationKind::Chargeback)
        && operation.result != OperationResult::Failed
}

const fn at_most(
    amount_minor: i64,
    available_minor: i64,
    kind: OperationKind,
) -> Result<(), MovementRefusal> {
    if available_minor <= 0 {
        return Err(MovementRefusal::NothingTo { kind });
    }
    if amount_minor > available_minor {
        return Err(MovementRefusal::TooMuch { available_minor });
    }
    Ok(())
}
