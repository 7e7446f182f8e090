//! The types that both sides speak: `schema/src/generated.rs`.
//!
//! typify makes the structures. Enumerations are our own, open ones: a client must be able to read a value that a newer server adds.
//! No structure can be written out by its users, so that a member can be added: arguments have constructors and setters, results are read.
//! Constraints such as `maxLength` are not in the types but beside them, as data that a value is checked against.

mod arguments;
mod examples;
mod shapes;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Map, Value, json};
use typify::{TypeSpace, TypeSpaceImpl, TypeSpaceSettings};

use super::upper_camel;
use crate::catalogue::{Catalogue, Node, ScopeEntry, ToolFile};

pub(super) fn tokens(catalogue: &Catalogue) -> Result<TokenStream> {
    let digest = &catalogue.digest;
    let scope = scope(&catalogue.scopes);
    let codes =
        catalogue.errors.iter().map(|(code, entry)| (code.as_str(), entry.description.as_str()));
    let error_code = open_enum("ErrorCode", "What a tool error is about.", codes);
    let enums = catalogue.types.iter().filter_map(|(name, node)| {
        let values = node.values.as_ref()?.iter().map(|value| (value.as_str(), ""));
        Some(open_enum(name, node.description.as_deref().unwrap_or_default(), values))
    });
    let arguments = argument_types(catalogue);
    let structs = structs(catalogue, &arguments)?;
    let setters = arguments::tokens(catalogue, &arguments)?;
    let shapes = shapes::tokens(catalogue, &arguments);
    Ok(quote! {
        use crate::shape::{Member, Part, Pattern, Rule, Shape, What};
        use crate::{InvalidArguments, Paged, ScopeSet, Tool, open_enum};

        /// The digest of the catalogue that this crate was generated from; a server states its own in `server/discover`.
        pub const CATALOGUE_DIGEST: &str = #digest;

        #scope
        #error_code
        #(#enums)*
        #structs
        #setters
        #shapes
    })
}

fn scope(scopes: &[ScopeEntry]) -> TokenStream {
    let variants: Vec<_> =
        scopes.iter().map(|scope| format_ident!("{}", upper_camel(&scope.name))).collect();
    let names: Vec<_> = scopes.iter().map(|scope| &scope.name).collect();
    let titles = scopes.iter().map(|scope| &scope.title);
    let descriptions: Vec<_> = scopes.iter().map(|scope| &scope.description).collect();
    let docs = descriptions.iter().map(|text| sentence(text));
    let defaults =
        scopes.iter().zip(&variants).filter(|(scope, _)| scope.default).map(|(_, variant)| variant);
    quote! {
        /// A permission that an access token carries (RFC 6749 section 3.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Scope { #(#[doc = #docs] #variants,)* }

        impl Scope {
            /// Every scope, sorted by name.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// What is granted when a request names no scope.
            pub const DEFAULT: ScopeSet = ScopeSet::of(&[#(Self::#defaults),*]);

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #names,)* }
            }

            /// One or two words for a person.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { #(Self::#variants => #titles,)* }
            }

            /// What it permits, in a sentence for a person.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { #(Self::#variants => #descriptions,)* }
            }
        }
    }
}

/// An enumeration of strings that keeps a value it does not know.
fn open_enum<'a>(
    name: &str,
    doc: &str,
    values: impl Iterator<Item = (&'a str, &'a str)>,
) -> TokenStream {
    let name = format_ident!("{name}");
    let doc = sentence(doc);
    let (values, docs): (Vec<_>, Vec<_>) = values
        .map(|(value, doc)| {
            (value, if doc.is_empty() { format!(" `{value}`.") } else { sentence(doc) })
        })
        .unzip();
    let variants: Vec<_> =
        values.iter().map(|value| format_ident!("{}", upper_camel(value))).collect();
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #docs] #variants,)*
            /// A value that this build does not know, as it stood on the wire.
            Unknown(String),
        }

        impl #name {
            /// Every value that this build knows.
            pub const KNOWN: &'static [Self] = &[#(Self::#variants),*];

            /// The value on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Unknown(value) => value,
                }
            }
        }

        impl From<&str> for #name {
            fn from(value: &str) -> Self {
                match value {
                    #(#values => Self::#variants,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        open_enum!(#name);
    }
}

/// Text as it stands behind `///`.
fn sentence(text: &str) -> String {
    format!(" {text}")
}

