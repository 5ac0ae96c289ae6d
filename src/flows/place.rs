//! The first step of a checkout: the order as it is written before anybody is asked for anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::address::{Address, Email};
use crate::domain::id::{OrderId, Sku};
use crate::domain::inventory::ClaimTerms;
use crate::domain::money::Money;
use crate::domain::order::{ChannelOrder, ClaimState, Order, OrderStatus, StockClaim};
use crate::domain::payment::{CaptureMode, Gateway, Payment};
use crate::domain::pricing::{PricedCart, PricedLine};
use crate::domain::seller::{Seller, TaxNumber};
use crate::domain::time::Timestamp;

/// What the edge hands to the shard: everything priced, everything validated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Who buys.
    pub email: Email,
    /// Where it goes.
    pub shipping_address: Address,
    /// Who pays, if not the same.
    pub billing_address: Option<Address>,
    /// Lines, shipping, tax and totals.
    pub cart: PricedCart,
    /// What every SKU is told of the order.
    #[serde(default)]
    pub claim_terms: ClaimTerms,
    /// Who moves the money.
    pub gateway: Gateway,
    /// The gateway's name for the means of payment.
    pub method: Option<String>,
    /// Where the gateway sends the browser afterwards.
    pub return_url: Option<String>,
    /// Whether the gateway takes the money at once.
    pub capture_mode: CaptureMode,
    /// What the buyer's statement is to say.
    #[serde(default)]
    pub statement_descriptor: Option<String>,
    /// How long the buyer has to pay.
    pub payment_window_seconds: u32,
    /// How much longer the reservations last, so that the shard can cancel before they end.
    pub reservation_grace_seconds: u32,
    /// The series of the invoice.
    pub invoice_series: String,
    /// Whether a payment that failed for good leaves the order open for another attempt.
    #[serde(default)]
    pub keep_open: bool,
    /// Whether money that comes after the order was closed is given back by itself.
    #[serde(default)]
    pub refund_late_money: bool,
    /// The series of credit notes, if the store named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_note_series: Option<String>,
    /// Who sells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// The buyer's tax number, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_tax_id: Option<TaxNumber>,
}

/// Writes the order down as `placing`, with a claim for every SKU that has stock: lines that
/// share one, by themselves or in bundles, share the claim.
#[must_use]
pub fn place(draft: Draft, id: OrderId, now: Timestamp) -> Order {
    let window_ends_at = now.plus_seconds(i64::from(draft.payment_window_seconds));
    let total = Money::new(draft.cart.totals.total_minor, draft.cart.currency);
    let payment = (total.amount > 0).then(|| Payment {
        method: draft.method,
        return_url: draft.return_url,
        statement_descriptor: draft.statement_descriptor,
        ..Payment::new(draft.gateway, draft.capture_mode, total)
    });
    Order {
        id,
        version: 1,
        status: OrderStatus::Placing,
        created_at: now,
        updated_at: now,
        email: draft.email,
        shipping_address: draft.shipping_address,
        billing_address: draft.billing_address,
        claims: claims(&draft.cart),
        claim_terms: draft.claim_terms,
        cart: draft.cart,
        payment,
        channel: None,
        payment_window_ends_at: window_ends_at,
        claims_expire_at: window_ends_at.plus_seconds(i64::from(draft.reservation_grace_seconds)),
        closing: None,
        invoice_series: draft.invoice_series,
        invoice_number: None,
        credit_note_series: draft.credit_note_series,
        seller: draft.seller,
        buyer_tax_id: draft.buyer_tax_id,
        attention: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        earlier_payments: Vec::new(),
        keep_open: draft.keep_open,
        refund_late_money: draft.refund_late_money,
    }
}

/// As [`place`], for an order that a channel has sold and been paid for: no money is asked for here.
#[must_use]
pub fn place_sold(draft: Draft, sold: ChannelOrder, id: OrderId, now: Timestamp) -> Order {
    Order { payment: None, channel: Some(sold), ..place(draft, id, now) }
}

/// One claim for every SKU with stock, in the order in which the lines first take of it.
fn claims(cart: &PricedCart) -> Vec<StockClaim> {
    let mut places: BTreeMap<&Sku, usize> = BTreeMap::new();
    let mut claims: Vec<StockClaim> = Vec::with_capacity(cart.lines.len());
    for (sku, quantity) in cart.lines.iter().flat_map(PricedLine::units) {
        let at = *places.entry(sku).or_insert(claims.len());
        if let Some(known) = claims.get_mut(at) {
            known.quantity = known.quantity.saturating_add(quantity);
        } else {
            claims.push(StockClaim {
                sku: sku.clone(),
                quantity,
                claim: ClaimState::Requested,
                slice: None,
                placement: None,
                placed_at_version: 0,
                ask_again_at: None,
                times_short: 0,
            });
        }
    }
    claims
}
