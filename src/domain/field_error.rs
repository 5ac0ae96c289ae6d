//! What is wrong with a document someone sent, field by field.

use serde::{Deserialize, Serialize};

/// One refused field: where it is and what it should have been.
///
/// The message never repeats the value: a refused address must not end up in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({"pointer": "/shipping_address/city", "message": "is required"}))]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field, from the root of the document that was checked.
    pub pointer: String,
    /// What the field should be, in words that continue "this field …".
    pub message: String,
}

/// Moves every pointer below `parent`, for a document that is part of a larger one:
/// `/city` under `/shipping_address` is `/shipping_address/city`.
#[must_use]
pub fn under(parent: &str, errors: Vec<FieldError>) -> Vec<FieldError> {
    errors
        .into_iter()
        .map(|e| FieldError { pointer: format!("{parent}{}", e.pointer), message: e.message })
        .collect()
}

/// Collects refusals while a document is checked, so that the caller learns all of them at once.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<FieldError>);

impl Checks {
    /// Refuses the field at `pointer` unless `holds`.
    pub(crate) fn require(&mut self, holds: bool, pointer: &str, message: &str) {
        if !holds {
            self.0.push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
        }
    }

    /// A single line of text: `minimum` to `maximum` characters of any script, something else than
    /// white space if any is required, and no control character (NUL and line breaks among them).
    pub(crate) fn line(&mut self, pointer: &str, text: &str, minimum: usize, maximum: usize) {
        self.text(pointer, text, minimum, maximum);
        self.require(
            !text.chars().any(char::is_control),
            pointer,
            "must not contain control characters",
        );
    }

    /// Text of several lines: as [`Checks::line`], with line breaks and tabs allowed.
    pub(crate) fn paragraphs(&mut self, pointer: &str, text: &str, maximum: usize) {
        self.text(pointer, text, 0, maximum);
        let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        self.require(
            !text.chars().any(forbidden),
            pointer,
            "must not contain control characters other than line breaks and tabs",
        );
    }

    fn text(&mut self, pointer: &str, text: &str, minimum: usize, maximum: usize) {
        let blank = text.trim().is_empty();
        self.require(minimum == 0 || !blank, pointer, "is required");
        let characters = text.chars().count();
        if characters > maximum || (characters < minimum && !blank) {
            let message = format!("must have {minimum} to {maximum} characters");
            self.require(false, pointer, &message);
        }
    }

    /// A list of `minimum` to `maximum` items.
    pub(crate) fn count(&mut self, pointer: &str, count: usize, minimum: usize, maximum: usize) {
        if !(minimum..=maximum).contains(&count) {
            self.require(false, pointer, &format!("must have {minimum} to {maximum} items"));
        }
    }

    /// A list without repetitions: refuses each item whose key has been seen before.
    pub(crate) fn unique<K: Ord>(
        &mut self,
        pointer: &str,
        keys: impl IntoIterator<Item = K>,
        message: &str,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        for (index, key) in keys.into_iter().enumerate() {
            self.require(seen.insert(key), &format!("{pointer}/{index}"), message);
        }
    }

    /// Adds what a part of the document, at `pointer`, refused.
    pub(crate) fn part(&mut self, pointer: &str, errors: Vec<FieldError>) {
        self.0.extend(under(pointer, errors));
    }

    /// Everything that was refused, in the order of the checks.
    pub(crate) fn finish(self) -> Vec<FieldError> {
        self.0
    }
}

/// One step of a JSON pointer, with `~` and `/` escaped as RFC 6901 asks.
pub(crate) fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/x", text, 1, 5);
        checks.finish()
    }

    #[test]
    fn lines_are_counted_in_characters_and_kept_free_of_control_characters() {
        for good in ["a", "Zoë", "東京都渋谷", "👩‍🚀ab", " a "] {
            assert_eq!(line(good), [], "{good:?}");
        }
        for bad in ["", " ", "\u{3000}", "abcdef", "a\0", "a\nb", "a\u{7f}", "a\u{85}"] {
            assert!(!line(bad).is_empty(), "{bad:?}");
        }
    }

    #[test]
    fn paragraphs_may_break_lines_but_not_carry_nul() {
        let refused = |text: &str| {
            let mut checks = Checks::default();
            checks.paragraphs("/x", text, 10);
            checks.finish().len()
        };
        assert_eq!(refused(""), 0);
        assert_eq!(refused("a\r\n\tb"), 0);
        assert_eq!(refused("a\0b"), 1);
        assert_eq!(refused("a\u{1b}b"), 1);
        assert_eq!(refused("12345678901"), 1);
    }

    #[test]
    fn pointers_escape_and_nest() {
        assert_eq!(step("a/b~c"), "a~1b~0c");
        let error = FieldError { pointer: "/city".to_owned(), message: "is required".to_owned() };
        let [moved] = under("/shipping_address", vec![error]).try_into().unwrap();
        assert_eq!(moved.pointer, "/shipping_address/city");
    }

    #[test]
    fn a_repeated_key_is_refused_where_it_repeats() {
        let mut checks = Checks::default();
        checks.unique("/list", ["a", "b", "a"], "must be unique");
        let [error] = checks.finish().try_into().unwrap();
        assert_eq!(error.pointer, "/list/2");
    }
}
