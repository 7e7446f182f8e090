//! What the shape of a file cannot say: names that must agree, and the rest of the dialect.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::Violations;
use super::pattern::pattern;
use super::source::{Additional, ErrorsFile, Kind, Kinds, Node, ScopesFile, ToolFile, TypesFile};

const TOOL_REFERENCE: &str = "../types.json#/$defs/";
const TYPE_REFERENCE: &str = "#/$defs/";

/// Adds everything that is wrong to `found`.
pub(super) fn judge(
    scopes: &ScopesFile,
    errors: &ErrorsFile,
    types: &TypesFile,
    tools: &[(String, ToolFile)],
    found: &mut Violations,
) {
    let mut used = Used::default();
    for (stem, tool) in tools {
        judge_tool(stem, tool, scopes, errors, types, &mut used, found);
    }
    for (name, node) in &types.defs {
        let mut walk = Walk {
            file: "types.json",
            prefix: TYPE_REFERENCE,
            types: &types.defs,
            used: &mut used,
            found,
        };
        walk.named(name, node);
    }
    for (index, scope) in scopes.scopes.iter().enumerate() {
        let pointer = format!("/scopes/{index}/name");
        if scopes.scopes[..index].iter().any(|earlier| earlier.name == scope.name) {
            found.add("scopes.json", &pointer, format!("{} is listed twice; keep one", scope.name));
        }
        if !used.scopes.contains(&scope.name) {
            found.add(
                "scopes.json",
                &pointer,
                format!("no tool needs {}; remove it or use it", scope.name),
            );
        }
    }
    for (code, entry) in &errors.errors {
        let pointer = format!("/errors/{code}");
        if !is_snake_case(code) {
            found.add("errors.json", &pointer, "a code is written in snake_case");
        }
        if !entry.common && !used.errors.contains(code) {
            found.add(
                "errors.json",
                &pointer,
                "no tool reports it; remove it, list it in a tool, or mark it `common`",
            );
        }
    }
    for name in types.defs.keys().filter(|name| !used.types.contains(*name)) {
        found.add("types.json", format!("/$defs/{name}"), "nothing refers to it; remove it");
    }
}

#[derive(Default)]
struct Used {
    scopes: BTreeSet<String>,
    errors: BTreeSet<String>,
    types: BTreeSet<String>,
}

fn judge_tool(
    stem: &str,
    tool: &ToolFile,
    scopes: &ScopesFile,
    errors: &ErrorsFile,
    types: &TypesFile,
    used: &mut Used,
    found: &mut Violations,
) {
    let file = format!("tools/{stem}.json");
    if tool.name != stem {
        found.add(
            &file,
            "/name",
            format!("the name is that of the file: write {stem:?} or rename the file"),
        );
    }
    for (index, scope) in tool.scopes.iter().enumerate() {
        if !scopes.scopes.iter().any(|known| &known.name == scope) {
            found.add(
                &file,
                format!("/scopes/{index}"),
                format!("{scope:?} is not in scopes.json"),
            );
        }
        used.scopes.insert(scope.clone());
    }
    for (index, code) in tool.errors.iter().enumerate() {
        let pointer = format!("/errors/{index}");
        match errors.errors.get(code) {
            None => found.add(&file, pointer, format!("{code:?} is not in errors.json")),
            Some(entry) if entry.common => {
                found.add(
                    &file,
                    pointer,
                    format!("{code:?} is common to all tools; do not list it"),
                );
            }
            Some(_) if tool.errors[..index].contains(code) => {
                found.add(&file, pointer, format!("{code:?} is listed twice; keep one"));
            }
            Some(_) => {}
        }
        used.errors.insert(code.clone());
    }
    if tool.annotations.read_only_hint && tool.annotations.destructive_hint {
        found.add(
            &file,
            "/annotations",
            "a tool that only reads is not destructive; correct one of the hints",
        );
    }
    if !matches!(tool.input_schema.additional_properties, Some(Additional::Closed(_))) {
        found.add(
            &file,
            "/inputSchema",
            "arguments are closed: add `\"additionalProperties\": false`",
        );
    }
    let roots = [("/inputSchema", &tool.input_schema), ("/outputSchema", &tool.output_schema)];
    for (pointer, node) in roots {
        let mut walk =
            Walk { file: &file, prefix: TOOL_REFERENCE, types: &types.defs, used, found };
        if node.base() != Some(Kind::Object)
            || node.properties.is_none()
            || node.reference.is_some()
        {
            walk.found.add(
                &file,
                pointer,
                "the root is an object: write `\"type\": \"object\"` with `properties`",
            );
        }
        walk.object(pointer, node);
    }
}

struct Walk<'a> {
    file: &'a str,
    prefix: &'a str,
    types: &'a IndexMap<String, Node>,
    used: &'a mut Used,
    found: &'a mut Violations,
}

