use serde_json::{Value, json};

use super::*;
use crate::domain::field_error::FieldError;
use crate::domain::id::Sku;

fn mug() -> Value {
    json!({
        "id": "mug", "title": "Mug", "description": "Holds tea.\nAnd coffee.", "status": "active",
        "tax_category": "standard", "images": ["https://img.example/mug.jpg?w=1"],
        "variants": [
            {"sku": "MUG-W", "title": "White", "options": {"colour": "white"}, "weight_grams": 320,
             "prices": [{"amount": 1800, "currency": "USD"}, {"amount": 0, "currency": "JPY"}]},
            {"sku": "MUG-B", "prices": [{"amount": 1, "currency": "KWD"}]}
        ]
    })
}

fn settings() -> Value {
    serde_json::from_str(include_str!("../../../schema/demo/settings.json")).unwrap()
}

fn pointers(errors: &[FieldError]) -> Vec<&str> {
    errors.iter().map(|error| error.pointer.as_str()).collect()
}

/// The document with the value at `pointer` replaced, or added to the object that would hold it.
fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    if let Some(found) = document.pointer_mut(pointer) {
        *found = value;
    } else {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
    }
    document
}

fn repeat(value: &Value, times: usize) -> Value {
    Value::Array(vec![value.clone(); times])
}

#[test]
fn a_good_product_is_accepted_and_survives_the_trip() {
    let product: Product = serde_json::from_value(mug()).unwrap();
    assert_eq!(product.validate(), []);
    let again: Product = serde_json::from_value(serde_json::to_value(&product).unwrap()).unwrap();
    assert_eq!(again, product);
}

