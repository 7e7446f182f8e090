//! Tools: listed by pages, called with their annotated headers, and their results validated.

use std::sync::Mutex;
use std::time::Duration;

use jsonschema::{Retrieve, Uri};
use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome, fail, inert};
use crate::faults::{Fault, has, is_on};
use crate::header::{Mirrored, mirrored};
use crate::mcp::{Call, Connection};

const MOST_PAGES: usize = 50;
/// Headers and body differ (MCP 2026-07-28): the list this client has is out of date.
const HEADER_MISMATCH: i64 = -32020;

#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    output: Option<Value>,
    /// Nothing if the tool breaks the rules for headers, and so is as good as absent.
    mirrored: Option<Vec<Mirrored>>,
}

/// The tools of one connection.
pub(crate) struct Tools<'a> {
    connection: &'a Connection<'a>,
    known: Mutex<Option<Vec<Tool>>>,
}

impl<'a> Tools<'a> {
    pub(crate) fn new(connection: &'a Connection<'a>) -> Self {
        Self { connection, known: Mutex::new(None) }
    }

    /// All tools, from all pages.
    pub(crate) fn list(&self) -> Outcome<Vec<Tool>> {
        let mut known = self.known.lock().expect("no holder panics");
        let mut tools: Vec<Tool> = Vec::new();
        let mut cursors: Vec<String> = Vec::new();
        for page in 0.. {
            let mut params = Map::new();
            if let Some(cursor) = cursors.last() {
                let is_changed = cursor.trim() != cursor && has(Fault::CursorChanged);
                let cursor = if is_changed { cursor.trim() } else { cursor };
                params.insert("cursor".to_owned(), cursor.into());
            }
            let result = self.request("tools/list", params, Vec::new(), None)?;
            let Some(page_of) = result["tools"].as_array() else {
                return fail("the list of tools is no list");
            };
            for tool in page_of {
                tools.extend(self.tool(tool).filter(|tool| {
                    // The first of a name is the one that is meant.
                    !tools.iter().any(|have| have.name == tool.name)
                }));
            }
            let next = match &result["nextCursor"] {
                Value::String(cursor) if cursor.is_empty() && has(Fault::EmptyCursorEnds) => break,
                Value::Null => break,
                _ if has(Fault::FirstPageOnly) => break,
                Value::String(cursor) => cursor.clone(),
                _ => return fail("a cursor is no text"),
            };
            let is_endless = page >= MOST_PAGES || cursors.contains(&next);
            if is_endless && !has(Fault::PagesUnbounded) {
                return fail("the list of tools has no end");
            }
            cursors.push(next);
        }
        *known = Some(tools.clone());
        tools.retain(|tool| tool.mirrored.is_some());
        Ok(tools)
    }

    /// A tool as it is listed, or nothing if it is none.
    fn tool(&self, listed: &Value) -> Option<Tool> {
        let name = listed["name"].as_str().filter(|name| !name.is_empty())?.to_owned();
        let input = listed.get("inputSchema").filter(|schema| schema["type"] == "object")?;
        let is_modern = self.connection.era().is_modern();
        let mirrored = match mirrored(input) {
            _ if !is_modern => Some(Vec::new()),
            None if has(Fault::BrokenToolKept) => Some(Vec::new()),
            Some(found) if !found.is_empty() && has(Fault::ParameterHeadersMissing) => {
                Some(Vec::new())
            }
            found => found,
        };
        Some(Tool { name, output: listed.get("outputSchema").cloned(), mirrored })
    }

    /// Learns the tools if they are not known yet.
    pub(crate) fn prepare(&self, name: &str) -> Outcome<()> {
        self.known(name).map(drop)
    }

    fn known(&self, name: &str) -> Outcome<Option<Tool>> {
        let known = self.known.lock().expect("no holder panics").clone();
        let tools = match known {
            Some(tools) => tools,
            None if has(Fault::CallsUnlisted) => Vec::new(),
            None => self.list()?,
        };
        Ok(tools.into_iter().find(|tool| tool.name == name))
    }

