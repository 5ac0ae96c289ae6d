//! Whether a webhook is PayPal's, by the signer's certificate or by PayPal's own word.

use serde::{Deserialize, Serialize};

use super::certificate::{self, Untrusted};
use super::settings::{PaypalSettings, WebhookVerification};
use super::transmission::Transmission;
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    Evidence, HeaderLookup, HttpReply, HttpRequest, MAX_REPLY_BYTES, Method, WebhookRefusal,
};
use crate::providers::payment::reading;

/// What must be fetched first. What can't be believed whatever comes back, or is too old to be, is
/// refused here: nobody makes us fetch with made-up headers more than the pinned certificates.
pub(super) fn wanted(
    settings: &PaypalSettings,
    header: HeaderLookup<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Evidence, WebhookRefusal> {
    let transmission = Transmission::read(settings, header, body)?;
    transmission.check_time(now)?;
    match settings.verification {
        WebhookVerification::Certificate => Ok(Evidence {
            request: HttpRequest {
                method: Method::Get,
                url: transmission.certificate_url.into(),
                headers: vec![("accept".to_owned(), "*/*".to_owned())],
                body: Vec::new(),
            },
            with_token: false,
            reusable: true,
        }),
        WebhookVerification::Api => {
            let question = question(settings, &transmission, body)?;
            let path = ["v1", "notifications", "verify-webhook-signature"];
            Ok(Evidence {
                request: HttpRequest {
                    method: Method::Post,
                    url: settings.base_url.join(&path).into(),
                    headers: vec![
                        ("accept".to_owned(), "application/json".to_owned()),
                        ("content-type".to_owned(), "application/json".to_owned()),
                    ],
                    body: question,
                },
                with_token: true,
                reusable: false,
            })
        }
    }
}

/// Believes a webhook, or not, by what was fetched.
pub(super) fn judge(
    settings: &PaypalSettings,
    header: HeaderLookup<'_>,
    body: &[u8],
    evidence: Option<&HttpReply>,
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    let transmission = Transmission::read(settings, header, body)?;
    let evidence = evidence
        .filter(|reply| reply.status == 200 && reply.body.len() <= MAX_REPLY_BYTES)
        .ok_or(WebhookRefusal::Unverifiable)?;
    match settings.verification {
        WebhookVerification::Certificate => {
            by_certificate(settings, &transmission, body, evidence, now)?;
        }
        WebhookVerification::Api => by_verdict(evidence)?,
    }
    transmission.check_time(now)
}

fn by_certificate(
    settings: &PaypalSettings,
    transmission: &Transmission,
    body: &[u8],
    evidence: &HttpReply,
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    let roots = settings.other_roots.as_deref();
    let key = certificate::trusted_key(&evidence.body, roots, now).map_err(|why| match why {
        Untrusted::Unreadable => WebhookRefusal::Unverifiable,
        Untrusted::Refused => WebhookRefusal::BadSignature,
    })?;
    let is_right = settings.webhook_ids.iter().any(|id| {
        let text = transmission.signed_text(id, body);
        certificate::is_signed_by(&key, text.as_bytes(), &transmission.signature)
    });
    if is_right { Ok(()) } else { Err(WebhookRefusal::BadSignature) }
}

fn by_verdict(evidence: &HttpReply) -> Result<(), WebhookRefusal> {
    #[derive(Deserialize)]
    struct Verdict {
        verification_status: String,
    }
    let verdict: Verdict =
        reading::json(&evidence.body).map_err(|_| WebhookRefusal::Unverifiable)?;
    match verdict.verification_status.as_str() {
        "SUCCESS" => Ok(()),
        "FAILURE" => Err(WebhookRefusal::BadSignature),
        _ => Err(WebhookRefusal::Unverifiable),
    }
}

/// The body of the question. The event goes in as it came: PayPal judges its bytes, and written anew
/// they would be others. It must be one JSON object, or it could bring fields of its own.
fn question(
    settings: &PaypalSettings,
    transmission: &Transmission,
    body: &[u8],
) -> Result<Vec<u8>, WebhookRefusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        auth_algo: &'static str,
        cert_url: &'a str,
        transmission_id: &'a str,
        transmission_sig: &'a str,
        transmission_time: &'a str,
        webhook_id: &'a str,
    }
    const BAD: WebhookRefusal = WebhookRefusal::BadSignature;
    let event = std::str::from_utf8(body).map_err(|_| BAD)?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(event).is_ok();
    if !is_json || !event.trim_start().starts_with('{') {
        return Err(BAD);
    }
    let fields = Fields {
        auth_algo: "SHA256withRSA",
        cert_url: transmission.certificate_url.as_str(),
        transmission_id: &transmission.id,
        transmission_sig: &transmission.signature_text,
        transmission_time: &transmission.time_text,
        webhook_id: settings.webhook_ids.first().map(String::as_str).ok_or(BAD)?,
    };
    let fields = serde_json::to_string(&fields).map_err(|_| BAD)?;
    let open = fields.strip_suffix('}').ok_or(BAD)?;
    Ok(format!("{open},\"webhook_event\":{event}}}").into_bytes())
}
