//! Reads a bounded piece of a file: items that can be applied one by one, each with where to go on after it.

use super::cells::Cells;
use super::records::{Cursor, Step, next};
use super::rows::{self, Row};
use super::{Fault, FileFormat, ImportKind, ImportSpec, RowCode, RowError, products};
use crate::domain::catalogue::Product;

/// Bytes of a file from a cursor on.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether the file ends with them.
    pub at_end: bool,
}

impl<'a> Window<'a> {
    /// What is left of it at a later cursor.
    fn at(self, from: Cursor, cursor: Cursor) -> &'a [u8] {
        let passed = cursor.offset.saturating_sub(from.offset);
        self.bytes.get(usize::try_from(passed).unwrap_or(usize::MAX)..).unwrap_or_default()
    }
}

/// One thing that a file says: a row, or the rows of one product.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The lines on which its rows begin; at least one.
    pub lines: Vec<u64>,
    /// What it says, or what is wrong with it.
    pub says: Result<Row, Vec<RowError>>,
    /// Where reading goes on after it.
    pub next: Cursor,
}

impl Item {
    /// Its first line.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.lines.first().copied().unwrap_or(1)
    }

    /// Its rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        u64::try_from(self.lines.len()).unwrap_or(u64::MAX)
    }

    /// The line that a pointer into a product is about: in CSV each variant has one of its own.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> u64 {
        let variant = pointer.strip_prefix("/variants/").and_then(|rest| rest.split('/').next());
        let line = variant.and_then(|index| self.lines.get(index.parse::<usize>().ok()?));
        line.copied().unwrap_or_else(|| self.line())
    }
}

/// A piece of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// What it says.
    pub items: Vec<Item>,
    /// Where reading goes on.
    pub next: Cursor,
    /// Whether the file ends there.
    pub is_end: bool,
}

/// The first row of a file: the header of CSV, and where to go on after it.
///
/// # Errors
/// A sentence that says why there is none.
pub fn first_row(window: Window<'_>) -> Result<(&[u8], Cursor), String> {
    if window.bytes.starts_with(b"\xFF\xFE") || window.bytes.starts_with(b"\xFE\xFF") {
        return Err("the file is encoded in UTF-16; it must be UTF-8".to_owned());
    }
    match next(FileFormat::Csv, Cursor::START, window.bytes, window.at_end) {
        Step::Row { bytes, next, .. } => Ok((bytes, next)),
        Step::Bad { code, .. } => Err(format!("the header {}", sentence(code))),
        Step::More(_) | Step::End(_) => Err("the file is empty".to_owned()),
    }
}

/// Counts rows, of which at most so many are looked at: how many there are, where to go on, and whether the
/// file ends there.
#[must_use]
pub fn count(
    format: FileFormat,
    from: Cursor,
    window: Window<'_>,
    most_rows: u64,
) -> (u64, Cursor, bool) {
    let (mut rows, mut cursor) = (0_u64, from);
    while rows < most_rows {
        match next(format, cursor, window.at(from, cursor), window.at_end) {
            Step::Row { next, .. } | Step::Bad { next, .. } => {
                rows = rows.saturating_add(1);
                cursor = next;
            }
            Step::More(next) => return (rows, next, false),
            Step::End(next) => return (rows, next, true),
        }
    }
    (rows, cursor, false)
}

/// Reads items, about so many rows. The window must be large enough for the rows of one product.
#[must_use]
pub fn read(
    spec: &ImportSpec,
    columns: &[String],
    from: Cursor,
    window: Window<'_>,
    most_rows: u64,
) -> Batch {
    let mut reader = Reader { spec, columns, items: Vec::new(), group: None };
    let (mut cursor, mut rows) = (from, 0_u64);
    loop {
        if rows >= most_rows && reader.group.is_none() {
            return Batch { items: reader.items, next: cursor, is_end: false };
        }
        match next(spec.format, cursor, window.at(from, cursor), window.at_end) {
            Step::Row { bytes, line, next } => {
                rows = rows.saturating_add(1);
                let enough = rows > most_rows;
                if !reader.take(bytes, line, (cursor, next), enough) {
                    // It begins another product than the one that was read: enough for now.
                    return Batch { items: reader.items, next: cursor, is_end: false };
                }
                cursor = next;
            }
            Step::Bad { code, line, next } => {
                rows = rows.saturating_add(1);
                reader.bad(Fault::row(code, sentence(code)), line, (cursor, next));
                cursor = next;
            }
            Step::More(next) => {
                // The rows of one product are read together, unless no window would hold them.
                let begin = reader.group.as_ref().map(|group| group.begin);
                if let Some(begin) = begin.filter(|begin| begin.offset > from.offset) {
                    return Batch { items: reader.items, next: begin, is_end: false };
                }
                reader.abandon();
                return Batch { items: reader.items, next, is_end: false };
            }
            Step::End(next) => {
                reader.flush();
                return Batch { items: reader.items, next, is_end: true };
            }
        }
    }
}

const fn sentence(code: RowCode) -> &'static str {
    match code {
        RowCode::UnclosedQuote => "has a quote that is never closed",
        _ => "is longer than 65536 bytes",
    }
}

/// Before a row, and after it.
type Span = (Cursor, Cursor);

