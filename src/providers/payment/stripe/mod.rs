//! Stripe, by PaymentIntents.
//!
//! A start is `POST /v1/payment_intents` under the operation's id as `Idempotency-Key`, with order and
//! operation in the metadata. With a payment method it is confirmed at once; without one the browser
//! confirms it by the client secret.
//!
//! Lost replies: Stripe keeps a key for at least 24 hours, so for [`REPEAT_WITHIN_MILLISECONDS`] the
//! same request is repeated, which is certain and immediate. Later the payment is looked for in the
//! search, which lags by up to a minute but by then has long seen it. A lost refund likewise, but for
//! the list of the payment's refunds, which does not lag. Before it is repeated it is looked for as well,
//! since the hours are counted by a clock of ours: what is found is not sent again.

mod books;
mod mapping;
mod refunds;
mod webhook;
mod wire;

use self::wire::{ErrorReply, PaymentIntent, SearchReply};
use super::contract::{
    AuthorizeAsk, BuildError, Call, CaptureAsk, Capturing, HeaderLookup, HttpReply, HttpRequest,
    KnownPayment, Listing, Method, PaymentGateway, Recovery, Refunding, VerifiedEvent, VoidAsk,
    Voiding, WebhookRefusal,
};
use super::reading::{self, Asked, Class, Subject};
use super::settings::StripeSettings;
use crate::domain::id::{OperationId, OrderId};
use crate::domain::payment::{CallFailure, Gateway, PaymentReport};
use crate::domain::time::Timestamp;

/// The pinned version of the API: without it a reply has the version of the merchant's account, which
/// changes when somebody presses a button. It is the last one of the "dahlia" line, whose PaymentIntent
/// the recorded replies show. "endive" (from 2026-09-30) adds nothing that is used here.
pub const API_VERSION: &str = "2026-08-26.dahlia";

/// For how long a lost start is repeated under its key: an hour less than Stripe keeps keys.
pub const REPEAT_WITHIN_MILLISECONDS: i64 = 23 * 60 * 60 * 1_000;

/// Stripe's limit on a description.
const MAX_DESCRIPTION_CHARACTERS: usize = 1_000;

/// The longest address that can be an e-mail address.
const MAX_EMAIL_CHARACTERS: usize = 254;

/// Stripe, as configured.
pub(super) struct Stripe<'a> {
    settings: &'a StripeSettings,
}

impl<'a> Stripe<'a> {
    pub(super) const fn new(settings: &'a StripeSettings) -> Self {
        Self { settings }
    }

    fn headers(&self) -> Vec<(String, String)> {
        vec![
            ("authorization".to_owned(), format!("Bearer {}", self.settings.secret_key.expose())),
            ("stripe-version".to_owned(), API_VERSION.to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ]
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
        form: &[(&str, String)],
    ) -> Result<HttpRequest, BuildError> {
        let body = serde_urlencoded::to_string(form).map_err(|_| BuildError::Encoding)?;
        let mut headers = self.headers();
        headers.extend([
            // Stripe wants it on an empty body too.
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("idempotency-key".to_owned(), key.to_string()),
        ]);
        Ok(HttpRequest {
            method: Method::Post,
            url: self.settings.base_url.join(path).into(),
            headers,
            body: body.into_bytes(),
        })
    }

    fn start(&self, ask: &AuthorizeAsk, asked: Asked) -> Result<Call, BuildError> {
        let amount = mapping::to_stripe(ask.amount)?;
        reading::at_most("description", ask.description.as_deref(), MAX_DESCRIPTION_CHARACTERS)?;
        reading::at_most("email", ask.email.as_deref(), MAX_EMAIL_CHARACTERS)?;
        if ask.method.as_deref().is_some_and(|method| !reading::is_method_token(method)) {
            return Err(BuildError::PaymentMethod { gateway: "Stripe" });
        }
        if ask.return_url.as_deref().is_some_and(|url| !reading::is_web_url(url)) {
            return Err(BuildError::ReturnUrl);
        }
        let capture = if ask.capture.holds() { "manual" } else { "automatic" };
        let mut form = vec![
            ("amount", amount.to_string()),
            ("currency", ask.amount.currency.code().to_ascii_lowercase()),
            ("capture_method", capture.to_owned()),
            ("automatic_payment_methods[enabled]", "true".to_owned()),
        ];
        if let Some(method) = &ask.method {
            match &ask.return_url {
                Some(url) => form.push(("return_url", url.clone())),
                // Confirming without a return URL is refused unless redirects are ruled out.
                None => {
                    form.push(("automatic_payment_methods[allow_redirects]", "never".to_owned()))
                }
            }
            form.push(("payment_method", method.clone()));
            form.push(("confirm", "true".to_owned()));
        }
        if let Some(email) = &ask.email {
            form.push(("receipt_email", email.clone()));
        }
        if let Some(description) = &ask.description {
            form.push(("description", description.clone()));
        }
        if let Some(suffix) =
            ask.statement_descriptor.as_deref().and_then(mapping::statement_suffix)
        {
            form.push(("statement_descriptor_suffix", suffix));
        }
        form.push(("metadata[order_id]", ask.order_id.to_string()));
        form.push(("metadata[operation_id]", ask.operation_id.to_string()));
        let request = self.post(&["v1", "payment_intents"], ask.operation_id, &form)?;
        Ok(call(request, Subject::StartedBy(ask.operation_id), asked))
    }
}

impl PaymentGateway for Stripe<'_> {
    fn gateway(&self) -> Gateway {
        Gateway::Stripe
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
        let query = format!("metadata['operation_id']:'{operation_id}'");
        let request = self.get(&["v1", "payment_intents", "search"], &[("query", &query)]);
        Ok(Call::new(request, move |reply, sent_at| found(reply, operation_id, sent_at)))
    }

