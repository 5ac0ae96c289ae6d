//! The page of a document: one file without scripts, for a browser and for A4 paper.
//!
//! Every text goes through the template's escaping; nothing here writes HTML by hand. Texts are the
//! buyer's and the merchant's, so the page may run nothing and load nothing, and only its own style,
//! known by its hash, applies.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::amounts::{amount, day};
use crate::domain::address::Address;
use crate::domain::currency::Currency;
use crate::domain::invoice::{
    Buyer, CreditNoteDocument, Heading, InvoiceDocument, InvoiceDraft, InvoicePayment, TaxGroups,
    TaxSummaryLine,
};
use crate::domain::payment::Gateway;
use crate::domain::seller::Seller;
use crate::domain::tax::TaxLine;

const STYLE: &str = include_str!("page.css");

/// What a browser may do with a page: show it.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    style-src 'sha256-juSLyjz/c39eq9U6Br+qX4UPVwq+/mU3LV/lkJTrWrU='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Puts a minus before amounts that are taken off.
const MINUS: &str = "\u{2212}";

/// An invoice.
pub(super) fn of_invoice(document: &InvoiceDocument) -> String {
    let InvoiceDocument { heading, invoice } = document;
    let facts = [
        ("Number", heading.number.clone()),
        ("Date", day(heading.issued_at)),
        ("Order", invoice.order_id.to_string()),
        ("Order date", day(invoice.ordered_at)),
        ("Currency", invoice.currency.code().to_owned()),
    ];
    let body = html! {
        (top(heading, "Invoice", invoice.seller.as_ref(), &facts))
        (parties(&invoice.buyer))
        (invoice_lines(invoice))
        div.below {
            (taxes(&invoice.tax_summary, &invoice.tax_groups, invoice.currency))
            (invoice_totals(invoice))
        }
        @if let Some(payment) = &invoice.payment { (paid(payment)) }
    };
    whole("Invoice", heading, &body)
}

/// A credit note.
pub(super) fn of_credit_note(note: &CreditNoteDocument) -> String {
    let facts = [
        ("Number", note.heading.number.clone()),
        ("Date", day(note.heading.issued_at)),
        ("For invoice", note.invoice_number.clone()),
        ("Cancels", note.cancels.clone().unwrap_or_default()),
        ("Order", note.order_id.to_string()),
        ("Currency", note.currency.code().to_owned()),
    ];
    let facts: Vec<_> = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let body = html! {
        (top(&note.heading, "Credit note", note.seller.as_ref(), &facts))
        (parties(&note.buyer))
        (credited_lines(note))
        div.below {
            (taxes(&note.tax_summary, &note.tax_groups, note.currency))
            table.totals {
                (total_row("Net", &amount(note.amount.net_minor, note.currency)))
                (total_row("Tax", &amount(note.amount.tax_minor, note.currency)))
                (sum_row("Credited", note.amount.total_minor, note.currency))
            }
        }
        @if let Some(reason) = &note.reason {
            div.note { h2 { "Reason" } p { (reason) } }
        }
    };
    whole("Credit note", &note.heading, &body)
}

