//! A home of its own for each test, and the command in it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lookout_sdk::schema::CATALOGUE_DIGEST;
use lookout_sdk::testing::FakeLookout;
use tempfile::TempDir;

pub(crate) struct Home {
    pub(crate) lookout: FakeLookout,
    folder: TempDir,
}

/// What a run of the command came to, with a name in brackets for what differs between runs or versions.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { lookout: FakeLookout::start(), folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command with nothing set but a home.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("APPDATA", self.path())
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// The command with the endpoint and a token of every scope.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command
            .env("LOOKOUT_URL", self.lookout.endpoint())
            .env("LOOKOUT_TOKEN", self.lookout.token());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.finish(self.command(arguments))
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        self.read(child.wait_with_output().unwrap())
    }

    pub(crate) fn finish(&self, mut command: Command) -> Run {
        self.read(command.output().unwrap())
    }

    /// Reads what was printed, and holds it to what holds for whatever is printed.
    pub(crate) fn read(&self, output: std::process::Output) -> Run {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            // Tokens, codes and verifiers; the fake's have their prefix and then digits.
            for secret in ["lkmcp_0", "lkoat_0", "lkort_0", "lkoac_0"] {
                assert!(!text.contains(secret), "a secret is printed: {text}");
            }
            text.replace(&self.lookout.endpoint(), "[endpoint]")
                .replace(&*self.path().to_string_lossy(), "[home]")
                .replace(&CATALOGUE_DIGEST[..19], "[digest]")
                .replace(env!("CARGO_PKG_VERSION"), "[version]")
        };
        let code = output.status.code().unwrap();
        Run { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Run {
    /// Everything, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        let Self { code, out, err } = self;
        format!("exit code {code}\n--- standard output\n{out}--- standard error\n{err}")
    }

    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.shown());
        self.out
    }
}
