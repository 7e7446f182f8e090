//! What the server's list of tools says about a call: which arguments go into headers too, and what a result must look like.
//!
//! Remembered from the last [`Client::tools`](crate::Client::tools), for the client that asked.
//! A tool whose annotations break the rules is left out of the list, and the others stay.

mod mirror;
mod shape;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError, RwLock};

use lookout_schema::catalogue;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize as _;
use serde_json::Value;

use self::mirror::Mirrored;
use crate::Error;
use crate::reply::{ToolDescription, ToolReply};

/// The tools that were listed, by name; none before the first list.
#[derive(Debug, Default)]
pub(crate) struct Listing(RwLock<Option<HashMap<String, Arc<Listed>>>>);

/// One tool, as far as its calls depend on the list.
#[derive(Debug)]
pub(crate) struct Listed {
    /// None when the annotations break the rules.
    mirrored: Option<Vec<Mirrored>>,
    output: Option<Value>,
    /// Whether the input schema is that of the catalogue.
    is_ours: bool,
}

/// Reads the tools of one page; what is no tool is left out.
pub(crate) fn read(page: &Value) -> Result<Vec<ToolDescription>, Error> {
    let Value::Array(tools) = page else {
        return Err(Error::protocol("the list of tools is not valid"));
    };
    Ok(tools.iter().filter_map(|tool| ToolDescription::deserialize(tool).ok()).collect())
}

impl Listing {
    /// Remembers the tools in place of those of an earlier list, and leaves out of `tools` those that break the rules of `x-mcp-header`.
    ///
    /// Of several with one name the first counts.
    pub(crate) fn replace(&self, tools: &mut Vec<ToolDescription>) {
        let mut all = HashMap::new();
        tools.retain(|tool| {
            let mirrored = mirror::read(&tool.input_schema);
            let is_whole = mirrored.is_some();
            let is_ours = catalogue()
                .tool(&tool.name)
                .is_some_and(|ours| ours.input_schema == tool.input_schema);
            let listed = Listed { mirrored, output: tool.output_schema.clone(), is_ours };
            match all.entry(tool.name.clone()) {
                Entry::Occupied(_) => false,
                Entry::Vacant(entry) => {
                    entry.insert(Arc::new(listed));
                    is_whole
                }
            }
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(all);
    }

    pub(crate) fn tool(&self, name: &str) -> Option<Arc<Listed>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(name).cloned()
    }

    /// Whether nothing is known of another input schema than the catalogue's.
    pub(crate) fn agrees_on(&self, name: &str) -> bool {
        self.tool(name).is_none_or(|listed| listed.is_ours)
    }

    /// The names of all tools of the list; empty before the first list.
    pub(crate) fn names(&self) -> Vec<String> {
        let listed = self.0.read().unwrap_or_else(PoisonError::into_inner);
        listed.iter().flat_map(HashMap::keys).cloned().collect()
    }

    /// Whether there is no list yet.
    pub(crate) fn is_blank(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl Listed {
    /// The headers for a call with these arguments.
    pub(crate) fn headers(
        &self,
        arguments: &Value,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
        let Some(mirrored) = &self.mirrored else {
            return Err(Error::protocol(
                "the server lists the tool with annotations that break the rules, so it cannot be called",
            ));
        };
        Ok(mirrored.iter().filter_map(|mirrored| mirrored.header(arguments)).collect())
    }

    /// Whether results have to be what an output schema says.
    pub(crate) fn has_output(&self) -> bool {
        self.output.is_some()
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
