//! Bundles from the cart to the shelf and back: claims are the sums of lines and components, and what comes
//! back, with a refund or without, is put back once and never more than was sold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::returns_world::{Line, PLENTY, World, back, returned, sku};
use crate::domain::inventory::{ClaimCommand, Condition, LocationId};
use crate::domain::order::{ClaimState, MAX_RETURNS, Order};
use crate::domain::payment::MovementRefusal;
use crate::flows::movements::LineAsk;
use crate::flows::owed::Effect;
use crate::flows::returns::{ReturnLineAsk, ReturnRefusal};

const SET: &[(&str, u32)] = &[("MUG", 2), ("TEA", 1)];

#[test]
fn lines_that_share_a_component_share_its_claim() {
    let world = World::new(&[("SET", 2, SET), ("MUG", 3, &[]), ("BOX", 1, &[("MUG", 4)])]);
    let claims: Vec<_> =
        world.order.claims.iter().map(|claim| (claim.sku.as_str(), claim.quantity)).collect();
    assert_eq!(claims, [("MUG", 2 * 2 + 3 + 4), ("TEA", 2)]);
}

#[test]
fn a_refund_puts_the_components_back_once() {
    let mut world = World::paid(&[("SET", 2, SET), ("MUG", 1, &[])]);
    assert_eq!((world.level("MUG").sold, world.level("TEA").sold), (5, 2));
    world.refund(vec![back("SET", 1, 1), back("MUG", 1, 1)]).unwrap();
    let restocks: Vec<_> = world
        .owes()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Restock(restock) => Some((restock.sku.to_string(), restock.quantity)),
            _ => None,
        })
        .collect();
    assert_eq!(restocks, [("MUG".to_owned(), 3), ("TEA".to_owned(), 1)], "one of each SKU");
    // The same debt is read and performed again and again before any answer is heard.
    let debts = world.owes();
    for effect in debts.iter().chain(&debts) {
        world.perform(effect);
    }
    world.run();
    assert_eq!((world.level("MUG").sold, world.level("TEA").sold), (2, 1));
    assert!(world.order.refunds[0].lines.iter().all(|line| line.restocked));
    assert!(world.order.refunds[0].lines.iter().all(|line| line.put_back.is_empty()));
}

#[test]
fn of_a_bundle_each_component_is_marked_when_it_is_back() {
    let mut world = World::paid(&[("SET", 2, SET)]);
    world.refund(vec![back("SET", 2, 2)]).unwrap();
    let restock = world.owes().into_iter().find_map(|effect| match effect {
        Effect::Restock(restock) if restock.sku == sku("TEA") => Some(restock),
        _ => None,
    });
    let told = world.perform(&Effect::Restock(restock.unwrap()));
    world.feed(told.clone());
    let line = &world.order.refunds[0].lines[0];
    assert_eq!((line.restocked, &line.put_back[..]), (false, &[sku("TEA")][..]));
    let owes = |world: &World| {
        world.owes().iter().filter(|effect| matches!(effect, Effect::Restock(_))).count()
    };
    assert_eq!(owes(&world), 1);
    world.feed(told);
    world.run();
    assert_eq!((owes(&world), world.level("MUG").sold, world.level("TEA").sold), (0, 0, 0));
}

