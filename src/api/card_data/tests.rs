#![expect(
    clippy::arithmetic_side_effects,
    reason = "far below the range; an overflow fails the test"
)]

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::api::ask::stand_in::Sent;
use crate::api::body::{MAX_BODY_BYTES, read_json};

/// Beginnings and lengths of the networks' numbers.
const BRANDS: &[(&str, usize)] = &[
    ("4", 16),
    ("4", 19),
    ("51", 16),
    ("55", 16),
    ("2221", 16),
    ("2720", 16),
    ("2201", 16),
    ("34", 15),
    ("37", 15),
    ("300", 14),
    ("36", 14),
    ("38", 16),
    ("3528", 16),
    ("3589", 19),
    ("5018", 16),
    ("508", 16),
    ("6304", 18),
    ("6759", 14),
    ("6011", 16),
    ("65", 16),
    ("62", 17),
    ("62", 19),
    ("81", 16),
    ("9792", 16),
];

/// A number of a brand from any digits: the last is its check digit.
fn number(brand: usize, digits: &[u8]) -> String {
    let (beginning, length) = BRANDS[brand % BRANDS.len()];
    let mut number: String = beginning.to_owned();
    number.extend(digits.iter().map(|digit| char::from(b'0' + digit % 10)));
    number.truncate(length - 1);
    (0..10).map(|check| format!("{number}{check}")).find(|whole| passes_luhn(whole)).unwrap()
}

/// Luhn's check in other words than the code's.
fn passes_luhn(number: &str) -> bool {
    const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let digits: Vec<u32> = number.chars().rev().map(|digit| digit.to_digit(10).unwrap()).collect();
    let even: u32 = digits.iter().step_by(2).sum();
    let odd: u32 = digits
        .iter()
        .skip(1)
        .step_by(2)
        .map(|digit| DOUBLED[usize::try_from(*digit).unwrap()])
        .sum();
    (even + odd).is_multiple_of(10)
}

fn refused_at(body: &str) -> Option<String> {
    let mut sent =
        Sent::default().with_header("content-type", "application/json").with_body(body.as_bytes());
    let read = read_json(&mut sent, MAX_BODY_BYTES).now_or_never().unwrap();
    let error = read.err()?;
    assert_eq!(error.code, ErrorCode::CardDataRefused);
    let told = format!("{} {error:?}", error.problem("req_1"));
    assert!(!told.contains("4242"), "{told}");
    Some(error.errors[0].pointer.clone())
}

#[test]
fn numbers_of_every_network_are_found_however_they_are_written() {
    for number in [
        "4242424242424242",
        "4222222222222",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "6011111111111117",
        "30569309025904",
        "3530111333300000",
        "6200000000000005",
        "6304000000000000",
        "4000000000000000006",
    ] {
        assert!(in_text(number), "{number}");
        assert!(in_text(&format!("card {number} thanks")), "{number}");
        assert!(in_text(&format!("https://shop.example/return?n={number}&x=1")), "{number}");
    }
    for text in [
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "4242  4242  4242  4242",
        "4242 - 4242 - 4242 - 4242",
        "4242\u{a0}4242\u{2013}4242\u{202f}4242",
        "3782 822463 10005",
        "x4242424242424242y",
        "card4242424242424242exp1229",
        "CARD_4242424242424242",
        "4242 4242 4242 4242 12/29 123",
        "Flat 7 4242424242424242",
        "+4242424242424242",
        "+49 30 123456 or 4242424242424242",
        "４２４２４２４２４２４２４２４２",
        "https://shop.example/?n=4242%204242+4242%2D4242",
        "%34242424242424242",
        ";4242424242424242=29121010000000000000?",
        "550e8400-e29b-41d4-a716-446655440000 4242424242424242",
        "4242424242424242 550e8400-e29b-41d4-a716-446655440000",
        "4242424242424242 0123456789abcdef0123456789abcdef",
    ] {
        assert!(in_text(text), "{text}");
    }
}

#[test]
fn what_is_no_card_number_is_let_through() {
    for text in [
        "",
        "12 St James's Square",
        "94107",
        "+49 1512 3456788",
        "+4915123456780",
        "49 1512 3456788",
        "0049 1512 3456789",
        "4242424242424241",
        "1732471234567",
        "9999999999999995",
        "42424242424242424242424242",
        "4242 4242 / 4242 4242",
        "424242******4242",
        "ord_0700000000000000000000000000000abc",
        "op_4242424242424242abcdefabcdefabcd",
        "https://shop.example/c/550e8400-e29b-41d4-a716-446655440000",
        "42424242-4242-4242-8242-424242424242",
        // A barcode that passes both checks.
        "4006381333931",
        "4000000000006",
        "5000000000005",
        "COMMON.ACCEPT.INAPP.PAYMENT",
        "eyJjb2RlIjoiNTBfMl8wNjAwMDUyMDg5MDMzMzUiLCJ0b2tlbiI6Ijk2MDE2MjA4OTAzMzM1IiwidiI6IjEuMSJ9",
        "DE89 3704 0044 0532 0130 00",
        "2026-11-24T15:22:59.123Z",
    ] {
        assert!(!in_text(text), "{text}");
    }
}

#[test]
fn a_file_is_refused_by_its_line() {
    let card = number(0, &[1; 20]);
    for (file, line) in [
        (format!("sku,quantity\nA,1\nB,{card}\n"), Some(3)),
        (format!("sku,title\nA,\"pay {card}\"\n"), Some(2)),
        (format!("{{\"sku\":\"A\",\"title\":\"{card}\"}}\n"), Some(1)),
        ("sku,quantity\nA,1\nB,1000000000\n".to_owned(), None),
        ("4111,1111,1111,1111\n".to_owned(), None),
    ] {
        assert_eq!(line_of_a_card(file.as_bytes()), line, "{file}");
    }
}

