//! The MCP endpoint and its tools, over HTTP to a real server on loopback.

mod activity;
mod arguments;
mod endpoint;
mod save_dashboard;
mod served;
mod tools;

#[path = "../loopback/serving.rs"]
mod serving;
