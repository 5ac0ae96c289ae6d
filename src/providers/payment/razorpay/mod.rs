//! Razorpay, by orders and its hosted checkout.
//!
//! A start is `POST /v1/orders`; the buyer then pays in Razorpay's own window, which the browser opens
//! with the public key and the order's id. What Cartwright calls the payment is Razorpay's order: it
//! may be attempted several times, each attempt being one of Razorpay's payments.
//!
//! There is no idempotency key for a start. The operation's id is written as the order's receipt, and
//! a lost start is never repeated but looked for by that receipt: an order that exists without anybody
//! knowing is harmless, since no browser was ever given its id. A capture is certain by itself (a
//! payment is captured once), a refund carries a key of its own (`refunds`).
//!
//! Held money can't be let go by a request: it lapses, [`mapping::HOLD_MINUTES`] after the payment.

mod listing;
mod mapping;
mod refunds;
pub(super) mod settings;
mod webhook;
mod wire;

use base64ct::{Base64, Encoding};
use hmac::Hmac;
use serde::Serialize;
use sha2::Sha256;

use self::settings::RazorpaySettings;
use self::wire::{
    CaptureBody, CaptureOptions, CaptureTerms, Collection, ErrorReply, Order, Payment, StartBody,
    WrittenNotes,
};
use super::body_signature::{self, HexCase};
use super::contract::{
    AuthorizeAsk, BuildError, Call, CaptureAsk, Capturing, HeaderLookup, HttpReply, HttpRequest,
    KnownPayment, Listing, Method, ParameterLookup, PaymentGateway, Recovery, Refunding,
    ReturnRefusal, VerifiedEvent, Voiding, WebhookRefusal,
};
use super::reading::{self, Asked, Class, Subject};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::payment::{CallFailure, CallResult, Gateway, PaymentReport};
use crate::domain::time::Timestamp;

/// Razorpay, as configured.
pub(super) struct Razorpay<'a> {
    settings: &'a RazorpaySettings,
}

impl<'a> Razorpay<'a> {
    pub(super) const fn new(settings: &'a RazorpaySettings) -> Self {
        Self { settings }
    }

