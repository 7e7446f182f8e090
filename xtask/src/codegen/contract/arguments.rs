//! What a caller writes: `QueryWarehouse::new(sql).max_rows(10)`, and what makes it a call.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::examples::example;
use super::{named, rust_name, sentence};
use crate::catalogue::{Additional, Catalogue, Kind, Node, ToolFile};
use crate::codegen::{constant, upper_camel};

pub(super) fn tokens(catalogue: &Catalogue, types: &BTreeSet<&str>) -> Result<TokenStream> {
    let nested = types
        .iter()
        .filter_map(|name| named(catalogue, name))
        .filter(|(_, node)| node.properties.is_some());
    let nested = nested.map(|(name, node)| made(name, node)).collect::<Result<Vec<_>>>()?;
    let calls = catalogue.tools.iter().map(|tool| {
        let made = made(&upper_camel(&tool.name), &tool.input_schema)?;
        let tool_impl = tool_impl(tool);
        let paged = paged(tool);
        Ok(quote!(#tool_impl #paged #made))
    });
    let calls = calls.collect::<Result<Vec<_>>>()?;
    Ok(quote!(#(#nested)* #(#calls)*))
}

fn tool_impl(tool: &ToolFile) -> TokenStream {
    let wire_name = &tool.name;
    let name = format_ident!("{}", upper_camel(&tool.name));
    let output = format_ident!("{name}Result");
    let shape = constant(&name.to_string());
    let scopes = tool.scopes.iter().map(|scope| format_ident!("{}", upper_camel(scope)));
    quote! {
        impl Tool for #name {
            const NAME: &'static str = #wire_name;
            const SCOPES: ScopeSet = ScopeSet::of(&[#(Scope::#scopes),*]);
            type Output = #output;

            fn check(arguments: &::serde_json::Value) -> Result<(), InvalidArguments> {
                crate::shape::check(Self::NAME, &#shape, arguments)
            }
        }
    }
}

/// What reads a list page by page.
fn paged(tool: &ToolFile) -> Option<TokenStream> {
    let (member, list) = tool.listed()?;
    let name = format_ident!("{}", upper_camel(&tool.name));
    let output = format_ident!("{name}Result");
    let member = rust_name(member);
    let item = plain_type(list.items.as_deref()?);
    Some(quote! {
        impl Paged for #name {
            type Item = #item;

            fn starting_at(mut self, cursor: String) -> Self {
                self.cursor = Some(cursor);
                self
            }

            fn next_cursor(page: &#output) -> Option<&str> {
                page.next_cursor.as_deref()
            }

            fn items(page: #output) -> Vec<#item> {
                page.#member
            }
        }
    })
}

/// The constructor that takes what is required, and a setter for what is not.
fn made(name: &str, node: &Node) -> Result<TokenStream> {
    let name = format_ident!("{name}");
    let required = |member: &String| node.required.iter().flatten().any(|one| one == member);
    let members: Vec<_> = node.properties.iter().flatten().collect();
    let parameters = members.iter().filter(|(member, _)| required(member)).map(|(member, node)| {
        let member = rust_name(member);
        let kind = parameter_type(node);
        quote!(#member: #kind)
    });
    let is_open = matches!(node.additional_properties, Some(Additional::Open(_)));
    let fields = members.iter().map(|(member, node)| {
        let value = if required(member) { stored(member, node, true) } else { default(node) };
        let member = rust_name(member);
        match member == value.to_string() {
            true => quote!(#member),
            false => quote!(#member: #value),
        }
    });
    let extra = is_open.then(|| quote!(extra: Default::default(),));
    let mut names = BTreeSet::from(["new".to_owned(), "extra".to_owned()]);
    let mut setters = Vec::new();
    for (member, member_node) in &members {
        let Some((setter_name, setter)) = setter(member, member_node, required(member)) else {
            continue;
        };
        ensure!(
            names.insert(setter_name.clone()),
            "{name} would have two methods {setter_name}; give a member another name"
        );
        setters.push(setter);
    }
    if is_open {
        setters.push(quote! {
            /// Sets a member that this build does not know.
            #[must_use]
            pub fn extra(mut self, name: impl Into<String>, value: impl Into<::serde_json::Value>) -> Self {
                self.extra.insert(name.into(), value.into());
                self
            }
        });
    }
    let no_required = node.required.iter().flatten().next().is_none();
    let doc = sentence(match no_required {
        true => "With every member at its default.",
        false => "With what is required; the other members have their defaults.",
    });
    let example = example(&name.to_string()).into_iter().flat_map(|lines| {
        ["", " ```", " use lookout_schema::*;", ""]
            .into_iter()
            .map(str::to_owned)
            .chain(lines.lines().map(sentence))
            .chain([" ```".to_owned()])
    });
    let default_impl = no_required.then(|| {
        quote! {
            impl Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    });
    Ok(quote! {
        impl #name {
            #[doc = #doc]
            #(#[doc = #example])*
            #[must_use]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#fields,)* #extra }
            }

            #(#setters)*
        }

        #default_impl
    })
}

/// The method that sets a member, or adds to it, with its name.
fn setter(member: &str, node: &Node, required: bool) -> Option<(String, TokenStream)> {
    let field = rust_name(member);
    let description = node.description.as_deref().unwrap_or_default();
    let doc = sentence(&[description, &limits(node)].join(" ").trim().replace("  ", " "));
    let setter = match (node.target(), node.base(), &node.items) {
        (None, Some(Kind::Array), Some(element)) => {
            let name = singular(member);
            let method = rust_name(&name);
            let doc = sentence(&format!("Adds to `{field}`: {}", description));
            let kind = parameter_type(element);
            let value = stored(&name, element, true);
            let setter = quote! {
                #[doc = #doc]
                #[must_use]
                pub fn #method(mut self, #method: #kind) -> Self {
                    self.#field.push(#value);
                    self
                }
            };
            return Some((name, setter));
        }
        (None, Some(Kind::Object), _) => {
            let name = singular(member);
            let method = rust_name(&name);
            let doc = sentence(&format!("Adds to `{field}`: {}", description));
            let setter = quote! {
                #[doc = #doc]
                #[must_use]
                pub fn #method(mut self, name: impl Into<String>, value: impl Into<::serde_json::Value>) -> Self {
                    self.#field.insert(name.into(), value.into());
                    self
                }
            };
            return Some((name, setter));
        }
        _ if required => return None,
        _ => {
            let kind = parameter_type(node);
            let value = stored(member, node, false);
            quote! {
                #[doc = #doc]
                #[must_use]
                pub fn #field(mut self, #field: #kind) -> Self {
                    self.#field = #value;
                    self
                }
            }
        }
    };
    Some((field.to_string(), setter))
}

/// `params` as `param`.
fn singular(member: &str) -> String {
    member.strip_suffix('s').filter(|word| !word.ends_with('s')).unwrap_or(member).to_owned()
}

/// What may stand there and what stands there otherwise, behind the description.
fn limits(node: &Node) -> String {
    let span = |least: Option<String>, most: Option<String>, what: &str| match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{what}")),
        (Some(least), None) => Some(format!("at least {least}{what}")),
        (None, Some(most)) => Some(format!("at most {most}{what}")),
        (None, None) => None,
    };
    let text = |number: Option<i64>| number.map(|number| number.to_string());
    let count = |number: Option<u64>| number.map(|number| number.to_string());
    let form = node.pattern.as_ref().map(|pattern| format!("the form `{pattern}`"));
    let unless_set = node.default.as_ref().map(|default| format!("`{default}` unless set"));
    let parts = [
        span(text(node.minimum), text(node.maximum), ""),
        span(count(node.min_length), count(node.max_length), " characters"),
        form,
        unless_set,
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => String::new(),
        false => {
            let mut sentence = parts.join(", ");
            sentence[..1].make_ascii_uppercase();
            format!("{sentence}.")
        }
    }
}

fn parameter_type(node: &Node) -> TokenStream {
    match (node.target(), node.base(), &node.items) {
        (None, Some(Kind::String), _) => quote!(impl Into<String>),
        (None, Some(Kind::Array), Some(items)) => {
            let element = plain_type(items);
            quote!(impl IntoIterator<Item = #element>)
        }
        (None, None, _) => quote!(impl Into<::serde_json::Value>),
        _ => plain_type(node),
    }
}

fn plain_type(node: &Node) -> TokenStream {
    match (node.target(), node.base(), &node.items) {
        (Some(target), ..) => {
            let target = format_ident!("{target}");
            quote!(#target)
        }
        (None, Some(Kind::String), _) => quote!(String),
        (None, Some(Kind::Integer), _) => quote!(i64),
        (None, Some(Kind::Number), _) => quote!(f64),
        (None, Some(Kind::Boolean), _) => quote!(bool),
        (None, Some(Kind::Array), Some(items)) => {
            let element = plain_type(items);
            quote!(Vec<#element>)
        }
        (None, Some(Kind::Object), _) => quote!(::serde_json::Map<String, ::serde_json::Value>),
        (None, ..) => quote!(::serde_json::Value),
    }
}

/// The parameter `member` as its field holds it.
fn stored(member: &str, node: &Node, required: bool) -> TokenStream {
    let member = rust_name(member);
    let value = match (node.target(), node.base()) {
        (None, Some(Kind::String) | None) => quote!(#member.into()),
        (None, Some(Kind::Array)) => quote!(#member.into_iter().collect()),
        _ => quote!(#member),
    };
    let has_default = required || node.default.is_some();
    match node.is_nullable() || !has_default {
        true => quote!(Some(#value)),
        false => value,
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
