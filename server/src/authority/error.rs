//! The errors of OAuth, as a client reads them.

use std::borrow::Cow;
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// An OAuth error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum OAuthErrorCode { $($(#[$doc])* $variant,)+ }
        impl OAuthErrorCode {
            /// The code on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

codes! {
    /// The request is malformed (RFC 6749 sections 4.1.2.1 and 5.2).
    InvalidRequest = "invalid_request",
    /// The client is unknown or did not authenticate (RFC 6749 section 5.2).
    InvalidClient = "invalid_client",
    /// The code or refresh token cannot be used (RFC 6749 section 5.2).
    InvalidGrant = "invalid_grant",
    /// The client did not register this grant type (RFC 6749 section 5.2).
    UnauthorizedClient = "unauthorized_client",
    /// No such grant type (RFC 6749 section 5.2).
    UnsupportedGrantType = "unsupported_grant_type",
    /// Only `code` (RFC 6749 section 4.1.2.1).
    UnsupportedResponseType = "unsupported_response_type",
    /// A scope is unknown or exceeds what was granted (RFC 6749 sections 4.1.2.1 and 5.2).
    InvalidScope = "invalid_scope",
    /// The resource is not one of this server's (RFC 8707 section 2).
    InvalidTarget = "invalid_target",
    /// The person said no (RFC 6749 section 4.1.2.1).
    AccessDenied = "access_denied",
    /// A redirect URI cannot be registered (RFC 7591 section 3.2.2).
    InvalidRedirectUri = "invalid_redirect_uri",
    /// Other metadata cannot be registered (RFC 7591 section 3.2.2).
    InvalidClientMetadata = "invalid_client_metadata",
    /// Try again later (RFC 6749 section 4.1.2.1).
    TemporarilyUnavailable = "temporarily_unavailable",
}

/// A refusal: a code, and a sentence for the developer of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// `error`.
    pub code: OAuthErrorCode,
    /// `error_description`. Only the characters that RFC 6749 section 5.2 allows, and nothing that the request sent.
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// The error `code`, explained.
    #[must_use]
    pub fn new(code: OAuthErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into() }
    }

    /// The one answer to every code and refresh token that cannot be used, so that the answer does not tell why.
    #[must_use]
    pub(super) fn invalid_grant() -> Self {
        Self::new(
            OAuthErrorCode::InvalidGrant,
            "this code or refresh token is unknown, expired, used, revoked or another client's; start a new authorization",
        )
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.description)
    }
}

impl std::error::Error for OAuthError {}
