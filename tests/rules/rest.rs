//! The end of a world: from now on everything works, and what is left must be a true rest.

use cartwright::domain::id::Sku;
use cartwright::domain::inventory::{Placement, ReservationState};
use cartwright::domain::order::{ClaimState, Order, OrderStatus};
use cartwright::domain::payment::{PaymentStatus, ReportedState};
use cartwright::flows::advance::Input;
use cartwright::flows::owed::{Effect, owed};
use cartwright::flows::schedule::wake_at;
use cartwright::flows::shortage::ask_again_at;

use super::model;
use super::shop::{BUNDLE, Shopping};
use super::world::{SKUS, World};

impl World {
    /// From now on everything works: alarms ring, every answer is heard.
    pub fn come_to_rest(&mut self) {
        while !self.post.is_empty() {
            self.deliver_post();
        }
        for at in 0..self.orders.len() {
            self.bring_to_rest(at);
        }
        self.finish_documents();
        // What an order never heard that it holds goes back by itself: that is the expiry's purpose.
        self.now = self.now.plus_seconds(86_400);
        for sku in SKUS {
            let sku: Sku = sku.parse().unwrap();
            let now = self.now;
            self.skus.get_mut(&sku).unwrap().bring_up_to_date(now);
        }
        for _ in 0..200 {
            self.tell_filled();
        }
        self.lists.hear_everything();
    }

    fn bring_to_rest(&mut self, at: usize) {
        let mut asked_in_vain = 0;
        for _ in 0..200 {
            for effect in owed(&self.orders[at].order, self.now) {
                if let Some(answer) = self.perform(at, &effect) {
                    self.feed(at, answer);
                }
            }
            let order = &self.orders[at].order;
            let Some(wake) = wake_at(order, self.now, 0) else { return };
            // Units that are gone are asked for for a month: nothing else will come of it here.
            let is_short = |claim| ask_again_at(order, claim) == Some(wake);
            asked_in_vain += u32::from(order.claims.iter().any(is_short));
            if asked_in_vain > 5 {
                return;
            }
            self.now = wake.max(self.now);
            self.feed(at, Input::Wake);
        }
        panic!("never at rest: {:#?}", self.orders[at].order);
    }

    /// What must be true when nothing is under way any more.
    pub fn check_rest(&mut self) {
        self.check();
        self.check_documents();
        self.lists.check(self.orders.iter().map(|one| &one.order));
        for (sku, object) in &self.skus {
            model::check_ledger(sku.as_str(), object);
            assert!(object.filled.is_empty(), "{sku}: an order was not told of its units");
        }
        for at in 0..self.orders.len() {
            self.orders[at].check_refunds();
            if !self.orders[at].given_back.is_empty() {
                self.note("money given back");
            }
            let what = self.check_order_at_rest(at);
            self.exercised.note(what);
        }
    }

    fn check_order_at_rest(&mut self, at: usize) -> &'static str {
        let one = &self.orders[at];
        let Shopping { order, gateway, .. } = one;
        for effect in owed(order, self.now) {
            assert!(is_asked_for_again(order, &effect), "{effect:?}: {order:#?}");
        }
        let paid = gateway.as_ref().map(|report| report.state) == Some(ReportedState::Captured);
        for claim in &order.claims {
            let known = self.skus[&claim.sku].claims.get(&order.id);
            let state = known.map(|known| known.state);
            assert_ne!(state, Some(ReservationState::Held), "leaked: {order:#?}");
            if claim.claim == ClaimState::Committed {
                assert_eq!(state, Some(ReservationState::Committed), "{order:#?}");
                // What came back is not the order's any more, and nothing but that.
                let back = units_back(order, &claim.sku);
                let placement = known.map(|known| &known.placement);
                let units = placement.map_or(0, Placement::quantity);
                assert_eq!(units, i64::from(claim.quantity) - back, "bought less back: {order:#?}");
                assert!(back > 0 || claim.placement.as_ref() == placement, "{order:#?}");
            }
        }
        if order.status == OrderStatus::Open {
            let sold = order.claims.iter().all(|c| c.claim == ClaimState::Committed);
            // Money that is only held is not taken while its goods are missing: a person decides.
            let given_back: i64 = one.given_back.values().sum();
            let paid = order.payment_status()
                == match order.cart.totals.total_minor - given_back {
                    _ if given_back == 0 => PaymentStatus::Paid,
                    0 => PaymentStatus::Refunded,
                    _ => PaymentStatus::PartiallyRefunded,
                };
            // Who buys from a channel has its receipt from the channel.
            let mut back = order.returns.iter().flat_map(|one| &one.lines);
            assert!(!sold || back.all(|line| line.restocked), "{order:#?}");
            let invoiced = order.invoice_number.is_some() != order.is_sold_by_channel();
            assert!(!sold || (paid && invoiced), "{order:#?}");
            assert!(sold || !order.attention.is_empty(), "{order:#?}");
            return match (sold, order.is_sold_by_channel()) {
                (true, false) => "order paid",
                (true, true) => "channel order sold",
                (false, false) => "paid without stock",
                (false, true) => "channel order short",
            };
        }
        assert!(order.status.is_terminal());
        let kept = order
            .claims
            .iter()
            .any(|claim| !matches!(claim.claim, ClaimState::Released | ClaimState::Refused { .. }));
        assert!(!kept, "closed and its units not given back: {order:#?}");
        assert!(!paid || !order.attention.is_empty(), "money without an order: {order:#?}");
        match order.status {
            OrderStatus::Expired => "order expired",
            OrderStatus::Rejected => "order rejected",
            _ => "order cancelled",
        }
    }
}

/// Whether an effect asks once more for units that are gone.
fn is_asked_for_again(order: &Order, effect: &Effect) -> bool {
    let Effect::Commit { sku, .. } = effect else { return false };
    let claim = order.claims.iter().find(|claim| claim.sku == *sku);
    claim.is_some_and(|claim| ask_again_at(order, claim).is_some())
}

/// Units of a SKU that came back, by itself or in a bundle, if they were ever sold.
fn units_back(order: &Order, sku: &Sku) -> i64 {
    let lines = order.returns.iter().flat_map(|one| &one.lines);
    let units = lines.map(|line| {
        let of_each = match (line.sku.as_str(), sku.as_str()) {
            (returned, asked) if returned == asked => 1,
            (returned, asked) if returned == BUNDLE.0 && asked == BUNDLE.1 => 1,
            (returned, asked) if returned == BUNDLE.0 && asked == BUNDLE.2 => 2,
            _ => 0,
        };
        of_each * i64::from(line.quantity)
    });
    units.sum()
}
