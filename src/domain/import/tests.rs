//! Files by table, and what holds for any bytes at all.

use proptest::prelude::*;

use super::*;
use crate::domain::catalogue::Product;
use crate::domain::id::ImportId;
use crate::domain::inventory::{StockChange, TermsChange};
use crate::domain::time::Timestamp;

fn spec(kind: ImportKind, format: FileFormat) -> ImportSpec {
    let (mode, location) = (LevelMode::Set, LocationId::main());
    ImportSpec { kind, format, mode, location, reason: "test".to_owned() }
}

/// Reads a file in windows of so many bytes, at most so many rows at once.
fn items(spec: &ImportSpec, file: &[u8], window: usize, most_rows: u64) -> Vec<Item> {
    let mut cursor = Cursor::START;
    let mut columns = Columns::new();
    if spec.format == FileFormat::Csv {
        match records::next(spec.format, cursor, file, true) {
            records::Step::Row { bytes, next, .. } => {
                columns = header(spec.kind, bytes).unwrap();
                cursor = next;
            }
            other => panic!("no header: {other:?}"),
        }
    }
    let mut all = Vec::new();
    for _ in 0..file.len().saturating_mul(10).saturating_add(10) {
        let offset = usize::try_from(cursor.offset).unwrap();
        let end = file.len().min(offset.saturating_add(window));
        let window = Window { bytes: &file[offset..end], at_end: end == file.len() };
        let batch = read(spec, &columns, cursor, window, most_rows);
        if let Some(last) = batch.items.last() {
            assert!(last.next.offset <= batch.next.offset);
        }
        all.extend(batch.items);
        cursor = batch.next;
        if batch.is_end {
            return all;
        }
    }
    panic!("reading does not move on");
}

/// What a file of levels comes to, in short.
fn levels(file: &[u8]) -> Vec<String> {
    let of = |item: Item| match item.says {
        Ok(Row::Level { sku, location, change: StockChange::Counted { counted, .. } }) => {
            format!("{} {sku} {location} {counted}", item.lines[0])
        }
        Ok(other) => panic!("{other:?}"),
        Err(errors) => {
            let error = &errors[0];
            let code = serde_json::to_value(error.code).unwrap();
            format!("{} {}", error.line, code.as_str().unwrap())
        }
    };
    let spec = spec(ImportKind::Levels, FileFormat::Csv);
    items(&spec, file, usize::MAX / 2, u64::MAX).into_iter().map(of).collect()
}

#[test]
fn a_file_of_levels_by_table() {
    for (file, expected) in [
        (&b"sku,quantity\nA,1\nB,2\n"[..], vec!["2 A main 1", "3 B main 2"]),
        (b"\xEF\xBB\xBFsku,quantity\r\nA,1\r\n\r\nB,2", vec!["2 A main 1", "4 B main 2"]),
        (b"Quantity , SKU,location\n 5 ,A,east\n", vec!["2 A east 5"]),
        (b"\"sku\",\"quantity\"\n\"A\",\"1\"\n", vec!["2 A main 1"]),
        (b"sku,quantity,free\nA,1,\n", vec!["2 A main 1"]),
        (
            b"sku,quantity\nA,1\ncaf\xE9,2\nB,3\n",
            vec!["2 A main 1", "3 invalid_utf8", "4 B main 3"],
        ),
        (
            b"sku,quantity\nA\nB,1,2\nC,3\n",
            vec!["2 wrong_cell_count", "3 wrong_cell_count", "4 C main 3"],
        ),
        (
            b"sku,quantity\nA,-1\nB,1.5\nC,\n,1\nD D,1\n",
            vec![
                "2 invalid_value",
                "3 invalid_value",
                "4 missing_value",
                "5 missing_value",
                "6 invalid_value",
            ],
        ),
        (
            b"sku,quantity\nA,1000000001\nB,99999999999999999999\nC,1000000000\n",
            vec!["2 invalid_value", "3 invalid_value", "4 C main 1000000000"],
        ),
        (b"sku,quantity\nA,\"1\nB,2\nC,3\n", vec!["2 unclosed_quote", "3 B main 2", "4 C main 3"]),
        (b"sku,quantity\n\"A\nX\",1\nB,2\n", vec!["2 invalid_value", "4 B main 2"]),
        (b"sku,quantity\n\"A\"x,1\nB,2\n", vec!["2 malformed_row", "3 B main 2"]),
        (b"sku,quantity\n'-A,1\n", vec!["2 -A main 1"]),
        (b"sku,quantity\n", vec![]),
    ] {
        assert_eq!(levels(file), expected, "{:?}", String::from_utf8_lossy(file));
    }
}

