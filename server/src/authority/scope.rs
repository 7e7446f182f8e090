//! Which scopes a request, a consent and a refresh lead to.
//!
//! Scopes only ever shrink: requested, then offered, approved, granted, carried by a token, admitted at a resource. Only a person's consent makes any.

use lookout_schema::{ScopeSet, UnknownScope};

use super::resource::Resource;

/// The scopes that a `scope` parameter names.
pub(super) fn parse(names: &str) -> Result<ScopeSet, UnknownScope> {
    names.parse()
}

/// What a request that names no scope asks for: all that the resource has, the documented default.
pub(super) fn default(resource: Resource) -> ScopeSet {
    resource.scopes()
}

/// What the person is asked for: what was requested, cut to what the resource has and the client registered.
pub(super) fn offered(requested: ScopeSet, resource: ScopeSet, client: ScopeSet) -> ScopeSet {
    requested.intersection(resource).intersection(client)
}

/// What is granted: what the person left ticked of what they were asked for.
pub(super) fn approved(offered: ScopeSet, ticked: ScopeSet) -> ScopeSet {
    offered.intersection(ticked)
}

/// What a refreshed access token carries: all of the grant, or the part that the client names (RFC 6749 section 6).
pub(super) fn refreshed(granted: ScopeSet, requested: Option<ScopeSet>) -> Option<ScopeSet> {
    match requested {
        None => Some(granted),
        Some(requested) => requested.is_subset(granted).then_some(requested),
    }
}

/// What a programmatic token carries: what the person ticked; every scope when they named none.
pub(super) fn programmatic(requested: Option<ScopeSet>) -> ScopeSet {
    requested.unwrap_or(ScopeSet::all())
}

/// What a token may do at a resource.
pub(super) fn admitted(token: ScopeSet, grant: ScopeSet, resource: ScopeSet) -> ScopeSet {
    token.intersection(grant).intersection(resource)
}

/// Whether `granted` permits a call that needs `needed`.
pub(super) fn suffice(granted: ScopeSet, needed: ScopeSet) -> bool {
    needed.is_subset(granted)
}
