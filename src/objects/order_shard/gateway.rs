//! Calls to the gateways: an effect goes out, an input comes back.

use crate::domain::id::OperationId;
use crate::domain::order::Order;
use crate::domain::payment::{CallFailure, CallResult, Payment};
use crate::flows::advance::Input;
use crate::flows::owed::Effect;
use crate::flows::schedule::SEARCH_PROVES_AFTER_MILLISECONDS;
use crate::providers::payment::contract::{
    AuthorizeAsk, BuildError, Call, CaptureAsk, HttpReply, KnownPayment, PaymentGateway, Recovery,
    VoidAsk,
};
use crate::providers::payment::registry;
use crate::runtime::clock::now;
use crate::runtime::platform::Platform;
use crate::runtime::send::send;

/// Performs an effect that speaks to a gateway. None for any other.
pub async fn perform(platform: &Platform, order: &Order, effect: &Effect) -> Option<Input> {
    let payment = order.payment.as_ref()?;
    let Some(gateway) = registry::gateway(&platform.settings().payments, payment.gateway) else {
        let reason = format!("{} is not set up", payment.gateway.name());
        return not_sent(effect, reason);
    };
    let caller = Caller { platform, gateway: gateway.as_ref(), order, payment };
    match effect {
        Effect::Authorize { operation } => {
            let call = caller.gateway.authorize(&caller.ask(*operation));
            Some(told(*operation, caller.send(call).await))
        }
        Effect::Recover { operation, asked_at } => {
            let age = now().milliseconds_since(*asked_at);
            Some(told(*operation, caller.recover(*operation, age).await))
        }
        Effect::Find { operation, asked_at } => {
            let age = now().milliseconds_since(*asked_at);
            Some(caller.find(*operation, age).await)
        }
        Effect::Retrieve { reference } => {
            match caller.send(caller.gateway.retrieve(&caller.known(reference))).await {
                Ok(report) => Some(Input::Report(report)),
                Err(_) => Some(Input::NotTold),
            }
        }
        Effect::Capture { operation, reference, amount_minor } => {
            let result = caller.capture(*operation, reference, *amount_minor).await;
            Some(told(*operation, result))
        }
        Effect::Void { operation, reference } => {
            Some(told(*operation, caller.void(*operation, reference).await))
        }
        _ => None,
    }
}

const fn told(operation: OperationId, result: CallResult) -> Input {
    Input::Gateway { operation, result }
}

fn not_sent(effect: &Effect, reason: String) -> Option<Input> {
    match effect {
        Effect::Authorize { operation }
        | Effect::Capture { operation, .. }
        | Effect::Void { operation, .. } => {
            Some(told(*operation, Err(CallFailure::NotSent { reason })))
        }
        // The gateway may have been set up when the payment was made: its outcome stays unknown.
        Effect::Recover { operation, .. } | Effect::Find { operation, .. } => {
            Some(told(*operation, Err(CallFailure::Unknown { reason })))
        }
        Effect::Retrieve { .. } => Some(Input::NotTold),
        _ => None,
    }
}

fn never_received() -> CallFailure {
    CallFailure::Refused {
        code: "never_received".to_owned(),
        message: "the gateway has no such payment".to_owned(),
    }
}

struct Caller<'a> {
    platform: &'a Platform,
    gateway: &'a dyn PaymentGateway,
    order: &'a Order,
    payment: &'a Payment,
}

impl Caller<'_> {
    /// Built from what the order stores, so that it is the same however often it is sent.
    fn ask(&self, operation: OperationId) -> AuthorizeAsk {
        let order = self.order;
        let billing = order.billing_address.as_ref().unwrap_or(&order.shipping_address);
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
            billing: Some(billing.clone()),
        }
    }

    fn known(&self, reference: &str) -> KnownPayment {
        let started_by = self.payment.authorize_operation().map(|operation| operation.id);
        let report = self.payment.report.as_ref();
        KnownPayment {
            order_id: self.order.id,
            started_by: started_by.unwrap_or_else(|| OperationId::new(uuid::Uuid::nil())),
            reference: reference.to_owned(),
            amount: self.payment.asked,
            charge: report.and_then(|report| report.charge.clone()),
            card_last_four: report.and_then(|report| report.card_last_four.clone()),
            settled: report.and_then(|report| report.settled),
        }
    }

    async fn void(&self, operation: OperationId, reference: &str) -> CallResult {
        let Some(voiding) = self.gateway.voiding() else {
            return Err(CallFailure::Unsupported { capability: "void".to_owned() });
        };
        let ask = VoidAsk { operation_id: operation, payment: self.known(reference) };
        self.send(voiding.void(&ask)).await
    }

    async fn send(&self, call: Result<Call, BuildError>) -> CallResult {
        let call = call?;
        let sent_at = now();
        let reply = self.exchange(call.request.clone()).await?;
        call.read(&reply, sent_at)
    }

    async fn recover(&self, operation: OperationId, age_milliseconds: i64) -> CallResult {
        // The first request may have gone out, so a question that can't be built proves nothing.
        let recovery = self
            .gateway
            .recover(&self.ask(operation), age_milliseconds)
            .map_err(|error| CallFailure::Unknown { reason: error.to_string() })?;
        match recovery {
            Recovery::Repeat(call) => self.send(Ok(call)).await,
            Recovery::Search(call) => {
                let sent_at = now();
                let reply = self.exchange(call.request.clone()).await?;
                call.read(&reply, sent_at)?.ok_or_else(never_received)
            }
        }
    }

    /// Looks for a payment without starting one.
    async fn find(&self, operation: OperationId, age_milliseconds: i64) -> Input {
        let looked = async {
            let call = self
                .gateway
                .find(&self.ask(operation))
                .map_err(|error| CallFailure::Unknown { reason: error.to_string() })?;
            let sent_at = now();
            let reply = self.exchange(call.request.clone()).await?;
            call.read(&reply, sent_at)
        };
        match looked.await {
            Ok(Some(report)) => told(operation, Ok(report)),
            Ok(None) if age_milliseconds >= SEARCH_PROVES_AFTER_MILLISECONDS => {
                told(operation, Err(never_received()))
            }
            Ok(None) => Input::NotTold,
            Err(failure) => told(operation, Err(failure)),
        }
    }

    async fn capture(
        &self,
        operation: OperationId,
        reference: &str,
        amount_minor: i64,
    ) -> CallResult {
        let Some(capturing) = self.gateway.capturing() else {
            let reason = "the gateway can't take held money".to_owned();
            return Err(CallFailure::NotSent { reason });
        };
        let amount = crate::domain::money::Money::new(amount_minor, self.payment.asked.currency);
        let payment = self.known(reference);
        let ask = CaptureAsk { operation_id: operation, payment, amount, is_final: true };
        self.send(capturing.capture(&ask)).await
    }

    async fn exchange(
        &self,
        request: crate::providers::payment::contract::HttpRequest,
    ) -> Result<HttpReply, CallFailure> {
        let limit = self.platform.settings().gateway_timeout_milliseconds;
        send(request, limit)
            .await
            .map_err(|failure| CallFailure::Unknown { reason: failure.to_string() })
    }
}
