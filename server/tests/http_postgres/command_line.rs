//! The command line with the data in PostgreSQL.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::serving::cluster;

const URL: &str = "LOOKOUT_DATABASE_URL";
const SECRET: &str = "s3cret-of-the-database";

fn lookout(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout-server"));
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::null()).env_remove(URL);
    command
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    output
}

/// The exit code and the one line of a refusal, which comes soon and repeats no password.
#[track_caller]
fn refused(command: &mut Command) -> (i32, String) {
    let began = Instant::now();
    let output = command.output().expect("the binary runs");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let message = String::from_utf8(output.stderr).expect("text");
    assert!(output.stdout.is_empty() && message.lines().count() == 1, "{message}");
    assert!(!message.contains(SECRET), "{message}");
    (output.status.code().expect("an exit code"), message)
}

/// A running server, and where it listens.
struct Process(Child, String);

impl Process {
    fn start(data: &Path, url: &str, more: &[&str]) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        let mut child = lookout(&arguments, data)
            .env(URL, url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        lines.read_line(&mut line).expect("a line");
        let base = line.trim_end().strip_prefix("listening on ").expect("an address").to_owned();
        Self(child, base)
    }

    /// What the endpoint says to a bearer.
    fn status(&self, token: &str) -> u16 {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let reply = agent
            .post(format!("{}/mcp", self.1))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2025-11-25")
            .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        reply.expect("an answer").status().as_u16()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_command_works_on_postgres_and_the_directory_holds_the_key_alone() {
    let Some(cluster) = cluster::shared() else { return };
    let url = cluster.fresh_database();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    succeed(lookout(&["init"], &data).env(URL, &url));
    let files: Vec<_> =
        std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["root.key"]);
    let (_, message) = refused(lookout(&["init"], &data).env(URL, &url));
    assert!(message.contains("is not empty"), "{message}");

    // A replica is the same key and the same database.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::copy(data.join("root.key"), other.join("root.key")).unwrap();
    let flag = ["--database-url", url.as_str()];
    let add = [&["user", "add", "eve@lookout.example"], &flag[..]].concat();
    succeed(lookout(&add, &data).env("LOOKOUT_USER_PASSWORD", "a long password"));
    let owner = ["--user", "eve@lookout.example"];
    let create = [&["token", "create", "--name", "ci"], &owner[..], &flag].concat();
    let token = String::from_utf8(succeed(&mut lookout(&create, &other)).stdout).unwrap();
    let token = token.trim_end();

    let first = Process::start(&data, &url, &[]);
    let second = Process::start(&other, &url, &["--public-url", &first.1]);
    assert_eq!((first.status(token), second.status(token)), (200, 200));
    let revoke = [&["token", "revoke", "ci"], &owner[..], &flag].concat();
    succeed(&mut lookout(&revoke, &data));
    assert_eq!((first.status(token), second.status(token)), (401, 401));
}

#[test]
fn an_address_that_cannot_be_used_is_one_line_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for shape in ["postgres://u:PASSWORD@127.0.0.1/d", "postgres://u@127.0.0.1/d?password=PASSWORD"]
    {
        let url = shape.replace("PASSWORD", SECRET);
        for command in [&["init"][..], &["serve"], &["token", "list", "--user", "u"]] {
            let (code, message) =
                refused(&mut lookout(&[command, &["--database-url", &url]].concat(), &data));
            assert!(code == 2 && message.contains(URL), "{message}");
        }
    }
    for bad in ["mysql://u@h/d", "postgres://h:port/d", "nothing", ""] {
        let mut command = lookout(&["init", "--database-url", bad], &data);
        let (code, message) = refused(&mut command);
        assert!(code == 2 && message.contains("postgres://user@host/database"), "{message}");
        if !bad.is_empty() {
            let (code, _) = refused(lookout(&["init"], &data).env(URL, format!("{bad}{SECRET}")));
            assert_eq!(code, 2);
        }
    }
    let unreachable = format!("postgres://u:{SECRET}@127.0.0.1:1/d");
    let (code, message) = refused(lookout(&["init"], &data).env(URL, unreachable));
    assert!(code == 1 && message.contains("127.0.0.1:1/d"), "{message}");
    assert!(!data.exists(), "nothing was made");

    let file = folder.path().join("lookout.toml");
    let arguments = ["serve", "--config", file.to_str().unwrap()];
    for (text, expected) in [
        (format!("[database]\nurl = \"oracle://u:{SECRET}@h/d\""), "database.url"),
        ("[database]\nconnections = 0".to_owned(), "database.connections is 0"),
    ] {
        std::fs::write(&file, text).unwrap();
        let (code, message) = refused(&mut lookout(&arguments, &data));
        assert!(code == 2 && message.contains(expected), "{message}");
    }
}
