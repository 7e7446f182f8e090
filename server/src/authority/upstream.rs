//! Sign-in through an OpenID provider: who somebody there is here.
//!
//! A person is linked by issuer and subject. An e-mail address links nobody, because a provider can give it to somebody else. A link comes from the
//! person's own account page, from the operator, or with an account that is made for a newcomer where the operator allows that.

use std::fmt;

use super::people::{FreshSession, PasswordHash, Person, PersonChange};
use super::records::{Membership, User};
use super::session::AccountDisabled;
use super::throttle::Key;
use super::{Authority, Change, Decision, Timestamp};
use crate::audit::{Event, What};

/// Seconds that somebody may take at the provider.
pub const PATIENCE: i64 = 600;
/// Sign-ins that may be under way at the same time; the next one ends the oldest.
pub const UNDER_WAY: i64 = 10_000;

/// A sign-in at an OpenID provider that has not come back yet.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamSignIn {
    /// The digest of its `state`.
    pub state: Key,
    /// The digest of the cookie of the browser that began it.
    pub browser: Key,
    /// What the identity token must repeat.
    pub nonce: String,
    /// The PKCE verifier.
    pub verifier: String,
    /// Where the person goes afterwards.
    pub return_to: String,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// The signed-in person who links their account; `None` when somebody signs in.
    pub user_id: Option<String>,
}

impl fmt::Debug for UpstreamSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamSignIn").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// Who a person is at an OpenID provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The person there. Unlike an e-mail address, it is never given to somebody else.
    pub subject: String,
}

/// An account that is made when somebody comes from the provider for the first time.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// The person, with an e-mail address that the provider has verified.
    pub user: User,
    /// Where they become a member.
    pub membership: Membership,
}

/// Why nobody was signed in, or nothing linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamRefusal {
    /// Nothing like it is under way: never begun, used, or too old.
    Unknown,
    /// Another browser began it.
    OtherBrowser,
    /// The answer is another provider's.
    OtherIssuer,
    /// The provider says no.
    Denied,
    /// What the provider sent proves nothing; the word says why.
    Unproven(&'static str),
    /// Nobody here is linked to that account.
    Unlinked,
    /// The account here is disabled.
    Disabled,
    /// The account there is linked to somebody here already.
    Taken,
    /// Somebody else, or nobody, is signed in now.
    OtherPerson,
    /// It is the only way in.
    OnlyWayIn,
}

impl UpstreamRefusal {
    /// A word for the audit log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "upstream_unknown_state",
            Self::OtherBrowser => "upstream_other_browser",
            Self::OtherIssuer => "upstream_other_issuer",
            Self::Denied => "upstream_denied",
            Self::Unproven(word) => word,
            Self::Unlinked => "upstream_unlinked",
            Self::Disabled => "account_disabled",
            Self::Taken => "upstream_taken",
            Self::OtherPerson => "upstream_other_person",
            Self::OnlyWayIn => "upstream_only_way_in",
        }
    }
}

/// Whether the operator lets somebody with this e-mail address in who has no account.
#[must_use]
pub fn is_welcome(domains: &[String], email: &str, is_verified: bool) -> bool {
    let domain = email.rsplit_once('@').map(|(_, domain)| domain);
    is_verified
        && domain.is_some_and(|domain| domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain)))
}

impl Authority {
    /// Whether a browser, whose cookie has one of the digests `browser`, may go on with a sign-in that comes back.
    pub fn take_back(
        &self,
        now: Timestamp,
        found: Option<UpstreamSignIn>,
        browser: &[Key],
    ) -> Result<UpstreamSignIn, UpstreamRefusal> {
        let sign_in =
            found.filter(|sign_in| now < sign_in.expires_at).ok_or(UpstreamRefusal::Unknown)?;
        if browser.contains(&sign_in.browser) {
            Ok(sign_in)
        } else {
            Err(UpstreamRefusal::OtherBrowser)
        }
    }

    /// Begins a session for the person `known` who is linked to `identity`, or for a newcomer whose e-mail address nobody has. Returns the person.
    pub fn sign_in_as(
        &self,
        now: Timestamp,
        identity: Identity,
        known: Option<Person>,
        newcomer: Option<Newcomer>,
        session: FreshSession,
    ) -> Decision<User, UpstreamRefusal> {
        if let Some(Person { user, .. }) = known {
            let begun = self.begin_session(now, &user, session);
            return match begun.reply {
                Ok(()) => Decision::allow(user, begun.changes),
                Err(AccountDisabled) => Decision::refuse(UpstreamRefusal::Disabled),
            };
        }
        let Some(Newcomer { user, membership }) = newcomer else {
            return Decision::refuse(UpstreamRefusal::Unlinked);
        };
        let user_id = || user.id.clone();
        let person = Person {
            user: user.clone(),
            password: PasswordHash(String::new()),
            password_changed_at: now,
        };
        let came = |what| {
            Change::Audit(
                Event::allowed(what).user(&user.id).detail("first sign-in through the provider"),
            )
        };
        let changes = vec![
            PersonChange::Add(person).into(),
            PersonChange::Join(user_id(), membership).into(),
            PersonChange::Link { user_id: user_id(), identity }.into(),
            Change::AddSession(session.of(now, &user)),
            came(What::Account),
            came(What::Membership),
        ];
        Decision::allow(user, changes)
    }

    /// Links a person to who they are at the provider, where `holder` is linked already.
    pub fn link(
        &self,
        person: &User,
        holder: Option<&User>,
        identity: Identity,
    ) -> Decision<(), UpstreamRefusal> {
        match holder {
            Some(holder) if holder.id == person.id => Decision::allow((), Vec::new()),
            Some(_) => Decision::refuse(UpstreamRefusal::Taken),
            None if person.disabled_at.is_some() => Decision::refuse(UpstreamRefusal::Disabled),
            None => {
                let link = PersonChange::Link { user_id: person.id.clone(), identity };
                Decision::allow((), vec![link.into()])
            }
        }
    }
}
