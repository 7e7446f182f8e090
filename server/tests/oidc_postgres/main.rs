//! Sign-in through an OpenID provider, with the data in PostgreSQL: the same tests as in `tests/oidc`.

mod arrivals;

#[path = "../people/browser.rs"]
mod browser;
#[path = "../oidc/linking.rs"]
mod linking;
#[path = "../oidc/newcomers.rs"]
mod newcomers;
#[path = "../oidc/provider.rs"]
mod provider;
#[path = "../oidc/sign_in.rs"]
mod sign_in;

#[path = "../http/server.rs"]
mod server;
#[path = "../loopback/serving.rs"]
mod serving;