#[test]
fn an_order_stored_before_bundles_is_read_and_owes_what_it_owed() {
    let mut world = World::paid(&[("MUG", 3, &[])]);
    world.refund(vec![back("MUG", 2, 2)]).unwrap();
    let mut stored = serde_json::to_value(&world.order).unwrap();
    for name in ["components", "returns"] {
        assert!(!stored.to_string().contains(name), "{name} is stored only where there is any");
    }
    let id = world.order.refunds[0].id.to_string();
    stored["refunds"][0]["lines"][0] = json!({
        "sku": "MUG", "quantity": 2, "restock": 2, "restocked": false, "net_minor": 2000, "tax_minor": 0
    });
    world.order = serde_json::from_value(stored.clone()).unwrap();
    let due = world.order.restocks_due();
    assert_eq!((due.len(), due[0].key.as_str(), due[0].quantity), (1, id.as_str(), 2));
    stored["refunds"][0]["lines"][0]["restocked"] = json!(true);
    let done: Order = serde_json::from_value(stored).unwrap();
    assert_eq!(done.restocks_due(), []);
    let refused: ClaimState =
        serde_json::from_value(json!({"state": "refused", "available": 1})).unwrap();
    assert_eq!(refused, ClaimState::Refused { available: 1, limit: None });
    let sent: ClaimCommand =
        serde_json::from_value(json!({"command": "restock", "refund": "ref_1", "quantity": 1}))
            .unwrap();
    assert!(matches!(sent, ClaimCommand::Restock { key, .. } if key == "ref_1"));
}

#[test]
fn damaged_units_are_put_aside_and_others_go_where_they_came_to() {
    let mut world = World::paid(&[("SET", 3, SET), ("MUG", 2, &[])]);
    let damaged = LineAsk { restock_condition: Condition::Damaged, ..back("SET", 1, 1) };
    world.refund(vec![damaged, back("MUG", 1, 1)]).unwrap();
    world.run();
    assert_eq!((world.damaged("MUG"), world.damaged("TEA")), (2, 1));
    assert_eq!((world.level("MUG").sold, world.level("TEA").sold), (5, 2));
    let outlet: LocationId = "outlet".parse().unwrap();
    let there = ReturnLineAsk { location: Some(outlet.clone()), ..returned("SET", 1) };
    let broken = ReturnLineAsk { condition: Condition::Damaged, ..returned("MUG", 1) };
    world.take_back(vec![there, broken, returned("MUG", 1)]).unwrap();
    world.run();
    assert_eq!(world.level("MUG").balance(&outlet).map(|balance| balance.on_hand), Some(2));
    assert_eq!((world.damaged("MUG"), world.level("MUG").sold), (3, 1));
    assert!(world.order.returns[0].lines.iter().all(|line| line.restocked));
}

#[test]
fn refunds_and_returns_together_never_exceed_what_was_sold() {
    let refusal =
        |name: &str, available| Err(ReturnRefusal::TooManyUnits { sku: sku(name), available });
    let mut world = World::paid(&[("SET", 2, SET), ("MUG", 1, &[])]);
    assert_eq!(world.take_back(vec![returned("SET", 3)]), refusal("SET", 2));
    assert_eq!(world.take_back(vec![returned("NOWHERE", 1)]), refusal("NOWHERE", 0));
    assert_eq!(world.take_back(vec![returned("SET", 0)]), refusal("SET", 2));
    world.take_back(vec![returned("SET", 1)]).unwrap();
    world.take_back(vec![returned("TEA", 1)]).unwrap();
    assert_eq!(world.take_back(vec![returned("SET", 1)]), refusal("SET", 0), "its tea is back");
    assert!(world.refund(vec![back("SET", 1, 1)]).is_err());
    world.refund(vec![back("SET", 1, 0)]).unwrap();
    // Three mugs are left: each line alone would do, together they are one too many.
    let both = vec![returned("MUG", 3), returned("MUG", 1)];
    assert_eq!(world.take_back(both), refusal("MUG", 0));
    world.take_back(vec![returned("MUG", 2)]).unwrap();
    let one_left = MovementRefusal::TooManyUnits { sku: "MUG".to_owned(), available: 0 };
    world.take_back(vec![returned("MUG", 1)]).unwrap();
    assert_eq!(world.refund(vec![back("MUG", 1, 1)]), Err(one_left));
    world.refund(vec![back("MUG", 1, 0)]).unwrap();
    world.run();
    assert_eq!((world.level("MUG").sold, world.level("TEA").sold), (0, 0));
}

