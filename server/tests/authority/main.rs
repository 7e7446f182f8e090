//! The authority's decisions and the secrets behind them, without HTTP and without a database.

mod authorize;
mod client;
mod consent;
mod document;
mod expiry;
mod memory;
mod model;
mod parameters;
mod people;
mod pkce;
mod programmatic;
mod redirect;
mod resource;
mod scopes;
mod secret;
mod session;
mod throttle;
mod tidy;
mod token;

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