fn structs(catalogue: &Catalogue, arguments: &BTreeSet<&str>) -> Result<TokenStream> {
    let mut settings = TypeSpaceSettings::default();
    settings.with_derive("PartialEq".to_owned());
    let mut definitions = Map::new();
    for (name, node) in &catalogue.types {
        if node.values.is_some() {
            let impls = [
                TypeSpaceImpl::Display,
                TypeSpaceImpl::FromStr,
                TypeSpaceImpl::FromStringIrrefutable,
            ];
            settings.with_replacement(name, format!("crate::{name}"), impls.into_iter());
        }
        definitions.insert(name.clone(), plain(node));
    }
    for tool in &catalogue.tools {
        let name = upper_camel(&tool.name);
        let mut input = plain(&tool.input_schema);
        input["description"] = arguments_doc(tool).into();
        let mut output = plain(&tool.output_schema);
        output["description"] = format!("What `{}` returns.", tool.name).into();
        definitions.insert(format!("{name}Result"), output);
        definitions.insert(name, input);
    }
    let root =
        json!({ "$schema": "http://json-schema.org/draft-07/schema#", "definitions": definitions });
    let mut space = TypeSpace::new(&settings);
    let root =
        serde_json::from_value(root).context("the catalogue is outside what typify reads")?;
    space.add_root_schema(root).context("typify cannot make types of the catalogue")?;
    let written =
        syn::parse2(space.to_stream()).context("typify wrote something that is not Rust")?;
    let calls = catalogue.tools.iter().map(|tool| upper_camel(&tool.name)).collect();
    Ok(finished(written, arguments, &calls))
}

/// The types that a caller makes: those that arguments refer to, directly or not. The arguments themselves are not among them.
fn argument_types(catalogue: &Catalogue) -> BTreeSet<&str> {
    fn collect<'a>(node: &'a Node, catalogue: &'a Catalogue, found: &mut BTreeSet<&'a str>) {
        let target = node.target().and_then(|target| named(catalogue, target));
        if let Some((name, target)) = target
            && found.insert(name)
        {
            collect(target, catalogue, found);
        }
        for (_, child) in node.children() {
            collect(child, catalogue, found);
        }
    }
    let mut found = BTreeSet::new();
    for tool in &catalogue.tools {
        collect(&tool.input_schema, catalogue, &mut found);
    }
    found
}

fn named<'a>(catalogue: &'a Catalogue, name: &str) -> Option<(&'a str, &'a Node)> {
    let (name, node) = catalogue.types.iter().find(|(known, _)| known == name)?;
    Some((name, node))
}

/// What typify wrote, without what nothing uses, closed to being written out by users.
fn finished(
    written: syn::File,
    arguments: &BTreeSet<&str>,
    calls: &BTreeSet<String>,
) -> TokenStream {
    let items = written.items.into_iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "error" => None,
        syn::Item::Mod(mut module) => {
            module.vis = syn::Visibility::Inherited;
            Some(syn::Item::Mod(module))
        }
        // Ours stands beside the constructor.
        syn::Item::Impl(implementation) if is_default(&implementation) => None,
        syn::Item::Struct(mut item) => {
            let name = item.ident.to_string();
            item.attrs.push(if calls.contains(&name) || arguments.contains(name.as_str()) {
                syn::parse_quote!(#[non_exhaustive])
            } else {
                syn::parse_quote!(#[cfg_attr(not(feature = "construct"), non_exhaustive)])
            });
            for field in &mut item.fields {
                if field.ident.as_ref().is_some_and(|name| name == "extra") {
                    field.attrs.insert(
                        0,
                        syn::parse_quote!(#[doc = " Members that this build does not know."]),
                    );
                }
            }
            Some(syn::Item::Struct(item))
        }
        item => Some(item),
    });
    quote!(#(#items)*)
}

fn is_default(implementation: &syn::ItemImpl) -> bool {
    let path = implementation.trait_.as_ref().map(|(_, path, _)| path);
    path.and_then(|path| path.segments.last()).is_some_and(|name| name.ident == "Default")
}

/// The name of a member as typify writes it: `chartType` as `chart_type`, `type` as `type_`.
fn rust_name(member: &str) -> Ident {
    let mut name = String::new();
    for letter in member.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    syn::parse_str(&name).unwrap_or_else(|_| format_ident!("{name}_"))
}

fn arguments_doc(tool: &ToolFile) -> String {
    let scopes =
        tool.scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(" and ");
    format!("Arguments of `{}`, which needs {scopes}.\n\n{}", tool.name, tool.description)
}

/// The part of a node that decides about a type, with references where typify looks for them.
fn plain(node: &Node) -> Value {
    let mut schema = Map::new();
    let mut set = |key: &str, value: Value| schema.insert(key.to_owned(), value);
    if let Some(description) = &node.description {
        set("description", description.as_str().into());
    }
    if let Some(name) = &node.reference {
        let name = name.rsplit('/').next().unwrap_or_default();
        set("$ref", format!("#/definitions/{name}").into());
    }
    if let Some(kind) = &node.kind {
        set("type", json!(kind));
    }
    if let Some(values) = &node.values {
        set("enum", json!(values));
    }
    if let Some(alternatives) = &node.any_of {
        set("anyOf", alternatives.iter().map(plain).collect());
    }
    if let Some(additional) = &node.additional_properties {
        set("additionalProperties", json!(additional));
    }
    if let Some(required) = &node.required {
        set("required", json!(required));
    }
    if let Some(properties) = &node.properties {
        let properties: Map<_, _> =
            properties.iter().map(|(name, node)| (name.clone(), plain(node))).collect();
        set("properties", properties.into());
    }
    if let Some(items) = &node.items {
        set("items", plain(items));
    }
    if let Some(default) = &node.default {
        set("default", default.clone());
    }
    schema.into()
}
