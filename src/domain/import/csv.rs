//! Cells of CSV (RFC 4180): read, and written so that a spreadsheet takes none for a formula.
//!
//! A text that a spreadsheet would calculate begins with an apostrophe in the file. To be read back as it
//! was, a text that already begins with apostrophes and would be calculated without them gets one more.

use super::{Fault, RowCode};

/// More cells than any row of ours has.
const MAX_CELLS: usize = 100;

const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether a spreadsheet would calculate the text, once its apostrophes are off.
fn would_be_calculated(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// Appends a text as a cell: quoted where it must be, and never a formula.
pub fn push_cell(row: &mut String, text: &str) {
    let text = if would_be_calculated(text) { &["'", text].concat() } else { text };
    if !row.is_empty() && !row.ends_with('\n') {
        row.push(',');
    }
    if text.contains(['"', ',', '\r', '\n']) || text.is_empty() {
        row.push('"');
        row.push_str(&text.replace('"', "\"\""));
        row.push('"');
    } else {
        row.push_str(text);
    }
}

/// Appends a whole number as a cell, empty where there is none.
pub fn push_number(row: &mut String, number: Option<i64>) {
    if !row.is_empty() && !row.ends_with('\n') {
        row.push(',');
    }
    if let Some(number) = number {
        row.push_str(&number.to_string());
    }
}

/// The text that a cell means.
fn meant(cell: String) -> String {
    match cell.strip_prefix('\'') {
        Some(text) if would_be_calculated(text) => text.to_owned(),
        _ => cell,
    }
}

/// The cells of a row.
pub(super) fn cells(row: &[u8]) -> Result<Vec<String>, Fault> {
    let text = std::str::from_utf8(row)
        .map_err(|_| Fault::row(RowCode::InvalidUtf8, "is not encoded in UTF-8"))?;
    let malformed = |message: &str| Fault::row(RowCode::MalformedRow, message);
    let mut cells = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        if cells.len() >= MAX_CELLS {
            return Err(malformed("has more than 100 cells"));
        }
        let (cell, after) = match text.strip_prefix('"') {
            Some(quoted) => {
                let (cell, after) = quoted_cell(quoted)
                    .ok_or_else(|| Fault::row(RowCode::UnclosedQuote, "has an open quote"))?;
                if !after.is_empty() && !after.starts_with(',') {
                    return Err(malformed("has text after a closing quote"));
                }
                (cell, after)
            }
            None => {
                let end = text.find(',').unwrap_or(text.len());
                let (cell, after) = text.split_at_checked(end).unwrap_or((text, ""));
                (cell.to_owned(), after)
            }
        };
        cells.push(meant(cell));
        rest = after.strip_prefix(',');
    }
    Ok(cells)
}

/// A cell whose opening quote was taken, and what follows its closing one.
fn quoted_cell(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None => return Some((cell, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_by_the_rfc() {
        for (row, expected) in [
            ("a,b", vec!["a", "b"]),
            ("", vec![""]),
            (",", vec!["", ""]),
            ("a,", vec!["a", ""]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("\"a \"\"b\"\"\"", vec!["a \"b\""]),
            ("\"a\r\nb\"", vec!["a\r\nb"]),
            ("\"\"", vec![""]),
            ("5\" pipe,x", vec!["5\" pipe", "x"]),
            (" a , b ", vec![" a ", " b "]),
            ("'=1+1", vec!["=1+1"]),
            ("''=1+1", vec!["'=1+1"]),
            ("'-5", vec!["-5"]),
            ("-5", vec!["-5"]),
            ("'tis", vec!["'tis"]),
            ("'", vec!["'"]),
        ] {
            assert_eq!(cells(row.as_bytes()).unwrap(), expected, "{row:?}");
        }
    }

    #[test]
    fn what_is_no_row_says_why() {
        for (row, code) in [
            (&b"\"a"[..], RowCode::UnclosedQuote),
            (b"\"a\"b", RowCode::MalformedRow),
            (b"a\xFFb", RowCode::InvalidUtf8),
            (b"caf\xE9", RowCode::InvalidUtf8),
        ] {
            assert_eq!(cells(row).unwrap_err().code, code, "{row:?}");
        }
        let many = ",".repeat(100);
        assert_eq!(cells(many.as_bytes()).unwrap_err().code, RowCode::MalformedRow);
    }

    #[test]
    fn no_cell_is_a_formula() {
        let written = |text: &str| {
            let mut row = String::new();
            push_cell(&mut row, text);
            row
        };
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("'=x", "''=x"),
            ("plain", "plain"),
            ("'tis", "'tis"),
            ("=A1,B1", "\"'=A1,B1\""),
            ("", "\"\""),
        ] {
            assert_eq!(written(text), cell);
        }
    }
}
