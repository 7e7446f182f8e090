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
        let methods = tools.iter().map(|tool| {
            let (method, all) = (method(tool), all(tool));
            quote!(#method #all)
        });
        quote!(impl<S: #bound> Client<S> { #(#methods)* })
    });
    quote! {
        use lookout_schema::{#(#names,)* #(#results,)* ScopeSet, Tool as _};

        use crate::access::{Grants, #(#capabilities),*};
        use crate::pages::Items;
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

/// `all_tables` beside `list_tables`.
fn all(tool: &ToolFile) -> Option<TokenStream> {
    tool.listed()?;
    let arguments = format_ident!("{}", upper_camel(&tool.name));
    let listed = tool.name.split_once('_').map_or(tool.name.as_str(), |(_, listed)| listed);
    let name = format_ident!("all_{listed}");
    let makes = tool.input_schema.required.iter().flatten().next().is_none();
    let example = [
        "".to_owned(),
        "```no_run".to_owned(),
        format!("# use lookout_sdk::{{Client, Error, schema::{arguments}}};"),
        "# async fn run(client: Client) -> Result<(), Error> {".to_owned(),
        format!("let mut all = client.{name}({arguments}::new());"),
        "while let Some(one) = all.next().await {".to_owned(),
        "    println!(\"{:?}\", one?);".to_owned(),
        "}".to_owned(),
        "# Ok(())".to_owned(),
        "# }".to_owned(),
        "```".to_owned(),
    ];
    let example = example.iter().filter(|_| makes).map(|line| match line.as_str() {
        "" => String::new(),
        line => format!(" {line}"),
    });
    let what = format!(
        " Everything that [`Client::{}`] lists, one by one, from the page that the arguments ask for to the last.",
        tool.name
    );
    Some(quote! {
        #[doc = #what]
        #(#[doc = #example])*
        #[doc = ""]
        #[doc = " Each fails as [`Client::pages`] says."]
        pub fn #name(&self, arguments: #arguments) -> Items<#arguments> {
            self.pages(arguments).items()
        }
    })
}

fn bound(tool: &ToolFile) -> TokenStream {
    let capabilities = tool.scopes.iter().map(|scope| capability(scope));
    quote!(#(#capabilities)+*)
}

/// `mcp:read` as the trait `Reads`.
fn capability(scope: &str) -> proc_macro2::Ident {
    format_ident!("{}s", upper_camel(scope.rsplit(':').next().unwrap_or(scope)))
}
