//! What lists were told of a SKU and its object no longer knows. An object that is put back to an earlier
//! state is without fault in itself: only what others were told shows that it has been further.

use super::level::StockLevel;
use super::proof::{Difference, DifferenceCode};

/// The difference between an object's counters and a later version of them that lists were told; none: it is
/// not behind them.
#[must_use]
pub fn older_than_told(own: &StockLevel, told: &StockLevel) -> Option<Difference> {
    if own.version >= told.version {
        return None;
    }
    let counters = [
        ("received", own.received, told.received),
        ("adjusted", own.adjusted, told.adjusted),
        ("transferred", own.transferred, told.transferred),
        ("sold", own.sold, told.sold),
        ("reserved", own.reserved, told.reserved),
    ];
    let mut message = format!(
        "the object was put back to version {}, lists were told version {}",
        own.version, told.version
    );
    for (name, own, told) in counters.into_iter().filter(|(_, own, told)| own != told) {
        message.push_str(&format!("; {name} is {own}, it was {told}"));
    }
    Some(Difference { code: DifferenceCode::OlderThanTold, message, sequence: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_that_is_behind_what_it_told_differs_and_by_what_is_said() {
        let told = StockLevel { version: 7, sold: 4, received: 10, ..StockLevel::default() };
        let own = StockLevel { version: 3, sold: 1, received: 10, ..StockLevel::default() };
        let difference = older_than_told(&own, &told).unwrap();
        assert_eq!(difference.code, DifferenceCode::OlderThanTold);
        assert_eq!(
            difference.message,
            "the object was put back to version 3, lists were told version 7; sold is 1, it was 4"
        );
        assert_eq!(older_than_told(&told, &own), None);
        assert_eq!(older_than_told(&own, &own), None);
    }
}
