//! What a scenario changes in the MCP server: its tools, and single answers.

use std::time::Duration;

use serde_json::{Value, json};

use crate::peer::answer::{Answer, Body};
use crate::peer::ask::Ask;
use crate::peer::script::{Route, Script};
use crate::peer::world::World;

impl Script {
    /// Has these tools besides those of the catalogue. A call of one has a text as its result.
    pub(crate) fn offering(self, tools: Vec<Value>) -> Self {
        let names: Vec<Value> = tools.iter().map(|tool| tool["name"].clone()).collect();
        let listing = self.on_rpc("tools/list", move |_, _, answer| {
            answer.change(|message| {
                if let Some(list) = message["result"]["tools"].as_array_mut() {
                    list.extend(tools.iter().cloned());
                }
            });
        });
        listing.on_rpc("tools/call", move |ask, _, answer| {
            if names.contains(&ask.json()["params"]["name"]) {
                answer.change(|message| {
                    if let Some(result) = message["result"].as_object_mut() {
                        result.remove("structuredContent");
                        result
                            .insert("content".into(), json!([{ "type": "text", "text": "done" }]));
                    }
                });
            }
        })
    }

    /// Changes the answers to what the MCP server accepts of this method.
    pub(crate) fn on_rpc(
        self,
        method: &'static str,
        mut change: impl FnMut(&Ask, &mut World, &mut Answer) + Send + 'static,
    ) -> Self {
        self.on(Route::Mcp, move |ask, world, answer| {
            if answer.status == 200 && ask.rpc_method().is_some_and(|sent| sent == method) {
                change(ask, world, answer);
            }
        })
    }

    /// Changes the answers to the calls of one tool that the MCP server accepts.
    pub(crate) fn on_call(
        self,
        tool: impl Into<String>,
        mut change: impl FnMut(&Ask, &mut World, &mut Answer) + Send + 'static,
    ) -> Self {
        let tool = tool.into();
        self.on_rpc("tools/call", move |ask, world, answer| {
            if ask.tool().is_some_and(|name| name == tool) {
                change(ask, world, answer);
            }
        })
    }
}

impl Answer {
    /// The same message as a stream of events, made from its text by `write`.
    pub(crate) fn stream(&mut self, write: impl FnOnce(&str) -> Vec<(Duration, Vec<u8>)>) {
        let Body::Whole(bytes) = &self.body else { return };
        let pieces = write(&String::from_utf8_lossy(bytes));
        self.set("content-type", "text/event-stream");
        self.body = Body::Pieces(pieces);
    }

    /// The connection breaks behind what the body has by now.
    pub(crate) fn breaks(&mut self) {
        self.body = match std::mem::take(&mut self.body) {
            Body::Whole(bytes) => Body::Broken(vec![(Duration::ZERO, bytes)]),
            Body::Pieces(pieces) => Body::Broken(pieces),
            other => other,
        };
    }
}

/// A tool without arguments.
pub(crate) fn tool(name: &str) -> Value {
    tool_with(name, &json!({ "type": "object" }))
}

/// A tool whose arguments have this schema.
pub(crate) fn tool_with(name: &str, input: &Value) -> Value {
    json!({ "name": name, "description": "A tool of a scenario.", "inputSchema": input })
}

/// One event with these lines of data, as most servers write it.
pub(crate) fn event(data: &str) -> Vec<u8> {
    format!("event: message\ndata: {data}\n\n").into_bytes()
}

/// One piece of a body that is sent at once.
pub(crate) fn now(piece: impl Into<Vec<u8>>) -> (Duration, Vec<u8>) {
    (Duration::ZERO, piece.into())
}

/// One piece of a body that is sent after so many milliseconds.
pub(crate) fn after(milliseconds: u64, piece: impl Into<Vec<u8>>) -> (Duration, Vec<u8>) {
    (Duration::from_millis(milliseconds), piece.into())
}
