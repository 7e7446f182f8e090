//! The bodies of the fuzz targets on stable: the committed corpus, and bytes made from it and from nothing, the same in every run.
//!
//! `cargo xtask fuzz` runs the same bodies with coverage. What it finds becomes a file in `fuzz/corpus`, and is tried here ever after.

mod address;
mod cookie;
mod document;
mod page;
mod parameters;
mod pkce;
mod redirect;
mod registration;
mod request;
mod scopes;
mod secret;
mod statement;
mod whole;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// In the environment: how many times as many bytes are tried.
const TIMES: &str = "LOOKOUT_FUZZ_TIMES";

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a file of the corpus")).collect()
}

/// Seeds with some bytes replaced, removed or taken from elsewhere; and bytes of no origin.
fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), any::<Index>(), 0_u8..5, any::<u8>());
    let edited = (select(seeds.clone()), select(seeds), vec(edit, 1..6)).prop_map(
        |(mut bytes, other, edits)| {
            for (at, from, kind, byte) in edits {
                let (at, from) = (at.index(bytes.len() + 1), from.index(other.len() + 1));
                match kind {
                    0 if at < bytes.len() => bytes[at] = byte,
                    1 if at < bytes.len() => drop(bytes.remove(at)),
                    2 => bytes.truncate(at),
                    3 => bytes.splice(at.., other[from..].iter().copied()).for_each(drop),
                    _ => bytes.insert(at, byte),
                }
            }
            bytes
        },
    );
    prop_oneof![4 => edited, 1 => vec(any::<u8>(), 0..200)]
}

fn run(target: &str, cases: u32, check: fn(&[u8])) {
    let seeds = corpus(target);
    assert!(!seeds.is_empty(), "{target} has no corpus");
    for seed in &seeds {
        check(seed);
    }
    let times = std::env::var(TIMES).ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let config = Config {
        cases: cases.saturating_mul(times),
        rng_seed: RngSeed::Fixed(0x10_f0_22),
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&inputs(seeds), |bytes| {
        check(&bytes);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{target}: {error}"));
}

macro_rules! targets {
    ($($name:ident: $cases:literal,)+) => {$(
        #[test]
        fn $name() {
            run(stringify!($name), $cases, $name::check);
        }
    )+};
}

mod keeps_its_promise {
    use super::*;

    targets! {
        address: 20_000,
        cookie: 5_000,
        document: 5_000,
        page: 100,
        parameters: 5_000,
        pkce: 2_000,
        redirect: 10_000,
        registration: 5_000,
        request: 300,
        scopes: 5_000,
        secret: 2_000,
        statement: 1_000,
    }
}
