//! Calls to the gateways: an effect goes out, an input comes back.

use crate::domain::id::OperationId;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::payment::{
    CallFailure, CallResult, Operation, Payment, PaymentReport, ReportedState,
};
use crate::flows::advance::Input;
use crate::flows::movements::Capabilities;
use crate::flows::owed::Effect;
use crate::flows::schedule::SEARCH_PROVES_AFTER_MILLISECONDS;
use crate::objects::gateway_call;
use crate::providers::payment::contract::{
    AuthorizeAsk, BuildError, Call, CaptureAsk, KnownPayment, PaymentGateway, Recovery, RefundAsk,
    RefundRecovery, Refunding, VoidAsk,
};
use crate::providers::payment::registry;
use crate::runtime::clock::now;
use crate::runtime::platform::Platform;

/// Performs an effect that speaks to a gateway. None for any other.
pub async fn perform(platform: &Platform, order: &Order, effect: &Effect) -> Option<Input> {
    let payment = payment_of(order, effect)?;
    let Some(gateway) = registry::gateway(&platform.settings().payments, payment.gateway) else {
        let reason = format!("{} is not set up", payment.gateway.name());
        return not_sent(payment, effect, reason);
    };
    let caller = Caller { platform, gateway: gateway.as_ref(), order, payment };
    caller.perform(effect).await
}

/// What a payment's gateway offers; nothing if it is not set up.
pub fn capabilities(platform: &Platform, payment: &Payment) -> Capabilities {
    let gateway = registry::gateway(&platform.settings().payments, payment.gateway);
    let capturing = gateway.as_ref().and_then(|gateway| gateway.capturing());
    Capabilities {
        capture: capturing.is_some(),
        capture_in_parts: capturing.is_some_and(|capturing| capturing.in_parts()),
        void: gateway.as_ref().is_some_and(|gateway| gateway.voiding().is_some()),
        refund: gateway.as_ref().is_some_and(|gateway| gateway.refunding().is_some()),
    }
}

/// The payment that an effect is about.
fn payment_of<'a>(order: &'a Order, effect: &Effect) -> Option<&'a Payment> {
    match effect {
        Effect::Authorize { operation }
        | Effect::Recover { operation, .. }
        | Effect::Find { operation, .. }
        | Effect::Complete { operation }
        | Effect::Capture { operation, .. }
        | Effect::Void { operation, .. }
        | Effect::Refund { operation }
        | Effect::RecoverRefund { operation }
        | Effect::FindRefund { operation } => order.payment_of(*operation),
        Effect::Retrieve { reference } | Effect::RetrieveBeside { reference, .. } => {
            order.payment_at(reference)
        }
        Effect::Reserve { .. }
        | Effect::Commit { .. }
        | Effect::Release { .. }
        | Effect::Restock(_)
        | Effect::NumberInvoice { .. }
        | Effect::NumberCreditNote { .. }
        | Effect::CancelCreditNote { .. } => None,
    }
}

const fn told(operation: OperationId, result: CallResult) -> Input {
    Input::Gateway { operation, result }
}

fn not_sent(payment: &Payment, effect: &Effect, reason: String) -> Option<Input> {
    match effect {
        Effect::Authorize { operation }
        | Effect::Capture { operation, .. }
        | Effect::Void { operation, .. } => {
            Some(told(*operation, Err(CallFailure::NotSent { reason })))
        }
        Effect::Refund { operation } => Some(Input::Refunded {
            operation: *operation,
            result: Err(CallFailure::NotSent { reason }),
        }),
        // The gateway may have been set up when it was asked: the outcome stays unknown.
        Effect::RecoverRefund { operation } => Some(Input::Refunded {
            operation: *operation,
            result: Err(CallFailure::Unknown { reason }),
        }),
        Effect::Recover { operation, .. }
        | Effect::Find { operation, .. }
        | Effect::Complete { operation } => {
            Some(told(*operation, Err(CallFailure::Unknown { reason })))
        }
        Effect::RetrieveBeside { reference, raised_at } => {
            let (reference, raised_at) = (reference.clone(), *raised_at);
            let result = Err(CallFailure::NotSent { reason });
            Some(Input::ReportBeside { reference, raised_at, result })
        }
        Effect::Retrieve { .. } | Effect::FindRefund { .. } => {
            payment.authorize_operation().map(|operation| Input::NotTold(operation.id))
        }
        _ => None,
    }
}

