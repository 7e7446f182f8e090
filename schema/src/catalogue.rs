//! The catalogue as data, embedded at build time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::{InvalidArguments, ScopeSet, generated, shape};

/// Every curated tool and what it is.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Catalogue {
    /// `sha256:` and the hash of the canonical catalogue; equal to [`CATALOGUE_DIGEST`](crate::CATALOGUE_DIGEST).
    pub digest: String,
    /// Tools, sorted by name.
    pub tools: Vec<ToolEntry>,
    /// What the error codes mean, by code.
    pub errors: BTreeMap<String, ErrorEntry>,
}

/// One error code as the catalogue describes it.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct ErrorEntry {
    /// What happened.
    pub description: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Whether every tool shares it.
    pub common: bool,
}

/// One tool as the catalogue describes it (MCP 2026-07-28 server/tools, plus scopes and errors).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolEntry {
    /// Name on the wire.
    pub name: String,
    /// A few words for a person.
    pub title: String,
    /// What a model needs to know to choose and call the tool.
    pub description: String,
    /// Every scope that a call needs.
    #[serde(deserialize_with = "scope_names")]
    pub scopes: ScopeSet,
    /// What a call may do to the workspace.
    pub annotations: Annotations,
    /// JSON Schema 2020-12 of the arguments, self-contained.
    pub input_schema: Value,
    /// JSON Schema 2020-12 of the structured result, self-contained.
    pub output_schema: Value,
    /// Error codes a call can end in, besides those that every tool shares.
    pub errors: Vec<String>,
}

/// The hints of MCP 2026-07-28 server/tools.
#[derive(Clone, Copy, Debug, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Annotations {
    /// Whether a call changes nothing.
    pub read_only_hint: bool,
    /// Whether a call may replace or remove what was there.
    pub destructive_hint: bool,
    /// Whether repeating a call changes nothing more.
    pub idempotent_hint: bool,
    /// Whether a call reaches beyond the workspace.
    pub open_world_hint: bool,
}

/// The catalogue that this crate was built with.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../bundle.json"))
            .expect("the bundle is generated from the same model")
    });
    &CATALOGUE
}

impl Catalogue {
    /// The tool of that name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&ToolEntry> {
        self.tools
            .binary_search_by(|tool| tool.name.as_str().cmp(name))
            .ok()
            .map(|index| &self.tools[index])
    }

    /// The tools that need no more than these scopes, sorted by name.
    ///
    /// ```
    /// use lookout_schema::{Scope, ScopeSet, catalogue};
    ///
    /// let mut reading = catalogue().tools_for(ScopeSet::of(&[Scope::McpRead]));
    /// assert!(reading.all(|tool| tool.annotations.read_only_hint));
    /// ```
    pub fn tools_for(&self, scopes: ScopeSet) -> impl Iterator<Item = &ToolEntry> {
        self.tools.iter().filter(move |tool| tool.scopes.is_subset(scopes))
    }

    /// Every code that a call of `tool` can end in, with what it means: those of the tool, then those that every tool shares.
    pub fn errors_of<'a>(
        &'a self,
        tool: &'a ToolEntry,
    ) -> impl Iterator<Item = (&'a str, &'a ErrorEntry)> {
        let own = tool.errors.iter().filter_map(|code| self.errors.get_key_value(code));
        let common = self.errors.iter().filter(|(_, entry)| entry.common);
        own.chain(common).map(|(code, entry)| (code.as_str(), entry))
    }
}

impl ToolEntry {
    /// Checks raw arguments, such as a model wrote, against the input schema; the same as [`Tool::check`](crate::Tool::check) by name.
    ///
    /// ```
    /// use lookout_schema::catalogue;
    /// use serde_json::json;
    ///
    /// let tool = catalogue().tool("describe_table").expect("a tool");
    /// assert!(tool.check(&json!({ "table": "orders" })).is_ok());
    /// assert_eq!(
    ///     tool.check(&json!({})).unwrap_err().to_string(),
    ///     "the arguments of describe_table are not valid: the whole lacks `table`, which is required"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Everything in which they differ.
    pub fn check(&'static self, arguments: &Value) -> Result<(), InvalidArguments> {
        match generated::shape_of(&self.name) {
            Some(shape) => shape::check(&self.name, shape, arguments),
            None => Ok(()),
        }
    }
}

fn scope_names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ScopeSet, D::Error> {
    Vec::<String>::deserialize(deserializer)?.join(" ").parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::catalogue;
    use crate::CATALOGUE_DIGEST;

    #[test]
    fn the_embedded_bundle_is_the_one_the_types_came_from() {
        assert_eq!(catalogue().digest, CATALOGUE_DIGEST);
    }

    #[test]
    fn every_code_that_a_tool_names_is_described() {
        for tool in &catalogue().tools {
            let codes: Vec<_> = catalogue().errors_of(tool).map(|(code, _)| code).collect();
            assert!(tool.errors.iter().all(|code| codes.contains(&code.as_str())), "{}", tool.name);
            assert!(codes.contains(&"invalid_arguments"), "{codes:?}");
        }
    }

    #[test]
    fn a_tool_is_found_by_its_name_alone() {
        for tool in &catalogue().tools {
            assert_eq!(catalogue().tool(&tool.name).map(|found| &found.name), Some(&tool.name));
        }
        assert!(catalogue().tool("drop_everything").is_none());
    }
}
