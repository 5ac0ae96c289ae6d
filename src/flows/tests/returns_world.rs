//! One order of bundles, its shelves by the real rules, and a gateway that takes and gives at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use uuid::Uuid;

use super::world::draft;
use crate::domain::id::{OrderId, ShardNumber, Sku};
use crate::domain::inventory::{
    ClaimAnswer, ClaimCommand, ClaimReply, ClaimTerms, Condition, LocationId, Placement,
    Reservation, ReservationState, StockChange, StockLevel, Usage, change, decide,
};
use crate::domain::money::Money;
use crate::domain::order::{ClaimState, Order, Restock};
use crate::domain::payment::{
    CaptureMode, MovementRefusal, MovementReport, MovementState, OperationKind, PaymentReport,
    ReportedState,
};
use crate::domain::time::Timestamp;
use crate::flows::advance::{Input, advance};
use crate::flows::movements::{LineAsk, MovementAsk, RefundOf, request};
use crate::flows::owed::{Effect, owed};
use crate::flows::place::{Draft, place};
use crate::flows::returns::{ReturnAsk, ReturnLineAsk, ReturnRefusal, take_back};

pub const PLENTY: i64 = 1_000_000;

pub fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

/// A line: its SKU, how many, and what one is made of.
pub type Line<'a> = (&'a str, u32, &'a [(&'a str, u32)]);

