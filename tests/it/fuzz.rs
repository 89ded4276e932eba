//! Fuzzing in seconds: each target of `tests/fuzz` with what is kept in its corpus, and with changes of that, the same ones each
//! time. `FUZZ_SECONDS` and `FUZZ_SEED` make it longer and different; `make fuzz` is the real thing, guided by coverage.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rstest::rstest;

#[path = "../fuzz/targets/mod.rs"]
mod targets;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name)
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir(folder(name))
        .unwrap_or_else(|error| panic!("no corpus for {name}: {error}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A number from the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What a mutation likes to put in.
const WORDS: &[&[u8]] = &[
    b"{}",
    b"[]",
    b"null",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\0",
    b"%00",
    b"%2e%2e",
    b"&",
    b"=",
    b"?",
    b"/",
    b"|",
    b",",
    b":",
    b"Patient/a",
    b"\"reference\":",
    b"https://ehr.example/fhir/",
    b"\"resourceType\":",
    b"category=",
    b"patient=",
    b".rs",
    b"/*.",
    b"99999999999999999999",
];

/// A small generator of pseudo-random numbers (xorshift), so that a run can be repeated.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap() % bound.max(1)
    }

    pub fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let end = (at + self.below(16)).min(input.len());
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.next().to_le_bytes()[3],
            2 => drop(input.drain(at..end)),
            3 => {
                let twice = input[at..end].to_vec();
                drop(input.splice(at..at, twice));
            }
            4 => drop(input.splice(at..end, WORDS[self.below(WORDS.len())].iter().copied())),
            5 => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len() + 1);
                let to = (from + self.below(64)).min(other.len());
                drop(input.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                let more = (0..self.below(9)).map(|_| self.next().to_le_bytes()[2]).collect::<Vec<_>>();
                drop(input.splice(at..at, more));
            }
        }
        input.truncate(8 * 1024);
    }
}

fn run(target: targets::Target, input: &[u8], what: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        let bytes = input.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\x{byte:02x}").unwrap();
            text
        });
        eprintln!("{what} fails with: printf '{bytes}' and as text {:?}", String::from_utf8_lossy(input));
        std::panic::resume_unwind(panic);
    }
}

#[rstest]
fn holds_whatever_is_read(
    #[values(
        "bundle",
        "forms",
        "jwt",
        "proof",
        "reference",
        "registration",
        "resource",
        "scope",
        "sealed",
        "search",
        "searchset",
        "shape"
    )]
    name: &str,
) {
    let (target, corpus) = (targets::named(name), corpus(name));
    for input in &corpus {
        run(target, input, name);
    }
    run(target, b"", name);
    let end = Instant::now() + Duration::from_secs(number("FUZZ_SECONDS", 1));
    let mut dice = Dice::new(number("FUZZ_SEED", 1));
    let mut runs = 0;
    while Instant::now() < end {
        let mut input = corpus[dice.below(corpus.len())].clone();
        for _ in 0..=dice.below(5) {
            dice.change(&mut input, &corpus);
        }
        run(target, &input, name);
        runs += 1;
    }
    println!("{name}: {} kept, {runs} changed", corpus.len());
}

#[test]
fn every_target_is_here_and_has_a_corpus() {
    let source = include_str!("fuzz.rs");
    for (name, _) in targets::ALL {
        assert!(source.contains(&format!("\"{name}\"")), "{name} is not replayed");
        let binary =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/fuzz_targets").join(format!("{name}.rs"));
        assert!(!corpus(name).is_empty() && binary.exists(), "{name}");
    }
}