    fn headers(&self) -> Vec<(String, String)> {
        let RazorpaySettings { key_id, key_secret, .. } = self.settings;
        let credentials = [key_id.as_str(), ":", key_secret.expose()].concat();
        let credentials = Base64::encode_string(credentials.as_bytes());
        vec![
            ("authorization".to_owned(), format!("Basic {credentials}")),
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

    fn post(&self, path: &[&str], body: &impl Serialize) -> Result<HttpRequest, BuildError> {
        let mut headers = self.headers();
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        Ok(HttpRequest {
            method: Method::Post,
            url: self.settings.base_url.join(path).into(),
            headers,
            body: serde_json::to_vec(body).map_err(|_| BuildError::Encoding)?,
        })
    }

    /// The orders with an operation's receipt, each with all attempts to pay it. There is one, or none.
    /// Razorpay documents the attempts (`expand[]`) for the list of orders only, so that is what a
    /// single order is asked by as well.
    fn started_by(&self, operation: OperationId) -> HttpRequest {
        let receipt = operation.to_string();
        self.get(&["v1", "orders"], &[("receipt", &receipt), ("expand[]", "payments")])
    }

    fn key_id(&self) -> String {
        self.settings.key_id.clone()
    }
}

impl PaymentGateway for Razorpay<'_> {
    fn gateway(&self) -> Gateway {
        Gateway::Razorpay
    }

    fn authorize(&self, ask: &AuthorizeAsk) -> Result<Call, BuildError> {
        let amount = mapping::to_razorpay(ask.amount)?;
        // The means of payment is entered in the hosted checkout and never passes through us.
        if ask.method.is_some() {
            return Err(BuildError::PaymentMethod { gateway: "Razorpay" });
        }
        if ask.return_url.as_deref().is_some_and(|url| !reading::is_web_url(url)) {
            return Err(BuildError::ReturnUrl);
        }
        let holds = ask.capture.holds();
        let body = StartBody {
            amount,
            currency: ask.amount.currency.code(),
            receipt: ask.operation_id.to_string(),
            partial_payment: false,
            notes: WrittenNotes {
                order_id: ask.order_id.to_string(),
                operation_id: ask.operation_id.to_string(),
                reason: None,
            },
            payment: CaptureTerms {
                capture: if holds { "manual" } else { "automatic" },
                capture_options: CaptureOptions {
                    // A bank that says yes late is still taken at its word: an order that can't be
                    // served any more gives the money back, visibly.
                    automatic_expiry_period: (!holds).then_some(mapping::HOLD_MINUTES),
                    manual_expiry_period: mapping::HOLD_MINUTES,
                    refund_speed: "normal",
                },
            },
        };
        let request = self.post(&["v1", "orders"], &body)?;
        let (subject, key_id) = (Subject::StartedBy(ask.operation_id), self.key_id());
        Ok(Call::new(request, move |reply, sent_at| match reading::class(reply.status) {
            Class::Success => judged(&reading::json(&reply.body)?, &subject, &key_id, sent_at),
            Class::Refusal => Err(refused(reply, Asked::Start)?.into_failure()),
            Class::Unclear => Err(reading::unclear_status(reply)),
        }))
    }

    fn recover(&self, ask: &AuthorizeAsk, _age_milliseconds: i64) -> Result<Recovery, BuildError> {
        self.find(ask).map(Recovery::Search)
    }

    fn find(&self, ask: &AuthorizeAsk) -> Result<Call<Option<PaymentReport>>, BuildError> {
        let (subject, key_id) = (Subject::StartedBy(ask.operation_id), self.key_id());
        let request = self.started_by(ask.operation_id);
        Ok(Call::new(request, move |reply, sent_at| found(reply, &subject, &key_id, sent_at)))
    }

    fn retrieve(&self, payment: &KnownPayment) -> Result<Call, BuildError> {
        let subject = Subject::Reference(order(&payment.reference)?.to_owned());
        let (request, key_id) = (self.started_by(payment.started_by), self.key_id());
        Ok(Call::new(request, move |reply, sent_at| {
            found(reply, &subject, &key_id, sent_at)?
                .ok_or_else(|| reading::unknown("the order is not among those of its receipt"))
        }))
    }

    fn whose(&self, reference: &str) -> Result<Call<Option<OrderId>>, BuildError> {
        let reference = order(reference)?.to_owned();
        let request = self.get(&["v1", "orders", &reference], &[]);
        Ok(Call::new(request, move |reply, _| whose(reply, &reference)))
    }

    fn check_return(
        &self,
        payment: &KnownPayment,
        parameter: ParameterLookup<'_>,
    ) -> Result<(), ReturnRefusal> {
        let given = |name: &'static str| parameter(name).ok_or(ReturnRefusal::Parameter(name));
        let charge = given("razorpay_payment_id")?;
        if !mapping::is_payment(&charge) {
            return Err(ReturnRefusal::Parameter("razorpay_payment_id"));
        }
        let order = given("razorpay_order_id")?;
        let signature = given("razorpay_signature")?;
        let secrets = std::slice::from_ref(&self.settings.key_secret);
        let signed: [&[u8]; 3] = [payment.reference.as_bytes(), b"|", charge.as_bytes()];
        let is_right =
            body_signature::is_right::<Hmac<Sha256>>(&signature, HexCase::Lower, &signed, secrets);
        // The signature is over the order that we know, so another order's parameters never pass.
        if is_right && order == payment.reference {
            Ok(())
        } else {
            Err(ReturnRefusal::BadSignature)
        }
    }

    fn capturing(&self) -> Option<&dyn Capturing> {
        Some(self)
    }

    fn voiding(&self) -> Option<&dyn Voiding> {
        None
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
        _now: Timestamp,
    ) -> Result<VerifiedEvent, WebhookRefusal> {
        webhook::verify(self.settings, header, body)
    }

    fn doubted_reference(&self, body: &[u8]) -> Option<String> {
        webhook::doubted_reference(body)
    }
}

impl Capturing for Razorpay<'_> {
    fn in_parts(&self) -> bool {
        false
    }

