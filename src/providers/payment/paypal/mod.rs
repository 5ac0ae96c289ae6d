//! PayPal, by its Orders v2 and Payments v2.
//!
//! A start is `POST /v2/checkout/orders` under the operation's id as `PayPal-Request-Id`, with the
//! order in `custom_id` and the operation in `invoice_id`. It moves no money: the buyer approves on
//! PayPal's page, and then we complete, which takes the money or holds it as the intent says.
//!
//! Lost replies. PayPal keeps the key of an order for six hours, so for
//! [`REPEAT_WITHIN_MILLISECONDS`] the same request is repeated, which gives the same order. Later there
//! is nothing to look for: PayPal can't be asked for an order by our id, and need not be. Only the
//! reply that was lost holds the page where the order can be approved, so nobody can have approved it,
//! and only we complete. The start brought no money and never will. The contract wants a question all
//! the same; it asks for an order whose id is the operation's, which PayPal never gives, so `None` comes
//! of PayPal's own "no such order" and of nothing else.
//!
//! A completion has a key of its own, made of the operation's: it is the same however often it is
//! asked, and PayPal takes an order's money once in any case.

mod amount;
mod certificate;
mod events;
mod evidence;
mod holds;
mod listing;
mod mapping;
mod refunds;
mod reply;
pub(super) mod settings;
mod transmission;
mod wire;

use base64ct::{Base64, Encoding};
use serde::Serialize;

use self::settings::PaypalSettings;
use self::wire::{Amount, NewExperience, NewOrder, NewSource, NewUnit, NewWallet};
use super::contract::{
    AccessToken, AuthorizeAsk, BuildError, Call, Capturing, Completing, Evidence, HeaderLookup,
    HttpReply, HttpRequest, KnownPayment, Listing, Method, PaymentGateway, Recovery, Refunding,
    VerifiedEvent, Voiding, WebhookRefusal,
};
use super::reading::{self, Asked, Subject};
use crate::domain::id::OrderId;
use crate::domain::payment::{Gateway, PaymentReport};
use crate::domain::time::Timestamp;

/// For how long a lost start is repeated under its key: half an hour less than PayPal keeps it.
pub const REPEAT_WITHIN_MILLISECONDS: i64 = (5 * 60 + 30) * 60 * 1_000;

/// PayPal's limits on texts.
const MAX_DESCRIPTION_CHARACTERS: usize = 127;
const MAX_DESCRIPTOR_CHARACTERS: usize = 22;
const MAX_EMAIL_CHARACTERS: usize = 254;

/// PayPal, as configured.
pub(super) struct Paypal<'a> {
    settings: &'a PaypalSettings,
}

impl<'a> Paypal<'a> {
    pub(super) const fn new(settings: &'a PaypalSettings) -> Self {
        Self { settings }
    }

    fn get(&self, path: &[&str]) -> HttpRequest {
        HttpRequest {
            method: Method::Get,
            url: self.settings.base_url.join(path).into(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
        }
    }

    /// A request for a change. The reply is to hold the whole resource: PayPal's short form leaves out
    /// the amount, and a payment whose amount is not told is not believed.
    fn post(&self, path: &[&str], key: String, body: Vec<u8>) -> HttpRequest {
        HttpRequest {
            method: Method::Post,
            url: self.settings.base_url.join(path).into(),
            headers: vec![
                ("accept".to_owned(), "application/json".to_owned()),
                ("content-type".to_owned(), "application/json".to_owned()),
                ("paypal-request-id".to_owned(), key),
                ("prefer".to_owned(), "return=representation".to_owned()),
            ],
            body,
        }
    }

    fn start(&self, ask: &AuthorizeAsk, asked: Asked) -> Result<Call, BuildError> {
        let amount = Amount::of(ask.amount)?;
        if ask.method.is_some() {
            return Err(BuildError::PaymentMethod { gateway: "PayPal" });
        }
        if ask.return_url.as_deref().is_some_and(|url| !reading::is_web_url(url)) {
            return Err(BuildError::ReturnUrl);
        }
        let description = ask.description.as_deref().filter(|text| !text.is_empty());
        let descriptor = ask.statement_descriptor.as_deref().filter(|text| !text.is_empty());
        reading::at_most("description", description, MAX_DESCRIPTION_CHARACTERS)?;
        reading::at_most("statement_descriptor", descriptor, MAX_DESCRIPTOR_CHARACTERS)?;
        reading::at_most("email", ask.email.as_deref(), MAX_EMAIL_CHARACTERS)?;
        let order = NewOrder {
            intent: if ask.capture.holds() { "AUTHORIZE" } else { "CAPTURE" },
            purchase_units: [NewUnit {
                reference_id: "default",
                amount,
                description,
                custom_id: ask.order_id.to_string(),
                invoice_id: ask.operation_id.to_string(),
                soft_descriptor: descriptor,
            }],
            payment_source: NewSource {
                paypal: NewWallet {
                    email_address: ask.email.as_deref(),
                    experience_context: NewExperience {
                        // The shop has asked for the address itself.
                        shipping_preference: "NO_SHIPPING",
                        user_action: "PAY_NOW",
                        return_url: ask.return_url.as_deref(),
                        // The shop asks where the payment stands, whichever way the browser comes back.
                        cancel_url: ask.return_url.as_deref(),
                    },
                },
            },
        };
        let path = ["v2", "checkout", "orders"];
        let request = self.post(&path, ask.operation_id.to_string(), encoded(&order)?);
        let subject = Subject::StartedBy(ask.operation_id);
        Ok(Call::new(request, move |reply, sent_at| reply::order(reply, &subject, asked, sent_at)))
    }

    fn ask_for_order(&self, reference: &str) -> Result<HttpRequest, BuildError> {
        Ok(self.get(&["v2", "checkout", "orders", reading::reference(reference)?]))
    }
}

impl PaymentGateway for Paypal<'_> {
    fn gateway(&self) -> Gateway {
        Gateway::Paypal
    }

