//! `cargo xtask api`: the public API of the published crates, as a text that a review can read, and the items of the SDK that no example shows.
//!
//! The text comes from rustdoc's JSON, with the default features. An item is shown if its own documentation has an example, or that of the type or
//! the module that it belongs to: nobody needs one for each setter. What a trait asks its implementor for is part of the trait.

mod render;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use render::{bounds, function, generics, type_name};

/// What rustdoc of the toolchain that the gate uses writes.
const FORMAT: u64 = 57;
const CRATES: [(&str, &str); 2] = [("lookout-schema", "schema"), ("lookout-sdk", "sdk")];
/// Automatic traits that no stable program can name.
const UNSTABLE: [&str; 2] = ["Freeze", "UnsafeUnpin"];

#[derive(Args, Debug)]
pub(crate) struct Api {
    /// Write nothing; fail when a snapshot is stale, or an item has no example
    #[arg(long)]
    check: bool,
}

impl Api {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        let mut is_fine = true;
        for (package, folder) in CRATES {
            let json = document(root, package)?;
            let crate_ = Crate::read(&json)?;
            let mut found = Found::default();
            crate_.module(crate_.root, &crate_.name, false, &mut found)?;
            let text: String = found.lines.iter().map(|line| format!("{line}\n")).collect();
            let file = root.join(folder).join("api.txt");
            if fs::read_to_string(&file).ok().as_ref() != Some(&text) {
                if self.check {
                    eprintln!("{} is stale: run `cargo xtask api`", file.display());
                    is_fine = false;
                } else {
                    fs::write(&file, text)?;
                }
            }
            if package == "lookout-sdk" {
                for item in &found.unshown {
                    eprintln!("no example shows {item}");
                }
                is_fine &= found.unshown.is_empty() || !self.check;
            }
        }
        Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Writes rustdoc's JSON, which the stable toolchain does when it is told to.
fn document(root: &Path, package: &str) -> Result<PathBuf> {
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["rustdoc", "--quiet", "--package", package, "--lib", "--"])
        .args(["-Z", "unstable-options", "--output-format", "json"])
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("{package} cannot be documented");
    }
    Ok(root.join("target/doc").join(package.replace('-', "_")).with_extension("json"))
}

struct Crate {
    name: String,
    root: u64,
    index: Value,
}

#[derive(Default)]
struct Found {
    lines: BTreeSet<String>,
    unshown: BTreeSet<String>,
}

impl Crate {
    fn read(json: &Path) -> Result<Self> {
        let mut document: Value = serde_json::from_str(&fs::read_to_string(json)?)?;
        if document["format_version"] != FORMAT {
            bail!("rustdoc writes format {}, not {FORMAT}", document["format_version"]);
        }
        let root = document["root"].as_u64().context("the crate has no root")?;
        let index = document["index"].take();
        let name = index[root.to_string()]["name"].as_str().context("the crate has no name")?;
        Ok(Self { name: name.to_owned(), root, index })
    }

    fn item(&self, id: &Value) -> Option<&Value> {
        self.index.get(id.as_u64()?.to_string())
    }

    fn items(&self, ids: &Value) -> Vec<&Value> {
        ids.as_array().into_iter().flatten().filter_map(|id| self.item(id)).collect()
    }

    fn module(&self, id: u64, path: &str, shown: bool, found: &mut Found) -> Result<()> {
        let module = self.index.get(id.to_string()).context("a module is missing")?;
        let shown = shown || (id != self.root && has_example(module));
        for item in self.items(&module["inner"]["module"]["items"]) {
            let Some(reexport) = item["inner"].get("use") else {
                let name = item["name"].as_str().unwrap_or_default();
                self.public_item(item, &format!("{path}::{name}"), shown, found)?;
                continue;
            };
            let source = reexport["source"].as_str().unwrap_or_default();
            let name = reexport["name"].as_str().unwrap_or_default();
            match self.item(&reexport["id"]) {
                Some(target) if reexport["is_glob"] == true => {
                    let id = target["id"].as_u64().context("an item has no id")?;
                    self.module(id, path, shown, found)?;
                }
                Some(target) => {
                    self.public_item(target, &format!("{path}::{name}"), shown, found)?;
                }
                None => {
                    found.lines.insert(format!("{path}::{name}: use {source}"));
                }
            }
        }
        Ok(())
    }

