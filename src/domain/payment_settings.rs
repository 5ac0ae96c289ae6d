//! How a merchant offers each payment gateway: to whom, for which amounts, under which name, and when the
//! money is taken. Keys and secrets are not here: they are the deployment's.

use serde::{Deserialize, Serialize};

use super::country::CountryCode;
use super::currency::Currency;
use super::field_error::{Checks, FieldError};
use super::money::{MAX_AMOUNT_MINOR, Money};
use super::payment::{CaptureMode, Gateway};

/// There are not more countries or currencies than this.
const MAX_CODES: usize = 250;
const MAX_TITLE_CHARACTERS: usize = 100;
/// What every gateway takes on a statement, and no more than the narrowest of them prints.
const STATEMENT_CHARACTERS: std::ops::RangeInclusive<usize> = 5..=22;

/// A merchant's terms for one gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": true, "title": "Card", "capture_mode": "automatic"}))]
pub struct PaymentMethodSettings {
    /// Whether it is offered at all.
    pub enabled: bool,
    /// What buyers choose it by.
    #[schema(min_length = 1, max_length = 100, example = "Card")]
    pub title: String,
    /// When the money is taken.
    #[serde(default)]
    pub capture_mode: CaptureMode,
    /// What the buyer's statement says: 5 to 22 letters, digits, spaces, dots and hyphens, at least one
    /// letter among them. Where the gateway takes one; else it says what is set up there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 5, max_length = 22, pattern = "^[A-Za-z0-9 .-]{5,22}$")]
    pub statement_descriptor: Option<String>,
    /// The currencies it is offered in; all of the store's if there are none.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub currencies: Vec<Currency>,
    /// The countries of the buyers it is offered to, by the billing address, or by the shipping address
    /// where there is no other; all if there are none.
    #[serde(default)]
    pub countries: Vec<CountryCode>,
    /// The least and the most that can be paid with it, once per currency. A currency without is not
    /// limited.
    #[serde(default)]
    pub limits: Vec<AmountLimit>,
}

/// The least and the most that can be paid in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountLimit {
    /// In which currency.
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
    /// The least, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64, example = 100)]
    pub min_amount: Option<i64>,
    /// The most, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64, example = 500_000)]
    pub max_amount: Option<i64>,
}

/// Why a gateway is not offered, in the order in which it is asked: the first that holds is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOffered {
    /// The merchant has switched it off.
    #[error("The store does not offer this payment gateway.")]
    Disabled,
    /// Not in this currency.
    #[error("The store does not offer this payment gateway in {0}.")]
    Currency(Currency),
    /// Not to buyers of this country.
    #[error("The store does not offer this payment gateway to buyers in {0}.")]
    Country(CountryCode),
    /// Only from a higher amount on.
    #[error("The store offers this payment gateway from {} minor units of {} on.", .0.amount, .0.currency)]
    AmountTooSmall(Money),
    /// Only up to a lower amount.
    #[error("The store offers this payment gateway up to {} minor units of {}.", .0.amount, .0.currency)]
    AmountTooLarge(Money),
    /// The gateway itself can't take this currency.
    #[error("This payment gateway can't take {0}.")]
    CurrencyNotTaken(Currency),
    /// The gateway takes only multiples of a larger unit.
    #[error("This payment gateway can't take {} minor units of {} exactly.", .0.amount, .0.currency)]
    AmountNotPayable(Money),
}

impl NotOffered {
    /// The name in answers, stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Currency(_) | Self::CurrencyNotTaken(_) => "currency",
            Self::Country(_) => "country",
            Self::AmountTooSmall(_) => "amount_too_small",
            Self::AmountTooLarge(_) => "amount_too_large",
            Self::AmountNotPayable(_) => "amount_not_payable",
        }
    }
}