#[test]
fn a_row_that_is_too_long_costs_its_line_only() {
    let long = "x".repeat(3 * MAX_ROW_BYTES);
    let file = format!("sku,quantity\nA,1\n{long},2\nB,3\n");
    assert_eq!(levels(file.as_bytes()), ["2 A main 1", "3 row_too_long", "4 B main 3"]);
    let file = format!("sku,quantity\nA,1\n\"{long},2\nB,3\n");
    assert_eq!(levels(file.as_bytes()), ["2 A main 1", "3 unclosed_quote", "4 B main 3"]);
    let just = format!("sku,quantity,location\r\nA,1,{}\r\n", "x".repeat(MAX_ROW_BYTES - 4));
    assert_eq!(levels(just.as_bytes()), ["2 invalid_value"]);
}

#[test]
fn the_longest_row_is_read_wherever_the_window_ends() {
    let spec = spec(ImportKind::Levels, FileFormat::Jsonl);
    let row = format!("{{\"sku\":\"A\",\"quantity\":1{}}}", " ".repeat(MAX_ROW_BYTES - 24));
    assert_eq!(row.len(), MAX_ROW_BYTES);
    let file = format!("{row}\r\n{row}\r\n");
    for end in [MAX_ROW_BYTES, MAX_ROW_BYTES + 1, MAX_ROW_BYTES + 2] {
        let window = Window { bytes: &file.as_bytes()[..end], at_end: false };
        let first = read(&spec, &[], Cursor::START, window, 1_000);
        assert!(first.items.iter().all(|item| item.says.is_ok()), "{end}");
        let offset = usize::try_from(first.next.offset).unwrap();
        let rest = Window { bytes: &file.as_bytes()[offset..], at_end: true };
        let rest = read(&spec, &[], first.next, rest, 1_000);
        assert!(rest.items.iter().all(|item| item.says.is_ok()), "{end}");
        assert_eq!(first.items.len() + rest.items.len(), 2, "{end}");
    }
}

#[test]
fn headers_are_known_complete_and_in_any_order() {
    let read = |text: &str| header(ImportKind::Levels, text.as_bytes());
    assert_eq!(read("quantity,sku").unwrap(), ["quantity", "sku"]);
    for bad in ["sku", "sku,quantity,sku", "sku,quantity,colour", "", "sku,\"quantity"] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert!(header(ImportKind::Thresholds, b"sku").is_ok());
    let products = product_header();
    assert!(header(ImportKind::Products, products.trim_end().as_bytes()).is_ok());
}

#[test]
fn json_lines_are_rows_of_the_same_values() {
    let spec = spec(ImportKind::Levels, FileFormat::Jsonl);
    let file = b"{\"sku\":\"A\",\"quantity\":3}\n\n{\"sku\":\"B\",\"quantity\":\"4\",\"location\":null}\n\
        {\"sku\":\"C\",\"quantity\":true}\n{\"sku\":\"C\",\"amount\":1}\n[1]\n{\n{\"sku\":\"D\",\"quantity\":1.5}";
    let all = items(&spec, file, 1 << 20, 1_000);
    let codes: Vec<_> = all
        .iter()
        .map(|item| match &item.says {
            Ok(row) => (item.line(), Ok(row.subject())),
            Err(errors) => (item.line(), Err(errors[0].code)),
        })
        .collect();
    assert_eq!(
        codes,
        [
            (1, Ok("A/main".to_owned())),
            (3, Ok("B/main".to_owned())),
            (4, Err(RowCode::InvalidValue)),
            (5, Err(RowCode::UnknownColumn)),
            (6, Err(RowCode::MalformedRow)),
            (7, Err(RowCode::MalformedRow)),
            (8, Err(RowCode::InvalidValue)),
        ]
    );
}

