//! The deployment's settings, read once from the environment's variables and checked.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::cache::Lifetime;
use super::clock;
use super::platform::Environment;
use crate::domain::payment::CaptureMode;
use crate::providers::payment::settings::{ConfigurationError, PaymentSettings};

/// The secret from which order tokens are derived. It can be used, but not printed.
#[derive(Clone)]
pub struct TokenSecret(String);

impl TokenSecret {
    /// The secret itself, for a MAC.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What the variables of `wrangler.toml`, `.dev.vars` and the secrets come to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether this is a development environment: the only place where development keys, the
    /// sandbox gateway and plain http are accepted.
    pub development: bool,
    /// How many shards own the orders; fixed for a deployment.
    pub order_shards: u16,
    /// The secret from which order tokens are derived.
    pub order_token_secret: TokenSecret,
    /// SHA-256, in hexadecimal, of the key with which a new deployment makes its first API keys.
    pub bootstrap_key_sha256: Option<String>,
    /// Origins that browsers may call from; `*` for any.
    pub allowed_origins: Vec<String>,
    /// How long a display stock figure may be shown again, in milliseconds.
    pub stock_cache_milliseconds: i64,
    /// How long catalogue entries and store settings are kept before they are read again, in
    /// milliseconds.
    pub catalogue_cache_milliseconds: i64,
    /// How long a key's look-up is kept, in milliseconds: a revoked key dies within that time.
    pub key_cache_milliseconds: i64,
    /// How long a gateway may take to answer, in milliseconds.
    pub gateway_timeout_milliseconds: i64,
    /// How long after an event was handed to the queue its arrival in D1 is looked for, in
    /// milliseconds.
    pub projection_confirm_milliseconds: i64,
    /// How many seconds the clock is ahead: a test's way to tomorrow, refused outside development.
    pub clock_ahead_seconds: i64,
    /// Whether money is taken at once or after the stock is committed.
    pub capture_mode: CaptureMode,
    /// The gateways that are set up.
    pub payments: PaymentSettings,
}

/// A variable is missing or can't be read. The deployment does not serve until it is mended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SettingsError {
    /// A variable has a value that can't be used.
    #[error("{name}: {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong; never the value.
        problem: &'static str,
    },
    /// A gateway's variables are wrong.
    #[error(transparent)]
    Payments(#[from] ConfigurationError),
}

/// How long old counters are shown while their object does not answer.
const STOCK_STALE_MILLISECONDS: i64 = 60_000;

const CLOCK_AHEAD: &str = "CLOCK_AHEAD_SECONDS";
const MAX_AHEAD_SECONDS: i64 = 30 * 86_400;

const DEVELOPMENT_TOKEN_SECRET: &str = "development-order-token-secret";

impl Settings {
    /// Reads and checks the variables.
    ///
    /// # Errors
    /// Names the variable and what is wrong with it.
    pub fn read(env: &Environment) -> Result<Self, SettingsError> {
        Self::from_variables(|name| variable(env, name))
    }

    /// As [`Settings::read`], from any look-up.
    ///
    /// # Errors
    /// Names the variable and what is wrong with it.
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let development = get("ENVIRONMENT").as_deref() == Some("development");
        let secret = get("ORDER_TOKEN_SECRET").filter(|secret| secret.len() >= 32);
        let order_token_secret = match secret {
            Some(secret) => secret,
            None if development => DEVELOPMENT_TOKEN_SECRET.to_owned(),
            None => {
                return Err(SettingsError::Variable {
                    name: "ORDER_TOKEN_SECRET",
                    problem: "set a secret of at least 32 characters",
                });
            }
        };
        let capture_mode = match get("PAYMENT_CAPTURE").as_deref() {
            None | Some("" | "automatic") => CaptureMode::Automatic,
            Some("after_stock_commit") => CaptureMode::Manual,
            Some("on_request") => CaptureMode::OnRequest,
            Some(_) => {
                return Err(SettingsError::Variable {
                    name: "PAYMENT_CAPTURE",
                    problem: "use automatic, after_stock_commit or on_request",
                });
            }
        };
        let origins = get("ALLOWED_ORIGINS").unwrap_or_default();
        Ok(Self {
            development,
            order_shards: u16::try_from(number(&get, "ORDER_SHARDS", 16, 1..=256)?).unwrap_or(1),
            order_token_secret: TokenSecret(order_token_secret),
            bootstrap_key_sha256: get("BOOTSTRAP_KEY_SHA256").filter(|hash| hash.len() == 64),
            allowed_origins: origins
                .split(',')
                .map(str::trim)
                .filter(|origin| !origin.is_empty())
                .map(str::to_owned)
                .collect(),
            stock_cache_milliseconds: number(&get, "STOCK_CACHE_MILLISECONDS", 1_500, 0..=60_000)?,
            catalogue_cache_milliseconds: number(
                &get,
                "CATALOGUE_CACHE_MILLISECONDS",
                5_000,
                0..=600_000,
            )?,
            key_cache_milliseconds: number(&get, "KEY_CACHE_MILLISECONDS", 5_000, 0..=60_000)?,
            gateway_timeout_milliseconds: number(
                &get,
                "GATEWAY_TIMEOUT_MILLISECONDS",
                10_000,
                50..=30_000,
            )?,
            projection_confirm_milliseconds: number(
                &get,
                "PROJECTION_CONFIRM_MILLISECONDS",
                60_000,
                100..=3_600_000,
            )?,
            clock_ahead_seconds: match number(&get, CLOCK_AHEAD, 0, 0..=MAX_AHEAD_SECONDS)? {
                1.. if !development => {
                    return Err(SettingsError::Variable {
                        name: CLOCK_AHEAD,
                        problem: "is only allowed when ENVIRONMENT is development",
                    });
                }
                seconds => seconds,
            },
            capture_mode,
            payments: PaymentSettings::from_variables(&get)?,
        })
    }

    /// How long a SKU's counters are shown: without asking again, and, while their object does not
    /// answer, for a minute more.
    #[must_use]
    pub const fn stock_lifetime(&self) -> Lifetime {
        Lifetime {
            fresh_milliseconds: self.stock_cache_milliseconds,
            stale_milliseconds: STOCK_STALE_MILLISECONDS,
        }
    }

    /// How long a request that works on an order may take before the alarm takes the work over:
    /// a reservation and a gateway call at their limits.
    #[must_use]
    pub const fn lease_milliseconds(&self) -> i64 {
        self.gateway_timeout_milliseconds.saturating_add(5_000)
    }
}

