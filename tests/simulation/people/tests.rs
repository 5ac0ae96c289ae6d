//! The people alone, in small: in calm weather everything they begin comes to a sensible end.

use std::collections::BTreeMap;
use std::thread;

use cartwright::domain::payment::Gateway;

use super::evidence::Evidence;
use super::{act, evidence, shopkeeper};
use crate::chance::Chance;
use crate::exercised::Exercised;
use crate::gateways::SimulatedGateway;
use crate::world::{Snapshot, Weather, World};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn live(
    seed: u64,
    shop: &Snapshot,
    storms: bool,
) -> (Exercised, Evidence, BTreeMap<String, usize>) {
    let which = [Gateway::Sandbox, Gateway::Stripe, Gateway::Razorpay];
    let gateways = which.map(|which| SimulatedGateway::new(which, 0)).into();
    let tells = std::env::var("CARTWRIGHT_TELL").is_ok();
    let world = World::new(seed, shop, gateways, tells);
    let mut chance = Chance::new(seed);
    for step in 0..40 {
        chance.begin_step(step);
        world.begin_step(step);
        if storms && step % 8 == 0 {
            world.set_weather(Weather::of(&mut chance));
        }
        act(&world, step, &mut chance);
        let wait = if chance.one_in(6) { HOUR } else { 20_000 };
        world.run_for(chance.between(0, wait));
    }
    world.set_weather(Weather::CALM);
    for wait in [HOUR, 6 * HOUR, DAY, 3 * DAY, 4 * DAY] {
        world.run_for(wait);
        world.run_schedule();
    }
    world.run_for(HOUR);
    let mut ends = BTreeMap::new();
    for shard in world.objects("ORDER_SHARD") {
        let sql = "SELECT document ->> '$.status' FROM orders";
        for row in world.look("ORDER_SHARD", &shard, sql) {
            *ends.entry(format!("{:?}", row[0])).or_default() += 1;
        }
    }
    (world.exercised(), evidence(), ends)
}

fn live_many(seeds: std::ops::Range<u64>, storms: bool) -> (Exercised, BTreeMap<String, usize>) {
    let shop = thread::spawn(shopkeeper::opened).join().unwrap();
    let (mut exercised, mut ends) = (Exercised::default(), BTreeMap::new());
    for seed in seeds {
        let shop = shop.clone();
        let one = thread::spawn(move || live(seed, &shop, storms)).join();
        let (told, _, ended) = one.unwrap_or_else(|_| panic!("seed {seed}, storms: {storms}"));
        exercised.add(&told);
        for (status, times) in ended {
            *ends.entry(status).or_default() += times;
        }
    }
    (exercised, ends)
}

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = number("CARTWRIGHT_FIRST").unwrap_or(0);
    first..first + number("CARTWRIGHT_WORLDS").unwrap_or(6)
}

#[test]
fn in_calm_weather_everything_comes_to_an_end() {
    let (exercised, ends) = live_many(seeds(), false);
    println!("{exercised}\n{ends:?}");
    assert!(exercised.times("answer: POST /v1/checkouts 201") > 10);
    assert!(ends.keys().all(|status| !status.contains("placing")), "{ends:?}");
}

#[test]
fn in_any_weather_what_people_see_is_sound() {
    let (exercised, ends) = live_many(seeds(), true);
    println!("{exercised}\n{ends:?}");
    assert!(exercised.times("a request was sent again") > 0);
}
