//! Secrets, one type per kind, so that a code cannot be sent where a token belongs.
//!
//! None has `Display`, `Debug` prints `[redacted]`, and the memory is overwritten when the value is dropped.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub(crate) struct $name(Zeroizing<String>);

        impl $name {
            /// Takes text of 1 to 16384 visible ASCII characters, which is what a header and a form can carry unharmed.
            pub(crate) fn new(text: String) -> Option<Self> {
                let text = Zeroizing::new(text);
                is_visible_ascii(&text).then_some(Self(text))
            }

            pub(crate) fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[redacted]")
            }
        }
    )+};
}

secrets! {
    /// An access token, or a programmatic token, which is sent the same way (RFC 6750 section 2.1).
    AccessToken;
    /// A refresh token (RFC 6749 section 6).
    RefreshToken;
    /// An authorization code (RFC 6749 section 4.1.2).
    AuthorizationCode;
    /// A PKCE code verifier (RFC 7636 section 4.1).
    CodeVerifier;
    /// The secret that a server gave a dynamically registered client (RFC 7591 section 3.2.1).
    ClientSecret;
}

/// Whether the text is 1 to 16384 characters from `!` to `~`.
pub(crate) fn is_visible_ascii(text: &str) -> bool {
    (1..=16_384).contains(&text.len()) && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}
