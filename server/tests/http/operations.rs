//! The commands of operators: keys, the doctor, the audit log, leaked tokens, and refusing to start.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lookout_server::authority::Resource;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::Server;

const KEY: &str = "LOOKOUT_ROOT_KEY";

fn lookout(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout-server"));
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::null()).env_remove(KEY);
    command
}

#[track_caller]
fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

#[track_caller]
fn fed(command: &mut Command, input: impl AsRef<[u8]>) -> (i32, String, String) {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("an input").write_all(input.as_ref()).expect("a reader");
    let Output { status, stdout, stderr } = child.wait_with_output().expect("an end");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

/// Makes every time in the key file two minutes older.
fn wait(data: &Path) {
    let path = data.join("root.key");
    let text = fs::read_to_string(&path).expect("what the test needs");
    let older = |line: &str| match line.split_once(" = ") {
        Some((name @ ("made" | "promoted"), time)) => {
            format!("{name} = {}", time.parse::<i64>().expect("what the test needs") - 120)
        }
        _ => line.to_owned(),
    };
    let text: Vec<String> = text.lines().map(older).collect();
    fs::write(&path, text.join("\n")).expect("what the test needs");
}

#[test]
fn a_key_is_rotated_promoted_and_retired_beside_a_running_server() {
    let server = Server::start();
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    let data = server.app.config.data.clone();
    let key = |arguments: &[&str]| run(&mut lookout(&[&["key"], arguments].concat(), &data));
    let (code, _, message) = key(&["promote"]);
    assert!(code == 1 && message.contains("no key waits"), "{message}");
    assert_eq!(key(&["rotate"]).1, "added key 2\n");
    let (code, _, message) = key(&["promote"]);
    assert!(code == 1 && message.contains("try again in"), "{message}");
    wait(&data);
    assert_eq!(key(&["promote"]).1, "promoted key 2\n");
    let (_, listed, _) = key(&["list"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("2\tcurrent\t") && lines[0].ends_with("in use"), "{listed}");
    assert!(lines[1].contains("2 tokens, 0 codes, 1 sessions"), "{listed}");
    assert!(lines[1].contains("can be retired from "), "{listed}");
    let (_, listed, _) = key(&["list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed[1]["kid"], &listed[1]["tokens"]), (&json!(1), &json!(2)));
    wait(&data);
    let (code, _, message) = key(&["retire", "1"]);
    assert!(code == 1 && message.contains("live secrets depend on key 1"), "{message}");
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
    assert!(key(&["retire", "1", "--revoke"]).1.starts_with("retired key 1; "));
    assert!(server.admits(&tokens.access, Resource::Mcp).is_none());
    let (code, _, message) = key(&["retire", "2"]);
    assert!(code == 1 && message.contains("is the current one"), "{message}");
    let told: Vec<String> =
        server.events().into_iter().filter(|e| e.event == "key").map(|e| e.detail).collect();
    assert_eq!(
        told,
        [
            "added key 2",
            "promoted key 2",
            "retired key 1",
            "everything that depends on key 1 was revoked"
        ]
    );
    assert_eq!(fs::metadata(data.join("root.key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn keys_may_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (one, two) = ("11".repeat(32), "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=");
    let (code, _, message) = run(lookout(&["init"], &data).env(KEY, &one));
    assert_eq!(code, 0, "{message}");
    assert!(!data.join("root.key").exists());
    let (_, listed, _) = run(lookout(&["key", "list"], &data).env(KEY, format!("2:{two},1:{one}")));
    assert!(listed.starts_with("2\tcurrent") && listed.contains("\n1\taccepted"), "{listed}");
    // A server that has not been given the new key would not know what the others make.
    let (code, _, message) = run(lookout(&["key", "list"], &data).env(KEY, &one));
    assert!(code == 1 && message.contains("key 2, which secrets"), "{message}");
    let (code, told, message) =
        run(lookout(&["key", "retire", "1"], &data).env(KEY, format!("2:{two},1:{one}")));
    assert!(code == 0 && told == "retired key 1; 0 live secrets ended\n", "{message}");
    assert_eq!(run(lookout(&["key", "list"], &data).env(KEY, format!("2:{two}"))).0, 0);
    let (code, _, message) = run(lookout(&["key", "rotate"], &data).env(KEY, &one));
    assert!(code == 1 && message.contains("the keys come from"), "{message}");
    for bad in ["", "11", "x:11", &format!("{one},{one}"), &format!("1:{one},1:{one}")] {
        let (code, _, message) = run(lookout(&["key", "list"], &data).env(KEY, bad));
        assert!(code == 1 && message.starts_with("error: LOOKOUT_ROOT_KEY"), "{bad}: {message}");
        assert!(!message.contains(&one[..20]));
    }
}

#[test]
fn whatever_was_leaked_is_ended_by_having_it() {
    let server = Server::start();
    let (_, secret) =
        server.register(&json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let (first, second) = (browser.connect(&client), browser.connect(&client));
    let code = browser.allow(&client, &[]);
    let session = browser.secret().to_owned();
    let data = server.app.config.data.clone();
    let report = format!(
        "+ ACCESS=\"{0}\" # twice: {0}\n{{\"refresh\":\"{1}\"}} {2}\n{3}\n{4}\n",
        first.access,
        second.refresh,
        code,
        session,
        secret.unwrap()
    );
    let (status, told, message) = fed(&mut lookout(&["leaked-token"], &data), &report);
    assert_eq!(status, 0, "{told}{message}");
    let kinds: Vec<&str> = told.lines().map(|line| line.split_once('\t').unwrap().1).collect();
    assert_eq!(
        kinds,
        [
            "access token; ended",
            "refresh token; ended",
            "authorization code; ended",
            "web session; ended",
            "client secret; ended"
        ]
    );
    assert!(!told.contains(&first.access[12..]), "a secret is not printed");
    assert!(server.admits(&first.access, Resource::Mcp).is_none());
    assert_eq!(server.refresh(&client, &first.refresh).status, 200, "its grant lives on");
    assert!(server.admits(&second.access, Resource::Mcp).is_none());
    assert_eq!(server.redeem(&client, &code).refusal().1, "invalid_grant");
    assert_eq!(browser.get("/w/demo/mcp/tokens").status, 303);

    let (status, told, _) = fed(&mut lookout(&["leaked-token"], &data), &second.refresh);
    assert!(status == 0 && told.contains("had ended before"), "{told}");
    let unknown =
        lookout_server::secret::AccessToken::mint(&lookout_server::secret::entropy::SystemEntropy);
    let wrong = format!("lkmcp_{}", "a".repeat(49));
    let input = format!("{}\n{wrong}\n", unknown.expose());
    let (status, told, _) = fed(&mut lookout(&["leaked-token"], &data), &input);
    assert!(
        status == 1 && told.contains("not one of this server's") && told.contains("checksum"),
        "{told}"
    );
    // A report in one long line that is not all text.
    let fresh = Browser::signed_in(&server).connect(&client);
    for (before, secret) in [((1 << 20) - 20, &fresh.access), ((3 << 20) + 7, &fresh.refresh)] {
        let mut report = vec![b'.'; before];
        report[5] = 0xff;
        report.extend_from_slice(secret.as_bytes());
        let (status, told, message) = fed(&mut lookout(&["leaked-token"], &data), &report);
        assert!(status == 0 && told.contains("; ended"), "{told}{message}");
    }
    assert!(server.admits(&fresh.access, Resource::Mcp).is_none());
    let (status, _, message) = fed(&mut lookout(&["leaked-token"], &data), "nothing here\n");
    assert!(status == 1 && message.contains("no secret"), "{message}");
}

#[test]
fn the_log_is_printed_without_what_a_terminal_obeys() {
    let server = Server::start();
    let client = server.client();
    server.redeem(&client, "lkoac_nonsense");
    let event = lookout_server::audit::Event::refused(lookout_server::audit::What::Throttle, "");
    let event = event.detail("a\u{1b}[2Jb\u{202e}c\nd");
    server.runtime.block_on(server.app.audit(event));
    let data = server.app.config.data.clone();
    let (code, told, _) = run(&mut lookout(&["audit", "--since", "1h"], &data));
    // The member and their membership come first.
    assert_eq!((code, told.lines().count()), (0, 5), "{told}");
    assert!(told.contains("detail=a\\u{1b}[2Jb\\u{202e}c\\u{a}d\n"), "{told}");
    let (_, told, _) = run(&mut lookout(&["audit", "--client", &client, "--json"], &data));
    let documents: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1]["reason"], "invalid_grant");
    let (_, told, _) = run(&mut lookout(&["audit", "--since", "2100-01-01T00:00:00Z"], &data));
    assert_eq!(told, "");
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let examine = |more: &[&str]| {
        let (code, told, _) = run(&mut lookout(&[&["doctor"], more].concat(), &data));
        (code, told.replace(folder.path().to_str().unwrap(), "FOLDER"))
    };
    let (code, told) = examine(&[]);
    assert!(code == 1 && told.contains("problem  data: cannot use FOLDER/data"), "{told}");
    run(&mut lookout(&["init"], &data));
    let (code, told) = examine(&[]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("doubt    accounts: nobody owns a workspace"), "{told}");
    assert!(told.contains("fine     keys: key 1 is current, of 1"), "{told}");
    assert!(told.contains("fine     database: SQLite "), "{told}");
    run(lookout(&["user", "add", "eve@lookout.example", "--role", "owner"], &data)
        .env("LOOKOUT_USER_PASSWORD", "a long password"));
    assert!(!examine(&[]).1.contains("accounts:"));

    let (code, told) = examine(&["--listen", "0.0.0.0:80"]);
    assert!(code == 1 && told.contains("public_url is missing"), "{told}");
    let (code, told) = examine(&["--public-url", "http://lookout.example"]);
    assert!(code == 1 && told.contains("must be https"), "{told}");
    let (code, told) =
        examine(&["--listen", "0.0.0.0:80", "--public-url", "https://lookout.example"]);
    assert!(code == 0 && told.contains("doubt    proxy:"), "{told}");
    let (_, told) = examine(&["--public-url", "https://lookout.example"]);
    assert!(told.contains("doubt    proxy:"), "{told}");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(examine(&[]).1.contains("chmod 700 FOLDER/data"));
    let key = data.join("root.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, told) = examine(&[]);
    assert!(
        code == 1 && told.contains("problem  keys: FOLDER/data/root.key has mode 644"),
        "{told}"
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let config = folder.path().join("lookout.toml");
    fs::write(&config, "external_access = false\n[limits]\nrates = \"off\"\nconnections = 1000000000\nshutdown_seconds = 10\n[[warehouse]]\nid = \"x\"\nname = \"x\"\nworkspace = \"main\"\npath = \"none.db\"\n").unwrap();
    let (code, told) = examine(&["--config", config.to_str().unwrap(), "--json"]);
    let told: Vec<Value> = serde_json::from_str(&told).unwrap();
    let about: Vec<&str> = told.iter().filter_map(|finding| finding["about"].as_str()).collect();
    assert!(code == 1 && about[0] == "warehouse", "{told:?}");
    assert!(about.contains(&"external_access"), "{told:?}");
    let limits = about.iter().filter(|&&about| about == "limits").count();
    assert_eq!(limits, 3, "rates, descriptors and how long a stop waits: {told:?}");
    fs::remove_file(data.join("lookout.db")).unwrap();
    let (code, told) = examine(&[]);
    assert!(
        code == 1
            && told.contains("problem  database: cannot open the database FOLDER/data/lookout.db"),
        "{told}"
    );
    assert!(!data.join("lookout.db").exists(), "the doctor changes nothing");
}

#[test]
fn a_server_that_cannot_run_says_why_in_one_line_and_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    run(&mut lookout(&["init"], &data));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let serve = |more: &[&str], adjust: &dyn Fn(&mut Command)| {
        let mut command = lookout(&[&["serve", "--listen", "127.0.0.1:0"], more].concat(), &data);
        adjust(&mut command);
        let begun = Instant::now();
        let (code, told, message) = run(&mut command);
        assert!(code != 0 && told.is_empty(), "{told}{message}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        message.replace(folder.path().to_str().unwrap(), "FOLDER").trim_end().to_owned()
    };
    let key = data.join("root.key");
    let kept = fs::read(&key).unwrap();
    let as_is: &dyn Fn(&mut Command) = &|_| {};
    let nobody = "postgres://lookout@127.0.0.1:1/lookout";
    let mut told = vec![
        serve(&["--public-url", "lookout.example"], as_is),
        serve(&["--database-url", nobody], as_is),
        serve(&["--public-url", "http://lookout.example"], as_is),
        serve(&[], &|command| {
            command.env(KEY, "nonsense");
        }),
    ];
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    told.push(serve(&[], as_is));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "short").unwrap();
    told.push(serve(&[], as_is));
    fs::remove_file(&key).unwrap();
    told.push(serve(&[], as_is));
    assert!(!key.exists());
    fs::write(&key, &kept).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let database = rusqlite::Connection::open(data.join("lookout.db")).unwrap();
    database.execute("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'later', 1, x'00', 0)", []).unwrap();
    drop(database);
    told.push(serve(&[], as_is));
    fs::remove_file(data.join("lookout.db")).unwrap();
    told.push(serve(&[], as_is));
    let mut command = lookout(&["serve", "--listen", &taken], &data);
    let (code, _, message) = run(&mut command);
    assert!(code != 0 && message.lines().count() == 1, "{message}");
    told.push(message.trim_end().replace(&taken, "ADDRESS"));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_server_refuses_a_database_that_was_made_with_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    run(&mut lookout(&["init"], &data));
    run(&mut lookout(&["init"], &other));
    let (key, kept) = (data.join("root.key"), fs::read(data.join("root.key")).unwrap());
    let serve = || {
        let (code, told, message) = run(&mut lookout(&["serve", "--listen", "127.0.0.1:0"], &data));
        assert!(code == 1 && told.is_empty() && message.lines().count() == 1, "{message}");
        message
    };
    fs::copy(other.join("root.key"), &key).unwrap();
    assert!(serve().contains("key 1 is not the one that this database was made with"));
    let (code, told, _) = run(&mut lookout(&["doctor"], &data));
    assert!(code == 1 && told.contains("problem  keys: key 1 is not the one"), "{told}");
    // A copy from before a rotation is as wrong.
    fs::write(&key, &kept).unwrap();
    run(&mut lookout(&["key", "rotate"], &data));
    assert_eq!(run(&mut lookout(&["key", "list"], &data)).0, 0);
    wait(&data);
    run(&mut lookout(&["key", "promote"], &data));
    fs::write(&key, &kept).unwrap();
    assert!(serve().contains("key 2, which secrets in this database were made with, is missing"));
}

#[test]
fn a_running_server_that_gets_a_wrong_key_goes_on_with_its_own_and_says_so() {
    let server = Server::start();
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    let key = server.app.config.data.join("root.key");
    let kept = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    std::thread::sleep(lookout_server::secret::keys::REREAD);
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
    let reply = server.get("/readyz", &[]);
    assert_eq!((reply.status, reply.text.as_str()), (503, "keys\n"));
    fs::write(&key, kept).unwrap();
    std::thread::sleep(lookout_server::secret::keys::REREAD);
    assert_eq!(server.get("/readyz", &[]).status, 200);
    // A database that another server promoted a key in.
    server.sql("insert into root_keys (kid, check_value, promoted_at) values (2, x'0000000000000000000000000000000000000000000000000000000000000000', 1)");
    let begun = Instant::now();
    while server.get("/readyz", &[]).text != "keys\n" {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody noticed");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn every_command_takes_the_keys_of_the_configuration_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (config, key) = (folder.path().join("lookout.toml"), folder.path().join("elsewhere.key"));
    fs::write(&config, format!("[keys]\nfile = {key:?}\n")).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let (code, _, message) = run(&mut lookout(&[&["init"], &config[..]].concat(), &data));
    assert_eq!(code, 0, "{message}");
    assert!(key.exists() && !data.join("root.key").exists());
    let add = [&["user", "add", "eve@lookout.example"], &config[..]].concat();
    let (code, _, message) =
        run(lookout(&add, &data).env("LOOKOUT_USER_PASSWORD", "a long password"));
    assert_eq!(code, 0, "{message}");
    let create = ["token", "create", "--user", "eve@lookout.example", "--name", "ci"];
    let (code, token, _) = run(&mut lookout(&[&create, &config[..]].concat(), &data));
    assert_eq!(code, 0);
    let leaked = [&["leaked-token"], &config[..]].concat();
    let (code, told, _) = fed(&mut lookout(&leaked, &data), &token);
    assert!(code == 0 && told.contains("programmatic token; ended"), "{told}");
}

/// Starts a server with this configuration: its first line names its address.
fn started(data: &Path, text: &str) -> (std::process::Child, String) {
    let config = data.parent().expect("what the test needs").join("lookout.toml");
    fs::write(&config, text).expect("what the test needs");
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--config",
        config.to_str().expect("what the test needs"),
    ];
    let mut child = lookout(&arguments, data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("what the test needs");
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.take().expect("what the test needs")),
        &mut line,
    )
    .expect("what the test needs");
    let base = line.trim_end().strip_prefix("listening on ").unwrap_or_default().to_owned();
    (child, base)
}

fn stop(child: std::process::Child) -> String {
    let stopped = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .expect("what the test needs");
    assert!(stopped.success());
    let output = child.wait_with_output().expect("what the test needs");
    String::from_utf8(output.stderr).expect("what the test needs")
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .expect("what the test needs")
        .local_addr()
        .expect("what the test needs")
        .port()
}

#[test]
fn counters_are_served_on_their_own_address_and_requests_are_lines_without_what_clients_write() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    run(&mut lookout(&["init"], &data));
    let port = free_port();
    let text =
        format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n[telemetry]\naccess_log = true\n");
    let (child, base) = started(&data, &text);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for path in ["/healthz", "/nowhere/x-strange-x?token=x-strange-x"] {
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.get(format!("{base}{path}")).header("traceparent", parent).call().unwrap();
    }
    let mut counters = ureq::get(format!("http://127.0.0.1:{port}/metrics")).call().unwrap();
    let counters = counters.body_mut().read_to_string().unwrap();
    assert!(
        counters.contains("lookout_http_requests_total{route=\"/healthz\",status=\"2xx\"} 1\n"),
        "{counters}"
    );
    assert!(counters.contains("lookout_connections "), "{counters}");
    let log = stop(child);
    assert!(log.contains(trace) && log.contains("/healthz") && log.contains("status=404"), "{log}");
    assert!(!log.contains("strange"), "{log}");
}

#[cfg(feature = "otel")]
#[test]
fn spans_reach_a_collector_with_the_trace_of_the_client() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    run(&mut lookout(&["init"], &data));
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("[telemetry]\nendpoint = \"http://{}\"\n", collector.local_addr().unwrap());
    let collected = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        let has =
            |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
        while !(has(&bytes, b"lookout-server") && has(&bytes, &trace)) {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        (
            bytes.starts_with(b"POST /v1/traces HTTP/1.1\r\n"),
            has(&bytes, b"lookout-server"),
            has(&bytes, &trace),
        )
    });
    let (child, base) = started(&data, &text);
    for parent in ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-nonsense"] {
        ureq::get(format!("{base}/healthz")).header("traceparent", parent).call().unwrap();
    }
    let log = stop(child);
    assert_eq!(collected.join().unwrap(), (true, true, true), "{log}");
}
