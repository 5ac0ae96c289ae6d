//! Which order a webhook speaks of that was not believed.
//!
//! Nothing in it is believed, so it is not even parsed: the first text in it that has the form of an
//! order's id names the order about which the gateway may be asked.

use crate::domain::id::OrderId;

const PREFIX: &[u8] = b"ord_";
/// `ord_` and 34 hexadecimal digits.
const ID_BYTES: usize = 38;
/// More is not looked through: gateways name our order early or not at all.
const MAX_BYTES: usize = 64 * 1024;

/// The first order's id in a body.
#[must_use]
pub fn order_in(body: &[u8]) -> Option<OrderId> {
    let body = body.get(..MAX_BYTES).unwrap_or(body);
    body.windows(ID_BYTES)
        .filter(|window| window.starts_with(PREFIX))
        .find_map(|window| std::str::from_utf8(window).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_id_is_found_and_nothing_else_is() {
        let id = "ord_0700000000000000000000000000000abc";
        let body = format!("{{\"x\":\"ord_nope\",\"metadata\":{{\"order_id\":\"{id}\"}}}}");
        assert_eq!(order_in(body.as_bytes()).map(|id| id.to_string()).as_deref(), Some(id));
        let late = format!("{}{id}", " ".repeat(MAX_BYTES));
        for nothing in ["", "ord_", "ord_07", late.as_str(), "\u{0}\u{ff}"] {
            assert_eq!(order_in(nothing.as_bytes()), None);
        }
        assert_eq!(order_in(&[0xff, 0xfe, b'o', b'r', b'd', b'_']), None);
    }
}
