//! Card numbers must never reach us: what looks like one is refused, and neither kept nor logged.

/// Lengths of card numbers.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// How many digits of a longer run are looked at: enough for a number and what people write after it.
const MAX_RUN: usize = 40;

/// Whether a text that people type holds a card number, written together or in groups.
///
/// Numbers of cards begin with 2 to 6 and pass Luhn's check. A telephone number in international form
/// may do the same, so a text that begins with `+` is not looked at.
#[must_use]
pub fn in_text(text: &str) -> bool {
    !text.trim_start().starts_with('+') && runs(text, true)
}

/// Whether a URL or a token holds a card number. Groups are not joined: identifiers have hyphens.
#[must_use]
pub fn in_token(text: &str) -> bool {
    runs(text, false)
}

/// Looks at every run of digits, where `grouped` lets single spaces and hyphens stand within one.
fn runs(text: &str, grouped: bool) -> bool {
    let mut groups: Vec<Vec<u8>> = Vec::new();
    let mut gap = 0_u32;
    for character in text.chars() {
        match character.to_digit(10).and_then(|digit| u8::try_from(digit).ok()) {
            Some(digit) => {
                if gap > 0 || groups.is_empty() {
                    groups.push(Vec::new());
                }
                gap = 0;
                if let Some(group) = groups.last_mut() {
                    group.push(digit);
                }
            }
            None if grouped && gap == 0 && matches!(character, ' ' | '-' | '\u{a0}') => gap = 1,
            None => {
                if is_card(&groups) {
                    return true;
                }
                groups.clear();
                gap = 0;
            }
        }
    }
    is_card(&groups)
}

/// Whether some groups in a row are a card number: people write a date or a code after it.
fn is_card(groups: &[Vec<u8>]) -> bool {
    (0..groups.len()).any(|start| {
        let mut digits: Vec<u8> = Vec::new();
        groups.iter().skip(start).any(|group| {
            digits.extend_from_slice(group);
            digits.truncate(MAX_RUN);
            DIGITS.contains(&digits.len())
                && digits.first().is_some_and(|first| (2..=6).contains(first))
                && passes_luhn(&digits)
        })
    })
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let digit = u32::from(*digit);
        let value = match (place.is_multiple_of(2), digit) {
            (true, _) => digit,
            (false, 0..=4) => digit.saturating_mul(2),
            (false, _) => digit.saturating_mul(2).saturating_sub(9),
        };
        sum.saturating_add(value)
    });
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_numbers_of_every_network_are_found_however_they_are_written() {
        for number in [
            "4242424242424242",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
            "6200000000000005",
            "6304000000000000",
            "4000000000000000006",
        ] {
            assert!(in_text(number), "{number}");
            assert!(in_token(number), "{number}");
            assert!(in_text(&format!("card {number} thanks")), "{number}");
        }
        for text in [
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "3782 822463 10005",
            "x4242424242424242y",
            "4242 4242 4242 4242 12/29 123",
            "Flat 7 4242424242424242",
        ] {
            assert!(in_text(text), "{text}");
        }
        assert!(in_token("https://shop.example/return?n=4242424242424242"));
    }

    #[test]
    fn what_people_type_otherwise_is_let_through() {
        for text in [
            "",
            "12 St James's Square",
            "94107",
            "+49 1512 3456788",
            "+4915123456780",
            "4242424242424241",
            "1732471234567",
            "9999999999999995",
            "4242  4242  4242  4242",
            "42424242424242424242424242",
            "0049 1512 3456789",
            "ord_0700000000000000000000000000000abc",
        ] {
            assert!(!in_text(text), "{text}");
        }
        assert!(!in_token("https://shop.example/c/550e8400-e29b-41d4-a716-446655440000"));
    }
}
