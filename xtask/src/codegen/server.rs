//! The server's stub: `server/src/generated.rs`, a trait with one handler a tool and the dispatch to it.
//!
//! A handler takes `Granted<T>`, which only the gate can make, so a handler that skips the gate does not compile.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::upper_camel;
use crate::catalogue::Catalogue;

pub(super) fn tokens(catalogue: &Catalogue) -> TokenStream {
    let arguments: Vec<_> =
        catalogue.tools.iter().map(|tool| format_ident!("{}", upper_camel(&tool.name))).collect();
    let results: Vec<_> = arguments.iter().map(|name| format_ident!("{name}Result")).collect();
    let methods: Vec<_> =
        catalogue.tools.iter().map(|tool| format_ident!("{}", tool.name)).collect();
    let descriptions = catalogue.tools.iter().map(|tool| format!(" {}", tool.description));
    quote! {
        use std::future::Future;

        use lookout_schema::{#(#arguments,)* #(#results,)* Tool as _};
        use serde_json::Value;

        use crate::gate::{Granted, Pass};
        use crate::mcp::ToolError;

        /// What a server of the catalogue implements: one handler a tool.
        pub trait Tools: Send + Sync {
            #(
                #[doc = #descriptions]
                fn #methods(&self, call: Granted<#arguments>) -> impl Future<Output = Result<#results, ToolError>> + Send;
            )*
        }

        /// Runs the handler of the tool that `pass` admits to.
        ///
        /// # Errors
        ///
        /// What the handler reports, or `invalid_arguments` when the arguments do not decode.
        pub(crate) async fn dispatch<T: Tools>(tools: &T, pass: Pass) -> Result<Value, ToolError> {
            match pass.tool() {
                #(#arguments::NAME => ToolError::written(tools.#methods(pass.granted()?).await?),)*
                other => Err(ToolError::internal(format!("the gate admitted to an unknown tool {other:?}"))),
            }
        }
    }
}
