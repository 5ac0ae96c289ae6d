//! The world around an order: it performs effects and answers truthfully, or not at all.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::domain::id::{OrderId, ShardNumber, Sku};
use crate::domain::inventory::{
    ClaimCommand, ClaimReply, ClaimTerms, Reservation, StockLevel, Usage, decide, expire,
};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::payment::{CallFailure, CaptureMode, Gateway, PaymentReport, ReportedState};
use crate::domain::time::Timestamp;
use crate::flows::advance::{Input, advance};
use crate::flows::owed::Effect;
use crate::flows::place::{Draft, place};
use crate::flows::schedule::SEARCH_PROVES_AFTER_MILLISECONDS;

pub const WINDOW_SECONDS: u32 = 900;
pub const GRACE_SECONDS: u32 = 300;

/// One line of two `MUG` and one of `CUP`, 3,400 minor units in all.
pub fn draft(capture_mode: CaptureMode) -> Draft {
    let line = |sku: &str, quantity: u32, total: i64| {
        serde_json::json!({
            "sku": sku, "product_id": "mug", "title": "Mug", "variant_title": "Plain",
            "quantity": quantity, "unit_price_minor": 1000, "net_minor": total,
            "discount_minor": 0, "tax_minor": 0, "total_minor": total, "taxes": []
        })
    };
    let cart = serde_json::json!({
        "currency": "USD", "tax_included": false,
        "lines": [line("MUG", 2, 2000), line("CUP", 1, 1000)],
        "shipping": {"method": "standard", "title": "Standard", "net_minor": 400,
            "tax_minor": 0, "total_minor": 400, "taxes": []},
        "totals": {"subtotal_minor": 3000, "shipping_minor": 400, "discount_minor": 0,
            "tax_minor": 0, "total_minor": 3400}
    });
    let address = serde_json::json!({
        "name": "Ada", "line1": "1 Main St", "city": "Portland", "region": "OR",
        "postal_code": "97201", "country": "US"
    });
    Draft {
        email: serde_json::from_value(serde_json::json!("ada@example.com")).unwrap(),
        shipping_address: serde_json::from_value(address).unwrap(),
        billing_address: None,
        cart: serde_json::from_value(cart).unwrap(),
        claim_terms: ClaimTerms::default(),
        gateway: Gateway::Sandbox,
        method: None,
        return_url: None,
        capture_mode,
        statement_descriptor: None,
        payment_window_seconds: WINDOW_SECONDS,
        reservation_grace_seconds: GRACE_SECONDS,
        invoice_series: "INV".to_owned(),
        keep_open: false,
        refund_late_money: false,
        credit_note_series: None,
        seller: None,
        buyer_tax_id: None,
    }
}

/// An order, two SKUs, a gateway and a clock.
pub struct World {
    pub order: Order,
    pub now: Timestamp,
    pub levels: BTreeMap<Sku, StockLevel>,
    pub claims: BTreeMap<Sku, Reservation>,
    pub gateway: Option<PaymentReport>,
    pub payments_started: usize,
    pub invoices: usize,
    next_id: u128,
}

