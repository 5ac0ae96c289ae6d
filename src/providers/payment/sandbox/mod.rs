//! The development gateway: a real second party over HTTP with its own state (`sandbox/server.mjs`).
//!
//! It keeps idempotency keys for ever, yet a lost start is treated as Stripe's is, so that what is
//! rehearsed on a laptop is what happens in production.

mod books;
mod mapping;
mod refunds;
mod webhook;
mod wire;

use serde::Serialize;

use self::wire::{CaptureBody, ErrorReply, Payment, PaymentList, StartBody};
use super::contract::{
    AuthorizeAsk, BuildError, Call, CaptureAsk, Capturing, HeaderLookup, HttpReply, HttpRequest,
    KnownPayment, Listing, Method, PaymentGateway, Recovery, Refunding, VerifiedEvent, VoidAsk,
    Voiding, WebhookRefusal,
};
use super::reading::{self, Asked, Class, Subject};
use super::settings::SandboxSettings;
use crate::domain::id::{OperationId, OrderId};
use crate::domain::payment::{CallFailure, Gateway, PaymentReport};
use crate::domain::time::Timestamp;

/// For how long a lost start is repeated under its key.
pub const REPEAT_WITHIN_MILLISECONDS: i64 = 23 * 60 * 60 * 1_000;

/// Pays by itself within a second.
const DEFAULT_METHOD: &str = "auto";

const MAX_TEXT_CHARACTERS: usize = 1_000;

/// The sandbox, as configured.
pub(super) struct Sandbox<'a> {
    settings: &'a SandboxSettings,
}

impl<'a> Sandbox<'a> {
    pub(super) const fn new(settings: &'a SandboxSettings) -> Self {
        Self { settings }
    }

    fn headers(&self) -> Vec<(String, String)> {
        vec![("authorization".to_owned(), format!("Bearer {}", self.settings.api_key.expose()))]
    }

    fn get(&self, path: &[&str], query: &[(&str, &str)]) -> HttpRequest {
        let mut url = self.settings.base_url.join(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        HttpRequest {
            method: Method::Get,
            url: url.into(),
            headers: self.headers(),
            body: Vec::new(),
        }
    }

    fn post(
        &self,
        path: &[&str],
        key: OperationId,
        body: &impl Serialize,
    ) -> Result<HttpRequest, BuildError> {
        let mut headers = self.headers();
        headers.extend([
            ("content-type".to_owned(), "application/json".to_owned()),
            ("idempotency-key".to_owned(), key.to_string()),
        ]);
        Ok(HttpRequest {
            method: Method::Post,
            url: self.settings.base_url.join(path).into(),
            headers,
            body: serde_json::to_vec(body).map_err(|_| BuildError::Encoding)?,
        })
    }

    fn start(&self, ask: &AuthorizeAsk, asked: Asked) -> Result<Call, BuildError> {
        reading::askable(ask.amount)?;
        reading::at_most("description", ask.description.as_deref(), MAX_TEXT_CHARACTERS)?;
        reading::at_most("email", ask.email.as_deref(), MAX_TEXT_CHARACTERS)?;
        let statement = ask.statement_descriptor.as_deref();
        reading::at_most("statement descriptor", statement, MAX_TEXT_CHARACTERS)?;
        let method = ask.method.as_deref().unwrap_or(DEFAULT_METHOD);
        if !reading::is_method_token(method) {
            return Err(BuildError::PaymentMethod { gateway: "the sandbox" });
        }
        if ask.return_url.as_deref().is_some_and(|url| !reading::is_web_url(url)) {
            return Err(BuildError::ReturnUrl);
        }
        let body = StartBody {
            amount: ask.amount.amount,
            currency: ask.amount.currency.code(),
            capture: if ask.capture.holds() { "manual" } else { "automatic" },
            method,
            order_id: ask.order_id.to_string(),
            operation_id: ask.operation_id.to_string(),
            return_url: ask.return_url.as_deref(),
            email: ask.email.as_deref(),
            description: ask.description.as_deref(),
            statement_descriptor: statement,
        };
        let request = self.post(&["v1", "payments"], ask.operation_id, &body)?;
        Ok(call(request, Subject::StartedBy(ask.operation_id), asked))
    }
}

impl PaymentGateway for Sandbox<'_> {
    fn gateway(&self) -> Gateway {
        Gateway::Sandbox
    }

    fn authorize(&self, ask: &AuthorizeAsk) -> Result<Call, BuildError> {
        self.start(ask, Asked::Start)
    }

    fn forgets_keys_in_a_day(&self) -> bool {
        true
    }

    fn recover(&self, ask: &AuthorizeAsk, age_milliseconds: i64) -> Result<Recovery, BuildError> {
        if age_milliseconds < REPEAT_WITHIN_MILLISECONDS {
            return self.start(ask, Asked::Again).map(Recovery::Repeat);
        }
        self.find(ask).map(Recovery::Search)
    }

    fn find(&self, ask: &AuthorizeAsk) -> Result<Call<Option<PaymentReport>>, BuildError> {
        let operation_id = ask.operation_id;
        let text = operation_id.to_string();
        let request = self.get(&["v1", "payments"], &[("operation_id", &text)]);
        Ok(Call::new(request, move |reply, _| found(reply, operation_id)))
    }

