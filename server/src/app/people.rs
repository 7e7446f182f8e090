//! People: accounts, memberships, links with a provider.

use super::{App, Visitor};
use crate::audit::{Event, What};
use crate::authority::Change;
use crate::authority::people::{PasswordHash, Person, PersonChange};
use crate::authority::records::{Membership, Role, User};
use crate::authority::upstream::{Identity, UpstreamRefusal};
use crate::secret::entropy::identifier;
use crate::secret::keys::Digest;
use crate::secret::password::{Unsuitable, hash, judge};
use crate::store::StoreError;

/// Why an account or a membership was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleError {
    /// Not an address.
    #[error("{0:?} is not an e-mail address")]
    BadEmail(String),
    /// Not a password that may be chosen.
    #[error(transparent)]
    BadPassword(#[from] Unsuitable),
    /// Not usable in an address.
    #[error(
        "{0:?} is not a workspace name; use lower-case letters, digits and hyphens, at most 40"
    )]
    BadSlug(String),
    /// There is no account.
    #[error("nobody has the e-mail address {0}; `lookout-server user list` shows everybody")]
    Nobody(String),
    /// There is no such membership.
    #[error("{0} is not a member of the workspace {1}")]
    NotAMember(String, String),
    /// There is an account.
    #[error("{0} has an account already")]
    Exists(String),
    /// The database did not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Adds a person.
    pub async fn add_account(
        &self,
        email: &str,
        display_name: Option<&str>,
        password: &str,
    ) -> Result<User, PeopleError> {
        let email = email.trim().to_lowercase();
        if self.store.account(&email).await?.is_some() {
            return Err(PeopleError::Exists(email));
        }
        self.set_account(&email, display_name, password, false).await
    }

    /// Adds a person, or gives the existing one a new password, which ends their sessions.
    pub async fn put_account(
        &self,
        email: &str,
        display_name: Option<&str>,
        password: &str,
    ) -> Result<User, PeopleError> {
        self.set_account(email, display_name, password, true).await
    }

    async fn set_account(
        &self,
        email: &str,
        display_name: Option<&str>,
        password: &str,
        may_exist: bool,
    ) -> Result<User, PeopleError> {
        let email = email.trim().to_lowercase();
        if !is_address(&email) {
            return Err(PeopleError::BadEmail(email));
        }
        judge(&email, password)?;
        let hash = PasswordHash(hash(password.as_bytes(), &*self.entropy));
        let mut transaction = self.store.begin().await?;
        let at = transaction.now();
        let (user, what, mut changes) = match transaction.person_by_email(&email).await? {
            Some(_) if !may_exist => return Err(PeopleError::Exists(email)),
            Some(Person { user, .. }) => {
                let user_id = || user.id.clone();
                let set = PersonChange::SetPassword { user_id: user_id(), hash, at };
                // Who signed in with the old password has to know the new one.
                let end = PersonChange::EndSessions { user_id: user_id(), but: None };
                (user, "password set by an operator", vec![set.into(), end.into()])
            }
            None => {
                let user = User {
                    id: identifier(&*self.entropy),
                    display_name: display_name.unwrap_or(&email).to_owned(),
                    email,
                    disabled_at: None,
                };
                let person = Person { user: user.clone(), password: hash, password_changed_at: at };
                (user, "added with a password", vec![PersonChange::Add(person).into()])
            }
        };
        changes.push(Change::Audit(Event::allowed(What::Account).user(&user.id).detail(what)));
        transaction.commit(changes).await?;
        Ok(user)
    }

    /// Makes a person a member of the workspace `slug`, which is made if there is none, or gives them another role there.
    pub async fn join_workspace(
        &self,
        user: &User,
        slug: &str,
        role: Role,
    ) -> Result<Membership, PeopleError> {
        let is_slug = (1..=40).contains(&slug.len())
            && !slug.starts_with('-')
            && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_slug {
            return Err(PeopleError::BadSlug(slug.to_owned()));
        }
        let mut membership = Membership {
            workspace_id: identifier(&*self.entropy),
            slug: slug.to_owned(),
            workspace_name: slug.to_owned(),
            role,
        };
        let mut transaction = self.store.begin().await?;
        transaction.person(&user.id).await?;
        membership.workspace_id = transaction.workspace(&membership).await?;
        let before = transaction.membership(&user.id, &membership.workspace_id).await?;
        let detail = match before {
            None => format!("added as {}", role.as_str()),
            Some(before) => format!("{}, was {}", role.as_str(), before.role.as_str()),
        };
        let event = Event::allowed(What::Membership).user(&user.id).detail(detail);
        let changes = vec![
            PersonChange::Join(user.id.clone(), membership.clone()).into(),
            Change::Audit(event.workspace(&membership.workspace_id)),
        ];
        transaction.commit(changes).await?;
        Ok(membership)
    }

    /// Adds a person who has no password yet.
    pub async fn add_person(
        &self,
        email: &str,
        display_name: Option<&str>,
    ) -> Result<User, PeopleError> {
        let email = email.trim().to_lowercase();
        if !is_address(&email) {
            return Err(PeopleError::BadEmail(email));
        }
        let user = User {
            id: identifier(&*self.entropy),
            display_name: display_name.unwrap_or(&email).to_owned(),
            email,
            disabled_at: None,
        };
        let mut transaction = self.store.begin().await?;
        if transaction.person_by_email(&user.email).await?.is_some() {
            return Err(PeopleError::Exists(user.email));
        }
        let person = Person {
            user: user.clone(),
            password: PasswordHash(String::new()),
            password_changed_at: transaction.now(),
        };
        let event = Event::allowed(What::Account).user(&user.id).detail("added");
        transaction.commit(vec![PersonChange::Add(person).into(), Change::Audit(event)]).await?;
        Ok(user)
    }

    /// The person with this e-mail address.
    pub async fn person(&self, email: &str) -> Result<User, PeopleError> {
        let email = email.trim().to_lowercase();
        let account = self.store.account(&email).await?;
        account.map(|account| account.user).ok_or(PeopleError::Nobody(email))
    }

    /// Disables or enables an account. While it is disabled no session, token or connection of the person is valid; its sessions and setup links end for good.
    pub async fn set_disabled(&self, user: &User, disabled: bool) -> Result<(), StoreError> {
        let mut transaction = self.store.begin().await?;
        transaction.person(&user.id).await?;
        let now = transaction.now();
        let user_id = || user.id.clone();
        let event = Event::allowed(What::Account).user(&user.id);
        let mut changes = vec![
            PersonChange::Disable { user_id: user_id(), at: disabled.then_some(now) }.into(),
            Change::Audit(event.detail(if disabled { "disabled" } else { "enabled" })),
        ];
        if disabled {
            changes.push(PersonChange::EndSessions { user_id: user_id(), but: None }.into());
            changes.push(PersonChange::EndSetupLinks { user_id: user_id(), at: now }.into());
        }
        transaction.commit(changes).await
    }

    /// Ends a membership, and with it every token and connection of the person in that workspace.
    pub async fn leave_workspace(&self, user: &User, slug: &str) -> Result<(), PeopleError> {
        let memberships = self.store.memberships(&user.id).await?;
        let Some(membership) = memberships.into_iter().find(|membership| membership.slug == slug)
        else {
            return Err(PeopleError::NotAMember(user.email.clone(), slug.to_owned()));
        };
        let (user_id, workspace_id) = (user.id.clone(), membership.workspace_id);
        let mut transaction = self.store.begin().await?;
        transaction.person(&user.id).await?;
        let at = transaction.now();
        let event = Event::allowed(What::Membership).user(&user_id).workspace(&workspace_id);
        let leave =
            PersonChange::Leave { user_id: user_id.clone(), workspace_id: workspace_id.clone() };
        let changes = vec![
            leave.into(),
            PersonChange::RevokeGrants { user_id, workspace_id, at }.into(),
            Change::Audit(event.detail("removed")),
        ];
        Ok(transaction.commit(changes).await?)
    }

    /// Lets a person sign in as `identity`, unless somebody else does.
    pub async fn link_identity(
        &self,
        user: &User,
        identity: Identity,
    ) -> Result<Result<(), UpstreamRefusal>, StoreError> {
        match self.link(user, None, identity.clone()).await {
            Err(error) if error.is_race() => self.link(user, None, identity).await,
            done => done,
        }
    }

    /// The same, as the person asks in a session that must not have ended.
    pub async fn link_own_identity(
        &self,
        visitor: &Visitor,
        identity: Identity,
    ) -> Result<Result<(), UpstreamRefusal>, StoreError> {
        let (user, session) = (&visitor.user, Some(visitor.session.digest));
        match self.link(user, session, identity.clone()).await {
            Err(error) if error.is_race() => self.link(user, session, identity).await,
            done => done,
        }
    }

    async fn link(
        &self,
        user: &User,
        session: Option<Digest>,
        identity: Identity,
    ) -> Result<Result<(), UpstreamRefusal>, StoreError> {
        let mut transaction = self.store.begin().await?;
        let Some(person) = transaction.person(&user.id).await? else {
            return Ok(Err(UpstreamRefusal::OtherPerson));
        };
        if let Some(session) = session {
            // The provider took its time. Whoever ended the session meanwhile ended this, too.
            let is_live = transaction.visitor(session).await?.is_some_and(|(session, user)| {
                user.id == person.user.id
                    && self.authority.session_is_live(transaction.now(), &session, &user)
            });
            if !is_live {
                return Ok(Err(UpstreamRefusal::OtherPerson));
            }
        }
        let holder = transaction.person_by_identity(&identity).await?.map(|holder| holder.user);
        let mut decision = self.authority.link(&person.user, holder.as_ref(), identity);
        if decision.reply.is_ok() {
            let event = Event::allowed(What::Account).user(&user.id);
            decision.changes.push(Change::Audit(event.detail("linked with the provider")));
            transaction.commit(decision.changes).await?;
        }
        Ok(decision.reply)
    }

    /// Ends what [`App::link_identity`] began, and every session of the person. `false` when there was nothing to end.
    pub async fn unlink_identity(
        &self,
        user: &User,
        identity: &Identity,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.store.begin().await?;
        transaction.person(&user.id).await?;
        if !transaction.identities_of(&user.id).await?.contains(identity) {
            return Ok(false);
        }
        transaction.commit(unlink(user, identity, None)).await?;
        Ok(true)
    }

    /// Ends what [`App::link_identity`] began, and every other session, as the person asks; refused when they could not come back.
    pub async fn unlink_own_identity(
        &self,
        visitor: &Visitor,
        identity: &Identity,
    ) -> Result<Result<(), UpstreamRefusal>, StoreError> {
        let user = &visitor.user;
        let mut transaction = self.store.begin().await?;
        let person = transaction.person(&user.id).await?;
        let mut others = transaction.identities_of(&user.id).await?;
        others.retain(|other| other != identity && other.issuer == identity.issuer);
        let has_password = person.is_some_and(|person| !person.password.0.is_empty());
        if others.is_empty() && !(has_password && self.config.has_passwords()) {
            return Ok(Err(UpstreamRefusal::OnlyWayIn));
        }
        transaction.commit(unlink(user, identity, Some(visitor.session.digest))).await?;
        Ok(Ok(()))
    }
}

fn unlink(user: &User, identity: &Identity, kept: Option<Digest>) -> Vec<Change> {
    let mut changes = unlinked(user, identity).to_vec();
    changes.push(PersonChange::EndSessions { user_id: user.id.clone(), but: kept }.into());
    changes
}

pub(super) fn unlinked(user: &User, identity: &Identity) -> [Change; 2] {
    let event = Event::allowed(What::Account).user(&user.id).detail("unlinked from the provider");
    let unlink = PersonChange::Unlink { user_id: user.id.clone(), identity: identity.clone() };
    [unlink.into(), Change::Audit(event)]
}

pub(super) fn is_address(email: &str) -> bool {
    email.len() <= 254
        && email.bytes().all(|byte| byte.is_ascii_graphic())
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@')
        })
}
