//! The issuer and the two protected resources that it issues tokens for.
//!
//! A resource indicator (RFC 8707) is compared byte for byte with what this server publishes.

use lookout_schema::{Scope, ScopeSet};

/// The issuer identifier: the server's public URL, without a path or trailing slash (RFC 8414 section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// The issuer at `base`, for example `https://lookout.example`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self(base.into())
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address below the issuer. `path` begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// A protected resource of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// `/mcp`: every tool.
    Mcp,
    /// `/mcp/readonly`: the same endpoint without write tools, for clients whose scopes cannot be chosen.
    McpReadonly,
}

impl Resource {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Mcp, Self::McpReadonly];

    /// Its path below the issuer.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Mcp => "/mcp",
            Self::McpReadonly => "/mcp/readonly",
        }
    }

    /// The scopes that mean something there.
    #[must_use]
    pub const fn scopes(self) -> ScopeSet {
        match self {
            Self::Mcp => ScopeSet::all(),
            Self::McpReadonly => ScopeSet::of(&[Scope::McpRead]),
        }
    }

    /// The resource with this path.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|resource| resource.path() == path)
    }

    /// Its resource indicator.
    #[must_use]
    pub fn uri(self, issuer: &Issuer) -> String {
        issuer.join(self.path())
    }

    /// The address of its metadata (RFC 9728 section 3.1), for `WWW-Authenticate`.
    #[must_use]
    pub fn metadata_address(self, issuer: &Issuer) -> String {
        issuer.join(&format!("/.well-known/oauth-protected-resource{}", self.path()))
    }
}

/// The resource that a request names; the whole endpoint when it names none.
pub(super) fn accepted(issuer: &Issuer, requested: Option<&str>) -> Option<Resource> {
    let Some(requested) = requested else { return Some(Resource::Mcp) };
    Resource::ALL.iter().copied().find(|resource| resource.uri(issuer) == requested)
}
