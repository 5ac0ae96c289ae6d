use super::*;

fn address(country: &str, region: Option<&str>) -> Address {
    Address {
        name: "Ada Lovelace".to_owned(),
        line1: "1 Main Street".to_owned(),
        line2: None,
        city: "Springfield".to_owned(),
        region: region.map(str::to_owned),
        postal_code: "12345".to_owned(),
        country: country.to_owned(),
        phone: None,
    }
}

fn refused(address: &Address) -> Vec<String> {
    address.validate().into_iter().map(|error| error.pointer).collect()
}

#[test]
fn a_region_is_required_and_known_where_tax_or_delivery_depends_on_it() {
    for (country, region, fits) in [
        ("US", Some("CA"), true),
        ("US", Some("PR"), true),
        ("US", Some("AP"), true),
        ("US", None, false),
        ("US", Some(""), false),
        ("US", Some("ca"), false),
        ("US", Some("US-CA"), false),
        ("US", Some("California"), false),
        ("CA", Some("ON"), true),
        ("CA", None, false),
        ("IN", Some("KA"), true),
        ("IN", Some("TG"), true),
        ("IN", Some("Karnataka"), false),
        ("AU", Some("NSW"), true),
        ("AU", Some("NZ"), false),
        ("DE", None, true),
        ("DE", Some("BE"), true),
        ("GB", Some("Greater Manchester"), true),
        ("JP", Some("東京都"), true),
        ("IE", Some("Co. Cork"), true),
    ] {
        let expected: &[&str] = if fits { &[] } else { &["/region"] };
        assert_eq!(refused(&address(country, region)), expected, "{country} {region:?}");
    }
}

#[test]
fn the_country_is_one_of_iso_3166() {
    for bad in ["", "de", "DEU", "UK", "XX", "Germany", "D\0"] {
        assert_eq!(refused(&address(bad, None)), ["/country"], "{bad:?}");
    }
    assert_eq!(refused(&address("XK", None)), [""; 0]);
}

#[test]
fn every_field_is_bounded_and_free_of_control_characters() {
    type Set = fn(&mut Address, String);
    let fields: [(&str, usize, bool, Set); 7] = [
        ("/name", 200, true, |a, text| a.name = text),
        ("/line1", 200, true, |a, text| a.line1 = text),
        ("/line2", 200, false, |a, text| a.line2 = Some(text)),
        ("/city", 100, true, |a, text| a.city = text),
        ("/region", 100, false, |a, text| a.region = Some(text)),
        ("/postal_code", 16, true, |a, text| a.postal_code = text),
        ("/phone", 40, true, |a, text| a.phone = Some(text)),
    ];
    for (pointer, most, required, set) in fields {
        let with = |text: &str| {
            let mut address = address("DE", None);
            set(&mut address, text.to_owned());
            refused(&address)
        };
        let filler = if pointer == "/phone" { "1 " } else { "ß" };
        let longest: String = filler.chars().cycle().take(most).collect();
        assert_eq!(with(&longest), [""; 0], "{pointer} at its longest");
        assert!(with(&format!("{longest}1")).contains(&pointer.to_owned()), "{pointer} too long");
        for bad in ["1234567\0", "12345\n67", "12345\u{1b}67", "12345\u{9d}67"] {
            assert!(with(bad).contains(&pointer.to_owned()), "{pointer} {bad:?}");
        }
        for blank in ["", "  ", "\u{2003}"] {
            assert_eq!(with(blank).is_empty(), !required, "{pointer} {blank:?}");
        }
    }
}

#[test]
fn a_postal_code_may_be_empty_only_where_there_is_none() {
    for (country, postal_code, fits) in [
        ("HK", "", true),
        ("HK", "000", true),
        ("AE", "", true),
        ("HK", "-", false),
        ("DE", "", false),
        ("DE", "-", false),
        ("GB", "SW1A 1AA", true),
        ("JP", "１５０−０００１", true),
    ] {
        let mut address = address(country, None);
        address.postal_code = postal_code.to_owned();
        assert_eq!(refused(&address).is_empty(), fits, "{country} {postal_code:?}");
    }
}

