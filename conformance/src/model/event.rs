//! What was done and what came back, by number instead of by value.
//!
//! The model never sees a secret: clients, codes and tokens are numbered in the order in which they
//! appeared, and times are microseconds since the case began.

use serde::{Deserialize, Serialize};

/// A set of the catalogue's scopes, by position. Catalogues have far fewer than 32.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub(crate) struct Scopes(pub(crate) u32);

impl Scopes {
    pub(crate) const NONE: Self = Self(0);

    /// The positions of `wanted` among `names`; what is not there is left out.
    pub(crate) fn of(wanted: &[String], names: &[String]) -> Self {
        let bits = names.iter().take(32).enumerate();
        Self(bits.filter(|(_, name)| wanted.contains(name)).map(|(index, _)| 1 << index).sum())
    }

    pub(crate) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn names(self, names: &[String]) -> Vec<String> {
        let chosen =
            names.iter().take(32).enumerate().filter(|(index, _)| self.0 >> index & 1 == 1);
        chosen.map(|(_, name)| name.clone()).collect()
    }
}

/// A client, numbered in the order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientId(pub(crate) u16);

/// One consent, and so one code and everything that was issued for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GrantId(pub(crate) u16);

/// A token of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TokenId(pub(crate) u16);

/// One of the protected resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Main,
    Second,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Access,
    Refresh,
    Programmatic,
}

/// One operation with everything that decides what may come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A person is asked, and keeps these scopes or denies.
    Authorize {
        client: ClientId,
        confidential: bool,
        asked: Scopes,
        kept: Option<Scopes>,
        at: Place,
        /// Whether the resource has every scope that was asked for.
        is_plain: bool,
    },
    /// A code is presented.
    Exchange { code: GrantId, by: ClientId, right_verifier: bool, right_redirect: bool },
    /// A token is presented for refreshing.
    Refresh { token: TokenId, by: ClientId, asked: Option<Scopes> },
    /// A token is presented for revocation. The hint decides nothing and is here for the reader.
    Revoke { token: TokenId, by: ClientId, hint: Option<&'static str> },
    /// A programmatic token is made on the page.
    Make { scopes: Scopes },
    /// A programmatic token is revoked on the page.
    Unmake { token: TokenId },
    /// A token is presented as a bearer token.
    Call { token: TokenId, at: Place, needs: Scopes, what: String },
    /// An altered token or code is presented where the real one belongs.
    Forged { what: String },
    /// Nothing, for a while.
    Wait { milliseconds: u64 },
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A code. The number is that of its grant.
    Code(GrantId),
    /// The flow ended without a code.
    NoCode,
    /// A token response.
    Issued(Issue),
    /// A programmatic token.
    Made(TokenId),
    /// The request was refused, in these words.
    Refused(String),
    /// 200 without content that matters.
    Done,
    /// The call was let through.
    Accepted,
    /// 403.
    Forbidden,
    /// 401.
    Unauthorized,
}

/// What a token response carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) access: TokenId,
    /// The presented token itself where the server does not rotate.
    pub(crate) refresh: Option<TokenId>,
    pub(crate) scopes: Scopes,
    pub(crate) expires_in: Option<u64>,
}

/// An operation, what it was answered, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) event: Event,
    pub(crate) seen: Seen,
    /// When the request was sent, in microseconds.
    pub(crate) start: u64,
    /// When the answer was there.
    pub(crate) end: u64,
    /// Which address it went to.
    pub(crate) replica: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_keep_the_order_of_the_catalogue() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let set = Scopes::of(&["c".to_owned(), "a".to_owned(), "z".to_owned()], &names);
        assert_eq!(set.names(&names), ["a", "c"]);
        assert!(set.is_within(Scopes(0b111)) && !Scopes(0b111).is_within(set));
    }
}
