//! Taking held money and letting it go.
//!
//! PayPal answers both with the capture or the authorization alone. A report is about a payment as a
//! whole, so it is only made of a capture that takes all of it at once; after anything else the payment
//! is asked for, which is what [`CallFailure::AskInstead`] stands for.

use serde::Deserialize;

use super::reply::{Refusal, refused};
use super::wire::{Amount, AuthorizationStatus, Capture, CaptureStatus, NewCapture};
use super::{Paypal, encoded, whole_second};
use crate::domain::payment::{CallFailure, CapturedPart, PaymentReport, ReportedState};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    BuildError, Call, CaptureAsk, Capturing, HttpReply, VoidAsk, Voiding,
};
use crate::providers::payment::reading::{self, Asked, Class};

/// The hold is not what we think it is.
const HOLD_IS_ELSEWHERE: [&str; 8] = [
    "AUTHORIZATION_ALREADY_CAPTURED",
    "AUTHORIZATION_DENIED",
    "AUTHORIZATION_EXPIRED",
    "AUTHORIZATION_VOIDED",
    "CANNOT_BE_VOIDED",
    "DUPLICATE_INVOICE_ID",
    "PREVIOUSLY_CAPTURED",
    "PREVIOUSLY_VOIDED",
];

impl Capturing for Paypal<'_> {
    fn in_parts(&self) -> bool {
        true
    }

    fn capture(&self, ask: &CaptureAsk) -> Result<Call, BuildError> {
        let Some(hold) = ask.payment.charge.as_deref() else {
            return Err(BuildError::NotOffered("a capture of a payment that is not held"));
        };
        let body = NewCapture {
            amount: Amount::of(ask.amount)?,
            invoice_id: ask.operation_id.to_string(),
            final_capture: ask.is_final,
        };
        let path = ["v2", "payments", "authorizations", reading::reference(hold)?, "capture"];
        let request = self.post(&path, ask.operation_id.to_string(), encoded(&body)?);
        let ask = ask.clone();
        Ok(Call::new(request, move |reply, sent_at| captured(reply, ask, sent_at)))
    }
}

impl Voiding for Paypal<'_> {
    fn void(&self, ask: &VoidAsk) -> Result<Call, BuildError> {
        // Nothing is held and we alone could complete: it lapses by itself.
        let Some(hold) = ask.payment.charge.as_deref() else {
            return Err(BuildError::NotOffered("a void of a payment that is not held"));
        };
        let hold = reading::reference(hold)?.to_owned();
        let path = ["v2", "payments", "authorizations", &hold, "void"];
        let request = self.post(&path, ask.operation_id.to_string(), Vec::new());
        Ok(Call::new(request, move |reply, _| Err(voided(reply, &hold))))
    }
}

fn captured(
    reply: &HttpReply,
    ask: CaptureAsk,
    sent_at: Timestamp,
) -> Result<PaymentReport, CallFailure> {
    match reading::class(reply.status) {
        Class::Success => {}
        Class::Refusal => return Err(elsewhere_or_refused(reply)),
        Class::Unclear => return Err(reading::unclear_status(reply)),
    }
    let capture: Capture = reading::json(&reply.body)?;
    let operation = ask.operation_id.to_string();
    if !reading::is_reference(&capture.id)
        || capture.invoice_id.as_deref() != Some(operation.as_str())
    {
        return Err(reading::unknown("the reply is about another capture"));
    }
    let amount = capture.amount.money().map_err(reading::unknown)?;
    let code = match capture.status {
        CaptureStatus::Declined | CaptureStatus::Failed => {
            let reason = capture.status_details.and_then(|details| details.reason);
            return Err(CallFailure::Refused {
                code: reading::code(reason.as_deref().unwrap_or("CAPTURE_DECLINED")),
                message: "PayPal did not take the money.".to_owned(),
            });
        }
        CaptureStatus::Completed if amount == ask.payment.amount && ask.is_final => {
            return Ok(whole(capture.id, ask, sent_at));
        }
        CaptureStatus::Pending => "pending",
        _ => "captured",
    };
    Err(CallFailure::AskInstead { code: code.to_owned() })
}

/// The report of a payment that one capture took all of: nothing can have been taken before.
fn whole(capture: String, ask: CaptureAsk, sent_at: Timestamp) -> PaymentReport {
    let payment = ask.payment;
    let taken = payment.amount.amount;
    PaymentReport {
        operation_id: Some(payment.started_by),
        charge: payment.charge,
        captures: vec![CapturedPart { reference: capture, amount_minor: taken }],
        ..PaymentReport::new(
            payment.reference,
            ReportedState::Captured,
            payment.amount,
            taken,
            whole_second(sent_at),
        )
    }
}

/// How a void ended. Never in a report: whether something was taken before is not told.
fn voided(reply: &HttpReply, hold: &str) -> CallFailure {
    #[derive(Deserialize)]
    struct Hold {
        id: String,
        status: AuthorizationStatus,
    }
    let done = || CallFailure::AskInstead { code: "voided".to_owned() };
    match reading::class(reply.status) {
        Class::Success if reply.status == 204 => done(),
        Class::Success => match reading::json::<Hold>(&reply.body) {
            Ok(told) if told.id == hold && told.status == AuthorizationStatus::Voided => done(),
            Ok(_) => reading::unknown("the reply does not say that the hold was let go"),
            Err(failure) => failure,
        },
        Class::Refusal => elsewhere_or_refused(reply),
        Class::Unclear => reading::unclear_status(reply),
    }
}

fn elsewhere_or_refused(reply: &HttpReply) -> CallFailure {
    match Refusal::read(reply) {
        Ok(refusal) if refusal.is_any(&HOLD_IS_ELSEWHERE) => refusal.ask_instead(),
        Ok(refusal) => refused(&refusal, Asked::Again, reply),
        Err(failure) => failure,
    }
}
