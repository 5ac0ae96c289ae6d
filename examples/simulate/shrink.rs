//! Shrinking: of a world's steps the fewest that still break a promise. Each try is a process of its own,
//! so that it works whether or not a panic unwinds.

use std::env;
use std::process::{Command, Stdio};

/// Whether a world with these of its steps breaks a promise.
fn fails(seed: u64, steps: &[usize]) -> bool {
    let Ok(program) = env::current_exe() else { return false };
    let named: Vec<String> = steps.iter().map(usize::to_string).collect();
    let played = Command::new(program)
        .args(["--seed", &seed.to_string(), "--steps", &named.join(",")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    played.is_ok_and(|status| !status.success())
}

/// Leaves out parts of the steps, large ones first, as long as the world still fails (delta debugging,
/// Zeller and Hildebrandt, 2002).
pub fn fewest_steps(seed: u64, all: &[usize]) -> Vec<usize> {
    let mut steps = all.to_vec();
    let mut size = steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            if fails(seed, &fewer) {
                steps = fewer;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    steps
}