impl PaymentMethodSettings {
    /// The terms of a gateway for which nothing was ever set: offered to everyone, wherever it is set up.
    #[must_use]
    pub fn unset(gateway: Gateway, capture_mode: CaptureMode) -> Self {
        let title = match gateway {
            Gateway::Sandbox => "Sandbox",
            Gateway::Stripe => "Stripe",
            Gateway::Razorpay => "Razorpay",
            Gateway::Paypal => "PayPal",
            Gateway::AuthorizeNet => "Authorize.net",
        };
        Self {
            enabled: true,
            title: title.to_owned(),
            capture_mode,
            statement_descriptor: None,
            currencies: Vec::new(),
            countries: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// Everything wrong with the terms; empty if nothing is.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/title", &self.title, 1, MAX_TITLE_CHARACTERS);
        checks.require(
            self.statement_descriptor.as_deref().is_none_or(is_statement_descriptor),
            "/statement_descriptor",
            "must be 5 to 22 letters, digits, spaces, dots and hyphens, with at least one letter and \
             no space at its ends",
        );
        checks.count("/currencies", self.currencies.len(), 0, MAX_CODES);
        checks.unique("/currencies", &self.currencies, "must not be listed twice");
        checks.count("/countries", self.countries.len(), 0, MAX_CODES);
        checks.unique("/countries", &self.countries, "must not be listed twice");
        self.check_limits(&mut checks);
        checks.finish()
    }

    fn check_limits(&self, checks: &mut Checks) {
        checks.count("/limits", self.limits.len(), 0, MAX_CODES);
        let currencies = self.limits.iter().map(|limit| limit.currency);
        checks.unique("/limits", currencies, "must be the only one in its currency");
        for (index, limit) in self.limits.iter().enumerate() {
            for (name, amount) in
                [("min_amount", limit.min_amount), ("max_amount", limit.max_amount)]
            {
                checks.require(
                    amount.is_none_or(|amount| (0..=MAX_AMOUNT_MINOR).contains(&amount)),
                    &format!("/limits/{index}/{name}"),
                    "must be 0 to 1000000000000000 minor units",
                );
            }
            let ordered = limit.min_amount.unwrap_or(0) <= limit.max_amount.unwrap_or(i64::MAX);
            let pointer = format!("/limits/{index}/max_amount");
            checks.require(ordered, &pointer, "must not be less than min_amount");
            checks.require(
                self.currencies.is_empty() || self.currencies.contains(&limit.currency),
                &format!("/limits/{index}/currency"),
                "must be one of the currencies",
            );
        }
    }

    /// Whether a buyer may pay this way, as far as it is known who pays how much. Nothing to pay is within
    /// every limit.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn offers(
        &self,
        currency: Currency,
        country: Option<CountryCode>,
        amount_minor: Option<i64>,
    ) -> Result<(), NotOffered> {
        if !self.enabled {
            return Err(NotOffered::Disabled);
        }
        if !self.currencies.is_empty() && !self.currencies.contains(&currency) {
            return Err(NotOffered::Currency(currency));
        }
        if let Some(country) = country
            && !self.countries.is_empty()
            && !self.countries.contains(&country)
        {
            return Err(NotOffered::Country(country));
        }
        let limit = self.limits.iter().find(|limit| limit.currency == currency);
        let (Some(limit), Some(amount)) = (limit, amount_minor.filter(|amount| *amount > 0)) else {
            return Ok(());
        };
        if let Some(least) = limit.min_amount.filter(|least| amount < *least) {
            return Err(NotOffered::AmountTooSmall(Money::new(least, currency)));
        }
        if let Some(most) = limit.max_amount.filter(|most| amount > *most) {
            return Err(NotOffered::AmountTooLarge(Money::new(most, currency)));
        }
        Ok(())
    }
}

