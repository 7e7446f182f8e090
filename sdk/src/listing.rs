//! What the server's list of tools says about a call: which arguments go into headers too, and what a result must look like.
//!
//! Remembered from the last [`Client::tools`](crate::Client::tools), for the client that asked.
//! A tool whose annotations break the rules is left out of the list, and the others stay.

mod mirror;
mod shape;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize as _;
use serde_json::Value;

use self::mirror::Mirrored;
use crate::Error;
use crate::reply::{ToolDescription, ToolReply};

/// The tools that were listed, by name.
#[derive(Debug, Default)]
pub(crate) struct Listing(RwLock<HashMap<String, Arc<Listed>>>);

/// One tool, as far as its calls depend on the list.
#[derive(Debug)]
pub(crate) struct Listed {
    mirrored: Vec<Mirrored>,
    output: Option<Value>,
}

/// Reads the tools of one page; what is no tool, or one that breaks the rules of `x-mcp-header`, is left out.
pub(crate) fn read(page: Value) -> Result<Vec<ToolDescription>, Error> {
    let Value::Array(tools) = page else {
        return Err(Error::protocol("the list of tools is not valid"));
    };
    let tools = tools.iter().filter_map(|tool| ToolDescription::deserialize(tool).ok());
    Ok(tools.filter(|tool| mirror::read(&tool.input_schema).is_some()).collect())
}

impl Listing {
    /// Remembers the tools in place of those of an earlier list.
    pub(crate) fn replace(&self, tools: &[ToolDescription]) {
        let listed = tools.iter().filter_map(|tool| {
            let mirrored = mirror::read(&tool.input_schema)?;
            let listed = Listed { mirrored, output: tool.output_schema.clone() };
            Some((tool.name.clone(), Arc::new(listed)))
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = listed.collect();
    }

    pub(crate) fn tool(&self, name: &str) -> Option<Arc<Listed>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

impl Listed {
    /// The headers for a call with these arguments.
    pub(crate) fn headers(&self, arguments: &Value) -> Vec<(HeaderName, HeaderValue)> {
        self.mirrored.iter().filter_map(|mirrored| mirrored.header(arguments)).collect()
    }

    /// Whether a result is what the tool's output schema says (MCP 2026-07-28 server/tools#output-schema).
    pub(crate) fn check(&self, reply: &ToolReply) -> Result<(), Error> {
        let Some(schema) = &self.output else { return Ok(()) };
        if reply.is_error {
            return Ok(());
        }
        let Some(json) = &reply.json else {
            return Err(Error::protocol(
                "the tool has an output schema but its answer has no structured result",
            ));
        };
        shape::check(schema, json).map_err(|why| {
            Error::protocol(format!("the result does not fit the tool's output schema: {why}"))
        })
    }
}
