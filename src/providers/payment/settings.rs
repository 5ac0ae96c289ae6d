//! What an operator configures, read from the variables and secrets of the Worker.
//!
//! | variable | for | default |
//! |---|---|---|
//! | `ENVIRONMENT` | `development` or `production` | `production` |
//! | `SANDBOX_ENABLED` | `true` offers the sandbox; refused outside development | `false` |
//! | `SANDBOX_BASE_URL`, `SANDBOX_API_KEY`, `SANDBOX_WEBHOOK_SECRET` | where and with which keys | none |
//! | `STRIPE_SECRET_KEY` | offers Stripe | none |
//! | `STRIPE_WEBHOOK_SECRET` | one or more (comma), so that they can be rotated | none |
//! | `STRIPE_PUBLISHABLE_KEY` | public: told to storefronts, for Stripe's own code in the browser | none |
//! | `STRIPE_BASE_URL` | a proxy in front of Stripe | `https://api.stripe.com` |
//! | `RAZORPAY_KEY_ID` | offers Razorpay | none |
//! | `RAZORPAY_KEY_SECRET` | the secret of that key | none |
//! | `RAZORPAY_WEBHOOK_SECRET` | one or more (comma), so that they can be rotated | none |
//! | `RAZORPAY_BASE_URL` | a proxy in front of Razorpay | `https://api.razorpay.com` |
//! | `PAYPAL_CLIENT_ID`, `PAYPAL_CLIENT_SECRET` | offers PayPal | none |
//! | `PAYPAL_WEBHOOK_ID` | one or more (comma), so that endpoints can be changed | none |
//! | `PAYPAL_WEBHOOK_VERIFICATION` | `certificate`, or `api` to ask PayPal each time | `certificate` |
//! | `PAYPAL_BASE_URL` | PayPal's sandbox, or a proxy | `https://api-m.paypal.com` |
//! | `PAYPAL_WEBHOOK_ROOTS` | certificates (PEM) trusted too; refused outside development | none |
//!
//! Those of the other gateways stand in their own folders. An empty value counts as absent.

use std::fmt;

use url::Url;

use super::authorize_net::settings::{self as authorize_net, AuthorizeNetSettings};
use super::paypal;
pub use super::paypal::settings::{PaypalSettings, WebhookVerification};
use super::razorpay;
pub use super::razorpay::settings::RazorpaySettings;
use crate::domain::payment::Gateway;
use crate::domain::web_address::check_public;

/// A key or a secret. It can be used, but not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret: 1 to 512 visible ASCII characters, so that it can stand in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let legal =
            !text.is_empty() && text.len() <= 512 && text.bytes().all(|b| b.is_ascii_graphic());
        legal.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the one header or MAC that needs it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where the Worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A laptop or a test: plain http and the sandbox are allowed.
    Development,
    /// Everything else.
    Production,
}

/// The root of a provider's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads a base URL: https to a public host name, without credentials, query or fragment. In
    /// development http, any host and any port will do. A path is kept as a prefix, with or without a slash.
    ///
    /// # Errors
    /// What is wrong with it, without the text: it may hold a credential.
    pub fn parse(text: &str, environment: Environment) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "is not an absolute URL")?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err("is neither https nor http");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must not have a query or fragment");
        }
        if environment == Environment::Production {
            check_public(&url)?;
        }
        Ok(Self(url))
    }

    /// The URL of a path below the root; each segment is escaped.
    #[must_use]
    pub fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // Only a URL that cannot be a base has no segments, and an http URL always can.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// The development gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSettings {
    /// Where it listens.
    pub base_url: BaseUrl,
    /// Its API key.
    pub api_key: Secret,
    /// What it signs webhooks with; any of these is right.
    pub webhook_secrets: Vec<Secret>,
}

/// Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeSettings {
    /// Stripe's API, or a proxy in front of it.
    pub base_url: BaseUrl,
    /// `sk_…` or `rk_…`.
    pub secret_key: Secret,
    /// The endpoint's `whsec_…`; several while one is rotated.
    pub webhook_secrets: Vec<Secret>,
    /// `pk_…`, for the browser; public.
    pub publishable_key: Option<String>,
}

/// The gateways that are set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentSettings {
    /// The development gateway.
    pub sandbox: Option<SandboxSettings>,
    /// Stripe.
    pub stripe: Option<StripeSettings>,
    /// Authorize.net.
    pub authorize_net: Option<AuthorizeNetSettings>,
    /// Razorpay.
    pub razorpay: Option<RazorpaySettings>,
    /// PayPal.
    pub paypal: Option<PaypalSettings>,
}

/// Why the configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// Needed because of another variable.
    #[error("{variable} is missing; {because}")]
    Missing {
        /// Which variable.
        variable: &'static str,
        /// What needs it.
        because: &'static str,
    },
    /// Present, and wrong.
    #[error("{variable} {problem}")]
    Wrong {
        /// Which variable.
        variable: &'static str,
        /// What is wrong with it; never its value.
        problem: &'static str,
    },
    /// A shop that takes play money would give its goods away.
    #[error("SANDBOX_ENABLED is only allowed when ENVIRONMENT is development")]
    SandboxOutsideDevelopment,
}

const STRIPE_API: &str = "https://api.stripe.com";

impl PaymentSettings {
    /// Reads the settings; `get` gives a variable's or a secret's text.
    ///
    /// # Errors
    /// Which variable is missing or wrong. No error holds a value.
    pub fn from_variables(
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigurationError> {
        let get = |name: &'static str| get(name).filter(|text| !text.trim().is_empty());
        let environment = match get("ENVIRONMENT").as_deref() {
            None | Some("production") => Environment::Production,
            Some("development") => Environment::Development,
            Some(_) => return Err(wrong("ENVIRONMENT", "is neither development nor production")),
        };
        let source = Source { get: &get, environment };
        Ok(Self {
            sandbox: sandbox(&source)?,
            stripe: stripe(&source)?,
            authorize_net: authorize_net::read(&source)?,
            razorpay: razorpay::settings::read(&source)?,
            paypal: paypal::settings::read(&source)?,
        })
    }

    /// What a gateway's own code in the browser needs, by its name in our answers. Only what its vendor
    /// calls public is ever here: everyone can read it.
    #[must_use]
    pub fn browser_keys(&self, gateway: Gateway) -> Vec<(&'static str, &str)> {
        match gateway {
            Gateway::Stripe => {
                let key = self.stripe.as_ref().and_then(|stripe| stripe.publishable_key.as_deref());
                key.map(|key| ("publishable_key", key)).into_iter().collect()
            }
            Gateway::Razorpay => {
                let key = self.razorpay.as_ref().map(|razorpay| razorpay.key_id.as_str());
                key.map(|key| ("key_id", key)).into_iter().collect()
            }
            Gateway::AuthorizeNet => {
                let keys = self.authorize_net.as_ref().and_then(|net| {
                    let client_key = net.client_key.as_deref()?;
                    Some([("client_key", client_key), ("api_login_id", net.login_id.expose())])
                });
                keys.into_iter().flatten().collect()
            }
            Gateway::Sandbox | Gateway::Paypal => Vec::new(),
        }
    }
}

fn sandbox(source: &Source<'_>) -> Result<Option<SandboxSettings>, ConfigurationError> {
    const BECAUSE: &str = "SANDBOX_ENABLED is true";
    match (source.get)("SANDBOX_ENABLED").as_deref() {
        None | Some("false") => return Ok(None),
        Some("true") if source.environment == Environment::Development => {}
        Some("true") => return Err(ConfigurationError::SandboxOutsideDevelopment),
        Some(_) => return Err(wrong("SANDBOX_ENABLED", "is neither true nor false")),
    }
    Ok(Some(SandboxSettings {
        base_url: source.base_url("SANDBOX_BASE_URL", source.need("SANDBOX_BASE_URL", BECAUSE)?)?,
        api_key: secret("SANDBOX_API_KEY", &source.need("SANDBOX_API_KEY", BECAUSE)?)?,
        webhook_secrets: secrets(
            "SANDBOX_WEBHOOK_SECRET",
            &source.need("SANDBOX_WEBHOOK_SECRET", BECAUSE)?,
        )?,
    }))
}

fn stripe(source: &Source<'_>) -> Result<Option<StripeSettings>, ConfigurationError> {
    let Some(key) = (source.get)("STRIPE_SECRET_KEY") else { return Ok(None) };
    if key.starts_with("pk_") {
        return Err(wrong("STRIPE_SECRET_KEY", "is a publishable key; the secret key is needed"));
    }
    let base_url = (source.get)("STRIPE_BASE_URL").unwrap_or_else(|| STRIPE_API.to_owned());
    let webhook_secrets = source
        .need("STRIPE_WEBHOOK_SECRET", "without it no payment could be confirmed by webhook")?;
    Ok(Some(StripeSettings {
        base_url: source.base_url("STRIPE_BASE_URL", base_url)?,
        secret_key: secret("STRIPE_SECRET_KEY", &key)?,
        webhook_secrets: secrets("STRIPE_WEBHOOK_SECRET", &webhook_secrets)?,
        publishable_key: publishable_key(source)?,
    }))
}

/// Everyone gets to read it, so that nothing else may stand there by mistake.
fn publishable_key(source: &Source<'_>) -> Result<Option<String>, ConfigurationError> {
    const NAME: &str = "STRIPE_PUBLISHABLE_KEY";
    let Some(key) = (source.get)(NAME) else { return Ok(None) };
    let key = key.trim();
    let legal = key.len() <= 255 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !key.starts_with("pk_") || !legal {
        return Err(wrong(NAME, "is not a publishable key, which begins with pk_"));
    }
    Ok(Some(key.to_owned()))
}

/// The variables, and where the Worker runs.
pub(super) struct Source<'a> {
    /// A variable's or a secret's text.
    pub get: &'a dyn Fn(&'static str) -> Option<String>,
    /// Where the Worker runs.
    pub(super) environment: Environment,
}