#[test]
fn telephone_numbers_are_plausible() {
    for (phone, fits) in [
        ("+49 30 901820", true),
        ("(415) 555-0100 ext. 5", true),
        ("+1-415-555-0100 x12", true),
        ("0901/820", true),
        ("12345", true),
        ("1234", false),
        ("call me", false),
        ("+", false),
        ("123456789012345678901", false),
        ("<script>12345", false),
        ("٠١٢٣٤٥", false),
    ] {
        let mut address = address("DE", None);
        address.phone = Some(phone.to_owned());
        assert_eq!(refused(&address).is_empty(), fits, "{phone:?}");
    }
}

#[test]
fn unicode_is_kept_as_typed() {
    let json = r#"{"name":" 山田　太郎 👩‍🚀","line1":"O’Connor Straße 5","city":"Kraków\u200b",
                   "postal_code":"150-0001","country":"JP"}"#;
    let read: Address = serde_json::from_str(json).unwrap();
    assert_eq!(read.validate(), []);
    assert_eq!(read.name, " 山田　太郎 👩‍🚀");
    let again: Address = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(again, read);
}

#[test]
fn unknown_fields_are_refused() {
    let json = r#"{"name":"a","line1":"b","city":"c","postal_code":"1","country":"DE","total":1}"#;
    assert!(serde_json::from_str::<Address>(json).is_err());
}

#[test]
fn neither_addresses_nor_emails_show_themselves_in_logs() {
    let shown = format!("{:?}", address("DE", None));
    assert_eq!(shown, r#"Address { country: "DE", .. }"#);
    let email: Email = "ada@example.com".parse().unwrap();
    assert_eq!(format!("{email:?}"), "Email(…)");
}

#[test]
fn plausible_emails() {
    let long_local = format!("{}@example.com", "a".repeat(64));
    let label = "b".repeat(63);
    let longest = format!("{}@{label}.{label}.{}.de", "a".repeat(60), "c".repeat(62));
    assert_eq!(longest.len(), MAX_EMAIL_BYTES);
    for good in [
        "ada@example.com",
        "ada.lovelace+shop@mail.example.co.uk",
        "o'brien_!#$%&*/=?^`{|}~-@example.ie",
        "用户@例え.jp",
        "jörg@bücher.example",
        "a@b.c",
        &long_local,
        &longest,
    ] {
        assert_eq!(good.parse::<Email>().map(|e| e.as_str().to_owned()), Ok(good.to_owned()));
    }
    let too_long_local = format!("{}@example.com", "a".repeat(65));
    let too_long_unicode = format!("{}@example.com", "é".repeat(33));
    let too_long = format!("a{longest}");
    let label_too_long = format!("a@{}.com", "b".repeat(64));
    for bad in [
        "",
        "@",
        "a@",
        "@b.c",
        "a",
        "a.b.c",
        "a@b",
        "a@@b.c",
        "a@b@c.d",
        "a b@c.d",
        "a@b c.d",
        "a@b.c ",
        " a@b.c",
        "a@b..c",
        "a@.b.c",
        "a@b.c.",
        ".a@b.c",
        "a.@b.c",
        "a..b@c.d",
        "a@-b.c",
        "a@b-.c",
        "a@b_c.d",
        "a\0@b.c",
        "a\r\nBcc: x@b.c",
        "a@b.c\n",
        "<a@b.c>",
        "a@b.c,d@e.f",
        "a@b.c;d@e.f",
        "\"a b\"@c.d",
        "a@[127.0.0.1]",
        "a\u{a0}b@c.d",
        "a@b\u{2028}.c",
        &too_long_local,
        &too_long_unicode,
        &too_long,
        &label_too_long,
    ] {
        assert_eq!(bad.parse::<Email>(), Err(MalformedEmail), "{bad:?}");
    }
}
