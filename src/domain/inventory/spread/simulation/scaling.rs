//! What drop mode is for: each object is capped at 1,000 requests a second, and K slices carry at least
//! 0.8 × K of what one object carries, with exactly N of N units sold.
//!
//! A request is a call to an object, whatever it carries. Orders are not coalesced here: each reserve and
//! each commit is a call of its own, which is the worst that the shards could do. What a slice passes on to
//! main travels as the objects do it: one call at a time, with all that waits.

use std::collections::VecDeque;

use super::*;
use crate::domain::inventory::spread::SpreadHint;

/// An object takes one request in a tick of one millisecond: 1,000 a second.
const REQUESTS_PER_TICK: usize = 1;

/// How long a message is under way.
const TRAVEL_TICKS: i64 = 3;

/// Units for each slice: some 8 seconds of the drop.
const UNITS_PER_SLICE: i64 = 4_000;

/// Orders a second that come for each slice, in hundredths of what it can carry (500: two requests each).
const DEMAND_PERCENT: u64 = 105;

const BATCH: usize = 200;

enum Request {
    Claim(Order, ClaimCommand),
    Forward(Box<SliceNews>, Vec<(Order, ClaimCommand)>),
    Instruct(Instruction),
}

enum Answer {
    Order(Order, ClaimAnswer),
    Instructed(u16, Instruction, Vec<(Order, ClaimAnswer)>),
    News(Box<SliceNews>),
}

/// Whom a message is for, and when it arrives.
struct Drop {
    now: i64,
    main: MainObject,
    slices: Vec<SliceObject>,
    /// Requests that have arrived or are under way: main's first, then each slice's.
    queues: Vec<VecDeque<(i64, Request)>>,
    answers: VecDeque<(i64, Answer)>,
    /// At each slice: what is to be passed on, and whether a call to main is in flight.
    lines: Vec<(Vec<(Order, ClaimCommand)>, bool)>,
    /// At main: forwarded calls that wait for answers, by slice.
    open_calls: BTreeMap<u16, (usize, Vec<(Order, ClaimAnswer)>)>,
    placed: u64,
    refused: u64,
    last_sale_at: i64,
}

impl Drop {
    fn new(slices: u16, units: i64) -> Self {
        let mut main = MainObject::default();
        receive(&mut main, "main", units);
        if slices > 1 {
            main.spread.set(SpreadSettings { slices, automatic_above_per_second: None });
            main.settle();
        }
        let objects = (0..slices).map(|number| SliceObject { number, ..SliceObject::default() });
        let count = usize::from(slices);
        Self {
            now: 0,
            main,
            slices: objects.collect(),
            queues: (0..=count).map(|_| VecDeque::new()).collect(),
            answers: VecDeque::new(),
            lines: (0..count).map(|_| (Vec::new(), false)).collect(),
            open_calls: BTreeMap::new(),
            placed: 0,
            refused: 0,
            last_sale_at: 0,
        }
    }

    fn request(&mut self, object: usize, request: Request) {
        let arrives = self.now + TRAVEL_TICKS;
        self.queues.get_mut(object).unwrap().push_back((arrives, request));
    }

    fn answer(&mut self, answer: Answer) {
        self.answers.push_back((self.now + TRAVEL_TICKS, answer));
    }

    fn object_of(&self, order: Order) -> usize {
        use crate::domain::id::{OrderId, ShardNumber};
        let slices = u16::try_from(self.slices.len()).unwrap();
        let id = OrderId::new(ShardNumber(0), uuid::Uuid::from_u128(u128::from(order)));
        let hint = SpreadHint { slices, by_customer: false };
        match hint.slice(&ClaimTerms::default(), id) {
            Some(slice) if slices > 1 => 1 + usize::from(slice),
            _ => 0,
        }
    }

