//! Refunds in the world: a merchant asks for parts of what was paid, the gateway keeps its own books of what
//! it gave back, and requests and answers are lost like all others.

use cartwright::domain::id::OperationId;
use cartwright::domain::money::Money;
use cartwright::domain::payment::{MovementReport, MovementState, OperationKind};
use cartwright::domain::time::Timestamp;
use cartwright::flows::advance::Input;
use cartwright::flows::movements::{Capabilities, MovementAsk, RefundOf, request};
use cartwright::flows::owed::Effect;
use uuid::Uuid;

use super::shop::Shopping;

const EVERYTHING: Capabilities =
    Capabilities { capture: true, capture_in_parts: true, void: true, refund: true };

impl Shopping {
    /// Whether the gateway has taken money that can go back.
    pub fn is_captured(&self) -> bool {
        self.gateway.as_ref().is_some_and(|report| report.captured_minor > 0)
    }

    /// A merchant asks for money to be given back. Whether that was accepted.
    pub fn ask_refund(&mut self, amount_minor: i64, now: Timestamp) -> bool {
        let next_id = &mut self.next_id;
        let mut fresh = || {
            *next_id += 1;
            Uuid::from_u128(*next_id)
        };
        let ask = MovementAsk::Refund { of: RefundOf::Amount { amount_minor }, reason: None };
        let asked = request(&mut self.order, &ask, EVERYTHING, now, &mut fresh).is_ok();
        assert_eq!(self.order.check(), Ok(()), "{:#?}", self.order);
        asked
    }

    /// The gateway gives money back, once per key, and never more than it took.
    pub fn refund(&mut self, operation: OperationId, now: Timestamp) -> Input {
        let payment = self.order.payment_of(operation).unwrap();
        let amount = payment.operation(operation).unwrap().amount_minor;
        let amount = *self.given_back.entry(operation).or_insert(amount);
        let given: i64 = self.given_back.values().sum();
        let taken = self.gateway.as_ref().map_or(0, |report| report.captured_minor);
        assert!(given <= taken, "more is given back than was taken: {:#?}", self.order);
        let report = MovementReport {
            kind: OperationKind::Refund,
            reference: format!("re_{operation}"),
            operation_id: Some(operation),
            amount: Money::new(amount, self.order.cart.currency),
            state: MovementState::Succeeded,
            occurred_at: now,
            reason: None,
            respond_by: None,
        };
        Input::Refunded { operation, result: Ok(report) }
    }

    /// The order's books of what was given back are the gateway's.
    pub fn check_refunds(&self) {
        let given: i64 = self.given_back.values().sum();
        let refunded: i64 =
            self.order.payments().map(|one| one.succeeded_minor(OperationKind::Refund)).sum();
        assert_eq!(refunded, given, "refunds are not the gateway's: {:#?}", self.order);
        let noted: i64 = self.order.refunds.iter().map(|refund| refund.amount_minor).sum();
        assert_eq!(noted, given, "refunds that never were: {:#?}", self.order);
    }
}

/// The operation of an effect that gives money back.
pub const fn refund_of(effect: &Effect) -> Option<OperationId> {
    match effect {
        Effect::Refund { operation }
        | Effect::RecoverRefund { operation }
        | Effect::FindRefund { operation } => Some(*operation),
        _ => None,
    }
}