    fn retrieve(&self, payment: &KnownPayment) -> Result<Call, BuildError> {
        let reference = reading::reference(&payment.reference)?;
        // The charge knows until when money is held, and what was given back.
        let query = [("expand[]", "latest_charge.refunds")];
        let request = self.get(&["v1", "payment_intents", reference], &query);
        Ok(call(request, Subject::Reference(reference.to_owned()), Asked::Question))
    }

    fn whose(&self, reference: &str) -> Result<Call<Option<OrderId>>, BuildError> {
        let reference = reading::reference(reference)?;
        let request = self.get(&["v1", "payment_intents", reference], &[]);
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

impl Voiding for Stripe<'_> {
    fn void(&self, ask: &VoidAsk) -> Result<Call, BuildError> {
        let reference = reading::reference(&ask.payment.reference)?;
        let path = ["v1", "payment_intents", reference, "cancel"];
        let request = self.post(&path, ask.operation_id, &[])?;
        Ok(call(request, Subject::Reference(reference.to_owned()), Asked::Again))
    }
}

impl Capturing for Stripe<'_> {
    fn in_parts(&self) -> bool {
        false
    }

    fn capture(&self, ask: &CaptureAsk) -> Result<Call, BuildError> {
        let reference = reading::reference(&ask.payment.reference)?;
        let amount = mapping::to_stripe(ask.amount)?;
        let path = ["v1", "payment_intents", reference, "capture"];
        let form = [("amount_to_capture", amount.to_string())];
        let request = self.post(&path, ask.operation_id, &form)?;
        Ok(call(request, Subject::Reference(reference.to_owned()), Asked::Again))
    }
}

fn call(request: HttpRequest, subject: Subject, asked: Asked) -> Call {
    Call::new(request, move |reply, sent_at| match reading::class(reply.status) {
        Class::Success => judged(reading::json(&reply.body)?, &subject, sent_at),
        Class::Refusal => refused(reply, &subject, asked, sent_at),
        Class::Unclear => Err(reading::unclear_status(reply)),
    })
}

/// The report of a payment that must be the one asked about.
fn judged(
    intent: PaymentIntent,
    subject: &Subject,
    sent_at: Timestamp,
) -> Result<PaymentReport, CallFailure> {
    if !subject.is(&intent.id, intent.metadata.operation_id.as_deref()) {
        return Err(reading::unknown("the reply is about another payment"));
    }
    mapping::report(intent, whole_second(sent_at)).map_err(reading::unknown)
}

/// Stripe's events tell time in whole seconds. A reply's time is cut to them as well, so that an event
/// of the same second is not taken for older news.
fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_milliseconds(moment.seconds().saturating_mul(1_000))
}

/// Reads a 4xx. Two kinds carry the payment as it now is, which is news and not a refusal: a card that
/// was declined, and a payment that was already past what was asked of it.
fn refused(
    reply: &HttpReply,
    subject: &Subject,
    asked: Asked,
    sent_at: Timestamp,
) -> Result<PaymentReport, CallFailure> {
    let error = reading::json::<ErrorReply>(&reply.body)?.error;
    let code = error.decline_code.or(error.code).unwrap_or_else(|| error.kind.clone());
    let news = error.kind == "card_error" || code == "payment_intent_unexpected_state";
    if let (true, Some(intent)) = (news, error.payment_intent) {
        return judged(intent, subject, sent_at);
    }
    Err(refusal(reply, asked, &error.kind, &code, error.message.as_deref()))
}

/// What a 4xx proves that carries no news.
fn refusal(
    reply: &HttpReply,
    asked: Asked,
    kind: &str,
    code: &str,
    message: Option<&str>,
) -> CallFailure {
    // The key was used with another body: this request did nothing, but that one may have.
    if !asked.is_settled_by(reply.status) || kind == "idempotency_error" {
        return reading::unsettled(reply, code);
    }
    CallFailure::Refused {
        code: reading::code(code),
        message: reading::message(message.unwrap_or_default()),
    }
}

/// Reads for which order a payment is.
fn whose(reply: &HttpReply) -> Result<Option<OrderId>, CallFailure> {
    match reply.status {
        200 => {
            let payment: PaymentIntent = reading::json(&reply.body)?;
            Ok(payment.metadata.order_id.and_then(|id| id.parse().ok()))
        }
        // Some proxy's page is not Stripe's word.
        404 if is_missing(reply)? => Ok(None),
        _ => Err(reading::unclear_status(reply)),
    }
}

/// Whether Stripe itself says that there is no such thing.
fn is_missing(reply: &HttpReply) -> Result<bool, CallFailure> {
    let error = reading::json::<ErrorReply>(&reply.body)?.error;
    Ok(error.code.as_deref() == Some("resource_missing"))
}

/// Reads a search.
fn found(
    reply: &HttpReply,
    operation: OperationId,
    sent_at: Timestamp,
) -> Result<Option<PaymentReport>, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unsearched::<ErrorReply>(reply));
    }
    let search: SearchReply = reading::json(&reply.body)?;
    let operation_text = operation.to_string();
    let mut ours = search
        .data
        .into_iter()
        .filter(|intent| intent.metadata.operation_id.as_deref() == Some(operation_text.as_str()));
    match (ours.next(), ours.next()) {
        (None, _) => Ok(None),
        (Some(intent), None) => judged(intent, &Subject::StartedBy(operation), sent_at).map(Some),
        (Some(_), Some(_)) => Err(reading::unknown("two payments carry one operation")),
    }
}