    fn buy(&mut self, order: Order) {
        let expires_at = at(self.now + 900_000);
        let reserve = ClaimCommand::Reserve { quantity: 1, expires_at };
        self.request(self.object_of(order), Request::Claim(order, reserve));
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Order(order, ClaimAnswer::Held) => {
                let commit = ClaimCommand::Commit { quantity: 1 };
                self.request(self.object_of(order), Request::Claim(order, commit));
            }
            Answer::Order(_, ClaimAnswer::Committed) => {
                self.placed += 1;
                self.last_sale_at = self.now;
            }
            Answer::Order(..) => self.refused += 1,
            Answer::Instructed(slice, instruction, answers) => {
                let number = usize::from(slice);
                self.slices.get_mut(number).unwrap().follow(&instruction, at(self.now));
                self.lines.get_mut(number).unwrap().1 = false;
                for (order, answer) in answers {
                    self.answer(Answer::Order(order, answer));
                }
                self.call_home(number);
            }
            Answer::News(news) => self.news(&news),
        }
    }

    /// A slice calls main if it has something to pass on and no call is in flight.
    fn call_home(&mut self, number: usize) {
        let (line, in_flight) = self.lines.get_mut(number).unwrap();
        if line.is_empty() || *in_flight {
            return;
        }
        *in_flight = true;
        let batch: Vec<_> = line.drain(..line.len().min(BATCH)).collect();
        let news = self.slices.get_mut(number).unwrap().news(at(self.now));
        self.request(0, Request::Forward(Box::new(news), batch));
    }

    fn news(&mut self, news: &SliceNews) {
        let decided = self.main.hear(news, at(self.now));
        for (order, from, answer) in decided {
            self.decided(order, from, answer);
        }
        self.tell_slices();
    }

    fn decided(&mut self, order: Order, from: Option<u16>, answer: ClaimAnswer) {
        let Some(slice) = from else {
            self.answer(Answer::Order(order, answer));
            return;
        };
        let call = self.open_calls.get_mut(&slice).unwrap();
        call.1.push((order, answer));
        if call.1.len() == call.0 {
            let (_, answers) = self.open_calls.remove(&slice).unwrap();
            let instruction = self.main.instruction(slice);
            self.answer(Answer::Instructed(slice, instruction, answers));
        }
    }

    /// Main's calls to slices that are owed news; one that was told and has not answered is not told again.
    fn tell_slices(&mut self) {
        for slice in self.main.spread.owed() {
            let object = 1 + usize::from(slice);
            let instruction = self.main.instruction(slice);
            let told = |(_, request): &(i64, Request)| matches!(request, Request::Instruct(known) if *known == instruction);
            if !self.queues.get(object).unwrap().iter().any(told) {
                self.request(object, Request::Instruct(instruction));
            }
        }
    }

    fn serve(&mut self, object: usize, request: Request) {
        let now = at(self.now);
        match request {
            Request::Claim(order, command) if object == 0 => {
                if let Some(answer) = self.main.claim(order, &command, None, now) {
                    self.answer(Answer::Order(order, answer));
                } else {
                    self.main.spread.recall();
                }
                self.tell_slices();
            }
            Request::Claim(order, command) => {
                let number = object - 1;
                match self.slices.get_mut(number).unwrap().claim(order, &command, now) {
                    Some(answer) => self.answer(Answer::Order(order, answer)),
                    None => {
                        self.lines.get_mut(number).unwrap().0.push((order, command));
                        self.call_home(number);
                    }
                }
            }
            Request::Forward(news, claims) => {
                self.open_calls.insert(news.slice, (claims.len(), Vec::new()));
                self.news(&news);
                for (order, command) in claims {
                    match self.main.claim(order, &command, Some(news.slice), now) {
                        Some(answer) => self.decided(order, Some(news.slice), answer),
                        None => self.main.spread.recall(),
                    }
                }
                self.tell_slices();
            }
            Request::Instruct(instruction) => {
                let slice = self.slices.get_mut(object - 1).unwrap();
                slice.follow(&instruction, now);
                let news = slice.news(now);
                self.answer(Answer::News(Box::new(news)));
            }
        }
    }

    fn tick(&mut self) {
        self.now += 1;
        while self.answers.front().is_some_and(|(arrives, _)| *arrives <= self.now) {
            let (_, answer) = self.answers.pop_front().unwrap();
            self.take(answer);
        }
        for object in 0..self.queues.len() {
            for _ in 0..REQUESTS_PER_TICK {
                let queue = self.queues.get_mut(object).unwrap();
                if queue.front().is_none_or(|(arrives, _)| *arrives > self.now) {
                    break;
                }
                let (_, request) = queue.pop_front().unwrap();
                self.serve(object, request);
            }
        }
    }
}

/// Orders sold a second, in hundredths, until the last unit is gone.
fn sell(slices: u16) -> (i64, Drop) {
    let count = i64::from(slices);
    let units = UNITS_PER_SLICE * count;
    let mut drop = Drop::new(slices, units);
    let carried_per_tick = u64::from(slices) * DEMAND_PERCENT;
    let mut due = 0;
    let mut order = 0;
    // A tenth more buyers than units, and then until everybody has an answer.
    let buyers = units.unsigned_abs() * 11 / 10;
    while drop.placed + drop.refused < buyers {
        due += carried_per_tick;
        while due >= 200 && order < buyers {
            due -= 200;
            drop.buy(order);
            order += 1;
        }
        drop.tick();
        assert!(drop.now < 60_000, "{slices} slices: it never ends");
    }
    assert_eq!(account(&drop.main, &drop.slices), Ok(units), "{slices} slices");
    (units * 1_000 * 100 / drop.last_sale_at, drop)
}

#[test]
fn k_slices_carry_k_times_as_much_and_sell_every_unit() {
    println!("slices  units  placed  refused  seconds  orders/s  of one object");
    let (one, _) = sell(1);
    for slices in [1_u16, 2, 4, 8, 16] {
        let (rate, drop) = sell(slices);
        let units = UNITS_PER_SLICE * i64::from(slices);
        let times = rate * 100 / one;
        println!(
            "{slices:6} {units:6} {:7} {:8} {:6}.{:03} {:9} {:8}.{:02}",
            drop.placed,
            drop.refused,
            drop.last_sale_at / 1_000,
            drop.last_sale_at % 1_000,
            rate / 100,
            times / 100,
            times % 100,
        );
        assert_eq!(
            drop.placed,
            units.unsigned_abs(),
            "{slices} slices sold another number than all"
        );
        assert!(times >= i64::from(slices) * 80, "{slices} slices carry {times} hundredths of one");
    }
}