fn number(
    get: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: i64,
    range: std::ops::RangeInclusive<i64>,
) -> Result<i64, SettingsError> {
    let Some(text) = get(name).filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    text.parse().ok().filter(|value| range.contains(value)).ok_or(SettingsError::Variable {
        name,
        problem: "use a whole number within its range (see README, Settings)",
    })
}

thread_local! {
    static SHARED: RefCell<Option<Rc<Settings>>> = const { RefCell::new(None) };
}

/// The settings of this isolate, read once: a deployment's variables don't change while it runs.
///
/// # Errors
/// What is wrong with the variables, for the log.
pub fn shared(env: &Environment) -> Result<Rc<Settings>, String> {
    SHARED.with_borrow_mut(|shared| {
        if let Some(settings) = shared {
            return Ok(Rc::clone(settings));
        }
        let settings = Rc::new(Settings::read(env).map_err(|error| error.to_string())?);
        clock::put_ahead(settings.clock_ahead_seconds);
        *shared = Some(Rc::clone(&settings));
        Ok(settings)
    })
}

#[cfg(target_arch = "wasm32")]
fn variable(env: &Environment, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string())
}

#[cfg(not(target_arch = "wasm32"))]
fn variable(env: &Environment, name: &str) -> Option<String> {
    env.variable(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_variables(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn production_needs_its_secret_and_development_does_not() {
        assert!(read(&[]).is_err());
        assert!(read(&[("ORDER_TOKEN_SECRET", "too short")]).is_err());
        assert!(!read(&[("ORDER_TOKEN_SECRET", &"s".repeat(32))]).unwrap().development);
        assert!(read(&[("ENVIRONMENT", "development")]).unwrap().development);
    }

    #[test]
    fn the_secret_is_not_printed() {
        let secret = "token-secret-of-32-characters-or-more";
        let settings = read(&[("ORDER_TOKEN_SECRET", secret)]).unwrap();
        assert_eq!(settings.order_token_secret.as_str(), secret);
        assert!(!format!("{settings:?}").contains(secret));
    }

    #[test]
    fn numbers_are_bounded() {
        let dev = ("ENVIRONMENT", "development");
        for bad in ["0", "257", "-1", "1.5", "x", "99999999999999999999"] {
            assert!(read(&[dev, ("ORDER_SHARDS", bad)]).is_err(), "{bad}");
        }
        assert_eq!(read(&[dev, ("ORDER_SHARDS", "256")]).unwrap().order_shards, 256);
        assert!(read(&[dev, ("PAYMENT_CAPTURE", "later")]).is_err());
    }

    #[test]
    fn the_clock_is_ahead_in_development_only() {
        let (dev, secret) =
            (("ENVIRONMENT", "development"), ("ORDER_TOKEN_SECRET", &"s".repeat(32)));
        assert_eq!(read(&[dev]).unwrap().clock_ahead_seconds, 0);
        assert_eq!(read(&[dev, (CLOCK_AHEAD, "93600")]).unwrap().clock_ahead_seconds, 93_600);
        let secret = (secret.0, secret.1.as_str());
        assert!(read(&[secret, (CLOCK_AHEAD, "1")]).is_err());
        assert!(read(&[secret, (CLOCK_AHEAD, "0")]).is_ok());
        assert!(read(&[dev, (CLOCK_AHEAD, "-1")]).is_err());
    }
}
