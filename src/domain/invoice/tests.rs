#![expect(
    clippy::arithmetic_side_effects,
    reason = "far below the range; an overflow fails the test"
)]

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::id::{OrderId, RefundId, ShardNumber};
use crate::domain::order::{Order, Refund};
use crate::domain::pricing::PricedCart;
use crate::domain::time::Timestamp;

/// An order of a cart, of whose total so much was taken and no more will be.
pub(super) fn order(cart: &PricedCart, captured: i64) -> Order {
    let asked = json!({"amount": cart.totals.total_minor, "currency": cart.currency});
    let at = "2026-03-01T12:00:00.000Z";
    let operation = json!({
        "id": "op_00000000000000000000000000000001", "kind": "capture", "amount_minor": captured,
        "result": "succeeded", "requested_at": at, "attempts": 0,
    });
    let payment = json!({
        "gateway": "sandbox", "method": null, "return_url": null, "capture_mode": "automatic",
        "asked": asked, "operations": [operation], "refusal": null, "ask_again_at": null,
        "report": {
            "reference": "pay_1", "state": "captured", "amount": asked, "captured_minor": captured,
            "occurred_at": at, "action": null, "decline": null,
        },
    });
    let payment = if cart.totals.total_minor > 0 { payment } else { Value::Null };
    serde_json::from_value(json!({
        "id": OrderId::new(ShardNumber(7), Uuid::from_u128(1)), "version": 1, "status": "open",
        "created_at": at, "updated_at": at, "email": "ada@example.com",
        "shipping_address": {"name": "Ada", "line1": "1 Main", "city": "Portland", "region": "OR",
            "postal_code": "97201", "country": "US"},
        "billing_address": null, "cart": cart, "claims": [], "payment": payment,
        "payment_window_ends_at": at, "claims_expire_at": at, "closing": null,
        "invoice_series": "INV", "invoice_number": null, "attention": [],
    }))
    .unwrap()
}

/// Two mugs at 19 % and a book at 7 %, shipped at 19 %: 73.43 in all.
fn cart() -> PricedCart {
    let line = |sku: &str, quantity: i64, unit: i64, rate: &str, tax: i64| {
        let total = quantity * unit;
        json!({
            "sku": sku, "product_id": "p", "title": sku, "variant_title": "", "quantity": quantity,
            "unit_price_minor": unit, "net_minor": total - tax, "discount_minor": 0,
            "tax_minor": tax, "total_minor": total,
            "taxes": [{"name": "VAT", "rate": rate, "amount_minor": tax}],
        })
    };
    serde_json::from_value(json!({
        "currency": "EUR", "tax_included": true,
        "lines": [line("MUG", 2, 2000, "19", 639), line("BOOK", 1, 2853, "7", 187)],
        "shipping": {"method": "post", "title": "Post", "net_minor": 412, "tax_minor": 78,
            "total_minor": 490, "taxes": [{"name": "VAT", "rate": "19", "amount_minor": 78}]},
        "totals": {"subtotal_minor": 6027, "shipping_minor": 412, "discount_minor": 0,
            "tax_minor": 904, "total_minor": 7343},
    }))
    .unwrap()
}

pub(super) fn refund(n: u128, amount_minor: i64, shipping_minor: i64, lines: Value) -> Refund {
    serde_json::from_value(json!({
        "id": RefundId::new(Uuid::from_u128(n)), "amount_minor": amount_minor,
        "shipping_minor": shipping_minor, "lines": lines, "reason": "Broken",
        "requested_at": "2026-03-02T12:00:00.000Z",
    }))
    .unwrap()
}

pub(super) fn issue(
    order: &Order,
    refund: &Refund,
    earlier: &[CreditNoteDocument],
) -> CreditNoteDocument {
    let order = Order { invoice_number: Some("INV-000001".to_owned()), ..order.clone() };
    let draft = CreditNoteDraft::of(&order, refund).unwrap().unwrap();
    let (series, number) = ("INV-CN".to_owned(), format!("INV-CN-{:06}", earlier.len() + 1));
    CreditNoteDocument::issue(draft, earlier, series, number, Timestamp::default()).unwrap()
}

fn summary(lines: &[TaxSummaryLine]) -> Vec<(String, i64, i64)> {
    lines.iter().map(|l| (l.rate.to_string(), l.net_minor, l.tax_minor)).collect()
}

fn tax(rate: &str, net: i64, tax: i64) -> (String, i64, i64) {
    (rate.to_owned(), net, tax)
}

#[test]
fn an_invoice_says_what_was_bought_and_each_tax() {
    let invoice = InvoiceDraft::of(&order(&cart(), 7343)).unwrap();
    assert_eq!(invoice.amount, Amount { net_minor: 6439, tax_minor: 904, total_minor: 7343 });
    assert_eq!(summary(&invoice.tax_summary), [tax("19", 3773, 717), tax("7", 2666, 187)]);
    assert_eq!(invoice.reduction, None);
    assert_eq!(invoice.buyer.name, "Ada");
    assert_eq!(invoice.payment.unwrap().paid_at.rfc3339(), "2026-03-01T12:00:00.000Z");
}

