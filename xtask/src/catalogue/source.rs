//! The shape of the source files. Their meta-schemas are generated from these types, so an editor and the loader agree.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `scopes.json`: the permissions that an access token may carry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopesFile {
    /// The meta-schema of this file.
    #[serde(rename = "$schema")]
    _schema: String,
    /// Every scope.
    pub(crate) scopes: Vec<ScopeEntry>,
}

/// One scope.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopeEntry {
    /// Name on the wire, `noun:verb` (RFC 6749 section 3.3).
    #[schemars(regex(pattern = r"^[a-z]+:[a-z]+$"))]
    pub(crate) name: String,
    /// One or two words for a person.
    pub(crate) title: String,
    /// What it permits, in a sentence for the consent page.
    pub(crate) description: String,
    /// Whether it is granted when a request names no scope.
    pub(crate) default: bool,
}

/// `errors.json`: what a tool can report, by code.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorsFile {
    /// The meta-schema of this file.
    #[serde(rename = "$schema")]
    _schema: String,
    /// Error codes in snake_case and what they mean.
    pub(crate) errors: IndexMap<String, ErrorEntry>,
}

/// What an error code means.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorEntry {
    /// When it is reported, in a sentence.
    pub(crate) description: String,
    /// Whether the same call may succeed later.
    #[serde(default)]
    pub(crate) retryable: bool,
    /// Whether every tool can report it; such a code is not listed by tools.
    #[serde(default)]
    pub(crate) common: bool,
}

/// `types.json`: types that tools refer to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypesFile {
    /// The meta-schema of this file.
    #[serde(rename = "$schema")]
    _schema: String,
    /// Types by their name in UpperCamelCase.
    #[serde(rename = "$defs")]
    pub(crate) defs: IndexMap<String, Node>,
}

/// `tools/<name>.json`: one curated tool, shaped like the Tool object of MCP plus `scopes` and `errors`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ToolFile {
    /// The meta-schema of this file.
    #[serde(rename = "$schema")]
    _schema: String,
    /// Name on the wire: the file's stem.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]{0,63}$"))]
    pub(crate) name: String,
    /// A few words for a person.
    pub(crate) title: String,
    /// What a model needs to know to choose and call the tool.
    #[schemars(length(max = 1000))]
    pub(crate) description: String,
    /// Every scope that a call needs.
    #[schemars(length(min = 1))]
    pub(crate) scopes: Vec<String>,
    /// What a call may do to the workspace.
    pub(crate) annotations: Annotations,
    /// Arguments.
    pub(crate) input_schema: Node,
    /// Structured result.
    pub(crate) output_schema: Node,
    /// Codes from `errors.json` that a call can end in, besides the common ones.
    pub(crate) errors: Vec<String>,
}

/// The hints of MCP 2026-07-28 server/tools; all of them are stated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Annotations {
    /// Whether a call changes nothing.
    pub(crate) read_only_hint: bool,
    /// Whether a call may replace or remove what was there.
    pub(crate) destructive_hint: bool,
    /// Whether repeating a call changes nothing more.
    pub(crate) idempotent_hint: bool,
    /// Whether a call reaches beyond the workspace.
    pub(crate) open_world_hint: bool,
}

/// A schema in the dialect of the catalogue: the part of JSON Schema 2020-12 that generated types and every client can carry.
///
/// Enumerations and objects with properties have a name in `types.json`, so each becomes one named type.
/// A nullable type is `["T", "null"]`, or `anyOf` of a `$ref` and `null`. A node without a type takes any value.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Node {
    /// A type of `types.json`: `../types.json#/$defs/Name` from a tool, `#/$defs/Name` inside `types.json`.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    /// One type, or one type and `null`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Kinds>,
    /// What it is, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// The strings that may stand here.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Vec<String>>,
    /// A `$ref` and `{"type": "null"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) any_of: Option<Vec<Self>>,
    /// `false`: no other member. `{}`: other members are kept. Absent: other members are ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) additional_properties: Option<Additional>,
    /// Members that must be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) required: Option<Vec<String>>,
    /// Members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) properties: Option<IndexMap<String, Self>>,
    /// Elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) items: Option<Box<Self>>,
    /// Value used when the member is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Value>,
    /// Smallest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) minimum: Option<i64>,
    /// Largest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) maximum: Option<i64>,
    /// Fewest characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_length: Option<u64>,
    /// Most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_length: Option<u64>,
    /// Regular expression, anchored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    /// Fewest elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_items: Option<u64>,
    /// Most elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_items: Option<u64>,
    /// Most members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_properties: Option<u64>,
}

