//! What a client hands to the browser, and how often.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use url::Url;

use super::{Area, HARDENING, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::honest::mcp::challenge;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{READ_TOOL, Route, Script, calls_at_once, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const VALIDATION: &str = "basic/security_best_practices#oauth-authorization-url-validation";

/// The metadata names an authorization endpoint that a client must not, or not carelessly, open.
const NAMED: &str = "the metadata with the hostile authorization endpoint";

/// What a shell would do if it read the address: leave a file in the client's store. No character
/// in it is unusual in an address.
const COMMAND: &str = "touch$IFS$LOOKOUT_CONFORMANCE_STORE/ran";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "opening/script",
        title: "The authorization endpoint is a script, or a document of its own.",
        inputs: || data(scripts()),
        runs: 1,
        script: named,
    },
    Scenario {
        id: "opening/program",
        title: "The authorization endpoint is a file, or the address of a program.",
        inputs: || data(programs()),
        runs: 1,
        script: named,
    },
    Scenario {
        id: "opening/plain-http",
        title: "The authorization endpoint is in the clear, and not on this machine.",
        inputs: || data(plain_addresses()),
        runs: 1,
        script: named,
    },
    Scenario {
        id: "opening/shell",
        title: "The authorization endpoint has a query that a shell would run as a command.",
        inputs: || data(commands()),
        runs: 2,
        script: with_command,
    },
    Scenario {
        id: "opening/at-once",
        title: "Several calls at once are refused because the access token has ended, and the \
                person declines to sign in again.",
        inputs: same,
        runs: 1,
        script: |_| refused_at_once(),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "opening/scheme",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "No address with another scheme than https or http is handed to the browser.",
        on: On::Only(&["opening/script", "opening/program"]),
        judge: Judge::Each(is_web),
    },
    ClientCheck {
        id: "opening/plain-http",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "No address in the clear is handed to the browser unless it is on this machine.",
        on: On::Only(&["opening/plain-http"]),
        judge: Judge::Each(is_web),
    },
    ClientCheck {
        id: "opening/shell",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "No shell reads the address that the browser is opened with.",
        on: On::Only(&["opening/shell"]),
        judge: Judge::Each(runs_nothing),
    },
    ClientCheck {
        id: "opening/argument",
        level: HARDENING,
        clause: mcp(VALIDATION),
        claim: "The browser is given one address as its one argument, without blanks, quotes or \
                control characters.",
        on: On::Every,
        judge: Judge::Each(is_one_argument),
    },
    ClientCheck {
        id: "opening/once",
        level: HARDENING,
        clause: rfc(8252, "8.10"),
        claim: "However many requests are refused at once, the person is sent to sign in once, and \
                not again after declining.",
        on: On::Only(&["opening/at-once"]),
        judge: Judge::Each(opens_once),
    },
];

/// Addresses with which a careless browser or program runs what they say.
fn scripts() -> impl Strategy<Value = String> {
    let rows = vec![
        "javascript:alert(document.domain)//",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
    ];
    disguised(rows)
}

/// Addresses that the system gives to other programs than the browser.
fn programs() -> impl Strategy<Value = String> {
    let rows = vec![
        "file:///etc/passwd",
        "ms-settings://wifi",
        "ssh://-oProxyCommand=id/",
        "smb://127.0.0.1/share",
        "x-lookout-app://open/authorize",
    ];
    disguised(rows)
}

/// The scheme in any case, and blanks before it that parsers throw away.
fn disguised(rows: Vec<&'static str>) -> impl Strategy<Value = String> {
    (prop::sample::select(rows), any::<u32>(), 0..2_usize).prop_map(|(row, upper, blanks)| {
        let end = row.find(':').unwrap_or_default();
        let letter = |(at, c): (usize, char)| {
            if at < end && upper >> at & 1 == 1 { c.to_ascii_uppercase() } else { c }
        };
        " ".repeat(blanks) + &row.chars().enumerate().map(letter).collect::<String>()
    })
}

/// Hosts that are not this machine, though some look like it. Nobody has a name in `invalid`.
fn plain_addresses() -> impl Strategy<Value = String> {
    let hosts = vec![
        "sign-in.invalid",
        "127.0.0.1.sign-in.invalid",
        "localhost.sign-in.invalid",
        "127.0.0.1@sign-in.invalid",
    ];
    (prop::sample::select(hosts), "[a-z]{3,8}")
        .prop_map(|(host, path)| format!("http://{host}/{path}"))
}

