//! Card numbers must never reach us: a request that holds what looks like one is refused, whatever part of
//! it holds it, and neither kept, logged nor repeated.
//!
//! [`refuse_in_document`] looks at every JSON body as it is read, [`refuse_in_address`] at every path, query
//! and `Idempotency-Key` before a handler sees them. Only webhooks are exempt: they are a gateway's, and their
//! bodies are not logged.

mod networks;

use super::error::{ApiError, ErrorCode};
use super::json_position;
use crate::domain::field_error::FieldError;
use crate::runtime::serve::Incoming;

/// The deepest document that any request of ours can be; a deeper one gets no pointer.
const MAX_DEPTH: usize = 128;

/// The most separators that stand between two groups of one number.
const MAX_SEPARATORS: usize = 3;

/// The longest telephone number, by ITU-T E.164.
const MAX_PHONE_DIGITS: usize = 15;

/// Hexadecimal words of this length are identifiers or hashes, whatever digits they hold.
const MIN_IDENTIFIER_CHARACTERS: usize = 24;

/// Refuses a body in which any text, name or number holds a card number.
///
/// # Errors
/// `card_data_refused`, with a pointer to where it is.
pub fn refuse_in_document(body: &[u8]) -> Result<(), ApiError> {
    // What is not UTF-8 is refused by whoever reads it.
    let Ok(text) = std::str::from_utf8(body) else {
        return Ok(());
    };
    in_document(text).map_or(Ok(()), |pointer| Err(refusal(pointer)))
}

/// Refuses a request whose address or `Idempotency-Key` holds a card number.
///
/// # Errors
/// `card_data_refused`, which names the part.
pub fn refuse_in_address(incoming: &dyn Incoming) -> Result<(), ApiError> {
    let key = incoming.header("idempotency-key").unwrap_or_default();
    let parts = [
        (incoming.path(), "The address"),
        (incoming.query(), "The query"),
        (key.as_str(), "The header Idempotency-Key"),
    ];
    match parts.into_iter().find(|(text, _)| in_text(text)) {
        Some((_, part)) => {
            let detail = [part, " holds what looks like a card number."].concat();
            Err(ApiError::because(ErrorCode::CardDataRefused, detail))
        }
        None => Ok(()),
    }
}

fn refusal(pointer: String) -> ApiError {
    let mut refusal = ApiError::new(ErrorCode::CardDataRefused);
    let message = "must not hold a card number".to_owned();
    refusal.errors.push(FieldError { pointer, message });
    refusal
}

/// The pointer to the first text, number or name of a document that holds a card number; to the object, if
/// it is a name. The text need not be JSON all the way: what is none is refused elsewhere.
#[must_use]
pub fn in_document(text: &str) -> Option<String> {
    let mut rest = text;
    let mut depth = 0_usize;
    let mut deepest = 0_usize;
    loop {
        let mut signs = rest.chars();
        let sign = signs.next()?;
        let before = text.len().saturating_sub(rest.len());
        rest = signs.as_str();
        let found = match sign {
            '{' | '[' => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
                false
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                false
            }
            '"' => {
                let raw = take_string(&mut rest);
                in_string(raw)
            }
            '0'..='9' => {
                let more = |sign: char| !(sign.is_ascii_digit() || sign == '.');
                let digits = rest.find(more).unwrap_or(rest.len());
                let (tail, after) = rest.split_at_checked(digits).unwrap_or((rest, ""));
                rest = after;
                in_text(&[sign.to_string().as_str(), tail].concat())
            }
            _ => false,
        };
        if found {
            let is_name = rest.trim_start().starts_with(':');
            let after = text.len().saturating_sub(rest.len());
            let end = if is_name { before } else { after };
            let known = deepest <= MAX_DEPTH;
            return Some(if known { json_position::pointer_at(text, end) } else { String::new() });
        }
    }
}

/// The first line of a file, counted from 1, of which a cell or a JSON value holds a card number.
#[must_use]
pub fn line_of_a_card(file: &[u8]) -> Option<u64> {
    (1..).zip(file.split(|byte| *byte == b'\n')).find_map(|(number, line)| {
        let text = String::from_utf8_lossy(line);
        let holds_one = if text.trim_start().starts_with('{') {
            in_document(&text).is_some()
        } else {
            text.split(',').any(in_text)
        };
        holds_one.then_some(number)
    })
}

/// The rest of a string whose opening quote was taken, escapes and all.
fn take_string<'a>(rest: &mut &'a str) -> &'a str {
    let mut escaped = false;
    let closing = rest.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    let (raw, after) = closing.and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    *rest = after.get(1..).unwrap_or("");
    raw
}