/// The `type` keyword.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Kinds {
    /// One type.
    One(Kind),
    /// A type and `null`.
    Nullable([Kind; 2]),
}

/// A JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A list.
    Array,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Null.
    Null,
    /// A number.
    Number,
    /// A map.
    Object,
    /// Text.
    String,
}

/// The `additionalProperties` keyword.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Additional {
    /// `false`: no other member.
    Closed(False),
    /// `{}`: other members are kept.
    Open(Empty),
}

/// The value `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct False;

/// The value `{}`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

impl Serialize for False {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(false)
    }
}

impl<'de> Deserialize<'de> for False {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match bool::deserialize(deserializer)? {
            false => Ok(Self),
            true => Err(serde::de::Error::custom("only `false` or `{}` may stand here")),
        }
    }
}

impl JsonSchema for False {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "False".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": false })
    }
}

/// The meta-schema files, by their path below `schema/`.
pub(crate) fn meta_schemas() -> [(&'static str, Value); 4] {
    [
        ("errors.schema.json", schemars::schema_for!(ErrorsFile).to_value()),
        ("scopes.schema.json", schemars::schema_for!(ScopesFile).to_value()),
        ("tool.schema.json", schemars::schema_for!(ToolFile).to_value()),
        ("types.schema.json", schemars::schema_for!(TypesFile).to_value()),
    ]
}

impl ToolFile {
    /// The member of the result that is listed page by page, for a tool that takes `cursor` and returns `next_cursor` and one list.
    pub(crate) fn listed(&self) -> Option<(&String, &Node)> {
        self.input_schema.properties.as_ref()?.get("cursor")?;
        let properties = self.output_schema.properties.as_ref()?;
        properties.get("next_cursor")?;
        let mut lists = properties.iter().filter(|(_, node)| node.base() == Some(Kind::Array));
        match (lists.next(), lists.next()) {
            (only, None) => only,
            _ => None,
        }
    }
}

impl Node {
    /// The type beside `null`, if a `type` is stated.
    pub(crate) fn base(&self) -> Option<Kind> {
        match self.kind {
            Some(Kinds::One(kind)) => Some(kind),
            Some(Kinds::Nullable([kind, Kind::Null])) => Some(kind),
            Some(Kinds::Nullable([_, kind])) => Some(kind),
            None => None,
        }
    }

    /// Whether `null` may stand here as well.
    pub(crate) fn is_nullable(&self) -> bool {
        matches!(self.kind, Some(Kinds::Nullable(_))) || self.any_of.is_some()
    }

    /// The name after the last slash of `$ref`, here or beside `null`.
    pub(crate) fn target(&self) -> Option<&str> {
        let own = self.reference.as_deref();
        let nullable = || self.any_of.iter().flatten().find_map(|node| node.reference.as_deref());
        own.or_else(nullable).and_then(|reference| reference.rsplit('/').next())
    }

    /// The nodes directly inside, each with its JSON Pointer relative to this one.
    pub(crate) fn children(&self) -> Vec<(String, &Self)> {
        let mut children = Vec::new();
        for (name, node) in self.properties.iter().flatten() {
            children.push((format!("/properties/{name}"), node));
        }
        children.extend(self.items.iter().map(|node| ("/items".to_owned(), &**node)));
        children
    }
}
