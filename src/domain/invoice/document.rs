//! The invoice: an order as it stood when its payment was settled.

use serde::{Deserialize, Serialize};

use super::tax_groups::{Amount, PartByTax, TaxGroup, TaxGroups, TaxSummaryLine};
use crate::domain::address::{Address, Email};
use crate::domain::currency::Currency;
use crate::domain::id::{OrderId, Sku};
use crate::domain::money::{MoneyError, subtract_minor};
use crate::domain::order::Order;
use crate::domain::payment::{Gateway, OperationKind};
use crate::domain::pricing::{PricedLine, PricedShipping};
use crate::domain::seller::{Seller, TaxNumber};
use crate::domain::tax::TaxLine;
use crate::domain::time::Timestamp;

/// The format of the documents that are written now. A document says its own and is never rewritten.
pub const FORMAT: u32 = 1;

/// Which kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// What an order comes to.
    Invoice,
    /// What is given back of it.
    CreditNote,
}

impl DocumentKind {
    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Invoice, Self::CreditNote].into_iter().find(|kind| kind.name() == name)
    }
}

/// What a document gets when it is numbered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Heading {
    /// The format of the document: 1.
    pub format: u32,
    /// What it is.
    pub kind: DocumentKind,
    /// The series it is numbered in.
    #[schema(example = "INV")]
    pub series: String,
    /// Its number: unique, and without a gap in its series.
    #[schema(example = "INV-000001")]
    pub number: String,
    /// When it was numbered.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
}

/// Who buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Buyer {
    /// The name on the bill.
    pub name: String,
    /// Where to write to.
    pub email: Email,
    /// Who pays.
    pub billing_address: Address,
    /// Where it goes.
    pub shipping_address: Address,
    /// The buyer's tax number, as given at checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<TaxNumber>,
}

/// One SKU. `net_minor - discount_minor + tax_minor = total_minor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvoiceLine {
    /// The stock-keeping unit.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    pub sku: Sku,
    /// The product's name when it was bought.
    pub title: String,
    /// The variant's name when it was bought.
    pub variant_title: String,
    /// How many.
    pub quantity: u32,
    /// The price of one, with tax if `prices_include_tax`.
    pub unit_price_minor: i64,
    /// All of them without tax, before any discount.
    pub net_minor: i64,
    /// What is taken off the net amount.
    pub discount_minor: i64,
    /// The sum of `taxes`.
    pub tax_minor: i64,
    /// With tax.
    pub total_minor: i64,
    /// Each tax on the line.
    pub taxes: Vec<TaxLine>,
}

/// Shipping. `net_minor + tax_minor = total_minor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvoiceShipping {
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

/// What lines and shipping come to, before any reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvoiceTotals {
    /// The lines, net.
    pub subtotal_minor: i64,
    /// Shipping, net.
    pub shipping_minor: i64,
    /// The lines' discounts.
    pub discount_minor: i64,
    /// All tax.
    pub tax_minor: i64,
    /// All of it.
    pub total_minor: i64,
}

/// How it was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvoicePayment {
    /// Who moved the money.
    pub gateway: Gateway,
    /// The gateway's own identity of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When it was taken, by the gateway's clock.
    #[schema(value_type = String, format = DateTime)]
    pub paid_at: Timestamp,
}

/// Everything on an invoice but what it gets when it is numbered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvoiceDraft {
    /// The order.
    #[schema(value_type = String)]
    pub order_id: OrderId,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    pub ordered_at: Timestamp,
    /// The currency of every amount.
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
    /// Whether unit prices contain the tax.
    pub prices_include_tax: bool,
    /// Who sells; absent if the store's settings did not say when the order was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// Who buys.
    pub buyer: Buyer,
    /// What was bought.
    pub lines: Vec<InvoiceLine>,
    /// How it travels.
    pub shipping: InvoiceShipping,
    /// What lines and shipping come to.
    pub totals: InvoiceTotals,
    /// What was let go, if less than the total was taken and no more can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduction: Option<PartByTax>,
    /// What is invoiced: the totals less the reduction, which is what was taken.
    pub amount: Amount,
    /// What is invoiced, by group of taxes; the groups add up to `amount`.
    pub tax_groups: TaxGroups,
    /// What is invoiced, by tax.
    pub tax_summary: Vec<TaxSummaryLine>,
    /// How it was paid; absent if there was nothing to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<InvoicePayment>,
}

