//! Messages are lost, repeated and come in disorder, objects die, drop mode is switched on and off, claims
//! expire, and units come in: never is a unit in two places, or in none, and at rest the last unit is sold.
//!
//! `DROP_SEEDS=20000` plays more; a failing seed says how to play it alone.

use super::*;

const SEEDS: u64 = 2_000;
const STEPS: u64 = 220;
const HOLD_MILLISECONDS: i64 = 40;

/// What travels.
#[derive(Clone)]
enum Message {
    ToMain(Order, ClaimCommand),
    ToSlice(u16, Order, ClaimCommand),
    Forward(SliceNews, Vec<(Order, ClaimCommand)>),
    Instruct(u16, Instruction),
    News(SliceNews),
    /// The answer to a forward: what the slice is to know, and which version main was told of.
    Instructed(u16, Instruction, i64),
    Reply(Order, ClaimAnswer),
}

/// What an order wants next.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Wish {
    Reserve,
    Commit,
    Release,
    Nothing,
}

struct Buyer {
    slice: Option<u16>,
    quantity: u32,
    expires_at: Timestamp,
    wish: Wish,
}

struct World {
    chance: Chance,
    now: i64,
    main: MainObject,
    slices: Vec<SliceObject>,
    network: Vec<Message>,
    buyers: Vec<Buyer>,
    supply: i64,
    /// In hundredths.
    lost: u64,
    /// What new orders believe of drop mode: late, sometimes.
    believed: u16,
}

impl World {
    fn new(seed: u64) -> Self {
        let slices = (0..6).map(|number| SliceObject { number, ..SliceObject::default() });
        Self {
            chance: Chance(seed),
            now: 1_000,
            main: MainObject::default(),
            slices: slices.collect(),
            network: Vec::new(),
            buyers: Vec::new(),
            supply: 0,
            lost: 15,
            believed: 0,
        }
    }

    fn send(&mut self, message: Message) {
        if self.chance.percent(self.lost) {
            return;
        }
        if self.lost > 0 && self.chance.percent(15) {
            self.network.push(message.clone());
        }
        self.network.push(message);
    }

    fn ask(&mut self, order: usize) {
        let Some(buyer) = self.buyers.get(order) else { return };
        let command = match buyer.wish {
            Wish::Reserve => {
                ClaimCommand::Reserve { quantity: buyer.quantity, expires_at: buyer.expires_at }
            }
            Wish::Commit => ClaimCommand::Commit { quantity: buyer.quantity },
            Wish::Release => ClaimCommand::Release,
            Wish::Nothing => return,
        };
        let order = number(order);
        match buyer.slice {
            None => self.send(Message::ToMain(order, command)),
            Some(slice) => self.send(Message::ToSlice(slice, order, command)),
        }
    }

    fn arrive(&mut self, quantity: u32) {
        let order = self.buyers.len();
        let spread = u64::from(self.believed);
        let slice = (spread > 0).then(|| u16::try_from(self.chance.below(spread)).unwrap());
        let expires_at = at(self.now + HOLD_MILLISECONDS);
        self.buyers.push(Buyer { slice, quantity, expires_at, wish: Wish::Reserve });
        self.ask(order);
    }

    /// Somebody hears an answer and goes on.
    fn told(&mut self, order: Order, answer: ClaimAnswer) {
        let fate = self.chance.below(10);
        let Some(buyer) = self.buyers.get_mut(usize::try_from(order).unwrap()) else { return };
        buyer.wish = match (buyer.wish, answer) {
            (Wish::Reserve, ClaimAnswer::Held) => match fate {
                0 => Wish::Release,
                1 => Wish::Nothing,
                _ => Wish::Commit,
            },
            (Wish::Commit, ClaimAnswer::Committed) if fate == 0 => Wish::Release,
            (Wish::Commit, ClaimAnswer::Held) | (_, ClaimAnswer::Unsettled) => buyer.wish,
            _ => Wish::Nothing,
        };
        self.ask(usize::try_from(order).unwrap());
    }

    fn recall(&mut self) {
        self.main.spread.recall();
        for slice in self.main.spread.not_dry() {
            let instruction = self.main.instruction(slice);
            self.send(Message::Instruct(slice, instruction));
        }
    }

    fn claim_at_main(&mut self, order: Order, command: &ClaimCommand, from: Option<u16>) {
        match self.main.claim(order, command, from, at(self.now)) {
            Some(answer) => self.send(Message::Reply(order, answer)),
            None => self.recall(),
        }
    }

    fn news_at_main(&mut self, news: &SliceNews) {
        for (order, _, answer) in self.main.hear(news, at(self.now)) {
            self.send(Message::Reply(order, answer));
        }
        if !self.main.waiting.is_empty() && self.chance.percent(50) {
            self.recall();
        }
    }

    fn deliver(&mut self, message: Message) {
        let now = at(self.now);
        match message {
            Message::ToMain(order, command) => self.claim_at_main(order, &command, None),
            Message::ToSlice(slice, order, command) => {
                let object = self.slices.get_mut(usize::from(slice)).unwrap();
                match object.claim(order, &command, now) {
                    Some(answer) => self.send(Message::Reply(order, answer)),
                    None => {
                        let news = object.news(now);
                        self.send(Message::Forward(news, vec![(order, command)]));
                    }
                }
            }
            Message::Forward(news, claims) => {
                self.news_at_main(&news);
                for (order, command) in claims {
                    self.claim_at_main(order, &command, Some(news.slice));
                }
                let instruction = self.main.instruction(news.slice);
                self.send(Message::Instructed(news.slice, instruction, news.level.version));
            }
            Message::Instruct(slice, instruction) => {
                let object = self.slices.get_mut(usize::from(slice)).unwrap();
                object.follow(&instruction, now);
                let news = object.news(now);
                self.send(Message::News(news));
            }
            Message::Instructed(slice, instruction, version) => {
                let object = self.slices.get_mut(usize::from(slice)).unwrap();
                object.follow(&instruction, now);
                object.told = object.told.max(version);
            }
            Message::News(news) => self.news_at_main(&news),
            Message::Reply(order, answer) => self.told(order, answer),
        }
    }

