//! Servers as processes: started, killed, stopped and continued by their own process identifier.
//!
//! A process ends with the value that stands for it, so also after an error, a panic and Ctrl-C.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::wire::{Ask, Wire};

const STARTING: Duration = Duration::from_secs(30);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The binary and its first arguments, for example `serve`.
    pub program: Vec<String>,
    /// Where it listens; the same at every start.
    pub listen: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// The configuration file.
    pub config: PathBuf,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// Further environment.
    pub environment: Vec<(String, String)>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// From the start of the process to its first answer.
    pub ready_in: Duration,
}

impl Launch {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When there is no such program.
    pub fn spawn(&self) -> Result<Server> {
        let errors = OpenOptions::new().create(true).append(true).open(self.log())?;
        let (program, first) = self.program.split_first().context("no program")?;
        let mut command = Command::new(program);
        command.args(first).arg("--listen").arg(self.listen.to_string());
        command.arg("--data").arg(&self.data).arg("--config").arg(&self.config);
        command.args(&self.arguments).envs(self.environment.clone());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        let output = child.stdout.take().context("the server's output is not piped")?;
        // The output is read so that the server never blocks on a full pipe.
        std::thread::spawn(move || BufReader::new(output).lines().for_each(drop));
        Ok(Server { child, ready_in: Duration::ZERO })
    }

    /// Starts it and waits for its first answer.
    ///
    /// # Errors
    ///
    /// When it ends or stays silent; the message has what it complained about.
    pub async fn start(&self) -> Result<Server> {
        let begun = Instant::now();
        let mut server = self.spawn()?;
        let log = self.log();
        let wire = Wire::new(self.listen);
        while begun.elapsed() < STARTING {
            let asked = wire.send(Ask::get("/.well-known/oauth-authorization-server")).await;
            if asked.is_ok_and(|reply| reply.status == 200) {
                server.ready_in = begun.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended at its start ({status}): {}", last_lines(&log));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("the server gave no answer in {STARTING:?}: {}", last_lines(&log))
    }

    fn log(&self) -> PathBuf {
        self.data.join(format!("server-{}.log", self.listen.port()))
    }
}

impl Server {
    /// Ends it as a power cut would, without a chance to finish anything.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn kill(mut self) -> Result<()> {
        // It may have ended by itself.
        let _gone = self.child.kill();
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end and waits. `None` when it did not end in time.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    pub async fn terminate(mut self, patience: Duration) -> Result<Option<ExitStatus>> {
        let begun = Instant::now();
        kill_process(self.pid()?, Signal::TERM)?;
        while begun.elapsed() < patience {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(None)
    }

    /// Whether it ended by itself.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Stops it where it is, as a long pause of the machine would.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn pause(&self) -> Result<()> {
        Ok(kill_process(self.pid()?, Signal::STOP)?)
    }

    /// Lets it go on.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn resume(&self) -> Result<()> {
        Ok(kill_process(self.pid()?, Signal::CONT)?)
    }

    /// Its identifier.
    ///
    /// # Errors
    ///
    /// When the system gave it none that it could have.
    pub fn pid(&self) -> Result<Pid> {
        let id = i32::try_from(self.child.id())?;
        Pid::from_raw(id).context("a process has an identifier")
    }

    /// Bytes of memory that are resident, 0 where the system does not say.
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.bytes("VmRSS:")
    }

    /// The most bytes of memory that were ever resident, 0 where the system does not say.
    #[must_use]
    pub fn peak_resident(&self) -> u64 {
        self.bytes("VmHWM:")
    }

    /// How many files and connections it has open, 0 where the system does not say.
    #[must_use]
    pub fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    fn bytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let kib = status.unwrap_or_default().lines().find_map(|line| {
            line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok()
        });
        kib.unwrap_or(0) * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process has ended by itself. A stopped process is killed as well.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it fails; the message has what it complained about.
pub fn run(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{} {} failed: {complaint}", program.display(), arguments.join(" "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Addresses of the loopback interface that nobody listens on.
///
/// # Errors
///
/// When there are none.
pub fn free_addresses(count: usize) -> Result<Vec<SocketAddr>> {
    let listeners =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    Ok(listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?)
}

/// The end of a log.
fn last_lines(log: &Path) -> String {
    let lines: Vec<String> = File::open(log)
        .map(|file| BufReader::new(file).lines().map_while(Result::ok).collect())
        .unwrap_or_default();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}