    fn public_item(&self, item: &Value, path: &str, shown: bool, found: &mut Found) -> Result<()> {
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next())
        else {
            return Ok(());
        };
        let shown = shown || has_example(item);
        if kind == "module" {
            found.lines.insert(format!("{path}: mod"));
            let id = item["id"].as_u64().context("an item has no id")?;
            return self.module(id, path, shown, found);
        }
        if !shown && kind != "macro" {
            found.unshown.insert(path.to_owned());
        }
        let non_exhaustive = item["attrs"].to_string().contains("non_exhaustive");
        let mark = if non_exhaustive { " (non-exhaustive)" } else { "" };
        let generic = generics(&inner["generics"]);
        let line = match kind.as_str() {
            "function" => function(inner),
            "constant" => format!("const: {}", type_name(&inner["type"])),
            "static" => format!("static: {}", type_name(&inner["type"])),
            "type_alias" => format!("type{generic} = {}", type_name(&inner["type"])),
            "trait" => format!("trait{generic}: {}", bounds(&inner["bounds"])),
            other => format!("{other}{generic}{mark}"),
        };
        found.lines.insert(format!("{path}: {line}"));
        for member in self.items(&inner["items"]) {
            self.member(member, path, found);
        }
        for field in self.items(&inner["kind"]["plain"]["fields"]) {
            self.member(field, path, found);
        }
        for field in self.items(&inner["kind"]["tuple"]) {
            self.member(field, path, found);
        }
        for variant in self.items(&inner["variants"]) {
            self.member(variant, path, found);
            let name = variant["name"].as_str().unwrap_or_default();
            let kind = &variant["inner"]["variant"]["kind"];
            for fields in [&kind["struct"]["fields"], &kind["tuple"]] {
                for field in self.items(fields) {
                    self.member(field, &format!("{path}::{name}"), found);
                }
            }
        }
        for implementation in self.items(&inner["impls"]) {
            let implementation = &implementation["inner"]["impl"];
            let generic = generics(&implementation["generics"]);
            let of = type_name(&implementation["for"]);
            if implementation["trait"].is_null() {
                for member in self.items(&implementation["items"]) {
                    self.member(member, &format!("{path} [{of}{generic}]"), found);
                    let name = member["name"].as_str().unwrap_or_default();
                    if !shown && has_example(member) {
                        found.unshown.remove(path);
                    }
                    if !shown && !has_example(member) {
                        found.unshown.insert(format!("{path}::{name}"));
                    }
                }
            } else if implementation["blanket_impl"].is_null()
                && !UNSTABLE.iter().any(|name| implementation["trait"]["path"] == *name)
            {
                let not = if implementation["is_negative"] == true { "!" } else { "" };
                let name =
                    type_name(&serde_json::json!({ "resolved_path": implementation["trait"] }));
                found.lines.insert(format!("{path}: impl{generic} {not}{name} for {of}"));
            }
        }
        Ok(())
    }

    fn member(&self, item: &Value, path: &str, found: &mut Found) {
        let name = item["name"].as_str().unwrap_or_default();
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next())
        else {
            return;
        };
        let line = match kind.as_str() {
            "function" => function(inner),
            "struct_field" => type_name(inner),
            "assoc_const" => format!("const: {}", type_name(&inner["type"])),
            "assoc_type" => format!("type: {}", bounds(&inner["bounds"])),
            other => other.to_owned(),
        };
        found.lines.insert(format!("{path}::{name}: {line}"));
    }
}

fn has_example(item: &Value) -> bool {
    item["docs"].as_str().is_some_and(|docs| docs.contains("```"))
}
