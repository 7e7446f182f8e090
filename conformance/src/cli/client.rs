//! `lookout-conformance client`: a client among servers that misbehave.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use lookout_conformance::checks::client as checks;
use lookout_conformance::expected::Expectations;
use lookout_conformance::grade::{ClientCheck, Performed};
use lookout_conformance::report::text::{line, render};
use lookout_conformance::report::visible::visible;
use lookout_conformance::serve::{Approval, ServeError, ServeOptions, Serving};
use lookout_conformance::{GradeError, GradeOptions, Launch, Report, grade};

use crate::cli::output::Output;
use crate::{Failure, UNUSABLE, USAGE, print, style, usage};

const EXAMPLES: &str = "\
The client is started once in each scenario. {url} in its arguments stands for the MCP endpoint;
without it the endpoint is the last argument. It finds what it is asked to do in
LOOKOUT_CONFORMANCE_TASK, and ends with 0 when it did all of it.

Examples:
  Any command that connects to the address it is given:
    lookout-conformance client -- my-client --server {url}

  One area, with more inputs and another seed:
    lookout-conformance client --only issuer --cases 10 --seed 7 -- node client.mjs {url}

  A client that a person drives, in a browser at http://127.0.0.1:8790:
    lookout-conformance client --serve

  A client that runs elsewhere and reaches this machine through a tunnel:
    lookout-conformance client --serve --public-url https://tunnel.example

  A real browser at the authorization page, which consents by itself:
    lookout-conformance client --browser \"chromium --headless=new --dump-dom\" -- my-client {url}

  Reports for a pipeline, with known deviations accepted:
    lookout-conformance client --junit r.xml --html r.html --expected expected.toml -- my-client {url}

Exit codes:
  0  the client conforms, as far as it was tested
  1  it does not
  2  the command line is wrong
  3  the client could not be started, or some check or all could not be concluded";

#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Client {
    /// The client and its arguments.
    #[arg(last = true, required_unless_present_any = ["list", "serve"], conflicts_with = "serve", value_name = "COMMAND")]
    command: Vec<OsString>,

    /// Start no client, but keep the scenarios open for one that a person drives, with pages that
    /// show what it does. At 127.0.0.1:8790, or a free port when that is taken, unless given.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1)]
    serve: Option<Option<SocketAddr>>,

    /// With --serve: the address under which a tunnel of yours leads to this machine.
    #[arg(long, value_name = "URL", requires = "serve")]
    public_url: Option<String>,

    /// How the authorization page consents: by itself, or by a click in a browser.
    #[arg(long, value_name = "WAY", default_value = "auto")]
    consent: Consent,

    /// Run only this check or area; may be given more than once.
    #[arg(long, value_name = "ID|AREA")]
    only: Vec<String>,

    /// Perform only this scenario or area of scenarios; may be given more than once.
    #[arg(long, value_name = "ID|AREA")]
    scenario: Vec<String>,

    /// Where all generated input comes from; the same seed gives the same inputs.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// How many inputs a scenario is performed on; what suits each scenario unless given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    cases: Option<u32>,

    /// How many clients run at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,

    /// How many seconds one start of the client may take; 20 unless given, and 60 with --browser.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,

    /// After how many seconds without a request a client that waits is stopped; 4 unless given, and
    /// 20 with --browser.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    quiet: Option<u64>,

    /// Visit authorization URLs with this program instead; its arguments are separated by spaces.
    #[arg(long, value_name = "COMMAND", conflicts_with = "serve")]
    browser: Option<String>,

    /// Count a SHOULD or a hardening claim that does not hold as a failure.
    #[arg(long)]
    strict: bool,

    /// List the scenarios and the checks, and run nothing.
    #[arg(long)]
    list: bool,

    #[command(flatten)]
    output: Output,
}

/// Who consents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Consent {
    /// The authorization endpoint, at once.
    Auto,
    /// Whoever presses the button on its page.
    Click,
}

impl From<Consent> for Approval {
    fn from(consent: Consent) -> Self {
        match consent {
            Consent::Auto => Self::Auto,
            Consent::Click => Self::Click,
        }
    }
}

