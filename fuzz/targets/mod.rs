//! What reads bytes from outside, and what must hold of every answer, whatever the bytes. That nothing panics is
//! seen by whoever plays them (`tests/fuzz.rs`). What gateways send is played in `tests/providers/fuzz.rs`.

use std::fmt::Display;
use std::str::{self, FromStr};

use cartwright::api::body;
use cartwright::api::card_data;
use cartwright::api::checkouts::request::CheckoutRequest;
use cartwright::api::error::ApiError;
use cartwright::api::json_position::pointer_at;
use cartwright::api::movements::capture::CaptureRequest;
use cartwright::api::movements::refund::RefundRequest;
use cartwright::api::order_token;
use cartwright::api::query::{Query, cursor_after};
use cartwright::domain::catalogue::{Product, StoreSettings};
use cartwright::domain::id::{OrderId, ShardNumber, Sku, StockDocumentId};
use cartwright::domain::import::{
    Cursor, FileFormat, ImportKind, ImportSpec, LevelMode, Window, count, first_row, header, read,
};
use cartwright::domain::inventory::LocationId;
use cartwright::domain::money::MAX_AMOUNT_MINOR;
use cartwright::domain::time::Timestamp;
use cartwright::domain::web_address::check_public;
use url::{Host, Url};
use uuid::Uuid;

/// A reader, and the folder of `fuzz/corpus` with what it is begun from.
pub struct Target {
    pub name: &'static str,
    pub play: fn(&[u8]),
}

pub const TARGETS: [Target; 8] = [
    Target { name: "addresses", play: addresses },
    Target { name: "card_data", play: cards },
    Target { name: "catalogue", play: catalogue },
    Target { name: "identifiers", play: identifiers },
    Target { name: "imports", play: imports },
    Target { name: "order_tokens", play: order_tokens },
    Target { name: "queries", play: queries },
    Target { name: "requests", play: requests },
];

/// The most that a refusal may say of what it refuses.
const LONGEST_REFUSAL: usize = 16 * 1024;

fn is_clear<T>(answer: &Result<T, ApiError>) {
    if let Err(error) = answer {
        let said = format!("{error:?}");
        assert!(said.len() <= LONGEST_REFUSAL, "a refusal of {} bytes", said.len());
    }
}

/// Bodies of orders and of movements of money.
fn requests(bytes: &[u8]) {
    let checkout = body::parse::<CheckoutRequest>(bytes);
    is_clear(&checkout);
    if let Ok(checkout) = checkout {
        // What development lets pass is more, never less.
        let strict = checkout.check(false);
        is_clear(&strict);
        assert!(strict.is_err() || checkout.check(true).is_ok());
    }
    is_clear(&body::parse::<RefundRequest>(bytes));
    is_clear(&body::parse::<CaptureRequest>(bytes));
    if let Ok(text) = str::from_utf8(bytes) {
        let pointer = pointer_at(text, text.len());
        assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
    }
}

/// Products and terms of the store: what is accepted is stored and read again, and is the same.
fn catalogue(bytes: &[u8]) {
    let product = body::parse::<Product>(bytes);
    is_clear(&product);
    if let Ok(product) = product {
        let stored = serde_json::to_string(&product).unwrap();
        assert_eq!(body::parse::<Product>(stored.as_bytes()).ok().as_ref(), Some(&product));
        if product.validate().is_empty() {
            for amount in product.sellables().flat_map(|one| one.prices) {
                assert!(
                    (0..=MAX_AMOUNT_MINOR).contains(&amount.amount),
                    "a price out of range: {stored}"
                );
            }
        }
    }
    if let Ok(settings) = body::parse::<StoreSettings>(bytes) {
        let faults = settings.validate();
        assert!(
            faults.iter().all(|fault| fault.pointer.is_empty() || fault.pointer.starts_with('/'))
        );
    }
}

/// What is accepted as an identifier says the same again.
fn says_itself<T: FromStr + Display>(text: &str) {
    if let Ok(one) = text.parse::<T>() {
        assert_eq!(one.to_string(), text);
    }
}

fn identifiers(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    says_itself::<OrderId>(text);
    says_itself::<StockDocumentId>(text);
    says_itself::<Sku>(text);
    says_itself::<LocationId>(text);
    if let Some(moment) = Timestamp::parse_rfc3339(text) {
        assert_eq!(Timestamp::parse_rfc3339(&moment.rfc3339()), Some(moment));
    }
}

