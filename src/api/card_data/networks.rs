//! The numbers that card networks give out: how they begin, how long they are, and Luhn's check.

/// The length of the shortest card number that is in use.
pub const FEWEST_DIGITS: usize = 13;
/// The length of the longest, by ISO/IEC 7812.
pub const MOST_DIGITS: usize = 19;

/// Numbers of one network: the first and last of their beginnings, and the shortest and longest length.
struct Range {
    from: u32,
    to: u32,
    shortest: usize,
    longest: usize,
}

const fn range(from: u32, to: u32, shortest: usize, longest: usize) -> Range {
    Range { from, to, shortest, longest }
}

/// `from` and `to` have the same number of digits, and that many are compared.
const RANGES: &[Range] = &[
    // Visa.
    range(4, 4, 13, 13),
    range(4, 4, 16, 16),
    range(4, 4, 19, 19),
    // Mastercard, and Mir beside it.
    range(51, 55, 16, 16),
    range(2221, 2720, 16, 16),
    range(2200, 2204, 16, 19),
    // American Express.
    range(34, 34, 15, 15),
    range(37, 37, 15, 15),
    // Diners Club.
    range(300, 305, 14, 19),
    range(309, 309, 14, 19),
    range(36, 36, 14, 19),
    range(38, 39, 14, 19),
    // JCB.
    range(3528, 3589, 16, 19),
    // Maestro, and what is issued in its ranges: RuPay, Elo, Verve.
    range(50, 50, 13, 19),
    range(56, 59, 13, 19),
    range(63, 63, 13, 19),
    range(67, 67, 13, 19),
    // Discover, UnionPay, RuPay, Hipercard, Maestro.
    range(6, 6, 16, 19),
    // UnionPay and RuPay.
    range(81, 82, 16, 19),
    // Troy.
    range(9792, 9792, 16, 16),
];

/// Whether these digits are a card number of a known network.
///
/// Thirteen digits in groups are a telephone number sooner than a card, and thirteen with a barcode's own
/// check digit are a barcode: the networks have given out no such numbers for decades.
#[must_use]
pub fn is_card_number(digits: &[u8], grouped: bool) -> bool {
    let known = RANGES.iter().any(|range| range.holds(digits));
    let something_else = digits.len() == FEWEST_DIGITS && (grouped || is_ean(digits));
    known && !something_else && luhn_sum(digits).is_multiple_of(10)
}

impl Range {
    fn holds(&self, digits: &[u8]) -> bool {
        let width = self.from.checked_ilog10().map_or(1, |log| log.saturating_add(1));
        let beginning = digits
            .iter()
            .take(usize::try_from(width).unwrap_or(usize::MAX))
            .fold(0_u32, |number, digit| {
                number.saturating_mul(10).saturating_add(u32::from(*digit))
            });
        (self.from..=self.to).contains(&beginning)
            && (self.shortest..=self.longest).contains(&digits.len())
    }
}

/// The sum that is a multiple of ten for every card number: every second digit from the right is doubled.
fn luhn_sum(digits: &[u8]) -> u32 {
    digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let digit = u32::from(*digit);
        let value = match (place.is_multiple_of(2), digit) {
            (true, _) => digit,
            (false, 0..=4) => digit.saturating_mul(2),
            (false, _) => digit.saturating_mul(2).saturating_sub(9),
        };
        sum.saturating_add(value)
    })
}

/// Whether the last digit is the check digit of an EAN-13 barcode.
fn is_ean(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let weight = if place.is_multiple_of(2) { 1 } else { 3 };
        sum.saturating_add(u32::from(*digit).saturating_mul(weight))
    });
    sum.is_multiple_of(10)
}