/// Queries with a command in what a shell takes for syntax.
fn commands() -> impl Strategy<Value = String> {
    let substituted = format!("$({COMMAND})");
    let behind = [
        format!("`{COMMAND}`"),
        format!("\";{COMMAND};\""),
        format!("';{COMMAND};'"),
        format!("|{COMMAND}|"),
        format!("\n{COMMAND}\n"),
        " --new-window".to_owned(),
    ];
    prop_oneof![
        Just(format!("hint={substituted}")),
        Just(format!("hint={substituted};{COMMAND};&{COMMAND}&")),
        prop::sample::select(behind.to_vec())
            .prop_map(move |rest| format!("hint={substituted}{rest}")),
    ]
}

/// The whole endpoint is the input.
fn named(case: &Value) -> Script {
    let endpoint = case.as_str().unwrap_or_default().to_owned();
    amended(move |_| endpoint.clone())
}

/// The input is the query of the honest endpoint.
fn with_command(case: &Value) -> Script {
    let query = case.as_str().unwrap_or_default().to_owned();
    amended(move |honest| format!("{honest}?{query}"))
}

fn amended(change: impl Fn(&str) -> String + Send + 'static) -> Script {
    Script::honest().on(Route::ServerMetadata, move |ask, world, answer| {
        if answer.status == 200 && ask.role == Role::Authority {
            world.mark(NAMED);
            answer.change(|document| {
                let honest = document["authorization_endpoint"].as_str().unwrap_or_default();
                document["authorization_endpoint"] = change(honest).into();
            });
        }
    })
}

const REFUSED: &str = "several calls that are refused";

fn refused_at_once() -> Script {
    const CALLS: usize = 3;
    let mut ended: Option<String> = None;
    Script::honest()
        .set(|setting| setting.refresh = false)
        .task([list_tools(), calls_at_once(READ_TOOL, CALLS)])
        .on(Route::Mcp, move |ask, world, answer| {
            let Some(token) = ask.bearer().filter(|_| ask.tool().is_some()) else { return };
            if ended.is_none() {
                world.expire_access();
            }
            if ended.get_or_insert_with(|| token.to_owned()) == token {
                world.mark(REFUSED);
                // The refusals leave together, so that nobody knows of another's sign-in.
                *answer = challenge(ask, world).held(REFUSED, CALLS, Duration::from_secs(1));
            }
        })
        .on(Route::Authorize, |_, world, answer| {
            if world.marked(REFUSED) > 0 {
                answer.redirect_param("code", None);
                answer.redirect_param("error", Some("access_denied"));
            }
        })
}

fn is_web(run: &Run) -> Outcome {
    run.reached(NAMED)?;
    for word in run.opened().flatten() {
        ensure(Url::parse(word).is_ok_and(|url| is_of_the_web(&url)), "nothing is opened", || {
            format!("the browser was given {}", word.escape_debug())
        })?;
    }
    Ok(())
}

/// https, or http on this machine.
pub(super) fn is_of_the_web(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_local(url))
}

/// Whether the host is loopback by its own spelling.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn runs_nothing(run: &Run) -> Outcome {
    run.reached(NAMED)?;
    let ran = run.files.iter().any(|file| file.name == "ran");
    ensure(!ran, "the address is handed over as it is, or refused", || {
        "the command in the address was executed".to_owned()
    })
}

fn is_one_argument(run: &Run) -> Outcome {
    let mut any = false;
    for words in run.opened() {
        any = true;
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"<>`".contains(c);
        let is_one = matches!(words, [word]
            if word.chars().all(is_plain) && Url::parse(word).is_ok());
        ensure(is_one, "one argument, which is one address", || {
            format!("the browser was given {words:?}")
        })?;
    }
    if any { Ok(()) } else { Err(run.never("opening the browser")) }
}

fn opens_once(run: &Run) -> Outcome {
    ensure_parallel(run)?;
    let windows = run.opened().count().max(run.to(Route::Authorize).count());
    ensure(windows <= 2, "one sign-in at first, and one for all the refused calls", || {
        format!("the person was sent to sign in {windows} times")
    })
}

/// At least two of the calls were on their way together.
fn ensure_parallel(run: &Run) -> Outcome {
    if run.world.marked(REFUSED) > 1 { Ok(()) } else { Err(run.never("calls at the same time")) }
}
