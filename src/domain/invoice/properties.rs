//! Invoices and credit notes of carts of every kind: every rounding, prices with and without tax,
//! several taxes at once, currencies of 0, 2 and 3 digits, less taken than asked, refunds of lines, of
//! shipping and of amounts in any order.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "far below the range; an overflow fails the test"
)]

use proptest::prelude::*;
use serde_json::json;

use super::tests::{issue, order, refund};
use super::*;
use crate::domain::order::{Order, Refund};
use crate::domain::pricing::priced_carts;
use crate::domain::time::Timestamp;

/// One wish for a refund; what is left decides what comes of it.
#[derive(Debug, Clone)]
enum Wish {
    Amount(u8),
    Line(prop::sample::Index, u8, u8),
    Shipping(u8),
    LineAndMore(prop::sample::Index, u8),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let percent = 0_u8..=100;
    let wish = prop_oneof![
        percent.clone().prop_map(Wish::Amount),
        (any::<prop::sample::Index>(), percent.clone(), percent.clone())
            .prop_map(|(line, net, tax)| Wish::Line(line, net, tax)),
        percent.clone().prop_map(Wish::Shipping),
        (any::<prop::sample::Index>(), percent)
            .prop_map(|(line, net)| Wish::LineAndMore(line, net)),
    ];
    prop::collection::vec(wish, 0..=8)
}

fn part(whole: i64, percent: u8) -> i64 {
    i64::try_from(i128::from(whole) * i128::from(percent) / 100).unwrap()
}

/// The refund that a wish comes to, with so much left to give back.
fn granted(wish: &Wish, n: u128, order: &Order, left: i64) -> Option<Refund> {
    let line = |index: &prop::sample::Index| &order.cart.lines[index.index(order.cart.lines.len())];
    let of_line = |index: &prop::sample::Index, net: u8, tax: u8| {
        let line = line(index);
        let (net, tax) = (part(line.net_minor, net), part(line.tax_minor, tax));
        let line = json!([{"sku": line.sku, "quantity": 1, "restock": 0, "net_minor": net, "tax_minor": tax}]);
        (line, net + tax)
    };
    let (amount, shipping, lines) = match wish {
        Wish::Amount(percent) => (part(left, *percent), 0, json!([])),
        Wish::Line(index, net, tax) => {
            let (lines, amount) = of_line(index, *net, *tax);
            (amount, 0, lines)
        }
        Wish::Shipping(percent) => {
            let shipping = part(order.cart.shipping.total_minor, *percent);
            (shipping, shipping, json!([]))
        }
        Wish::LineAndMore(index, percent) => {
            let (lines, amount) = of_line(index, *percent, *percent);
            (amount + part(left, 10), 0, lines)
        }
    };
    let amount = amount.min(left);
    (amount > 0).then(|| refund(n, amount, shipping, lines))
}

fn cells(groups: &TaxGroups) -> Vec<i64> {
    groups
        .0
        .iter()
        .flat_map(|g| [g.net_minor].into_iter().chain(g.taxes.iter().map(|t| t.amount_minor)))
        .collect()
}

fn parts_add_up(note: &CreditNoteDocument) -> Result<(), TestCaseError> {
    let amount = note.amount;
    prop_assert_eq!(amount.net_minor + amount.tax_minor, amount.total_minor);
    prop_assert_eq!(note.tax_groups.amount().unwrap(), amount);
    prop_assert!(cells(&note.tax_groups).iter().all(|cell| *cell >= 0));
    let lines: i64 = note.lines.iter().map(|line| line.total_minor).sum();
    let shipping = note.shipping.as_ref().map_or(0, |part| part.total_minor);
    let allowance = note.allowance.as_ref().map_or(0, |part| part.amount.total_minor);
    prop_assert_eq!(lines + shipping + allowance, amount.total_minor);
    let taxes: i64 = note.tax_summary.iter().map(|line| line.tax_minor).sum();
    prop_assert_eq!(taxes, amount.tax_minor);
    Ok(())
}

fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(1_024), ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_invoice_comes_to_what_was_taken(cart in priced_carts(), taken in 0_u8..=100) {
        let total = cart.totals.total_minor;
        let captured = part(total, taken);
        let invoice = InvoiceDraft::of(&order(&cart, captured)).unwrap();
        prop_assert_eq!(invoice.amount.total_minor, captured);
        prop_assert_eq!(invoice.amount.net_minor + invoice.amount.tax_minor, captured);
        prop_assert_eq!(invoice.tax_groups.amount().unwrap(), invoice.amount);
        prop_assert!(cells(&invoice.tax_groups).iter().all(|cell| *cell >= 0));
        let taxes: i64 = invoice.tax_summary.iter().map(|line| line.tax_minor).sum();
        prop_assert_eq!(taxes, invoice.amount.tax_minor);
        let reduced = invoice.reduction.as_ref().map_or(0, |part| part.amount.total_minor);
        prop_assert_eq!(captured + reduced, total);
        if captured == total {
            prop_assert_eq!(invoice.amount.tax_minor, cart.totals.tax_minor);
            for line in &invoice.tax_summary {
                let same = |tax: &&crate::domain::tax::TaxLine| {
                    tax.name == line.name && tax.rate == line.rate
                };
                let taxes = cart.lines.iter().flat_map(|l| &l.taxes).chain(&cart.shipping.taxes);
                let sum: i64 = taxes.filter(same).map(|tax| tax.amount_minor).sum();
                prop_assert_eq!(sum, line.tax_minor);
            }
        }
    }

    #[test]
    fn credit_notes_never_exceed_their_invoice_and_in_full_they_cancel_it(
        cart in priced_carts(), taken in 1_u8..=100, wishes in wishes(), fails in any::<bool>(),
    ) {
        let captured = part(cart.totals.total_minor, taken);
        let order = order(&cart, captured);
        let invoice = InvoiceDraft::of(&order).unwrap();
        let mut notes: Vec<CreditNoteDocument> = Vec::new();
        let mut left = captured;
        let mut remaining = invoice.tax_groups.clone();
        let all_of_it = (captured > 0).then_some(Wish::Amount(100));
        for (n, wish) in (1_u128..).zip(wishes.iter().chain(&all_of_it)) {
            let Some(refund) = granted(wish, n, &order, left) else { continue };
            let note = issue(&order, &refund, &notes);
            parts_add_up(&note)?;
            prop_assert_eq!(note.amount.total_minor, refund.amount_minor);
            if fails && refund.amount_minor > 0 {
                // In two parts, and then it is made again: the same note as if it had not failed.
                let mut with = notes.clone();
                with.push(note.clone());
                let steps = [part(refund.amount_minor, 40), 0];
                for moved in steps.iter().take(if steps == [0, 0] { 1 } else { 2 }) {
                    let number = format!("INV-CN-{:06}", with.len() + 1);
                    let (series, at) = ("INV-CN".to_owned(), Timestamp::default());
                    let by = note.cancelled_down_to(*moved, &with, series, number, at).unwrap();
                    prop_assert!(cells(&by.tax_groups).iter().all(|cell| *cell <= 0));
                    with.push(by);
                }
                let again = issue(&order, &refund, &with);
                prop_assert_eq!(&again.tax_groups, &note.tax_groups);
                prop_assert_eq!((&again.lines, &again.shipping), (&note.lines, &note.shipping));
            }
            // `minus` refuses to take more of any net or tax than there is.
            remaining = remaining.minus(&note.tax_groups).unwrap();
            left -= refund.amount_minor;
            notes.push(note);
        }
        prop_assert_eq!(left, 0);
        prop_assert!(cells(&remaining).iter().all(|cell| *cell == 0), "{:?}", remaining);
        for line in &invoice.tax_summary {
            let same = |l: &&TaxSummaryLine| l.name == line.name && l.rate == line.rate;
            let credited = notes.iter().filter_map(|note| note.tax_summary.iter().find(same));
            let (net, tax) = credited
                .fold((0, 0), |sum, l| (sum.0 + l.net_minor, sum.1 + l.tax_minor));
            prop_assert_eq!((net, tax), (line.net_minor, line.tax_minor));
        }
    }
}