/// A draft whose lines cost 10.00 a unit, without shipping.
fn drafted(lines: &[Line<'_>]) -> Draft {
    let priced: Vec<_> = lines
        .iter()
        .map(|(name, quantity, components)| {
            let total = i64::from(*quantity) * 1_000;
            let components: Vec<_> =
                components.iter().map(|(sku, q)| json!({"sku": sku, "quantity": q})).collect();
            json!({
                "sku": name, "product_id": "p", "title": "T", "variant_title": "", "quantity": quantity,
                "unit_price_minor": 1_000, "net_minor": total, "discount_minor": 0, "tax_minor": 0,
                "total_minor": total, "taxes": [], "components": components
            })
        })
        .collect();
    let total: i64 = lines.iter().map(|(_, quantity, _)| i64::from(*quantity) * 1_000).sum();
    let cart = json!({
        "currency": "USD", "tax_included": false, "lines": priced,
        "shipping": {"method": "standard", "title": "S", "net_minor": 0, "tax_minor": 0,
            "total_minor": 0, "taxes": []},
        "totals": {"subtotal_minor": total, "shipping_minor": 0, "discount_minor": 0,
            "tax_minor": 0, "total_minor": total}
    });
    Draft { cart: serde_json::from_value(cart).unwrap(), ..draft(CaptureMode::Automatic) }
}

/// A SKU by the real rules: its counters, the order's claim, and the keys of what came back.
#[derive(Default)]
struct Shelf {
    level: StockLevel,
    claim: Option<Reservation>,
    keys: BTreeSet<String>,
}

impl Shelf {
    fn ask(&mut self, command: &ClaimCommand, now: Timestamp) -> ClaimReply {
        if let ClaimCommand::Restock { key, .. } = command
            && !self.keys.insert(key.clone())
        {
            return ClaimAnswer::Restocked.into();
        }
        let (level, claim) = (self.level.clone(), self.claim.clone());
        let (terms, usage) = (ClaimTerms::default(), Usage::default());
        let decision = decide(level, claim, command, &terms, usage, now);
        assert_eq!(decision.level.check(), Ok(()));
        assert_ne!(decision.answer, ClaimAnswer::Closed, "{command:?} {:?}", self.claim);
        self.level = decision.level;
        self.claim = decision.reservation.or(self.claim.take());
        decision.answer.into()
    }
}

/// One order, its shelves, and a gateway that takes and gives at once.
pub struct World {
    pub order: Order,
    pub now: Timestamp,
    shelves: BTreeMap<Sku, Shelf>,
    pub refund_fails: bool,
    next_id: u128,
}

impl World {
    pub fn new(lines: &[Line<'_>]) -> Self {
        let now = Timestamp::from_milliseconds(1_000_000);
        let id = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
        let order = place(drafted(lines), id, now);
        let shelf = || Shelf { level: StockLevel::stocked(PLENTY), ..Shelf::default() };
        let shelves = order.claims.iter().map(|claim| (claim.sku.clone(), shelf())).collect();
        Self { order, now, shelves, refund_fails: false, next_id: 100 }
    }

    pub fn paid(lines: &[Line<'_>]) -> Self {
        let mut world = Self::new(lines);
        world.run();
        assert!(world.order.claims.iter().all(|claim| claim.claim == ClaimState::Committed));
        world
    }

    fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Order, Timestamp, &mut dyn FnMut() -> Uuid) -> T,
    ) -> T {
        let next_id = &mut self.next_id;
        let mut fresh = || {
            *next_id += 1;
            Uuid::from_u128(*next_id)
        };
        let told = work(&mut self.order, self.now, &mut fresh);
        assert_eq!(self.order.check(), Ok(()), "{:#?}", self.order);
        told
    }

    pub fn feed(&mut self, input: Input) {
        self.with(|order, now, fresh| advance(order, input, now, fresh));
    }

    pub fn owes(&self) -> Vec<Effect> {
        owed(&self.order, self.now)
    }

    pub fn run(&mut self) {
        for _ in 0..100 {
            let Some(effect) = self.owes().first().cloned() else { return };
            let answer = self.perform(&effect);
            self.feed(answer);
        }
        panic!("an order that always owes something: {:#?}", self.order);
    }

    pub fn perform(&mut self, effect: &Effect) -> Input {
        let now = self.now;
        let mut tell = |sku: &Sku, command: ClaimCommand| {
            let reply = self.shelves.get_mut(sku).unwrap().ask(&command, now);
            Input::Stock(vec![(sku.clone(), reply)])
        };
        match effect.clone() {
            Effect::Reserve { sku, quantity, expires_at } => {
                tell(&sku, ClaimCommand::Reserve { quantity, expires_at })
            }
            Effect::Commit { sku, quantity } => tell(&sku, ClaimCommand::Commit { quantity }),
            Effect::Restock(Restock { sku, key, quantity, condition, location }) => {
                let restocked = Input::Restocked { key: key.clone(), sku: sku.clone() };
                tell(&sku, ClaimCommand::Restock { key, quantity, condition, location });
                restocked
            }
            Effect::Authorize { operation } => {
                let total = self.order.cart.totals.total_minor;
                let amount = Money::new(total, self.order.cart.currency);
                let state = ReportedState::Captured;
                let report = PaymentReport::new("pay_1".to_owned(), state, amount, total, now);
                Input::Gateway { operation, result: Ok(report) }
            }
            Effect::Refund { operation } => {
                let payment = self.order.payment_of(operation).unwrap();
                let amount = payment.operation(operation).unwrap().amount_minor;
                let state = match self.refund_fails {
                    true => MovementState::Failed,
                    false => MovementState::Succeeded,
                };
                let report = MovementReport {
                    kind: OperationKind::Refund,
                    reference: format!("re_{operation}"),
                    operation_id: Some(operation),
                    amount: Money::new(amount, self.order.cart.currency),
                    state,
                    occurred_at: now,
                    reason: None,
                    respond_by: None,
                };
                Input::Refunded { operation, result: Ok(report) }
            }
            Effect::NumberInvoice { series } => Input::Invoice(format!("{series}-1")),
            Effect::NumberCreditNote { series, refund } => {
                Input::CreditNote { refund, number: format!("{series}-{refund}") }
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn refund(&mut self, lines: Vec<LineAsk>) -> Result<(), MovementRefusal> {
        let of = RefundOf::Lines { lines, shipping_minor: 0 };
        let ask = MovementAsk::Refund { of, reason: None };
        let can = super::money_world::CAN;
        self.with(|order, now, fresh| request(order, &ask, can, now, fresh)).map(|_| ())
    }

    pub fn take_back(&mut self, lines: Vec<ReturnLineAsk>) -> Result<(), ReturnRefusal> {
        let ask = ReturnAsk { lines, reason: Some("exchange".to_owned()) };
        self.with(|order, now, fresh| take_back(order, &ask, now, fresh)).map(|_| ())
    }

    /// The order's time for the units is over, and the shelf has so many from now on.
    pub fn lose(&mut self, name: &str, left: i64) {
        let shelf = self.shelves.get_mut(&sku(name)).unwrap();
        shelf.level = StockLevel::stocked(left);
        let claim = shelf.claim.as_mut().unwrap();
        (claim.state, claim.placement) = (ReservationState::Expired, Placement::default());
    }

    /// The SKU is put back to when it had so many units and knew nothing of the order.
    pub fn forget(&mut self, name: &str, left: i64) {
        let level = StockLevel::stocked(left);
        self.shelves.insert(sku(name), Shelf { level, ..Shelf::default() });
    }

    /// So many units come.
    pub fn stock(&mut self, name: &str, units: i64) {
        let location = LocationId::default();
        let came = StockChange::Received { location, quantity: units, damaged: 0, announced: 0 };
        let shelf = self.shelves.get_mut(&sku(name)).unwrap();
        shelf.level = change(&shelf.level, &[came], None).unwrap().0;
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    pub fn level(&self, name: &str) -> &StockLevel {
        &self.shelves[&sku(name)].level
    }

    pub fn damaged(&self, name: &str) -> i64 {
        self.level(name).balances.iter().map(|balance| balance.damaged).sum()
    }
}

pub fn back(name: &str, quantity: u32, restock: u32) -> LineAsk {
    LineAsk {
        sku: sku(name),
        quantity,
        restock,
        restock_condition: Condition::Sellable,
        restock_location: None,
    }
}

pub fn returned(name: &str, quantity: u32) -> ReturnLineAsk {
    ReturnLineAsk { sku: sku(name), quantity, condition: Condition::Sellable, location: None }
}
