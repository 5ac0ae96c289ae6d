//! An order as callers see it: one shape, with members that only the merchant or only the buyer gets.

use serde::Serialize;
use utoipa::ToSchema;

use super::claim_view::{ClaimView, waits};
use super::given_back::{RefundView, ReturnView};
use crate::api::channel_orders::view::SoldByView;
use crate::domain::address::{Address, Email};
use crate::domain::catalogue::{Component, ProductId, ShippingMethodId};
use crate::domain::currency::Currency;
use crate::domain::id::{OperationId, OrderId, Sku};
use crate::domain::money::Money;
use crate::domain::order::{Attention, CloseReason, FulfilmentStatus, Order, OrderStatus};
use crate::domain::payment::{
    BuyerAction, Gateway, Operation, OperationKind, OperationResult, Origin, PaymentStatus,
};
use crate::domain::pricing::{PricedLine, TaxLine};
use crate::domain::tax::Percent;
use crate::domain::time::Timestamp;

/// Who looks at an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The buyer, who may be told what the browser must do.
    Buyer,
    /// The merchant, who sees what is behind the states.
    Merchant,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView<'a> {
    /// Its identity.
    #[schema(value_type = String, example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80")]
    id: OrderId,
    /// Where it is in its life.
    status: OrderStatus,
    /// Where its money is; derived from the payment's operations.
    payment_status: PaymentStatus,
    /// Where its goods are; derived from quantities.
    fulfilment_status: FulfilmentStatus,
    /// The channel that sold it and was paid for it; absent for checkouts.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<SoldByView<'a>>,
    /// Why it is being, or was, closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    close_reason: Option<CloseReason>,
    /// The currency of every amount.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Whether unit prices contain the tax.
    tax_included: bool,
    /// Who buys.
    email: &'a Email,
    /// Where it goes.
    shipping_address: &'a Address,
    /// Who pays, if not the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<&'a Address>,
    /// What is bought, one line a SKU.
    lines: Vec<LineView<'a>>,
    /// How it travels.
    shipping: ShippingView<'a>,
    /// What it comes to: subtotal + shipping + tax - discount = total.
    totals: TotalsView,
    /// How it is paid; absent if there is nothing to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentView<'a>>,
    /// Money given back, oldest first; absent if none was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<RefundView<'a>>,
    /// Goods that came back without a refund, oldest first; absent if none did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    returns: Vec<ReturnView<'a>>,
    /// The number of its invoice, once paid.
    invoice_number: Option<&'a str>,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Until when it can be paid.
    #[schema(value_type = String, format = DateTime)]
    payment_window_ends_at: Timestamp,
    /// For secret keys: grows by one with every change.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// For secret keys: what was asked of the gateway and what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<OperationView>>,
    /// For secret keys: what was asked of each SKU and what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Vec<ClaimView<'a>>>,
    /// For secret keys: what a person must look at; empty if nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    attention: Option<&'a [Attention]>,
}

/// One SKU of an order: net - discount + tax = total.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView<'a> {
    /// The SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// The product it is a variant of.
    product_id: &'a ProductId,
    /// The product's name when it was bought.
    title: &'a str,
    /// The variant's name when it was bought.
    variant_title: &'a str,
    /// How many.
    quantity: u32,
    /// The price of one as the catalogue showed it.
    unit_price: Money,
    /// All of them without tax, before any discount.
    net: Money,
    /// What is taken off.
    discount: Money,
    /// The sum of `taxes`.
    tax: Money,
    /// What is paid for the line.
    total: Money,
    /// Each tax on the line.
    taxes: Vec<TaxView<'a>>,
    /// For a bundle: the SKUs that one of it is made of, as it was bought.
    #[serde(skip_serializing_if = "<[Component]>::is_empty")]
    components: &'a [Component],
    /// Units of the SKU that the order waits for; absent if it waits for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    back_ordered: Option<i64>,
    /// When those are expected, if the merchant says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
}

/// One tax.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaxView<'a> {
    /// Its name, such as `VAT`.
    name: &'a str,
    /// In percent of the net amount.
    rate: &'a Percent,
    /// How much it comes to.
    amount: Money,
}

/// The shipping of an order: net + tax = total.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShippingView<'a> {
    /// The shipping method.
    method: &'a ShippingMethodId,
    /// Its name when it was chosen.
    title: &'a str,
    /// Without tax.
    net: Money,
    /// The sum of `taxes`.
    tax: Money,
    /// What is paid for shipping.
    total: Money,
    /// Each tax on shipping.
    taxes: Vec<TaxView<'a>>,
}

/// What an order comes to.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsView {
    /// The lines, net.
    subtotal: Money,
    /// Shipping, net.
    shipping: Money,
    /// The lines' discounts.
    discount: Money,
    /// All tax, that on shipping included.
    tax: Money,
    /// What is paid.
    total: Money,
}

/// How an order is paid.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentView<'a> {
    /// Who moves the money.
    gateway: Gateway,
    /// Where the money is.
    status: PaymentStatus,
    /// For the buyer: what the browser must do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a BuyerAction>,
    /// Why the last attempt was declined, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline: Option<&'a crate::domain::payment::Decline>,
    /// What was taken.
    captured: Money,
    /// What was given back.
    refunded: Money,
    /// When held money lapses, if some is held and the gateway says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    authorized_until: Option<Timestamp>,
    /// For secret keys: the gateway's own identity of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    /// For secret keys: minor units that could be captured, and refunded, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    movable: Option<MovableView>,
}

/// What could be moved now.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovableView {
    /// Held and not taken.
    capturable: Money,
    /// Taken, and neither given back nor on its way back nor contested.
    refundable: Money,
}

