//! Starting the client under test, and watching it until it ends.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::peer::browser::{Browser, browse};
use crate::peer::log::{Ending, Exit, What};
use crate::peer::stage::Stage;
use crate::peer::stage::admit::Approval;

/// How a client is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program and its arguments. `{url}` in an argument stands for the MCP endpoint; without
    /// one the endpoint is the last argument.
    pub command: Vec<OsString>,
    /// How long one start may take in all.
    pub timeout: Duration,
    /// How long nothing may happen, once something has, before the client is stopped.
    pub quiet: Duration,
    /// A program that visits the authorization URL instead of the harness, with its arguments.
    pub browser: Option<Vec<String>>,
    /// How the authorization endpoints consent.
    pub approval: Approval,
}

impl Launch {
    /// A client that is started with these words, with the ordinary limits.
    pub fn new(command: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            timeout: Duration::from_secs(20),
            quiet: Duration::from_secs(4),
            browser: None,
            approval: Approval::Auto,
        }
    }

    /// The command as one line, for people.
    pub(crate) fn display(&self) -> String {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }
}

/// Output beyond this many bytes is not kept.
const LONGEST_OUTPUT: u64 = 1 << 20;

/// How often the process and the browser's letter box are looked at.
const GLANCE: Duration = Duration::from_millis(4);

/// Names under which programs look for a browser.
const BROWSERS: [&str; 5] =
    ["xdg-open", "open", "x-www-browser", "sensible-browser", "www-browser"];

/// How long a page is waited for whose client has ended.
const LAST_PAGE: Duration = Duration::from_millis(300);

/// A folder of one run: the stand-in for a browser, and the client's store.
pub(crate) struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub(crate) fn new() -> io::Result<Self> {
        let room = Self { folder: tempfile::tempdir()? };
        fs::create_dir(room.letters())?;
        fs::create_dir(room.programs())?;
        fs::create_dir(room.store())?;
        // The arguments arrive whole or not at all, and no shell reads them.
        let script = format!(
            "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done > '{0}/'$$.part\nmv '{0}/'$$.part '{0}/'$$.letter\n",
            room.letters().display()
        );
        for name in BROWSERS {
            let path = room.programs().join(name);
            fs::write(&path, &script)?;
            make_executable(&path)?;
        }
        Ok(room)
    }

    /// Where the client may keep what it wants to find again.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn letters(&self) -> PathBuf {
        self.folder.path().join("opened")
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("programs")
    }

    /// Where a real browser keeps what it knows: each time anew, so that it never meets itself.
    fn profile(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("browser-{number}"))
    }

    /// The arguments of every run of the stand-in since the last look.
    fn collect(&self) -> Vec<Vec<String>> {
        let entries = fs::read_dir(self.letters()).into_iter().flatten().flatten();
        let letters = entries.map(|entry| entry.path());
        let letters = letters.filter(|path| path.extension().is_some_and(|kind| kind == "letter"));
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).ok()?;
            fs::remove_file(&path).ok()?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Some(text.split_terminator('\0').map(str::to_owned).collect())
        };
        letters.filter_map(read).collect()
    }
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What a client wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Starts the client and waits for its end, visiting what it opens.
///
/// # Errors
///
/// When the program cannot be started.
pub(crate) fn launch(
    launch: &Launch,
    stage: &Stage,
    room: &Room,
    facts: &[(&'static str, String)],
    quiet: Duration,
) -> io::Result<(Exit, Output)> {
    let mut child = command(launch, stage, room, facts).spawn()?;
    let outputs = (reader(child.stdout.take()), reader(child.stderr.take()));
    let begun = Instant::now();
    let mut browsers = Vec::new();
    let is_over = Arc::new(AtomicBool::new(false));
    let exit = loop {
        for opened in room.collect() {
            stage.note(What::Opened(opened.clone()));
            if let Some(address) = opened.into_iter().next() {
                let stage = stage.clone();
                let browser = launch.browser.clone().map(|program| Browser {
                    program,
                    profile: room.profile(browsers.len()),
                    is_over: Arc::clone(&is_over),
                });
                browsers.push(thread::spawn(move || match browser {
                    None => browse(&stage, &address),
                    Some(browser) => browser.open(&address),
                }));
            }
        }
        if let Some(exit) = ended(&mut child)? {
            break exit;
        }
        let is_browsing = browsers.iter().any(|browser| !browser.is_finished());
        let stop = if stage.take_kill() {
            Some(Ending::Killed)
        } else if begun.elapsed() > launch.timeout {
            Some(Ending::Timeout)
        } else if stage.has_traffic() && !is_browsing && stage.quiet() > quiet {
            Some(Ending::Quiet)
        } else {
            None
        };
        if let Some(how) = stop {
            kill(&mut child)?;
            break Exit { how, code: None };
        }
        thread::sleep(GLANCE);
    };
    // What was opened last is not visited, and of what was visited the page may still be coming.
    for opened in room.collect() {
        stage.note(What::Opened(opened));
    }
    let end = Instant::now() + LAST_PAGE;
    while browsers.iter().any(|browser| !browser.is_finished()) && Instant::now() < end {
        thread::sleep(GLANCE);
    }
    // Whatever the client left running would hold its output open.
    sweep(&child);
    is_over.store(true, Ordering::Relaxed);
    if launch.browser.is_some() {
        // A thread that panicked has no browser any more.
        browsers.into_iter().for_each(|browser| drop(browser.join()));
    }
    stage.note(What::Ended);
    let output = Output { stdout: taken(&outputs.0), stderr: taken(&outputs.1) };
    Ok((exit, output))
}

fn command(
    launch: &Launch,
    stage: &Stage,
    room: &Room,
    facts: &[(&'static str, String)],
) -> Command {
    let url = stage.world().endpoint();
    let mut words = launch.command.iter();
    let mut command = Command::new(words.next().cloned().unwrap_or_default());
    let mut is_placed = false;
    for word in words {
        match word.to_str() {
            Some(text) if text.contains("{url}") => {
                is_placed = true;
                command.arg(text.replace("{url}", &url));
            }
            _ => {
                command.arg(word);
            }
        }
    }
    if !is_placed {
        command.arg(&url);
    }
    let mut path = OsString::from(room.programs());
    if let Some(inherited) = std::env::var_os("PATH") {
        path.push(":");
        path.push(inherited);
    }
    command
        .env("PATH", path)
        .env("BROWSER", room.programs().join(BROWSERS[0]))
        .env("LOOKOUT_CONFORMANCE_STORE", room.store())
        .env("LOOKOUT_CONFORMANCE_URL", url)
        .envs(facts.iter().map(|(name, value)| (name, value)))
        // A proxy of the surroundings must not stand between the client and loopback.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could be read before an error is what there is.
            let _ = pipe.by_ref().take(LONGEST_OUTPUT).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
            // The rest is thrown away, so that the client does not wait for a reader.
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
    });
    receiver
}

fn taken(receiver: &mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
    receiver.recv_timeout(Duration::from_secs(1)).unwrap_or_default()
}

pub(super) fn ended(child: &mut Child) -> io::Result<Option<Exit>> {
    let Some(status) = child.try_wait()? else { return Ok(None) };
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    let how = signal.map_or(Ending::Itself, Ending::Signal);
    Ok(Some(Exit { how, code: status.code() }))
}

pub(super) fn kill(child: &mut Child) -> io::Result<()> {
    sweep(child);
    // It may have ended just now.
    let _ = child.kill();
    child.wait().map(|_| ())
}

/// Ends everything in the client's process group.
fn sweep(child: &Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // Nothing is left of most groups by now.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}
