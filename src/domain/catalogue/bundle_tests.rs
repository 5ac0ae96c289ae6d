//! Bundles taken apart: sums over all depths, cycles by name, and bounds that hold whatever is stored.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

use proptest::prelude::*;

use super::*;
use crate::domain::catalogue::{AssemblyFaultKind, Product, ProductStatus, check_assembly};

fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

fn component((name, quantity): &(&str, u32)) -> Component {
    Component { sku: sku(name), quantity: *quantity }
}

fn sellable(name: &str, components: &[(&str, u32)]) -> Sellable {
    Sellable {
        sku: sku(name),
        product_id: name.parse().unwrap(),
        product_title: String::new(),
        variant_title: String::new(),
        tax_category: "standard".parse().unwrap(),
        prices: Vec::new(),
        active: true,
        components: components.iter().map(component).collect(),
        max_per_order: None,
    }
}

fn shelf(list: &[(&str, &[(&str, u32)])]) -> BTreeMap<Sku, Sellable> {
    list.iter().map(|(name, components)| (sku(name), sellable(name, components))).collect()
}

fn parts(known: &BTreeMap<Sku, Sellable>, name: &str) -> Result<Vec<(String, u32)>, BundleFault> {
    let contents = Unpacking::new(known).contents(&sku(name))?;
    Ok(contents.parts.iter().map(|part| (part.sku.to_string(), part.quantity)).collect())
}

#[test]
fn what_is_inside_is_summed_over_all_depths() {
    let known = shelf(&[
        ("MUG", &[]),
        ("BOWL", &[]),
        ("PAIR", &[("MUG", 2)]),
        ("SET", &[("PAIR", 3), ("MUG", 1), ("BOWL", 4)]),
        ("BOX", &[("SET", 2), ("PAIR", 1)]),
    ]);
    let some = |list: &[(&str, u32)]| Ok(list.iter().map(|(n, q)| ((*n).to_owned(), *q)).collect());
    assert_eq!(parts(&known, "MUG"), some(&[]));
    assert_eq!(parts(&known, "PAIR"), some(&[("MUG", 2)]));
    assert_eq!(parts(&known, "SET"), some(&[("MUG", 7), ("BOWL", 4)]));
    assert_eq!(parts(&known, "BOX"), some(&[("MUG", 16), ("BOWL", 8)]));
    let contents = Unpacking::new(&known).contents(&sku("BOX")).unwrap();
    assert_eq!(contents.depth, 3);
    let inner: Vec<_> = contents.inner.iter().map(|one| (one.sku.as_str(), one.quantity)).collect();
    assert_eq!(inner, [("SET", 2), ("PAIR", 7)]);
}

#[test]
fn a_bundle_that_is_inside_itself_is_named_with_the_way_back() {
    let known = shelf(&[
        ("A", &[("MUG", 1), ("B", 1)]),
        ("B", &[("C", 1)]),
        ("C", &[("B", 1)]),
        ("MUG", &[]),
        ("SELF", &[("SELF", 1)]),
    ]);
    let cycle =
        |names: &[&str]| Err(BundleFault::Cycle { cycle: names.iter().map(|n| sku(n)).collect() });
    assert_eq!(parts(&known, "B"), cycle(&["B", "C", "B"]));
    assert_eq!(parts(&known, "A"), cycle(&["B", "C", "B"]));
    assert_eq!(parts(&known, "SELF"), cycle(&["SELF", "SELF"]));
    let said = parts(&known, "B").unwrap_err().to_string();
    assert_eq!(said, "a bundle can't be inside itself: B > C > B");
    assert_eq!(parts(&known, "MUG"), Ok(vec![]), "a fault stays with what has it");
}

