//! People: setup links, passwords, sessions, throttling, and sign-in through an OpenID provider.

mod accounts;
mod browser;
mod command;
mod passwords;
mod sessions;
mod setup;
mod throttle;

#[path = "../http/server.rs"]
mod server;
#[path = "../loopback/serving.rs"]
mod serving;
