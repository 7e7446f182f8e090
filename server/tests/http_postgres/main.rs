//! The server over HTTP, with its data in PostgreSQL: the same tests as in `tests/http`, and the command line.

mod command_line;

#[path = "../http/authorize.rs"]
mod authorize;
#[path = "../http/browser.rs"]
mod browser;
#[path = "../http/clients.rs"]
mod clients;
#[path = "../http/described.rs"]
mod described;
#[path = "../http/flow.rs"]
mod flow;
mod operators;
#[path = "../http/other_keys.rs"]
mod other_keys;
#[path = "../http/pages.rs"]
mod pages;
#[path = "../http/races.rs"]
mod races;
#[path = "../http/register.rs"]
mod register;
#[path = "../http/revocation.rs"]
mod revocation;
#[path = "../http/server.rs"]
mod server;
#[path = "../http/sign_in.rs"]
mod sign_in;
#[path = "../http/token.rs"]
mod token;
#[path = "../http/tokens.rs"]
mod tokens;
#[path = "../http/unavailable.rs"]
mod unavailable;

#[path = "../loopback/serving.rs"]
mod serving;
#[path = "../loopback/site.rs"]
mod site;
