//! One order with its gateway: the real flows, a buyer who pays or does not, and answers that get lost.

use std::collections::BTreeMap;

use cartwright::domain::id::{OperationId, OrderId, ShardNumber, Sku};
use cartwright::domain::inventory::{ChannelId, ClaimCommand, ClaimTerms};
use cartwright::domain::money::Money;
use cartwright::domain::order::{ChannelOrder, ClaimState, Order, Restock};
use cartwright::domain::payment::{
    CallFailure, CaptureMode, Gateway, PaymentReport, ReportedState,
};
use cartwright::domain::time::Timestamp;
use cartwright::flows::advance::{Input, advance};
use cartwright::flows::owed::Effect;
use cartwright::flows::place::{Draft, place, place_sold};
use cartwright::flows::returns::{ReturnAsk, take_back};
use cartwright::flows::schedule::SEARCH_PROVES_AFTER_MILLISECONDS;
use serde_json::json;
use uuid::Uuid;

use super::refunds::refund_of;

/// A bundle of one unit of one SKU and two of another.
pub const BUNDLE: (&str, &str, &str) = ("SET", "CUP", "MUG");

const UNIT_PRICE_MINOR: i64 = 1_000;
const WINDOW_SECONDS: u32 = 900;
const GRACE_SECONDS: u32 = 300;

/// An order and what its gateway knows of it.
pub struct Shopping {
    pub order: Order,
    pub gateway: Option<PaymentReport>,
    /// Whether money was ever held or taken.
    pub brought_money: bool,
    /// The key that the payment was begun under.
    begun_under: Option<OperationId>,
    /// What the gateway gave back, by key.
    pub given_back: BTreeMap<OperationId, i64>,
    pub next_id: u128,
}

/// What is bought: quantities by SKU, lines that may name one SKU twice.
pub fn draft(lines: &[(Sku, u32)], mode: CaptureMode, claim_terms: ClaimTerms) -> Draft {
    let total = |quantity: u32| i64::from(quantity) * UNIT_PRICE_MINOR;
    let goods: i64 = lines.iter().map(|(_, quantity)| total(*quantity)).sum();
    let line = |(sku, quantity): &(Sku, u32)| {
        let components = if sku.as_str() == BUNDLE.0 {
            json!([{"sku": BUNDLE.1, "quantity": 1}, {"sku": BUNDLE.2, "quantity": 2}])
        } else {
            json!([])
        };
        json!({
            "components": components,
            "sku": sku, "product_id": "thing", "title": "Thing", "variant_title": "",
            "quantity": quantity, "unit_price_minor": UNIT_PRICE_MINOR,
            "net_minor": total(*quantity), "discount_minor": 0, "tax_minor": 0,
            "total_minor": total(*quantity), "taxes": []
        })
    };
    let lines: Vec<_> = lines.iter().map(line).collect();
    let address = json!({
        "name": "Ada", "line1": "1 Main St", "city": "Portland", "region": "OR",
        "postal_code": "97201", "country": "US"
    });
    let draft = json!({
        "email": "ada@example.com", "shipping_address": address, "billing_address": null,
        "cart": {
            "currency": "USD", "tax_included": false, "lines": lines,
            "shipping": {"method": "standard", "title": "Standard", "net_minor": 0,
                "tax_minor": 0, "total_minor": 0, "taxes": []},
            "totals": {"subtotal_minor": goods, "shipping_minor": 0, "discount_minor": 0,
                "tax_minor": 0, "total_minor": goods}
        },
        "claim_terms": claim_terms, "gateway": Gateway::Sandbox, "method": null,
        "return_url": null, "capture_mode": mode, "payment_window_seconds": WINDOW_SECONDS,
        "reservation_grace_seconds": GRACE_SECONDS, "invoice_series": "INV"
    });
    serde_json::from_value(draft).unwrap()
}

impl Shopping {
    pub fn new(number: u128, draft: Draft, sold_by: Option<ChannelId>, now: Timestamp) -> Self {
        let id = OrderId::new(ShardNumber(0), Uuid::from_u128(number));
        let order = match sold_by {
            None => place(draft, id, now),
            Some(channel) => {
                let (order_id, fingerprint) = (number.to_string(), String::new());
                place_sold(draft, ChannelOrder { channel, order_id, fingerprint }, id, now)
            }
        };
        let (gateway, brought_money, begun_under) = (None, false, None);
        let (given_back, next_id) = (BTreeMap::new(), number << 64);
        Self { order, gateway, brought_money, begun_under, given_back, next_id }
    }

