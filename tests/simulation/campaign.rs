//! Playing worlds: one by its seed, with all of its steps or some of them, or many on several threads.

use std::cell::Cell;
use std::sync::OnceLock;
use std::thread;

use cartwright::domain::payment::Gateway;

use crate::audit::Audit;
use crate::chance::Chance;
use crate::exercised::Exercised;
use crate::gateways::SimulatedGateway;
use crate::people::{self, shopkeeper};
use crate::world::{FAULTS, Snapshot, Weather, World};

/// Fewer worlds than this need not show everything that can happen.
pub const TELLING_SEEDS: u64 = 2_000;

/// The most steps of chance in a world, before it comes to rest.
const MOST_STEPS: usize = 40;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long everything works at the end: longer than any window, schedule or wait of the product that is
/// counted in days.
const REST: [i64; 6] = [HOUR, 6 * HOUR, DAY, 3 * DAY, 4 * DAY, 2 * HOUR];

thread_local! {
    /// The seed of the world that this thread plays: a broken promise panics, and its seed must be told.
    static PLAYED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The seed of the world that this thread plays.
pub fn played() -> Option<u64> {
    PLAYED.get()
}

fn shop() -> &'static Snapshot {
    static SHOP: OnceLock<Snapshot> = OnceLock::new();
    SHOP.get_or_init(|| thread::spawn(shopkeeper::opened).join().unwrap().for_many())
}

/// Plays one world with these of its steps. A promise that is not kept panics. A world has a thread of its
/// own, so that it remembers nothing of another.
pub fn play(seed: u64, steps: Vec<usize>, tells: bool) -> (Exercised, u64) {
    let shop = shop();
    let played = thread::spawn(move || {
        PLAYED.set(Some(seed));
        let told = live(seed, shop, &steps, tells);
        PLAYED.set(None);
        told
    });
    match played.join() {
        Ok(told) => told,
        Err(cause) => std::panic::resume_unwind(cause),
    }
}

/// The steps of the world of a seed: any number up to the most is as likely as another. In a long world more
/// meets more; a short one rests before something else has put right what was left undone.
pub fn steps_of(seed: u64) -> Vec<usize> {
    let most = MOST_STEPS as u64;
    (0..=Chance::new(!seed).below(most) as usize).collect()
}

fn gateways(chance: &mut Chance) -> Vec<SimulatedGateway> {
    let which = [Gateway::Sandbox, Gateway::Stripe, Gateway::Razorpay];
    let mut of = |which| {
        let ahead = if chance.one_in(2) { 0 } else { chance.between(-90 * SECOND, 90 * SECOND) };
        SimulatedGateway::new(which, ahead)
    };
    which.map(&mut of).into()
}

fn live(seed: u64, shop: &Snapshot, steps: &[usize], tells: bool) -> (Exercised, u64) {
    let mut chance = Chance::new(seed);
    let world = World::new(seed, shop, gateways(&mut chance), tells);
    let mut audit = Audit::default();
    for step in steps {
        chance.begin_step(*step);
        world.begin_step(*step);
        take_step(&world, *step, &mut chance);
        acknowledge(&mut audit);
        audit.at_any_time(&world);
    }
    chance.begin_step(MOST_STEPS);
    world.begin_step(MOST_STEPS);
    world.tell(|| "everything works".to_owned());
    world.set_weather(Weather::CALM);
    world.put_clocks_right();
    for while_long in REST {
        world.run_for(while_long);
        world.run_schedule();
    }
    world.run_for(HOUR);
    come_to_rest(&world);
    acknowledge(&mut audit);
    for shard in world.objects("ORDER_SHARD") {
        for row in world.look("ORDER_SHARD", &shard, "SELECT document FROM orders") {
            world.tell(|| format!("{row:?}"));
        }
    }
    audit.at_rest(&world);
    let told = (world.exercised(), world.digest());
    world.end();
    told
}

/// An order that waits for stock asks for it on a schedule, and may be asking just now: a moment later that is
/// told. What is still under way after an hour is left for the audit to find.
fn come_to_rest(world: &World) {
    let owes =
        |shard: &String| !world.look("ORDER_SHARD", shard, "SELECT 1 FROM outbox").is_empty();
    for _minute in 0..60 {
        if world.queued() == 0 && !world.objects("ORDER_SHARD").iter().any(owes) {
            return;
        }
        world.run_for(MINUTE);
    }
}

/// Tells the auditor which orders buyers were told of.
fn acknowledge(audit: &mut Audit) {
    for checkout in people::evidence().checkouts {
        for seen in checkout.answers.iter().filter(|seen| seen.status == 201) {
            if let (Some(order), Some(total)) = (&seen.order_id, seen.total) {
                audit.acknowledge(order, total);
            }
        }
    }
}

/// Fails if a campaign hardly met something: it would prove little of that.
pub fn check(exercised: &Exercised) {
    let expected = FAULTS.iter().chain(people::EXPECTED);
    let missed: Vec<String> = expected
        .map(|what| (what, exercised.times(what)))
        .filter(|(_, times)| *times < 20)
        .map(|(what, times)| format!("{what}: {times}"))
        .collect();
    assert!(missed.is_empty(), "happened less than 20 times:\n{}", missed.join("\n"));
}

fn take_step(world: &World, step: usize, chance: &mut Chance) {
    match chance.below(24) {
        0..=3 => world.set_weather(Weather::of(chance)),
        4 => world.set_weather(Weather::CALM),
        5 => {
            world.note("the process was killed between two steps");
            world.kill();
        }
        6 => world.run_schedule(),
        7 => jump_clock(world, chance),
        _ => people::act(world, step, chance),
    }
    let while_long = match chance.below(20) {
        0..=11 => chance.between(0, 4 * SECOND),
        12..=15 => chance.between(0, 2 * MINUTE),
        16..=17 => chance.between(0, HOUR),
        18 => chance.between(0, 6 * HOUR),
        _ => chance.between(0, 2 * DAY),
    };
    world.tell(|| format!("step {step} was taken; {while_long} ms pass"));
    world.run_for(while_long);
}

fn jump_clock(world: &World, chance: &mut Chance) {
    let actors = world.actors();
    if actors.is_empty() {
        return;
    }
    let actor = chance.of(&actors).clone();
    let off = match chance.below(4) {
        0 => chance.between(-5 * MINUTE, 5 * MINUTE),
        1 => -HOUR,
        2 => DAY,
        _ => 0,
    };
    world.note("a clock jumped");
    world.tell(|| format!("the clock of {actor:?} is {off} ms off"));
    world.put_clock_off(&actor, off);
    // Machines are put right: a Worker whose clock is wrong for days believes no webhook, until the gateways
    // give them up.
    let (later, wrong_for) = (world.clone(), chance.between(MINUTE, 3 * HOUR));
    world.begin(async move {
        later.sleep(wrong_for).await;
        later.put_clock_off(&actor, 0);
    });
}

/// Plays the worlds of seeds 0 to `seeds`, and counts what happened in them.
pub fn run(seeds: u64, threads: usize) -> Exercised {
    let mut exercised = Exercised::default();
    thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut exercised = Exercised::default();
                    for seed in (thread as u64..seeds).step_by(threads) {
                        exercised.add(&play(seed, steps_of(seed), false).0);
                    }
                    exercised
                })
            })
            .collect();
        for run in runs {
            match run.join() {
                Ok(one) => exercised.add(&one),
                Err(cause) => std::panic::resume_unwind(cause),
            }
        }
    });
    exercised
}
