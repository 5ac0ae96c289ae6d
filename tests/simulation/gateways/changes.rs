//! What can be asked of a gateway, what comes of it, and why it may be refused.

use super::books::Origin;

/// What happened to a payment, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Created,
    NeedsBuyer,
    Processing,
    Held,
    Taken,
    Declined,
    Cancelled,
    RefundMade(usize),
    RefundSettled(usize),
    Disputed(usize),
    DisputeDecided(usize),
}

/// Why a change is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    Missing,
    State,
    TooMuch,
    Currency,
    Disputed,
    AlreadyRefunded,
}

/// What a refund is asked for with.
#[derive(Debug, Clone)]
pub struct Wish {
    pub reference: String,
    /// The attempt whose money it is; without one, the first that has some left.
    pub charge: Option<String>,
    /// Without one, all that is left.
    pub amount_minor: Option<i64>,
    pub currency: Option<String>,
    pub origin: Origin,
    pub order_id: Option<String>,
    pub reason: Option<String>,
}
