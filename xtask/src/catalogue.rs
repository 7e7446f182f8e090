//! The catalogue: what the files in `schema/` say, loaded and judged.
//!
//! Loading reads every file, collects every violation, and only then fails, so a person mends them in one pass.
//! A [`Catalogue`] holds nothing that the rules of this module refuse; whatever is emitted from it can rely on that.

mod bundle;
mod pattern;
mod rules;
mod source;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use pattern::{Part, What, pattern};
pub(crate) use source::{Additional, ErrorEntry, Kind, Node, ScopeEntry, ToolFile, meta_schemas};

/// Everything in `schema/`, valid and sorted by name.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// Scopes, sorted by name.
    pub(crate) scopes: Vec<ScopeEntry>,
    /// Error codes with their meaning, sorted by code.
    pub(crate) errors: Vec<(String, ErrorEntry)>,
    /// Types that tools share, sorted by name.
    pub(crate) types: Vec<(String, Node)>,
    /// Tools, sorted by name.
    pub(crate) tools: Vec<ToolFile>,
    /// The schemas of each tool made self-contained, in the order of `tools`: input, output.
    pub(crate) wire_schemas: Vec<(Value, Value)>,
    /// The one document that carries all of it, and its digest.
    pub(crate) bundle: Value,
    /// `sha256:` and the hash of the canonical bundle.
    pub(crate) digest: String,
}

/// One thing that is wrong in a source file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// The file, relative to `schema/`.
    file: String,
    /// A JSON Pointer into it (RFC 6901); empty for the whole document.
    pointer: String,
    /// What is wrong and what to write instead.
    message: String,
}

/// Every violation that was found.
#[derive(Debug)]
pub(crate) struct Violations(Vec<Violation>);

/// Reads the catalogue below `folder`.
pub(crate) fn load(folder: &Path) -> Result<Catalogue> {
    let mut found = Violations(Vec::new());
    let scopes = found.read::<source::ScopesFile>(folder, "scopes.json")?;
    let errors = found.read::<source::ErrorsFile>(folder, "errors.json")?;
    let types = found.read::<source::TypesFile>(folder, "types.json")?;
    let mut names = tool_files(&folder.join("tools"))?;
    names.sort();
    let mut tools = Vec::new();
    for name in names {
        if let Some(tool) = found.read::<ToolFile>(folder, &format!("tools/{name}.json"))? {
            tools.push((name, tool));
        }
    }
    let (Some(scopes), Some(errors), Some(types)) = (scopes, errors, types) else {
        return Err(found.into());
    };
    rules::judge(&scopes, &errors, &types, &tools, &mut found);
    if !found.0.is_empty() {
        return Err(found.into());
    }

    let mut scopes = scopes.scopes;
    scopes.sort_by(|a, b| a.name.cmp(&b.name));
    let mut errors: Vec<_> = errors.errors.into_iter().collect();
    errors.sort_by(|a, b| a.0.cmp(&b.0));
    let types = types.defs;
    let tools: Vec<_> = tools.into_iter().map(|(_, tool)| tool).collect();
    let wire_schemas: Vec<_> = tools
        .iter()
        .map(|tool| {
            (
                bundle::self_contained(&tool.input_schema, &types),
                bundle::self_contained(&tool.output_schema, &types),
            )
        })
        .collect();
    let (bundle, digest) = bundle::bundle(&scopes, &errors, &tools, &wire_schemas);
    let mut types: Vec<_> = types.into_iter().collect();
    types.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Catalogue { scopes, errors, types, tools, wire_schemas, bundle, digest })
}

/// The stems of the `.json` files in `folder`.
fn tool_files(folder: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut stems = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            stems.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    Ok(stems)
}

impl Violations {
    pub(crate) fn add(
        &mut self,
        file: &str,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.0.push(Violation {
            file: file.to_owned(),
            pointer: pointer.into(),
            message: message.into(),
        });
    }

    /// Reads one file; what is wrong with its shape is added here and `None` returned.
    fn read<T: DeserializeOwned + JsonSchema>(
        &mut self,
        folder: &Path,
        file: &str,
    ) -> Result<Option<T>> {
        let path = folder.join(file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let value: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(error) => {
                self.add(file, "", format!("is not JSON: {error}"));
                return Ok(None);
            }
        };
        let meta_schema = schemars::schema_for!(T).to_value();
        let validator =
            jsonschema::validator_for(&meta_schema).context("the meta-schema does not compile")?;
        let before = self.0.len();
        for error in validator.iter_errors(&value) {
            self.add(
                file,
                error.instance_path().as_str(),
                format!("{error}; the meta-schema beside it says what may stand here"),
            );
        }
        if self.0.len() > before {
            return Ok(None);
        }
        match serde_json::from_value(value) {
            Ok(parsed) => Ok(Some(parsed)),
            Err(error) => {
                self.add(file, "", error.to_string());
                Ok(None)
            }
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort();
        write!(f, "the catalogue has {} violation(s):", sorted.len())?;
        for Violation { file, pointer, message } in sorted {
            write!(
                f,
                "\n  schema/{file}{}{pointer}: {message}",
                if pointer.is_empty() { "" } else { " at " }
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}
