//! The credit note: what a refund takes back of an invoice, for every tax.

use serde::{Deserialize, Serialize};

use super::apportion::apportion;
use super::document::{Buyer, DocumentKind, FORMAT, Heading, InvoiceDraft, InvoiceLine};
use super::tax_groups::{Amount, PartByTax, TaxGroup, TaxGroups, TaxSummaryLine};
use crate::domain::currency::Currency;
use crate::domain::id::{OrderId, RefundId, Sku};
use crate::domain::money::{MoneyError, add_minor, subtract_minor, sum_minor};
use crate::domain::order::{Order, Refund, RefundedLine};
use crate::domain::seller::Seller;
use crate::domain::tax::TaxLine;
use crate::domain::time::Timestamp;

/// What a credit note is made of: the invoice and the refund. What earlier credit notes took is known
/// where they are numbered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNoteDraft {
    /// The invoice's number.
    pub invoice_number: String,
    /// The invoice.
    pub invoice: InvoiceDraft,
    /// What is given back.
    pub refund: Refund,
}

/// What is given back of one SKU. `net_minor + tax_minor = total_minor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreditedLine {
    /// The stock-keeping unit.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    pub sku: Sku,
    /// The product's name when it was bought.
    pub title: String,
    /// The variant's name when it was bought.
    pub variant_title: String,
    /// How many.
    pub quantity: u32,
    /// Without tax.
    pub net_minor: i64,
    /// The sum of `taxes`.
    pub tax_minor: i64,
    /// With tax.
    pub total_minor: i64,
    /// Each tax on it.
    pub taxes: Vec<TaxLine>,
}

/// What is given back of shipping. `net_minor + tax_minor = total_minor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreditedShipping {
    /// The shipping method's name.
    pub title: String,
    /// Without tax.
    pub net_minor: i64,
    /// The sum of `taxes`.
    pub tax_minor: i64,
    /// With tax.
    pub total_minor: i64,
    /// Each tax on it.
    pub taxes: Vec<TaxLine>,
}

/// A credit note: immutable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreditNoteDocument {
    /// Number and date.
    #[serde(flatten)]
    pub heading: Heading,
    /// The invoice that it corrects.
    #[schema(example = "INV-000001")]
    pub invoice_number: String,
    /// The order.
    #[schema(value_type = String)]
    pub order_id: OrderId,
    /// The credit note that this one takes back, or a part of it, because its refund failed: then every
    /// amount is below zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "INV-CN-000001")]
    pub cancels: Option<String>,
    /// The refund.
    #[schema(value_type = String)]
    pub refund_id: RefundId,
    /// When the refund was asked for, or heard of.
    #[schema(value_type = String, format = DateTime)]
    pub refunded_at: Timestamp,
    /// Why, in the merchant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The currency of every amount.
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
    /// Who sells, as on the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// Who buys, as on the invoice.
    pub buyer: Buyer,
    /// What is given back by line.
    pub lines: Vec<CreditedLine>,
    /// What is given back of shipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<CreditedShipping>,
    /// What is given back beyond lines and shipping: shared out over what was left of the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowance: Option<PartByTax>,
    /// What is given back in all.
    pub amount: Amount,
    /// The same, by group of taxes; the groups add up to `amount`.
    pub tax_groups: TaxGroups,
    /// The same, by tax.
    pub tax_summary: Vec<TaxSummaryLine>,
}

/// What a refund takes, part by part.
struct Parts {
    lines: Vec<CreditedLine>,
    shipping: Option<CreditedShipping>,
    taken: TaxGroups,
    /// What is left of the invoice afterwards.
    left: TaxGroups,
}

impl CreditNoteDraft {
    /// The draft for a refund; none while the order has no invoice.
    ///
    /// # Errors
    /// As [`InvoiceDraft::of`].
    pub fn of(order: &Order, refund: &Refund) -> Result<Option<Self>, MoneyError> {
        let Some(invoice_number) = order.invoice_number.clone() else {
            return Ok(None);
        };
        let invoice = InvoiceDraft::of(order)?;
        Ok(Some(Self { invoice_number, invoice, refund: refund.clone() }))
    }
}

impl CreditNoteDocument {
    /// Makes the credit note of a refund, given every earlier one of the same invoice, oldest first. Lines and
    /// shipping are taken as the refund says, as far as the invoice still has them; the rest of the
    /// refund's amount is shared out over whatever else is left of the invoice.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when more is given back than is left.
    pub fn issue(
        draft: CreditNoteDraft,
        earlier: &[Self],
        series: String,
        number: String,
        issued_at: Timestamp,
    ) -> Result<Self, MoneyError> {
        let CreditNoteDraft { invoice_number, invoice, refund } = draft;
        let mut left = invoice.tax_groups.clone();
        for note in earlier {
            left = match note.cancels {
                None => left.minus(&note.tax_groups)?,
                Some(_) => TaxGroups::of(left.0.into_iter().chain(note.tax_groups.negated()?.0))?,
            };
        }
        let standing = standing(earlier)?;
        let parts = Parts::of(&invoice, &refund, &standing, left.clone())?;
        let assigned = parts.taken.amount()?.total_minor;
        // A refund that gives less than its lines come to is a refund of an amount.
        let parts = if assigned > refund.amount_minor { Parts::none(left) } else { parts };
        let assigned = parts.taken.amount()?.total_minor;
        let rest = parts.left.share(subtract_minor(refund.amount_minor, assigned)?)?;
        let tax_groups = TaxGroups::of(parts.taken.0.into_iter().chain(rest.0.iter().cloned()))?;
        let tax_groups = tax_groups.without_empty();
        let kind = DocumentKind::CreditNote;
        Ok(Self {
            heading: Heading { format: FORMAT, kind, series, number, issued_at },
            invoice_number,
            order_id: invoice.order_id,
            cancels: None,
            refund_id: refund.id,
            refunded_at: refund.requested_at,
            reason: refund.reason,
            currency: invoice.currency,
            seller: invoice.seller,
            buyer: invoice.buyer,
            lines: parts.lines,
            shipping: parts.shipping,
            allowance: PartByTax::of(rest)?,
            amount: tax_groups.amount()?,
            tax_summary: tax_groups.summary()?,
            tax_groups,
        })
    }
}