impl Walk<'_> {
    /// A type of `types.json`: an enumeration or an object with properties.
    fn named(&mut self, name: &str, node: &Node) {
        let pointer = format!("/$defs/{name}");
        let camel = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !camel {
            self.found.add(self.file, &pointer, "a type is named in UpperCamelCase");
        }
        if node.description.is_none() {
            self.found.add(self.file, &pointer, "say what the type is in `description`");
        }
        match (&node.values, &node.properties) {
            (Some(values), None) => {
                if !matches!(node.kind, Some(Kinds::One(Kind::String))) {
                    self.found.add(
                        self.file,
                        &pointer,
                        "an enumeration has `\"type\": \"string\"`",
                    );
                }
                let unique: BTreeSet<_> = values.iter().collect();
                if values.is_empty() || unique.len() != values.len() {
                    self.found.add(
                        self.file,
                        format!("{pointer}/enum"),
                        "list at least one value, each once",
                    );
                }
                if let Some(value) = values.iter().find(|value| !is_snake_case(value)) {
                    self.found.add(
                        self.file,
                        format!("{pointer}/enum"),
                        format!("{value:?} is not snake_case"),
                    );
                }
            }
            (None, Some(_)) => self.object(&pointer, node),
            _ => self.found.add(
                self.file,
                &pointer,
                "a shared type is an enumeration or an object with properties",
            ),
        }
    }

    /// The members of an object with properties.
    fn object(&mut self, pointer: &str, node: &Node) {
        let properties = node.properties.iter().flatten();
        for name in node.required.iter().flatten() {
            if !node.properties.as_ref().is_some_and(|properties| properties.contains_key(name)) {
                self.found.add(
                    self.file,
                    format!("{pointer}/required"),
                    format!("{name:?} is not in `properties`"),
                );
            }
        }
        for (name, member) in properties {
            let pointer = format!("{pointer}/properties/{name}");
            if member.description.is_none() {
                self.found.add(self.file, &pointer, "say what the member is in `description`");
            }
            if member.default.is_some()
                && node.required.iter().flatten().any(|required| required == name)
            {
                self.found.add(
                    self.file,
                    &pointer,
                    "a required member has no `default`; drop one of the two",
                );
            }
            self.member(&pointer, member);
        }
    }

    /// Anything that stands inside an object or a list.
    fn member(&mut self, pointer: &str, node: &Node) {
        if node.values.is_some() {
            self.found.add(
                self.file,
                pointer,
                "give the enumeration a name in types.json and refer to it",
            );
        }
        if node.properties.is_some() {
            self.found.add(
                self.file,
                pointer,
                "give the object a name in types.json and refer to it",
            );
        }
        if let Some(Kinds::Nullable([first, second])) = node.kind
            && (first == Kind::Null) == (second == Kind::Null)
        {
            self.found.add(
                self.file,
                format!("{pointer}/type"),
                "write one type, or one type and \"null\"",
            );
        }
        if let Some(Err(why)) = node.pattern.as_deref().map(pattern) {
            self.found.add(self.file, format!("{pointer}/pattern"), why);
        }
        match node.base() {
            Some(Kind::Array) if node.items.is_none() => {
                self.found.add(self.file, pointer, "say what the elements are in `items`");
            }
            Some(Kind::Object)
                if node.properties.is_none() && node.additional_properties.is_none() =>
            {
                self.found.add(self.file, pointer, "a map has `\"additionalProperties\": {}`");
            }
            Some(Kind::Null) => {
                self.found.add(self.file, pointer, "null alone carries nothing; name another type")
            }
            _ => {}
        }
        if let Some(alternatives) = &node.any_of {
            let [reference, null] = alternatives.as_slice() else {
                return self.found.add(
                    self.file,
                    format!("{pointer}/anyOf"),
                    "write a `$ref` and `{\"type\": \"null\"}`",
                );
            };
            if reference.reference.is_none() || null.base() != Some(Kind::Null) {
                self.found.add(
                    self.file,
                    format!("{pointer}/anyOf"),
                    "write a `$ref` and `{\"type\": \"null\"}`",
                );
            } else {
                self.reference(&format!("{pointer}/anyOf/0"), reference);
            }
        }
        if node.reference.is_some() {
            self.reference(pointer, node);
        }
        if let Some(items) = &node.items {
            self.member(&format!("{pointer}/items"), items);
        }
    }

    fn reference(&mut self, pointer: &str, node: &Node) {
        let Some(reference) = &node.reference else { return };
        match reference.strip_prefix(self.prefix) {
            Some(name) if self.types.contains_key(name) => {
                self.used.types.insert(name.to_owned());
            }
            Some(name) => self.found.add(self.file, pointer, format!("types.json has no {name:?}")),
            None => self.found.add(
                self.file,
                pointer,
                format!("a reference reads `{}Name`", self.prefix),
            ),
        }
    }
}

fn is_snake_case(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
