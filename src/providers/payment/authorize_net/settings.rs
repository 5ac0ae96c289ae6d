//! What an operator configures of Authorize.net.
//!
//! | variable | for | default |
//! |---|---|---|
//! | `AUTHORIZE_NET_LOGIN_ID` | the API login id; offers Authorize.net | none |
//! | `AUTHORIZE_NET_TRANSACTION_KEY` | the key that goes with it | none |
//! | `AUTHORIZE_NET_SIGNATURE_KEY` | signs webhooks; up to four (comma), so that it can be rotated | none |
//! | `AUTHORIZE_NET_CURRENCIES` | the one currency of the account | `USD` |
//! | `AUTHORIZE_NET_BASE_URL` | the sandbox, or a proxy | `https://api.authorize.net` |

use crate::domain::currency::Currency;
use crate::providers::payment::settings::{
    BaseUrl, ConfigurationError, Secret, Source, secret, secrets, wrong,
};

const API: &str = "https://api.authorize.net";

/// Authorize.net. An account takes one currency, and its API never says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeNetSettings {
    /// Authorize.net's API, its sandbox, or a proxy in front of it.
    pub base_url: BaseUrl,
    /// The API login id. It is half of the credential, so it is kept like the other half.
    pub login_id: Secret,
    /// The transaction key.
    pub transaction_key: Secret,
    /// The signature key of webhooks; several while one is rotated.
    pub signature_keys: Vec<Secret>,
    /// The account's currency.
    pub currency: Currency,
}

/// Reads the settings; `None` without a login id.
pub(in crate::providers::payment) fn read(
    source: &Source<'_>,
) -> Result<Option<AuthorizeNetSettings>, ConfigurationError> {
    let Some(login_id) = (source.get)("AUTHORIZE_NET_LOGIN_ID") else { return Ok(None) };
    let transaction_key =
        source.need("AUTHORIZE_NET_TRANSACTION_KEY", "AUTHORIZE_NET_LOGIN_ID needs its key")?;
    let signature_keys = source.need(
        "AUTHORIZE_NET_SIGNATURE_KEY",
        "without it no payment could be confirmed by webhook",
    )?;
    let base_url = (source.get)("AUTHORIZE_NET_BASE_URL").unwrap_or_else(|| API.to_owned());
    let currency = (source.get)("AUTHORIZE_NET_CURRENCIES").unwrap_or_else(|| "USD".to_owned());
    let currency: Option<Currency> = currency.trim().parse().ok();
    // Amounts are written with two digits, which is right for every currency that accounts have.
    let currency = currency.filter(|currency| currency.minor_digits() == 2).ok_or_else(|| {
        wrong("AUTHORIZE_NET_CURRENCIES", "is not one currency of two decimal digits, such as USD")
    })?;
    Ok(Some(AuthorizeNetSettings {
        base_url: source.base_url("AUTHORIZE_NET_BASE_URL", base_url)?,
        login_id: secret("AUTHORIZE_NET_LOGIN_ID", &login_id)?,
        transaction_key: secret("AUTHORIZE_NET_TRANSACTION_KEY", &transaction_key)?,
        signature_keys: secrets("AUTHORIZE_NET_SIGNATURE_KEY", &signature_keys)?,
        currency,
    }))
}
