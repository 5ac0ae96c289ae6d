//! What an operator configures for Razorpay.

use crate::providers::payment::reading;
use crate::providers::payment::settings::{
    BaseUrl, ConfigurationError, Secret, Source, secret, secrets, wrong,
};

const API: &str = "https://api.razorpay.com";

/// Razorpay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RazorpaySettings {
    /// Razorpay's API, or a proxy in front of it.
    pub base_url: BaseUrl,
    /// `rzp_live_…` or `rzp_test_…`: public, the browser opens the hosted checkout with it.
    pub key_id: String,
    /// The secret that belongs to it, which also signs what the browser comes back with.
    pub key_secret: Secret,
    /// What webhooks are signed with; several while one is rotated, since Razorpay signs what it sends
    /// again with the secret of the first time.
    pub webhook_secrets: Vec<Secret>,
}

/// Reads them; `None` without `RAZORPAY_KEY_ID`.
pub(in crate::providers::payment) fn read(
    source: &Source<'_>,
) -> Result<Option<RazorpaySettings>, ConfigurationError> {
    let Some(key_id) = source.find("RAZORPAY_KEY_ID") else { return Ok(None) };
    let key_id = key_id.trim();
    if !reading::is_reference(key_id) {
        return Err(wrong("RAZORPAY_KEY_ID", "is not letters, digits, _ and -"));
    }
    let key_secret = source.need("RAZORPAY_KEY_SECRET", "RAZORPAY_KEY_ID is set")?;
    let webhook_secrets = source
        .need("RAZORPAY_WEBHOOK_SECRET", "without it no payment could be confirmed by webhook")?;
    let base_url = source.find("RAZORPAY_BASE_URL").unwrap_or_else(|| API.to_owned());
    Ok(Some(RazorpaySettings {
        base_url: source.base_url("RAZORPAY_BASE_URL", base_url)?,
        key_id: key_id.to_owned(),
        key_secret: secret("RAZORPAY_KEY_SECRET", &key_secret)?,
        webhook_secrets: secrets("RAZORPAY_WEBHOOK_SECRET", &webhook_secrets)?,
    }))
}