    fn capture(&self, ask: &CaptureAsk) -> Result<Call, BuildError> {
        let reference = order(&ask.payment.reference)?.to_owned();
        let charge = charge(&ask.payment)?.to_owned();
        let amount = mapping::to_razorpay(ask.amount)?;
        if ask.amount != ask.payment.amount {
            return Err(BuildError::NotOffered("capture of a part"));
        }
        let body = CaptureBody { amount, currency: ask.amount.currency.code() };
        let request = self.post(&["v1", "payments", &charge, "capture"], &body)?;
        let (started_by, key_id) = (ask.payment.started_by, self.key_id());
        Ok(Call::new(request, move |reply, sent_at| match reading::class(reply.status) {
            Class::Success => {
                let payment: Payment = reading::json(&reply.body)?;
                if payment.id != charge || payment.order_id.as_deref() != Some(reference.as_str()) {
                    return Err(reading::unknown("the reply is about another payment"));
                }
                let report = mapping::payment_report(&payment, &key_id, whole_second(sent_at))
                    .map_err(reading::unknown)?;
                Ok(PaymentReport { operation_id: Some(started_by), ..report })
            }
            Class::Refusal => {
                let refusal = refused(reply, Asked::Again)?;
                // "…already been captured", "only payments which have been authorized and not yet
                // captured…": the payment is past it, and an earlier attempt may be why.
                if refusal.mentions("captured") {
                    return Err(CallFailure::AskInstead { code: refusal.code });
                }
                Err(refusal.into_failure())
            }
            Class::Unclear => Err(reading::unclear_status(reply)),
        }))
    }
}

/// A reference that can be Razorpay's order, and may stand in a path.
fn order(reference: &str) -> Result<&str, BuildError> {
    if mapping::is_order(reference) { Ok(reference) } else { Err(BuildError::Reference) }
}

/// The payment that brought or holds the money.
fn charge(payment: &KnownPayment) -> Result<&str, BuildError> {
    let charge = payment.charge.as_deref();
    let charge = charge.ok_or(BuildError::NotYet("no payment of the order is known"))?;
    if mapping::is_payment(charge) { Ok(charge) } else { Err(BuildError::Reference) }
}

/// Razorpay tells time in whole seconds. A reply's time is cut to them as well, so that an event of
/// the same second is not taken for older news.
fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_milliseconds(moment.seconds().saturating_mul(1_000))
}

/// The report of an order that must be the one asked about.
fn judged(order: &Order, subject: &Subject, key_id: &str, sent_at: Timestamp) -> CallResult {
    if !subject.is(&order.id, order.receipt.as_deref()) {
        return Err(reading::unknown("the reply is about another order"));
    }
    mapping::report(order, key_id, whole_second(sent_at)).map_err(reading::unknown)
}

/// Reads a list of orders, of which one may be the one asked about.
fn found(
    reply: &HttpReply,
    subject: &Subject,
    key_id: &str,
    sent_at: Timestamp,
) -> Result<Option<PaymentReport>, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let list: Collection<Order> = reading::json(&reply.body)?;
    let mut ours = list.items.iter().filter(|o| subject.is(&o.id, o.receipt.as_deref()));
    match (ours.next(), ours.next()) {
        (None, _) => Ok(None),
        (Some(order), None) => judged(order, subject, key_id, sent_at).map(Some),
        (Some(_), Some(_)) => Err(reading::unknown("two orders carry one operation")),
    }
}

/// Reads for which order a payment is.
fn whose(reply: &HttpReply, reference: &str) -> Result<Option<OrderId>, CallFailure> {
    match reply.status {
        200 => {
            let order: Order = reading::json(&reply.body)?;
            if order.id != reference {
                return Err(reading::unknown("the reply is about another order"));
            }
            Ok(order.notes.order_id())
        }
        // Razorpay's way to say that there is no such order on this account. Some proxy's page is not.
        400 | 404 if refused(reply, Asked::Start)?.mentions("does not exist") => Ok(None),
        _ => Err(reading::unclear_status(reply)),
    }
}

/// A refusal that is certain: what was asked did not happen.
struct Refusal {
    code: String,
    message: String,
}

impl Refusal {
    /// Whether the message speaks of something. Razorpay's code is the same for every bad request.
    fn mentions(&self, word: &str) -> bool {
        self.message.to_ascii_lowercase().contains(word)
    }

    fn into_failure(self) -> CallFailure {
        CallFailure::Refused { code: self.code, message: self.message }
    }
}

/// Reads a 4xx.
fn refused(reply: &HttpReply, asked: Asked) -> Result<Refusal, CallFailure> {
    let error = reading::json::<ErrorReply>(&reply.body)?.error;
    // Trouble at Razorpay or at a bank, whatever the status says.
    let trouble = matches!(error.code.as_str(), "SERVER_ERROR" | "GATEWAY_ERROR");
    if trouble || !asked.is_settled_by(reply.status) {
        return Err(reading::unsettled(reply, &error.code));
    }
    let code = error.reason.filter(|reason| !matches!(reason.as_str(), "" | "NA"));
    Ok(Refusal {
        code: reading::code(&code.unwrap_or(error.code)),
        message: reading::message(error.description.as_deref().unwrap_or_default()),
    })
}
