//! Files that are read piece by piece: reading always gets on, ends, and loses no row however it is cut.

use cartwright::domain::import::{
    Cursor, FileFormat, ImportKind, ImportSpec, Item, LevelMode, RowCode, RowError, Window, count,
    first_row, header, read,
};

/// A file with this byte has so many letters in its place: rows can be too long in a file that is not.
const MANY: (u8, usize) = (0x06, 8 * 1024);
/// Files up to this long are cut in two at every place, longer ones at the ends of this many lines.
const SHORT: usize = 60;
const LINES: usize = 3;
/// The most that letters are put in for.
const LONGEST: usize = 80 * 1024;

pub fn imports(bytes: &[u8]) {
    let mut file = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        if byte == MANY.0 && file.len() + MANY.1 <= LONGEST {
            file.resize(file.len() + MANY.1, b'x');
        } else {
            file.push(byte);
        }
    }
    for format in [FileFormat::Csv, FileFormat::Jsonl] {
        for kind in [ImportKind::Levels, ImportKind::Thresholds, ImportKind::Products] {
            let modes: &[LevelMode] = match kind {
                ImportKind::Levels => &[LevelMode::Set, LevelMode::Add],
                ImportKind::Thresholds | ImportKind::Products => &[LevelMode::Set],
            };
            for &mode in modes {
                let location = "main".parse().unwrap();
                let spec =
                    ImportSpec { kind, format, mode, location, reason: "counted".to_owned() };
                import(&spec, &file);
            }
        }
    }
}

fn import(spec: &ImportSpec, bytes: &[u8]) {
    let whole = Window { bytes, at_end: true };
    let (columns, start) = match spec.format {
        FileFormat::Jsonl => (Vec::new(), Cursor::START),
        FileFormat::Csv => {
            let Ok((row, next)) = first_row(whole) else { return };
            let Ok(columns) = header(spec.kind, row) else { return };
            (columns, next)
        }
    };
    let from = |cursor: Cursor| Window { bytes: &bytes[cursor.offset as usize..], at_end: true };
    let at_once = read(spec, &columns, start, from(start), u64::MAX);
    assert!(at_once.is_end);
    let (rows, _, ended) = count(spec.format, start, from(start), u64::MAX);
    assert!(ended);
    assert_eq!(at_once.items.iter().map(Item::rows).sum::<u64>(), rows);
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    for item in &at_once.items {
        assert!(item.lines.iter().all(|line| (1..=lines).contains(line)), "{item:?}");
        let errors = item.says.as_ref().err().into_iter().flatten();
        assert!(errors.into_iter().all(|error| is_of(item, error)), "{item:?}");
    }

    let (mut cursor, mut one_by_one) = (start, Vec::new());
    loop {
        let batch = read(spec, &columns, cursor, from(cursor), 1);
        one_by_one.extend(batch.items);
        if batch.is_end {
            break;
        }
        assert!(batch.next.offset > cursor.offset, "reading does not get on");
        cursor = batch.next;
    }
    assert_eq!(one_by_one, at_once.items);
    for cut in cuts(bytes).into_iter().filter(|cut| *cut >= start.offset as usize) {
        if let Some(items) = in_two_windows(spec, &columns, start, bytes, cut) {
            let told = |items: &[Item]| -> Vec<_> {
                items.iter().map(|item| (item.lines.clone(), item.says.clone())).collect()
            };
            assert_eq!(told(&items), told(&at_once.items), "cut at {cut}");
        }
    }
}

/// Where a file is cut in two: everywhere, or around the ends of its first lines and in the middle.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    if bytes.len() <= SHORT {
        return (0..=bytes.len()).collect();
    }
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    let around = ends.take(LINES).flat_map(|at| [at, at + 1]);
    around.chain([bytes.len() / 2, bytes.len()]).collect()
}

/// An error is of one of the item's rows, and says so in few words.
fn is_of(item: &Item, error: &RowError) -> bool {
    item.lines.contains(&error.line) && error.message.len() <= 4_096
}

/// What a file says whose bytes come in two windows. `None` if the first window is too small for the rows of its
/// first product, which is then given up.
fn in_two_windows(
    spec: &ImportSpec,
    columns: &[String],
    start: Cursor,
    bytes: &[u8],
    cut: usize,
) -> Option<Vec<Item>> {
    let first = Window { bytes: &bytes[start.offset as usize..cut], at_end: false };
    let batch = read(spec, columns, start, first, u64::MAX);
    assert!(!batch.is_end, "a file ended that goes on");
    let next = batch.next;
    assert!((start.offset..=cut as u64).contains(&next.offset), "{next:?} is not in the window");
    let given_up = |error: &RowError| {
        error.code == RowCode::RowTooLong && error.message.starts_with("is of a product")
    };
    let mut items = batch.items;
    if items.iter().filter_map(|item| item.says.as_ref().err()).flatten().any(given_up) {
        return None;
    }
    let rest = Window { bytes: &bytes[next.offset as usize..], at_end: true };
    let batch = read(spec, columns, next, rest, u64::MAX);
    assert!(batch.is_end);
    items.extend(batch.items);
    Some(items)
}
