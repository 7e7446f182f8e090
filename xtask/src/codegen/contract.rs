//! The types that both sides speak: `schema/src/generated.rs`.
//!
//! typify makes the structures. Enumerations are our own, open ones: a client must be able to read a value that a newer server adds.
//! Constraints such as `maxLength` are left out of the types, because the server checks raw arguments against the schema itself.

use anyhow::{Context as _, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::{Map, Value, json};
use typify::{TypeSpace, TypeSpaceImpl, TypeSpaceSettings};

use super::upper_camel;
use crate::catalogue::{Catalogue, Kind, Node, ScopeEntry, ToolFile};

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
    let structs = structs(catalogue)?;
    let tools = catalogue.tools.iter().map(tool);
    Ok(quote! {
        use crate::{ScopeSet, Tool, open_enum};

        /// The digest of the catalogue that this crate was generated from; a server states its own in `server/discover`.
        pub const CATALOGUE_DIGEST: &str = #digest;

        #scope
        #error_code
        #(#enums)*
        #structs
        #(#tools)*
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

fn structs(catalogue: &Catalogue) -> Result<TokenStream> {
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
    Ok(space.to_stream())
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

/// The `Tool` implementation and the constructor that takes what is required.
fn tool(tool: &ToolFile) -> TokenStream {
    let wire_name = &tool.name;
    let name = format_ident!("{}", upper_camel(&tool.name));
    let output = format_ident!("{name}Result");
    let scopes = tool.scopes.iter().map(|scope| format_ident!("{}", upper_camel(scope)));
    let required: Vec<&String> = tool.input_schema.required.iter().flatten().collect();
    let members = tool.input_schema.properties.iter().flatten();
    let parameters =
        members.clone().filter(|(member, _)| required.contains(member)).map(|(member, node)| {
            let member = format_ident!("{member}");
            let kind = parameter_type(node);
            quote!(#member: #kind)
        });
    let fields = members.map(|(member, node)| {
        let value = if required.contains(&member) { initial(member, node) } else { default(node) };
        let member = format_ident!("{member}");
        quote!(#member: #value)
    });
    // What has no required argument has `Default` from typify.
    let constructor = (!required.is_empty()).then(|| {
        quote! {
            impl #name {
                /// The call with its required arguments; the others have their defaults.
                #[must_use]
                pub fn new(#(#parameters),*) -> Self {
                    Self { #(#fields),* }
                }
            }
        }
    });
    quote! {
        impl Tool for #name {
            const NAME: &'static str = #wire_name;
            const SCOPES: ScopeSet = ScopeSet::of(&[#(Scope::#scopes),*]);
            type Output = #output;
        }

        #constructor
    }
}

fn parameter_type(node: &Node) -> TokenStream {
    match (node.target(), node.base()) {
        (Some(target), _) => {
            let target = format_ident!("{target}");
            quote!(#target)
        }
        (None, Some(Kind::String)) => quote!(impl Into<String>),
        (None, Some(Kind::Integer)) => quote!(i64),
        (None, Some(Kind::Number)) => quote!(f64),
        (None, Some(Kind::Boolean)) => quote!(bool),
        (None, _) => quote!(::serde_json::Value),
    }
}

fn initial(member: &str, node: &Node) -> TokenStream {
    let member = format_ident!("{member}");
    match (node.target(), node.base()) {
        (None, Some(Kind::String)) => quote!(#member.into()),
        _ => quote!(#member),
    }
}

fn default(node: &Node) -> TokenStream {
    match &node.default {
        Some(Value::Bool(value)) => quote!(#value),
        Some(Value::Number(value)) => {
            let value = value.as_i64().unwrap_or_default();
            quote!(#value)
        }
        Some(Value::String(value)) => quote!(#value.into()),
        _ => quote!(Default::default()),
    }
}
