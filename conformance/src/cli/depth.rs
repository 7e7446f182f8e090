//! How hard to try: the same claims with fewer or more inputs.

use std::time::Duration;

use clap::Args;
use lookout_conformance::Options;

#[derive(Args, Debug)]
pub(crate) struct Depth {
    /// Try little: a few seconds, for a first look while working on a server.
    #[arg(long, conflicts_with = "deep")]
    pub(crate) quick: bool,

    /// Try for this many minutes: fresh inputs in every round, longer sequences, more repetitions.
    #[arg(long, value_name = "MINUTES")]
    pub(crate) deep: Option<u64>,
}

impl Depth {
    /// `options` with as much effort as was asked for.
    pub(crate) fn adjust(&self, options: Options) -> Options {
        if self.quick {
            Options { cases: 1, longest_sequence: 5, repeats: 1, is_quick: true, ..options }
        } else if self.deep.is_some() {
            Options { shrink_tries: 400, longest_sequence: 60, repeats: 20, ..options }
        } else {
            options
        }
    }

    /// How long to go on, when that was said.
    pub(crate) fn duration(&self) -> Option<Duration> {
        self.deep.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)))
    }
}