    /// Calls a tool, and gives back its result if it is a success and what was promised.
    pub(crate) fn call(
        &self,
        name: &str,
        arguments: &Value,
        cancel_after: Option<Duration>,
    ) -> Outcome<Value> {
        let mut tool = self.known(name)?;
        if tool.as_ref().is_some_and(|tool| tool.mirrored.is_none()) {
            return fail(format!("the tool {} is not usable", inert(name)));
        }
        let mut outcome = self.attempt(name, arguments, tool.as_ref(), cancel_after);
        let is_outdated = |failure: &Failure| failure.code == Some(HEADER_MISMATCH);
        if outcome.as_ref().is_err_and(is_outdated) && !has(Fault::MismatchEndsStep) {
            self.list()?;
            tool = self.known(name)?;
            outcome = self.attempt(name, arguments, tool.as_ref(), cancel_after);
        }
        let result = outcome?;
        if result["resultType"] == "input_required" && has(Fault::InputRequiredTaken) {
            return Ok(result);
        }
        let is_error = match &result["isError"] {
            Value::Null | Value::Bool(false) => false,
            Value::Bool(true) if has(Fault::IsErrorIgnored) => return Ok(result),
            Value::Bool(true) => true,
            _ => return fail("isError is neither true nor false"),
        };
        if is_error {
            let said = result.pointer("/content/0/text").and_then(Value::as_str);
            return fail(format!("the tool failed: {}", inert(said.unwrap_or_default())));
        }
        let Some(content) = result["content"].as_array() else {
            return fail("the result has no content");
        };
        if !content.iter().all(|block| block["type"].is_string()) {
            return fail("the content has a block of no type");
        }
        if let Some(schema) = tool.as_ref().and_then(|tool| tool.output.as_ref()) {
            validate(schema, result.get("structuredContent"))?;
        }
        Ok(result)
    }

    fn attempt(
        &self,
        name: &str,
        arguments: &Value,
        tool: Option<&Tool>,
        cancel_after: Option<Duration>,
    ) -> Outcome<Value> {
        let mut params = Map::new();
        params.insert("name".to_owned(), name.into());
        params.insert("arguments".to_owned(), arguments.clone());
        let mirrored = tool.into_iter().flat_map(|tool| &tool.mirrored).flatten();
        let mirrored = mirrored.filter_map(|one| one.header(arguments)).collect();
        self.request("tools/call", params, mirrored, cancel_after)
    }

    fn request(
        &self,
        method: &str,
        params: Map<String, Value>,
        mirrored: Vec<(String, String)>,
        cancel_after: Option<Duration>,
    ) -> Outcome<Value> {
        self.connection.request(&Call { method, params, mirrored, cancel_after })
    }
}

/// Structured content against the schema that the tool declared for it.
fn validate(schema: &Value, content: Option<&Value>) -> Outcome<()> {
    let Some(content) = content else {
        let is_made_up = is_on(Fault::TruncationAccepted) || is_on(Fault::ErrorsIgnored);
        if has(Fault::StructuredContentOptional) || has(Fault::OutputUnchecked) || is_made_up {
            return Ok(());
        }
        return fail("the result lacks the structured content that the tool promises");
    };
    // Without a retriever nothing is fetched: a schema that refers to elsewhere cannot be built.
    let mut built = jsonschema::options().build(schema);
    if built.is_err() && has(Fault::RemoteSchemasFetched) {
        built = jsonschema::options().with_retriever(Remote).build(schema);
    }
    match built {
        Ok(validator) if validator.is_valid(content) => Ok(()),
        Err(_) if has(Fault::UncheckableSchemaIgnored) => Ok(()),
        _ if has(Fault::OutputUnchecked) => Ok(()),
        Ok(_) => fail("the structured content is not what the tool promises"),
        Err(_) => fail("the tool's output schema cannot be checked"),
    }
}

/// With the fault, schemas come from wherever a server says.
struct Remote;

impl Retrieve for Remote {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let text = ureq::get(uri.as_str()).call()?.body_mut().read_to_string()?;
        Ok(serde_json::from_str(&text)?)
    }
}