    /// Feeds an input to the order, and holds the order to its promises before and after.
    pub fn feed(&mut self, input: Input, now: Timestamp) {
        let (before, version) = (self.order.status, self.order.version);
        let next_id = &mut self.next_id;
        let mut fresh = || {
            *next_id += 1;
            Uuid::from_u128(*next_id)
        };
        let changed = advance(&mut self.order, input, now, &mut fresh);
        assert!(before.may_become(self.order.status), "{before:?} {:#?}", self.order);
        assert_eq!(self.order.check(), Ok(()), "{:#?}", self.order);
        // Lists go by the version: a change that does not count it on would never be seen there.
        assert_eq!(self.order.version, version + i64::from(changed), "{:#?}", self.order);
        self.check_money(!before.is_terminal());
    }

    /// An order believes in no money that is not there, and is closed only when none can come.
    fn check_money(&self, was_alive: bool) {
        let Some(payment) = &self.order.payment else { return };
        assert!(self.brought_money || !payment.is_secured(), "believes: {:#?}", self.order);
        if was_alive && self.order.status.is_terminal() {
            let state = self.gateway.as_ref().map(|report| report.state);
            let is_over =
                matches!(state, None | Some(ReportedState::Cancelled | ReportedState::Failed));
            assert!(is_over, "closed while money may come: {state:?} {:#?}", self.order);
        }
    }

    /// What somebody says in the gateway's name of an amount that was never asked for.
    pub fn wrong_report(&self, now: Timestamp) -> Option<PaymentReport> {
        let known = self.gateway.clone()?;
        let amount = Money::new(known.amount.amount - 100, known.amount.currency);
        let captured_minor = amount.amount;
        let state = ReportedState::Captured;
        Some(PaymentReport { amount, captured_minor, state, occurred_at: now, ..known })
    }

    /// A payment that its gateway had called over brings money all the same, after its order was closed.
    pub fn pay_late(&mut self, now: Timestamp) -> Option<PaymentReport> {
        let state = self.gateway.as_ref()?.state;
        let is_over = matches!(state, ReportedState::Cancelled | ReportedState::Failed);
        if !is_over || !self.order.status.is_terminal() {
            return None;
        }
        self.brought_money = true;
        self.gateway = Some(self.report(ReportedState::Captured, now));
        self.gateway.clone()
    }

    /// Units come back without a refund, if so many were sold and have not come back yet.
    pub fn take_back(&mut self, ask: &ReturnAsk, now: Timestamp) -> bool {
        let next_id = &mut self.next_id;
        let mut fresh = || {
            *next_id += 1;
            Uuid::from_u128(*next_id)
        };
        let taken = take_back(&mut self.order, ask, now, &mut fresh).is_ok();
        assert_eq!(self.order.check(), Ok(()), "{:#?}", self.order);
        taken
    }

    /// The buyer pays, unless the payment is over.
    pub fn pay(&mut self, now: Timestamp) {
        let held = self.order.payment.as_ref().map(|p| p.capture_mode) == Some(CaptureMode::Manual);
        let state = if held { ReportedState::Authorized } else { ReportedState::Captured };
        self.become_state(state, now);
    }

    /// The gateway moves on, unless the payment is over.
    pub fn become_state(&mut self, state: ReportedState, now: Timestamp) {
        use ReportedState::{Authorized, Cancelled, Captured, Failed};
        let possible = self.gateway.as_ref().is_some_and(|known| match known.state {
            Captured | Cancelled | Failed => false,
            Authorized => state == Failed,
            _ => true,
        });
        if possible {
            self.brought_money |=
                matches!(state, ReportedState::Authorized | ReportedState::Captured);
            self.gateway = Some(self.report(state, now));
        }
    }

    fn report(&self, state: ReportedState, now: Timestamp) -> PaymentReport {
        let total = self.order.cart.totals.total_minor;
        let captured = if state == ReportedState::Captured { total } else { 0 };
        let amount = Money::new(total, self.order.cart.currency);
        PaymentReport::new("pay_1".to_owned(), state, amount, captured, now)
    }

