//! The queue: at least once, in any order, in batches, and now and then given up.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use cartwright::jobs::projection;
use cartwright::runtime::platform;
use cartwright::runtime::queue::Delivered;
use futures_channel::oneshot::Sender;

use super::platform::LOST;
use super::{Actor, Inner};

const BATCH: usize = 10;
/// A batch of which nothing is heard for so long is delivered again.
const VISIBLE_AGAIN_MILLISECONDS: i64 = 120_000;

#[derive(Default)]
pub struct Queue {
    waiting: RefCell<BTreeMap<u64, String>>,
    under_way: RefCell<BTreeMap<u64, String>>,
    last: Cell<u64>,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.waiting.borrow().len() + self.under_way.borrow().len()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Done,
    Again(u32),
}

struct Message {
    number: u64,
    text: String,
    fate: Cell<Fate>,
}

impl Delivered for &Message {
    fn text(&self) -> Option<String> {
        Some(self.text.clone())
    }

    fn acknowledge(&self) {
        self.fate.set(Fate::Done);
    }

    fn retry(&self, after_seconds: Option<u32>) {
        self.fate.set(Fate::Again(after_seconds.unwrap_or(0)));
    }
}

impl Inner {
    /// Messages on their way to the queue.
    pub(super) fn take_messages(&self, messages: Vec<String>, sender: Sender<Result<(), String>>) {
        if self.strikes(|w| w.queue_refuses, "the queue refused") {
            drop(sender.send(Err("Queue sendBatch failed".to_owned())));
            return;
        }
        for text in messages {
            self.put(text, 1_000);
        }
        let failed =
            self.strikes(|w| w.queue_taken_and_failed, "the queue took and said it failed");
        let answer = if failed { Err(LOST.to_owned()) } else { Ok(()) };
        let wait = self.chance.borrow_mut().between(0, 10);
        self.machine.after(wait, Box::new(move || drop(sender.send(answer))));
    }

    fn put(&self, text: String, mut wait: i64) {
        if self.strikes(|w| w.message_given_up, "a message was given up") {
            return;
        }
        if self.strikes(|w| w.message_late, "a message was late") {
            wait += self.chance.borrow_mut().between(1_000, 900_000);
        }
        if self.strikes(|w| w.message_twice, "a message came twice") {
            self.keep(text.clone(), wait / 2);
        }
        self.keep(text, wait);
    }

    fn keep(&self, text: String, wait: i64) {
        let number = self.queue.last.get() + 1;
        self.queue.last.set(number);
        self.queue.waiting.borrow_mut().insert(number, text);
        let me = self.me();
        self.machine.after(wait, Box::new(move || me.deliver_messages(number)));
    }

    /// Delivers a message, and others that wait beside it.
    fn deliver_messages(self: &Rc<Self>, first: u64) {
        let Some(text) = self.queue.waiting.borrow_mut().remove(&first) else { return };
        let mut batch = vec![(first, text)];
        while batch.len() < BATCH && self.chance.borrow_mut().below(4) > 0 {
            let numbers: Vec<u64> = self.queue.waiting.borrow().keys().copied().collect();
            if numbers.is_empty() {
                break;
            }
            let number = *self.chance.borrow_mut().of(&numbers);
            if let Some(text) = self.queue.waiting.borrow_mut().remove(&number) {
                batch.push((number, text));
            }
        }
        self.queue.under_way.borrow_mut().extend(batch.iter().cloned());
        let numbers: Vec<u64> = batch.iter().map(|(number, _)| *number).collect();
        let me = self.me();
        let unheard = move || {
            for number in numbers {
                me.settle_message(number, Fate::Again(0));
            }
        };
        self.machine.after(VISIBLE_AGAIN_MILLISECONDS, Box::new(unheard));
        let me = self.me();
        let work = async move {
            let messages: Vec<Message> = batch
                .into_iter()
                .map(|(number, text)| Message { number, text, fate: Cell::new(Fate::Unknown) })
                .collect();
            let here = platform::native(me.me()).unwrap();
            projection::project(&here, &messages).await;
            let fates: Vec<_> = messages.iter().map(|m| (m.number, m.fate.get())).collect();
            let myself = me.me();
            me.machine.say(Box::new(move || {
                for (number, fate) in fates {
                    myself.settle_message(number, fate);
                }
            }));
        };
        self.machine.spawn(self.machine.number(&Actor::Isolate), Box::pin(work));
    }

    fn settle_message(&self, number: u64, fate: Fate) {
        let Some(text) = self.queue.under_way.borrow_mut().remove(&number) else { return };
        match fate {
            Fate::Done => self.note("messages were projected"),
            Fate::Again(seconds) => self.put(text, i64::from(seconds) * 1_000),
            Fate::Unknown => panic!("a message was neither acknowledged nor put off"),
        }
    }
}
