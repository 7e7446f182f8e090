//! Where documents may be, which addresses are public, and what fetching one holds against.

mod address;
mod fetch;
mod location;
mod planted;

#[path = "../loopback/site.rs"]
mod site;
