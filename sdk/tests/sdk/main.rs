//! What the SDK does against honest and hostile servers, judged by what it puts on the wire.

#![expect(clippy::unwrap_used, reason = "a test fails where its premise does")]

mod stores;
mod support;

mod asking;
mod authority;
mod callback;
mod credentials;
mod definitions;
mod discovery;
mod dispatch;
mod events;
mod issuer;
mod legacy;
mod limits;
mod listing;
mod pages;
mod recall;
mod redirect_flow;
mod redirects;
mod refresh;
mod registration;
mod retries;
mod revisions;
mod scopes;
mod sharing;
mod sign_in;
mod sign_out;
mod token_response;
mod tools;
mod wire;
