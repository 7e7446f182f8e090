//! A throwaway PostgreSQL cluster on loopback: made with `initdb` in a temporary folder, gone with the process that made it, however that ends.
//!
//! It has what is needed to hurt it: it can be killed, stopped, paused and started again on the same port.
//! Its default collation is a natural language's where the build has one, so that an order that depends on it shows.
//! Everybody on loopback is trusted but the role `locked`, whose password is `locked-password`.
//!
//! Where PostgreSQL is not installed, tests of it are skipped, and said to be, unless `LOOKOUT_SKIP_NOTHING` is set.

#![allow(dead_code, reason = "each test binary uses another part")]

#[path = "wire.rs"]
pub(crate) mod wire;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use wire::Rows;

const PATIENCE: Duration = Duration::from_secs(30);

/// A PostgreSQL cluster of one's own.
#[derive(Debug)]
pub(crate) struct Cluster {
    binaries: PathBuf,
    /// Whom the server runs as when this process is root, whom PostgreSQL refuses.
    identity: Option<(u32, u32)>,
    address: SocketAddr,
    running: Mutex<Option<Running>>,
    databases: AtomicU32,
    // Last, so that the server is gone when its folder goes.
    folder: TempDir,
}

#[derive(Debug)]
struct Running {
    postmaster: Child,
    /// Ends the postmaster when this process ends without saying so.
    guard: Child,
    leash: ChildStdin,
}

/// The cluster of this process; a database of its own for every test is enough. `None` where PostgreSQL is not installed.
pub(crate) fn shared() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start).as_ref()
}

