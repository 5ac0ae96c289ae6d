//! Where a parcel goes and whom to write to: plausible, bounded, and kept exactly as typed.
//!
//! Neither type shows its content through `Debug`: addresses stay out of logs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::country::CountryCode;
use super::field_error::{Checks, FieldError};

/// The most characters in a name or a street line.
pub const MAX_LINE_CHARACTERS: usize = 200;
/// The most characters in a city's or a region's name.
pub const MAX_PLACE_CHARACTERS: usize = 100;
/// The most characters in a postal code.
pub const MAX_POSTAL_CODE_CHARACTERS: usize = 16;
/// The most characters in a telephone number.
pub const MAX_PHONE_CHARACTERS: usize = 40;

/// A postal address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Ada Lovelace", "line1": "12 St James's Square", "city": "San Francisco",
    "region": "CA", "postal_code": "94107", "country": "US"
}))]
pub struct Address {
    /// Who receives: a person, a company, or both.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Street and number.
    #[schema(min_length = 1, max_length = 200)]
    pub line1: String,
    /// Floor, flat, building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub line2: Option<String>,
    /// Town or city.
    #[schema(min_length = 1, max_length = 100)]
    pub city: String,
    /// State or province. In the United States, Canada, India and Australia it is required and is
    /// the ISO 3166-2 code without the country, such as `CA`; elsewhere free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub region: Option<String>,
    /// Postal code; may be empty only in countries that have none.
    #[schema(max_length = 16)]
    pub postal_code: String,
    /// ISO 3166-1 alpha-2 code in capitals.
    #[schema(pattern = "^[A-Z]{2}$")]
    pub country: String,
    /// Telephone number, for the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    pub phone: Option<String>,
}

impl Address {
    /// Everything that makes the address implausible; empty if nothing does. Pointers are relative
    /// to the address (`/city`): see [`super::field_error::under`].
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/name", &self.name, 1, MAX_LINE_CHARACTERS);
        checks.line("/line1", &self.line1, 1, MAX_LINE_CHARACTERS);
        checks.line("/line2", self.line2.as_deref().unwrap_or(""), 0, MAX_LINE_CHARACTERS);
        checks.line("/city", &self.city, 1, MAX_PLACE_CHARACTERS);
        let region = self.region.as_deref().unwrap_or("");
        checks.line("/region", region, 0, MAX_PLACE_CHARACTERS);
        checks.line("/postal_code", &self.postal_code, 0, MAX_POSTAL_CODE_CHARACTERS);
        if let Some(phone) = &self.phone {
            checks.require(plausible_phone(phone), "/phone", "must be a telephone number");
        }
        match self.country_code() {
            Some(country) => self.validate_in(country, region, &mut checks),
            None => checks.require(
                false,
                "/country",
                "must be an ISO 3166-1 alpha-2 code in capitals, such as DE",
            ),
        }
        checks.finish()
    }

    fn validate_in(&self, country: CountryCode, region: &str, checks: &mut Checks) {
        checks.require(
            country.required_regions().is_none() || country.is_region_code(region),
            "/region",
            "must be the ISO 3166-2 code of a state or province of this country, such as CA for \
             US-CA",
        );
        let readable = self.postal_code.chars().any(char::is_alphanumeric);
        checks.require(
            readable || (self.postal_code.is_empty() && !country.has_postal_codes()),
            "/postal_code",
            "must be a postal code",
        );
    }

    /// The country, if it is one; a validated address always has it.
    #[must_use]
    pub fn country_code(&self) -> Option<CountryCode> {
        self.country.parse().ok()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("country", &self.country).finish_non_exhaustive()
    }
}

/// 5 to 20 digits with what people write around them; extensions (`ext. 5`, `x5`, `#5`) included.
fn plausible_phone(phone: &str) -> bool {
    let legal = |c: char| c.is_ascii_digit() || " +-.()/,#extEXT".contains(c);
    phone.len() <= MAX_PHONE_CHARACTERS
        && phone.chars().all(legal)
        && (5..=20).contains(&phone.bytes().filter(u8::is_ascii_digit).count())
}

/// An e-mail address that could exist, kept as typed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, format = "email", example = "ada@example.com")]
pub struct Email(String);

/// The text cannot be an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address")]
pub struct MalformedEmail;

/// The most bytes in an e-mail address (RFC 5321, 4.5.3.1.3: a path of 256 with its brackets).
pub const MAX_EMAIL_BYTES: usize = 254;
/// The most bytes before the `@` (RFC 5321, 4.5.3.1.1).
pub const MAX_EMAIL_LOCAL_BYTES: usize = 64;
/// The most bytes in one label of the domain (RFC 1035, 2.3.4).
const MAX_DOMAIN_LABEL_BYTES: usize = 63;

impl Email {
    /// The address as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = MalformedEmail;

    /// One `@`; before it 1 to 64 bytes; after it two or more labels; letters of any script; no
    /// white space, control character, quote, bracket or separator of a header or a list.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let illegal = |c: char| c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"".contains(c);
        let (local, domain) = text.split_once('@').ok_or(MalformedEmail)?;
        let local_fits = (1..=MAX_EMAIL_LOCAL_BYTES).contains(&local.len());
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        if text.len() <= MAX_EMAIL_BYTES
            && local_fits
            && !dots
            && !text.contains(illegal)
            && plausible_domain(domain)
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedEmail)
        }
    }
}

fn plausible_domain(domain: &str) -> bool {
    let label_fits = |label: &str| {
        (1..=MAX_DOMAIN_LABEL_BYTES).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '-')
    };
    domain.contains('.') && domain.split('.').all(label_fits)
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