fn in_string(raw: &str) -> bool {
    if !raw.contains('\\') {
        return in_text(raw);
    }
    let unescaped: Result<String, _> = serde_json::from_str(&["\"", raw, "\""].concat());
    // An escape that means nothing is refused by whoever reads the document.
    unescaped.is_ok_and(|text| in_text(&text))
}

/// Whether a text holds a card number: digits of a known network that pass Luhn's check, together or in
/// groups. What is percent-encoded is looked at as it was meant, too.
#[must_use]
pub fn in_text(text: &str) -> bool {
    let digits = text.chars().filter_map(digit).count();
    if digits < networks::FEWEST_DIGITS {
        return false;
    }
    let encoded = text.contains(['%', '=']);
    in_plain_text(text)
        || (encoded
            && url::form_urlencoded::parse(text.as_bytes())
                .any(|(name, value)| in_plain_text(&name) || in_plain_text(&value)))
}

fn in_plain_text(text: &str) -> bool {
    if is_phone(text) {
        return false;
    }
    let characters: Vec<char> = text.chars().collect();
    let mut chain: Vec<Vec<u8>> = Vec::new();
    let mut rest = characters.as_slice();
    let mut gap = 0_usize;
    while let Some((first, after)) = rest.split_first() {
        let word = rest.iter().take_while(|character| character.is_alphanumeric()).count();
        if word == 0 {
            gap = gap.saturating_add(1);
            if !is_separator(*first) || gap > MAX_SEPARATORS {
                if is_card(&chain) {
                    return true;
                }
                chain.clear();
            }
            rest = after;
            continue;
        }
        let skipped = uuid_at(rest).unwrap_or(word);
        let (taken, after) = rest.split_at_checked(skipped).unwrap_or((rest, &[]));
        rest = after;
        if skipped != word || is_identifier(taken) {
            if is_card(&chain) {
                return true;
            }
            chain.clear();
        } else if reads_on(&mut chain, taken) {
            return true;
        }
        gap = 0;
    }
    is_card(&chain)
}

/// Adds the digits of a word to the groups before it; true if a card number ended within the word.
fn reads_on(chain: &mut Vec<Vec<u8>>, word: &[char]) -> bool {
    let mut starts_group = true;
    for character in word {
        match digit(*character) {
            Some(digit) if starts_group => {
                chain.push(vec![digit]);
                starts_group = false;
            }
            Some(digit) => {
                if let Some(group) = chain.last_mut() {
                    group.push(digit);
                }
            }
            None => {
                if is_card(chain) {
                    return true;
                }
                chain.clear();
                starts_group = true;
            }
        }
    }
    false
}

/// Whether some groups in a row are a card number: people write a date or a code after it.
fn is_card(chain: &[Vec<u8>]) -> bool {
    (0..chain.len()).any(|start| {
        let mut digits: Vec<u8> = Vec::new();
        for (index, group) in chain.iter().skip(start).enumerate() {
            digits.extend_from_slice(group);
            if digits.len() > networks::MOST_DIGITS {
                return false;
            }
            if networks::is_card_number(&digits, index > 0) {
                return true;
            }
        }
        false
    })
}

/// A digit of one of the scripts that people type numbers in.
fn digit(character: char) -> Option<u8> {
    let zeros = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'];
    zeros.into_iter().find_map(|zero| {
        let value = u32::from(character).checked_sub(u32::from(zero))?;
        u8::try_from(value).ok().filter(|value| *value <= 9)
    })
}

const fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '-' | '.' | '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}' | '\u{2010}'..='\u{2015}'
    )
}

/// A telephone number in international form: as long as one, and nothing else.
fn is_phone(text: &str) -> bool {
    let Some(number) = text.trim().strip_prefix('+') else {
        return false;
    };
    let written = |c: char| digit(c).is_some() || is_separator(c) || matches!(c, '(' | ')' | '/');
    number.chars().all(written) && number.chars().filter_map(digit).count() <= MAX_PHONE_DIGITS
}

/// A long hexadecimal word that has letters: an id of ours or a hash.
fn is_identifier(word: &[char]) -> bool {
    word.len() >= MIN_IDENTIFIER_CHARACTERS
        && word.iter().all(char::is_ascii_hexdigit)
        && word.iter().any(char::is_ascii_alphabetic)
}

/// The length of the UUID that a text begins with.
fn uuid_at(text: &[char]) -> Option<usize> {
    const CHARACTERS: usize = 36;
    let (uuid, after) = text.split_at_checked(CHARACTERS)?;
    let shaped = uuid.iter().enumerate().all(|(at, character)| match at {
        8 | 13 | 18 | 23 => *character == '-',
        _ => character.is_ascii_hexdigit(),
    });
    let ends = after.first().is_none_or(|character| !character.is_alphanumeric());
    (shaped && ends).then_some(CHARACTERS)
}

#[cfg(test)]
mod tests;