/// An invoice: immutable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvoiceDocument {
    /// Number and date.
    #[serde(flatten)]
    pub heading: Heading,
    /// The rest.
    #[serde(flatten)]
    pub invoice: InvoiceDraft,
}

impl InvoiceDocument {
    /// Gives an invoice its number.
    #[must_use]
    pub const fn issue(
        invoice: InvoiceDraft,
        series: String,
        number: String,
        issued_at: Timestamp,
    ) -> Self {
        let kind = DocumentKind::Invoice;
        Self { heading: Heading { format: FORMAT, kind, series, number, issued_at }, invoice }
    }
}

impl InvoiceDraft {
    /// The invoice of an order as it stands: for what was taken of its total.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when more was taken than the order comes to.
    pub fn of(order: &Order) -> Result<Self, MoneyError> {
        let cart = &order.cart;
        let lines: Vec<InvoiceLine> = cart.lines.iter().map(InvoiceLine::of).collect();
        let shipping = InvoiceShipping::of(&cart.shipping);
        let whole = lines.iter().map(InvoiceLine::tax_group).collect::<Result<Vec<_>, _>>()?;
        let whole = TaxGroups::of(whole.into_iter().chain([shipping.tax_group()]))?.without_empty();
        let total_minor = cart.totals.total_minor;
        let taken = order
            .payment
            .as_ref()
            .map_or(total_minor, |payment| payment.succeeded_minor(OperationKind::Capture));
        let let_go = whole.share(subtract_minor(total_minor, taken)?)?;
        let tax_groups = whole.minus(&let_go)?;
        let billing_address = order.billing_address.as_ref().unwrap_or(&order.shipping_address);
        Ok(Self {
            order_id: order.id,
            ordered_at: order.created_at,
            currency: cart.currency,
            prices_include_tax: cart.tax_included,
            seller: order.seller.clone(),
            buyer: Buyer {
                name: billing_address.name.clone(),
                email: order.email.clone(),
                billing_address: billing_address.clone(),
                shipping_address: order.shipping_address.clone(),
                tax_id: order.buyer_tax_id.clone(),
            },
            lines,
            shipping,
            totals: InvoiceTotals {
                subtotal_minor: cart.totals.subtotal_minor,
                shipping_minor: cart.totals.shipping_minor,
                discount_minor: cart.totals.discount_minor,
                tax_minor: cart.totals.tax_minor,
                total_minor,
            },
            reduction: PartByTax::of(let_go)?,
            amount: tax_groups.amount()?,
            tax_summary: tax_groups.summary()?,
            tax_groups,
            payment: payment(order),
        })
    }
}

fn payment(order: &Order) -> Option<InvoicePayment> {
    let payment = order.payment.as_ref()?;
    let report = payment.report.as_ref()?;
    Some(InvoicePayment {
        gateway: payment.gateway,
        reference: Some(report.reference.clone()),
        paid_at: report.occurred_at,
    })
}

impl InvoiceLine {
    fn of(line: &PricedLine) -> Self {
        Self {
            sku: line.sku.clone(),
            title: line.title.clone(),
            variant_title: line.variant_title.clone(),
            quantity: line.quantity,
            unit_price_minor: line.unit_price_minor,
            net_minor: line.net_minor,
            discount_minor: line.discount_minor,
            tax_minor: line.tax_minor,
            total_minor: line.total_minor,
            taxes: line.taxes.clone(),
        }
    }

    /// The line by its taxes, its discount taken off.
    pub(super) fn tax_group(&self) -> Result<TaxGroup, MoneyError> {
        let net_minor = subtract_minor(self.net_minor, self.discount_minor)?;
        Ok(TaxGroup::new(net_minor, &self.taxes))
    }
}

impl InvoiceShipping {
    fn of(shipping: &PricedShipping) -> Self {
        Self {
            title: shipping.title.clone(),
            net_minor: shipping.net_minor,
            tax_minor: shipping.tax_minor,
            total_minor: shipping.total_minor,
            taxes: shipping.taxes.clone(),
        }
    }

    pub(super) fn tax_group(&self) -> TaxGroup {
        TaxGroup::new(self.net_minor, &self.taxes)
    }
}
