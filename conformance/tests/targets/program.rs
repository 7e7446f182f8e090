//! Consent by a program.

use super::*;

/// A program that consents: it opens the address again with a person's decision in it.
fn command(server: &Minimal, script: &str, decisions: &[DecisionWord]) -> Target {
    let timeout = std::time::Duration::from_secs(20);
    let program = ["sh", "-c", script, "consent"].map(str::to_owned).to_vec();
    let command = Command { program, decisions: decisions.to_vec(), timeout };
    let driver = Driver::Command(command);
    Target { consent: Some(Consent { person: None, driver }), ..target(server) }
}

const CURL: &str = r#"
case "$LOOKOUT_CONFORMANCE_DECISION" in deny) approve=0;; *) approve=1;; esac
echo "consenting"
curl -s -o /dev/null -w '%{redirect_url}\n' "$1&approve=$approve"
"#;

#[test]
fn a_program_consents_and_denies_as_it_is_told() {
    let switches = Switches { registers: true, shows_page: true, ..Switches::default() };
    let server = Minimal::start(switches, &[]);
    let both = [DecisionWord::Allow, DecisionWord::Deny];
    let only = ["code/single-use", "consent/deny", "scope/consent-narrows", "authorize"];
    let report = judge(&command(&server, CURL, &both), &only);
    assert_eq!(verdict(&report, "code/single-use").0, Verdict::Pass);
    assert_eq!(verdict(&report, "consent/deny").0, Verdict::Pass);
    is_not_tested(&report, "scope/consent-narrows", "no box for each scope");
    is_not_tested(&report, "authorize/redirect-status", "does not show the status");
    let report = judge(&command(&server, CURL, &both[..1]), &["consent/deny"]);
    is_not_tested(&report, "consent/deny", "the consent command cannot deny");
}

#[test]
fn a_program_that_fails_is_an_error_that_repeats_what_it_said() {
    let switches = Switches { registers: true, shows_page: true, ..Switches::default() };
    let server = Minimal::start(switches, &[]);
    for (script, because) in [
        ("echo 'the robot is asleep' >&2; exit 3", "the robot is asleep"),
        ("echo done", "printed no address"),
    ] {
        let target = command(&server, script, &[DecisionWord::Allow]);
        let (verdict, reason) = verdict(&judge(&target, &["code/single-use"]), "code/single-use");
        assert_eq!(verdict, Verdict::Error, "{reason}");
        assert!(reason.contains(because), "{reason}");
    }
}

#[test]
fn only_a_line_that_begins_with_the_redirect_uri_is_an_answer() {
    let switches = Switches { registers: true, shows_page: true, ..Switches::default() };
    let server = Minimal::start(switches, &[]);
    let both = [DecisionWord::Allow, DecisionWord::Deny];
    let chatty = format!("{CURL}\necho https://docs.example.com/robot?code=none");
    let report = judge(&command(&server, &chatty, &both), &["code/single-use"]);
    assert_eq!(verdict(&report, "code/single-use"), (Verdict::Pass, String::new()));
    let other = "echo \"${LOOKOUT_CONFORMANCE_REDIRECT_URI}er?code=none\"";
    let report = judge(&command(&server, other, &both), &["code/single-use"]);
    let (verdict, reason) = verdict(&report, "code/single-use");
    assert_eq!(verdict, Verdict::Error);
    assert!(reason.contains("begins with the redirect URI"), "{reason}");
}

#[test]
fn what_a_program_leaves_running_is_ended_when_its_time_is_over() {
    let switches = Switches { registers: true, shows_page: true, ..Switches::default() };
    let server = Minimal::start(switches, &[]);
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("sleep 120 & echo $! >> {}; exit 0", pids.display());
    let mut target = command(&server, &script, &[DecisionWord::Allow]);
    if let Some(Consent { driver: Driver::Command(command), .. }) = &mut target.consent {
        command.timeout = std::time::Duration::from_secs(1);
    }
    let begun = std::time::Instant::now();
    let (verdict, reason) = verdict(&judge(&target, &["code/single-use"]), "code/single-use");
    assert_eq!(verdict, Verdict::Error);
    assert!(reason.contains("it took longer than 1 s"), "{reason}");
    assert!(begun.elapsed().as_secs() < 60, "nobody waits for the sleepers");
    let runs = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z"))
    };
    for pid in std::fs::read_to_string(pids).unwrap().lines() {
        while runs(pid) {
            assert!(begun.elapsed().as_secs() < 90, "{pid} still runs");
            std::thread::yield_now();
        }
    }
}
