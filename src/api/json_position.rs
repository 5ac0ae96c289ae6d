//! Where in a document a refusal happened: from the byte at which reading stopped to a JSON pointer.
//!
//! The reader says only line and column. The way there is found by going over the text once more, up to
//! that byte; it is only done for a document that was refused, and it costs no code for each type that can
//! be read.

/// What the document's reader had done last when it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It had read a name or a value, and refused that.
    AtValue,
    /// It had read an object to its end, and missed something there.
    AtEndOfObject,
}

/// The pointer to what was refused. `line` and `column` are the reader's, from 1; `text` is JSON at least
/// up to there.
#[must_use]
pub fn pointer(text: &str, line: usize, column: usize, stopped: Stopped) -> String {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    walked_to(text, start.saturating_add(column)).found(stopped)
}

/// The pointer to what ends at a byte of the text: a name or a value, or, right before a name, the object
/// that it is in.
#[must_use]
pub fn pointer_at(text: &str, end: usize) -> String {
    walked_to(text, end).found(Stopped::AtValue)
}

fn walked_to(text: &str, end: usize) -> Walk<'_> {
    let read = text.as_bytes().get(..end.min(text.len())).unwrap_or_default();
    let mut walk = Walk { rest: read, open: Vec::new(), last: Last::Nothing };
    while walk.step() {}
    walk
}

/// An object or a list that is open.
enum Open {
    /// An object, and the name of the member being read.
    Object { name: Option<String> },
    /// A list, and the number of the item being read.
    List { index: usize },
}

/// What was read last.
enum Last {
    /// Nothing, or a sign after which a value comes.
    Nothing,
    /// A name or a value.
    Value { pointer: String },
    /// The end of an object or a list, and what came last inside.
    End { pointer: String, inside: Option<String> },
}

struct Walk<'a> {
    rest: &'a [u8],
    open: Vec<Open>,
    last: Last,
}

impl Walk<'_> {
    /// Takes one more sign of the text; false at its end.
    fn step(&mut self) -> bool {
        let Some((sign, rest)) = self.rest.split_first() else {
            return false;
        };
        self.rest = rest;
        match sign {
            b'{' => self.begin(Open::Object { name: None }),
            b'[' => self.begin(Open::List { index: 0 }),
            b'}' | b']' => self.end(),
            b',' => self.next_item(),
            b':' => self.last = Last::Nothing,
            b'"' => {
                let text = self.take_string();
                if let Some(Open::Object { name: name @ None }) = self.open.last_mut() {
                    *name = Some(text);
                }
                self.last = Last::Value { pointer: self.here() };
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                let more = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                let length = self.rest.iter().take_while(|byte| more(byte)).count();
                self.rest = self.rest.get(length..).unwrap_or_default();
                self.last = Last::Value { pointer: self.here() };
            }
        }
        true
    }

    fn begin(&mut self, open: Open) {
        self.open.push(open);
        self.last = Last::Nothing;
    }

    fn end(&mut self) {
        let inside = match std::mem::replace(&mut self.last, Last::Nothing) {
            Last::Value { pointer } | Last::End { pointer, .. } => Some(pointer),
            Last::Nothing => None,
        };
        self.open.pop();
        self.last = Last::End { pointer: self.here(), inside };
    }

    fn next_item(&mut self) {
        match self.open.last_mut() {
            Some(Open::Object { name }) => *name = None,
            Some(Open::List { index }) => *index = index.saturating_add(1),
            None => {}
        }
        self.last = Last::Nothing;
    }

    /// The rest of a string whose opening quote was taken, without its escapes.
    fn take_string(&mut self) -> String {
        let mut escaped = false;
        let closing = self.rest.iter().position(|byte| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        });
        let length = closing.unwrap_or(self.rest.len());
        let (raw, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest.get(1..).unwrap_or_default();
        let quoted = [b"\"", raw, b"\""].concat();
        serde_json::from_slice(&quoted).unwrap_or_default()
    }

    /// The pointer to the place that is being read.
    fn here(&self) -> String {
        let mut pointer = String::new();
        for open in &self.open {
            match open {
                Open::Object { name: Some(name) } => pointer.push_str(&step(name)),
                Open::Object { name: None } => {}
                Open::List { index } => pointer.push_str(&step(&index.to_string())),
            }
        }
        pointer
    }

    fn found(self, stopped: Stopped) -> String {
        let here = self.here();
        match (self.last, stopped) {
            (Last::Nothing, _) => here,
            (Last::Value { pointer }, _) => pointer,
            (Last::End { pointer, .. }, Stopped::AtEndOfObject) => pointer,
            (Last::End { pointer, inside }, Stopped::AtValue) => inside.unwrap_or(pointer),
        }
    }
}