/// The notes of which something still stands.
fn standing(notes: &[CreditNoteDocument]) -> Result<Vec<&CreditNoteDocument>, MoneyError> {
    let mut standing = Vec::new();
    for note in notes.iter().filter(|note| note.cancels.is_none()) {
        let cancelled = note.cancelled_by(notes).map(|by| by.amount.total_minor);
        if add_minor(note.amount.total_minor, sum_minor(cancelled)?)? > 0 {
            standing.push(note);
        }
    }
    Ok(standing)
}

impl Parts {
    const fn none(left: TaxGroups) -> Self {
        Self { lines: Vec::new(), shipping: None, taken: TaxGroups(Vec::new()), left }
    }

    fn of(
        invoice: &InvoiceDraft,
        refund: &Refund,
        earlier: &[&CreditNoteDocument],
        left: TaxGroups,
    ) -> Result<Self, MoneyError> {
        let mut parts = Self::none(left);
        let mut taken = Vec::new();
        for line in &refund.lines {
            let Some(invoiced) = invoice.lines.iter().find(|known| known.sku == line.sku) else {
                continue;
            };
            let part = parts.left.take(&wanted_of_line(invoiced, line, earlier)?)?;
            parts.lines.push(CreditedLine::of(invoiced, line.quantity, &part)?);
            taken.push(part);
        }
        if refund.shipping_minor > 0 {
            let part = parts.left.take(&wanted_of_shipping(invoice, refund, earlier)?)?;
            let amount = part.amount()?;
            parts.shipping = Some(CreditedShipping {
                title: invoice.shipping.title.clone(),
                net_minor: amount.net_minor,
                tax_minor: amount.tax_minor,
                total_minor: amount.total_minor,
                taxes: part.taxes.clone(),
            });
            taken.push(part);
        }
        parts.taken = TaxGroups::of(taken)?;
        Ok(parts)
    }
}

/// What a refund wants of a line: its net amount, and its tax shared out over the taxes of which the
/// line has some left.
fn wanted_of_line(
    invoiced: &InvoiceLine,
    line: &RefundedLine,
    earlier: &[&CreditNoteDocument],
) -> Result<TaxGroup, MoneyError> {
    let credited = earlier.iter().flat_map(|note| &note.lines).filter(|l| l.sku == invoiced.sku);
    let credited = credited.map(|line| TaxGroup::new(line.net_minor, &line.taxes));
    let left = less(invoiced.tax_group()?, credited)?;
    let weights: Vec<i64> = left.taxes.iter().map(|tax| tax.amount_minor).collect();
    let tax_minor = line.tax_minor.clamp(0, left.amount()?.tax_minor);
    let shares = apportion(tax_minor, &weights)?;
    let taxes = left.taxes.iter().zip(shares);
    Ok(TaxGroup {
        net_minor: line.net_minor.clamp(0, left.net_minor),
        taxes: taxes.map(|(tax, amount_minor)| TaxLine { amount_minor, ..tax.clone() }).collect(),
    })
}

fn wanted_of_shipping(
    invoice: &InvoiceDraft,
    refund: &Refund,
    earlier: &[&CreditNoteDocument],
) -> Result<TaxGroup, MoneyError> {
    let credited = earlier.iter().filter_map(|note| note.shipping.as_ref());
    let credited = credited.map(|part| TaxGroup::new(part.net_minor, &part.taxes));
    let left = TaxGroups(vec![less(invoice.shipping.tax_group(), credited)?]);
    let shipping_minor = refund.shipping_minor.min(left.amount()?.total_minor);
    left.share(shipping_minor)?.0.pop().ok_or(MoneyError::OutOfRange)
}

fn less(whole: TaxGroup, parts: impl Iterator<Item = TaxGroup>) -> Result<TaxGroup, MoneyError> {
    let take = |whole: TaxGroup, part: TaxGroup| {
        whole.combined(&part, |whole, part| subtract_minor(whole, part).map(|left| left.max(0)))
    };
    let mut left = whole;
    for part in parts {
        left = take(left, part)?;
    }
    Ok(left)
}

impl CreditedLine {
    fn of(invoiced: &InvoiceLine, quantity: u32, part: &TaxGroup) -> Result<Self, MoneyError> {
        let amount = part.amount()?;
        Ok(Self {
            sku: invoiced.sku.clone(),
            title: invoiced.title.clone(),
            variant_title: invoiced.variant_title.clone(),
            quantity,
            net_minor: amount.net_minor,
            tax_minor: amount.tax_minor,
            total_minor: amount.total_minor,
            taxes: part.taxes.clone(),
        })
    }
}
