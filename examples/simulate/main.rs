//! The simulator as a program: plays many worlds of `tests/simulation` and prints what they exercised.
//!
//! `--seeds N` plays the worlds 0 to N on `--threads K`; `--seed S` plays one and tells its story, and
//! `--steps 3,17,20` that one with these steps alone. A world whose promises are not kept is shrunk to the
//! fewest steps that still break one, and the command is printed that plays those again.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a simulator may panic: that is how it fails"
)]

#[path = "../../tests/simulation/audit/mod.rs"]
mod audit;
#[path = "../../tests/simulation/campaign.rs"]
mod campaign;
#[path = "../../tests/simulation/chance.rs"]
mod chance;
#[path = "../../tests/simulation/exercised.rs"]
mod exercised;
#[path = "../../tests/simulation/gateways/mod.rs"]
#[expect(dead_code, reason = "its own tests use the rest")]
mod gateways;
#[path = "../../tests/simulation/people/mod.rs"]
#[expect(dead_code, reason = "what was seen is kept whole, for whoever looks into a world")]
mod people;
mod shrink;
#[path = "../../tests/simulation/world/mod.rs"]
#[expect(dead_code, reason = "the tests of the audit use the rest")]
mod world;

use std::time::Instant;
use std::{env, panic, process, thread};

use campaign::TELLING_SEEDS;

struct Options {
    seeds: u64,
    seed: Option<u64>,
    steps: Option<Vec<usize>>,
    threads: usize,
}

fn options() -> Option<Options> {
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut options = Options { seeds: 10_000, seed: None, steps: None, threads };
    let mut words = env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next()?;
        match name.as_str() {
            "--seeds" => options.seeds = value.parse().ok()?,
            "--seed" => options.seed = Some(value.parse().ok()?),
            "--threads" => options.threads = value.parse().ok().filter(|count| *count > 0)?,
            "--steps" => {
                let steps = value.split(',').filter(|step| !step.is_empty());
                options.steps = Some(steps.map(|step| step.parse().ok()).collect::<Option<_>>()?);
            }
            _ => return None,
        }
    }
    Some(options)
}

fn main() {
    let Some(options) = options() else {
        eprintln!("simulate [--seeds N] [--threads K] | --seed S [--steps 3,17,20]");
        process::exit(2);
    };
    if let Some(seed) = options.seed {
        let steps = options.steps.unwrap_or_else(|| campaign::steps_of(seed));
        let (exercised, _) = campaign::play(seed, steps, true);
        println!("{exercised}seed {seed} keeps every promise");
        return;
    }
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        before(what);
        let Some(seed) = campaign::played() else { process::exit(101) };
        eprintln!("seed {seed} failed: cargo run --release --example simulate -- --seed {seed}");
        let all = campaign::steps_of(seed);
        let steps = shrink::fewest_steps(seed, &all);
        let named: Vec<String> = steps.iter().map(usize::to_string).collect();
        eprintln!(
            "{} of its {} steps are enough: cargo run --release --example simulate -- \
             --seed {seed} --steps {}",
            steps.len(),
            all.len(),
            named.join(",")
        );
        process::exit(1);
    }));
    let begun = Instant::now();
    let exercised = campaign::run(options.seeds, options.threads);
    let milliseconds = begun.elapsed().as_millis().max(1);
    println!("{exercised}");
    println!(
        "{} seeds on {} threads in {} s: {} seeds a second",
        options.seeds,
        options.threads,
        milliseconds / 1_000,
        u128::from(options.seeds) * 1_000 / milliseconds
    );
    if options.seeds >= TELLING_SEEDS {
        campaign::check(&exercised);
    }
}
