use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;

/// An invoice as it is stored, with what people could type into it.
fn invoice(title: &str) -> InvoiceDocument {
    let tax = |rate: &str, minor: i64| json!({"name": "VAT", "rate": rate, "amount_minor": minor});
    let address = json!({"name": title, "line1": "1 Main", "line2": title, "city": title,
        "region": title, "postal_code": "1", "country": "DE"});
    let amount = json!({"net_minor": 100_000, "tax_minor": 19_000, "total_minor": 119_000});
    let group = json!({"net_minor": 100_000, "taxes": [tax("19", 19_000)]});
    let summary = json!({"name": title, "rate": "19", "net_minor": 100_000, "tax_minor": 19_000});
    read(json!({
        "format": 1, "kind": "invoice", "series": "CW", "number": "CW-000001",
        "issued_at": "2026-03-01T12:00:00Z",
        "order_id": "ord_0700000000000000000000000000000abc",
        "ordered_at": "2026-03-01T11:00:00Z", "currency": "EUR", "prices_include_tax": true,
        "seller": {"legal_name": title, "address_lines": [title], "email": "a@shop.example",
            "tax_ids": [{"label": title, "value": "DE 123.456/7-8"}]},
        "buyer": {"name": title, "email": "ada@example.com", "billing_address": address,
            "shipping_address": address, "tax_id": "FR 12"},
        "lines": [{"sku": "MUG", "title": title, "variant_title": title, "quantity": 2,
            "unit_price_minor": 59_500, "net_minor": 100_000, "discount_minor": 0,
            "tax_minor": 19_000, "total_minor": 119_000, "taxes": [tax("19", 19_000)]}],
        "shipping": {"title": title, "net_minor": 0, "tax_minor": 0, "total_minor": 0, "taxes": []},
        "totals": {"subtotal_minor": 100_000, "shipping_minor": 0, "discount_minor": 0,
            "tax_minor": 19_000, "total_minor": 119_000},
        "amount": amount, "tax_groups": [group], "tax_summary": [summary],
        "payment": {"gateway": "paypal", "reference": title, "paid_at": "2026-03-01T12:00:00Z"},
    }))
}

fn credit_note(title: &str) -> CreditNoteDocument {
    let buyer = serde_json::to_value(invoice(title)).unwrap()["buyer"].clone();
    let amount = json!({"net_minor": 100, "tax_minor": 0, "total_minor": 100});
    let groups = json!([{"net_minor": 100, "taxes": []}]);
    read(json!({
        "format": 1, "kind": "credit_note", "series": "CW-CN", "number": "CW-CN-000001",
        "issued_at": "2026-03-02T12:00:00Z", "invoice_number": "CW-000001",
        "order_id": "ord_0700000000000000000000000000000abc",
        "refund_id": "ref_00000000000000000000000000000001",
        "refunded_at": "2026-03-02T11:00:00Z", "reason": title, "currency": "JPY", "buyer": buyer,
        "lines": [], "allowance": {"amount": amount, "tax_groups": groups},
        "amount": amount, "tax_groups": groups, "tax_summary": [],
    }))
}

fn read<T: serde::de::DeserializeOwned>(document: Value) -> T {
    serde_json::from_value(document).unwrap()
}

#[test]
fn the_policy_lets_only_this_pages_own_style_apply() {
    let hash = Base64::encode_string(&Sha256::digest(STYLE));
    assert!(CONTENT_SECURITY_POLICY.contains(&format!("'sha256-{hash}'")), "{hash}");
    let page = of_invoice(&invoice("Mug"));
    assert!(page.contains(&["<style>", STYLE, "</style>"].concat()));
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains('<'));
}

#[test]
fn no_text_becomes_markup() {
    let evil = "</style></title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;";
    for page in [of_invoice(&invoice(evil)), of_credit_note(&credit_note(evil))] {
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert_eq!(page.matches("</style>").count(), 1);
        assert_eq!(page.matches("</title>").count(), 1);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("&amp;amp;"));
    }
}

#[test]
fn an_invoice_shows_what_the_law_asks_for() {
    let page = of_invoice(&invoice("Mug"));
    for text in [
        "Invoice CW-000001",
        "2026-03-01",
        "DE 123.456/7-8",
        "Tax ID: FR 12",
        "SKU MUG",
        "Unit price, tax incl.",
        "595.00",
        "1,000.00",
        "190.00",
        "19 %",
        "EUR 1,190.00",
        "Paid on 2026-03-01 with PayPal.",
        "ord_0700000000000000000000000000000abc",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("Discount") && !page.contains("Reduction"));
}

#[test]
fn a_credit_note_names_its_invoice_and_its_reason() {
    let page = of_credit_note(&credit_note("Broken"));
    for text in
        ["Credit note CW-CN-000001", "For invoice", "CW-000001", "Broken", "JPY 100", "No tax"]
    {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn a_note_that_cancels_another_names_it() {
    let mut note = credit_note("The refund failed");
    note.cancels = Some("CW-CN-000007".to_owned());
    let page = of_credit_note(&note);
    for text in ["<dt>Cancels</dt><dd>CW-CN-000007</dd>", "Cancelled of credit note CW-CN-000007"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("Allowance"));
    assert!(!of_credit_note(&credit_note("Broken")).contains("Cancel"));
}

#[test]
fn what_was_taken_off_is_shown_only_where_there_is_something() {
    let mut document = invoice("Mug");
    let line = document.invoice.lines.first_mut().unwrap();
    line.discount_minor = 1_500;
    document.invoice.totals.discount_minor = 1_500;
    document.invoice.reduction = Some(read(json!({
        "amount": {"net_minor": 100, "tax_minor": 19, "total_minor": 119}, "tax_groups": [],
    })));
    let page = of_invoice(&document);
    for text in ["Discount", "\u{2212}15.00", "Reduction, net", "\u{2212}1.00", "\u{2212}0.19"] {
        assert!(page.contains(text), "{text}");
    }
}
