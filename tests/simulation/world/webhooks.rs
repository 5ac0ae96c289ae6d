//! What gateways send by themselves: late, twice, in disorder, again until it is acknowledged, and beside it
//! what somebody else sends in their name.

use std::rc::Rc;

use cartwright::domain::time::Timestamp;
use futures_channel::oneshot;

use super::{Actor, Answer, Ask, Inner};
use crate::gateways::{Delivery, Event};

/// A gateway gives an event up after so many tries.
const TRIES: u32 = 14;

impl Inner {
    /// Sends what a gateway has to tell.
    pub(super) fn deliver_events(&self, which: usize) {
        let events = self.gateways.borrow_mut()[which].take_events();
        let wakes_at = self.gateways.borrow()[which].wakes_at();
        if let Some(at) = wakes_at.filter(|at| self.gateway_wakes.borrow_mut().insert((which, *at)))
        {
            let (me, wait) = (self.me(), at.milliseconds() - self.machine.now.get());
            self.machine.after(wait, Box::new(move || me.advance_gateway(which, at)));
        }
        for event in events {
            let event = Rc::new(event);
            let mut wait = self.chance.borrow_mut().between(0, 3_000);
            if self.strikes(|w| w.webhook_late, "a webhook was late") {
                wait = self.chance.borrow_mut().between(5_000, 4 * 3_600_000);
            }
            if self.strikes(|w| w.webhook_twice, "a webhook came twice") {
                let (me, event) = (self.me(), Rc::clone(&event));
                let again = self.chance.borrow_mut().between(0, 600_000);
                self.machine.after(again, Box::new(move || me.deliver(which, event, TRIES)));
            }
            if self.strikes(|w| w.webhook_forged, "a webhook was forged") {
                let (me, event) = (self.me(), Rc::clone(&event));
                self.machine.after(wait, Box::new(move || me.forge(which, &event)));
            }
            let me = self.me();
            self.machine.after(wait, Box::new(move || me.deliver(which, event, 0)));
        }
    }

    /// What happens at a gateway by itself.
    fn advance_gateway(&self, which: usize, at: Timestamp) {
        self.gateway_wakes.borrow_mut().remove(&(which, at));
        let now = Timestamp::from_milliseconds(self.machine.now.get());
        self.gateways.borrow_mut()[which].advance(now);
        self.deliver_events(which);
    }

    fn deliver(self: &Rc<Self>, which: usize, event: Rc<Event>, tries: u32) {
        let now = Timestamp::from_milliseconds(self.machine.now.get());
        let delivery = self.gateways.borrow()[which].delivery(&event, now);
        let me = Rc::clone(self);
        self.post(delivery, move |answer| {
            let is_heard = answer.is_some_and(|answer| (200..300).contains(&answer.status));
            if is_heard || tries >= TRIES {
                return;
            }
            me.note("a webhook was sent again");
            // A few seconds, then minutes, then hours, for three days in all.
            let wait = 5_000_i64.saturating_mul(3_i64.saturating_pow(tries)).min(8 * 3_600_000);
            let again = me.me();
            let next = move || again.deliver(which, event, tries + 1);
            me.machine.after(wait, Box::new(next));
        });
    }

    fn forge(self: &Rc<Self>, which: usize, event: &Event) {
        let now = Timestamp::from_milliseconds(self.machine.now.get());
        let how = self.chance.borrow_mut().next();
        let delivery = self.gateways.borrow()[which].forged(event, now, how);
        let me = Rc::clone(self);
        self.post(delivery, move |answer| {
            let believed = answer.is_some_and(|answer| (200..300).contains(&answer.status));
            // To a clock that is off, an old recording may look new.
            let isolate = me.machine.number(&Actor::Isolate);
            let is_right = me.machine.with(isolate, |state| state.clock_off == 0);
            assert!(!believed || !is_right, "a forged webhook was believed");
        });
    }

    fn post(&self, delivery: Delivery, heard: impl FnOnce(Option<Answer>) + 'static) {
        let Delivery { path, headers, body } = delivery;
        let ask = Ask { method: "POST", path, headers, body };
        let lost = self.strikes(|w| w.webhook_lost, "a webhook was lost");
        let (sender, receiver) = oneshot::channel();
        if !lost {
            self.arrive(ask, sender);
        }
        let people = self.machine.number(&Actor::People);
        self.machine.spawn(people, Box::pin(async move { heard(receiver.await.ok()) }));
    }
}
