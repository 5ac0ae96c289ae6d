//! Changes to a body of JSON that keep it close to what it was, so that readers get past its outer shape.

use proptest::prelude::*;
use proptest::sample::Index;

/// One change to a body.
#[derive(Debug, Clone)]
pub enum Change {
    Byte(Index, u8),
    Bit(Index, u8),
    Cut(Index),
    Delete(Index, Index),
    /// A piece of the body once more, elsewhere.
    Splice(Index, Index, Index),
    /// Something with a meaning in JSON in the place of a value.
    Value(Index, usize),
    /// One value of the body in the place of another.
    Swap(Index, Index),
    Deep(Index, u16),
}

const VALUES: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "0",
    "-0",
    "-1",
    "1",
    "1.5",
    "1e3",
    "1E999",
    "-1e-999",
    "9007199254740993",
    "1000000000000001",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "999999999999999999999999999999999999999999",
    "\"19.99\"",
    "\"-1\"",
    "\"1e3\"",
    "\"NaN\"",
    "\"../../x\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"usd\"",
    "\"JPY\"",
    "\"succeeded\"",
    "\"COMPLETED\"",
    "\"captured\"",
    "[[[[]]]]",
    "{\"id\":{\"id\":{}}}",
];

pub fn changes() -> impl Strategy<Value = Vec<Change>> {
    let index = any::<Index>;
    let one = prop_oneof![
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        2 => (index(), 0u8..8).prop_map(|(at, bit)| Change::Bit(at, bit)),
        1 => index().prop_map(Change::Cut),
        1 => (index(), index()).prop_map(|(from, to)| Change::Delete(from, to)),
        2 => (index(), index(), index()).prop_map(|(from, to, at)| Change::Splice(from, to, at)),
        6 => (index(), 0..VALUES.len()).prop_map(|(at, value)| Change::Value(at, value)),
        3 => (index(), index()).prop_map(|(from, to)| Change::Swap(from, to)),
        1 => (index(), 1u16..2_000).prop_map(|(at, depth)| Change::Deep(at, depth)),
    ];
    prop::collection::vec(one, 1..4)
}

/// Where the values of a JSON text are: what follows a colon, up to the next comma or bracket.
fn values(body: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut in_text = false;
    let mut escaped = false;
    let mut start = None;
    for (at, &byte) in body.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b':' => start = Some(at.saturating_add(1)),
            b',' | b'}' | b']' => {
                if let Some(start) = start.take() {
                    found.push((start, at));
                }
            }
            b'{' | b'[' => start = None,
            _ => {}
        }
    }
    found
}

pub fn changed(body: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut body = body.to_vec();
    for change in changes {
        if body.is_empty() {
            return body;
        }
        let place = |index: &Index| index.index(body.len());
        let span = |from: &Index, to: &Index| {
            let (from, to) = (place(from), place(to));
            (from.min(to), from.max(to))
        };
        match change {
            Change::Byte(at, byte) => {
                let at = place(at);
                body[at] = *byte;
            }
            Change::Bit(at, bit) => {
                let at = place(at);
                body[at] ^= 1 << bit;
            }
            Change::Cut(at) => body.truncate(at.index(body.len())),
            Change::Delete(from, to) => {
                let (from, to) = span(from, to);
                body.drain(from..to);
            }
            Change::Splice(from, to, at) => {
                let (from, to) = span(from, to);
                let piece = body[from..to].to_vec();
                let at = place(at);
                body.splice(at..at, piece);
            }
            Change::Value(at, value) => {
                let values = values(&body);
                if !values.is_empty() {
                    let (from, to) = values[at.index(values.len())];
                    body.splice(from..to, VALUES[*value].bytes());
                }
            }
            Change::Swap(from, to) => {
                let values = values(&body);
                if !values.is_empty() {
                    let (from, end) = values[from.index(values.len())];
                    let piece = body[from..end].to_vec();
                    let (from, end) = values[to.index(values.len())];
                    body.splice(from..end, piece);
                }
            }
            Change::Deep(at, depth) => {
                let at = place(at);
                let deep = "[{\"a\":".repeat(usize::from(*depth));
                body.splice(at..at, deep.into_bytes());
            }
        }
    }
    body
}
