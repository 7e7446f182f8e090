//! People: how they come to a password, and what a change of it ends.
//!
//! A setup link lets its holder choose a password, once. A new password ends every session of the person but the one that it was chosen in; what the
//! person granted to applications lives on, because those never had the password.

use std::fmt;

use super::records::{Membership, Session, User};
use super::session::AccountDisabled;
use super::throttle::{Failures, Key};
use super::upstream::{Identity, UpstreamSignIn};
use super::{Authority, Change, Decision, Timestamp};
use crate::secret::keys::Digest;

/// The Argon2id hash of a password as PHC text; empty when the person has none.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A person as sign-in sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub user: User,
    /// What they sign in with.
    pub password: PasswordHash,
    /// When they chose it. Every change makes it later, so it names the password too.
    pub password_changed_at: Timestamp,
}

/// A link that lets its holder choose a password, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupLink {
    /// The digest of the secret in it.
    pub digest: Digest,
    /// Whose password.
    pub user_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used, or ended by a newer one.
    pub used_at: Option<Timestamp>,
}

/// What a decision about people asks the store to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PersonChange {
    /// A person was added.
    Add(Person),
    /// A person chose a password.
    SetPassword {
        /// The person.
        user_id: String,
        /// The password.
        hash: PasswordHash,
        /// When.
        at: Timestamp,
    },
    /// The same password, hashed with the parameters of today.
    Rehash {
        /// The person.
        user_id: String,
        /// The password.
        hash: PasswordHash,
    },
    /// An account was disabled or enabled.
    Disable {
        /// The person.
        user_id: String,
        /// When it was disabled; `None` enables.
        at: Option<Timestamp>,
    },
    /// A person left a workspace.
    Leave {
        /// The person.
        user_id: String,
        /// The workspace.
        workspace_id: String,
    },
    /// Everything that a person granted in a workspace ended.
    RevokeGrants {
        /// The person.
        user_id: String,
        /// The workspace.
        workspace_id: String,
        /// When.
        at: Timestamp,
    },
    /// One session of a person ended.
    EndSession {
        /// The person.
        user_id: String,
        /// The session's name in the list.
        id: String,
    },
    /// Every session of a person ended, but one.
    EndSessions {
        /// The person.
        user_id: String,
        /// The session that lives on.
        but: Option<Digest>,
    },
    /// A setup link was made.
    AddSetupLink(SetupLink),
    /// Every open setup link of a person ended.
    EndSetupLinks {
        /// The person.
        user_id: String,
        /// When.
        at: Timestamp,
    },
    /// Failed sign-ins were counted; none are left when the count is 0.
    Count {
        /// What they are counted by.
        key: Key,
        /// The count.
        failures: Failures,
    },
    /// A person, who was in no workspace, joined one, which is made if there is none.
    Join(String, Membership),
    /// Somebody went to the OpenID provider.
    AddUpstream(UpstreamSignIn),
    /// A person is known at an OpenID provider.
    Link {
        /// The person.
        user_id: String,
        /// Who they are there.
        identity: Identity,
    },
    /// A person is not known at an OpenID provider any more.
    Unlink {
        /// The person.
        user_id: String,
        /// Who they were there.
        identity: Identity,
    },
}

impl From<PersonChange> for Change {
    fn from(change: PersonChange) -> Self {
        Self::Person(change)
    }
}

/// The setup link is unknown, used, too old, or of a disabled account. It does not say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLink;

/// Why a sign-in that showed the right password does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnyMore;

/// What a session is called when it begins.
#[derive(Clone, Debug)]
pub struct FreshSession {
    /// The digest of its secret.
    pub digest: Digest,
    /// Its name in the list; never a credential.
    pub id: String,
    /// The browser.
    pub label: String,
}

impl FreshSession {
    pub(super) fn of(self, now: Timestamp, user: &User) -> Session {
        Session {
            digest: self.digest,
            user_id: user.id.clone(),
            created_at: now,
            seen_at: now,
            id: self.id,
            label: self.label,
        }
    }
}

