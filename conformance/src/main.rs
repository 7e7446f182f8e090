//! `lookout-conformance`: the harness on the command line.
//!
//! Exit codes: 0 the target conforms, 1 it does not, 2 the command line is wrong, 3 the target
//! could not be exercised.

mod cli;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use lookout_conformance::replay::{ReplayFile, replay, replay_client};
use lookout_conformance::report::CheckReport;
use lookout_conformance::report::text::{self, Style, render};
use lookout_conformance::report::visible::visible;
use lookout_conformance::requirements::Requirements;
use lookout_conformance::target::Registration;
use lookout_conformance::{Launch, Options, RunError, Target, checks, run_for, run_with};

use crate::cli::progress::Progress;
use crate::cli::{Arguments, Command, Replay, Server};

const USAGE: u8 = 2;
const UNUSABLE: u8 = 3;

/// Why the process ends without a verdict: what to tell the person, and the exit code.
struct Failure {
    code: u8,
    message: String,
}

fn main() -> ExitCode {
    // The message of a panic may quote a secret; the report has it, redacted.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        let _ = writeln!(std::io::stderr(), "lookout-conformance: a fault of the harness{place}");
    }));
    let result = match Arguments::parse().command {
        Command::Server(arguments) => server(&arguments),
        Command::Client(arguments) => arguments.run(),
        Command::Init(arguments) => arguments.run(),
        Command::Replay(arguments) => again(&arguments),
        Command::Requirements => print(&Requirements::embedded().markdown()).map(|()| 0),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let mut stderr = std::io::stderr();
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(stderr, "lookout-conformance: {}", visible(&failure.message));
            ExitCode::from(failure.code)
        }
    }
}

fn server(arguments: &Server) -> Result<u8, Failure> {
    if arguments.list {
        print(&list(arguments)?)?;
        return Ok(0);
    }
    let target = arguments.target.target().map_err(|message| usage(&message))?;
    if arguments.target.client_documents {
        print(&client_documents(&target)?)?;
        return Ok(0);
    }
    let options = options(arguments);
    let selected = checks::select(&options.only).map_err(|error| usage(&error.to_string()))?;
    let expectations = arguments.output.expectations()?;
    arguments.output.is_writable()?;
    let is_quiet = arguments.output.is_on_stdout();
    let style = style();
    if !is_quiet {
        print(&format!(
            "lookout-conformance {}  {}  seed {}  {} cases a property\n\n",
            env!("CARGO_PKG_VERSION"),
            visible(&target.url),
            options.seed,
            options.cases
        ))?;
    }
    let progress = Progress::new(selected.len(), style, std::io::stdout().is_terminal());
    let show = |check: &CheckReport| {
        if !is_quiet {
            // A closed pipe ends the output, not the run: the exit code is still the verdict.
            let _ = print(&progress.after(check));
        }
    };
    let result = match arguments.depth.duration() {
        None => run_with(&target, &options, &show),
        Some(duration) => {
            let accepted = expectations.as_ref().map(|(_, expectations)| expectations);
            run_for(&target, &options, duration, accepted, &show)
        }
    };
    let mut report = result.map_err(|error| Failure {
        code: if matches!(error, RunError::UnknownName(_)) { USAGE } else { UNUSABLE },
        message: error.to_string(),
    })?;
    if let Some((file, expectations)) = &expectations {
        expectations.apply(file, &mut report);
    }
    if !is_quiet {
        print(&format!("{}{}", progress.end(), render(&report, style)))?;
    }
    let written = arguments.output.write(&report)?;
    if !is_quiet && !written.is_empty() {
        print(&format!("\nWritten\n  {}\n", visible(&written.join("\n  "))))?;
    }
    Ok(report.exit_code())
}

/// What to host at each client identifier.
fn client_documents(target: &Target) -> Result<String, Failure> {
    let Registration::MetadataDocument(clients) = &target.registration else {
        return Err(usage("the target has no registration of kind \"metadata-document\""));
    };
    let documents = clients.iter().map(|client| format!("{:#}\n", client.document()));
    Ok(documents.collect())
}

fn again(arguments: &Replay) -> Result<u8, Failure> {
    let file = ReplayFile::read(&arguments.file).map_err(|error| usage(&error.to_string()))?;
    if file.is_about_client() {
        return again_with_client(arguments, &file);
    }
    let target = arguments.target.target_or(&file.target).map_err(|message| usage(&message))?;
    let options = Options {
        max_wait: Duration::from_secs(arguments.max_wait),
        timeout: Duration::from_secs(arguments.timeout),
        ..Options::default()
    };
    let replayed = replay(&target, &options, &file)
        .map_err(|error| Failure { code: UNUSABLE, message: error.to_string() })?;
    print(&text::replay(&file, &replayed, &target.url, style()))?;
    Ok(replayed.result.exit_code())
}

fn again_with_client(arguments: &Replay, file: &ReplayFile) -> Result<u8, Failure> {
    if arguments.command.is_empty() {
        let message = "the file is about a client: give the command that starts it after --";
        return Err(usage(message));
    }
    let client = Launch::new(arguments.command.iter().cloned());
    let replayed = replay_client(&client, file)
        .map_err(|error| Failure { code: UNUSABLE, message: error.to_string() })?;
    print(&text::replay(file, &replayed, &file.target, style()))?;
    Ok(replayed.result.exit_code())
}

fn options(arguments: &Server) -> Options {
    arguments.depth.adjust(Options {
        seed: arguments.seed,
        cases: arguments.cases,
        only: arguments.only.clone(),
        strict: arguments.strict,
        threads: arguments.threads,
        max_wait: Duration::from_secs(arguments.max_wait),
        timeout: Duration::from_secs(arguments.timeout),
        ..Options::default()
    })
}

fn list(arguments: &Server) -> Result<String, Failure> {
    let selected = checks::select(&arguments.only).map_err(|error| usage(&error.to_string()))?;
    let mut text = String::new();
    for check in &selected {
        text.push_str(&format!(
            "{:<36} {:<9}  {}\n    {}\n",
            check.id, check.level, check.clause, check.claim
        ));
    }
    text.push_str(&format!("{} checks\n", selected.len()));
    Ok(text)
}

fn style() -> Style {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !is_refused { Style::Colour } else { Style::Plain }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| usage(&format!("cannot write to standard output: {error}")))
}

fn usage(message: &str) -> Failure {
    Failure { code: USAGE, message: message.to_owned() }
}
