//! Authorize.net, by its JSON API and the nonces of Accept.js.
//!
//! The browser gives the card to Accept.js and hands on a nonce, which is good for one attempt in
//! fifteen minutes. A start is `authCaptureTransaction` or `authOnlyTransaction` with that nonce: it is
//! approved, held for review, or declined for good; another attempt is another payment.
//!
//! What makes a reply to a start trustworthy, which has neither the amount nor the order: it must echo
//! our `refId`; partial approvals are forbidden (`allowPartialAuth` is false, and a reply with a split
//! tender is unknown), so an approved amount is the amount that was asked; and the request names the
//! currency, which is refused where it is not the account's. The details, asked for later, do name the
//! amount, and the ledger compares it.
//!
//! There is no idempotency key. A lost start is looked for among the unsettled transactions by its
//! invoice number (`search`), and what is sent twice all the same is refused as a duplicate for eight
//! hours (`duplicateWindow`) and because its nonce is used up. Captures and voids name the payment, so
//! they can be repeated: it is captured or voided once, and said to have been.
//!
//! What it can't tell: of a refund made by hand the notification and the details name the order and not
//! which of its payments, and a payment's details name no refund, so such a refund shows in the books
//! alone (a void by hand shows when the payment is asked about). No notification tells of a dispute. And
//! a start that is looked for after its batch may have settled is neither found nor proved absent.

mod codes;
mod listing;
mod mapping;
mod refunds;
mod reply;
mod search;
pub mod settings;
mod webhook;
mod wire;

use self::reply::{Verdict, is_about, read_details, verdict};
use self::settings::AuthorizeNetSettings;
use self::wire::{
    CreateTransaction, Customer, Details, MerchantAuthentication, OpaqueData, Order, Payment,
    Request, Setting, TransactionRequest, TransactionResponse, TransactionSettings,
};
use super::contract::{
    AuthorizeAsk, BuildError, Call, CaptureAsk, Capturing, HeaderLookup, HttpReply, HttpRequest,
    KnownPayment, ListedPage, Listing, Method, PaymentGateway, Recovery, Refunding, VerifiedEvent,
    VoidAsk, Voiding, WebhookRefusal, Window,
};
use super::reading::{self, Asked, unknown};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::payment::{CallFailure, Gateway, PaymentReport, ReportedState};
use crate::domain::time::Timestamp;

/// The longest e-mail address that the schema takes.
const MAX_EMAIL_CHARACTERS: usize = 255;

/// For how long a same transaction is refused, in seconds: the longest that can be asked for.
const DUPLICATE_WINDOW: &str = "28800";

/// What the nonces of Accept.js are called.
const ACCEPT_JS: &str = "COMMON.ACCEPT.INAPP.PAYMENT";

/// Authorize.net, as configured.
pub(super) struct AuthorizeNet<'a> {
    settings: &'a AuthorizeNetSettings,
}

impl<'a> AuthorizeNet<'a> {
    pub(super) const fn new(settings: &'a AuthorizeNetSettings) -> Self {
        Self { settings }
    }

    fn merchant(&self) -> MerchantAuthentication<'a> {
        MerchantAuthentication {
            name: self.settings.login_id.expose(),
            transaction_key: self.settings.transaction_key.expose(),
        }
    }

    /// Questions are posted too: there is one URL, and the body says what is wanted and who asks.
    fn post(&self, request: &Request<'_>) -> Result<HttpRequest, BuildError> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Ok(HttpRequest {
            method: Method::Post,
            url: self.settings.base_url.join(&["xml", "v1", "request.api"]).into(),
            headers: vec![
                header("content-type", "application/json"),
                header("accept", "application/json"),
            ],
            body: serde_json::to_vec(request).map_err(|_| BuildError::Encoding)?,
        })
    }

    fn create(
        &self,
        ref_id: &str,
        transaction: TransactionRequest<'_>,
    ) -> Result<HttpRequest, BuildError> {
        self.post(&Request::CreateTransaction(Box::new(CreateTransaction {
            merchant_authentication: self.merchant(),
            ref_id,
            transaction_request: transaction,
        })))
    }

    fn details(&self, reference: &str) -> Result<HttpRequest, BuildError> {
        self.post(&Request::Details(Details {
            merchant_authentication: self.merchant(),
            trans_id: transaction(reference)?,
        }))
    }
}

