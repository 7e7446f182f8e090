//! Tasks and inputs in words, for a person.

use serde_json::Value;

use crate::peer::place::Role;
use crate::serve::open::Current;
use crate::serve::{Approval, House};

/// What the person does, in order.
pub(super) fn todo(house: &House, current: &Current) -> Vec<String> {
    let mut words = Vec::new();
    if current.setting.known_client {
        words.push(
            "Tell the client its identifier, which is registered already: see below. Skip this \
             scenario if it takes none."
                .to_owned(),
        );
    }
    words.push(
        "Add the address above to the client as a remote MCP server, and connect.".to_owned(),
    );
    words.push(match house.approval {
        Approval::Auto => "Sign in when the client asks for it: the page in the browser sends \
                           you back by itself."
            .to_owned(),
        Approval::Click => {
            "Sign in when the client asks for it: the page in the browser asks for a click."
                .to_owned()
        }
    });
    words.extend(current.steps.iter().map(step));
    for _ in 1..current.starts {
        words.push(
            "Quit the client, press “I have started it again” below, start it, and do the same \
             once more."
                .to_owned(),
        );
    }
    words
}

fn step(step: &Value) -> String {
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    match step["do"].as_str().unwrap_or_default() {
        "list-tools" => "Let it list the tools; most clients do when they connect.".to_owned(),
        "call-tool" => {
            format!("Have it call the tool {}{}.", name(step), arguments(&step["arguments"]))
        }
        "call-tools" => {
            let calls = step["calls"].as_array().map(Vec::as_slice).unwrap_or_default();
            let names: Vec<String> = calls.iter().map(name).collect();
            format!(
                "Have it call {} tools at the same time, if it can: {}.",
                calls.len(),
                names.join(", ")
            )
        }
        "cancel-call" => format!(
            "Have it call the tool {}{}, and cancel that at once.",
            name(step),
            arguments(&step["arguments"])
        ),
        "sign-out" => "Log out, or disconnect so that it forgets its credentials.".to_owned(),
        "reconnect" => "Disconnect and connect again, without logging out.".to_owned(),
        _ => format!("Have it do this, if it can: {step}"),
    }
}

fn arguments(arguments: &Value) -> String {
    match arguments.as_object() {
        Some(members) if !members.is_empty() => format!(" with the arguments {arguments}"),
        _ => String::new(),
    }
}

/// What else the person should know.
pub(super) fn notes(house: &House, current: &Current) -> Vec<String> {
    let mut notes = Vec::new();
    if current.needs.listener {
        notes.push(if house.public.is_some() {
            "An attacker should come to the address that the client is called back at. That is not \
             done through a tunnel, so the claims about it will not be tested here."
                .to_owned()
        } else {
            "An attacker comes to the address that the client is called back at. That is done only \
             when it is a loopback address of this machine; with a callback on the web or with a \
             scheme of its own, the claims about it are not tested."
                .to_owned()
        });
    }
    if current.setting.known_client {
        notes.push(
            "The registered redirect URI is http://127.0.0.1/callback, with any port; another one \
             is refused."
                .to_owned(),
        );
    }
    notes
}

/// The identifier that is registered already, and the issuer it belongs to.
pub(super) fn known_client(current: &Current) -> Option<(String, String)> {
    let world = current.stage.world();
    let client = world.clients.first().filter(|_| world.setting.known_client)?;
    Some((client.id.clone(), world.issuer(Role::Authority)))
}

/// The generated input, one line a member.
pub(super) fn input(case: &Value) -> Vec<(String, String)> {
    match case {
        Value::Null => Vec::new(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.replace('_', " "), text(value))).collect()
        }
        other => vec![("input".to_owned(), text(other))],
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}
