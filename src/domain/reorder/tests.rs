//! Proposals, as tables and as properties.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at_day(day: i64) -> Timestamp {
    Timestamp::from_milliseconds(day * DAY_MILLISECONDS + 3_600_000)
}

fn offer(lead_time_days: u32, pack_size: i64, minimum_quantity: i64) -> Offer {
    let supplier = json!({"id": "acme", "name": "Acme", "currency": "USD", "lead_time_days": 99});
    let item = json!({"unit_cost": {"amount": 1, "currency": "USD"}, "pack_size": pack_size,
        "minimum_quantity": minimum_quantity, "lead_time_days": lead_time_days});
    Offer {
        supplier: serde_json::from_value(supplier).unwrap(),
        item: serde_json::from_value(item).unwrap(),
    }
}

fn level(on_hand: i64, point: Option<i64>, quantity: Option<i64>) -> StockLevel {
    let mut level = StockLevel::stocked(on_hand);
    level.terms.reorder_point = point;
    level.terms.reorder_quantity = quantity;
    level
}

fn sells(units: i64) -> Demand {
    Demand { units, days: 28 }
}

fn situation(level: &StockLevel, demand: Demand) -> Situation<'_> {
    Situation { level, drafted: 0, demand, is_sold: true }
}

fn quantity(level: &StockLevel, demand: Demand, offer: &Offer) -> Option<i64> {
    let proposal = propose(&situation(level, demand), Some(offer), Outlook::default());
    proposal.map(|proposal| proposal.quantity)
}

#[test]
fn what_is_ordered_when() {
    let plain = offer(14, 1, 1);
    let packs = offer(14, 12, 48);
    // Units on hand, the merchant's point and quantity, units sold in 28 days, the supplier, the order.
    for (on_hand, point, own_quantity, sold, supplier, expected) in [
        // A merchant's point and quantity: nothing above the point, then as many quantities as it takes.
        (21, Some(20), Some(50), 28, &plain, None),
        (20, Some(20), Some(50), 28, &plain, Some(50)),
        (0, Some(120), Some(50), 28, &plain, Some(150)),
        // A point without a quantity: up to the point and a week's sales above it.
        (20, Some(20), None, 28, &plain, Some(7)),
        (15, Some(20), None, 0, &plain, Some(6)),
        // Neither: one a day for the 14 days of delivery is the point, 21 days are the target.
        (15, None, None, 28, &plain, None),
        (14, None, None, 28, &plain, Some(7)),
        (0, None, None, 28, &plain, Some(21)),
        // A fraction is rounded once, and up: 3/28 a day make 1.5 in 14 days.
        (3, None, None, 3, &plain, None),
        (2, None, None, 3, &plain, Some(1)),
        // What does not sell and has no point is not ordered.
        (0, None, None, 0, &plain, None),
        (0, None, Some(50), 0, &plain, None),
        // A quantity of 0 is none.
        (20, Some(20), Some(0), 28, &plain, Some(7)),
        // Whole packs, and the supplier's minimum.
        (14, None, None, 28, &packs, Some(48)),
        (20, Some(20), Some(50), 28, &packs, Some(60)),
        (0, Some(0), None, 0, &packs, Some(48)),
    ] {
        let level = level(on_hand, point, own_quantity);
        let found = quantity(&level, sells(sold), supplier);
        assert_eq!(found, expected, "{on_hand} on hand, {point:?}, {own_quantity:?}, {sold} sold");
    }
}

#[test]
fn everything_that_comes_counts_and_everything_that_is_kept_does_not() {
    let supplier = offer(14, 1, 1);
    let mut known = level(20, Some(20), Some(50));
    known.balances[0].incoming = 1;
    assert_eq!(quantity(&known, sells(28), &supplier), None, "one is announced");
    let known = level(20, Some(20), Some(50));
    let drafted = Situation { drafted: 1, ..situation(&known, sells(28)) };
    assert_eq!(propose(&drafted, Some(&supplier), Outlook::default()), None);
    let mut kept = level(30, Some(20), Some(50));
    kept.terms.safety_stock = 10;
    assert_eq!(quantity(&kept, sells(28), &supplier), Some(50));
    let mut held = level(30, Some(20), Some(50));
    (held.reserved, held.balances[0].reserved) = (30, 30);
    assert_eq!(quantity(&held, sells(28), &supplier), None, "an unpaid order is no sale");
}

