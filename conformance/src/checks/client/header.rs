//! Headers and metadata of MCP requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{mcp, mcp_2025, rfc};
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::honest::mcp::{LEGACY, MODERN};
use crate::peer::message::Message;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On};
use crate::peer::script::Route;

pub(super) const AREA: Area = Area { scenarios: &[], checks: CHECKS };

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "header/accept",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#sending-messages"),
        claim: "Every message lists application/json and text/event-stream in Accept.",
        on: On::Every,
        judge: Judge::Each(accepts_both),
    },
    ClientCheck {
        id: "header/content-type",
        level: SHOULD,
        clause: rfc(9110, "8.3"),
        claim: "Every message says that it is application/json.",
        on: On::Every,
        judge: Judge::Each(says_json),
    },
    ClientCheck {
        id: "header/version",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#protocol-version-header"),
        claim: "Every request of 2026-07-28 has one MCP-Protocol-Version, equal to the revision in \
                its _meta.",
        on: On::Every,
        judge: Judge::Each(version_is_repeated),
    },
    ClientCheck {
        id: "header/method",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#standard-request-headers"),
        claim: "Every request of 2026-07-28 repeats its method in Mcp-Method.",
        on: On::Every,
        judge: Judge::Each(method_is_repeated),
    },
    ClientCheck {
        id: "header/name",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#standard-request-headers"),
        claim: "Every tools/call of 2026-07-28 repeats the tool's name in Mcp-Name.",
        on: On::Every,
        judge: Judge::Each(name_is_repeated),
    },
    ClientCheck {
        id: "header/name-encoding",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#value-encoding"),
        claim: "A tool's name that is not plain ASCII, or looks encoded already, is encoded in \
                Mcp-Name.",
        on: On::Only(&["era/modern-only"]),
        judge: Judge::Each(odd_names_are_encoded),
    },
    ClientCheck {
        id: "header/meta",
        level: MUST,
        clause: mcp("basic/index#meta"),
        claim: "Every request of 2026-07-28 states revision and client capabilities in its _meta.",
        on: On::Every,
        judge: Judge::Each(meta_is_whole),
    },
    ClientCheck {
        id: "header/client-info",
        level: SHOULD,
        clause: mcp("basic/index#meta"),
        claim: "Every request of 2026-07-28 names the client in its _meta.",
        on: On::Every,
        judge: Judge::Each(client_is_named),
    },
    ClientCheck {
        id: "header/negotiated",
        level: MUST,
        clause: mcp_2025("basic/transports#protocol-version-header"),
        claim: "Every request after initialize has MCP-Protocol-Version.",
        on: On::Every,
        judge: Judge::Each(version_is_sent),
    },
    ClientCheck {
        id: "header/negotiated-version",
        level: SHOULD,
        clause: mcp_2025("basic/transports#protocol-version-header"),
        claim: "The MCP-Protocol-Version after initialize is the one that the server answered.",
        on: On::Every,
        judge: Judge::Each(version_is_the_negotiated),
    },
    ClientCheck {
        id: "header/listening",
        level: MUST,
        clause: mcp_2025("basic/transports#listening-for-messages-from-the-server"),
        claim: "Every GET to the MCP endpoint lists text/event-stream in Accept.",
        on: On::Every,
        judge: Judge::Each(listening_says_so),
    },
    ClientCheck {
        id: "header/post-only",
        level: HARDENING,
        clause: mcp("basic/transports/streamable-http#earlier-streamable-http-revisions"),
        claim: "A client that never opened a session with initialize sends the MCP endpoint \
                nothing but POST.",
        on: On::Every,
        judge: Judge::Each(only_posts),
    },
];

/// Whether `Accept` lists a media type, by name and not by a range.
fn lists(accept: Option<&str>, kind: &str) -> bool {
    let mut ranges = accept.unwrap_or_default().split(',');
    ranges.any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(kind));
        is_named && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00"))
    })
}

