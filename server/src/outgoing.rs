//! What every request of this server to another has in common.
//!
//! It says nothing about who is asking, takes no compressed answer, and keeps no connection: the next request is judged anew.

use std::error::Error;

/// The beginning of a client of HTTP. Redirects and proxies are the caller's to decide.
pub(crate) fn client() -> reqwest::ClientBuilder {
    provide_cryptography();
    reqwest::Client::builder()
        .user_agent(concat!("lookout-server/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .http1_only()
        .pool_max_idle_per_host(0)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

/// Gives the process the provider that reqwest takes. Losing the race to install one is fine: then there is one.
pub(crate) fn provide_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _already_there = rustls::crypto::ring::default_provider().install_default();
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
