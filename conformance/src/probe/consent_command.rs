//! Consent by a program: it is given the authorization address and prints the callback.

use std::io::Read;
use std::process::{Child, Command as Process, Stdio};
use std::thread::{self, JoinHandle};
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
    /// Runs the program and returns the address it prints: the last line that is one.
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
        let mut child = Process::new(program)
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
        let succeeded = wait(&mut child, command.timeout)?;
        let (output, errors) = (text(output), text(errors));
        if !succeeded {
            let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
            return Err(ProbeError::step(STEP, format!("{program} failed: {last}")));
        }
        let printed =
            output.lines().rev().map(str::trim).find(|line| url::Url::parse(line).is_ok());
        let printed = printed.ok_or_else(|| {
            ProbeError::step(STEP, format!("{program} printed no address on its standard output"))
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

/// Reads a pipe to its end beside the program, so that it never blocks on a full one.
fn gather(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth looking at.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn text(gathered: JoinHandle<String>) -> String {
    gathered.join().unwrap_or_default()
}

/// Whether the program ended well; one that takes too long is ended.
fn wait(child: &mut Child, timeout: Duration) -> Result<bool, ProbeError> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if begun.elapsed() < timeout => thread::sleep(GLANCE),
            Ok(None) => {
                // Both fail only when it has just ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                let seconds = timeout.as_secs();
                return Err(ProbeError::step(STEP, format!("it took longer than {seconds} s")));
            }
            Err(error) => return Err(ProbeError::step(STEP, error.to_string())),
        }
    }
}
