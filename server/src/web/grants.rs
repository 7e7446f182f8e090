//! What was granted, as rows of the tables of tokens and clients.

use askama::filters::Safe;
use lookout_schema::Scope;

use super::pages;
use crate::authority::Timestamp;
use crate::client_documents::location::verified_host;
use crate::store::GrantListing;

/// How long before its end a grant is marked, in seconds.
const SOON: i64 = 7 * 86_400;

/// A grant as a row of a table.
pub(super) struct GrantRow {
    pub(super) id: String,
    pub(super) name: String,
    /// The first characters of a programmatic token.
    pub(super) hint: String,
    pub(super) person: String,
    /// The host that the application was verified to belong to.
    pub(super) verified_host: Option<String>,
    pub(super) scopes: Vec<Scope>,
    pub(super) created: Safe<String>,
    pub(super) last_used: Safe<String>,
    pub(super) expires: Safe<String>,
    pub(super) expires_soon: bool,
    pub(super) state: &'static str,
}

impl GrantRow {
    fn of(now: Timestamp, listing: &GrantListing) -> Self {
        let grant = &listing.grant;
        let is_past = |ends: Timestamp| ends <= now;
        let state = match grant.revoked_at {
            Some(_) => "revoked",
            None if grant.expires_at.is_some_and(is_past) => "expired",
            None => "live",
        };
        Self {
            id: grant.id.clone(),
            name: grant.name.clone(),
            hint: listing.hint.clone(),
            person: listing.user_email.clone(),
            verified_host: grant.client_id.as_deref().and_then(verified_host),
            scopes: grant.scopes.iter().collect(),
            created: pages::time(Some(grant.created_at), "never"),
            last_used: pages::time(listing.last_used_at, "never"),
            expires: pages::time(grant.expires_at, "never"),
            expires_soon: grant.expires_at.is_some_and(|ends| ends <= now.plus_seconds(SOON)),
            state,
        }
    }

    /// The live ones and those that ended, in the order of `listings`.
    pub(super) fn parted<'l>(
        now: Timestamp,
        listings: impl Iterator<Item = &'l GrantListing>,
    ) -> (Vec<Self>, Vec<Self>) {
        listings.map(|listing| Self::of(now, listing)).partition(|row| row.state == "live")
    }
}

/// The class of a scope's badge.
pub(super) fn badge(scope: &Scope) -> &'static str {
    if *scope == Scope::McpWrite { "write" } else { "read" }
}
