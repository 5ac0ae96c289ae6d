//! Where rows begin and end in a file that is handed over piece by piece.
//!
//! A row that can't be told apart (too long, or a quote that is never closed) costs its first line and no
//! more: reading goes on at the line after it.

use serde::{Deserialize, Serialize};

use super::{FileFormat, MAX_ROW_BYTES, RowCode};

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Bytes before it.
    pub offset: u64,
    /// The number of its line; the first is 1.
    pub line: u64,
    /// Whether the rest of a line that is too long must be passed over.
    pub is_skipping: bool,
}

impl Cursor {
    /// The beginning of a file.
    pub const START: Self = Self { offset: 0, line: 1, is_skipping: false };

    fn past(self, bytes: usize, lines: usize) -> Self {
        let add = |number: u64, more: usize| {
            number.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
        };
        Self {
            offset: add(self.offset, bytes),
            line: add(self.line, lines),
            is_skipping: self.is_skipping,
        }
    }
}

/// What is at a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A row, without the end of its line.
    Row {
        /// Its bytes.
        bytes: &'a [u8],
        /// Its first line.
        line: u64,
        /// Where the next one begins.
        next: Cursor,
    },
    /// Something that is no row.
    Bad {
        /// What is wrong with it.
        code: RowCode,
        /// Its first line.
        line: u64,
        /// Where reading goes on.
        next: Cursor,
    },
    /// The window ends before the row does.
    More(Cursor),
    /// The file ends.
    End(Cursor),
}

/// The end of a row.
enum End {
    /// Bytes of the row, of the row with its line's end, and lines that it takes.
    At {
        length: usize,
        consumed: usize,
        lines: usize,
    },
    TooLong {
        in_quotes: bool,
    },
    Unclosed,
    Beyond,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What is at the cursor. `window` holds the file's bytes from there on; `at_end` says that they are its
/// last. Empty lines are passed over.
#[must_use]
pub fn next(format: FileFormat, from: Cursor, window: &[u8], at_end: bool) -> Step<'_> {
    let mut cursor = from;
    let mut rest = window;
    if cursor.offset == 0 {
        if rest.len() < BYTE_ORDER_MARK.len() && !at_end {
            return Step::More(cursor);
        }
        if let Some(text) = rest.strip_prefix(BYTE_ORDER_MARK) {
            cursor = cursor.past(BYTE_ORDER_MARK.len(), 0);
            rest = text;
        }
    }
    loop {
        if cursor.is_skipping {
            match line_end(rest) {
                Some(end) => {
                    cursor = Cursor { is_skipping: false, ..cursor.past(end, 1) };
                    rest = rest.get(end..).unwrap_or_default();
                }
                None => {
                    cursor = cursor.past(rest.len(), 0);
                    return if at_end { Step::End(cursor) } else { Step::More(cursor) };
                }
            }
        }
        if rest.is_empty() {
            return if at_end { Step::End(cursor) } else { Step::More(cursor) };
        }
        let line = cursor.line;
        let code = match end(format, rest, at_end) {
            End::At { length, consumed, lines } => {
                let bytes = rest.get(..length).unwrap_or_default();
                cursor = cursor.past(consumed, lines);
                rest = rest.get(consumed..).unwrap_or_default();
                if bytes.is_empty() {
                    continue;
                }
                return Step::Row { bytes, line, next: cursor };
            }
            End::Beyond => return Step::More(cursor),
            End::TooLong { in_quotes: false } => RowCode::RowTooLong,
            End::TooLong { in_quotes: true } | End::Unclosed => RowCode::UnclosedQuote,
        };
        let next = match line_end(rest) {
            Some(end) => cursor.past(end, 1),
            None => Cursor { is_skipping: true, ..cursor.past(rest.len(), 0) },
        };
        return Step::Bad { code, line, next };
    }
}

/// Bytes up to and with the first line feed.
fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n').map(|at| at.saturating_add(1))
}

fn end(format: FileFormat, bytes: &[u8], at_end: bool) -> End {
    // A row that is just short enough may be followed by CR and LF.
    let most = MAX_ROW_BYTES.saturating_add(2);
    let looked_at = bytes.get(..most).unwrap_or(bytes);
    let mut state = Quoting::CellBegins;
    let mut lines = 0_usize;
    for (at, byte) in looked_at.iter().copied().enumerate() {
        let ends = byte == b'\n' && (format == FileFormat::Jsonl || state != Quoting::Quoted);
        if byte == b'\n' {
            lines = lines.saturating_add(1);
        }
        if ends {
            let before = looked_at.get(..at).unwrap_or_default();
            let row = before.strip_suffix(b"\r").unwrap_or(before);
            if row.len() > MAX_ROW_BYTES {
                return End::TooLong { in_quotes: false };
            }
            return End::At { length: row.len(), consumed: at.saturating_add(1), lines };
        }
        if format == FileFormat::Csv {
            state = state.after(byte);
        }
    }
    let in_quotes = format == FileFormat::Csv && state == Quoting::Quoted;
    if looked_at.len() >= most {
        return End::TooLong { in_quotes };
    }
    // The line may end right behind the window, so that no row is judged before so many bytes are seen.
    if !at_end {
        return End::Beyond;
    }
    let row = looked_at.strip_suffix(b"\r").unwrap_or(looked_at);
    if row.len() > MAX_ROW_BYTES {
        return End::TooLong { in_quotes };
    }
    if in_quotes {
        return End::Unclosed;
    }
    End::At { length: row.len(), consumed: looked_at.len(), lines }
}

/// Where a byte of CSV stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// At the first byte of a cell.
    CellBegins,
    /// In a cell without quotes, or after the closing quote.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that closes, unless another one follows.
    MayClose,
}

impl Quoting {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::CellBegins | Self::MayClose, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::MayClose,
            (Self::Quoted, _) => Self::Quoted,
            (_, b',') => Self::CellBegins,
            _ => Self::Plain,
        }
    }
}
