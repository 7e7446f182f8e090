//! Writes what the catalogue decides into the crates that need it.
//!
//! [`outputs`] is pure: the same catalogue gives the same files, byte for byte. [`sync`] is the only writer.
//! Logic is never generated, security logic least of all.

mod client;
mod contract;
mod docs;
mod server;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use proc_macro2::{Ident, TokenStream};
use quote::format_ident;

use crate::catalogue::{self, Catalogue};

/// The command that a stale file is mended with.
const COMMAND: &str = "cargo xtask codegen";

/// A generated file.
#[derive(Debug)]
pub(crate) struct Output {
    /// Where it goes, relative to the workspace.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

/// Generates everything below `root`, or with `check` only compares.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let catalogue = catalogue::load(&root.join("schema"))?;
    let readme = fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    let mut outputs = outputs(&catalogue)?;
    outputs.push(docs::readme(&catalogue, &readme)?);
    sync(root, &outputs, check)
}

/// Every generated file but the README, whose text around the tool table is written by people.
pub(crate) fn outputs(catalogue: &Catalogue) -> Result<Vec<Output>> {
    let bundle = json_text(&catalogue.bundle);
    let mut outputs = vec![
        rust("schema/src/generated.rs", contract::tokens(catalogue)?)?,
        rust("sdk/src/generated.rs", client::tokens(catalogue))?,
        rust("server/src/generated.rs", server::tokens(catalogue))?,
        Output { path: "schema/bundle.json".to_owned(), text: bundle.clone() },
        Output { path: "conformance/catalogue.json".to_owned(), text: bundle },
        docs::reference(catalogue),
    ];
    for (file, schema) in catalogue::meta_schemas() {
        outputs.push(Output { path: format!("schema/{file}"), text: json_text(&schema) });
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(outputs)
}

/// Writes the outputs that differ, or with `check` fails and names them.
fn sync(root: &Path, outputs: &[Output], check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for Output { path, text } in outputs {
        let file = root.join(path);
        let current = fs::read_to_string(&file).unwrap_or_default();
        if current.replace("\r\n", "\n") != *text {
            stale.push(path.as_str());
            if !check {
                fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
            }
        }
    }
    if check && !stale.is_empty() {
        bail!("stale generated files:\n  {}\nrun: {COMMAND}", stale.join("\n  "));
    }
    if !check {
        eprintln!("{} generated files, {} written", outputs.len(), stale.len());
    }
    Ok(())
}

fn rust(path: &str, tokens: TokenStream) -> Result<Output> {
    let file = syn::parse2(tokens)
        .with_context(|| format!("the emitter of {path} wrote something that is not Rust"))?;
    let text = format!(
        "// Generated from schema/ by `{COMMAND}`. Do not edit.\n\n{}",
        prettyplease::unparse(&file)
    );
    Ok(Output { path: path.to_owned(), text })
}

fn json_text(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// `QueryWarehouse` as `QUERY_WAREHOUSE`.
fn constant(name: &str) -> Ident {
    let mut constant = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !constant.is_empty() {
            constant.push('_');
        }
        constant.push(letter.to_ascii_uppercase());
    }
    format_ident!("{constant}")
}

/// `query_warehouse` as `QueryWarehouse`.
fn upper_camel(name: &str) -> String {
    name.split(['_', ':'])
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect::<String>()
        })
        .collect()
}