    /// Every alarm rings once.
    fn ring(&mut self) {
        for slice in self.main.spread.owed() {
            let instruction = self.main.instruction(slice);
            self.send(Message::Instruct(slice, instruction));
        }
        for slice in 0..self.slices.len() {
            let object = self.slices.get_mut(slice).unwrap();
            let news = object.news(at(self.now));
            if object.owes_news() {
                self.send(Message::Forward(news, Vec::new()));
            }
        }
        if !self.main.waiting.is_empty() {
            self.recall();
        }
    }

    fn switch(&mut self) {
        let slices = if self.chance.percent(35) { 0 } else { 2 + self.chance.below(5) };
        let slices = u16::try_from(slices).unwrap();
        self.main.spread.set(SpreadSettings { slices, automatic_above_per_second: None });
        self.main.settle();
        self.ring();
    }

    fn step(&mut self) {
        match self.chance.below(40) {
            0..=9 => {
                let quantity = if self.chance.percent(80) { 1 } else { 1 + self.chance.below(9) };
                self.arrive(u32::try_from(quantity).unwrap());
            }
            10..=26 if !self.network.is_empty() => {
                let which = self.chance.below(number(self.network.len()));
                let message = self.network.swap_remove(usize::try_from(which).unwrap());
                self.deliver(message);
            }
            27 => self.switch(),
            28 => self.believed = self.main.spread.slices,
            29 => self.ring(),
            30 => self.now += i64::try_from(self.chance.below(30)).unwrap(),
            // Main dies: who waits gets no answer.
            31 => self.main.waiting.clear(),
            32 => {
                let quantity = i64::try_from(self.chance.below(12)).unwrap();
                let place = if self.chance.percent(50) { "main" } else { "store" };
                receive(&mut self.main, place, quantity);
                self.supply += quantity;
            }
            33..=35 if !self.buyers.is_empty() => {
                let who = self.chance.below(number(self.buyers.len()));
                self.ask(usize::try_from(who).unwrap());
            }
            _ => self.now += 1,
        }
    }

    fn check(&self) -> Result<(), String> {
        let sum = account(&self.main, &self.slices)?;
        dry_is_dry(&self.main, &self.slices)?;
        if sum != self.supply {
            return Err(format!("{sum} of {} units are somewhere", self.supply));
        }
        let held = |claim: &(&Order, &Reservation)| {
            matches!(claim.1.state, ReservationState::Held | ReservationState::Committed)
        };
        let mut seen = BTreeSet::new();
        let books = self.slices.iter().map(|slice| &slice.books).chain([&self.main.books]);
        for (order, _) in books.flat_map(|books| books.claims.iter().filter(held)) {
            if !seen.insert(order) {
                return Err(format!("order {order} has units in two places"));
            }
        }
        Ok(())
    }

    /// Everything arrives, and every alarm rings until nobody owes anything.
    fn rest(&mut self) -> Result<(), String> {
        self.lost = 0;
        for _ in 0..100 {
            while let Some(message) = self.network.pop() {
                self.deliver(message);
            }
            self.now += HOLD_MILLISECONDS;
            self.ring();
            if self.network.is_empty() {
                return Ok(());
            }
        }
        Err("it never comes to rest".to_owned())
    }

    fn sold(&self) -> i64 {
        let of_slices = self.slices.iter().map(|slice| slice.books.level.sold);
        self.main.books.level.sold + of_slices.sum::<i64>()
    }

    /// Buyers of one unit each come until one is refused: then every unit is sold.
    fn sell_out(&mut self) -> Result<(), String> {
        let none_left = |world: &Self| world.supply == world.sold();
        for _ in 0..=self.supply * 3 {
            let sold = self.sold();
            self.arrive(1);
            for _ in 0..20 {
                while let Some(message) = self.network.pop() {
                    self.deliver(message);
                }
                self.check()?;
                self.ring();
                if self.network.is_empty() {
                    break;
                }
            }
            let last = self.buyers.last().map(|buyer| buyer.wish);
            let waits = self.chance.percent(50);
            self.now += if waits { HOLD_MILLISECONDS } else { 0 };
            if self.sold() == sold && last == Some(Wish::Nothing) && none_left(self) {
                return Ok(());
            }
        }
        Err(format!("{} of {} units are sold", self.sold(), self.supply))
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap()
}

fn play(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    receive(&mut world.main, "main", 40);
    world.supply = 40;
    world.switch();
    world.believed = world.main.spread.slices;
    for step in 0..STEPS {
        world.step();
        world.check().map_err(|wrong| format!("step {step}: {wrong}"))?;
    }
    world.rest()?;
    world.check()?;
    world.sell_out()?;
    world.rest()?;
    world.check()?;
    let whole = world.main.spread.whole(&world.main.books.level);
    if (whole.sold, whole.free(), whole.reserved) != (world.supply, 0, 0) {
        return Err(format!("at rest main says of the whole: {whole:?}"));
    }
    Ok(())
}

#[test]
fn no_unit_is_ever_in_two_places_or_in_none_and_the_last_one_is_sold() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = match setting("DROP_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("DROP_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        if let Err(wrong) = play(seed) {
            panic!(
                "{wrong}\n  play it again: DROP_SEED={seed} cargo test --lib spread::simulation::chaos"
            );
        }
    }
}