    fn access_token(&self) -> Option<Result<Call<AccessToken>, BuildError>> {
        let PaypalSettings { client_id, client_secret, .. } = self.settings;
        let credentials = format!("{}:{}", client_id.expose(), client_secret.expose());
        let basic = Base64::encode_string(credentials.as_bytes());
        let request = HttpRequest {
            method: Method::Post,
            url: self.settings.base_url.join(&["v1", "oauth2", "token"]).into(),
            headers: vec![
                ("authorization".to_owned(), format!("Basic {basic}")),
                ("accept".to_owned(), "application/json".to_owned()),
                ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ],
            body: b"grant_type=client_credentials".to_vec(),
        };
        Some(Ok(Call::new(request, reply::token)))
    }

    fn authorize(&self, ask: &AuthorizeAsk) -> Result<Call, BuildError> {
        self.start(ask, Asked::Start)
    }

    fn recover(&self, ask: &AuthorizeAsk, age_milliseconds: i64) -> Result<Recovery, BuildError> {
        if age_milliseconds < REPEAT_WITHIN_MILLISECONDS {
            return self.start(ask, Asked::Again).map(Recovery::Repeat);
        }
        self.find(ask).map(Recovery::Search)
    }

    fn find(&self, ask: &AuthorizeAsk) -> Result<Call<Option<PaymentReport>>, BuildError> {
        let operation_id = ask.operation_id;
        // In the letters of PayPal's own ids, so that it is unknown and not malformed.
        let name = operation_id.to_string().trim_start_matches("op_").to_ascii_uppercase();
        let request = self.ask_for_order(&name)?;
        Ok(Call::new(request, move |reply, sent_at| reply::found(reply, operation_id, sent_at)))
    }

    fn retrieve(&self, payment: &KnownPayment) -> Result<Call, BuildError> {
        let request = self.ask_for_order(&payment.reference)?;
        let subject = Subject::Reference(payment.reference.clone());
        Ok(Call::new(request, move |reply, sent_at| {
            reply::order(reply, &subject, Asked::Question, sent_at)
        }))
    }

    fn whose(&self, reference: &str) -> Result<Call<Option<OrderId>>, BuildError> {
        let of = |kind, id| -> Result<HttpRequest, BuildError> {
            Ok(self.get(&["v2", "payments", kind, reading::reference(id)?]))
        };
        // What an event named that does not name its order: see `events`.
        if let Some(id) = reference.strip_prefix(events::CAPTURE) {
            return Ok(Call::new(of("captures", id)?, |reply, _| reply::owner_of_part(reply)));
        }
        if let Some(id) = reference.strip_prefix(events::AUTHORIZATION) {
            return Ok(Call::new(of("authorizations", id)?, |reply, _| {
                reply::owner_of_part(reply)
            }));
        }
        let request = self.ask_for_order(reference)?;
        Ok(Call::new(request, |reply, _| reply::owner(reply)))
    }

    fn completing(&self) -> Option<&dyn Completing> {
        Some(self)
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

    fn evidence(
        &self,
        header: HeaderLookup<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<Evidence>, WebhookRefusal> {
        evidence::wanted(self.settings, header, body, now).map(Some)
    }

    fn verify(
        &self,
        header: HeaderLookup<'_>,
        body: &[u8],
        evidence: Option<&HttpReply>,
        now: Timestamp,
    ) -> Result<VerifiedEvent, WebhookRefusal> {
        evidence::judge(self.settings, header, body, evidence, now)?;
        events::read(body).map_err(|reason| WebhookRefusal::Malformed { reason })
    }

    /// A webhook that PayPal delivers again long after it was signed is stale, and may be the only news
    /// there is.
    fn doubted_reference(&self, body: &[u8]) -> Option<String> {
        events::order_reference(body)
    }
}

impl Completing for Paypal<'_> {
    fn complete(&self, ask: &AuthorizeAsk, payment: &KnownPayment) -> Result<Call, BuildError> {
        let reference = reading::reference(&payment.reference)?;
        let verb = if ask.capture.holds() { "authorize" } else { "capture" };
        let path = ["v2", "checkout", "orders", reference, verb];
        let key = format!("{}-complete", ask.operation_id);
        let request = self.post(&path, key, b"{}".to_vec());
        let (reference, amount) = (reference.to_owned(), ask.amount);
        let operation_id = ask.operation_id;
        Ok(Call::new(request, move |reply, sent_at| {
            let completed = reply::Completed { reference, operation_id, amount };
            completed.read(reply, sent_at)
        }))
    }
}

fn encoded(body: &impl Serialize) -> Result<Vec<u8>, BuildError> {
    serde_json::to_vec(body).map_err(|_| BuildError::Encoding)
}

/// PayPal's resources tell time in whole seconds. A reply's time is cut to them as well, so that an
/// event of the same second is not taken for older news.
fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_milliseconds(moment.seconds().saturating_mul(1_000))
}
