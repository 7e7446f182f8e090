//! Consent by a program: it is given the authorization address and prints the callback.

use std::io::Read;
#[cfg(unix)]
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::authorize::Decision;
use crate::target::Command;
use crate::target::consent::DecisionWord;

const STEP: &str = "run the consent command";

/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(20);

impl Probe<'_> {
    /// Runs the program and returns the address it prints: the last line that begins with `redirect_uri`.
    pub(crate) fn run_command(
        &self,
        command: &Command,
        address: &str,
        redirect_uri: &str,
        decision: &Decision,
    ) -> Result<String, ProbeError> {
        let word = word(decision);
        if !command.decisions.contains(&word) {
            return Err(ProbeError::unavailable(format!(
                "the consent command cannot {name}: when it can, add {name:?} to \
                 consent.decisions",
                name = name(word)
            )));
        }
        let scopes = match decision {
            Decision::AllowOnly(scopes) => scopes.join(" "),
            Decision::Allow | Decision::Deny => String::new(),
        };
        let (program, arguments) = command
            .program
            .split_first()
            .ok_or_else(|| ProbeError::unavailable("the target names no consent command"))?;
        let mut process = Process::new(program);
        // A group of its own, so that what it starts can be ended with it.
        #[cfg(unix)]
        process.process_group(0);
        let mut child = process
            .args(arguments)
            .arg(address)
            .env("LOOKOUT_CONFORMANCE_DECISION", name(word))
            .env("LOOKOUT_CONFORMANCE_SCOPES", scopes)
            .env("LOOKOUT_CONFORMANCE_REDIRECT_URI", redirect_uri)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| ProbeError::step(STEP, format!("{program}: {error}")))?;
        let output = gather(child.stdout.take());
        let errors = gather(child.stderr.take());
        let deadline = Instant::now() + command.timeout;
        // Something the program started may hold its pipes open after it has ended.
        let finished = wait(&mut child, deadline).and_then(|succeeded| {
            Ok((succeeded, text(&output, deadline)?, text(&errors, deadline)?))
        });
        let (succeeded, output, errors) = finished.map_err(|stop| {
            end(&mut child);
            let seconds = command.timeout.as_secs();
            let cause = match stop {
                Stop::Late => format!("it took longer than {seconds} s"),
                Stop::Failed(error) => error,
            };
            ProbeError::step(STEP, cause)
        })?;
        if !succeeded {
            let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
            return Err(ProbeError::step(STEP, format!("{program} failed: {last}")));
        }
        let mut lines = output.lines().rev().map(str::trim);
        let printed = lines.find(|line| is_callback(line, redirect_uri)).ok_or_else(|| {
            let cause = format!(
                "{program} printed no address on its standard output that begins with the redirect \
                 URI {redirect_uri}"
            );
            ProbeError::step(STEP, cause)
        })?;
        Ok(printed.to_owned())
    }
}

fn word(decision: &Decision) -> DecisionWord {
    match decision {
        Decision::Allow => DecisionWord::Allow,
        Decision::Deny => DecisionWord::Deny,
        Decision::AllowOnly(_) => DecisionWord::Narrow,
    }
}

fn name(word: DecisionWord) -> &'static str {
    match word {
        DecisionWord::Allow => "allow",
        DecisionWord::Deny => "deny",
        DecisionWord::Narrow => "narrow",
    }
}

/// Whether `line` is `redirect_uri` with an answer added to it.
fn is_callback(line: &str, redirect_uri: &str) -> bool {
    line.strip_prefix(redirect_uri)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '&', '#']))
}

/// Why a program was not waited for any longer.
enum Stop {
    Late,
    Failed(String),
}

/// Reads a pipe to its end beside the program, so that it never blocks on a full one.
fn gather(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, gathered) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth looking at.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody may be waiting for it any more.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    gathered
}

fn text(gathered: &Receiver<String>, deadline: Instant) -> Result<String, Stop> {
    let left = deadline.saturating_duration_since(Instant::now());
    gathered.recv_timeout(left).map_err(|_| Stop::Late)
}

/// Whether the program ended well.
fn wait(child: &mut Child, deadline: Instant) -> Result<bool, Stop> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if Instant::now() < deadline => thread::sleep(GLANCE),
            Ok(None) => return Err(Stop::Late),
            Err(error) => return Err(Stop::Failed(error.to_string())),
        }
    }
}

/// Ends the program and what it started. Each step fails only when there is nothing left to end.
fn end(child: &mut Child) {
    #[cfg(unix)]
    let _ = Process::new("sh")
        .args(["-c", "kill -9 \"-$1\"", "end", &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
    let _ = child.kill();
    let _ = child.wait();
}
