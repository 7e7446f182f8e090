//! The MCP endpoint and its tools, with the server's data in PostgreSQL: the same tests as in `tests/mcp`.

#[path = "../mcp/activity.rs"]
mod activity;
#[path = "../mcp/endpoint.rs"]
mod endpoint;
#[path = "../mcp/save_dashboard.rs"]
mod save_dashboard;
#[path = "../mcp/served.rs"]
mod served;
#[path = "../mcp/tools.rs"]
mod tools;

#[path = "../loopback/serving.rs"]
mod serving;
