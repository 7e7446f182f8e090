//! The reference server of Lookout's external AI tools.
//!
//! A request to `/mcp` passes the gate, which turns a bearer token into the right to run one tool, and then the tool's handler.
//! Everything OAuth is decided in [`authority`]; the other modules carry messages to and from it.

pub mod app;
pub mod authority;
pub mod config;
pub mod demo;
pub mod gate;
pub mod mcp;
pub mod oauth;
pub mod secret;
pub mod store;
pub mod warehouse;
pub mod web;
pub mod workspace;

#[rustfmt::skip]
mod generated;

pub use app::App;
pub use authority::bearer::Caller;
pub use config::Config;
pub use generated::Tools;