#[test]
fn depth_and_size_are_bounded() {
    let known = shelf(&[
        ("0", &[]),
        ("1", &[("0", 1)]),
        ("2", &[("1", 1)]),
        ("3", &[("2", 1)]),
        ("4", &[("3", 1)]),
        ("5", &[("4", 1)]),
        ("6", &[("5", 1)]),
        ("MANY", &[("0", 10_000)]),
        ("TOO-MANY", &[("0", 10_000), ("1", 1)]),
        ("HUGE", &[("MANY", u32::MAX)]),
        ("LOST", &[("0", 1), ("NOWHERE", 1)]),
    ]);
    assert!(parts(&known, "5").is_ok());
    for name in ["6", "TOO-MANY", "HUGE"] {
        assert_eq!(parts(&known, name), Err(BundleFault::TooLarge), "{name}");
    }
    assert!(parts(&known, "MANY").is_ok());
    let lost = BundleFault::Unknown { component: sku("NOWHERE") };
    assert_eq!(parts(&known, "LOST"), Err(lost));
    let names: Vec<String> = (0..101).map(|n| format!("P{n}")).collect();
    let crowd: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let mut known: BTreeMap<Sku, Sellable> =
        names.iter().map(|name| (sku(name), sellable(name, &[]))).collect();
    known.insert(sku("CROWD"), sellable("CROWD", &crowd));
    known.insert(sku("HUNDRED"), sellable("HUNDRED", &crowd[..100]));
    assert_eq!(parts(&known, "CROWD"), Err(BundleFault::TooLarge));
    assert_eq!(parts(&known, "HUNDRED").map(|parts| parts.len()), Ok(100));
}

#[test]
fn bundles_that_share_everything_are_looked_at_once_each() {
    // Fifty bundles on each of many levels, each made of all of the level below: paths without number.
    let name = |level: usize, at: usize| format!("L{level}-{at}");
    let mut known = BTreeMap::new();
    for level in 0..40 {
        for at in 0..50 {
            let below: Vec<String> = (0..50).map(|n| name(level.max(1) - 1, n)).collect();
            let components: Vec<(&str, u32)> = below.iter().map(|n| (n.as_str(), 1)).collect();
            let components = if level == 0 { &[] } else { &components[..] };
            known.insert(sku(&name(level, at)), sellable(&name(level, at), components));
        }
    }
    assert_eq!(parts(&known, "L39-0"), Err(BundleFault::TooLarge));
    assert_eq!(parts(&known, "L1-7").map(|parts| parts.len()), Ok(50));
}

#[test]
fn what_must_be_asked_for_is_what_is_named_and_not_known() {
    let known = shelf(&[("A", &[("B", 1), ("C", 1)]), ("B", &[("D", 1)])]);
    let mut asked = BTreeSet::new();
    assert_eq!(still_unknown(&known, &asked), [sku("C"), sku("D")]);
    asked.insert(sku("C"));
    assert_eq!(still_unknown(&known, &asked), [sku("D")]);
}

fn product(status: ProductStatus, variants: &[(&str, &[(&str, u32)])]) -> Product {
    let variants: Vec<serde_json::Value> = variants
        .iter()
        .map(|(name, components)| {
            let components: Vec<Component> = components.iter().map(component).collect();
            serde_json::json!({
                "sku": name, "prices": [{"amount": 1, "currency": "USD"}], "components": components
            })
        })
        .collect();
    serde_json::from_value(serde_json::json!({
        "id": "own", "title": "Own", "status": status, "tax_category": "standard",
        "variants": variants
    }))
    .unwrap()
}