impl PaymentGateway for AuthorizeNet<'_> {
    fn gateway(&self) -> Gateway {
        Gateway::AuthorizeNet
    }

    /// The description at the gateway is the order's id, because that is what leads back to the order;
    /// the ask's own description is not sent. Neither is the text for the buyer's statement, which
    /// belongs to the account.
    fn authorize(&self, ask: &AuthorizeAsk) -> Result<Call, BuildError> {
        const METHOD: BuildError = BuildError::PaymentMethod { gateway: "Authorize.net" };
        let amount = mapping::decimal(ask.amount, self.settings.currency)?;
        reading::at_most("email", ask.email.as_deref(), MAX_EMAIL_CHARACTERS)?;
        let nonce = ask.method.as_deref().filter(|nonce| mapping::is_nonce(nonce)).ok_or(METHOD)?;
        let holds = ask.capture.holds();
        let ref_id = mapping::invoice(ask.operation_id);
        let request = self.create(
            &ref_id,
            TransactionRequest {
                transaction_type: if holds {
                    "authOnlyTransaction"
                } else {
                    "authCaptureTransaction"
                },
                amount: Some(amount),
                currency_code: Some(self.settings.currency.code()),
                payment: Some(Payment::OpaqueData(OpaqueData {
                    data_descriptor: ACCEPT_JS,
                    data_value: nonce,
                })),
                order: Some(order(&ref_id, ask.order_id)),
                customer: ask.email.as_deref().map(|email| Customer { email }),
                bill_to: ask.billing.as_ref().map(mapping::bill_to),
                transaction_settings: Some(TransactionSettings {
                    setting: vec![
                        setting("allowPartialAuth", "false"),
                        setting("duplicateWindow", DUPLICATE_WINDOW),
                    ],
                }),
                ..TransactionRequest::default()
            },
        )?;
        let (operation, amount) = (ask.operation_id, ask.amount);
        Ok(Call::new(request, move |reply, sent_at| {
            let verdict = verdict(reply, &ref_id, Asked::Start)?;
            let report = |reference: String, state, captured| PaymentReport {
                operation_id: Some(operation),
                ..PaymentReport::new(reference, state, amount, captured, sent_at)
            };
            let (response, state) = match verdict {
                Verdict::Approved(response) if holds => (response, ReportedState::Authorized),
                Verdict::Approved(response) => (response, ReportedState::Captured),
                Verdict::Held(response) => (response, ReportedState::Processing),
                Verdict::Declined(response) => return declined(response, report),
            };
            if !mapping::is_transaction(&response.trans_id) {
                return Err(unknown("the reply names no transaction"));
            }
            let taken = state == ReportedState::Captured;
            let held = state == ReportedState::Authorized;
            Ok(PaymentReport {
                card_last_four: mapping::last_four(response.account_number.as_deref()),
                settled: taken.then_some(false),
                authorized_until: held.then(|| mapping::held_until(sent_at)),
                ..report(response.trans_id, state, if taken { amount.amount } else { 0 })
            })
        }))
    }

    fn recover(&self, ask: &AuthorizeAsk, _age_milliseconds: i64) -> Result<Recovery, BuildError> {
        self.find(ask).map(Recovery::Search)
    }

    fn find(&self, ask: &AuthorizeAsk) -> Result<Call<Option<PaymentReport>>, BuildError> {
        self.find_start(ask)
    }

    fn retrieve(&self, payment: &KnownPayment) -> Result<Call, BuildError> {
        let request = self.details(&payment.reference)?;
        let (known, currency) = (payment.clone(), self.settings.currency);
        Ok(Call::new(request, move |reply, sent_at| {
            let transaction = read_details(reply)?.ok_or_else(|| unknown("no such transaction"))?;
            if !mapping::is_ours(&transaction, &known) {
                return Err(unknown("the reply is about another payment"));
            }
            mapping::report(&transaction, &known, currency, sent_at).map_err(unknown)
        }))
    }

    /// Of a refund as well as of a payment: both carry the order's id.
    fn whose(&self, reference: &str) -> Result<Call<Option<OrderId>>, BuildError> {
        let request = self.details(reference)?;
        let reference = reference.to_owned();
        Ok(Call::new(request, move |reply, _| {
            let Some(transaction) = read_details(reply)? else { return Ok(None) };
            if transaction.trans_id != reference {
                return Err(unknown("the reply is about another transaction"));
            }
            let description = transaction.order.and_then(|order| order.description);
            Ok(description.and_then(|text| text.parse().ok()))
        }))
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
        _now: Timestamp,
    ) -> Result<VerifiedEvent, WebhookRefusal> {
        webhook::verify(&self.settings.signature_keys, header, body)
    }

    fn doubted_reference(&self, body: &[u8]) -> Option<String> {
        webhook::doubted_reference(body)
    }
}

