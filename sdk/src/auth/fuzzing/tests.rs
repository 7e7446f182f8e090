//! The bodies on stable: the committed corpus, and bytes made from it and from nothing, the same in every run.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Seeds with some bytes replaced, removed or taken from elsewhere; and bytes of no origin.
fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), any::<Index>(), 0_u8..4, any::<u8>());
    let edited = (select(seeds.clone()), select(seeds), vec(edit, 1..6)).prop_map(
        |(mut bytes, other, edits)| {
            for (at, from, kind, byte) in edits {
                let (at, from) = (at.index(bytes.len() + 1), from.index(other.len() + 1));
                match kind {
                    0 if at < bytes.len() => bytes[at] = byte,
                    1 if at < bytes.len() => drop(bytes.remove(at)),
                    2 => bytes.splice(at.., other[from..].iter().copied()).for_each(drop),
                    _ => bytes.insert(at, byte),
                }
            }
            bytes
        },
    );
    prop_oneof![4 => edited, 1 => vec(any::<u8>(), 0..200)]
}

fn run(target: &str, check: fn(&[u8])) {
    let seeds = corpus(target);
    assert!(!seeds.is_empty(), "{target} has no corpus");
    for seed in &seeds {
        check(seed);
    }
    let config = Config {
        cases: 3_000,
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

#[test]
fn challenges_keep_their_promise() {
    run("challenge", super::challenge);
}

#[test]
fn callbacks_keep_their_promise() {
    run("callback", super::callback);
}

#[test]
fn token_responses_keep_their_promise() {
    run("tokens", super::tokens);
}

#[test]
fn metadata_keeps_its_promise() {
    run("metadata", super::metadata);
}