#[test]
fn lines_of_one_refund_that_share_a_component_are_judged_together() {
    let mut world = World::paid(&[("SET", 1, SET), ("MUG", 1, &[])]);
    world.take_back(vec![returned("MUG", 2)]).unwrap();
    let both = vec![back("MUG", 1, 1), back("SET", 1, 1)];
    let refused = MovementRefusal::TooManyUnits { sku: "SET".to_owned(), available: 0 };
    assert_eq!(world.refund(both), Err(refused));
    world.refund(vec![back("MUG", 1, 1), back("SET", 1, 0)]).unwrap();
    world.run();
    assert_eq!(world.level("MUG").sold, 0);
}

#[test]
fn nothing_comes_back_of_what_is_not_sold() {
    let mut world = World::new(&[("SET", 1, SET)]);
    let refused = Err(ReturnRefusal::TooManyUnits { sku: sku("SET"), available: 0 });
    assert_eq!(world.take_back(vec![returned("SET", 1)]), refused);
}

#[test]
fn an_order_has_a_bounded_number_of_returns() {
    let mut world = World::paid(&[("MUG", 200, &[])]);
    for _ in 0..MAX_RETURNS {
        world.take_back(vec![returned("MUG", 1)]).unwrap();
    }
    assert_eq!(world.take_back(vec![returned("MUG", 1)]), Err(ReturnRefusal::TooManyReturns));
}

const STOCKED: [&str; 4] = ["S0", "S1", "S2", "S3"];
const LINES: [&str; 6] = ["S0", "S1", "B0", "B1", "B2", "S3"];

#[derive(Debug, Clone)]
enum Act {
    Refund(Vec<(usize, u32, u32, bool)>),
    Return(Vec<(usize, u32, bool, bool)>),
    /// Performs what is owed at this place, and its answer is lost or not.
    Perform(usize, bool),
    Run,
}

fn act() -> impl Strategy<Value = Act> {
    let refunded = (0..LINES.len(), 1..4_u32, 0..4_u32, any::<bool>());
    let returned = (0..LINES.len() + STOCKED.len(), 1..6_u32, any::<bool>(), any::<bool>());
    prop_oneof![
        3 => prop::collection::vec(refunded, 1..3).prop_map(Act::Refund),
        3 => prop::collection::vec(returned, 1..4).prop_map(Act::Return),
        4 => (0..6_usize, any::<bool>()).prop_map(|(at, lost)| Act::Perform(at, lost)),
        1 => Just(Act::Run),
    ]
}