fn is_statement_descriptor(text: &str) -> bool {
    STATEMENT_CHARACTERS.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" .-".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.trim() == text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings(more: Value) -> PaymentMethodSettings {
        let mut document = json!({ "enabled": true, "title": "Card" });
        for (name, value) in more.as_object().unwrap() {
            document[name] = value.clone();
        }
        serde_json::from_value(document).unwrap()
    }

    fn refused(more: Value) -> Vec<String> {
        settings(more).validate().into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn what_was_never_set_is_offered_to_everyone_as_the_deployment_takes_money() {
        for gateway in Gateway::ALL {
            for mode in [CaptureMode::Automatic, CaptureMode::Manual, CaptureMode::OnRequest] {
                let unset = PaymentMethodSettings::unset(gateway, mode);
                assert_eq!(unset.validate(), []);
                assert_eq!(unset.capture_mode, mode);
                let country = "KP".parse().ok();
                let offered = unset.offers("KWD".parse().unwrap(), country, Some(MAX_AMOUNT_MINOR));
                assert_eq!(offered, Ok(()));
            }
        }
    }

    #[test]
    fn reasons_are_told_in_their_order() {
        let narrow = json!({
            "currencies": ["USD", "JPY"], "countries": ["US", "DE"],
            "limits": [{"currency": "USD", "min_amount": 100, "max_amount": 5_000},
                       {"currency": "JPY", "min_amount": 50}],
        });
        let mut off = narrow.clone();
        off["enabled"] = json!(false);
        for (settings, currency, country, amount, expected) in [
            (json!({}), "USD", None, None, "yes"),
            (json!({}), "EUR", Some("FR"), Some(MAX_AMOUNT_MINOR), "yes"),
            (narrow.clone(), "USD", Some("US"), Some(100), "yes"),
            (narrow.clone(), "USD", Some("DE"), Some(5_000), "yes"),
            (narrow.clone(), "USD", None, None, "yes"),
            (narrow.clone(), "USD", None, Some(0), "yes"),
            (narrow.clone(), "JPY", Some("US"), Some(MAX_AMOUNT_MINOR), "yes"),
            (narrow.clone(), "USD", Some("US"), Some(99), "amount_too_small"),
            (narrow.clone(), "USD", Some("US"), Some(5_001), "amount_too_large"),
            (narrow.clone(), "JPY", None, Some(49), "amount_too_small"),
            (narrow.clone(), "USD", Some("FR"), Some(99), "country"),
            (narrow.clone(), "EUR", Some("FR"), Some(99), "currency"),
            (narrow.clone(), "EUR", None, None, "currency"),
            (off.clone(), "EUR", Some("FR"), Some(99), "disabled"),
            (off, "USD", Some("US"), Some(100), "disabled"),
        ] {
            let row = format!("{settings} {currency} {country:?} {amount:?}");
            let country = country.map(|code: &str| code.parse().unwrap());
            let offered =
                self::settings(settings).offers(currency.parse().unwrap(), country, amount);
            assert_eq!(offered.map_or_else(NotOffered::name, |()| "yes"), expected, "{row}");
        }
    }

    #[test]
    fn a_statement_says_what_every_gateway_can_print() {
        for good in ["SHOP.", "Ada's".replace('\'', "-").as_str(), "A-1 SHOP.EXAMPLE 12345"] {
            assert!(refused(json!({ "statement_descriptor": good })).is_empty(), "{good}");
        }
        for bad in [
            "",
            "SHOP",
            "12345",
            "- . -",
            " SHOP",
            "SHOP ",
            "SHOP*1",
            "SHOP_1",
            "Ada's",
            "SHÖPS",
            "SHOP\n1",
            "A2345678901234567890123",
        ] {
            assert_eq!(refused(json!({ "statement_descriptor": bad })), ["/statement_descriptor"]);
        }
    }

    #[test]
    fn terms_are_refused_where_they_are_wrong() {
        for (more, pointer) in [
            (json!({"title": ""}), "/title"),
            (json!({"title": "x".repeat(101)}), "/title"),
            (json!({"title": "a\nb"}), "/title"),
            (json!({"currencies": ["USD", "USD"]}), "/currencies/1"),
            (json!({"countries": ["DE", "FR", "DE"]}), "/countries/2"),
            (json!({"limits": [{"currency": "USD", "min_amount": -1}]}), "/limits/0/min_amount"),
            (
                json!({"limits": [{"currency": "USD", "max_amount": MAX_AMOUNT_MINOR + 1}]}),
                "/limits/0/max_amount",
            ),
            (
                json!({"limits": [{"currency": "USD", "min_amount": 2, "max_amount": 1}]}),
                "/limits/0/max_amount",
            ),
            (json!({"limits": [{"currency": "USD"}, {"currency": "USD"}]}), "/limits/1"),
            (json!({"currencies": ["EUR"], "limits": [{"currency": "USD"}]}), "/limits/0/currency"),
        ] {
            assert_eq!(refused(more.clone()), [pointer], "{more}");
        }
    }

    #[test]
    fn a_document_has_no_other_fields_and_survives_storage() {
        for bad in [
            json!({"enabled": true, "title": "Card", "secret_key": "sk_live_1"}),
            json!({"enabled": true}),
            json!({"title": "Card"}),
            json!({"enabled": true, "title": "Card", "capture_mode": "later"}),
            json!({"enabled": true, "title": "Card", "currencies": ["XXX"]}),
            json!({"enabled": true, "title": "Card", "countries": ["de"]}),
            json!({"enabled": true, "title": "Card", "limits": [{"currency": "USD", "min": 1}]}),
        ] {
            assert!(serde_json::from_value::<PaymentMethodSettings>(bad.clone()).is_err(), "{bad}");
        }
        let stored = settings(json!({
            "capture_mode": "on_request", "statement_descriptor": "SHOP.EXAMPLE",
            "currencies": ["USD"], "countries": ["US"],
            "limits": [{"currency": "USD", "max_amount": 1}],
        }));
        let text = serde_json::to_string(&stored).unwrap();
        assert_eq!(serde_json::from_str::<PaymentMethodSettings>(&text).unwrap(), stored);
    }
}