    fn retrieve(&self, payment: &KnownPayment) -> Result<Call, BuildError> {
        let reference = reading::reference(&payment.reference)?;
        let request = self.get(&["v1", "payments", reference], &[]);
        Ok(call(request, Subject::Reference(reference.to_owned()), Asked::Question))
    }

    fn whose(&self, reference: &str) -> Result<Call<Option<OrderId>>, BuildError> {
        let reference = reading::reference(reference)?;
        let request = self.get(&["v1", "payments", reference], &[]);
        Ok(Call::new(request, |reply, _| whose(reply)))
    }

    fn capturing(&self) -> Option<&dyn Capturing> {
        Some(self)
    }

    fn voiding(&self) -> Option<&dyn Voiding> {
        Some(self)
    }

    fn refunding(&self) -> Option<&dyn Refunding> {
        Some(self)
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }

    fn verify(
        &self,
        header: HeaderLookup<'_>,
        body: &[u8],
        _evidence: Option<&HttpReply>,
        now: Timestamp,
    ) -> Result<VerifiedEvent, WebhookRefusal> {
        webhook::verify(&self.settings.webhook_secrets, header, body, now)
    }
}

impl Voiding for Sandbox<'_> {
    fn void(&self, ask: &VoidAsk) -> Result<Call, BuildError> {
        let reference = reading::reference(&ask.payment.reference)?;
        let path = ["v1", "payments", reference, "cancel"];
        let request = self.post(&path, ask.operation_id, &serde_json::Map::new())?;
        Ok(call(request, Subject::Reference(reference.to_owned()), Asked::Again))
    }
}

impl Capturing for Sandbox<'_> {
    fn in_parts(&self) -> bool {
        true
    }

    fn capture(&self, ask: &CaptureAsk) -> Result<Call, BuildError> {
        reading::askable(ask.amount)?;
        let reference = reading::reference(&ask.payment.reference)?;
        let path = ["v1", "payments", reference, "capture"];
        let body = CaptureBody {
            amount: ask.amount.amount,
            currency: ask.amount.currency.code(),
            is_final: (!ask.is_final).then_some(false),
        };
        let request = self.post(&path, ask.operation_id, &body)?;
        Ok(call(request, Subject::Reference(reference.to_owned()), Asked::Again))
    }
}

fn call(request: HttpRequest, subject: Subject, asked: Asked) -> Call {
    Call::new(request, move |reply, _| match reading::class(reply.status) {
        Class::Success => judged(reading::json(&reply.body)?, &subject),
        Class::Refusal => refused(reply, &subject, asked),
        Class::Unclear => Err(reading::unclear_status(reply)),
    })
}

/// The report of a payment that must be the one asked about.
fn judged(payment: Payment, subject: &Subject) -> Result<PaymentReport, CallFailure> {
    if !subject.is(&payment.id, Some(&payment.operation_id)) {
        return Err(reading::unknown("the reply is about another payment"));
    }
    mapping::report(payment).map_err(reading::unknown)
}

/// Reads a 4xx. `unexpected_state` carries the payment as it now is, which is news and not a refusal.
fn refused(
    reply: &HttpReply,
    subject: &Subject,
    asked: Asked,
) -> Result<PaymentReport, CallFailure> {
    let error = reading::json::<ErrorReply>(&reply.body)?.error;
    if let ("unexpected_state", Some(payment)) = (error.code.as_str(), error.payment) {
        return judged(payment, subject);
    }
    Err(refusal(reply, asked, &error.code, &error.message))
}

/// What a 4xx proves that carries no news.
fn refusal(reply: &HttpReply, asked: Asked, code: &str, message: &str) -> CallFailure {
    // The key was used with another body: this request did nothing, but that one may have.
    if !asked.is_settled_by(reply.status) || code == "idempotency_key_reused" {
        return reading::unsettled(reply, code);
    }
    CallFailure::Refused { code: reading::code(code), message: reading::message(message) }
}

/// Reads for which order a payment is.
fn whose(reply: &HttpReply) -> Result<Option<OrderId>, CallFailure> {
    match reply.status {
        200 => {
            let payment: Payment = reading::json(&reply.body)?;
            Ok(payment.order_id.parse().ok())
        }
        404 if reading::json::<ErrorReply>(&reply.body)?.error.code == "not_found" => Ok(None),
        _ => Err(reading::unclear_status(reply)),
    }
}

/// Reads a search.
fn found(reply: &HttpReply, operation: OperationId) -> Result<Option<PaymentReport>, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unsearched::<ErrorReply>(reply));
    }
    let subject = Subject::StartedBy(operation);
    let list: PaymentList = reading::json(&reply.body)?;
    let mut ours = list
        .items
        .into_iter()
        .filter(|payment| subject.is(&payment.id, Some(&payment.operation_id)));
    match (ours.next(), ours.next()) {
        (None, _) => Ok(None),
        (Some(payment), None) => judged(payment, &subject).map(Some),
        (Some(_), Some(_)) => Err(reading::unknown("two payments carry one operation")),
    }
}