#[test]
fn what_customers_are_owed_is_ordered_even_if_nothing_else_would_be() {
    let mut owed = level(0, None, None);
    (owed.sold, owed.back_ordered_sold, owed.back_order_limit) = (5, 5, 9);
    let supplier = offer(14, 1, 1);
    assert_eq!(quantity(&owed, sells(0), &supplier), Some(5));
    let archived = Situation { is_sold: false, ..situation(&owed, sells(28)) };
    let proposal = propose(&archived, Some(&supplier), Outlook::default()).unwrap();
    assert_eq!((proposal.quantity, proposal.owed, proposal.position), (5, 5, -5));
    let gone = level(0, Some(20), Some(50));
    let gone = Situation { is_sold: false, ..situation(&gone, sells(28)) };
    assert_eq!(propose(&gone, Some(&supplier), Outlook::default()), None, "nobody can buy it");
}

#[test]
fn a_need_without_a_supplier_is_a_need() {
    let known = level(5, Some(20), Some(50));
    let proposal = propose(&situation(&known, sells(0)), None, Outlook::default()).unwrap();
    assert_eq!((proposal.quantity, proposal.lead_time_days), (50, None));
    let known = level(0, None, None);
    let proposal = propose(&situation(&known, sells(28)), None, Outlook::default()).unwrap();
    assert_eq!((proposal.quantity, proposal.reorder_point), (7, 0));
}

#[test]
fn sales_are_counted_over_the_window_or_since_the_sku_is_known() {
    let outlook = Outlook::default();
    let demand = |before: Option<(i64, i64)>| {
        let before = before.map(|(day, sold)| Snapshot { day, sold });
        let demand = Demand::of_window(100, before, outlook, at_day(1_000));
        (demand.units, demand.days)
    };
    assert_eq!(outlook.first_day(at_day(1_000)), 973);
    assert_eq!(demand(Some((973, 60))), (40, 28));
    assert_eq!(demand(Some((200, 60))), (40, 28), "nothing changed between then and the window");
    assert_eq!(demand(Some((980, 60))), (40, 21), "known for three weeks");
    assert_eq!(demand(Some((1_000, 60))), (40, 7), "known since today");
    assert_eq!(demand(Some((973, 120))), (0, 28), "more came back than was sold");
    assert_eq!(demand(None), (0, 28));
}

#[test]
fn absurd_numbers_stay_within_bounds() {
    let fast = Demand { units: MAX_UNITS, days: 7 };
    let known = level(0, Some(MAX_UNITS), None);
    assert_eq!(quantity(&known, fast, &offer(730, 7, 1)), Some(999_999));
    let known = level(0, None, None);
    assert_eq!(quantity(&known, fast, &offer(730, 100_000, 100_000)), Some(MAX_PROPOSED_UNITS));
    assert_eq!(Demand { units: MAX_UNITS, days: 0 }.in_days(i64::MAX), MAX_UNITS);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// An order is a number of packs, not below the minimum, lifts the position above the reorder point,
    /// and once it is drafted is not proposed again; a position above the point is left alone.
    #[test]
    fn an_order_is_enough_and_is_proposed_once(
        on_hand in 0_i64..500,
        owed in 0_i64..20,
        incoming in 0_i64..200,
        drafted in 0_i64..200,
        point in proptest::option::of(0_i64..400),
        own_quantity in proptest::option::of(0_i64..300),
        sold in 0_i64..600,
        lead in 0_u32..90,
        pack in 1_i64..40,
        minimum in 1_i64..100,
        review in 1_u32..30,
    ) {
        let mut known = level(on_hand, point, own_quantity);
        (known.sold, known.back_ordered_sold) = (owed, owed);
        known.balances[0].incoming = incoming;
        let supplier = offer(lead, pack, minimum);
        let outlook = Outlook { window_days: 28, review_days: review };
        let now = Situation { level: &known, drafted, demand: sells(sold), is_sold: true };
        let position = on_hand - owed + incoming + drafted;
        let Some(proposal) = propose(&now, Some(&supplier), outlook) else {
            prop_assert!(position > 0 || point.is_none_or(|point| position > point));
            return Ok(());
        };
        prop_assert_eq!(proposal.position, position);
        prop_assert!(position <= proposal.reorder_point);
        prop_assert_eq!(proposal.quantity % pack, 0);
        prop_assert!(proposal.quantity >= minimum && proposal.quantity >= proposal.needed);
        prop_assert!(proposal.quantity < proposal.needed.max(minimum) + pack, "no pack too many");
        let after = Situation { drafted: drafted + proposal.quantity, ..now };
        let again = propose(&after, Some(&supplier), outlook);
        if point.is_some() || sold > 0 {
            prop_assert!(position + proposal.quantity > proposal.reorder_point);
        }
        prop_assert_eq!(again, None);
        // Less on the shelf never means a smaller need, but for multiples of the merchant's own quantity.
        if own_quantity.is_none() {
            let less = Situation { drafted: drafted - 1, ..now };
            let more = propose(&less, Some(&supplier), outlook).map(|more| more.needed);
            prop_assert_eq!(more, Some(proposal.needed + 1));
        }
    }
}
