//! Stopping: who is being answered is answered, and nothing that was done goes unsaid.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lookout_server::config::Seconds;

use crate::peer::{PATIENCE, Peer, odd_routes, server};

/// The binary, with a data directory of its own.
pub(crate) struct Running {
    child: Child,
    base: String,
    folder: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start() -> Self {
        Self::with("true", "")
    }

    /// With these further lines of configuration.
    pub(crate) fn with_settings(settings: &str) -> Self {
        Self::with("true", settings)
    }

    /// After this command of the shell.
    fn with_files(before: &str) -> Self {
        Self::with(before, "")
    }

    fn with(before: &str, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("lookout.toml");
        let text = format!("[limits]\nunconsented_clients = 1000000\n{settings}");
        std::fs::write(&config, text).expect("a file");
        let lookout = |arguments: &[&str]| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("{before} && exec \"$0\" \"$@\"")]);
            command
                .arg(env!("CARGO_BIN_EXE_lookout-server"))
                .args(arguments)
                .arg("--data")
                .arg(folder.path().join("data"));
            command
        };
        assert!(lookout(&["init"]).status().expect("the binary runs").success());
        let config = config.to_str().expect("a path").to_owned();
        let mut child = lookout(&["serve", "--listen", "127.0.0.1:0", "--config", &config])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let base = line.trim_end().strip_prefix("listening on ").expect("an address").to_owned();
        Self { child, base, folder }
    }

    fn signal(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    }

    /// How it ended, and after how long.
    fn ended(&mut self) -> (bool, Duration) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status.success(), began.elapsed());
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().expect("a child");
        panic!("the server does not end");
    }
}

fn clients(data: &Path) -> u32 {
    let database = rusqlite::Connection::open(data.join("lookout.db")).expect("the database");
    database.query_row("select count(*) from clients", [], |row| row.get(0)).expect("a number")
}