fn accepts_both(run: &Run) -> Outcome {
    for message in posted(run)? {
        let accept: Vec<&str> = message.ask.all_headers("accept").collect();
        let accept = accept.join(", ");
        ensure(
            ["application/json", "text/event-stream"].iter().all(|kind| lists(Some(&accept), kind)),
            "Accept with application/json and text/event-stream",
            || format!("{} with Accept: {accept}", message.ask.line()),
        )?;
    }
    Ok(())
}

fn says_json(run: &Run) -> Outcome {
    for message in posted(run)? {
        let kind = message.ask.header("content-type").unwrap_or_default();
        let name = kind.split(';').next().unwrap_or_default().trim();
        ensure(name.eq_ignore_ascii_case("application/json"), "application/json", || {
            format!("{} with Content-Type: {kind}", message.ask.line())
        })?;
    }
    Ok(())
}

fn posted(run: &Run) -> Outcome<Vec<Message<'_>>> {
    let found: Vec<_> = run.messages().collect();
    if found.is_empty() { Err(run.never("a message to the MCP server")) } else { Ok(found) }
}

fn version_is_repeated(run: &Run) -> Outcome {
    for message in run.modern()? {
        let headers: Vec<&str> = message.ask.all_headers("mcp-protocol-version").collect();
        let said = message.meta("protocolVersion").and_then(Value::as_str).unwrap_or(MODERN);
        ensure(headers == [said], format!("MCP-Protocol-Version: {said}, once"), || {
            format!("{} with {headers:?}", message.ask.line())
        })?;
    }
    Ok(())
}

fn method_is_repeated(run: &Run) -> Outcome {
    for message in run.modern()?.iter().filter(|message| message.is_request()) {
        let headers: Vec<&str> = message.ask.all_headers("mcp-method").collect();
        let method = message.method();
        ensure(headers == [method], format!("Mcp-Method: {method}, once"), || {
            format!("{} with {headers:?}", message.ask.line())
        })?;
    }
    Ok(())
}

/// The value that stands in a header, out of its encoding.
pub(super) fn decoded(value: &str) -> Option<String> {
    let inner = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    match inner {
        None => Some(value.to_owned()),
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?).ok(),
    }
}

/// Whether a value has to be encoded before it stands in a header.
pub(super) fn needs_encoding(value: &str) -> bool {
    let is_plain = |c: char| matches!(c, '\x21'..='\x7e' | ' ' | '\t');
    let looks_encoded = value.starts_with("=?base64?") && value.ends_with("?=");
    looks_encoded || value.trim() != value || !value.chars().all(is_plain)
}

fn name_is_repeated(run: &Run) -> Outcome {
    let mut any = false;
    for message in run.modern()?.iter().filter(|message| message.method() == "tools/call") {
        any = true;
        // Other checks look at names that have to be encoded.
        let Some(name) = message.ask.tool().filter(|name| !needs_encoding(name)) else { continue };
        let headers: Vec<&str> = message.ask.all_headers("mcp-name").collect();
        let is_it = headers.len() == 1 && decoded(headers[0]).is_some_and(|value| value == name);
        ensure(is_it, format!("Mcp-Name: {name}, once"), || {
            format!("{} with {headers:?}", message.ask.line())
        })?;
    }
    if any { Ok(()) } else { Err(run.never("a tools/call")) }
}

fn odd_names_are_encoded(run: &Run) -> Outcome {
    let mut any = false;
    for message in run.modern()? {
        let Some(name) = message.ask.tool().filter(|name| needs_encoding(name)) else { continue };
        any = true;
        let encoded = format!("=?base64?{}?=", STANDARD.encode(&name));
        let headers: Vec<&str> = message.ask.all_headers("mcp-name").collect();
        ensure(headers == [encoded.as_str()], format!("Mcp-Name: {encoded}, once"), || {
            format!("{headers:?} for the name {name:?}")
        })?;
    }
    if any { Ok(()) } else { Err(run.never("the call of a tool with such a name")) }
}