impl Cluster {
    /// Makes a cluster and starts it. `None` where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            let message = "initdb and postgres are not in PATH or /usr/lib/postgresql/*/bin, so nothing was tried on PostgreSQL";
            assert!(std::env::var_os("LOOKOUT_SKIP_NOTHING").is_none(), "{message}");
            eprintln!("SKIPPED: {message}");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("lookout-postgres-").tempdir();
        let folder = folder.expect("a temporary folder");
        let is_root = fs::metadata("/proc/self")
            .is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0);
        let identity = is_root.then(unprivileged);
        if let Some((user, group)) = identity {
            chown(folder.path(), Some(user), Some(group)).expect("a folder of the server's own");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("a mode");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let cluster = Self {
            binaries,
            identity,
            address,
            running: Mutex::new(None),
            databases: AtomicU32::new(0),
            folder,
        };
        cluster.initialise();
        cluster.start_again();
        cluster
            .query("postgres", "create role locked login password 'locked-password'")
            .expect("a role with a password");
        Some(cluster)
    }

    /// Makes an empty database and returns its address.
    pub(crate) fn fresh_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.query("postgres", &format!("create database {name}")).expect("a database");
        self.url(&name)
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address)
    }

    /// Where the server listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs statements on a database, named or by its address, and returns their rows as text.
    pub(crate) fn query(&self, database: &str, statements: &str) -> Result<Rows, String> {
        let name = database.rsplit('/').next().unwrap_or(database);
        wire::query(self.address, name, statements)
    }

    /// Ends every process of the server at once, as a crash of the machine would.
    pub(crate) fn kill9(&self) {
        self.end("KILL");
    }

    /// Ends the server without a checkpoint (`pg_ctl -m immediate`): sessions are cut, and the next start recovers.
    pub(crate) fn stop_immediate(&self) {
        self.end("QUIT");
    }

    /// Stops every process of the server where it stands; connections stay open and nothing is answered.
    pub(crate) fn pause(&self) {
        self.to_all("STOP");
    }

    /// Lets a paused server go on.
    pub(crate) fn resume(&self) {
        self.to_all("CONT");
    }

    /// Starts the server again as a standby, which follows nobody and only reads.
    pub(crate) fn become_standby(&self) {
        self.stop_immediate();
        self.start_again();
        self.end("INT");
        fs::write(self.data().join("standby.signal"), "").expect("a file");
        self.start_again();
    }

    /// Starts the server on the same folder and port, and returns when it accepts connections. Nothing happens when it runs.
    pub(crate) fn start_again(&self) {
        let mut running = self.running();
        if running.is_some() {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut attempt = self.launch();
            while attempt.postmaster.try_wait().expect("a child").is_none() {
                if wire::query(self.address, "postgres", "select 1").is_ok() {
                    *running = Some(attempt);
                    return;
                }
                assert!(Instant::now() < deadline, "PostgreSQL does not start:\n{}", self.log());
                sleep(Duration::from_millis(20));
            }
            // What a killed server left behind, shared memory above all, can take a moment to go.
            attempt.finish();
            assert!(Instant::now() < deadline, "PostgreSQL does not start:\n{}", self.log());
            sleep(Duration::from_millis(100));
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, signal: &str) {
        let Some(running) = self.running().take() else { return };
        let pids = running.processes();
        // A paused process acts on nothing but KILL and CONT.
        kill("CONT", &pids);
        if signal == "KILL" {
            kill(signal, &pids);
        } else {
            kill(signal, &pids[..1]);
        }
        running.finish();
    }

    fn to_all(&self, signal: &str) {
        if let Some(running) = &*self.running() {
            kill(signal, &running.processes());
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).process_group(0);
        if let Some((user, group)) = self.identity {
            command.uid(user).gid(group);
        }
        command
    }

    fn initialise(&self) {
        let natural = ["--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8"];
        let is_made = [&natural[..], &["--locale=C"]].into_iter().any(|locale| {
            let mut command = self.command("initdb");
            command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
            command.args(locale).arg("--pgdata").arg(self.data());
            command.output().expect("initdb runs").status.success()
        });
        assert!(is_made, "initdb makes no cluster in {}", self.folder.path().display());
        let rules = "host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        fs::write(self.data().join("pg_hba.conf"), rules).expect("a file of rules");
    }

    fn launch(&self) -> Running {
        let log = self.folder.path().join("log");
        let log = fs::OpenOptions::new().create(true).append(true).open(log).expect("a log");
        let port = self.address.port().to_string();
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &port]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=on",
            "shared_buffers=16MB",
            "max_connections=100",
            "max_wal_size=128MB",
            "autovacuum=off",
        ] {
            command.args(["-c", setting]);
        }
        let output = log.try_clone().expect("a log");
        let postmaster = command.stdout(output).stderr(log).spawn().expect("postgres runs");
        // The end of this process closes the pipe, whatever ends it, and then the shell reads no line.
        let script =
            r#"read -r line || { kill -CONT "$1"; kill -QUIT "$1"; sleep 1; rm -rf "$2"; }"#;
        let mut guard = Command::new("sh")
            .args(["-c", script, "sh", &postmaster.id().to_string()])
            .arg(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let leash = guard.stdin.take().expect("its input is a pipe");
        Running { postmaster, guard, leash }
    }
}

impl Running {
    /// The postmaster, first, and its children.
    fn processes(&self) -> Vec<u32> {
        let postmaster = self.postmaster.id();
        let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(postmaster).chain(children).collect()
    }

    /// Waits for the end of the postmaster, and lets its guard go.
    fn finish(mut self) {
        use std::io::Write as _;
        self.postmaster.wait().expect("a child");
        self.leash.write_all(b"done\n").expect("the guard reads");
        self.guard.wait().expect("a child");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end("QUIT");
    }
}

fn kill(signal: &str, pids: &[u32]) {
    let mut command = Command::new("kill");
    command.arg(format!("-{signal}")).args(pids.iter().map(u32::to_string));
    // Some of them may have ended by themselves.
    let _ = command.stderr(Stdio::null()).status().expect("kill runs");
}

/// The newest folder with both programs.
fn binaries() -> Option<PathBuf> {
    let is_whole = |folder: &PathBuf| {
        ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let version = |folder: &Path| -> u32 {
        let name = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or_default()
    };
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = packaged.map(|entry| entry.path().join("bin")).filter(is_whole);
    std::env::split_paths(&path)
        .find(is_whole)
        .or_else(|| packaged.max_by_key(|folder| version(folder)))
}

/// The user and the group of an account without rights.
fn unprivileged() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").expect("accounts");
    let number = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    number("postgres").or_else(|| number("nobody")).expect("an account that PostgreSQL can run as")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}