#[test]
fn what_was_let_go_is_taken_off_every_tax() {
    let invoice = InvoiceDraft::of(&order(&cart(), 5000)).unwrap();
    assert_eq!(invoice.amount.total_minor, 5000);
    let reduction = invoice.reduction.unwrap();
    assert_eq!(reduction.amount.total_minor, 2343);
    // 2343 of 7343 of each net and each tax, rounded so that they add up.
    assert_eq!(
        summary(&reduction.tax_groups.summary().unwrap()),
        [tax("19", 1204, 229), tax("7", 850, 60)]
    );
    assert_eq!(summary(&invoice.tax_summary), [tax("19", 2569, 488), tax("7", 1816, 127)]);
    assert_eq!(invoice.totals.total_minor, 7343);
}

#[test]
fn a_refund_by_lines_takes_those_lines_and_one_of_an_amount_takes_of_everything() {
    let order = order(&cart(), 7343);
    let mug =
        json!([{"sku": "MUG", "quantity": 1, "restock": 1, "net_minor": 1681, "tax_minor": 319}]);
    let first = issue(&order, &refund(1, 2490, 490, mug), &[]);
    assert_eq!(summary(&first.tax_summary), [tax("19", 2093, 397)]);
    assert_eq!((first.lines[0].net_minor, first.lines[0].tax_minor), (1681, 319));
    assert_eq!(first.shipping.as_ref().unwrap().tax_minor, 78);
    assert_eq!(first.allowance, None);
    let second = issue(&order, &refund(2, 853, 0, json!([])), std::slice::from_ref(&first));
    assert_eq!(second.amount.total_minor, 853);
    assert_eq!(second.allowance.as_ref().unwrap().amount, second.amount);
    let rest = issue(&order, &refund(3, 4000, 0, json!([])), &[first.clone(), second.clone()]);
    let invoice = InvoiceDraft::of(&order).unwrap();
    for (index, line) in invoice.tax_summary.iter().enumerate() {
        let credited = [&first, &second, &rest].map(|note| {
            let same = note.tax_summary.iter().find(|l| l.rate == line.rate);
            same.map_or((0, 0), |l| (l.net_minor, l.tax_minor))
        });
        let sum = credited.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert_eq!(sum, (line.net_minor, line.tax_minor), "{index}");
    }
}

#[test]
fn more_than_the_invoice_can_not_be_given_back() {
    let mut order = order(&cart(), 7343);
    order.invoice_number = Some("INV-000001".to_owned());
    let first = issue(&order, &refund(1, 7000, 0, json!([])), &[]);
    let draft = CreditNoteDraft::of(&order, &refund(2, 344, 0, json!([]))).unwrap().unwrap();
    let name = || "X".to_owned();
    let made = CreditNoteDocument::issue(draft, &[first], name(), name(), Timestamp::default());
    assert!(made.is_err());
}

#[test]
fn a_refund_of_less_than_its_lines_is_one_of_an_amount() {
    let order = order(&cart(), 7343);
    let mug = json!([{"sku": "MUG", "quantity": 2, "restock": 0, "net_minor": 3361, "tax_minor": 639},
        {"sku": "GONE", "quantity": 1, "restock": 0, "net_minor": 1, "tax_minor": 1}]);
    let note = issue(&order, &refund(1, 1000, 0, mug), &[]);
    assert_eq!((note.lines.len(), note.amount.total_minor), (0, 1000));
    assert_eq!(note.allowance.unwrap().amount, note.amount);
}

#[test]
fn an_invoice_is_due_when_no_more_money_will_come() {
    let paid = order(&cart(), 7343);
    assert!(paid.invoice_due());
    assert!(order(&cart(), 5000).invoice_due(), "the rest was let go");
    let mut partly = order(&cart(), 5000);
    let report = partly.payment.as_mut().unwrap().report.as_mut().unwrap();
    report.state = crate::domain::payment::ReportedState::Authorized;
    assert!(!partly.invoice_due(), "more can be taken");
    assert!(!order(&cart(), 0).invoice_due());
    let numbered = Order { invoice_number: Some("INV-000001".to_owned()), ..paid.clone() };
    assert!(!numbered.invoice_due());
    let closed = Order { status: crate::domain::order::OrderStatus::Cancelled, ..paid };
    assert!(!closed.invoice_due());
}