struct Caller<'a> {
    platform: &'a Platform,
    gateway: &'a dyn PaymentGateway,
    order: &'a Order,
    payment: &'a Payment,
}

impl Caller<'_> {
    async fn perform(&self, effect: &Effect) -> Option<Input> {
        match effect {
            Effect::Authorize { operation } => {
                let call = self.gateway.authorize(&self.ask(*operation));
                Some(told(*operation, self.or_asked(None, self.send(call).await).await))
            }
            Effect::Recover { operation, asked_at } => {
                let age = now().milliseconds_since(*asked_at);
                Some(self.recover(*operation, age).await)
            }
            Effect::Find { operation, asked_at } => {
                let age = now().milliseconds_since(*asked_at);
                Some(self.find(*operation, age).await)
            }
            Effect::Retrieve { reference } => match self.retrieve(reference).await {
                Ok(report) => Some(Input::Report(report)),
                Err(_) => self.payment.authorize_operation().map(|o| Input::NotTold(o.id)),
            },
            Effect::RetrieveBeside { reference, raised_at } => {
                let result = self.retrieve(reference).await;
                let (reference, raised_at) = (reference.clone(), *raised_at);
                Some(Input::ReportBeside { reference, raised_at, result })
            }
            Effect::Complete { operation } => {
                Some(told(*operation, self.complete(*operation).await))
            }
            Effect::Capture { operation, reference, .. } => {
                Some(told(*operation, self.capture(*operation, reference).await))
            }
            Effect::Void { operation, reference } => {
                Some(told(*operation, self.void(*operation, reference).await))
            }
            Effect::Refund { operation } => self.refund(*operation).await,
            Effect::RecoverRefund { operation } => self.recover_refund(*operation).await,
            Effect::FindRefund { operation } => self.find_refund(*operation).await,
            _ => None,
        }
    }

    /// Built from what the order stores, so that it is the same however often it is sent.
    fn ask(&self, operation: OperationId) -> AuthorizeAsk {
        let billing = self.order.billing_address.as_ref();
        AuthorizeAsk {
            operation_id: operation,
            order_id: self.order.id,
            amount: self.payment.asked,
            capture: self.payment.capture_mode,
            method: self.payment.method.clone(),
            return_url: self.payment.return_url.clone(),
            email: Some(self.order.email.as_str().to_owned()),
            description: Some(format!("Order {}", self.order.id)),
            statement_descriptor: self.payment.statement_descriptor.clone(),
            billing: Some(billing.unwrap_or(&self.order.shipping_address).clone()),
        }
    }

    fn known(&self, reference: &str) -> KnownPayment {
        known(self.order, self.payment, reference)
    }

    async fn send<T>(&self, call: Result<Call<T>, BuildError>) -> Result<T, CallFailure> {
        gateway_call::perform(self.platform, self.gateway, call).await
    }

    async fn retrieve(&self, reference: &str) -> CallResult {
        self.send(self.gateway.retrieve(&self.known(reference))).await
    }

    /// Where the gateway says that the payment is past what was asked, it is asked where it stands.
    async fn or_asked(&self, reference: Option<&str>, result: CallResult) -> CallResult {
        match (result, reference) {
            (Err(CallFailure::AskInstead { code }), None) => Err(CallFailure::Unknown {
                reason: format!("the gateway answered {code} and named no payment"),
            }),
            (Err(CallFailure::AskInstead { .. }), Some(reference)) => self
                .retrieve(reference)
                .await
                .map_err(|failure| CallFailure::Unknown { reason: failure.to_string() }),
            (result, _) => result,
        }
    }

    async fn recover(&self, operation: OperationId, age_milliseconds: i64) -> Input {
        let unknown = |reason| told(operation, Err(CallFailure::Unknown { reason }));
        // The first request may have gone out, so a question that can't be built proves nothing.
        let recovery = match self.gateway.recover(&self.ask(operation), age_milliseconds) {
            Ok(recovery) => recovery,
            Err(error) => return unknown(error.to_string()),
        };
        match recovery {
            Recovery::Repeat(call) => match self.found_before_it_is_repeated(operation).await {
                Ok(Some(report)) => told(operation, Ok(report)),
                Ok(None) => told(operation, self.or_asked(None, self.send(Ok(call)).await).await),
                Err(_) => Input::NotTold(operation),
            },
            Recovery::Search(call) => self.searched(operation, self.send(Ok(call)).await),
        }
    }

    /// The payment, where keys may be forgotten by now whatever our clock says, and a search knows it. None
    /// where the key says what is a repeat, or is all there is; a failure where that is to be seen later.
    async fn found_before_it_is_repeated(
        &self,
        operation: OperationId,
    ) -> Result<Option<PaymentReport>, CallFailure> {
        if !self.gateway.forgets_keys_in_a_day() {
            return Ok(None);
        }
        or_not_offered(self.send(self.gateway.find(&self.ask(operation))).await)
    }

    /// Looks for a payment without starting one.
    async fn find(&self, operation: OperationId, _age_milliseconds: i64) -> Input {
        let found = match self.gateway.find(&self.ask(operation)) {
            Ok(call) => self.send(Ok(call)).await,
            Err(error) => Err(CallFailure::Unknown { reason: error.to_string() }),
        };
        self.searched(operation, found)
    }

    fn searched(
        &self,
        operation: OperationId,
        found: Result<Option<PaymentReport>, CallFailure>,
    ) -> Input {
        match found {
            Ok(Some(report)) => told(operation, Ok(report)),
            Ok(None) if self.search_proves_absence(operation) => Input::NeverReceived(operation),
            // A question that failed says nothing about what was asked for before, and sent nothing: it
            // puts off no proof that there is nothing.
            Ok(None) | Err(_) => Input::NotTold(operation),
        }
    }

    fn search_proves_absence(&self, operation: OperationId) -> bool {
        let sent_at = self.payment.operation(operation).map(Operation::may_have_been_sent_at);
        sent_at.is_some_and(|at| now().milliseconds_since(at) >= SEARCH_PROVES_AFTER_MILLISECONDS)
    }

    async fn complete(&self, operation: OperationId) -> CallResult {
        let reference = self.payment.reference().unwrap_or_default();
        let Some(completing) = self.gateway.completing() else {
            return Err(CallFailure::Unsupported { capability: "completing".to_owned() });
        };
        let call = completing.complete(&self.ask(operation), &self.known(reference));
        self.or_asked(Some(reference), self.send(call).await).await
    }

    async fn capture(&self, operation: OperationId, reference: &str) -> CallResult {
        let Some(capturing) = self.gateway.capturing() else {
            return Err(CallFailure::Unsupported { capability: "capture".to_owned() });
        };
        let asked = self.payment.operation(operation);
        let amount_minor = asked.map_or(0, |operation| operation.amount_minor);
        let ask = CaptureAsk {
            operation_id: operation,
            payment: self.known(reference),
            amount: Money::new(amount_minor, self.payment.asked.currency),
            is_final: asked.is_none_or(|operation| !operation.keeps_rest),
        };
        self.or_asked(Some(reference), self.send(capturing.capture(&ask)).await).await
    }

    async fn void(&self, operation: OperationId, reference: &str) -> CallResult {
        let result = match self.gateway.voiding() {
            Some(voiding) => {
                let ask = VoidAsk { operation_id: operation, payment: self.known(reference) };
                self.send(voiding.void(&ask)).await
            }
            None => Err(CallFailure::Unsupported { capability: "void".to_owned() }),
        };
        let Err(CallFailure::Unsupported { capability }) = result else {
            return self.or_asked(Some(reference), result).await;
        };
        // What can't be called off is let go of only while it has brought no money.
        let report = self.retrieve(reference).await;
        let report =
            report.map_err(|failure| CallFailure::Unknown { reason: failure.to_string() })?;
        match report.state {
            ReportedState::ActionRequired | ReportedState::Declined | ReportedState::Approved => {
                Err(CallFailure::Unsupported { capability })
            }
            _ => Ok(report),
        }
    }

    /// What is asked of the gateway for a refund. Where it depends on where the payment stands, that is read
    /// first, each time: a payment that has settled since is given back, and looked for, in another way.
    async fn refund_ask(
        &self,
        refunding: &dyn Refunding,
        operation: &Operation,
    ) -> Result<RefundAsk, CallFailure> {
        let mut ask = refund_ask(self.order, self.payment, operation);
        if refunding.reads_first() {
            let report = self.retrieve(&ask.payment.reference).await?;
            ask.payment.settled = report.settled.or(ask.payment.settled);
            ask.payment.card_last_four = report.card_last_four.or(ask.payment.card_last_four);
        }
        Ok(ask)
    }

    async fn refund(&self, operation: OperationId) -> Option<Input> {
        let told = |result| Some(Input::Refunded { operation, result });
        let asked = self.payment.operation(operation)?;
        let Some(refunding) = self.gateway.refunding() else {
            return told(Err(CallFailure::Unsupported { capability: "refund".to_owned() }));
        };
        let ask = match self.refund_ask(refunding, asked).await {
            Ok(ask) => ask,
            // Nothing was asked for yet: certain, and to be tried again.
            Err(failure) => {
                return told(Err(CallFailure::NotYet { reason: failure.to_string() }));
            }
        };
        let result = self.send(refunding.refund(&ask)).await;
        told(result.map_err(|failure| match failure {
            CallFailure::AskInstead { code } => CallFailure::Unknown { reason: code },
            other => other,
        }))
    }

    async fn recover_refund(&self, operation: OperationId) -> Option<Input> {
        let told = |result| Some(Input::Refunded { operation, result });
        let (asked, refunding) = (self.payment.operation(operation)?, self.gateway.refunding()?);
        let Ok(ask) = self.refund_ask(refunding, asked).await else {
            return Some(Input::NotTold(operation));
        };
        let age = now().milliseconds_since(asked.requested_at);
        match refunding.recover_refund(&ask, age) {
            Ok(RefundRecovery::Repeat(call)) => {
                // As of a payment: a refund that can be found is not asked for again.
                let found = match self.gateway.forgets_keys_in_a_day() {
                    true => or_not_offered(self.send(refunding.find_refund(&ask)).await),
                    false => Ok(None),
                };
                match found {
                    Ok(Some(news)) => told(Ok(news)),
                    Ok(None) => told(self.send(Ok(call)).await),
                    Err(_) => Some(Input::NotTold(operation)),
                }
            }
            Ok(RefundRecovery::Search(call)) => match self.send(Ok(call)).await {
                Ok(Some(news)) => told(Ok(news)),
                Ok(None) if self.search_proves_absence(operation) => {
                    Some(Input::NeverReceived(operation))
                }
                Ok(None) | Err(_) => Some(Input::NotTold(operation)),
            },
            Err(error) => told(Err(CallFailure::Unknown { reason: error.to_string() })),
        }
    }

    async fn find_refund(&self, operation: OperationId) -> Option<Input> {
        let (asked, refunding) = (self.payment.operation(operation)?, self.gateway.refunding()?);
        let Ok(ask) = self.refund_ask(refunding, asked).await else {
            return Some(Input::NotTold(operation));
        };
        match self.send(refunding.find_refund(&ask)).await {
            Ok(Some(news)) => Some(Input::Refunded { operation, result: Ok(news) }),
            Ok(None) | Err(_) => Some(Input::NotTold(operation)),
        }
    }
}

