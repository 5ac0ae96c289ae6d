//! One reader of outside bytes, named by `FUZZ_TARGET`, played by libFuzzer: `npm run fuzz -- --guided`.
#![no_main]

mod targets;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use targets::{TARGETS, Target};

static CHOSEN: OnceLock<&Target> = OnceLock::new();

fn chosen() -> &'static Target {
    CHOSEN.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let found = TARGETS.iter().find(|target| target.name == name);
        found.unwrap_or_else(|| panic!("FUZZ_TARGET names no target: {name:?}"))
    })
}

fuzz_target!(|bytes: &[u8]| (chosen().play)(bytes));
