//! What arguments may be, as data: the input schemas without their words.
//!
//! The code that checks a value against it is written by hand, in `schema/src/shape.rs`.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::named;
use crate::catalogue::{Additional, Catalogue, Kind, Node, Part, What, pattern};
use crate::codegen::{constant, upper_camel};

pub(super) fn tokens(catalogue: &Catalogue, types: &BTreeSet<&str>) -> TokenStream {
    let calls = catalogue.tools.iter().map(|tool| (upper_camel(&tool.name), &tool.input_schema));
    let types = types
        .iter()
        .filter_map(|name| named(catalogue, name))
        .map(|(name, node)| (name.to_owned(), node));
    let statics = types.chain(calls).map(|(name, node)| {
        let name = constant(&name);
        let shape = shape(node);
        quote!(static #name: Shape = #shape;)
    });
    let names = catalogue.tools.iter().map(|tool| &tool.name);
    let shapes = catalogue.tools.iter().map(|tool| constant(&upper_camel(&tool.name)));
    quote! {
        #(#statics)*

        /// What the arguments of a tool may be.
        pub(crate) fn shape_of(tool: &str) -> Option<&'static Shape> {
            match tool {
                #(#names => Some(&#shapes),)*
                _ => None,
            }
        }
    }
}

fn shape(node: &Node) -> TokenStream {
    let nullable = node.is_nullable();
    let rule = rule(node);
    quote!(Shape { nullable: #nullable, rule: #rule })
}

fn rule(node: &Node) -> TokenStream {
    if let Some(target) = node.target() {
        let target = constant(target);
        return quote!(Rule::Same(&#target));
    }
    if let Some(values) = &node.values {
        return quote!(Rule::OneOf(&[#(#values),*]));
    }
    match node.base() {
        Some(Kind::Boolean) => quote!(Rule::Boolean),
        Some(Kind::Integer | Kind::Number) => {
            let whole = node.base() == Some(Kind::Integer);
            let (least, most) = (optional(node.minimum), optional(node.maximum));
            quote!(Rule::Number { whole: #whole, least: #least, most: #most })
        }
        Some(Kind::String) => {
            let (least, most) = (optional(node.min_length), optional(node.max_length));
            let pattern = match &node.pattern {
                Some(text) => {
                    let parts =
                        pattern(text).expect("the catalogue has only patterns that can be read");
                    let parts = parts.iter().map(part);
                    quote!(Some(&Pattern { text: #text, parts: &[#(#parts),*] }))
                }
                None => quote!(None),
            };
            quote!(Rule::Text { least: #least, most: #most, pattern: #pattern })
        }
        Some(Kind::Array) => {
            let (least, most) = (optional(node.min_items), optional(node.max_items));
            let items = node.items.as_deref().map(shape);
            quote!(Rule::List { items: &#items, least: #least, most: #most })
        }
        Some(Kind::Object) => {
            let members = node.properties.iter().flatten().map(|(name, member)| {
                let required = node.required.iter().flatten().any(|one| one == name);
                let shape = shape(member);
                quote!(Member { name: #name, required: #required, shape: #shape })
            });
            let closed = matches!(node.additional_properties, Some(Additional::Closed(_)));
            let most = optional(node.max_properties);
            quote!(Rule::Object { members: &[#(#members),*], closed: #closed, most: #most })
        }
        Some(Kind::Null) | None => quote!(Rule::Any),
    }
}

fn optional<T: quote::ToTokens>(bound: Option<T>) -> TokenStream {
    match bound {
        Some(bound) => quote!(Some(#bound)),
        None => quote!(None),
    }
}

fn part(part: &Part) -> TokenStream {
    let what = match &part.what {
        What::OneOf(ranges) => {
            let ranges = ranges.iter().map(|(first, last)| quote!((#first, #last)));
            quote!(What::OneOf(&[#(#ranges),*]))
        }
        What::Group(parts) => {
            let parts = parts.iter().map(self::part);
            quote!(What::Group(&[#(#parts),*]))
        }
    };
    let (least, most) = (part.least, part.most);
    quote!(Part { what: #what, least: #least, most: #most })
}