/// Rows of CSV that are one product, or of which one can't be read so that nobody knows whose it is.
struct Group {
    /// Before its first row.
    begin: Cursor,
    /// The product of its last row, if known.
    id: Option<String>,
    /// Whether a row that can't be read came last: the next one, whatever it is, may belong to it.
    is_open: bool,
    rows: Vec<(u64, Result<Product, Fault>)>,
    next: Cursor,
}

struct Reader<'a> {
    spec: &'a ImportSpec,
    columns: &'a [String],
    items: Vec<Item>,
    group: Option<Group>,
}

impl Reader<'_> {
    fn is_grouped(&self) -> bool {
        self.spec.kind == ImportKind::Products && self.spec.format == FileFormat::Csv
    }

    /// Takes a row. False if it begins another group and no more is wanted.
    fn take(&mut self, bytes: &[u8], line: u64, span: Span, enough: bool) -> bool {
        if self.is_grouped() {
            return self.take_variant(bytes, line, span, enough);
        }
        let says = self.row(bytes).map_err(|fault| vec![fault.at(line)]);
        self.items.push(Item { lines: vec![line], says, next: span.1 });
        true
    }

    fn row(&self, bytes: &[u8]) -> Result<Row, Fault> {
        match self.spec.kind {
            ImportKind::Products => Ok(Row::Product(Box::new(products::of_line(bytes)?))),
            ImportKind::Levels => {
                rows::level(self.spec, &rows::cells(self.spec, self.columns, bytes)?)
            }
            ImportKind::Thresholds => {
                rows::thresholds(&rows::cells(self.spec, self.columns, bytes)?)
            }
        }
    }

    fn take_variant(&mut self, bytes: &[u8], line: u64, span: Span, enough: bool) -> bool {
        let (begin, next) = span;
        let cells: Result<Cells, Fault> = rows::cells(self.spec, self.columns, bytes);
        let cells = match cells {
            Ok(cells) => cells,
            Err(fault) => {
                self.bad(fault, line, span);
                return true;
            }
        };
        let id = cells.text("id").map(|id| id.trim().to_owned());
        let product = products::of_cells(&cells);
        match &mut self.group {
            Some(group) if group.is_open || group.id == id => {
                group.id = id;
                group.is_open = false;
                group.rows.push((line, product));
                group.next = next;
                true
            }
            Some(_) if enough => {
                self.flush();
                false
            }
            _ => {
                self.flush();
                let rows = vec![(line, product)];
                self.group = Some(Group { begin, id, is_open: false, rows, next });
                true
            }
        }
    }

    /// Takes what is no row.
    fn bad(&mut self, fault: Fault, line: u64, (begin, next): Span) {
        if !self.is_grouped() {
            self.items.push(Item { lines: vec![line], says: Err(vec![fault.at(line)]), next });
            return;
        }
        let group = self.group.get_or_insert_with(|| Group {
            begin,
            id: None,
            is_open: true,
            rows: Vec::new(),
            next,
        });
        group.rows.push((line, Err(fault)));
        group.is_open = true;
        group.next = next;
    }

    /// Ends the rows of a product.
    fn flush(&mut self) {
        let ended = self.group.take().map(Group::finish);
        self.items.extend(ended);
    }

    /// Gives the rows of a product up that no window holds.
    fn abandon(&mut self) {
        let Some(group) = self.group.take() else { return };
        let lines: Vec<u64> = group.rows.iter().map(|(line, _)| *line).collect();
        let too_long = || Fault::row(RowCode::RowTooLong, "is of a product with too long rows");
        let errors = lines.iter().map(|line| too_long().at(*line)).collect();
        self.items.push(Item { lines, says: Err(errors), next: group.next });
    }
}

impl Group {
    fn finish(self) -> Item {
        let lines: Vec<u64> = self.rows.iter().map(|(line, _)| *line).collect();
        let mut product: Option<Product> = None;
        let mut errors: Vec<RowError> = Vec::new();
        for (line, row) in self.rows {
            match (row, &mut product) {
                (Err(fault), _) => errors.push(fault.at(line)),
                (Ok(first), None) => product = Some(first),
                (Ok(more), Some(whole)) if products::same_product(whole, &more) => {
                    whole.variants.extend(more.variants);
                }
                // Products are only in one group when nobody knows whose a bad row is.
                (Ok(other), Some(whole)) if other.id != whole.id => {}
                (Ok(_), Some(_)) => {
                    let message = "does not say the same of its product as the row above";
                    errors.push(Fault::row(RowCode::InvalidValue, message).at(line));
                }
            }
        }
        let says = match product.filter(|_| errors.is_empty()) {
            Some(product) => Ok(Row::Product(Box::new(product))),
            None => Err(with_the_rest(&lines, errors)),
        };
        Item { lines, says, next: self.next }
    }
}

/// The errors of a product's rows, with one for each of its rows that is good by itself.
fn with_the_rest(lines: &[u64], mut errors: Vec<RowError>) -> Vec<RowError> {
    let message = "is of a product of which another row, or one beside it, is bad";
    for line in lines {
        if !errors.iter().any(|error| error.line == *line) {
            errors.push(Fault::row(RowCode::ProductIncomplete, message).at(*line));
        }
    }
    errors.sort_by_key(|error| error.line);
    errors
}
