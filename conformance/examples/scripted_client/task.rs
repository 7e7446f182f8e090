//! What the client is asked to do, step by step (`LOOKOUT_CONFORMANCE_TASK`).

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{Failure, Outcome, fail, inert};
use crate::faults::{Fault, has};
use crate::mcp::Connection;
use crate::session::Session;
use crate::tools::Tools;

/// How a task ended.
pub(crate) enum End {
    Done,
    /// A step that this client does not know, and so nothing after it was done.
    Unsupported(String),
}

/// Does the steps in order.
pub(crate) fn run(mut session: Session, task: &Value, step_time: Duration) -> Outcome<End> {
    let nothing = Vec::new();
    let mut steps = task["steps"].as_array().unwrap_or(&nothing).iter().peekable();
    while steps.peek().is_some() {
        let connection = Connection::new(&session);
        let tools = Tools::new(&connection);
        let mut is_over = false;
        for step in steps.by_ref() {
            session.web.begin(step_time);
            match step["do"].as_str().unwrap_or_default() {
                "reconnect" => {
                    is_over = true;
                    break;
                }
                "sign-out" => {
                    session.sign_out()?;
                    is_over = true;
                    break;
                }
                name => match step_done(&tools, name, step) {
                    Some(outcome) => outcome?,
                    None => return Ok(End::Unsupported(inert(name))),
                },
            }
            session.used()?;
        }
        if is_over || steps.peek().is_none() {
            session.web.begin(step_time);
            connection.close();
        }
        drop(tools);
        session = session.again();
    }
    Ok(End::Done)
}

/// Does one step, if it is one that is known.
fn step_done(tools: &Tools<'_>, name: &str, step: &Value) -> Option<Outcome<()>> {
    Some(match name {
        "list-tools" => tools.list().map(|tools| {
            let names: Vec<String> = tools.iter().map(|tool| inert(&tool.name)).collect();
            println!("tools: {}", names.join(", "));
        }),
        "call-tool" => call(tools, step),
        "call-tools" => all(tools, &step["calls"]),
        "cancel-call" => cancelled(tools, step),
        _ => return None,
    })
}

fn arguments(step: &Value) -> Value {
    if step["arguments"].is_object() { step["arguments"].clone() } else { json!({}) }
}

fn call(tools: &Tools<'_>, step: &Value) -> Outcome<()> {
    let name = step["name"].as_str().unwrap_or_default();
    let result = tools.call(name, &arguments(step), None)?;
    let said = result.pointer("/content/0/text").and_then(Value::as_str).unwrap_or_default();
    println!("{}: {}", inert(name), inert(said));
    Ok(())
}

fn all(tools: &Tools<'_>, calls: &Value) -> Outcome<()> {
    let Some(calls) = calls.as_array() else { return fail("call-tools has no calls") };
    // Listed once before, and not by each call for itself.
    if let Some(first) = calls.first() {
        tools.prepare(first["name"].as_str().unwrap_or_default())?;
    }
    thread::scope(|scope| {
        let begun: Vec<_> =
            calls.iter().map(|step| scope.spawn(move || call(tools, step))).collect();
        // Every call is waited for, and the first failure told.
        let ended = begun.into_iter().map(|thread| thread.join().expect("a call does not panic"));
        ended.collect::<Vec<_>>().into_iter().collect()
    })
}

fn cancelled(tools: &Tools<'_>, step: &Value) -> Outcome<()> {
    let name = step["name"].as_str().unwrap_or_default();
    let after = Duration::from_millis(step["after_ms"].as_u64().unwrap_or(300));
    if has(Fault::NeverCancels) {
        return tools.call(name, &arguments(step), None).map(drop);
    }
    match tools.call(name, &arguments(step), Some(after)) {
        Err(Failure { is_late: true, .. }) => Ok(()),
        Err(failure) => Err(failure),
        Ok(_) => fail("the call was over before it could be cancelled"),
    }
}
