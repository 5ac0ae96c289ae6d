//! What an operator configures for PayPal.

use url::{Origin, Url};

use super::certificate;
use crate::providers::payment::settings::{
    BaseUrl, ConfigurationError, Environment, Secret, Source, secret, wrong,
};

const API: &str = "https://api-m.paypal.com";

/// Where PayPal publishes the certificates it signs webhooks with.
const CERTIFICATE_HOSTS: [&str; 2] = ["api.paypal.com", "api.sandbox.paypal.com"];

/// The most webhook ids: each costs a signature check per webhook.
const MAX_WEBHOOK_IDS: usize = 4;

/// The longest webhook id, by PayPal's description.
const MAX_WEBHOOK_ID_CHARACTERS: usize = 50;

/// How webhooks are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookVerification {
    /// By the signature and the signer's certificate, which is fetched once.
    Certificate,
    /// By asking PayPal for every webhook.
    Api,
}

/// PayPal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaypalSettings {
    /// PayPal's API, its sandbox, or a proxy in front of it.
    pub base_url: BaseUrl,
    /// The application's id.
    pub client_id: Secret,
    /// The application's secret.
    pub client_secret: Secret,
    /// The ids of the webhook endpoints that are live: part of what PayPal signs.
    pub webhook_ids: Vec<String>,
    /// How webhooks are judged.
    pub verification: WebhookVerification,
    /// Where certificates may come from besides PayPal; development only.
    pub(super) other_certificate_origin: Option<Origin>,
    /// Roots that are trusted besides the pinned ones, in PEM; development only.
    pub(super) other_roots: Option<String>,
}

impl PaypalSettings {
    /// Whether a certificate may be fetched from there.
    pub(super) fn is_certificate_host(&self, url: &Url) -> bool {
        let pinned = url.scheme() == "https"
            && url.port().is_none()
            && url.host_str().is_some_and(|host| CERTIFICATE_HOSTS.contains(&host));
        pinned || self.other_certificate_origin.as_ref() == Some(&url.origin())
    }
}

/// Reads PayPal's variables.
pub(in crate::providers::payment) fn read(
    source: &Source<'_>,
) -> Result<Option<PaypalSettings>, ConfigurationError> {
    const BECAUSE: &str = "PAYPAL_CLIENT_ID is set";
    let Some(client_id) = (source.get)("PAYPAL_CLIENT_ID") else { return Ok(None) };
    let client_secret = source.need("PAYPAL_CLIENT_SECRET", BECAUSE)?;
    let webhook_ids =
        source.need("PAYPAL_WEBHOOK_ID", "without it no payment could be confirmed by webhook")?;
    let webhook_ids = ids(&webhook_ids)?;
    let verification = match (source.get)("PAYPAL_WEBHOOK_VERIFICATION").as_deref() {
        None | Some("certificate") => WebhookVerification::Certificate,
        Some("api") if webhook_ids.len() > 1 => {
            let problem = "holds several ids, and with PAYPAL_WEBHOOK_VERIFICATION=api PayPal is \
                           asked about one";
            return Err(wrong("PAYPAL_WEBHOOK_ID", problem));
        }
        Some("api") => WebhookVerification::Api,
        Some(_) => {
            return Err(wrong("PAYPAL_WEBHOOK_VERIFICATION", "is neither certificate nor api"));
        }
    };
    let base_url = (source.get)("PAYPAL_BASE_URL").unwrap_or_else(|| API.to_owned());
    let base_url = source.base_url("PAYPAL_BASE_URL", base_url)?;
    let in_development = source.environment == Environment::Development;
    Ok(Some(PaypalSettings {
        other_certificate_origin: in_development.then(|| base_url.join(&[]).origin()),
        other_roots: roots(source, in_development)?,
        client_id: secret("PAYPAL_CLIENT_ID", &client_id)?,
        client_secret: secret("PAYPAL_CLIENT_SECRET", &client_secret)?,
        base_url,
        webhook_ids,
        verification,
    }))
}

fn ids(text: &str) -> Result<Vec<String>, ConfigurationError> {
    let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
    let legal = |id: &String| {
        (1..=MAX_WEBHOOK_ID_CHARACTERS).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if !ids.iter().all(legal) {
        return Err(wrong("PAYPAL_WEBHOOK_ID", "is not 1 to 50 letters and digits"));
    }
    if ids.len() > MAX_WEBHOOK_IDS {
        return Err(wrong("PAYPAL_WEBHOOK_ID", "holds more than four ids"));
    }
    Ok(ids)
}

fn roots(source: &Source<'_>, in_development: bool) -> Result<Option<String>, ConfigurationError> {
    const VARIABLE: &str = "PAYPAL_WEBHOOK_ROOTS";
    let Some(text) = (source.get)(VARIABLE) else { return Ok(None) };
    if !in_development {
        return Err(wrong(VARIABLE, "is only allowed when ENVIRONMENT is development"));
    }
    // A file of variables may hold the line breaks as `\n`.
    let text = text.replace("\\n", "\n");
    if !certificate::is_readable(&text) {
        return Err(wrong(VARIABLE, "does not hold certificates in PEM"));
    }
    Ok(Some(text))
}