/// The longest name that a pointer repeats.
const MAX_NAME_CHARACTERS: usize = 64;

/// One step of a JSON pointer (RFC 6901), cut to a length that nobody minds to see again.
#[must_use]
pub fn step(name: &str) -> String {
    let short: String =
        name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARACTERS).collect();
    let escaped = short.replace('~', "~0").replace('/', "~1");
    ["/", &escaped].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pointer for reading that stopped at the mark.
    fn at_mark(marked: &str, stopped: Stopped) -> String {
        let (before, after) = marked.split_once('¦').unwrap();
        let line = before.split('\n').count();
        let column = before.rsplit('\n').next().unwrap().len();
        pointer(&[before, after].concat(), line, column, stopped)
    }

    #[test]
    fn the_way_to_where_reading_stopped() {
        for (marked, expected) in [
            (r#"¦{}"#, ""),
            (r#"5¦"#, ""),
            (r#"{"a": 1¦}"#, "/a"),
            (r#"{"a"¦: 1}"#, "/a"),
            (r#"{"a": 1¦, "b": 2}"#, "/a"),
            ("{\n \"a\": 1,\n \"b\": true¦}", "/b"),
            (r#"{"a": ¦{"x": 1}}"#, "/a"),
            (r#"{"a": ¦[1]}"#, "/a"),
            (r#"{"a": [1, 2¦, 3]}"#, "/a/1"),
            (r#"{"a": [1, 2]¦}"#, "/a/1"),
            (r#"{"a": [{"b": 1}, {"b": "x"¦}]}"#, "/a/1/b"),
            (r#"{"a": [{"b": 1}, {"b": "x"}¦]}"#, "/a/1/b"),
            (r#"{"a": [[], ¦[]]}"#, "/a/1"),
            (r#"{"a\"}\\": "b\"]"¦}"#, "/a\"}\\"),
            (r#"{"a": "x}", "b~/c": -1.5e+3¦}"#, "/b~0~1c"),
            (r#"{"a": {"b": {"c": null¦}}}"#, "/a/b/c"),
            (r#"{"a": {}, "b": 1¦}"#, "/b"),
        ] {
            assert_eq!(at_mark(marked, Stopped::AtValue), expected, "{marked}");
        }
        for (marked, expected) in [
            (r#"{"a": 1}¦"#, ""),
            (r#"{"a": {"b": 1}¦}"#, "/a"),
            (r#"{"a": [{"b": 1}, {"b": 2}¦]}"#, "/a/1"),
            (r#"{"a": {}¦}"#, "/a"),
        ] {
            assert_eq!(at_mark(marked, Stopped::AtEndOfObject), expected, "{marked}");
        }
    }

    #[test]
    fn any_text_and_any_place_end_somewhere() {
        let text = "{\"a\": [1, \"é\\\"\", {\"b\": nul}], ]}}:,\"";
        for line in 0..3 {
            for column in 0..50 {
                let _ = pointer(text, line, column, Stopped::AtValue);
            }
        }
        assert_eq!(pointer("", 9, 9, Stopped::AtEndOfObject), "");
    }

    #[test]
    fn names_are_escaped_and_cut() {
        assert_eq!(step("a/b~c"), "/a~1b~0c");
        assert_eq!(step("a\n"), "/a");
        assert_eq!(step(&"x".repeat(100)).len(), 65);
    }
}
