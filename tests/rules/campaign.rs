//! Playing worlds: one by its seed, with all of its steps or some of them, or many on several threads.

use std::cell::Cell;
use std::thread;

use super::exercised::Exercised;
use super::world::World;

/// Steps of chance in each world, before it comes to rest.
pub const STEPS: usize = 120;

thread_local! {
    /// The seed of the world that this thread plays: a broken promise panics, and its seed must be told.
    static PLAYED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The seed of the world that this thread plays.
pub fn played() -> Option<u64> {
    PLAYED.get()
}

/// Plays one world with these of its steps. A promise that is not kept panics.
pub fn play(seed: u64, steps: impl IntoIterator<Item = usize>, tell: bool) -> Exercised {
    PLAYED.set(Some(seed));
    let mut world = World::new(seed, tell);
    for step in steps {
        world.chance.begin_step(step);
        world.step();
        world.check();
    }
    world.chance.begin_step(STEPS);
    world.come_to_rest();
    world.check_rest();
    PLAYED.set(None);
    world.exercised
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
                        exercised.add(&play(seed, 0..STEPS, false));
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
