//! Who sells, as invoices name it, and the tax numbers of sellers and buyers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::address::{Email, MAX_LINE_CHARACTERS};
use super::field_error::{Checks, FieldError};

/// The most lines of a seller's address.
pub const MAX_ADDRESS_LINES: usize = 6;
/// The most tax numbers of a seller.
pub const MAX_TAX_IDS: usize = 5;
/// The most characters in a tax number.
pub const MAX_TAX_NUMBER_CHARACTERS: usize = 32;
const MAX_LABEL_CHARACTERS: usize = 32;

/// A number under which someone is known for tax: 1 to 32 letters, digits, spaces, `.`, `-` and `/`.
///
/// Kept as given. Its form differs from country to country and is not checked: an invoice with the
/// number that the buyer gave is right, a checkout refused for it is not.
#[derive(Clone, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String, example = "DE123456789", pattern = r"^[\p{L}\p{N} ./-]{1,32}$")]
pub struct TaxNumber(String);

/// The text cannot be a tax number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 letters, digits, spaces, '.', '-' and '/'")]
pub struct MalformedTaxNumber;

impl TaxNumber {
    /// The number's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaxNumber {
    type Err = MalformedTaxNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '/');
        let fits = (1..=MAX_TAX_NUMBER_CHARACTERS).contains(&text.chars().count());
        let tells = text.chars().any(char::is_alphanumeric);
        if fits && tells && text.chars().all(legal) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedTaxNumber)
        }
    }
}

impl fmt::Debug for TaxNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaxNumber(…)")
    }
}

impl Serialize for TaxNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TaxNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One of a seller's tax numbers, with what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SellerTaxId {
    /// What invoices call it, such as `VAT`, `GSTIN` or `EIN`.
    #[schema(example = "VAT", min_length = 1, max_length = 32)]
    pub label: String,
    /// The number.
    pub value: TaxNumber,
}

/// Who sells, as its invoices name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// The name under which the seller is registered.
    #[schema(example = "Cartwright Goods Inc.", min_length = 1, max_length = 200)]
    pub legal_name: String,
    /// The address as it is to be printed, country included.
    #[schema(min_items = 1, max_items = 6)]
    pub address_lines: Vec<String>,
    /// Where buyers write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The numbers under which the seller is known for tax.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 5)]
    pub tax_ids: Vec<SellerTaxId>,
}

impl Seller {
    /// Everything wrong with it, with pointers relative to it; empty if nothing is.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/legal_name", &self.legal_name, 1, MAX_LINE_CHARACTERS);
        checks.count("/address_lines", self.address_lines.len(), 1, MAX_ADDRESS_LINES);
        for (index, line) in self.address_lines.iter().enumerate() {
            checks.line(&format!("/address_lines/{index}"), line, 1, MAX_LINE_CHARACTERS);
        }
        checks.count("/tax_ids", self.tax_ids.len(), 0, MAX_TAX_IDS);
        for (index, tax_id) in self.tax_ids.iter().enumerate() {
            checks.line(&format!("/tax_ids/{index}/label"), &tax_id.label, 1, MAX_LABEL_CHARACTERS);
        }
        checks.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tax_numbers_are_kept_as_given() {
        for good in ["DE123456789", "29AABCU9603R1ZM", "12-3456789", "ATU 123.45/6", "Ñ1"] {
            assert_eq!(good.parse::<TaxNumber>().unwrap().as_str(), good);
        }
        let long = "1".repeat(33);
        for bad in ["", " ", "-", "<b>", "a\n", "a\0", "1,2", &long] {
            assert_eq!(bad.parse::<TaxNumber>(), Err(MalformedTaxNumber), "{bad:?}");
        }
    }

    #[test]
    fn a_seller_is_refused_field_by_field() {
        let seller = |changes: serde_json::Value| {
            let mut document = json!({"legal_name": "A", "address_lines": ["1 Main"]});
            let changes = changes.as_object().unwrap().clone();
            document.as_object_mut().unwrap().extend(changes);
            serde_json::from_value::<Seller>(document)
        };
        assert_eq!(seller(json!({})).unwrap().validate(), []);
        let id = json!({"label": "", "value": "1"});
        let ids = vec![json!({"label": "VAT", "value": "1"}); 6];
        for (changes, pointer) in [
            (json!({"legal_name": ""}), "/legal_name"),
            (json!({"address_lines": []}), "/address_lines"),
            (json!({"address_lines": ["a", ""]}), "/address_lines/1"),
            (json!({"tax_ids": [id]}), "/tax_ids/0/label"),
            (json!({"tax_ids": ids}), "/tax_ids"),
        ] {
            let errors = seller(changes).unwrap().validate();
            assert_eq!(errors.iter().map(|e| e.pointer.as_str()).collect::<Vec<_>>(), [pointer]);
        }
        assert!(seller(json!({"tax_ids": [{"label": "VAT", "value": "<"}]})).is_err());
        assert!(seller(json!({"email": "nobody"})).is_err());
    }
}