fn meta_is_whole(run: &Run) -> Outcome {
    for message in run.modern()?.iter().filter(|message| message.is_request()) {
        let has_version = message.meta("protocolVersion").is_some_and(Value::is_string);
        let has_capabilities = message.meta("clientCapabilities").is_some_and(Value::is_object);
        ensure(has_version && has_capabilities, "protocolVersion and clientCapabilities", || {
            format!("{} with _meta {}", message.ask.line(), message.body["params"]["_meta"])
        })?;
    }
    Ok(())
}

fn client_is_named(run: &Run) -> Outcome {
    for message in run.modern()?.iter().filter(|message| message.is_request()) {
        let info = message.meta("clientInfo").unwrap_or(&Value::Null);
        let is_whole = info["name"].is_string() && info["version"].is_string();
        ensure(is_whole, "clientInfo with name and version", || {
            format!("{} with clientInfo {info}", message.ask.line())
        })?;
    }
    Ok(())
}

/// Calls `each` with every request that follows an `initialize` the server answered, and the
/// version that was answered. Requests of 2026-07-28 belong to no session.
pub(super) fn after_initialize(
    run: &Run,
    mut each: impl FnMut(&crate::peer::ask::Ask, &str) -> Outcome,
) -> Outcome {
    run.needs_initialize()?;
    let mut negotiated = None;
    let mut any = false;
    for (ask, answer, _) in run.exchanges().filter(|(ask, ..)| run.world.route(ask) == Route::Mcp) {
        if ask.rpc_method().as_deref() == Some("initialize") {
            let version = answer.value()["result"]["protocolVersion"].as_str().map(str::to_owned);
            // A client that does not know the version leaves, with whatever header.
            negotiated = version
                .filter(|version| answer.status == 200 && LEGACY.contains(&version.as_str()));
        } else if let Some(version) = &negotiated
            && !crate::peer::honest::mcp::is_modern(ask)
        {
            any = true;
            each(ask, version)?;
        }
    }
    if any { Ok(()) } else { Err(run.never("a request after initialize")) }
}

fn version_is_sent(run: &Run) -> Outcome {
    after_initialize(run, |ask, _| {
        ensure(ask.header("mcp-protocol-version").is_some(), "MCP-Protocol-Version", || {
            format!("{} without it", ask.line())
        })
    })
}

fn version_is_the_negotiated(run: &Run) -> Outcome {
    after_initialize(run, |ask, version| match ask.header("mcp-protocol-version") {
        None => Ok(()),
        Some(sent) => ensure(sent == version, format!("MCP-Protocol-Version: {version}"), || {
            format!("{} with MCP-Protocol-Version: {sent}", ask.line())
        }),
    })
}

fn listening_says_so(run: &Run) -> Outcome {
    let mut any = false;
    for ask in run.to(Route::Mcp).filter(|ask| ask.method == "GET") {
        any = true;
        let accept = ask.header("accept");
        ensure(lists(accept, "text/event-stream"), "Accept with text/event-stream", || {
            format!("{} with Accept: {}", ask.line(), accept.unwrap_or_default())
        })?;
    }
    if any { Ok(()) } else { Err(not_tested("the client never listened with GET")) }
}

fn only_posts(run: &Run) -> Outcome {
    let messages = run.modern()?;
    if run.rpc("initialize").next().is_some() {
        return Err(not_tested("the client spoke a revision with initialize"));
    }
    if !messages.iter().any(Message::is_accepted) {
        return Err(run.never("a request of 2026-07-28 that the server takes"));
    }
    match run.to(Route::Mcp).find(|ask| ask.method != "POST") {
        None => Ok(()),
        Some(ask) => ensure(false, "POST alone", || ask.line()),
    }
}
