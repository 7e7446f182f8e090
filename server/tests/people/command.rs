//! `lookout-server user`.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn user(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookout-server"))
        .arg("user")
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .env_remove("LOOKOUT_USER_PASSWORD")
        .output()
        .expect("the binary runs")
}

#[track_caller]
fn done(arguments: &[&str], data: &Path) -> String {
    let output = user(arguments, data);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn refused(arguments: &[&str], data: &Path) -> String {
    let output = user(arguments, data);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn people_are_added_listed_and_disabled_without_a_password_in_the_arguments() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(lookout_server::app::init(&data)).expect("a data directory");
    let eve = "eve@lookout.example";

    let link = done(&["add", eve, "--name", "Eve", "--workspace", "lab", "--role", "owner"], &data);
    let secret = link.trim_end().strip_prefix("http://127.0.0.1:8787/setup/lkset_");
    assert_eq!(secret.map(str::len), Some(49), "{link}");
    let newer = done(&["setup-link", "EVE@lookout.example"], &data);
    assert_ne!(link, newer);
    assert!(refused(&["add", eve, "--setup-link"], &data).contains("has an account already"));
    assert!(refused(&["setup-link", "nobody@lookout.example"], &data).contains("user list"));

    assert_eq!(done(&["list"], &data), format!("{eve}\tenabled\tno password\tlab=owner\tEve\n"));
    done(&["role", eve, "lab", "member"], &data);
    assert!(refused(&["role", eve, "elsewhere", "owner"], &data).contains("not a member"));
    done(&["disable", eve], &data);
    assert!(refused(&["setup-link", eve], &data).contains("user enable"));
    assert_eq!(done(&["list"], &data), format!("{eve}\tdisabled\tno password\tlab=member\tEve\n"));
    done(&["enable", eve], &data);
    done(&["remove-from", "lab", eve], &data);
    assert_eq!(done(&["list"], &data), format!("{eve}\tenabled\tno password\t\tEve\n"));
}
