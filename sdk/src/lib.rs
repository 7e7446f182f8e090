#![doc = include_str!("../README.md")]

mod access;
pub mod auth;
mod builder;
mod client;
pub mod definitions;
mod endpoint;
mod error;
pub mod events;
mod http;
mod listing;
mod pages;
mod reply;
#[cfg(feature = "rig")]
pub mod rig;
#[cfg(feature = "rmcp")]
pub mod rmcp;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;

#[rustfmt::skip]
mod generated;

pub use access::{Access, Grants, ReadOnly, ReadWrite, Reads, Writes};
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::{Error, ToolError};
/// The tools' arguments and results, and the catalogue that they come from.
pub use lookout_schema as schema;
pub use lookout_schema::catalogue;
pub use pages::{Items, Pages};
pub use reply::{ServerInfo, ToolDescription, ToolReply};
