//! The authority's decisions, without HTTP and without a database.

mod memory;
mod model;
mod parameters;
mod pkce;
mod redirect;
mod scopes;
mod tidy;

use proptest::test_runner::{Config, RngSeed};

/// Every run tries the same inputs.
fn cases(count: u32) -> Config {
    Config {
        cases: count,
        rng_seed: RngSeed::Fixed(0x10_0c_0e_07),
        failure_persistence: None,
        ..Config::default()
    }
}