#[test]
fn thresholds_leave_what_is_not_said() {
    let spec = spec(ImportKind::Thresholds, FileFormat::Csv);
    let file = b"sku,low_stock_threshold,reorder_point,back_order_limit\nA,5,,0\n";
    let [item] = items(&spec, file, 1 << 20, 10).try_into().unwrap();
    let Ok(Row::Thresholds { change, .. }) = item.says else { panic!("{item:?}") };
    let expected = TermsChange::Patch {
        back_order_limit: Some(0),
        low_stock_threshold: Some(5),
        safety_stock: None,
        reorder_point: None,
        reorder_quantity: None,
    };
    assert_eq!(change, expected);
}

fn product(id: &str, skus: &[&str]) -> Product {
    let variant = |sku: &&str| {
        serde_json::json!({
            "sku": sku, "title": "=big, \"wide\"", "options": {"size": "L\n;"}, "weight_grams": 7,
            "prices": [{"amount": 900, "currency": "USD"}, {"amount": 890, "currency": "EUR"}]
        })
    };
    let variants: Vec<_> = skus.iter().map(variant).collect();
    serde_json::from_value(serde_json::json!({
        "id": id, "title": "+Mug", "description": "'=a\nb", "status": "draft", "tax_category": "standard",
        "images": ["https://a.example/1.png", "https://a.example/2.png"], "variants": variants
    }))
    .unwrap()
}