/// One thing asked of a gateway.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationView {
    /// The idempotency key at the gateway.
    #[schema(value_type = String, example = "op_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")]
    id: OperationId,
    /// What it does.
    kind: OperationKind,
    /// How much it moves.
    amount: Money,
    /// What became of it.
    result: OperationResult,
    /// Who started it: the order by its rules, the merchant, or somebody at the gateway.
    origin: Origin,
    /// Who moves the money of it.
    gateway: Gateway,
    /// The gateway's identity of the movement, if it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Why it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// A chargeback: until when it may be contested.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    respond_by: Option<Timestamp>,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When its money moved, or when it was certain that it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
}

impl<'a> OrderView<'a> {
    /// An order as this audience sees it.
    #[must_use]
    pub fn of(order: &'a Order, audience: Audience) -> Self {
        let currency = order.cart.currency;
        let money = |minor: i64| Money::new(minor, currency);
        let merchant = audience == Audience::Merchant;
        let totals = &order.cart.totals;
        let shipping = &order.cart.shipping;
        Self {
            id: order.id,
            status: order.status,
            payment_status: order.payment_status(),
            fulfilment_status: order.fulfilment_status(),
            channel: SoldByView::of(order),
            close_reason: order.closing,
            currency,
            tax_included: order.cart.tax_included,
            email: &order.email,
            shipping_address: &order.shipping_address,
            billing_address: order.billing_address.as_ref(),
            lines: order.cart.lines.iter().map(|line| LineView::of(line, order)).collect(),
            shipping: ShippingView {
                method: &shipping.method,
                title: &shipping.title,
                net: money(shipping.net_minor),
                tax: money(shipping.tax_minor),
                total: money(shipping.total_minor),
                taxes: taxes(&shipping.taxes, currency),
            },
            totals: TotalsView {
                subtotal: money(totals.subtotal_minor),
                shipping: money(totals.shipping_minor),
                discount: money(totals.discount_minor),
                tax: money(totals.tax_minor),
                total: money(totals.total_minor),
            },
            payment: PaymentView::of(order, audience),
            refunds: order.refunds.iter().map(|refund| RefundView::of(order, refund)).collect(),
            returns: order.returns.iter().map(ReturnView::of).collect(),
            invoice_number: order.invoice_number.as_deref(),
            created_at: order.created_at,
            updated_at: order.updated_at,
            payment_window_ends_at: order.payment_window_ends_at,
            version: merchant.then_some(order.version),
            operations: merchant.then(|| operations(order)),
            claims: merchant
                .then(|| order.claims.iter().map(|claim| ClaimView::of(order, claim)).collect()),
            attention: merchant.then_some(order.attention.as_slice()),
        }
    }
}

impl<'a> LineView<'a> {
    fn of(line: &'a PricedLine, order: &'a Order) -> Self {
        let currency = order.cart.currency;
        let money = |minor: i64| Money::new(minor, currency);
        let claim = order.claims.iter().find(|claim| claim.sku == line.sku);
        let (back_ordered, expected_at) = waits(claim);
        Self {
            sku: &line.sku,
            product_id: &line.product_id,
            title: &line.title,
            variant_title: &line.variant_title,
            quantity: line.quantity,
            unit_price: money(line.unit_price_minor),
            net: money(line.net_minor),
            discount: money(line.discount_minor),
            tax: money(line.tax_minor),
            total: money(line.total_minor),
            taxes: taxes(&line.taxes, currency),
            components: &line.components,
            back_ordered,
            expected_at,
        }
    }
}

fn taxes(taxes: &[TaxLine], currency: Currency) -> Vec<TaxView<'_>> {
    taxes
        .iter()
        .map(|tax| TaxView {
            name: &tax.name,
            rate: &tax.rate,
            amount: Money::new(tax.amount_minor, currency),
        })
        .collect()
}

impl<'a> PaymentView<'a> {
    fn of(order: &'a Order, audience: Audience) -> Option<Self> {
        let payment = order.payment.as_ref()?;
        let money = |minor: i64| Money::new(minor, order.cart.currency);
        Some(Self {
            gateway: payment.gateway,
            status: payment.status(),
            action: action(order).filter(|_| audience == Audience::Buyer),
            decline: order.decline(),
            captured: money(payment.succeeded_minor(OperationKind::Capture)),
            refunded: money(payment.succeeded_minor(OperationKind::Refund)),
            authorized_until: payment.held_until(),
            reference: payment.reference().filter(|_| audience == Audience::Merchant),
            movable: (audience == Audience::Merchant).then(|| MovableView {
                capturable: money(payment.capturable_minor()),
                refundable: money(payment.refundable_minor()),
            }),
        })
    }
}

/// What the buyer's browser must do next, if it is known.
#[must_use]
pub fn action(order: &Order) -> Option<&BuyerAction> {
    order.payment.as_ref()?.report.as_ref()?.action.as_ref()
}

/// Every operation of every payment, in the order in which they were written down.
#[must_use]
pub fn operations(order: &Order) -> Vec<OperationView> {
    let currency = order.cart.currency;
    let view = |gateway: Gateway, operation: &Operation| OperationView {
        id: operation.id,
        kind: operation.kind,
        amount: Money::new(operation.amount_minor, currency),
        result: operation.result,
        origin: operation.origin,
        gateway,
        reference: operation.reference.clone(),
        reason: operation.reason.clone(),
        failure: operation.failure.clone(),
        respond_by: operation.respond_by,
        requested_at: operation.requested_at,
        completed_at: operation.completed_at,
    };
    let mut all: Vec<_> = order
        .payments()
        .flat_map(|payment| payment.operations.iter().map(|o| view(payment.gateway, o)))
        .collect();
    all.sort_by_key(|operation| operation.requested_at);
    all
}
