//! Bytes that nobody meant to send, to every reader of outside bytes (`fuzz/targets/`): each file of `fuzz/corpus`
//! as it is, and changed at random.
//!
//! Each run of the tests plays the same changes. `npm run fuzz` plays others for as long as it is told, guided by
//! what they reach in the program where libFuzzer can be built (`fuzz/guided.rs`), and writes what breaks a promise
//! to `fuzz/corpus`, where it is played for ever after.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "tests may panic: that is how they fail"
)]

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use sha2::{Digest, Sha256};
use targets::{TARGETS, Target};

/// Changed files of each target in every run of the tests.
const CHANGES: u64 = 300;
/// The most files of a target's corpus, and bytes in them. `npm run fuzz -- --merge` stops at fewer, so that there is
/// room for what breaks a promise.
const MOST_FILES: usize = 80;
const MOST_BYTES: usize = 300 * 1024;
/// A file grows to no more than this.
const LONGEST: usize = 64 * 1024;

/// The texts of `fuzz/words.dict`, in libFuzzer's way of writing them: one in quotes a line, with `\\`, `\"` and
/// `\xff` as escapes.
fn words() -> Vec<Vec<u8>> {
    let lines = include_str!("../fuzz/words.dict").lines();
    let quoted = lines.filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted.map(word).collect()
}

fn word(quoted: &str) -> Vec<u8> {
    let (mut word, mut rest) = (Vec::new(), quoted);
    while let Some((before, escape)) = rest.split_once('\\') {
        word.extend(before.bytes());
        let length = if escape.starts_with('x') { 3 } else { 1 };
        let (escape, after) = escape.split_at(length);
        match escape.strip_prefix('x') {
            Some(digits) => word.extend(hex::decode(digits).unwrap()),
            None => word.extend(escape.bytes()),
        }
        rest = after;
    }
    word.extend(rest.bytes());
    word
}

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

/// Its files with their names, in the order of those.
fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// A file of the corpus with one to six changes.
fn changed(corpus: &[Vec<u8>], words: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
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
            _ => drop(bytes.splice(at..end, words[chance.below(words.len())].iter().copied())),
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

/// Plays bytes. Those that break a promise are kept, if they are not of the corpus already.
fn keeps_its_promises(target: &Target, bytes: &[u8]) -> bool {
    if catch_unwind(AssertUnwindSafe(|| (target.play)(bytes))).is_ok() {
        return true;
    }
    let name = hex::encode(&Sha256::digest(bytes)[..8]);
    if corpus(target).iter().all(|(_, known)| known != bytes) {
        fs::write(folder(target).join(&name), bytes).unwrap();
    }
    let known = corpus(target).into_iter().find(|(_, known)| known == bytes);
    let name = known.map_or(name, |(name, _)| name);
    eprintln!("{}: fuzz/corpus/{}/{name} breaks a promise", target.name, target.name);
    false
}

/// Plays the corpus of a target and changes of it; whether every promise was kept.
fn play(target: &Target, words: &[Vec<u8>], seed: u64, limit: Option<Duration>) -> bool {
    let corpus: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, bytes)| bytes).collect();
    assert!(corpus.len() >= 2, "{} has too small a corpus", target.name);
    let broken = corpus.iter().filter(|bytes| !keeps_its_promises(target, bytes)).count();
    let mut chance = Chance(seed);
    let (begun, mut plays) = (Instant::now(), 0);
    while broken == 0 && limit.map_or(plays < CHANGES, |limit| begun.elapsed() < limit) {
        if !keeps_its_promises(target, &changed(&corpus, words, &mut chance)) {
            return false;
        }
        plays += 1;
    }
    let files = corpus.len();
    let took = begun.elapsed();
    println!("{}: {files} files, {plays} changed ones from seed {seed}: {took:?}", target.name);
    broken == 0
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
    let words = words();
    let broken: Vec<&str> = chosen
        .into_iter()
        .filter(|target| !play(target, &words, seed, limit))
        .map(|target| target.name)
        .collect();
    assert!(broken.is_empty(), "promises are broken by {broken:?}");
}

/// The corpus stays small enough to be looked through, and every run of the tests plays all of it.
#[test]
fn the_corpus_is_small() {
    for target in &TARGETS {
        let corpus = corpus(target);
        let bytes: usize = corpus.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(corpus.len() <= MOST_FILES, "{}: {} files", target.name, corpus.len());
        assert!(bytes <= MOST_BYTES, "{}: {bytes} bytes", target.name);
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
