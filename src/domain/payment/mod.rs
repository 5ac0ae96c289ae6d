//! A payment: what its gateway reports about it, and the append-only ledger of operations that is
//! folded into an order's `payment_status`.
//!
//! Every road by which news of a payment reaches us (the reply to our call, a webhook, a poll) ends
//! in one [`PaymentReport`], and [`Payment::absorb`] is the one function that takes it. It keeps the
//! report that is furthest along, so duplicates and disorder end in the same state. What may be asked
//! of a payment next is one table, [`follow`].

mod absorb;
pub mod follow;
mod ledger;
mod movements;
mod operation;
mod report;
mod rules;
mod status;

pub use absorb::{Absorbed, IntegrityFailure};
pub use ledger::{ExpiryWatch, Payment, Question};
pub use operation::{Operation, OperationKind, OperationResult, Origin};
pub use report::{
    BuyerAction, CallFailure, CallResult, CaptureMode, CapturedPart, Decline, Gateway,
    MovementReport, MovementState, PaymentReport, ReportedState,
};
pub use rules::{MovementRefusal, RefundPart};
pub use status::PaymentStatus;