proptest! {
    /// Whatever a merchant takes back, in whatever order answers come or are lost: each SKU has put back
    /// exactly what was accepted of it, in its condition, and never more than was sold.
    #[test]
    fn any_history_puts_back_what_was_accepted_and_no_more(
        bundles in prop::collection::vec(prop::collection::vec((0..4_usize, 1..4_u32), 1..4), 3..=3),
        quantities in prop::collection::vec(0..5_u32, 6..=6),
        acts in prop::collection::vec(act(), 0..25),
        refund_fails: bool,
    ) {
        let components: Vec<Vec<(&str, u32)>> = bundles
            .iter()
            .map(|list| {
                let sums = list.iter().fold(BTreeMap::new(), |mut sums, (at, quantity)| {
                    *sums.entry(STOCKED[*at]).or_insert(0) += quantity;
                    sums
                });
                sums.into_iter().collect()
            })
            .collect();
        let made_of = |name: &str| -> Vec<(&str, u32)> {
            match name.strip_prefix('B') {
                Some(at) => components[at.parse::<usize>().unwrap()].clone(),
                None => vec![(LINES.iter().chain(&STOCKED).find(|n| **n == name).unwrap(), 1)],
            }
        };
        let lines: Vec<Line<'_>> = LINES
            .iter()
            .zip(&quantities)
            .filter(|(_, quantity)| **quantity > 0)
            .map(|(name, quantity)| {
                let at = name.strip_prefix('B').map(|at| at.parse::<usize>().unwrap());
                (*name, *quantity, at.map_or(&[][..], |at| &components[at][..]))
            })
            .collect();
        prop_assume!(!lines.is_empty());
        let mut world = World::new(&lines);
        world.refund_fails = refund_fails;
        let mut sold: BTreeMap<&str, u32> = BTreeMap::new();
        for (name, quantity, _) in &lines {
            for (part, each) in made_of(name) {
                *sold.entry(part).or_default() += each * quantity;
            }
        }
        let claims: BTreeMap<&str, u32> =
            world.order.claims.iter().map(|claim| (claim.sku.as_str(), claim.quantity)).collect();
        prop_assert_eq!(&claims, &sold);
        prop_assert_eq!(claims.len(), world.order.claims.len());
        // What was accepted, by SKU and condition, summed apart from the order.
        let mut accepted: BTreeMap<(&str, bool), u32> = BTreeMap::new();
        let mut accept = |name: &str, units: u32, is_damaged: bool| {
            for (part, each) in made_of(name) {
                *accepted.entry((part, is_damaged)).or_default() += each * units;
            }
        };
        let condition = |damaged| if damaged { Condition::Damaged } else { Condition::Sellable };
        for act in acts {
            match act {
                Act::Refund(asks) => {
                    let mut seen = BTreeSet::new();
                    let asks: Vec<_> =
                        asks.into_iter().filter(|(at, ..)| seen.insert(*at)).collect();
                    let lines = asks.iter().map(|(at, quantity, restock, damaged)| LineAsk {
                        restock_condition: condition(*damaged),
                        ..back(LINES[*at], *quantity, (*restock).min(*quantity))
                    });
                    if world.refund(lines.collect()).is_ok() {
                        for (at, quantity, restock, damaged) in asks {
                            accept(LINES[at], restock.min(quantity), damaged);
                        }
                    }
                }
                Act::Return(asks) => {
                    let name = |at: usize| *LINES.iter().chain(&STOCKED).nth(at).unwrap();
                    let lines = asks.iter().map(|(at, quantity, damaged, elsewhere)| ReturnLineAsk {
                        condition: condition(*damaged),
                        location: elsewhere.then(|| "outlet".parse().unwrap()),
                        ..returned(name(*at), *quantity)
                    });
                    if world.take_back(lines.collect()).is_ok() {
                        for (at, quantity, damaged, _) in asks {
                            accept(name(at), quantity, damaged);
                        }
                    }
                }
                Act::Perform(at, lost) => {
                    let debts = world.owes();
                    let debt = debts.get(at % debts.len().max(1)).cloned();
                    if let Some(effect) = debt {
                        let stock = matches!(
                            effect,
                            Effect::Reserve { .. } | Effect::Commit { .. } | Effect::Restock(_)
                        );
                        let answer = world.perform(&effect);
                        if !(lost && stock) {
                            world.feed(answer);
                        }
                    }
                }
                Act::Run => world.run(),
            }
        }
        world.run();
        for (name, sold) in sold {
            let of = |damaged| accepted.get(&(name, damaged)).copied().unwrap_or(0);
            let (sellable, damaged) = (of(false), of(true));
            prop_assert!(sellable + damaged <= sold, "{} of {} came back", sellable + damaged, sold);
            let level = world.level(name);
            prop_assert_eq!(level.sold, i64::from(sold - sellable - damaged));
            prop_assert_eq!(world.damaged(name), i64::from(damaged));
            let on_hand: i64 = level.balances.iter().map(|balance| balance.on_hand).sum();
            prop_assert_eq!(on_hand, PLENTY - i64::from(sold) + i64::from(sellable));
        }
        prop_assert_eq!(world.order.restocks_due(), []);
    }
}
