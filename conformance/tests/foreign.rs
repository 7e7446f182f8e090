//! The harness on servers by other authors: the same program, told about them by a target file.
//!
//! Each finds exactly what its `expected.toml` records: a new finding and a finding that is gone both fail. `cargo xtask foreign install`
//! fetches the packages; without them a server is skipped, and said to be, unless `LOOKOUT_SKIP_NOTHING` is set.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lookout_conformance::checks;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign")
}

/// Ends its server with itself.
struct Running {
    child: Child,
    base: String,
}

impl Running {
    /// Starts an installed launcher, which says `listening on URL` first.
    fn start(installed: &Path) -> Self {
        let mut command = if installed.join("venv").is_dir() {
            let mut python = Command::new(installed.join("venv/bin/python"));
            python.arg("server.py");
            python
        } else {
            let mut node = Command::new("node");
            node.arg("server.mjs");
            node
        };
        command.current_dir(installed).env("PORT", "0").stdin(Stdio::null());
        let log = File::create(installed.join("test.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let base = first.strip_prefix("listening on ").expect(&first).to_owned();
        // The rest is read so that the server never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every check whose verdict is the same each time, less the long walks of the model.
fn steady() -> impl Iterator<Item = &'static str> {
    let is_long_or_a_race = |id: &str| {
        id.starts_with("model/")
            || id.starts_with("concurrent/")
            || id == "revocation/concurrent-refresh"
    };
    checks::all().map(|check| check.id).filter(move |id| !is_long_or_a_race(id))
}

/// Runs the harness on one server and compares what it finds with what is recorded.
fn deviates_as_recorded(name: &str) {
    let source = sources().join(name);
    let installed = sources().join("../../target/foreign").join(name);
    if !installed.join("installed").is_file() {
        let message = format!("{name} is not installed: run `cargo xtask foreign install`");
        assert!(std::env::var_os("LOOKOUT_SKIP_NOTHING").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
        return;
    }
    let running = Running::start(&installed);
    let target = fs::read_to_string(source.join("target.toml")).unwrap();
    let url = target.split("url = \"").nth(1).unwrap().split('"').next().unwrap();
    let moved = format!("{}/mcp", running.base);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("target.toml");
    fs::write(&file, target.replacen(url, &moved, 1)).unwrap();

    let harness = Command::new(env!("CARGO_BIN_EXE_lookout-conformance"))
        .args(["server", "--target"])
        .arg(file)
        .arg("--expected")
        .arg(source.join("expected.toml"))
        .args(steady().flat_map(|id| ["--only", id]))
        .env("LOOKOUT_CONFORMANCE_PASSWORD", "any password signs in")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&harness.stdout);
    assert_eq!(
        harness.status.code(),
        Some(0),
        "{told}{}",
        String::from_utf8_lossy(&harness.stderr)
    );
}

#[test]
fn fastmcp_deviates_as_recorded() {
    deviates_as_recorded("fastmcp");
}

#[test]
fn oidc_provider_deviates_as_recorded() {
    deviates_as_recorded("oidc-provider");
}

#[test]
fn the_typescript_sdk_deviates_as_recorded() {
    deviates_as_recorded("typescript-sdk");
}

#[test]
fn every_foreign_server_has_a_test_and_pinned_packages() {
    let mut names: Vec<String> = fs::read_dir(sources())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["fastmcp", "oidc-provider", "typescript-sdk"]);
    for name in names {
        let has = |file: &str| sources().join(&name).join(file).is_file();
        assert!(has("target.toml") && has("expected.toml"), "{name}");
        assert!(has("requirements.txt") || has("package-lock.json"), "{name}");
    }
}