impl World {
    pub fn new(capture_mode: CaptureMode, mugs: i64, cups: i64) -> Self {
        let now = Timestamp::from_milliseconds(1_000_000);
        let id = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
        let level = StockLevel::stocked;
        Self {
            order: place(draft(capture_mode), id, now),
            now,
            levels: BTreeMap::from([
                ("MUG".parse().unwrap(), level(mugs)),
                ("CUP".parse().unwrap(), level(cups)),
            ]),
            claims: BTreeMap::new(),
            gateway: None,
            payments_started: 0,
            invoices: 0,
            next_id: 100,
        }
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// Feeds an input to the order, and holds the order to its promises before and after.
    pub fn feed(&mut self, input: Input) {
        let before = self.order.clone();
        let next_id = &mut self.next_id;
        let mut fresh = || {
            *next_id += 1;
            Uuid::from_u128(*next_id)
        };
        advance(&mut self.order, input, self.now, &mut fresh);
        assert!(before.status.may_become(self.order.status), "{before:#?} {:#?}", self.order);
        assert_eq!(self.order.check(), Ok(()), "{:#?}", self.order);
        let kept = before
            .payment
            .iter()
            .flat_map(|p| &p.operations)
            .zip(self.order.payment.iter().flat_map(|p| &p.operations));
        for (old, new) in kept {
            assert_eq!(old.id, new.id, "the ledger is append-only");
        }
    }

    /// Performs an effect and gives the true answer.
    pub fn perform(&mut self, effect: &Effect) -> Input {
        match effect {
            Effect::Reserve { sku, quantity, expires_at } => {
                let (quantity, expires_at) = (*quantity, *expires_at);
                self.stock(sku, &ClaimCommand::Reserve { quantity, expires_at })
            }
            Effect::Commit { sku, quantity } => {
                self.stock(sku, &ClaimCommand::Commit { quantity: *quantity })
            }
            Effect::Release { sku } => self.stock(sku, &ClaimCommand::Release),
            Effect::NumberInvoice { series } => {
                self.invoices = 1;
                Input::Invoice(format!("{series}-1"))
            }
            Effect::NumberCreditNote { series, refund } => {
                Input::CreditNote { refund: *refund, number: format!("{series}-1") }
            }
            Effect::CancelCreditNote { series, refund, moved_minor } => {
                Input::CreditNoteCancelled {
                    refund: *refund,
                    number: format!("{series}-{refund}-{moved_minor}"),
                    moved_minor: *moved_minor,
                }
            }
            Effect::Authorize { operation } | Effect::Recover { operation, .. } => {
                if self.gateway.is_none() {
                    assert!(self.order.closing.is_none(), "a closing order starts no payment");
                    self.payments_started += 1;
                    self.gateway = Some(self.report(ReportedState::Processing));
                }
                Input::Gateway { operation: *operation, result: Ok(self.told()) }
            }
            Effect::Find { operation, asked_at } => {
                let age = self.now.milliseconds_since(*asked_at);
                let operation = *operation;
                match self.gateway.clone() {
                    Some(report) => Input::Gateway { operation, result: Ok(report) },
                    None if age < SEARCH_PROVES_AFTER_MILLISECONDS => Input::NotTold(operation),
                    None => Input::NeverReceived(operation),
                }
            }
            Effect::Retrieve { .. } => Input::Report(self.told()),
            Effect::Void { operation, .. } => {
                if self.told().state != ReportedState::Captured {
                    self.gateway = Some(self.report(ReportedState::Cancelled));
                }
                Input::Gateway { operation: *operation, result: Ok(self.told()) }
            }
            Effect::Capture { operation, .. } => {
                if self.told().state == ReportedState::Authorized {
                    self.gateway = Some(self.report(ReportedState::Captured));
                }
                Input::Gateway { operation: *operation, result: Ok(self.told()) }
            }
            Effect::Complete { .. }
            | Effect::Refund { .. }
            | Effect::RecoverRefund { .. }
            | Effect::FindRefund { .. }
            | Effect::RetrieveBeside { .. }
            | Effect::Restock(_) => {
                panic!("nothing here is approved or refunded: {effect:?} {:#?}", self.order)
            }
        }
    }

    /// The buyer pays, unless the payment is over.
    pub fn pay(&mut self) {
        let held = self.order.payment.as_ref().map(|p| p.capture_mode) == Some(CaptureMode::Manual);
        let state = if held { ReportedState::Authorized } else { ReportedState::Captured };
        self.gateway_becomes(state);
    }

    /// The gateway moves on, unless the payment is over.
    pub fn gateway_becomes(&mut self, state: ReportedState) {
        use ReportedState::{Authorized, Cancelled, Captured, Failed};
        let possible = self.gateway.as_ref().is_some_and(|known| match known.state {
            Captured | Cancelled | Failed => false,
            // Held money can lapse, and never goes back to waiting for the buyer.
            Authorized => state == Failed,
            _ => true,
        });
        if possible {
            self.gateway = Some(self.report(state));
        }
    }

    pub fn told(&self) -> PaymentReport {
        self.gateway.clone().expect("the gateway was asked about a payment it has not seen")
    }

    pub fn report(&self, state: ReportedState) -> PaymentReport {
        let captured_minor = if state == ReportedState::Captured { 3400 } else { 0 };
        let amount = Money::new(3400, "USD".parse().unwrap());
        PaymentReport::new("pay_1".to_owned(), state, amount, captured_minor, self.now)
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
            _ => None,
        }
    }

    fn stock(&mut self, sku: &Sku, command: &ClaimCommand) -> Input {
        let mut level = self.levels.get(sku).cloned().unwrap_or_default();
        if let Some(claim) = self.claims.get(sku).cloned() {
            let decision = expire(level, claim, self.now);
            level = decision.level;
            self.claims.extend(decision.reservation.map(|claim| (sku.clone(), claim)));
        }
        let (claim, terms) = (self.claims.get(sku).cloned(), self.order.claim_terms.clone());
        let decision = decide(level, claim, command, &terms, Usage::default(), self.now);
        assert_eq!(decision.level.check(), Ok(()));
        self.levels.insert(sku.clone(), decision.level);
        self.claims.extend(decision.reservation.map(|claim| (sku.clone(), claim)));
        let placement = self.claims.get(sku).map(|claim| claim.placement.clone());
        let version = self.levels.get(sku).map_or(0, |level| level.version);
        let reply = ClaimReply { answer: decision.answer, placement, version };
        Input::Stock(vec![(sku.clone(), reply)])
    }
}