#[test]
fn a_credit_note_is_due_once_the_invoice_is_numbered_and_the_money_has_moved() {
    let mut order = order(&cart(), 7343);
    let known = refund(1, 700, 0, json!([]));
    order.refunds.push(known.clone());
    let move_money = |order: &mut Order, amount_minor: i64, result: &str| {
        let operation = json!({
            "id": format!("op_{:032x}", order.payment.as_ref().unwrap().operations.len() + 1),
            "kind": "refund", "amount_minor": amount_minor, "result": result,
            "requested_at": "2026-03-02T12:00:00.000Z", "attempts": 0, "refund_id": known.id,
        });
        let operation = serde_json::from_value(operation).unwrap();
        order.payment.as_mut().unwrap().operations.push(operation);
    };
    let due = |order: &Order| order.credit_notes_due().count();
    order.invoice_number = Some("INV-000001".to_owned());
    move_money(&mut order, 400, "succeeded");
    move_money(&mut order, 300, "unknown");
    assert_eq!(due(&order), 0);
    move_money(&mut order, 300, "succeeded");
    assert_eq!(due(&order), 1);
    assert_eq!(order.series_for_credit_notes(), "INV-CN");
    let without = Order { invoice_number: None, ..order.clone() };
    assert_eq!(due(&without), 0);
    order.refunds[0].credit_note_number = Some("INV-CN-000001".to_owned());
    assert_eq!(due(&order), 0);
}

#[test]
fn a_cancelled_credit_note_leaves_its_invoice_as_it_was_before_it() {
    let order = order(&cart(), 7343);
    let mug =
        json!([{"sku": "MUG", "quantity": 1, "restock": 1, "net_minor": 1681, "tax_minor": 319}]);
    let note = issue(&order, &refund(1, 2490, 490, mug.clone()), &[]);
    let cancel = |note: &CreditNoteDocument, to: i64, earlier: &[CreditNoteDocument]| {
        let name = |text: &str| text.to_owned();
        let at = Timestamp::default();
        note.cancelled_down_to(to, earlier, name("INV-CN"), name("INV-CN-000002"), at)
    };
    let whole = cancel(&note, 0, std::slice::from_ref(&note)).unwrap();
    assert_eq!(whole.cancels.as_ref(), Some(&note.heading.number));
    assert_eq!((whole.refund_id, whole.amount.total_minor), (note.refund_id, -2490));
    assert_eq!((whole.amount.net_minor, whole.amount.tax_minor), (-2093, -397));
    assert_eq!(whole.allowance.as_ref().unwrap().amount, whole.amount);
    assert_eq!((whole.lines.len(), whole.shipping.is_none()), (0, true));
    let again = issue(&order, &refund(2, 2490, 490, mug.clone()), &[note.clone(), whole.clone()]);
    assert_eq!((&again.lines, &again.shipping), (&note.lines, &note.shipping));
    assert_eq!(again.tax_groups, note.tax_groups);
    let part = cancel(&note, 2000, std::slice::from_ref(&note)).unwrap();
    assert_eq!(part.amount.total_minor, -490);
    let rest = cancel(&note, 0, &[note.clone(), part.clone()]).unwrap();
    assert_eq!(rest.amount.total_minor, -2000);
    let all = issue(&order, &refund(3, 7343, 0, json!([])), &[note.clone(), part.clone(), rest]);
    assert_eq!(all.tax_groups, InvoiceDraft::of(&order).unwrap().tax_groups);
    for (to, earlier) in [(2490, vec![]), (-1, vec![]), (0, vec![whole]), (2000, vec![part])] {
        assert!(cancel(&note, to, &earlier).is_err(), "{to}");
    }
}

/// Documents are read for as long as the law asks for them: what was written once is read for good, and
/// what is written now has the form of these files to the byte.
#[test]
fn documents_are_stored_in_this_form() {
    let mut order = order(&cart(), 5000);
    order.buyer_tax_id = Some("DE123456789".parse().unwrap());
    order.seller = Some(
        serde_json::from_value(json!({
            "legal_name": "Goods GmbH", "address_lines": ["Hauptstr. 1", "10115 Berlin"],
            "email": "goods@shop.example", "tax_ids": [{"label": "USt-IdNr.", "value": "DE 1"}],
        }))
        .unwrap(),
    );
    let invoice = InvoiceDraft::of(&order).unwrap();
    let (series, number) = ("INV".to_owned(), "INV-000001".to_owned());
    let document = InvoiceDocument::issue(invoice, series, number, Timestamp::default());
    let kept = include_str!("format_1/invoice.json").trim_end();
    assert_eq!(serde_json::to_string(&document).unwrap(), kept);
    assert_eq!(serde_json::from_str::<InvoiceDocument>(kept).unwrap(), document);
    let mug =
        json!([{"sku": "MUG", "quantity": 1, "restock": 1, "net_minor": 840, "tax_minor": 160}]);
    let note = issue(&order, &refund(1, 1590, 490, mug), &[]);
    let kept = include_str!("format_1/credit_note.json").trim_end();
    assert_eq!(serde_json::to_string(&note).unwrap(), kept);
    assert_eq!(serde_json::from_str::<CreditNoteDocument>(kept).unwrap(), note);
    let (series, number) = ("INV-CN".to_owned(), "INV-CN-000002".to_owned());
    let earlier = std::slice::from_ref(&note);
    let by = note.cancelled_down_to(0, earlier, series, number, Timestamp::default()).unwrap();
    let kept = include_str!("format_1/cancellation.json").trim_end();
    assert_eq!(serde_json::to_string(&by).unwrap(), kept);
    assert_eq!(serde_json::from_str::<CreditNoteDocument>(kept).unwrap(), by);
}
