//! A gateway's own books, as pages of money that moved.

use serde::{Deserialize, Serialize};

use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::Money;
use crate::domain::payment::OperationKind;
use crate::domain::time::Timestamp;

/// A span of time, from its first moment to before its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// One movement of money as the gateway's own books list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedMovement {
    /// `Capture` (money in), `Refund` or `Chargeback` (lost or under way).
    pub kind: OperationKind,
    /// The gateway's identity of the payment, as [`PaymentReport::reference`] has it, if it says.
    pub payment_reference: Option<String>,
    /// The gateway's identity of this movement, unique in its books.
    pub movement_reference: String,
    /// The order, if the gateway says.
    pub order_id: Option<OrderId>,
    /// For refunds of ours: the operation, if the gateway says.
    pub operation_id: Option<OperationId>,
    /// How much, never negative.
    pub amount: Money,
    /// When, by the gateway's clock.
    pub occurred_at: Timestamp,
}

/// A page of the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPage {
    /// What is on it; only money that moved.
    pub entries: Vec<ListedMovement>,
    /// What to ask for the next page with; `None` on the last.
    pub next: Option<String>,
}
