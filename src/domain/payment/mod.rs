//! A payment: what its gateway reports about it, and the append-only ledger of operations that is
//! folded into an order's `payment_status`.
//!
//! Every road by which news of a payment reaches us (the reply to our call, a webhook, a poll) ends
//! in one [`PaymentReport`], and [`Payment::absorb`] is the one function that takes it. It keeps the
//! report that is furthest along, so duplicates and disorder end in the same state.

mod ledger;
mod report;

pub use ledger::{
    Absorbed, IntegrityFailure, Operation, OperationKind, OperationResult, Payment, PaymentStatus,
};
pub use report::{
    BuyerAction, CallFailure, CallResult, CaptureMode, CapturedPart, Decline, Gateway,
    MovementReport, MovementState, PaymentReport, ReportedState,
};
