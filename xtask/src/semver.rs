//! `cargo xtask semver`: whether the version numbers of the published crates say what changed since the last release.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

const CRATES: [&str; 2] = ["lookout-schema", "lookout-sdk"];
/// What the tag of a release begins with.
const TAG: &str = "sdk-v";

/// Compares with the newest release; before the first there is nothing to compare with.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tags = Command::new("git")
        .current_dir(root)
        .args(["tag", "--list", "--sort=-version:refname", &format!("{TAG}*")])
        .output()
        .context("cannot start git")?;
    let tags = String::from_utf8(tags.stdout)?;
    let Some(release) = tags.lines().next() else {
        eprintln!("SKIPPED: no tag begins with {TAG}, so there is no release to compare with");
        return Ok(());
    };
    let known = Command::new("cargo").args(["semver-checks", "--version"]).output();
    if !known.is_ok_and(|output| output.status.success()) {
        bail!("install it with `cargo install --locked cargo-semver-checks`, and run this again");
    }
    for name in CRATES {
        let options = ["semver-checks", "--package", name, "--baseline-rev", release];
        let status = Command::new("cargo").current_dir(root).args(options).status()?;
        if !status.success() {
            bail!("{name} changed more than its version number says");
        }
    }
    Ok(())
}
