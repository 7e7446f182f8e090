//! The server over HTTP: sign-in, consent, tokens, pages, and what lies on the disk afterwards.

mod at_rest;
mod audit;
mod authorize;
mod browser;
mod cli;
mod clients;
mod connect;
mod dashboards;
mod described;
mod flow;
mod health;
mod integrations;
mod keys;
mod metadata;
mod operations;
mod other_keys;
mod pages;
mod races;
mod reference;
mod register;
mod rendering;
mod revocation;
mod server;
mod sign_in;
mod sweep;
mod test_token;
mod token;
mod tokens;
mod unavailable;

#[path = "../loopback/log.rs"]
mod log;
#[path = "../loopback/serving.rs"]
mod serving;
#[path = "../loopback/site.rs"]
mod site;