#[test]
fn a_body_is_refused_where_the_number_is() {
    for (body, pointer) in [
        (r#"{"a": "4242424242424242"}"#, "/a"),
        (r#"{"a": {"b": ["x", "card 4242 4242 4242 4242"]}}"#, "/a/b/1"),
        (r#"{"a": 4242424242424242}"#, "/a"),
        (r#"{"a": -4242424242424242}"#, "/a"),
        (r#"{"a": 4242424242424242.0}"#, "/a"),
        (r#"{"a": 4.242424242424242E15}"#, "/a"),
        (r#"{"a": [1, 4242424242424242e0]}"#, "/a/1"),
        (r#"{"4242424242424242": 1}"#, ""),
        (r#"{"a": {"b": 1, "4242424242424242": {}}}"#, "/a"),
        (r#"{"a": "\u0034242424242424242"}"#, "/a"),
        (r#"{"a\"": "\"4242424242424242\""}"#, "/a\""),
        (r#"{"a": "https://shop.example/?c=4242424242424242"}"#, "/a"),
        (r#"[{"a": "4242424242424242"}]"#, "/0/a"),
        (r#""4242424242424242""#, ""),
        (r#"{"a": "4242424242424242"#, "/a"),
        (r#"nonsense "4242424242424242" nonsense"#, ""),
    ] {
        assert_eq!(refused_at(body).as_deref(), Some(pointer), "{body}");
    }
    let deep = format!("{}\"4242424242424242\"{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(refused_at(&deep).as_deref(), Some(""));
    for body in [
        "{}",
        r#"{"a": "4242", "b": "4242", "c": "4242", "d": "4242"}"#,
        r#"{"a": 1000000000000000}"#,
        r#"{"a": 1732471234567}"#,
        r#"{"a": [4242, 4242, 4242, 4242]}"#,
        "\"\\ud800 4242424242424242\"",
        "\"",
        "",
    ] {
        assert_eq!(refused_at(body), None, "{body}");
    }
}

#[test]
fn the_demo_store_holds_none() {
    for document in [
        include_str!("../../../schema/demo/catalogue.json"),
        include_str!("../../../schema/demo/settings.json"),
    ] {
        assert_eq!(in_document(document), None);
    }
}

#[test]
fn an_address_is_refused_by_its_part() {
    let key = |key: &str| Sent::default().with_header("idempotency-key", key);
    assert_eq!(refuse_in_address(&key("4f9a4f4e-7b1d-4e55-9d1c-2f6d8f3c1a10")), Ok(()));
    let error = refuse_in_address(&key("cart-4242424242424242")).unwrap_err();
    assert_eq!(error.code, ErrorCode::CardDataRefused);
    assert!(!error.problem("req_1").to_string().contains("4242"));
}

/// What stands around a number in a text.
fn around() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[ ,;:/_=(a-zG-Z]{1,12}", "[a-z ]{0,20}[!?,;:|~éß猫]",]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn numbers_of_every_brand_are_refused_anywhere(
        brand in 0_usize..64,
        digits in proptest::collection::vec(0_u8..10, 19),
        separator in prop_oneof![Just(""), Just(" "), Just("-"), Just("."), Just("  ")],
        before in around(),
        after in around(),
        place in 0_usize..5,
    ) {
        let number = number(brand, &digits);
        let groups: Vec<&str> = number
            .as_bytes()
            .chunks(4)
            .map(|group| std::str::from_utf8(group).unwrap())
            .collect();
        let text = [before, groups.join(separator), after].concat();
        prop_assert!(in_text(&text), "{text}");
        let text = serde_json::Value::from(text);
        let body = match place {
            0 => format!("{{\"a\":{text}}}"),
            1 => format!("{{\"a\":[1,{{\"b\":{text}}}]}}"),
            2 => format!("{{{text}:1}}"),
            3 => format!("[{text}]"),
            _ => format!("{{\"a\":{number}}}"),
        };
        prop_assert!(in_document(&body).is_some(), "{body}");
    }

    #[test]
    fn ids_and_hashes_and_tokens_are_not(
        bytes in any::<[u8; 32]>(),
        prefix in prop_oneof![Just("op_"), Just("ord_07"), Just("req_"), Just("ot_"), Just("rfd_")],
    ) {
        let whole = hex::encode(bytes);
        let half = whole.get(..32).unwrap();
        let uuid = uuid::Uuid::from_bytes(bytes.first_chunk::<16>().copied().unwrap());
        for text in [
            format!("{prefix}{half}"),
            format!("{prefix}{whole}"),
            whole.clone(),
            uuid.to_string(),
            uuid.to_string().to_uppercase(),
            format!("https://shop.example/orders/{uuid}?token={whole}"),
            token(&bytes),
        ] {
            prop_assert!(!in_text(&text), "{text}");
        }
    }

    #[test]
    fn barcodes_are_not(digits in proptest::collection::vec(0_u8..10, 12)) {
        let weighed = [1, 3].into_iter().cycle().zip(&digits).map(|(by, digit)| by * u32::from(*digit));
        let sum: u32 = weighed.sum();
        let mut barcode: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        barcode.push_str(&((10 - sum % 10) % 10).to_string());
        prop_assert!(!in_text(&barcode), "{barcode}");
        prop_assert!(!in_text(&format!("SKU-{barcode}")), "{barcode}");
    }

    #[test]
    fn any_text_is_looked_at_to_its_end(text in ".{0,200}") {
        let _ = in_text(&text);
        let _ = in_document(&text);
    }
}

/// Bytes as letters and digits, as tokens and nonces are.
fn token(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes.iter().map(|byte| char::from(SIGNS[usize::from(*byte) % 64])).collect()
}
