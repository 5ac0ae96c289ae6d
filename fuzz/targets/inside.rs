//! Words of ours: identities, settings of a deployment, and what the Worker and its objects say to each other.

use std::fmt::{Debug, Display};
use std::str::{self, FromStr};

use cartwright::domain::address::Email;
use cartwright::domain::country::CountryCode;
use cartwright::domain::currency::Currency;
use cartwright::domain::id::{
    ApiKeyId, CountId, EventId, ImportId, OperationId, OrderId, PurchaseOrderId, ReconciliationId,
    RefundId, ReturnId, Sku, StockDocumentId, TransferId,
};
use cartwright::domain::inventory::spread::StockObject;
use cartwright::domain::inventory::{ChannelId, LocationId};
use cartwright::domain::invoice::DocumentNumber;
use cartwright::domain::payment::Gateway;
use cartwright::domain::supplier::SupplierId;
use cartwright::domain::tax::Percent;
use cartwright::domain::time::Timestamp;
use cartwright::objects::commands::{
    CheckoutOutcome, DocumentDraft, EventMessage, ImportAnswer, ImportCommand, ReconcilerAnswer,
    ReconcilerCommand, SeriesAnswer, SeriesCommand, ShardAnswer, ShardCommand, SkuAnswer,
    SkuCommand, Spoken, StockDocumentAnswer, StockDocumentCommand,
};
use cartwright::providers::payment::registry;
use cartwright::runtime::settings::Settings;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::found;

/// What is accepted as an identifier says the same again.
fn says_itself<T: FromStr + Display>(text: &str) {
    if let Ok(one) = text.parse::<T>() {
        assert_eq!(one.to_string(), text);
    }
}

/// What is accepted and written is read as the same.
fn is_kept<T: FromStr + Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
    if let Ok(one) = text.parse::<T>() {
        let written = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<T>(&written).ok(), Some(one), "{written}");
    }
}

pub fn identifiers(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    says_itself::<OrderId>(text);
    says_itself::<OperationId>(text);
    says_itself::<RefundId>(text);
    says_itself::<ReturnId>(text);
    says_itself::<EventId>(text);
    says_itself::<ReconciliationId>(text);
    says_itself::<PurchaseOrderId>(text);
    says_itself::<TransferId>(text);
    says_itself::<CountId>(text);
    says_itself::<ImportId>(text);
    says_itself::<ApiKeyId>(text);
    says_itself::<StockDocumentId>(text);
    says_itself::<Sku>(text);
    says_itself::<StockObject>(text);
    says_itself::<LocationId>(text);
    says_itself::<ChannelId>(text);
    says_itself::<SupplierId>(text);
    says_itself::<DocumentNumber>(text);
    is_kept::<Currency>(text);
    is_kept::<CountryCode>(text);
    is_kept::<Percent>(text);
    is_kept::<Email>(text);
    if let Ok(email) = text.parse::<Email>() {
        assert!(email.as_str() == text && text.len() <= 254 && !text.contains(char::is_control));
    }
    if let Some(moment) = Timestamp::parse_rfc3339(text) {
        assert_eq!(Timestamp::parse_rfc3339(&moment.rfc3339()), Some(moment));
    }
}

/// Variables, one a line: what is wrong is named and not repeated, what is right is within its range, and
/// production takes nothing that is for development.
pub fn settings(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let variables: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let is_secret = |name: &str| {
        ["SECRET", "TRANSACTION_KEY", "SIGNATURE_KEY"].iter().any(|word| name.contains(word))
    };
    // Texts that stand in a secret and nowhere else: no sentence of ours has them.
    let open = variables.iter().filter(|(name, _)| !is_secret(name));
    let open: String = open.map(|(_, value)| value.to_lowercase()).collect();
    let secrets: Vec<&str> = variables
        .iter()
        .filter(|(name, _)| is_secret(name))
        .map(|(_, value)| value.as_str())
        .filter(|value| value.starts_with("fuzzed_") && value.len() >= 16)
        .filter(|value| !open.contains(&value.to_lowercase()))
        .collect();
    let keeps_secrets = |said: &str| {
        assert!(!secrets.iter().any(|secret| said.contains(secret)), "a secret is told: {said}");
    };
    let settings = match Settings::from_variables(|name| found(&variables, name)) {
        Ok(settings) => settings,
        Err(error) => return keeps_secrets(&error.to_string()),
    };
    assert!((1..=256).contains(&settings.order_shards));
    assert!(settings.development || settings.order_token_secret.as_str().len() >= 32);
    assert!(settings.bootstrap_key_sha256.is_none_or(|hash| hash.len() == 64));
    assert!((0..=60_000).contains(&settings.key_cache_milliseconds));
    assert!((50..=30_000).contains(&settings.gateway_timeout_milliseconds));
    assert!((0..=30 * 86_400).contains(&settings.clock_ahead_seconds));
    assert!(settings.allowed_origins.iter().all(|origin| !origin.trim().is_empty()));
    keeps_secrets(&format!("{:?}", settings.payments));
    if !settings.development {
        assert!(settings.clock_ahead_seconds == 0 && settings.payments.sandbox.is_none());
    }
    for gateway in Gateway::ALL {
        for (_, key) in settings.payments.browser_keys(gateway) {
            assert!(!key.is_empty() && key.len() <= 512, "{key}");
            assert!(gateway != Gateway::Stripe || key.starts_with("pk_"), "{key}");
        }
        let Some(provider) = registry::gateway(&settings.payments, gateway) else { continue };
        assert_eq!(provider.gateway(), gateway);
        if let Ok(call) = provider.whose("pi_1") {
            let is_safe = settings.development || call.request.url.starts_with("https://");
            assert!(is_safe, "{}", call.request.url);
            for (name, value) in &call.request.headers {
                assert!(!value.contains(['\r', '\n', '\0']), "{name}");
            }
        }
    }
}

/// What is read and said again is read as the same.
fn is_said_again<T: Spoken + Serialize>(text: &str) {
    if let Ok(said) = T::read(text) {
        let once = serde_json::to_string(&said).unwrap();
        let again = T::read(&once).unwrap_or_else(|error| panic!("{error}: {once}"));
        assert_eq!(serde_json::to_string(&again).unwrap(), once);
    }
}

/// As [`is_said_again`], of what is read by its derived reader alone.
fn is_written_again<T: DeserializeOwned + Serialize>(text: &str) {
    if let Ok(said) = serde_json::from_str::<T>(text) {
        let once = serde_json::to_string(&said).unwrap();
        let again: T =
            serde_json::from_str(&once).unwrap_or_else(|error| panic!("{error}: {once}"));
        assert_eq!(serde_json::to_string(&again).unwrap(), once);
    }
}

/// Commands, answers and messages of the queue.
pub fn spoken(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    is_said_again::<ShardCommand>(text);
    is_said_again::<ShardAnswer>(text);
    is_said_again::<CheckoutOutcome>(text);
    is_said_again::<SkuCommand>(text);
    is_said_again::<SkuAnswer>(text);
    is_said_again::<SeriesCommand>(text);
    is_said_again::<SeriesAnswer>(text);
    is_said_again::<DocumentDraft>(text);
    is_said_again::<EventMessage>(text);
    is_said_again::<ReconcilerAnswer>(text);
    is_said_again::<StockDocumentAnswer>(text);
    is_said_again::<ImportAnswer>(text);
    is_written_again::<ImportCommand>(text);
    is_written_again::<ReconcilerCommand>(text);
    is_written_again::<StockDocumentCommand>(text);
}
