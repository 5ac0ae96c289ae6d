//! Random histories: lost, repeated and late answers, crashes, closing, paying and time passing, in
//! any order; then quiet. Invariants 2, 3, 4, 6 and 9 are checked after every step (in `World::feed`),
//! and at rest nothing is owed, held or paid without its order knowing.

use proptest::prelude::*;

use super::world::World;
use crate::domain::inventory::ReservationState;
use crate::domain::order::{ClaimState, CloseReason, OrderStatus};
use crate::domain::payment::{CaptureMode, PaymentReport, PaymentStatus, ReportedState};
use crate::flows::advance::Input;
use crate::flows::owed::owed;
use crate::flows::schedule::wake_at;

/// What chance may do next.
#[derive(Debug, Clone)]
enum Chance {
    /// Perform the n-th debt and hear the answer.
    Perform(usize),
    /// Perform it, and the answer is lost.
    PerformAndLose(usize),
    /// It never arrives anywhere.
    Lose(usize),
    /// The worker dies; the alarm finds the order.
    Crash,
    /// The buyer pays; the order does not hear of it.
    Pay,
    /// The gateway moves to another state.
    Gateway(ReportedState),
    /// A webhook tells the newest state, or an older one again.
    Webhook(usize),
    /// Someone wants the order closed.
    Close(CloseReason),
    /// The browser came back.
    Ask,
    /// Seconds pass and the alarm looks.
    Pass(i64),
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        6 => (0..4_usize).prop_map(Chance::Perform),
        2 => (0..4_usize).prop_map(Chance::PerformAndLose),
        1 => (0..4_usize).prop_map(Chance::Lose),
        1 => Just(Chance::Crash),
        1 => Just(Chance::Pay),
        1 => prop_oneof![
            Just(ReportedState::ActionRequired),
            Just(ReportedState::Declined),
            Just(ReportedState::Failed),
        ].prop_map(Chance::Gateway),
        3 => (0..5_usize).prop_map(Chance::Webhook),
        1 => prop_oneof![Just(CloseReason::Customer), Just(CloseReason::Merchant)]
            .prop_map(Chance::Close),
        1 => Just(Chance::Ask),
        2 => prop_oneof![Just(1_i64), Just(61), Just(901), Just(1_300), Just(90_000)]
            .prop_map(Chance::Pass),
    ]
}

struct Run {
    world: World,
    told: Vec<PaymentReport>,
}

impl Run {
    fn step(&mut self, chance: Chance) {
        let debts = owed(&self.world.order, self.world.now);
        let pick = |n: usize| (!debts.is_empty()).then(|| debts[n % debts.len()].clone());
        match chance {
            Chance::Perform(n) => {
                if let Some(effect) = pick(n) {
                    let answer = self.world.perform(&effect);
                    self.world.feed(answer);
                }
            }
            Chance::PerformAndLose(n) => {
                if let Some(effect) = pick(n) {
                    let _lost = self.world.perform(&effect);
                    if let Some(failure) = self.world.lost(&effect) {
                        self.world.feed(failure);
                    }
                }
            }
            Chance::Lose(n) => {
                if let Some(failure) = pick(n).and_then(|effect| self.world.lost(&effect)) {
                    self.world.feed(failure);
                }
            }
            Chance::Crash => self.world.feed(Input::Wake),
            Chance::Pay => self.world.pay(),
            Chance::Gateway(state) => self.world.gateway_becomes(state),
            Chance::Webhook(n) => {
                self.told.extend(self.world.gateway.clone());
                if let Some(report) = self.told.iter().rev().nth(n).cloned() {
                    self.world.feed(Input::Report(report));
                }
            }
            Chance::Close(reason) => self.world.feed(Input::Close(reason)),
            Chance::Ask => self.world.feed(Input::Ask),
            Chance::Pass(seconds) => {
                self.world.pass(seconds);
                self.world.feed(Input::Wake);
            }
        }
        self.told.extend(self.world.gateway.clone());
    }

    /// From now on everything works: the alarm rings when it should and every answer is heard.
    fn come_to_rest(&mut self) {
        for _ in 0..200 {
            for effect in owed(&self.world.order, self.world.now) {
                let answer = self.world.perform(&effect);
                self.world.feed(answer);
            }
            let Some(at) = wake_at(&self.world.order, self.world.now, 0) else { return };
            self.world.now = at.max(self.world.now);
            self.world.feed(Input::Wake);
        }
        panic!("never at rest: {:#?}", self.world.order);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn any_history_comes_to_a_true_rest(
        after_commit in any::<bool>(),
        mugs in 1..4_i64,
        chances in prop::collection::vec(chance(), 0..60),
    ) {
        let mode = if after_commit { CaptureMode::Manual } else { CaptureMode::Automatic };
        let mut run = Run { world: World::new(mode, mugs, 3), told: Vec::new() };
        for chance in chances {
            run.step(chance);
        }
        run.come_to_rest();
        let World { order, levels, claims, gateway, payments_started, .. } = &run.world;
        prop_assert!(*payments_started <= 1, "one operation, one payment");
        let state = gateway.as_ref().map(|report| report.state);
        if order.status == OrderStatus::Open {
            prop_assert_eq!(order.payment_status(), PaymentStatus::Paid, "{:#?}", order);
            prop_assert!(order.invoice_number.is_some());
            let settled = order.claims.iter().all(|c| c.claim == ClaimState::Committed);
            prop_assert!(settled || !order.attention.is_empty(), "{:#?}", order);
        } else {
            prop_assert!(order.status.is_terminal());
            let open = [Some(ReportedState::Captured), Some(ReportedState::Authorized)];
            prop_assert!(
                !open.contains(&state) || !order.attention.is_empty(),
                "money without an order: {:#?}", order
            );
            for level in levels.values() {
                prop_assert_eq!(level.reserved, 0, "nothing stays held: {:#?}", order);
            }
        }
        let committed = claims.values().filter(|c| c.state == ReservationState::Committed);
        let sold: i64 = levels.values().map(|level| level.sold).sum();
        prop_assert_eq!(sold, committed.map(|c| c.quantity).sum::<i64>());
    }
}
