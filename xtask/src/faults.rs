//! `cargo xtask faults`: measure the harness by the faults that are planted in the server.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::conformance::build;

#[derive(Debug, Args)]
pub(crate) struct Faults {
    /// Faults whose names begin like this, and ids of checks; all of both when none is named
    #[arg(value_name = "FAULT|CHECK")]
    names: Vec<OsString>,
}

impl Faults {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        let measure = build(root, &["--package", "lookout-conformance", "--example", "faults"])?;
        let status = Command::new(measure).args(self.names).status();
        let code = status.context("cannot start the measurement")?.code();
        Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }
}
