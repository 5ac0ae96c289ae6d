//! Refusals in their order, merging, and one pinned cart for every country of the demo store.

use serde_json::{Value, json};

use super::*;
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};

pub(super) fn settings() -> StoreSettings {
    serde_json::from_str(include_str!("../../../schema/demo/settings.json")).unwrap()
}

pub(super) fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

pub(super) fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

pub(super) fn sellable(name: &str, price: i64) -> Sellable {
    Sellable {
        sku: sku(name),
        product_id: name.parse().unwrap(),
        product_title: name.to_owned(),
        variant_title: String::new(),
        tax_category: "standard".parse().unwrap(),
        prices: vec![Money::new(price, currency("USD"))],
        active: true,
        components: Vec::new(),
        max_per_order: None,
    }
}

pub(super) fn shelf(sellables: impl IntoIterator<Item = Sellable>) -> BTreeMap<Sku, Sellable> {
    sellables.into_iter().map(|one| (one.sku.clone(), one)).collect()
}

pub(super) fn cart(lines: &[(&str, u32)]) -> Vec<CartLine> {
    lines.iter().map(|(name, quantity)| CartLine { sku: sku(name), quantity: *quantity }).collect()
}

pub(super) fn to(country: &str, region: Option<&str>) -> Address {
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

/// The refusal's code and pointer.
pub(super) fn refusal(result: Result<PricedCart, PricingRefusal>) -> (&'static str, String) {
    let refusal = result.unwrap_err();
    (refusal.code(), refusal.pointer())
}

#[test]
fn refusals_come_in_their_order_of_precedence() {
    let draft = Sellable { active: false, ..sellable("DRAFT", 1) };
    let yen = Money::new(1, currency("JPY"));
    let no_price = Sellable { prices: vec![yen], ..sellable("YEN-ONLY", 1) };
    let untaxed = Sellable { tax_category: "luxury".parse().unwrap(), ..sellable("UNTAXED", 1) };
    let dear = sellable("DEAR", MAX_AMOUNT_MINOR);
    let shelf = shelf([draft, no_price, untaxed, dear, sellable("A", 100)]);
    let settings = settings();
    // Each row repairs the first fault of the row above it; all that is still wrong stays wrong.
    let many = [("NOWHERE", 0); 101];
    let faulty =
        [("A", 1), ("NOWHERE", 0), ("DRAFT", 0), ("YEN-ONLY", 0), ("UNTAXED", 2), ("DEAR", 2)];
    let [_, _, from_draft @ ..] = &faulty;
    let [_, from_yen_only @ ..] = from_draft;
    let [_, from_untaxed @ ..] = from_yen_only;
    let [_, from_dear @ ..] = from_untaxed;
    let none_of_one = [("UNTAXED", 0), ("DEAR", 2)];
    let nowhere = ("GBP", "XX", "teleport");
    for (lines, (code, country, method), refused, pointer) in [
        (&many[..], nowhere, "line_count_out_of_range", "/lines"),
        (&faulty, nowhere, "unknown_sku", "/lines/1/sku"),
        (from_draft, nowhere, "product_not_active", "/lines/0/sku"),
        (from_yen_only, nowhere, "currency_not_offered", "/currency"),
        (from_yen_only, ("USD", "XX", "teleport"), "price_missing", "/lines/0/sku"),
        (&none_of_one, ("USD", "XX", "teleport"), "quantity_out_of_range", "/lines/0/quantity"),
        (
            from_untaxed,
            ("USD", "XX", "teleport"),
            "destination_unknown",
            "/shipping_address/country",
        ),
        (from_untaxed, ("USD", "BR", "teleport"), "shipping_method_unknown", "/shipping_method"),
        (from_untaxed, ("USD", "BR", "express"), "shipping_method_unavailable", "/shipping_method"),
        (from_untaxed, ("USD", "DE", "express"), "tax_category_unknown", "/lines/0/sku"),
        (from_dear, ("USD", "DE", "express"), "amount_out_of_range", "/lines/0"),
    ] {
        let lines = cart(lines);
        let result =
            price_cart(currency(code), &lines, &to(country, None), method, &shelf, &settings);
        assert_eq!(refusal(result), (refused, pointer.to_owned()));
    }
}

#[test]
fn more_refusals() {
    let price = |lines: &[(&str, u32)], settings: &StoreSettings| {
        let shelf = shelf([sellable("A", 100), sellable("DEAR", MAX_AMOUNT_MINOR)]);
        price_cart(currency("USD"), &cart(lines), &to("DE", None), "standard", &shelf, settings)
    };
    let settings = settings();
    assert_eq!(refusal(price(&[], &settings)).0, "line_count_out_of_range");
    assert!(price(&[("A", 1); 100], &settings).is_ok(), "a hundred lines of one SKU");
    // The sum alone is beyond the cap.
    let beyond = refusal(price(&[("DEAR", 1), ("A", 1)], &settings));
    assert_eq!(beyond, ("amount_out_of_range", "/lines".to_owned()));
    // Free of charge from a value on, a cart may cost the cap to the unit.
    let all = price(&[("DEAR", 1)], &settings).unwrap();
    assert_eq!(all.totals.total_minor, MAX_AMOUNT_MINOR);
    assert_eq!(check_totals(&all), Ok(()));
    // Shipping that the settings do not know how to tax, or do not sell in the currency.
    let mut wrong = settings.clone();
    wrong.shipping_methods[0].tax_category = "luxury".parse().unwrap();
    let untaxed = refusal(price(&[("A", 1)], &wrong));
    assert_eq!(untaxed, ("tax_category_unknown", "/shipping_method".to_owned()));
    wrong.shipping_methods[0].prices.retain(|p| p.currency.code() != "USD");
    let unavailable = refusal(price(&[("A", 1)], &wrong));
    assert_eq!(unavailable, ("shipping_method_unavailable", "/shipping_method".to_owned()));
}

#[test]
fn quantities_are_in_range_before_and_after_summing() {
    let settings = settings();
    let price = |lines: &[(&str, u32)]| {
        let shelf = shelf([sellable("A", 1), sellable("B", 1)]);
        price_cart(currency("USD"), &cart(lines), &to("DE", None), "standard", &shelf, &settings)
    };
    for (lines, line) in [
        (&[("A", 0)][..], Some(0)),
        (&[("A", 1)], None),
        (&[("A", 9_999)], None),
        (&[("A", 10_000)], Some(0)),
        (&[("A", u32::MAX)], Some(0)),
        (&[("A", 9_998), ("B", 9_999), ("A", 1)], None),
        (&[("A", 9_999), ("B", 1), ("A", 1)], Some(2)),
        (&[("A", 5_000), ("A", 5_000), ("A", u32::MAX)], Some(1)),
        (&[("A", u32::MAX), ("A", u32::MAX)], Some(0)),
        (&[("A", 1), ("A", 0)], Some(1)),
    ] {
        let expected = line.map(|n| ("quantity_out_of_range", format!("/lines/{n}/quantity")));
        let result = price(lines);
        assert_eq!(result.is_ok(), line.is_none(), "{lines:?}");
        assert_eq!(result.err().map(|r| (r.code(), r.pointer())), expected, "{lines:?}");
    }
}

#[test]
fn lines_of_one_sku_are_merged_where_it_is_first_named() {
    let shelf = shelf([sellable("A", 100), sellable("B", 7)]);
    let lines = cart(&[("B", 1), ("A", 2), ("B", 3), ("A", 1)]);
    let (to, usd) = (to("DE", None), currency("USD"));
    let priced = price_cart(usd, &lines, &to, "standard", &shelf, &settings()).unwrap();
    let merged: Vec<_> = priced.lines.iter().map(|l| (l.sku.as_str(), l.quantity)).collect();
    assert_eq!(merged, [("B", 4), ("A", 3)]);
    let once = cart(&[("B", 4), ("A", 3)]);
    assert_eq!(price_cart(usd, &once, &to, "standard", &shelf, &settings()).unwrap(), priced);
}

#[test]
fn a_refusal_says_what_is_wrong_in_words() {
    let result = price_cart(
        currency("USD"),
        &cart(&[("GONE", 1)]),
        &to("DE", None),
        "standard",
        &BTreeMap::new(),
        &settings(),
    );
    assert_eq!(result.unwrap_err().to_string(), "there is no GONE in the catalogue");
}

fn demo_shelf() -> BTreeMap<Sku, Sellable> {
    let demo: Value =
        serde_json::from_str(include_str!("../../../schema/demo/catalogue.json")).unwrap();
    let products: Vec<crate::domain::catalogue::Product> =
        serde_json::from_value(demo["products"].clone()).unwrap();
    shelf(products.iter().flat_map(crate::domain::catalogue::Product::sellables))
}

/// Subtotal, shipping, tax, total of two mugs and a tin of tea, worked out by hand.
#[test]
fn one_cart_in_every_country_of_the_demo_store() {
    let (shelf, settings) = (demo_shelf(), settings());
    let lines = cart(&[("MUG-CLASSIC", 2), ("TEA-BREAKFAST-125", 1)]);
    for (code, country, region, method, included, totals) in [
        // 2 x 18.00 + 11.00, shipping 5.00. CA: 7.25 % of 36.00.
        ("USD", "US", Some("CA"), "standard", false, [4_700, 500, 261, 5_461]),
        // 4 % of 36.00 and of the shipping.
        ("USD", "US", Some("NY"), "standard", false, [4_700, 500, 144 + 20, 5_364]),
        // 6.25 %: 2.25 and 0.3125.
        ("USD", "US", Some("TX"), "standard", false, [4_700, 500, 225 + 31, 5_456]),
        // 6.5 %: 2.34 and 0.325, half up.
        ("USD", "US", Some("WA"), "standard", false, [4_700, 500, 234 + 33, 5_467]),
        ("USD", "US", Some("OR"), "standard", false, [4_700, 500, 0, 5_200]),
        // No tax is collected there.
        ("USD", "US", Some("MT"), "standard", false, [4_700, 500, 0, 5_200]),
        ("USD", "CH", None, "standard", false, [4_700, 500, 0, 5_200]),
        // 2 x 17.90 + 10.90, shipping 4.90, all with tax: 51.60.
        // 35.80 x 19/119 = 5.7160, 10.90 x 7/107 = 0.7131, 4.90 x 19/119 = 0.7824
        ("EUR", "DE", None, "standard", true, [3_008 + 1_019, 412, 572 + 71 + 78, 5_160]),
        // 35.80 / 6 = 5.9667, 10.90 x 5.5/105.5 = 0.5682, 4.90 / 6 = 0.8167
        ("EUR", "FR", None, "standard", true, [2_983 + 1_033, 408, 597 + 57 + 82, 5_160]),
        // 35.80 x 21/121 = 6.2132, 10.90 x 9/109 = 0.90, 4.90 x 21/121 = 0.8504
        ("EUR", "NL", None, "standard", true, [2_959 + 1_000, 405, 621 + 90 + 85, 5_160]),
        // 35.80 x 23/123 = 6.6943, 10.90 x 13.5/113.5 = 1.2965, 4.90 x 23/123 = 0.9163
        ("EUR", "IE", None, "standard", true, [2_911 + 960, 398, 669 + 130 + 92, 5_160]),
        // 35.80 / 6, 10.90 x 5/105 = 0.5190, 4.90 / 6
        ("EUR", "GB", None, "standard", true, [2_983 + 1_038, 408, 597 + 52 + 82, 5_160]),
        // 2 x 1299 + 799, shipping 99. CGST and SGST each: 198.1525, 19.0238, 7.5508
        (
            "INR",
            "IN",
            Some("KA"),
            "standard",
            true,
            [220_170 + 76_096, 8_390, 2 * (19_815 + 1_902 + 755), 349_600],
        ),
        // IGST: 396.3051, 38.0476, 15.1017
        (
            "INR",
            "IN",
            Some("MH"),
            "standard",
            true,
            [220_169 + 76_095, 8_390, 39_631 + 3_805 + 1_510, 349_600],
        ),
        // 2 x 2650 + 1600, shipping 600: 5300 / 11 = 481.8, 1600 x 8/108 = 118.5, 600 / 11 = 54.5
        ("JPY", "JP", None, "standard", true, [4_818 + 1_481, 545, 482 + 119 + 55, 7_500]),
        // Express is never free of charge; California does not tax it.
        ("USD", "US", Some("CA"), "express", false, [4_700, 1_500, 261, 6_461]),
        // Who collects in California pays its tax, wherever home is: 7.25 % of 35.80 is 2.5955.
        ("EUR", "DE", None, "pickup", false, [4_670, 0, 260, 4_930]),
    ] {
        let to = to(country, region);
        assert_eq!(to.validate(), []);
        let priced = price_cart(currency(code), &lines, &to, method, &shelf, &settings).unwrap();
        let t = priced.totals;
        let got = [t.subtotal_minor, t.shipping_minor, t.tax_minor, t.total_minor];
        assert_eq!(got, totals, "{country} {region:?} {method}");
        assert_eq!(priced.tax_included, included, "{country} {region:?} {method}");
        assert_eq!(check_totals(&priced), Ok(()));
        assert_eq!(t.discount_minor, 0);
    }
}

#[test]
fn rounding_once_for_the_cart_joins_shipping_with_goods_taxed_alike() {
    let mut settings = settings();
    settings.rounding.level = RoundingLevel::Total;
    let lines = cart(&[("MUG-CLASSIC", 2), ("TEA-BREAKFAST-125", 1)]);
    let to = to("DE", None);
    let priced =
        price_cart(currency("EUR"), &lines, &to, "standard", &demo_shelf(), &settings).unwrap();
    // (35.80 + 4.90) x 19/119 = 6.4983: 650, where by line it is 572 + 78 as well; tea as before.
    assert_eq!(priced.totals.tax_minor, 650 + 71);
    assert_eq!(check_totals(&priced), Ok(()));
    // Three mugs on three lines of a tenth of a cent of tax each, in a store of fractions.
    let shelf = shelf([sellable("A", 2), sellable("B", 2), sellable("C", 2)]);
    settings.prices_include_tax.clear();
    settings.shipping_methods[0].prices = vec![Money::new(0, currency("USD"))];
    let lines = cart(&[("A", 1), ("B", 1), ("C", 1)]);
    let price = |settings: &StoreSettings| {
        let usd = currency("USD");
        price_cart(usd, &lines, &to, "standard", &shelf, settings).unwrap().totals.tax_minor
    };
    assert_eq!(price(&settings), 1, "19 % of 6 is 1.14");
    settings.rounding.level = RoundingLevel::Line;
    assert_eq!(price(&settings), 0, "19 % of 2 is 0.38, three times");
}

#[test]
fn taxes_of_different_names_are_never_rounded_as_one() {
    let mut settings = settings();
    settings.rounding.level = RoundingLevel::Total;
    settings.prices_include_tax.clear();
    let books = Sellable { tax_category: "reduced".parse().unwrap(), ..sellable("BOOK", 4) };
    let shelf = shelf([sellable("PEN", 4), books]);
    let tax = |settings: &StoreSettings| {
        let lines = cart(&[("PEN", 1), ("BOOK", 1)]);
        let (usd, to) = (currency("USD"), to("DE", None));
        price_cart(usd, &lines, &to, "pickup", &shelf, settings).unwrap().totals.tax_minor
    };
    let rate = |category: &str, name: &str| {
        let (country, rate) = ("US", "10");
        json!({"country": country, "category": category, "name": name, "rate": rate})
    };
    let rates = |name: &str| json!([rate("standard", "Goods"), rate("reduced", name)]);
    settings.tax_rates = serde_json::from_value(rates("Goods")).unwrap();
    assert_eq!(tax(&settings), 1, "10 % of 8 is 0.8");
    settings.tax_rates = serde_json::from_value(rates("Books")).unwrap();
    assert_eq!(tax(&settings), 0, "10 % of 4 is 0.4, twice");
}

#[test]
fn a_priced_cart_is_stored_in_this_form() {
    let lines = cart(&[("MUG-CLASSIC", 2)]);
    let (to, usd) = (to("US", Some("CA")), currency("USD"));
    let priced = price_cart(usd, &lines, &to, "standard", &demo_shelf(), &settings()).unwrap();
    let stored = json!({
        "currency": "USD",
        "tax_included": false,
        "lines": [{
            "sku": "MUG-CLASSIC", "product_id": "classic-mug", "title": "Classic Enamel Mug",
            "variant_title": "White", "quantity": 2, "unit_price_minor": 1800, "net_minor": 3600,
            "discount_minor": 0, "tax_minor": 261, "total_minor": 3861,
            "taxes": [
                {"name": "California sales tax", "rate": "6", "amount_minor": 216},
                {"name": "California local tax", "rate": "1.25", "amount_minor": 45}
            ]
        }],
        "shipping": {
            "method": "standard", "title": "Standard delivery", "net_minor": 500, "tax_minor": 0,
            "total_minor": 500,
            "taxes": [
                {"name": "California sales tax", "rate": "0", "amount_minor": 0},
                {"name": "California local tax", "rate": "0", "amount_minor": 0}
            ]
        },
        "totals": {
            "subtotal_minor": 3600, "shipping_minor": 500, "discount_minor": 0, "tax_minor": 261,
            "total_minor": 4361
        }
    });
    assert_eq!(serde_json::to_value(&priced).unwrap(), stored);
    assert_eq!(serde_json::from_value::<PricedCart>(stored).unwrap(), priced);
}

#[test]
fn the_check_finds_every_amount_that_is_off_by_one() {
    let lines = cart(&[("MUG-CLASSIC", 2), ("TEA-BREAKFAST-125", 1)]);
    let (eur, to) = (currency("EUR"), to("DE", None));
    let priced = price_cart(eur, &lines, &to, "standard", &demo_shelf(), &settings()).unwrap();
    assert_eq!(check_totals(&priced), Ok(()));
    let whole = serde_json::to_value(&priced).unwrap();
    let mut amounts = Vec::new();
    find_amounts(&whole, "", &mut amounts);
    assert_eq!(amounts.len(), 2 * 6 + 4 + 5, "{amounts:?}");
    for pointer in amounts {
        for change in [1, -1] {
            let mut changed = whole.clone();
            let amount = changed.pointer_mut(&pointer).unwrap();
            *amount = json!(amount.as_i64().unwrap() + change);
            let changed: PricedCart = serde_json::from_value(changed).unwrap();
            assert!(check_totals(&changed).is_err(), "{pointer} {change:+}");
        }
    }
}

fn find_amounts(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let pointer = format!("{pointer}/{name}");
                if name.ends_with("_minor") {
                    found.push(pointer);
                } else {
                    find_amounts(value, &pointer, found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_amounts(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}