/// What a search before a repeat came to. That it finds nothing proves that the key is young enough to be known,
/// or that nothing was ever made. A gateway that does not offer it leaves the key alone to say so; one that
/// does not answer is asked again, for nothing may be sent under a key that it may have forgotten.
fn or_not_offered<T>(found: Result<Option<T>, CallFailure>) -> Result<Option<T>, CallFailure> {
    match found {
        Err(CallFailure::Unsupported { .. }) => Ok(None),
        found => found,
    }
}

/// What is known of a payment, for a provider.
pub fn known(order: &Order, payment: &Payment, reference: &str) -> KnownPayment {
    let started_by = payment.authorize_operation().map(|operation| operation.id);
    let report = payment.report.as_ref();
    KnownPayment {
        order_id: order.id,
        started_by: started_by.unwrap_or_else(|| OperationId::new(uuid::Uuid::nil())),
        reference: reference.to_owned(),
        amount: payment.asked,
        charge: report.and_then(|report| report.charge.clone()),
        card_last_four: report.and_then(|report| report.card_last_four.clone()),
        settled: report.and_then(|report| report.settled),
    }
}

fn refund_ask(order: &Order, payment: &Payment, operation: &Operation) -> RefundAsk {
    let reference = payment.reference().unwrap_or_default();
    let captured = crate::domain::payment::OperationKind::Capture;
    RefundAsk {
        operation_id: operation.id,
        payment: known(order, payment, reference),
        capture: operation.capture_reference.clone(),
        amount: Money::new(operation.amount_minor, payment.asked.currency),
        captured_minor: payment.succeeded_minor(captured),
        reason: operation.reason.clone(),
    }
}
