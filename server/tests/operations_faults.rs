//! Each planted fault that only an operator would find is caught, and the strict server has none of them.
#![cfg(feature = "danger-planted-faults")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lookout_server::danger::operations_faults;
use lookout_server::secret::AccessToken;
use lookout_server::secret::entropy::SystemEntropy;

/// A running server, with a fault or without.
struct Served {
    child: Child,
    base: String,
}

impl Served {
    fn start(data: &Path, fault: Option<&str>) -> Self {
        let strict = env!("CARGO_BIN_EXE_lookout-server");
        let made = Command::new(strict).arg("init").arg("--data").arg(data).status();
        assert!(made.expect("the binary runs").success());
        let binary = fault.map_or(strict, |_| env!("CARGO_BIN_EXE_lookout-server-danger"));
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0"]).arg("--data").arg(data);
        if let Some(fault) = fault {
            command.args(["--fault", fault]);
        }
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("a line");
        let base = line.trim_end().strip_prefix("listening on ").expect("an address").to_owned();
        Self { child, base }
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().http_status_as_error(false).build().into()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the audit log holds a token that was presented.
fn tells_a_secret(fault: Option<&str>) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Served::start(&data, fault);
    let token = AccessToken::mint(&SystemEntropy);
    let bearer = format!("Bearer {}", token.expose());
    let request = Served::agent().post(format!("{}/mcp", server.base));
    let reply = request.header("authorization", bearer).send_empty().expect("an answer");
    assert_eq!(reply.status(), 401);
    let database = rusqlite::Connection::open(data.join("lookout.db")).expect("the database");
    let mut events = database
        .prepare("select detail from audit_events where event = 'bearer'")
        .expect("a table");
    let details: Vec<String> =
        events.query_map([], |row| row.get(0)).expect("rows").map(Result::unwrap).collect();
    assert_eq!(details.len(), 1);
    details.concat().contains(token.expose())
}

/// Whether a registration is acknowledged while nothing can be recorded.
fn acknowledges_without_an_event(fault: Option<&str>) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Served::start(&data, fault);
    let database = rusqlite::Connection::open(data.join("lookout.db")).expect("the database");
    database
        .execute("create trigger full before insert on audit_events begin select raise(abort, 'full'); end", [])
        .expect("a trigger");
    let request = Served::agent()
        .post(format!("{}/oauth/register", server.base))
        .header("content-type", "application/json")
        .send("{\"redirect_uris\":[\"http://127.0.0.1/callback\"]}")
        .expect("an answer");
    let clients = database.query_row("select count(*) from clients", [], |row| row.get(0));
    let is_there = clients.unwrap_or(0_i64) == 1;
    assert_eq!(is_there, request.status() == 201, "what was refused was not done");
    is_there
}

#[test]
fn every_fault_is_caught_and_the_strict_server_has_none() {
    let tests = [
        ("audit-with-secrets", tells_a_secret as fn(Option<&str>) -> bool),
        ("audit-as-an-afterthought", acknowledges_without_an_event),
    ];
    let tested: Vec<&str> = tests.iter().map(|(name, _)| *name).collect();
    assert_eq!(operations_faults().map(|fault| fault.name).collect::<Vec<_>>(), tested);
    for (name, is_broken) in tests {
        assert!(!is_broken(None), "the strict server: {name}");
        assert!(is_broken(Some(name)), "{name} is not caught");
    }
}
