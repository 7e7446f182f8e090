//! What this crate tells a subscriber of `tracing` about its decisions.
//!
//! An application that installs a subscriber sees why a sign-in, a refresh or a call went the way it went; without one nothing is paid for.
//! The name of an event is in its metadata and is its message; names and fields are stable, and new ones may come.
//! No event holds a token, a code, a verifier, a client secret, a `state` or an authorization URL. What a server wrote is in them only where its form is checked:
//! issuers, origins, scopes, OAuth error codes, and in a sentence the URL of a metadata document without its query; never a text of its own.
//!
//! ```
//! // RUST_LOG=lookout_sdk::auth=debug,lookout_sdk::call=info with the usual subscriber, or by hand:
//! let wanted = |metadata: &tracing::Metadata<'_>| {
//!     [lookout_sdk::events::AUTH, lookout_sdk::events::CALL].contains(&metadata.target())
//! };
//! # let _ = wanted;
//! ```
//!
//! With the target [`AUTH`]:
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `discovery.document` | debug | `document`, `origin`, `status` | a metadata document was asked for, and this was the answer |
//! | `discovery.refused` | warn | `reason` | the discovery ended without an authorization server |
//! | `issuer.chosen` | info | `issuer`, `resource` | the metadata of both sides passed every check |
//! | `issuer.changed` | warn | `issuer`, `before` | the endpoint names another authorization server than before |
//! | `registration` | info, or warn | `issuer`, `how` (`given`, `document`, `registered`, `stored`), `outcome` (`done`, `failed`), `reason` | who the client is to the authorization server |
//! | `authorization.started` | info | `issuer`, `scopes` | a person is about to be asked |
//! | `authorization.callback` | info, or warn for `failed` | `verdict` (`stray`, `failed`, `accepted`), `reason` | something arrived at the redirect URI |
//! | `authorization.unanswered` | warn | | the person took too long |
//! | `exchange` | info, or warn | `outcome` (`granted`, `refused`), `scopes`, `reason` | the code was redeemed |
//! | `step_up` | info | `required` | further scopes are about to be asked for |
//! | `refresh.begun` | debug | `issuer` | a refresh token is about to be sent |
//! | `refresh.ended` | info | `scopes`, `rotated` | there are new tokens |
//! | `refresh.shared` | debug | `with` (`call`, `process`) | another call had done it already, or another client or process that shares the store, which may have ended the tokens |
//! | `refresh.refused` | warn | `reason` | the tokens ended; a person has to sign in again |
//! | `refresh.postponed` | warn | `reason`, `wait_ms` | the authorization server could not serve, and the tokens are kept |
//! | `store` | debug, or warn | `operation` (`load`, `recall`, `lock`, `save`, `delete`), `outcome` (`found`, `none`, `done`, `failed`), `reason` | the store was used |
//! | `revoke` | info, or warn | `kind` (`refresh_token`, `access_token`), `outcome` (`revoked`, `failed`), `reason` | a token was revoked, or not |
//!
//! With the target [`CALL`]:
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `protocol.revision` | info | `revision` | it is settled which revision of MCP the server speaks |
//! | `call.refused` | info | `operation`, `reason`, `next` (`again`, `sign_in`, `step_up`, `give_up`) | the server refused the credentials, and this follows |
//! | `call.retry` | debug | `operation`, `reason`, `attempt`, `wait_ms` | a request that changes nothing is sent again |
//! | `call.failed` | debug | `operation`, `reason`, `retries` | it is not sent again, or not any more |
//!
//! A `reason` is one word for the kind of failure: `configuration`, `invalid_arguments`, `decode`, `transport`, `unavailable`, `timeout`, `broken_stream`,
//! `protocol`, `refused_by_server`, `unauthorized`, `insufficient_scope`, `tool`, `authorization`; where this crate decided by itself, it is a sentence.
//! That of `refresh.refused` may be the error code of the authorization server (RFC 6749 section 5.2), that of `store` is the kind of the I/O error in words.

/// The target of events about signing in, tokens and stores.
pub const AUTH: &str = "lookout_sdk::auth";
/// The target of events about calls.
pub const CALL: &str = "lookout_sdk::call";

/// One event whose message is its name.
macro_rules! event {
    ($target:ident, $level:ident, $name:literal $(, $($fields:tt)+)?) => {
        tracing::$level!(name: $name, target: $crate::events::$target, $($($fields)+,)? $name)
    };
}

pub(crate) use event;