#[test]
fn products_are_refused_field_by_field() {
    let variant = mug()["variants"][1].clone();
    let price = variant["prices"][0].clone();
    let options: Value =
        (0..11).map(|n| (n.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    for (changed, value, refused) in [
        ("/title", json!(""), "/title"),
        ("/title", json!(" \u{3000}"), "/title"),
        ("/title", json!("a\0b"), "/title"),
        ("/title", json!("x".repeat(201)), "/title"),
        ("/description", json!("a\0b"), "/description"),
        ("/description", json!("x".repeat(10_001)), "/description"),
        ("/images", repeat(&json!("https://a.example/b.png"), 21), "/images"),
        ("/images/0", json!("http://a.example/b.png"), "/images/0"),
        ("/images/0", json!("https://"), "/images/0"),
        ("/images/0", json!("https:///b.png"), "/images/0"),
        ("/images/0", json!("https://user@a.example/b.png"), "/images/0"),
        ("/images/0", json!("https://a.example/\"onerror=\""), "/images/0"),
        ("/images/0", json!("https://a.example/a b"), "/images/0"),
        ("/images/0", json!("javascript:alert(1)"), "/images/0"),
        ("/images/0", json!(format!("https://a.example/{}", "x".repeat(2_048))), "/images/0"),
        ("/variants", json!([]), "/variants"),
        ("/variants/1/sku", json!("MUG-W"), "/variants/1"),
        ("/variants/0/title", json!("x".repeat(201)), "/variants/0/title"),
        ("/variants/0/options", options, "/variants/0/options"),
        ("/variants/0/options", json!({"a/b~": ""}), "/variants/0/options/a~1b~0"),
        ("/variants/0/options", json!({"size": "x".repeat(101)}), "/variants/0/options/size"),
        ("/variants/0/prices", json!([]), "/variants/0/prices"),
        ("/variants/0/prices/0/amount", json!(-1), "/variants/0/prices/0/amount"),
        ("/variants/0/prices/0/amount", json!(MAX_AMOUNT_MINOR + 1), "/variants/0/prices/0/amount"),
        ("/variants/0/prices", json!([price, price]), "/variants/0/prices/1"),
        ("/variants/0/weight_grams", json!(100_000_001), "/variants/0/weight_grams"),
    ] {
        let product: Product = serde_json::from_value(with(mug(), changed, value)).unwrap();
        assert_eq!(pointers(&product.validate()), [refused], "{changed}");
    }
    let mut crowd: Product = serde_json::from_value(mug()).unwrap();
    crowd.variants = (0..101)
        .map(|n| {
            let sku = format!("SKU-{n}").parse().unwrap();
            Variant { sku, ..crowd.variants[1].clone() }
        })
        .collect();
    assert_eq!(pointers(&crowd.validate()), ["/variants"]);
    crowd.variants.truncate(100);
    assert_eq!(crowd.validate(), []);
}

#[test]
fn what_is_not_a_product_is_not_read() {
    for (changed, value) in [
        ("/id", json!("a b")),
        ("/id", json!("")),
        ("/id", json!("x".repeat(65))),
        ("/status", json!("Active")),
        ("/tax_category", json!("a/b")),
        ("/tenant", json!("other")),
        ("/variants/0/on_hand", json!(5)),
        ("/variants/0/sku", json!("é")),
        ("/variants/0/weight_grams", json!(-1)),
        ("/variants/0/weight_grams", json!(1.5)),
        ("/variants/0/prices/0/amount", json!(1.5)),
        ("/variants/0/prices/0/amount", json!("1800")),
        ("/variants/0/prices/0/amount", json!(9_223_372_036_854_775_808_u64)),
        ("/variants/0/prices/0/currency", json!("usd")),
        ("/variants/0/prices/0/display", json!("$18")),
    ] {
        let read = serde_json::from_value::<Product>(with(mug(), changed, value));
        assert!(read.is_err(), "{changed}");
    }
}

#[test]
fn each_variant_is_a_sellable_and_only_active_products_sell() {
    let mut product: Product = serde_json::from_value(mug()).unwrap();
    let sold: Vec<Sellable> = product.sellables().collect();
    let skus: Vec<&str> = sold.iter().map(|s| s.sku.as_str()).collect();
    assert_eq!(skus, ["MUG-W", "MUG-B"]);
    let white = &sold[0];
    assert!(white.active);
    assert_eq!((white.product_title.as_str(), white.variant_title.as_str()), ("Mug", "White"));
    assert_eq!(white.price_in("USD".parse().unwrap()), Some(1_800));
    assert_eq!(white.price_in("EUR".parse().unwrap()), None);
    for status in [ProductStatus::Draft, ProductStatus::Archived] {
        product.status = status;
        assert!(product.sellables().all(|s| !s.active), "{status:?}");
    }
}

#[test]
fn settings_are_refused_field_by_field() {
    let usd = json!({"amount": 1, "currency": "USD"});
    let gbp = json!({"amount": 1, "currency": "GBP"});
    let rate = settings()["tax_rates"][0].clone();
    for (changed, value, refused) in [
        ("/default_currency", json!("GBP"), "/default_currency"),
        ("/currencies/1", json!("USD"), "/currencies/1"),
        ("/prices_include_tax", json!(["DE", "DE"]), "/prices_include_tax/1"),
        ("/tax_categories/4", json!("zero"), "/tax_categories/4"),
        ("/tax_categories/4", json!("books"), "/tax_rates"),
        ("/registered_in", json!([{"country": "IN", "region": "XX"}]), "/registered_in/0/region"),
        ("/tax_rates/0/name", json!(""), "/tax_rates/0/name"),
        ("/tax_rates/0/category", json!("books"), "/tax_rates/0/category"),
        ("/tax_rates/0/region", json!("California"), "/tax_rates/0/region"),
        ("/tax_rates/1", rate, "/tax_rates/1"),
        ("/shipping_methods", json!([]), "/shipping_methods"),
        ("/shipping_methods/1/id", json!("standard"), "/shipping_methods/1"),
        ("/shipping_methods/0/title", json!("\u{7}"), "/shipping_methods/0/title"),
        ("/shipping_methods/0/tax_category", json!("x"), "/shipping_methods/0/tax_category"),
        ("/shipping_methods/0/prices", json!([]), "/shipping_methods/0/prices"),
        ("/shipping_methods/0/prices", json!([usd, usd]), "/shipping_methods/0/prices/1"),
        ("/shipping_methods/0/prices", json!([gbp]), "/shipping_methods/0/prices"),
        ("/shipping_methods/0/prices/0/amount", json!(-1), "/shipping_methods/0/prices/0/amount"),
        ("/shipping_methods/0/free_from", json!([gbp]), "/shipping_methods/0/free_from"),
        (
            "/shipping_methods/2/pickup_at",
            json!({"country": "US", "region": "Oakland"}),
            "/shipping_methods/2/pickup_at/region",
        ),
        ("/low_stock_threshold", json!(1_000_000_001), "/low_stock_threshold"),
        ("/payment_window_seconds", json!(0), "/payment_window_seconds"),
        ("/payment_window_seconds", json!(604_801), "/payment_window_seconds"),
        ("/reservation_grace_seconds", json!(604_801), "/reservation_grace_seconds"),
        ("/invoice_series", json!(""), "/invoice_series"),
        ("/invoice_series", json!("cw"), "/invoice_series"),
        ("/invoice_series", json!("X".repeat(21)), "/invoice_series"),
        ("/credit_note_series", json!("cw"), "/credit_note_series"),
        ("/credit_note_series", json!("CW"), "/credit_note_series"),
        ("/seller/legal_name", json!(""), "/seller/legal_name"),
    ] {
        let mut document = settings();
        if changed == "/tax_categories/4" {
            document["tax_categories"].as_array_mut().unwrap().push(Value::Null);
        }
        let read: StoreSettings = serde_json::from_value(with(document, changed, value)).unwrap();
        let errors = read.validate();
        assert!(pointers(&errors).contains(&refused), "{changed}: {errors:?}");
    }
}

#[test]
fn what_are_not_settings_are_not_read() {
    for (changed, value) in [
        ("/currencies/0", json!("XXX")),
        ("/prices_include_tax/0", json!("EU")),
        ("/rounding/mode", json!("bankers")),
        ("/rounding/level", json!("order")),
        ("/tax_rates/0/rate", json!(6)),
        ("/tax_rates/0/rate", json!("-6")),
        ("/tax_rates/0/rate", json!("101")),
        ("/tax_rates/0/supply", json!("sometimes")),
        ("/tax_rates/0/compound", json!(true)),
        ("/shipping_methods/0/carrier", json!("x")),
        ("/payment_window_seconds", json!(1.5)),
        ("/tenant", json!("x")),
    ] {
        let read = serde_json::from_value::<StoreSettings>(with(settings(), changed, value));
        assert!(read.is_err(), "{changed}");
    }
}

#[test]
fn a_forgotten_category_does_not_look_like_an_exempt_one() {
    let mut settings: StoreSettings = serde_json::from_value(settings()).unwrap();
    settings.tax_rates.retain(|r| r.country.as_str() != "DE" || r.category.as_str() != "reduced");
    let [error] = settings.validate().try_into().unwrap();
    assert_eq!(error.message, "must have a rate for reduced in DE, even if it is 0");
}

#[test]
fn a_product_must_be_taxed_in_a_way_the_store_knows() {
    let settings: StoreSettings = serde_json::from_value(settings()).unwrap();
    let mut product: Product = serde_json::from_value(mug()).unwrap();
    assert_eq!(settings.check_product(&product), []);
    product.tax_category = "luxury".parse().unwrap();
    assert_eq!(pointers(&settings.check_product(&product)), ["/tax_category"]);
}

#[test]
fn shipping_is_free_from_a_value_of_goods_in_the_same_currency() {
    let settings: StoreSettings = serde_json::from_value(settings()).unwrap();
    let standard = settings.shipping_method("standard").unwrap();
    let (usd, jpy) = ("USD".parse().unwrap(), "JPY".parse().unwrap());
    assert_eq!(standard.price_in(usd, 7_499), Some(500));
    assert_eq!(standard.price_in(usd, 7_500), Some(0));
    assert_eq!(standard.price_in(jpy, 9_999), Some(600));
    assert_eq!(standard.price_in("GBP".parse().unwrap(), 1_000_000), None);
    let express = settings.shipping_method("express").unwrap();
    assert_eq!(express.price_in(usd, i64::MAX), Some(1_500));
    assert!(express.serves("DE".parse().unwrap()) && !express.serves("BR".parse().unwrap()));
    assert!(standard.serves("BR".parse().unwrap()));
    assert_eq!(settings.shipping_method("Standard"), None);
}

/// What the demo store starts with.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoCatalogue {
    products: Vec<Product>,
    stock: Vec<DemoStock>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoStock {
    sku: Sku,
    on_hand: u32,
    #[serde(default)]
    back_order_limit: u32,
    low_stock_threshold: Option<u32>,
}

#[test]
fn the_demo_store_is_valid() {
    let settings: StoreSettings = serde_json::from_value(settings()).unwrap();
    assert_eq!(settings.validate(), []);
    let demo: DemoCatalogue =
        serde_json::from_str(include_str!("../../../schema/demo/catalogue.json")).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    let mut skus = std::collections::BTreeSet::new();
    for product in &demo.products {
        assert_eq!(product.validate(), [], "{}", product.id);
        assert_eq!(settings.check_product(product), [], "{}", product.id);
        assert!(ids.insert(&product.id), "{} is there twice", product.id);
        assert!(!product.description.is_empty());
        for variant in &product.variants {
            assert!(skus.insert(&variant.sku), "{} is there twice", variant.sku);
            for currency in &settings.currencies {
                assert!(amount_in(&variant.prices, *currency).is_some_and(|price| price > 0));
            }
        }
    }
    let sellables = demo.products.iter().flat_map(Product::sellables);
    let known: std::collections::BTreeMap<Sku, Sellable> =
        sellables.map(|one| (one.sku.clone(), one)).collect();
    for product in &demo.products {
        assert_eq!(check_assembly(product, &[], &known, &Default::default()), []);
    }
    let bundles: Vec<&Sku> =
        known.values().filter(|one| one.is_bundle()).map(|one| &one.sku).collect();
    assert_eq!(bundles.iter().map(|sku| sku.as_str()).collect::<Vec<_>>(), ["SET-BREAKFAST"]);
    let stocked: std::collections::BTreeSet<&Sku> = demo.stock.iter().map(|s| &s.sku).collect();
    let several = demo.products.iter().filter(|p| p.variants.len() > 1).count();
    assert_eq!((ids.len(), skus.len(), several), (43, 71, 21));
    assert!(skus.remove(bundles[0]));
    assert_eq!(stocked, skus, "every SKU has its stock, once, but for a bundle, which has none");
    assert_eq!(demo.stock.len(), skus.len());
}

#[test]
fn the_demo_store_has_the_stock_that_the_examples_rely_on() {
    let demo: DemoCatalogue =
        serde_json::from_str(include_str!("../../../schema/demo/catalogue.json")).unwrap();
    for (sku, on_hand, back_order_limit, low_stock_threshold) in [
        ("MUG-CLASSIC", 1_000_000, 0, None),
        ("PRINT-LAST-ONE", 1, 0, Some(0)),
        ("HONEY-340", 0, 0, None),
        ("SADDLE-BLACK", 0, 50, None),
        ("PEN-FOUNTAIN-B", 8, 0, Some(10)),
    ] {
        let stock = demo.stock.iter().find(|s| s.sku.as_str() == sku).unwrap();
        assert_eq!(
            (stock.on_hand, stock.back_order_limit, stock.low_stock_threshold),
            (on_hand, back_order_limit, low_stock_threshold),
            "{sku}"
        );
    }
}

#[test]
fn a_store_shows_as_much_of_its_stock_as_it_says() {
    let mut store: StoreSettings = serde_json::from_value(settings()).unwrap();
    // A store that never said so shows counts, as it always did.
    assert_eq!(store.stock_display, StockDisplay::Exact);
    assert_eq!(store.shown_count(437, false), Some(437));
    store.stock_display = StockDisplay::Buckets;
    assert_eq!(store.shown_count(437, false), None);
    assert_eq!(store.shown_count(437, true), Some(437));
    store.stock_display_cap = Some(10);
    assert_eq!((store.shown_count(437, false), store.shown_count(3, false)), (Some(10), Some(3)));
    for bad in [0, 1_000_000_001] {
        store.stock_display_cap = Some(bad);
        let errors = store.validate();
        assert_eq!(
            errors.iter().map(|e| e.pointer.as_str()).collect::<Vec<_>>(),
            ["/stock_display_cap"]
        );
    }
}
