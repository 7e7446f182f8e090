//! The SDK's face of each tool: `sdk/src/generated.rs`.
//!
//! Thin on purpose: one line says which capability a call needs, one method names the call.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::upper_camel;
use crate::catalogue::{Catalogue, ToolFile};

pub(super) fn tokens(catalogue: &Catalogue) -> TokenStream {
    let names: Vec<_> =
        catalogue.tools.iter().map(|tool| format_ident!("{}", upper_camel(&tool.name))).collect();
    let results = names.iter().map(|name| format_ident!("{name}Result"));
    let capabilities: Vec<_> =
        catalogue.scopes.iter().map(|scope| capability(&scope.name)).collect();
    let bounds = catalogue.tools.iter().map(bound);
    let mut by_bound: BTreeMap<String, Vec<&ToolFile>> = BTreeMap::new();
    for tool in &catalogue.tools {
        by_bound.entry(bound(tool).to_string()).or_default().push(tool);
    }
    let blocks = by_bound.values().map(|tools| {
        let bound = bound(tools[0]);
        let methods = tools.iter().map(|tool| method(tool));
        quote!(impl<S: #bound> Client<S> { #(#methods)* })
    });
    quote! {
        use lookout_schema::{#(#names,)* #(#results,)* ScopeSet, Tool as _};

        use crate::access::{Grants, #(#capabilities),*};
        use crate::{Client, Error};

        /// Every tool of the catalogue that this build knows, with the scopes that it needs.
        pub(crate) const TOOLS: &[(&str, ScopeSet)] = &[#((#names::NAME, #names::SCOPES)),*];

        #(impl<S: #bounds> Grants<#names> for S {})*

        #(#blocks)*
    }
}

fn method(tool: &ToolFile) -> TokenStream {
    let name = format_ident!("{}", tool.name);
    let arguments = format_ident!("{}", upper_camel(&tool.name));
    let result = format_ident!("{arguments}Result");
    let description = format!(" {}", tool.description);
    let scopes =
        tool.scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(" and ");
    let call = format!(" Calls the tool `{}`, which needs {scopes}.", tool.name);
    quote! {
        #[doc = #description]
        #[doc = ""]
        #[doc = #call]
        #[doc = ""]
        #[doc = " # Errors"]
        #[doc = ""]
        #[doc = " As [`Client::call`]."]
        pub async fn #name(&self, arguments: #arguments) -> Result<#result, Error> {
            self.call(arguments).await
        }
    }
}

fn bound(tool: &ToolFile) -> TokenStream {
    let capabilities = tool.scopes.iter().map(|scope| capability(scope));
    quote!(#(#capabilities)+*)
}

/// `mcp:read` as the trait `Reads`.
fn capability(scope: &str) -> proc_macro2::Ident {
    format_ident!("{}s", upper_camel(scope.rsplit(':').next().unwrap_or(scope)))
}
