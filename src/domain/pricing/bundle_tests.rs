//! Bundles in a cart: one line at the bundle's own price, with what it takes from stock; and limits.

use super::tests::{cart, currency, refusal, sellable, settings, shelf, sku, to};
use super::*;

fn bundle(name: &str, components: &[(&str, u32)]) -> Sellable {
    let component =
        |(name, quantity): &(&str, u32)| Component { sku: sku(name), quantity: *quantity };
    Sellable { components: components.iter().map(component).collect(), ..sellable(name, 5_000) }
}

fn limited(most: u32, one: Sellable) -> Sellable {
    Sellable { max_per_order: Some(most), ..one }
}

fn price(
    lines: &[(&str, u32)],
    shelf: &BTreeMap<Sku, Sellable>,
) -> Result<PricedCart, PricingRefusal> {
    price_cart(currency("USD"), &cart(lines), &to("US", Some("OR")), "standard", shelf, &settings())
}

fn set_shelf() -> BTreeMap<Sku, Sellable> {
    shelf([
        sellable("MUG", 1_000),
        limited(7, sellable("TEA", 700)),
        bundle("PAIR", &[("MUG", 2)]),
        limited(3, bundle("SET", &[("PAIR", 1), ("TEA", 2), ("MUG", 1)])),
    ])
}

#[test]
fn a_bundle_is_one_line_at_its_own_price_and_keeps_what_it_is_made_of() {
    let priced = price(&[("SET", 2), ("MUG", 1)], &set_shelf()).unwrap();
    let [set, mug] = &priced.lines[..] else { panic!("{priced:?}") };
    assert_eq!((set.unit_price_minor, set.net_minor), (5_000, 10_000));
    let made_of: Vec<_> = set.components.iter().map(|c| (c.sku.as_str(), c.quantity)).collect();
    assert_eq!(made_of, [("MUG", 3), ("TEA", 2)]);
    let units: Vec<_> = set.units().map(|(sku, units)| (sku.as_str(), units)).collect();
    assert_eq!(units, [("MUG", 6), ("TEA", 4)]);
    assert_eq!(mug.units().collect::<Vec<_>>(), [(&sku("MUG"), 1)]);
    assert_eq!(check_totals(&priced), Ok(()));
    let stored = serde_json::to_value(&priced).unwrap();
    assert_eq!(stored["lines"][1].get("components"), None, "an ordinary line is stored as before");
    assert_eq!(serde_json::from_value::<PricedCart>(stored).unwrap(), priced);
}

#[test]
fn a_bundle_that_can_not_be_put_together_is_refused_politely() {
    let mut without = set_shelf();
    without.remove(&sku("TEA"));
    let mut unsold = set_shelf();
    unsold.get_mut(&sku("TEA")).unwrap().active = false;
    let mut inner_unsold = set_shelf();
    inner_unsold.get_mut(&sku("PAIR")).unwrap().active = false;
    let mut round = set_shelf();
    round.insert(sku("PAIR"), bundle("PAIR", &[("SET", 1)]));
    for changed in [without, unsold, inner_unsold, round] {
        let refused = refusal(price(&[("MUG", 1), ("SET", 1)], &changed));
        assert_eq!(refused, ("bundle_unavailable", "/lines/1/sku".to_owned()));
        assert!(price(&[("MUG", 1)], &changed).is_ok(), "others are not concerned");
    }
}

#[test]
fn limits_count_units_within_bundles_over_all_lines() {
    for (lines, expected) in [
        (&[("SET", 3)][..], Ok(())),
        (&[("SET", 4)], Err((0, "SET", 3, 4))),
        (&[("SET", 2), ("SET", 2)], Err((0, "SET", 3, 4))),
        (&[("TEA", 7)], Ok(())),
        (&[("TEA", 8)], Err((0, "TEA", 7, 8))),
        (&[("SET", 3), ("TEA", 1)], Ok(())),
        (&[("SET", 3), ("TEA", 2)], Err((1, "TEA", 7, 8))),
        (&[("MUG", 1), ("TEA", 2), ("SET", 3)], Err((2, "TEA", 7, 8))),
        (&[("MUG", 9_999)], Ok(())),
    ] {
        let refused = price(lines, &set_shelf()).map(|_| ());
        let expected = expected.map_err(|(line, name, most, requested)| {
            PricingRefusal::QuantityLimit { line, sku: sku(name), most, requested }
        });
        assert_eq!(refused, expected, "{lines:?}");
    }
    let refused = refusal(price(&[("SET", 4)], &set_shelf()));
    assert_eq!(refused, ("quantity_limit", "/lines/0/quantity".to_owned()));
}

#[test]
fn what_one_order_can_claim_is_bounded() {
    let full = bundle("FULL", &[("MUG", 10_000)]);
    let wide =
        |n: usize| -> Vec<(String, u32)> { (0..100).map(|at| (format!("W{n}-{at}"), 1)).collect() };
    let mut shelf = shelf([sellable("MUG", 1), full]);
    for n in 0..3 {
        let names = wide(n);
        let components: Vec<(&str, u32)> = names.iter().map(|(s, q)| (s.as_str(), *q)).collect();
        for (name, _) in &components {
            shelf.insert(sku(name), sellable(name, 1));
        }
        let name = format!("WIDE{n}");
        shelf.insert(sku(&name), bundle(&name, &components));
    }
    let too_large = |line: usize| Err(PricingRefusal::BundleTooLarge { line });
    let ok = |lines: &[(&str, u32)]| price(lines, &shelf).map(|_| ());
    assert_eq!(ok(&[("FULL", 100)]), Ok(()));
    assert_eq!(ok(&[("FULL", 101)]), too_large(0));
    assert_eq!(ok(&[("FULL", 9_999)]), too_large(0));
    assert_eq!(ok(&[("FULL", 100), ("MUG", 1)]), too_large(1));
    assert_eq!(ok(&[("WIDE0", 1), ("WIDE1", 1)]), Ok(()));
    assert_eq!(ok(&[("WIDE0", 1), ("WIDE1", 1), ("W0-3", 5)]), Ok(()));
    assert_eq!(ok(&[("WIDE0", 1), ("WIDE1", 1), ("MUG", 1)]), too_large(2));
    assert_eq!(ok(&[("WIDE0", 1), ("WIDE1", 1), ("WIDE2", 1)]), too_large(2));
    let (code, pointer) = refusal(price(&[("FULL", 101)], &shelf));
    assert_eq!((code, pointer.as_str()), ("bundle_too_large", "/lines/0/quantity"));
}