/// No text opens an order but its own token.
fn order_tokens(bytes: &[u8]) {
    const SECRET: &str = "a secret of thirty-two characters";
    let Ok(text) = str::from_utf8(bytes) else { return };
    let id = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
    let own = order_token::issue(SECRET, id);
    assert_eq!(
        order_token::is_of(text, SECRET, id),
        text.eq_ignore_ascii_case(&own) && text.starts_with("ot_")
    );
}

const PARAMETERS: [&str; 7] = ["cursor", "limit", "status", "search", "sku", "from", "fresh"];

fn queries(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let query = Query::parse(text, &PARAMETERS);
    is_clear(&query);
    let Ok(query) = query else { return };
    if let Ok(limit) = query.limit() {
        assert!((1..=100).contains(&limit), "a page of {limit}");
    }
    if let Ok(Some(cursor)) = query.cursor() {
        assert_eq!(
            query.one("cursor").ok().flatten().map(str::to_lowercase),
            Some(cursor_after(&cursor))
        );
    }
    is_clear(&query.flag("fresh"));
    is_clear(&query.read("from", "a moment", Timestamp::parse_rfc3339));
}

const INWARD: [&str; 6] = ["localhost", "local", "internal", "localdomain", "lan", "intranet"];

/// An address that is public leads to no address of a network, and not past its host.
fn addresses(bytes: &[u8]) {
    let Some(url) = str::from_utf8(bytes).ok().and_then(|text| Url::parse(text).ok()) else {
        return;
    };
    if check_public(&url).is_err() {
        return;
    }
    let is_bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    assert!(url.scheme() == "https" && is_bare, "{url}");
    match url.host().unwrap() {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let last = name.rsplit('.').next().unwrap();
            assert!(name.contains('.') && !INWARD.contains(&last), "{url}");
        }
        Host::Ipv4(address) => {
            let inward = address.is_private() || address.is_loopback() || address.is_link_local();
            assert!(!inward && !address.is_unspecified() && !address.is_broadcast(), "{url}");
        }
        Host::Ipv6(address) => {
            let mapped = address.to_ipv4_mapped().is_some();
            assert!(!mapped && !address.is_loopback() && !address.is_unspecified(), "{url}");
            assert!(!address.is_unique_local() && !address.is_unicast_link_local(), "{url}");
        }
    }
}

/// Card numbers are looked for in any bytes; a document without digits has none.
fn cards(bytes: &[u8]) {
    let has_digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count() >= 12;
    let line = card_data::line_of_a_card(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        // Documents may write digits as escapes, which have digits themselves.
        assert!(has_digits || card_data::in_document(text).is_none(), "{text}");
        let _ = card_data::in_text(text);
    }
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    assert!(line.is_none_or(|line| (1..=lines).contains(&line)));
    is_clear(&card_data::refuse_in_document(bytes));
}

/// Files that are read piece by piece: reading always gets on, ends, and loses no row however it is cut.
fn imports(bytes: &[u8]) {
    for kind in [ImportKind::Levels, ImportKind::Thresholds, ImportKind::Products] {
        for format in [FileFormat::Csv, FileFormat::Jsonl] {
            import(kind, format, bytes);
        }
    }
}

fn import(kind: ImportKind, format: FileFormat, bytes: &[u8]) {
    let whole = Window { bytes, at_end: true };
    let (columns, start) = match format {
        FileFormat::Jsonl => (Vec::new(), Cursor::START),
        FileFormat::Csv => {
            let Ok((row, next)) = first_row(whole) else { return };
            let Ok(columns) = header(kind, row) else { return };
            (columns, next)
        }
    };
    let location = "main".parse().unwrap();
    let spec =
        ImportSpec { kind, format, mode: LevelMode::Set, location, reason: "counted".to_owned() };
    let from = |cursor: Cursor| Window { bytes: &bytes[cursor.offset as usize..], at_end: true };
    let at_once = read(&spec, &columns, start, from(start), u64::MAX);
    assert!(at_once.is_end);
    let (rows, _, ended) = count(format, start, from(start), u64::MAX);
    assert!(ended);
    assert_eq!(at_once.items.iter().map(|item| item.rows()).sum::<u64>(), rows);

    let (mut cursor, mut one_by_one) = (start, Vec::new());
    loop {
        let batch = read(&spec, &columns, cursor, from(cursor), 1);
        one_by_one.extend(batch.items);
        if batch.is_end {
            break;
        }
        assert!(batch.next.offset > cursor.offset, "reading does not get on");
        cursor = batch.next;
    }
    assert_eq!(one_by_one, at_once.items);
}