fn whole(title: &str, heading: &Heading, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " " (heading.number) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

fn top(
    heading: &Heading,
    title: &str,
    seller: Option<&Seller>,
    facts: &[(&str, String)],
) -> Markup {
    html! {
        header {
            div {
                @if let Some(seller) = seller {
                    p.name { (seller.legal_name) }
                    @for line in &seller.address_lines { p { (line) } }
                    @if let Some(email) = &seller.email { p { (email.as_str()) } }
                    @for tax_id in &seller.tax_ids {
                        p.muted { (tax_id.label) ": " (tax_id.value.as_str()) }
                    }
                }
            }
            div {
                h1 { (title) " " (heading.number) }
                dl.facts {
                    @for (name, value) in facts { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

fn parties(buyer: &Buyer) -> Markup {
    html! {
        div.parties {
            div {
                h2 { "Bill to" }
                (address(&buyer.billing_address))
                p { (buyer.email.as_str()) }
                @if let Some(tax_id) = &buyer.tax_id { p { "Tax ID: " (tax_id.as_str()) } }
            }
            div {
                h2 { "Ship to" }
                (address(&buyer.shipping_address))
            }
        }
    }
}

fn address(address: &Address) -> Markup {
    let region = address.region.as_deref().unwrap_or_default();
    let place = [address.city.as_str(), region, &address.postal_code];
    let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
    html! {
        p.name { (address.name) }
        p { (address.line1) }
        @if let Some(line) = &address.line2 { p { (line) } }
        p { (place.join(" ")) }
        p { (address.country) }
    }
}

fn invoice_lines(invoice: &InvoiceDraft) -> Markup {
    let money = |minor: i64| amount(minor, invoice.currency);
    let discounted = invoice.lines.iter().any(|line| line.discount_minor != 0);
    let unit = if invoice.prices_include_tax { "Unit price, tax incl." } else { "Unit price, net" };
    html! {
        table {
            thead { tr {
                th { "Description" }
                th.amount { "Quantity" }
                th.amount { (unit) }
                th.amount { "Net" }
                @if discounted { th.amount { "Discount" } }
                th.amount { "Tax" }
                th.amount { "Total" }
            } }
            tbody {
                @for line in &invoice.lines {
                    tr {
                        td { (described(&line.title, &line.variant_title, line.sku.as_str())) }
                        td.amount { (line.quantity) }
                        td.amount { (money(line.unit_price_minor)) }
                        td.amount { (money(line.net_minor)) }
                        @if discounted { td.amount { (taken_off(line.discount_minor, invoice.currency)) } }
                        td.amount { (money(line.tax_minor)) (rates(&line.taxes)) }
                        td.amount { (money(line.total_minor)) }
                    }
                }
                tr {
                    td { "Shipping: " (invoice.shipping.title) }
                    td.amount {}
                    td.amount {}
                    td.amount { (money(invoice.shipping.net_minor)) }
                    @if discounted { td.amount {} }
                    td.amount { (money(invoice.shipping.tax_minor)) (rates(&invoice.shipping.taxes)) }
                    td.amount { (money(invoice.shipping.total_minor)) }
                }
            }
        }
    }
}

fn credited_lines(note: &CreditNoteDocument) -> Markup {
    let money = |minor: i64| amount(minor, note.currency);
    html! {
        table {
            thead { tr {
                th { "Credited" }
                th.amount { "Quantity" }
                th.amount { "Net" }
                th.amount { "Tax" }
                th.amount { "Total" }
            } }
            tbody {
                @for line in &note.lines {
                    tr {
                        td { (described(&line.title, &line.variant_title, line.sku.as_str())) }
                        td.amount { (line.quantity) }
                        td.amount { (money(line.net_minor)) }
                        td.amount { (money(line.tax_minor)) (rates(&line.taxes)) }
                        td.amount { (money(line.total_minor)) }
                    }
                }
                @if let Some(shipping) = &note.shipping {
                    tr {
                        td { "Shipping: " (shipping.title) }
                        td.amount {}
                        td.amount { (money(shipping.net_minor)) }
                        td.amount { (money(shipping.tax_minor)) (rates(&shipping.taxes)) }
                        td.amount { (money(shipping.total_minor)) }
                    }
                }
                @if let Some(allowance) = &note.allowance {
                    tr {
                        td { (allowance_name(note)) }
                        td.amount {}
                        td.amount { (money(allowance.amount.net_minor)) }
                        td.amount { (money(allowance.amount.tax_minor)) }
                        td.amount { (money(allowance.amount.total_minor)) }
                    }
                }
            }
        }
    }
}

fn allowance_name(note: &CreditNoteDocument) -> Markup {
    match &note.cancels {
        None => html! { "Allowance on the invoice" },
        Some(number) => html! { "Cancelled of credit note " (number) },
    }
}

fn described(title: &str, variant: &str, sku: &str) -> Markup {
    html! {
        p.name { (title) }
        p.muted {
            @if !variant.is_empty() { (variant) ", " }
            "SKU " (sku)
        }
    }
}

/// Under a line's tax: which rates it is made of.
fn rates(taxes: &[TaxLine]) -> Markup {
    let rates: Vec<String> = taxes.iter().map(|tax| format!("{} %", tax.rate)).collect();
    html! { @if !rates.is_empty() { p.muted { (rates.join(" + ")) } } }
}

fn taxes(summary: &[TaxSummaryLine], groups: &TaxGroups, currency: Currency) -> Markup {
    let untaxed = groups.untaxed_minor();
    html! {
        table.taxes {
            thead { tr {
                th { "Tax" }
                th.amount { "Rate" }
                th.amount { "Net amount" }
                th.amount { "Tax amount" }
            } }
            tbody {
                @for line in summary {
                    tr {
                        td { (line.name) }
                        td.amount { (line.rate) " %" }
                        td.amount { (amount(line.net_minor, currency)) }
                        td.amount { (amount(line.tax_minor, currency)) }
                    }
                }
                @if untaxed != 0 || summary.is_empty() {
                    tr {
                        td { "No tax" }
                        td.amount {}
                        td.amount { (amount(untaxed, currency)) }
                        td.amount { (amount(0, currency)) }
                    }
                }
            }
        }
    }
}

fn invoice_totals(invoice: &InvoiceDraft) -> Markup {
    let currency = invoice.currency;
    let money = |minor: i64| amount(minor, currency);
    let totals = &invoice.totals;
    html! {
        table.totals {
            (total_row("Subtotal, net", &money(totals.subtotal_minor)))
            @if totals.discount_minor != 0 {
                (total_row("Discount", &taken_off(totals.discount_minor, currency)))
            }
            (total_row("Shipping, net", &money(totals.shipping_minor)))
            (total_row("Tax", &money(totals.tax_minor)))
            @if let Some(reduction) = &invoice.reduction {
                (total_row("Order total", &money(totals.total_minor)))
                (total_row("Reduction, net", &taken_off(reduction.amount.net_minor, currency)))
                (total_row("Reduction, tax", &taken_off(reduction.amount.tax_minor, currency)))
            }
            (sum_row("Total", invoice.amount.total_minor, currency))
        }
    }
}

fn taken_off(minor: i64, currency: Currency) -> String {
    let text = amount(minor, currency);
    if minor > 0 { [MINUS, &text].concat() } else { text }
}

fn total_row(name: &str, value: &str) -> Markup {
    html! { tr { td { (name) } td.amount { (value) } } }
}

fn sum_row(name: &str, minor: i64, currency: Currency) -> Markup {
    let value = [currency.code(), " ", &amount(minor, currency)].concat();
    html! { tr.sum { td { (name) } td.amount { (value) } } }
}

fn paid(payment: &InvoicePayment) -> Markup {
    let gateway = match payment.gateway {
        Gateway::Sandbox => "Sandbox",
        Gateway::Stripe => "Stripe",
        Gateway::Razorpay => "Razorpay",
        Gateway::Paypal => "PayPal",
        Gateway::AuthorizeNet => "Authorize.net",
    };
    html! {
        div.note {
            h2 { "Payment" }
            p { "Paid on " (day(payment.paid_at)) " with " (gateway) "." }
            @if let Some(reference) = &payment.reference { p.muted { "Reference " (reference) } }
        }
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