impl Source<'_> {
    /// A variable's text, unless it is absent or empty.
    pub(super) fn find(&self, variable: &'static str) -> Option<String> {
        (self.get)(variable)
    }

    /// A variable that another one needs.
    pub fn need(
        &self,
        variable: &'static str,
        because: &'static str,
    ) -> Result<String, ConfigurationError> {
        (self.get)(variable).ok_or(ConfigurationError::Missing { variable, because })
    }

    /// The root of an API.
    pub fn base_url(
        &self,
        variable: &'static str,
        text: String,
    ) -> Result<BaseUrl, ConfigurationError> {
        BaseUrl::parse(text.trim(), self.environment).map_err(|problem| wrong(variable, problem))
    }
}

/// A secret.
pub(super) fn secret(variable: &'static str, text: &str) -> Result<Secret, ConfigurationError> {
    Secret::new(text.trim())
        .ok_or_else(|| wrong(variable, "is not 1 to 512 visible ASCII characters"))
}

/// The most webhook secrets of one gateway: each costs one MAC per webhook.
const MAX_SECRETS: usize = 4;

/// One or more secrets, separated by commas.
pub(super) fn secrets(
    variable: &'static str,
    text: &str,
) -> Result<Vec<Secret>, ConfigurationError> {
    let secrets: Vec<Secret> =
        text.split(',').map(|one| secret(variable, one)).collect::<Result<_, _>>()?;
    if secrets.len() > MAX_SECRETS {
        return Err(wrong(variable, "holds more than four secrets"));
    }
    Ok(secrets)
}

/// A variable that is present, and wrong.
pub(super) const fn wrong(variable: &'static str, problem: &'static str) -> ConfigurationError {
    ConfigurationError::Wrong { variable, problem }
}