    /// Performs what is not stock and gives the true answer. None for what nobody answers here.
    pub fn perform(&mut self, effect: &Effect, now: Timestamp) -> Option<Input> {
        let told = |known: &Option<PaymentReport>| known.clone().unwrap();
        Some(match effect {
            Effect::NumberInvoice { series } => Input::Invoice(format!("{series}-1")),
            Effect::Authorize { operation } | Effect::Recover { operation, .. } => {
                if self.gateway.is_none() {
                    assert!(self.order.closing.is_none(), "a closing order starts no payment");
                    self.gateway = Some(self.report(ReportedState::Processing, now));
                    self.begun_under = Some(*operation);
                }
                assert_eq!(self.begun_under, Some(*operation), "asked for under another key");
                Input::Gateway { operation: *operation, result: Ok(told(&self.gateway)) }
            }
            Effect::Find { operation, asked_at } => {
                let (age, operation) = (now.milliseconds_since(*asked_at), *operation);
                match self.gateway.clone() {
                    Some(report) => Input::Gateway { operation, result: Ok(report) },
                    None if age < SEARCH_PROVES_AFTER_MILLISECONDS => Input::NotTold(operation),
                    None => Input::NeverReceived(operation),
                }
            }
            Effect::Retrieve { .. } => Input::Report(told(&self.gateway)),
            Effect::Void { operation, .. } => {
                if told(&self.gateway).state != ReportedState::Captured {
                    self.gateway = Some(self.report(ReportedState::Cancelled, now));
                }
                Input::Gateway { operation: *operation, result: Ok(told(&self.gateway)) }
            }
            Effect::Capture { operation, .. } => {
                let is_sold = self.order.claims.iter().all(|c| c.claim == ClaimState::Committed);
                assert!(is_sold, "money is taken before its goods are sold: {:#?}", self.order);
                if told(&self.gateway).state == ReportedState::Authorized {
                    self.gateway = Some(self.report(ReportedState::Captured, now));
                }
                Input::Gateway { operation: *operation, result: Ok(told(&self.gateway)) }
            }
            Effect::NumberCreditNote { series, refund } => {
                Input::CreditNote { refund: *refund, number: format!("{series}-{refund}") }
            }
            Effect::CancelCreditNote { series, refund, moved_minor } => {
                let number = format!("{series}-{refund}-{moved_minor}");
                let (refund, moved_minor) = (*refund, *moved_minor);
                Input::CreditNoteCancelled { refund, number, moved_minor }
            }
            _ => self.refund(refund_of(effect)?, now),
        })
    }

    /// The answer of a gateway that can't be reached, if the effect speaks to one.
    pub fn lost(&self, effect: &Effect) -> Option<Input> {
        let failure = || CallFailure::Unknown { reason: "timeout".to_owned() };
        match effect {
            Effect::Authorize { operation }
            | Effect::Recover { operation, .. }
            | Effect::Find { operation, .. }
            | Effect::Capture { operation, .. }
            | Effect::Void { operation, .. } => {
                Some(Input::Gateway { operation: *operation, result: Err(failure()) })
            }
            Effect::Retrieve { .. } => {
                let payment = self.order.payment.as_ref()?;
                Some(Input::NotTold(payment.authorize_operation()?.id))
            }
            _ => {
                let operation = refund_of(effect)?;
                Some(Input::Refunded { operation, result: Err(failure()) })
            }
        }
    }
}

/// What an effect says to a SKU, if it speaks to one.
pub fn claim_of(effect: &Effect) -> Option<(Sku, ClaimCommand)> {
    Some(match effect.clone() {
        Effect::Reserve { sku, quantity, expires_at } => {
            (sku, ClaimCommand::Reserve { quantity, expires_at })
        }
        Effect::Commit { sku, quantity } => (sku, ClaimCommand::Commit { quantity }),
        Effect::Release { sku } => (sku, ClaimCommand::Release),
        Effect::Restock(Restock { sku, key, quantity, condition, location }) => {
            (sku, ClaimCommand::Restock { key, quantity, condition, location })
        }
        _ => return None,
    })
}