impl Client {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let selected = checks::select(&self.only).map_err(|error| usage(&error.to_string()))?;
        if self.list {
            print(&list(&selected))?;
            return Ok(0);
        }
        let expectations = self.output.expectations()?;
        self.output.is_writable()?;
        if let Some(address) = self.serve {
            let report = self.attend(address)?;
            return self.conclude(report, expectations.as_ref(), "");
        }
        let is_quiet = self.output.is_on_stdout();
        let launch = self.launch();
        let is_terminal = std::io::stdout().is_terminal();
        let done = AtomicUsize::new(0);
        let show = |performed: &Performed| {
            if is_terminal && !is_quiet {
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                // A closed pipe ends the output, not the run: the exit code is still the verdict.
                let _ = print(&format!("\r\u{1b}[2K  {done} performed  {}", performed.scenario));
            }
        };
        let result = grade(&launch, &self.options(), &show);
        let report = result.map_err(|error| Failure {
            code: if matches!(error, GradeError::UnknownName(_)) { USAGE } else { UNUSABLE },
            message: error.to_string(),
        })?;
        let clear = if is_terminal { "\r\u{1b}[2K" } else { "" };
        self.conclude(report, expectations.as_ref(), clear)
    }

    /// Keeps the scenarios open until somebody interrupts.
    fn attend(&self, address: Option<SocketAddr>) -> Result<Report, Failure> {
        let options = ServeOptions {
            address,
            public_url: self.public_url.clone(),
            approval: self.consent.into(),
            grading: self.options(),
        };
        let serving = Serving::open(&options).map_err(|error| Failure {
            code: match error {
                ServeError::Listen(..) | ServeError::Servers(_) => UNUSABLE,
                _ => USAGE,
            },
            message: error.to_string(),
        })?;
        if !self.output.is_on_stdout() {
            print(&format!(
                "Open {} in a browser. {} scenarios stay open until Ctrl+C.\n",
                serving.url(),
                serving.count()
            ))?;
        }
        serving.wait().map_err(|error| Failure {
            code: UNUSABLE,
            message: format!("cannot wait for Ctrl+C: {error}"),
        })?;
        Ok(serving.report())
    }

    /// Says what was found, writes the reports, and returns the exit code. `clear` takes away what a
    /// terminal shows of the progress.
    fn conclude(
        &self,
        mut report: Report,
        expectations: Option<&(String, Expectations)>,
        clear: &str,
    ) -> Result<u8, Failure> {
        let (is_quiet, style) = (self.output.is_on_stdout(), style());
        if let Some((file, expectations)) = expectations {
            expectations.apply(file, &mut report);
        }
        if !is_quiet {
            let lines: String =
                report.checks.iter().map(|check| format!("{}\n", line(check, style))).collect();
            print(&format!("{clear}{lines}{}", render(&report, style)))?;
        }
        let written = self.output.write(&report)?;
        if !is_quiet && !written.is_empty() {
            print(&format!("\nWritten\n  {}\n", visible(&written.join("\n  "))))?;
        }
        Ok(report.exit_code())
    }

    fn launch(&self) -> Launch {
        let mut launch = Launch::new(self.command.iter().cloned());
        // A real browser takes seconds to open a page.
        let (timeout, quiet) = if self.browser.is_some() { (60, 20) } else { (20, 4) };
        launch.timeout = Duration::from_secs(self.timeout.unwrap_or(timeout));
        launch.quiet = Duration::from_secs(self.quiet.unwrap_or(quiet));
        launch.approval = self.consent.into();
        launch.browser =
            self.browser.as_ref().map(|text| text.split_whitespace().map(str::to_owned).collect());
        launch
    }

    fn options(&self) -> GradeOptions {
        GradeOptions {
            seed: self.seed,
            cases: self.cases,
            only: self.only.clone(),
            scenarios: self.scenario.clone(),
            strict: self.strict,
            jobs: usize::from(self.jobs),
            ..GradeOptions::default()
        }
    }
}

fn list(selected: &[&ClientCheck]) -> String {
    let mut text = String::from("Scenarios\n");
    for scenario in checks::all_scenarios() {
        text.push_str(&format!("  {:<36} {}\n", scenario.id, scenario.title));
    }
    text.push_str("\nChecks\n");
    for check in selected {
        text.push_str(&format!(
            "  {:<36} {:<9}  {}\n      {}\n",
            check.id, check.level, check.clause, check.claim
        ));
    }
    text.push_str(&format!("{} checks\n", selected.len()));
    text
}
