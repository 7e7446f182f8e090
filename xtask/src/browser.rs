//! `cargo xtask browser`: what the tests in a real browser need besides the browser.
//!
//! `server/tests/browser/axe` pins axe-core, the rules of accessibility that the pages are judged by; what is installed lies below `target/axe`.
//! Chromium and its driver come from the machine's own packages.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::packages::{Language, Packages};

#[derive(Args, Debug)]
pub(crate) struct Browser {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Install axe-core from the package registry
    Install,
}

impl Browser {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        let Action::Install = self.command;
        let axe = Packages {
            name: "axe-core".to_owned(),
            source: root.join("server/tests/browser/axe"),
            installed: root.join("target/axe"),
            language: Language::JavaScript,
        };
        axe.install()?;
        Ok(ExitCode::SUCCESS)
    }
}
