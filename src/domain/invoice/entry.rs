//! What lists say of a document, and the form of its number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::document::DocumentKind;
use super::tax_groups::Amount;
use crate::domain::currency::Currency;
use crate::domain::id::{MalformedId, OrderId, RefundId};
use crate::domain::time::Timestamp;

/// The longest name of a series: the settings' 20 characters and the suffix for credit notes.
const MAX_SERIES_CHARACTERS: usize = 23;
/// Digits of a number, at least.
const DIGITS: usize = 6;
/// Digits of a number, at most: far beyond what a series will see.
const MAX_DIGITS: usize = 15;

/// A number taken apart: its series, and which of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentNumber {
    /// The series, which is also its object's name.
    pub series: String,
    /// From 1, without a gap.
    pub sequence: i64,
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.series, self.sequence)
    }
}

impl FromStr for DocumentNumber {
    type Err = MalformedId;

    /// Only the form in which numbers are given.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (series, digits) = text.rsplit_once('-').ok_or(MalformedId)?;
        let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
        let named =
            (1..=MAX_SERIES_CHARACTERS).contains(&series.len()) && series.bytes().all(legal);
        let counted = (DIGITS..=MAX_DIGITS).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit());
        let sequence = digits.parse().map_err(|_| MalformedId)?;
        let number = Self { series: series.to_owned(), sequence };
        if named && counted && sequence > 0 && number.to_string() == text {
            Ok(number)
        } else {
            Err(MalformedId)
        }
    }
}

/// A document in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceEntry {
    /// Its number.
    pub number: String,
    /// What it is.
    pub kind: DocumentKind,
    /// Its series.
    pub series: String,
    /// The order.
    pub order_id: OrderId,
    /// The refund, of a credit note.
    pub refund_id: Option<RefundId>,
    /// When it was numbered.
    pub issued_at: Timestamp,
    /// The currency of the amounts.
    pub currency: Currency,
    /// What it comes to.
    pub amount: Amount,
    /// SHA-256 of the document as stored, in hexadecimal.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_the_form_in_which_it_was_given() {
        for text in ["CW-000001", "CW-CN-000012", "A-1-1234567", "2026-999999"] {
            assert_eq!(text.parse::<DocumentNumber>().unwrap().to_string(), text);
        }
        let number: DocumentNumber = "CW-CN-000012".parse().unwrap();
        assert_eq!((number.series.as_str(), number.sequence), ("CW-CN", 12));
        let long = format!("{}-000001", "X".repeat(24));
        for bad in [
            "",
            "-",
            "CW",
            "CW-1",
            "CW-000000",
            "CW-0000001",
            "cw-000001",
            "-000001",
            "CW-00000a",
            "CW-+00001",
            "CW_000001",
            "CW-1234567890123456",
            "../-000001",
            &long,
        ] {
            assert_eq!(bad.parse::<DocumentNumber>(), Err(MalformedId), "{bad}");
        }
    }
}
