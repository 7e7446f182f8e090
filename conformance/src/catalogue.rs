//! Which tool needs which scope: the oracle of the scope checks.
//!
//! It is read from the catalogue document, never from generated code, so the harness cannot agree
//! with a generator's mistake, and another server's catalogue can be given instead.

mod folder;
pub(crate) mod sample;
pub(crate) mod schema;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// The curated tools and scopes of a server.
#[derive(Clone, Debug, Deserialize)]
pub struct Catalogue {
    /// Identifies this edition of the catalogue.
    #[serde(default)]
    pub digest: String,
    /// Whether the server may have tools that are not listed; those are not judged.
    #[serde(skip)]
    pub partial: bool,
    /// Every scope, in the catalogue's order.
    pub scopes: Vec<Scope>,
    /// Every tool.
    pub tools: Vec<Tool>,
}

/// One scope.
#[derive(Clone, Debug, Deserialize)]
pub struct Scope {
    /// The scope token, for example `mcp:read`.
    pub name: String,
}

/// One tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// The name it is called by.
    pub name: String,
    /// Every scope a call needs.
    pub scopes: Vec<String>,
    /// MCP tool annotations.
    #[serde(default)]
    pub annotations: Value,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// Arguments that it accepts, where somebody declared them.
    #[serde(skip)]
    pub declared: Option<Value>,
}

/// A document that is no catalogue.
#[derive(Debug, Error)]
#[error("this is no catalogue: {0}")]
pub struct NoCatalogue(pub(crate) String);

impl Catalogue {
    /// Lookout's own catalogue, as of this build.
    pub fn embedded() -> Self {
        Self::read(include_str!("../catalogue.json"))
            .expect("the embedded catalogue is generated and tested")
    }

    /// Reads a catalogue document.
    ///
    /// # Errors
    ///
    /// When the text is not JSON of that shape, or a tool needs a scope that is not listed.
    pub fn read(text: &str) -> Result<Self, NoCatalogue> {
        let catalogue: Self =
            serde_json::from_str(text).map_err(|error| NoCatalogue(error.to_string()))?;
        let names = catalogue.scope_names();
        for tool in &catalogue.tools {
            if let Some(unknown) = tool.scopes.iter().find(|scope| !names.contains(scope)) {
                let tool = &tool.name;
                return Err(NoCatalogue(format!("{tool} needs {unknown}, which is not listed")));
            }
        }
        if names.is_empty() || catalogue.tools.is_empty() {
            return Err(NoCatalogue("it names no scopes or no tools".to_owned()));
        }
        Ok(catalogue)
    }

    /// Whether this is Lookout's own, so that what Lookout's documentation promises can be asked for.
    pub(crate) fn is_lookouts(&self) -> bool {
        !self.digest.is_empty() && self.digest == Self::embedded().digest
    }

    /// Reads a bundle file, or a folder with `scopes.json` and `tools/*.json`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no catalogue.
    pub fn open(path: &Path) -> Result<Self, NoCatalogue> {
        if path.is_dir() {
            return Self::read(&folder::bundle(path)?.to_string());
        }
        let text = fs::read_to_string(path)
            .map_err(|error| NoCatalogue(format!("cannot read {}: {error}", path.display())))?;
        Self::read(&text)
    }

    /// A catalogue of no tools and no scopes.
    pub fn empty() -> Self {
        Self { digest: String::new(), partial: true, scopes: Vec::new(), tools: Vec::new() }
    }

    /// A catalogue of declared tools: name, scopes, arguments that it accepts, whether it writes.
    /// Scopes that only a tool names are added to `scopes`.
    pub fn declared(
        scopes: &[String],
        tools: impl IntoIterator<Item = (String, Vec<String>, Option<Value>, bool)>,
    ) -> Self {
        let mut catalogue = Self::empty();
        catalogue.add_scopes(scopes);
        for (name, scopes, declared, writes) in tools {
            catalogue.add_scopes(&scopes);
            catalogue.tools.push(Tool {
                name,
                scopes,
                annotations: serde_json::json!({"readOnlyHint": !writes}),
                input_schema: serde_json::json!({"type": "object"}),
                declared,
            });
        }
        catalogue
    }

    /// Gives declared tools the input schemas that the server publishes, by name.
    pub(crate) fn describe(&mut self, schemas: &BTreeMap<String, Value>) {
        for tool in
            self.tools.iter_mut().filter(|tool| tool.input_schema.get("properties").is_none())
        {
            if let Some(schema) = schemas.get(&tool.name) {
                tool.input_schema = schema.clone();
            }
        }
    }

    /// Adds those of `scopes` that are new.
    pub fn add_scopes(&mut self, scopes: &[String]) {
        for name in scopes {
            if self.scopes.iter().all(|scope| scope.name != *name) {
                self.scopes.push(Scope { name: name.clone() });
            }
        }
    }

    /// The names of all scopes.
    pub fn scope_names(&self) -> Vec<String> {
        self.scopes.iter().map(|scope| scope.name.clone()).collect()
    }

    /// Whether it is for this catalogue to say who may see a tool of this name.
    pub(crate) fn judges(&self, name: &str) -> bool {
        !self.partial || self.tools.iter().any(|tool| tool.name == name)
    }

    /// The names of the tools that `scopes` suffice for, sorted.
    pub(crate) fn callable_with(&self, scopes: &[String]) -> Vec<String> {
        let callable = self.tools.iter().filter(|tool| tool.is_callable_with(scopes));
        let mut names: Vec<String> = callable.map(|tool| tool.name.clone()).collect();
        names.sort();
        names
    }
}

impl Tool {
    pub(crate) fn is_callable_with(&self, scopes: &[String]) -> bool {
        self.scopes.iter().all(|needed| scopes.contains(needed))
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.annotations.get("readOnlyHint").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether a call with made-up arguments could change something.
    pub(crate) fn may_do_harm(&self) -> bool {
        let can_pretend = self.input_schema.pointer("/properties/dry_run").is_some();
        !self.is_read_only() && !can_pretend && self.declared.is_none()
    }

    /// Arguments that satisfy the schema; members we know nothing about are made up.
    pub(crate) fn arguments(&self, values: &BTreeMap<String, Value>) -> Value {
        if let Some(declared) = &self.declared {
            return declared.clone();
        }
        sample::sample(&self.input_schema, &self.input_schema, "", values)
    }

    /// Arguments made only of learnt values, or nothing if a required one is unknown.
    pub(crate) fn known_arguments(&self, values: &BTreeMap<String, Value>) -> Option<Value> {
        let required = match self.declared {
            Some(_) => Vec::new(),
            None => crate::probe::site::strings(&self.input_schema, "required"),
        };
        required.iter().all(|name| values.contains_key(name)).then(|| self.arguments(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_can_be_read_and_divides_tools_by_scope() {
        let catalogue = Catalogue::embedded();
        let all = catalogue.callable_with(&catalogue.scope_names());
        assert_eq!(all.len(), catalogue.tools.len());
        let singles = catalogue.scope_names();
        let apart: usize = singles
            .iter()
            .map(|scope| catalogue.callable_with(std::slice::from_ref(scope)).len())
            .sum();
        assert!(apart <= all.len(), "no tool is callable with two different single scopes");
    }

    #[test]
    fn a_tool_that_needs_an_unlisted_scope_makes_no_catalogue() {
        let text =
            r#"{"scopes":[{"name":"a"}],"tools":[{"name":"t","scopes":["b"],"inputSchema":{}}]}"#;
        let error = Catalogue::read(text).expect_err("b is not listed").to_string();
        assert_eq!(error, "this is no catalogue: t needs b, which is not listed");
    }
}
