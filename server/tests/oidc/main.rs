//! Sign-in through an OpenID provider.

#[path = "../people/browser.rs"]
mod browser;
mod command;
mod faults;
mod linking;
mod newcomers;
mod provider;
mod secrets;
mod sign_in;
mod strangers;

#[path = "../loopback/log.rs"]
mod log;
#[path = "../http/server.rs"]
mod server;
#[path = "../loopback/serving.rs"]
mod serving;
