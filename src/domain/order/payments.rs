//! An order's payments: the one that counts, and those that were tried before it.

use super::{Order, Refund};
use crate::domain::id::{OperationId, Sku};
use crate::domain::payment::{
    Gateway, MovementRefusal, OperationKind, OperationResult, Payment, PaymentReport,
};

impl Order {
    /// Every payment: the current one first, then the earlier attempts, newest last.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payment.iter().chain(&self.earlier_payments)
    }

    /// Every payment, to be changed.
    pub fn payments_mut(&mut self) -> impl Iterator<Item = &mut Payment> {
        self.payment.iter_mut().chain(&mut self.earlier_payments)
    }

    /// The payment to which an operation belongs.
    #[must_use]
    pub fn payment_of(&self, operation: OperationId) -> Option<&Payment> {
        self.payments().find(|payment| payment.operation(operation).is_some())
    }

    /// The payment that a gateway knows by this reference.
    #[must_use]
    pub fn payment_at(&self, reference: &str) -> Option<&Payment> {
        self.payments().find(|payment| payment.reference() == Some(reference))
    }

    /// The payment that a report is about: by its reference, else by the operation that started it;
    /// the current one if neither is known.
    ///
    /// `gateway` is who said it, where that is certain: another gateway's payment is never meant.
    pub fn payment_for(
        &mut self,
        report: &PaymentReport,
        gateway: Option<Gateway>,
    ) -> Option<&mut Payment> {
        let by_reference = self.payments().position(|p| p.reference() == Some(&report.reference));
        let by_operation = || {
            let id = report.operation_id?;
            self.payments().position(|p| p.operation(id).is_some())
        };
        let by_gateway =
            || self.payments().position(|p| gateway.is_none_or(|gateway| p.gateway == gateway));
        let at = by_reference.or_else(by_operation).or_else(by_gateway)?;
        self.payments_mut().nth(at)
    }

    /// The payment that news of movements is about: by the reference, else by an operation of ours; the
    /// current one if neither is known.
    pub fn payment_for_movements(
        &mut self,
        reference: &str,
        operations: &[OperationId],
        gateway: Gateway,
    ) -> Option<&mut Payment> {
        let by_reference = self.payments().position(|p| p.reference() == Some(reference));
        let by_operation =
            || self.payments().position(|p| operations.iter().any(|id| p.operation(*id).is_some()));
        let by_gateway = || self.payments().position(|p| p.gateway == gateway);
        let at = by_reference.or_else(by_operation).or_else(by_gateway)?;
        self.payments_mut().nth(at)
    }

    /// Whether another attempt to pay may be made now.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn check_retry(&self) -> Result<(), MovementRefusal> {
        if self.status != super::OrderStatus::Open || self.closing.is_some() {
            return Err(MovementRefusal::OrderClosed);
        }
        let nothing = MovementRefusal::NothingTo { kind: OperationKind::Authorize };
        let payment = self.payment.as_ref().ok_or(nothing)?;
        payment.may_follow(OperationKind::Authorize)
    }

    /// Units of a line that were sold and for which nothing was given back.
    #[must_use]
    pub fn refundable_units(&self, sku: &Sku) -> u32 {
        let sold = self.cart.lines.iter().filter(|line| line.sku == *sku).map(|l| l.quantity);
        let sold = sold.fold(0_u32, u32::saturating_add);
        let back = self.live_refunds().flat_map(|refund| &refund.lines);
        let back = back.filter(|line| line.sku == *sku).map(|line| line.quantity);
        sold.saturating_sub(back.fold(0, u32::saturating_add))
    }

    /// Minor units of shipping, tax included, that were not given back.
    #[must_use]
    pub fn refundable_shipping_minor(&self) -> i64 {
        let back = self.live_refunds().map(|refund| refund.shipping_minor);
        let back = back.fold(0, i64::saturating_add);
        self.cart.shipping.total_minor.saturating_sub(back).max(0)
    }

    /// The refunds of which some money has gone back or may still.
    pub fn live_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| !self.has_failed(refund))
    }

    /// Where a refund's money is: unknown or under way if some part is, else done if some part is.
    #[must_use]
    pub fn refund_result(&self, refund: &Refund) -> OperationResult {
        use OperationResult::{ActionRequired, Failed, Requested, Succeeded, Unknown};
        let operations = self.payments().flat_map(|payment| &payment.operations);
        let results: Vec<_> = operations
            .filter(|operation| operation.refund_id == Some(refund.id))
            .map(|operation| operation.result)
            .collect();
        let telling = [Unknown, Requested, ActionRequired, Succeeded];
        telling.into_iter().find(|result| results.contains(result)).unwrap_or(Failed)
    }

    /// Whether every part of a refund has failed.
    #[must_use]
    pub fn has_failed(&self, refund: &Refund) -> bool {
        let mut parts = self
            .payments()
            .flat_map(|payment| &payment.operations)
            .filter(|operation| operation.refund_id == Some(refund.id))
            .peekable();
        parts.peek().is_some() && parts.all(|part| part.result == OperationResult::Failed)
    }
}