impl Capturing for AuthorizeNet<'_> {
    /// The rest of what was held is let go with the first capture.
    fn in_parts(&self) -> bool {
        false
    }

    fn capture(&self, ask: &CaptureAsk) -> Result<Call, BuildError> {
        let amount = mapping::decimal(ask.amount, self.settings.currency)?;
        if ask.amount.amount > ask.payment.amount.amount {
            return Err(BuildError::Amount(ask.amount));
        }
        let taken = ask.amount.amount;
        let state = (ReportedState::Captured, taken, Some(false));
        self.change(
            "priorAuthCaptureTransaction",
            Some(amount),
            ask.operation_id,
            &ask.payment,
            state,
        )
    }
}

impl Voiding for AuthorizeNet<'_> {
    /// Authorize.net voids taken money too, before it settles. That gives money back, so it is a
    /// refund here and must be asked for as one.
    fn void(&self, ask: &VoidAsk) -> Result<Call, BuildError> {
        if ask.payment.settled.is_some() {
            return Err(BuildError::NotOffered("void of a payment that was taken"));
        }
        let state = (ReportedState::Cancelled, 0, None);
        self.change("voidTransaction", None, ask.operation_id, &ask.payment, state)
    }
}

impl Listing for AuthorizeNet<'_> {
    fn list(&self, window: Window, cursor: Option<&str>) -> Result<Call<ListedPage>, BuildError> {
        self.list_page(window, cursor)
    }
}

impl AuthorizeNet<'_> {
    /// A capture or a void: it names the payment, and its approval leaves the payment in `state` with
    /// so much taken.
    fn change(
        &self,
        transaction_type: &'static str,
        amount: Option<String>,
        operation: OperationId,
        payment: &KnownPayment,
        (state, captured, settled): (ReportedState, i64, Option<bool>),
    ) -> Result<Call, BuildError> {
        let ref_id = mapping::invoice(operation);
        let request = self.create(
            &ref_id,
            TransactionRequest {
                transaction_type,
                amount,
                ref_trans_id: Some(transaction(&payment.reference)?),
                ..TransactionRequest::default()
            },
        )?;
        let known = payment.clone();
        Ok(Call::new(request, move |reply, sent_at| {
            let response = match verdict(reply, &ref_id, Asked::Again)? {
                Verdict::Approved(response) => response,
                Verdict::Held(response) => {
                    let code = reading::code(codes::reason(&response).0);
                    return Err(CallFailure::AskInstead { code });
                }
                Verdict::Declined(response) => {
                    let (code, text) = codes::reason(&response);
                    return Err(codes::refused(code, text));
                }
            };
            if !is_about(&response, &known.reference) {
                return Err(unknown("the reply is about another payment"));
            }
            Ok(PaymentReport {
                operation_id: Some(known.started_by),
                card_last_four: known.card_last_four,
                settled,
                ..PaymentReport::new(known.reference, state, known.amount, captured, sent_at)
            })
        }))
    }
}

fn transaction(reference: &str) -> Result<&str, BuildError> {
    if mapping::is_transaction(reference) { Ok(reference) } else { Err(BuildError::Reference) }
}

fn order(invoice_number: &str, order_id: OrderId) -> Order<'_> {
    Order { invoice_number, description: order_id.to_string() }
}

const fn setting(setting_name: &'static str, setting_value: &'static str) -> Setting {
    Setting { setting_name, setting_value }
}

/// A declined start. Without a transaction of its own nothing is left to follow: it is a refusal.
fn declined(
    response: TransactionResponse,
    report: impl FnOnce(String, ReportedState, i64) -> PaymentReport,
) -> Result<PaymentReport, CallFailure> {
    let (code, text) = codes::reason(&response);
    if !mapping::is_transaction(&response.trans_id) {
        return Err(codes::refused(code, text));
    }
    let decline = mapping::declined(code, Some(text));
    Ok(PaymentReport {
        decline: Some(decline),
        card_last_four: mapping::last_four(response.account_number.as_deref()),
        ..report(response.trans_id, ReportedState::Failed, 0)
    })
}