#[test]
fn products_come_back_as_they_were_written_in_any_piece() {
    let products =
        [product("-a", &["A1", "A2", "A3"]), product("b", &["B1"]), product("c", &["C1", "C2"])];
    let csv: String = products.iter().map(product_cells).collect();
    let csv = [product_header(), csv].concat();
    let lines: String = products.iter().map(|p| serde_json::to_string(p).unwrap() + "\n").collect();
    for (format, file) in [(FileFormat::Csv, csv), (FileFormat::Jsonl, lines)] {
        let spec = spec(ImportKind::Products, format);
        for most_rows in [1, 2, 3, 100] {
            let read: Vec<Product> = items(&spec, file.as_bytes(), 1 << 20, most_rows)
                .into_iter()
                .map(|item| match item.says {
                    Ok(Row::Product(product)) => *product,
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(read, products, "{format:?} {most_rows}");
        }
    }
}

#[test]
fn a_product_with_a_bad_row_is_not_written_in_part() {
    let header = "id,title,status,tax_category,sku,prices\n";
    let row =
        |id: &str, sku: &str, prices: &str| format!("{id},T,active,standard,{sku},\"{prices}\"\n");
    let good = "1 USD";
    let verdicts = |file: &str| -> Vec<String> {
        let spec = spec(ImportKind::Products, FileFormat::Csv);
        let told = |item: Item| match item.says {
            Ok(row) => format!("{} is written", row.subject()),
            Err(errors) => {
                let told: Vec<String> =
                    errors.iter().map(|e| format!("{}:{:?}", e.line, e.code)).collect();
                told.join(" ")
            }
        };
        items(&spec, file.as_bytes(), 1 << 20, 1).into_iter().map(told).collect()
    };
    let file =
        [header, &row("a", "A1", good), &row("a", "A2", "free"), &row("b", "B1", good)].concat();
    assert_eq!(verdicts(&file), ["2:ProductIncomplete 3:InvalidValue", "b is written"]);
    // Nobody knows whose row this is, so both products beside it stay as they were.
    let file = [
        header,
        &row("a", "A1", good),
        "broken\n",
        &row("b", "B1", good),
        &row("b", "B2", good),
        &row("c", "C1", good),
    ]
    .concat();
    assert_eq!(
        verdicts(&file),
        [
            "2:ProductIncomplete 3:WrongCellCount 4:ProductIncomplete 5:ProductIncomplete",
            "c is written"
        ]
    );
    let other_title = row("a", "A2", good).replace(",T,", ",U,");
    let file = [header, &row("a", "A1", good), &other_title].concat();
    assert_eq!(verdicts(&file), ["2:ProductIncomplete 3:InvalidValue"]);
}

#[test]
fn an_import_is_started_when_all_of_its_parts_are_there() {
    let now = Timestamp::from_milliseconds(1);
    let id: ImportId = "imp_00000000000000000000000000000001".parse().unwrap();
    let spec = spec(ImportKind::Levels, FileFormat::Csv);
    let mut import = Import::new(id, spec, "key".to_owned(), now);
    let part = |number: u32, bytes: u64| Part { number, bytes, sha256: format!("{number}{bytes}") };
    assert_eq!(import.takes(&part(2, 10), &[]), Ok(true));
    assert_eq!(import.takes(&part(2, 10), &[part(2, 10)]), Ok(false));
    assert_eq!(import.takes(&part(2, 11), &[part(2, 10)]), Err(Refused::PartDiffers));
    let large = part(1, MAX_FILE_BYTES - 9);
    assert_eq!(import.takes(&large, &[part(2, 10)]), Err(Refused::TooLarge));
    assert_eq!(import.takes(&part(MAX_PARTS + 1, 1), &[]), Err(Refused::TooLarge));
    let missing = Refused::Incomplete { missing: vec![1] };
    assert_eq!(import.start(2, &[part(2, 10)], now), Err(missing));
    let more = Refused::Incomplete { missing: vec![] };
    assert_eq!(import.start(1, &[part(1, 1), part(2, 10)], now), Err(more));
    assert_eq!(import.start(2, &[part(1, 1), part(2, 10)], now), Ok(true));
    assert_eq!(import.start(2, &[], now), Ok(false));
    assert_eq!(import.start(3, &[], now), Err(Refused::NotUploading));
    assert_eq!(import.takes(&part(3, 1), &[]), Err(Refused::NotUploading));
    assert_eq!(import.takes(&part(2, 10), &[part(2, 10)]), Ok(false));
    import.cancel(now);
    assert_eq!(import.start(2, &[], now), Err(Refused::NotUploading));
    assert!(import.has_ended());
}

/// Pieces of which files are put together, so that quotes and line ends meet often.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\"".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b",".to_vec()),
        Just(b"A,1".to_vec()),
        Just(b"\xE9".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..5),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end_alike_however_they_are_cut(
        tail in bytes(), window in 1_usize..200, most_rows in 1_u64..5, json in any::<bool>(),
    ) {
        let format = if json { FileFormat::Jsonl } else { FileFormat::Csv };
        let spec = spec(ImportKind::Levels, format);
        let file = if json { tail } else { [b"sku,quantity\n", tail.as_slice()].concat() };
        let whole = items(&spec, &file, 1 << 20, u64::MAX);
        let mut lines: Vec<u64> = whole.iter().map(Item::line).collect();
        lines.dedup();
        prop_assert_eq!(lines.len(), whole.len());
        // A window that is too short for a row asks for a longer one; that is the caller's to give.
        prop_assert_eq!(&items(&spec, &file, 1 << 20, most_rows), &whole);
        let from = if json { Cursor::START } else { Cursor { offset: 13, line: 2, is_skipping: false } };
        let rest = &file[usize::try_from(from.offset).unwrap()..];
        let seen = Window { bytes: &rest[..window.min(rest.len())], at_end: window >= rest.len() };
        let columns: Columns = vec!["sku".to_owned(), "quantity".to_owned()];
        let piece = read(&spec, &columns, from, seen, most_rows);
        prop_assert_eq!(&piece.items[..], &whole[..piece.items.len()]);
        let (rows, _, is_end) =
            count(format, from, Window { bytes: rest, at_end: true }, u64::MAX);
        prop_assert!(is_end);
        prop_assert_eq!(rows, u64::try_from(whole.len()).unwrap());
    }

    #[test]
    fn any_product_file_is_read_to_its_end(tail in bytes(), most_rows in 1_u64..5) {
        let spec = spec(ImportKind::Products, FileFormat::Csv);
        let file = [product_header().as_bytes(), tail.as_slice()].concat();
        let whole = items(&spec, &file, 1 << 20, u64::MAX);
        prop_assert_eq!(items(&spec, &file, 1 << 20, most_rows), whole);
    }

    #[test]
    fn any_text_comes_back_from_a_cell(texts in proptest::collection::vec("['=+\\-@\",\\r\\n\\ta-c ]{0,8}", 1..6)) {
        let mut row = String::new();
        for text in &texts {
            push_cell(&mut row, text);
        }
        prop_assert_eq!(&csv::cells(row.as_bytes()).unwrap(), &texts);
        let file = [row.as_bytes(), b"\r\nnext"].concat();
        match records::next(FileFormat::Csv, Cursor { line: 1, offset: 1, is_skipping: false }, &file, true) {
            records::Step::Row { bytes, .. } => prop_assert_eq!(bytes, row.as_bytes()),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