impl Authority {
    /// Makes a setup link, which ends older ones.
    pub fn make_setup_link(
        &self,
        now: Timestamp,
        user: &User,
        digest: Digest,
        seconds: i64,
    ) -> Decision<SetupLink, AccountDisabled> {
        if user.disabled_at.is_some() {
            return Decision::refuse(AccountDisabled);
        }
        let link = SetupLink {
            digest,
            user_id: user.id.clone(),
            created_at: now,
            expires_at: now.plus_seconds(seconds),
            used_at: None,
        };
        let changes = vec![
            PersonChange::EndSetupLinks { user_id: user.id.clone(), at: now }.into(),
            PersonChange::AddSetupLink(link.clone()).into(),
        ];
        Decision::allow(link, changes)
    }

    /// Whether a setup link can still be used.
    #[must_use]
    pub fn setup_link_is_live(&self, now: Timestamp, link: &SetupLink, user: &User) -> bool {
        (self.policy.setup_link_unused)(link)
            && (self.policy.setup_link_unexpired)(link, now)
            && user.disabled_at.is_none()
    }

    /// Gives the holder of a setup link the password that they chose, and a session.
    pub fn set_up(
        &self,
        now: Timestamp,
        found: Option<(SetupLink, User)>,
        hash: PasswordHash,
        session: FreshSession,
    ) -> Decision<(), DeadLink> {
        let found = found.filter(|(link, user)| self.setup_link_is_live(now, link, user));
        let Some((link, user)) = found else { return Decision::refuse(DeadLink) };
        let user_id = link.user_id;
        let changes = vec![
            PersonChange::EndSetupLinks { user_id: user_id.clone(), at: now }.into(),
            PersonChange::SetPassword { user_id: user_id.clone(), hash, at: now }.into(),
            PersonChange::EndSessions { user_id, but: None }.into(),
            Change::AddSession(session.of(now, &user)),
        ];
        Decision::allow((), changes)
    }

    /// Begins a session for a person whose password of `verified` was shown. `person` is how they are now: meanwhile, the password may have changed.
    pub fn sign_in(
        &self,
        now: Timestamp,
        person: Option<&Person>,
        verified: Timestamp,
        rehashed: Option<PasswordHash>,
        session: FreshSession,
    ) -> Decision<(), NotAnyMore> {
        let still = person.filter(|person| {
            (self.policy.password_is_the_verified)(verified, person.password_changed_at)
        });
        let Some(person) = still else { return Decision::refuse(NotAnyMore) };
        let begun = self.begin_session(now, &person.user, session);
        let mut changes = begun.changes;
        if let Some(hash) = rehashed.filter(|_| begun.reply.is_ok()) {
            changes.push(PersonChange::Rehash { user_id: person.user.id.clone(), hash }.into());
        }
        Decision { changes, reply: begun.reply.map_err(|AccountDisabled| NotAnyMore) }
    }

    /// Gives a signed-in person, who showed the password of `verified` again, a new one. Every other session ends.
    pub fn change_password(
        &self,
        now: Timestamp,
        person: Option<&Person>,
        verified: Timestamp,
        hash: PasswordHash,
        kept: Digest,
    ) -> Decision<(), NotAnyMore> {
        let still = person.filter(|person| {
            person.user.disabled_at.is_none()
                && (self.policy.password_is_the_verified)(verified, person.password_changed_at)
        });
        let Some(person) = still else { return Decision::refuse(NotAnyMore) };
        let user_id = person.user.id.clone();
        let changes = vec![
            PersonChange::EndSetupLinks { user_id: user_id.clone(), at: now }.into(),
            PersonChange::SetPassword { user_id: user_id.clone(), hash, at: now }.into(),
            PersonChange::EndSessions { user_id, but: (self.policy.session_kept)(kept) }.into(),
        ];
        Decision::allow((), changes)
    }
}
