//! Bytes that nobody meant to send, to the readers of requests, files, queries, addresses
//! and identifiers (`fuzz/targets.rs`): each file of
//! `fuzz/corpus` as it is, and changed at random.
//!
//! Each run of the tests plays the same changes. `npm run fuzz` plays others for as long as it is told, prints
//! their seed, and writes what breaks a promise to `fuzz/corpus`, where it is played for ever after.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests may panic: that is how they fail"
)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use sha2::{Digest, Sha256};
use targets::{TARGETS, Target};

/// Changed files of each target in every run of the tests.
const CHANGES: u64 = 3_000;
/// A file grows to no more than this.
const LONGEST: usize = 64 * 1024;

/// Texts with a meaning to some reader.
const TOKENS: [&[u8]; 28] = [
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"-1",
    b"1.5",
    b"1e3",
    b"NaN",
    b"9007199254740993",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"\\ud800",
    b"\\u0000",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\"",
    b",",
    b"%00",
    b"%",
    b"&",
    b"@",
    b"4242424242424242",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"=",
];

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name)
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// A file of the corpus with one to six changes.
fn changed(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = corpus[chance.below(corpus.len())].clone();
    for _ in 0..=chance.below(6) {
        let at = chance.below(bytes.len() + 1);
        let end = at + chance.below((bytes.len() - at).min(32) + 1);
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = chance.next() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            4 => bytes.truncate(at),
            5 => {
                let other = &corpus[chance.below(corpus.len())];
                let from = chance.below(other.len() + 1);
                bytes.splice(at..end, other[from..].iter().copied());
            }
            _ => drop(bytes.splice(at..end, TOKENS[chance.below(TOKENS.len())].iter().copied())),
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

/// Plays bytes; those that break a promise are kept, and fail the run.
fn play(target: &Target, bytes: &[u8]) {
    if let Err(cause) = catch_unwind(AssertUnwindSafe(|| (target.play)(bytes))) {
        let name = hex::encode(&Sha256::digest(bytes)[..8]);
        let file = folder(target).join(&name);
        fs::write(&file, bytes).unwrap();
        eprintln!("{}: fuzz/corpus/{}/{name} breaks a promise", target.name, target.name);
        std::panic::resume_unwind(cause);
    }
}

/// A number that `npm run fuzz` hands over.
fn told(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn every_reader_keeps_its_promises_whatever_it_reads() {
    let limit = told("FUZZ_SECONDS").map(Duration::from_secs);
    let seed = told("FUZZ_SEED").unwrap_or(1);
    let only = env::var("FUZZ_TARGET").ok();
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|one| only.as_deref().is_none_or(|name| name == one.name)).collect();
    assert!(!chosen.is_empty(), "there is no target {only:?}");
    for target in chosen {
        let corpus = corpus(target);
        assert!(corpus.len() >= 2, "{} has too small a corpus", target.name);
        corpus.iter().for_each(|bytes| play(target, bytes));
        let mut chance = Chance(seed);
        let (begun, mut plays) = (Instant::now(), 0);
        while limit.map_or(plays < CHANGES, |limit| begun.elapsed() < limit) {
            play(target, &changed(&corpus, &mut chance));
            plays += 1;
        }
        println!("{}: {plays} changed files from seed {seed}, every promise kept", target.name);
    }
}

#[test]
fn every_folder_of_the_corpus_has_its_reader() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for entry in fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            TARGETS.iter().any(|target| target.name == name),
            "nobody reads fuzz/corpus/{name}"
        );
    }
}
