//! The seeded simulation of a whole shop: the real Worker, its objects, their SQLite and D1, with everything
//! around them in the hands of a seed. `campaign.rs` plays worlds, `world/` is what they run in, `people/` who
//! acts in them, `gateways/` who moves the money, and `audit/` reads what is stored and what the gateways'
//! books say, and knows by itself what must hold.
//!
//! `cargo test --test simulation` plays [`SEEDS`] worlds. `cargo run --release --example simulate` plays as
//! many as it is told, and of one that fails the fewest steps that still do.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests may panic: that is how they fail"
)]

mod audit;
mod campaign;
mod chance;
mod exercised;
#[expect(dead_code, reason = "its own tests use the rest")]
mod gateways;
#[expect(dead_code, reason = "what was seen is kept whole, for whoever looks into a world")]
mod people;
mod world;

use std::panic;
use std::thread;

/// Worlds that every run of the tests plays.
const SEEDS: u64 = 60;

#[test]
fn every_seed_ends_in_a_true_rest() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        if let Some(seed) = campaign::played() {
            eprintln!(
                "seed {seed} failed: cargo run --release --example simulate -- --seed {seed}"
            );
        }
        before(what);
    }));
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let exercised = campaign::run(seeds, threads);
    println!("{seeds} seeds\n{exercised}");
    if seeds >= campaign::TELLING_SEEDS {
        campaign::check(&exercised);
    }
}

#[test]
fn a_world_can_be_played_again_and_without_some_of_its_steps() {
    let told = |steps: Vec<usize>| {
        let (exercised, digest) = campaign::play(7, steps, false);
        (exercised.to_string(), digest)
    };
    let all = campaign::steps_of(7);
    assert!(all.len() > 10, "{all:?}");
    let fewer: Vec<usize> = all.iter().copied().filter(|step| step % 3 > 0).collect();
    assert_eq!(told(all.clone()), told(all.clone()));
    assert_eq!(told(fewer.clone()), told(fewer.clone()));
    assert_ne!(told(fewer), told(all));
}