#[test]
fn a_product_is_refused_where_its_bundles_can_not_be_put_together() {
    use AssemblyFaultKind::{Cycle, NotForSale, TooLarge, Unknown};
    let others = || {
        let mut known = shelf(&[
            ("MUG", &[]),
            ("DRAFT", &[]),
            ("BACK", &[("SET", 1)]),
            ("D1", &[("MUG", 1)]),
            ("D2", &[("D1", 1)]),
            ("D3", &[("D2", 1)]),
            ("D4", &[("D3", 1)]),
            ("D5", &[("D4", 1)]),
            ("ABOVE", &[("SET", 6_000)]),
        ]);
        known.get_mut(&sku("DRAFT")).unwrap().active = false;
        known
    };
    let checked = |status, variants: &[(&str, &[(&str, u32)])], above: &[&str]| {
        let product = product(status, variants);
        let mut known = others();
        known.extend(product.sellables().map(|own| (own.sku.clone(), own)));
        let missing = BTreeSet::from([sku("NOWHERE")]);
        let above: Vec<Sku> = above.iter().map(|name| sku(name)).collect();
        let faults = check_assembly(&product, &above, &known, &missing);
        faults.into_iter().map(|fault| (fault.pointer, fault.kind)).collect::<Vec<_>>()
    };
    let active = ProductStatus::Active;
    let fine = checked(active, &[("ONE", &[]), ("SET", &[("MUG", 1), ("ONE", 2)])], &[]);
    assert_eq!(fine, [], "a bundle may be made of its own siblings");
    let at = |at: &str| format!("/variants/{at}");
    for (components, pointer, kind) in [
        (
            &[("MUG", 1), ("NOWHERE", 1)][..],
            "0/components/1/sku",
            Unknown { component: sku("NOWHERE") },
        ),
        (&[("UNREAD", 1)], "0/components", TooLarge { bundle: sku("SET") }),
        (&[("DRAFT", 1)], "0/components/0/sku", NotForSale { component: sku("DRAFT") }),
        (
            &[("MUG", 1), ("BACK", 1)],
            "0/components/1/sku",
            Cycle { cycle: vec![sku("SET"), sku("BACK"), sku("SET")] },
        ),
        (&[("D5", 1)], "0/components", TooLarge { bundle: sku("SET") }),
    ] {
        let faults = checked(active, &[("SET", components)], &[]);
        assert_eq!(faults, [(at(pointer), kind)], "{components:?}");
    }
    assert_eq!(checked(ProductStatus::Draft, &[("SET", &[("DRAFT", 1)])], &[]), []);
    assert_eq!(checked(ProductStatus::Archived, &[("SET", &[("NOWHERE", 1)])], &[]), []);
    let too_large = [("/variants".to_owned(), TooLarge { bundle: sku("ABOVE") })];
    assert_eq!(checked(active, &[("SET", &[("MUG", 2)])], &["ABOVE"]), too_large);
    assert_eq!(checked(active, &[("SET", &[("MUG", 1)])], &["ABOVE"]), []);
}

proptest! {
    /// Whatever the catalogue says, taking apart ends, and what it says is the sum over every way down.
    #[test]
    fn any_catalogue_is_taken_apart_or_refused(
        lists in prop::collection::vec(
            prop::collection::vec((0..12_usize, 1..4_u32), 0..4), 12..=12,
        ),
    ) {
        let names: Vec<String> = (0..12).map(|n| format!("S{n}")).collect();
        let known: BTreeMap<Sku, Sellable> = names
            .iter()
            .zip(&lists)
            .map(|(name, list)| {
                let components: Vec<(&str, u32)> =
                    list.iter().map(|(at, quantity)| (names[*at].as_str(), *quantity)).collect();
                (sku(name), sellable(name, &components))
            })
            .collect();
        // Counted apart, by walking every way down until it is too deep.
        fn count(lists: &[Vec<(usize, u32)>], at: usize, times: u64, depth: usize, sums: &mut [u64; 12]) -> bool {
            if lists[at].is_empty() {
                sums[at] += times;
                return true;
            }
            depth < MAX_BUNDLE_DEPTH
                && lists[at].iter().all(|(inner, quantity)| {
                    count(lists, *inner, times * u64::from(*quantity), depth + 1, sums)
                })
        }
        let mut unpacking = Unpacking::new(&known);
        for (at, name) in names.iter().enumerate() {
            let mut sums = [0; 12];
            let ends = count(&lists, at, 1, 0, &mut sums);
            match unpacking.contents(&sku(name)) {
                Ok(contents) => {
                    prop_assert!(ends);
                    if !lists[at].is_empty() {
                        let mut told = [0; 12];
                        for part in &contents.parts {
                            let at = names.iter().position(|n| n == part.sku.as_str()).unwrap();
                            told[at] = u64::from(part.quantity);
                        }
                        prop_assert_eq!(told, sums);
                    }
                }
                Err(BundleFault::Cycle { cycle }) => {
                    prop_assert!(!ends);
                    prop_assert_eq!(cycle.first(), cycle.last());
                    for pair in cycle.windows(2) {
                        let inside = &known[&pair[0]].components;
                        prop_assert!(inside.iter().any(|one| one.sku == pair[1]));
                    }
                }
                Err(BundleFault::TooLarge) => {
                    prop_assert!(!ends || sums.iter().sum::<u64>() > u64::from(MAX_BUNDLE_UNITS));
                }
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
