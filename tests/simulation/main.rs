//! The seeded simulation of a whole shop.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "tests may panic: that is how they fail"
)]

mod campaign;
mod chance;
mod exercised;
mod gateways;
mod people;
mod world;

#[test]
fn plays() {
    let begun = std::time::Instant::now();
    let n = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    println!("{}", campaign::run(n, 1));
    println!("{:?}", begun.elapsed());
}

#[test]
fn again() {
    for seed in 0..5 {
        let all = || (0..campaign::STEPS).collect();
        let (one, other) = (campaign::play(seed, all(), false), campaign::play(seed, all(), false));
        assert_eq!(one.1, other.1);
        assert_eq!(one.0.to_string(), other.0.to_string());
    }
}
