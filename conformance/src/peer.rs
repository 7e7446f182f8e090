//! The client under test, and the servers around it.
//!
//! A scenario opens an authorization server, a second one, an MCP server and a strange host, each on
//! a loopback port of its own, starts the client once, and writes down everything that happens. The
//! servers are honest but for what the scenario changes in them. Nothing is judged here: what
//! happened is a [`run::Run`], and the checks read it afterwards.

pub(crate) mod answer;
pub(crate) mod ask;
pub(crate) mod browser;
pub(crate) mod evidence;
pub(crate) mod honest;
pub(crate) mod launch;
pub(crate) mod listen;
pub(crate) mod log;
pub(crate) mod message;
pub(crate) mod moment;
pub(crate) mod offer;
pub(crate) mod place;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod script;
pub(crate) mod stage;
mod tls;
pub(crate) mod world;