#[test]
fn a_stop_under_load_loses_no_answer() {
    let mut running = Running::start();
    let document = r#"{"redirect_uris":["http://127.0.0.1:4321/callback"]}"#;
    let headers =
        format!("content-type: application/json\r\ncontent-length: {}\r\n", document.len());
    let (registered, stopped) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for keeps in [true, true, true, false, false, false] {
            let (headers, registered, stopped, base) =
                (&headers, &registered, &stopped, &running.base);
            scope.spawn(move || {
                let mut kept: Option<Peer> = None;
                // The listener is gone when no connection is made.
                while let Some(mut peer) = kept.take().or_else(|| Peer::try_connect(base)) {
                    peer.request("POST /oauth/register", headers, document.as_bytes());
                    match peer.response() {
                        (201, text) => {
                            registered.fetch_add(1, Ordering::SeqCst);
                            let last = text.to_ascii_lowercase().contains("connection: close");
                            kept = (keeps && !last).then_some(peer);
                        }
                        (0, text) => {
                            assert!(text.is_empty(), "an answer was cut: {text}");
                            assert!(stopped.load(Ordering::SeqCst), "nobody was stopped yet");
                        }
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        while registered.load(Ordering::SeqCst) < 100 {
            thread::sleep(Duration::from_millis(5));
        }
        stopped.store(true, Ordering::SeqCst);
        running.signal();
    });
    let (success, _) = running.ended();
    assert!(success);
    let made = clients(&running.folder.path().join("data"));
    assert_eq!(made, registered.into_inner(), "what was done and what was said differ");
}

#[test]
fn a_stop_records_the_calls_that_were_just_answered() {
    let mut running = Running::start();
    let data = running.folder.path().join("data");
    let lookout = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookout-server"));
        command
            .args(arguments)
            .arg("--data")
            .arg(&data)
            .env("LOOKOUT_USER_PASSWORD", "a long password");
        let output = command.output().expect("the binary runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    };
    lookout(&["user", "add", "eve@lookout.example"]);
    let token = lookout(&["token", "create", "--user", "eve@lookout.example", "--name", "ci"]);
    let call =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_warehouses"}}"#;
    let headers = format!(
        "authorization: Bearer {token}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n\
         mcp-protocol-version: 2025-11-25\r\ncontent-length: {}\r\n",
        call.len()
    );
    let mut peer = Peer::connect(&running.base);
    for _ in 0..3 {
        peer.request("POST /mcp", &headers, call.as_bytes());
        let (status, text) = peer.response();
        assert_eq!(status, 200, "{text}");
    }
    running.signal();
    assert!(running.ended().0);
    let database = rusqlite::Connection::open(data.join("lookout.db")).expect("the database");
    let recorded = "select count(*) from tool_calls where outcome = 'ok'";
    let recorded: u32 = database.query_row(recorded, [], |row| row.get(0)).expect("a number");
    assert_eq!(recorded, 3);
}

/// How many of these many connections may ask while all do, and whether the first can still register a client then.
fn answered(running: &Running, connections: usize) -> usize {
    let document = r#"{"redirect_uris":["http://127.0.0.1:4321/callback"]}"#;
    let headers = format!(
        "content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n",
        document.len()
    );
    let mut peers: Vec<Peer> = (0..connections).map(|_| Peer::connect(&running.base)).collect();
    let asking = peers.iter_mut().filter_map(|peer| {
        // Idle ones would give way.
        peer.request("POST /oauth/register", &headers, b"");
        (peer.response().0 == 100).then_some(peer)
    });
    let mut asking: Vec<_> = asking.collect();
    asking[0].send(document.as_bytes());
    assert_eq!(asking[0].response().0, 201, "descriptors are left for the database");
    asking.len()
}

#[test]
fn as_many_connections_are_taken_as_the_system_has_descriptors_for() {
    let raised = Running::with_files("ulimit -S -n 64");
    assert_eq!(answered(&raised, 120), 120, "what the system gives on request is asked for");
    let few = Running::with_files("ulimit -n 120");
    assert_eq!(answered(&few, 120), 60, "half is for connections, and the rest is told at once");
}

#[test]
fn a_stop_waits_longer_than_any_call_takes() {
    let tools = &lookout_schema::catalogue().tools;
    let limits = tools.iter().filter_map(|tool| {
        tool.input_schema.pointer("/properties/timeout_seconds/maximum")?.as_f64()
    });
    let longest = limits.fold(0.0, f64::max);
    let waits = lookout_server::config::LimitSettings::default().shutdown_seconds;
    assert!(longest > 0.0 && waits.0 > longest, "{longest} s, but only {waits:?}");
}

#[test]
fn idle_connections_do_not_hold_up_a_stop() {
    let mut running = Running::start();
    let mut idle = Peer::connect(&running.base);
    idle.request("GET /sign-in", "", b"");
    assert_eq!(idle.response().0, 200);
    let _silent = Peer::connect(&running.base);
    running.signal();
    let (success, after) = running.ended();
    assert!(success && after < Duration::from_secs(8), "{after:?}");
    assert!(idle.rest().is_empty());
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut running = Running::start();
    let mut slow = Peer::connect(&running.base);
    slow.request("POST /oauth/register", "content-length: 100\r\n", b"{");
    // The request is in progress once a later connection was answered.
    let mut other = Peer::connect(&running.base);
    other.request("GET /sign-in", "connection: close\r\n", b"");
    assert_eq!(other.response().0, 200);
    running.signal();
    thread::sleep(Duration::from_millis(300));
    assert!(running.child.try_wait().expect("a child").is_none(), "the body is waited for");
    running.signal();
    let (success, after) = running.ended();
    assert!(!success && after < Duration::from_secs(5), "{after:?}");
}

#[test]
fn readiness_goes_first_then_the_listener_and_what_is_in_progress_ends_well() {
    let server = server(|limits| limits.notice_seconds = Seconds(3.0));
    let (base, stop) = odd_routes(&server);
    let draining = || {
        let mut peer = Peer::connect(&base);
        peer.request("GET /draining", "", b"");
        peer.response().1.ends_with("true")
    };
    assert!(!draining());
    let client = crate::http2::client();
    let slow = format!("{base}/slow");
    let over_http2 = server.runtime.spawn(async move {
        // Each is begun on the same connection, the later ones while the server stops.
        let mut statuses = Vec::new();
        for _ in 0..2 {
            let reply = client.get(&slow).send().await.expect("an answer");
            statuses.push(reply.status().as_u16());
            assert_eq!(reply.text().await.expect("a body"), "slow\n");
        }
        statuses
    });
    let mut peer = Peer::connect(&base);
    peer.request("GET /slow", "", b"");
    stop.send(()).expect("a server");
    let told = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(5));
        draining()
    });
    assert!(told, "new connections are still answered, and told");
    assert_eq!(peer.response().0, 200);
    peer.request("GET /slow", "", b"");
    let (status, text) = peer.response();
    assert_eq!(status, 200, "{text}");
    assert!(text.to_ascii_lowercase().contains("connection: close"), "{text}");
    assert!(peer.rest().is_empty());
    assert_eq!(server.runtime.block_on(over_http2).expect("a client"), [200, 200]);
    assert!(Peer::try_connect(&base).is_none(), "the listener is gone");
}
