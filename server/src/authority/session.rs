//! Web sessions, and what a browser must show before a form of it counts.
//!
//! A session is for pages only: it admits nobody to a resource, and no token opens a page.

use subtle::ConstantTimeEq as _;

use super::people::FreshSession;
use super::records::{Grant, Membership, Session, User};
use super::{Authority, Change, Decision, Timestamp};

pub(super) fn within(now: Timestamp, since: Timestamp, seconds: i64) -> bool {
    now < since.plus_seconds(seconds)
}

pub(super) fn grant_is_visible(grant: &Grant, user_id: &str, membership: &Membership) -> bool {
    grant.workspace_id == membership.workspace_id
        && (grant.user_id == user_id || membership.role.is_admin())
}

pub(super) fn origin_accepted(allowed: &[String], origin: Option<&str>) -> bool {
    origin.is_none_or(|origin| allowed.iter().any(|allowed| allowed == origin))
}

pub(super) fn form_origin_accepted(
    own: &[String],
    origin: Option<&str>,
    fetch_site: Option<&str>,
) -> bool {
    let is_own = |origin: &str| own.iter().any(|own| own == origin);
    match fetch_site {
        // A page with `Referrer-Policy: no-referrer` sends `Origin: null` with its own forms, so the origin can only rule out here.
        Some(site) => {
            site == "same-origin" && origin.is_none_or(|origin| origin == "null" || is_own(origin))
        }
        None => origin.is_none_or(is_own),
    }
}

pub(super) fn form_token_matches(expected: &str, presented: Option<&str>) -> bool {
    presented.is_some_and(|presented| expected.as_bytes().ct_eq(presented.as_bytes()).into())
}

impl Authority {
    /// Begins a session of `user`, who has just shown who they are.
    pub fn begin_session(
        &self,
        now: Timestamp,
        user: &User,
        session: FreshSession,
    ) -> Decision<(), AccountDisabled> {
        if user.disabled_at.is_some() {
            return Decision::refuse(AccountDisabled);
        }
        Decision::allow((), vec![Change::AddSession(session.of(now, user))])
    }

    /// Whether a session still stands for its person.
    #[must_use]
    pub fn session_is_live(&self, now: Timestamp, session: &Session, user: &User) -> bool {
        user.disabled_at.is_none()
            && (self.policy.session_unidle)(now, session.seen_at, self.lifetimes.session_idle)
            && (self.policy.session_unexpired)(
                now,
                session.created_at,
                self.lifetimes.session_absolute,
            )
    }
}

/// The account was disabled. Answered like a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountDisabled;
