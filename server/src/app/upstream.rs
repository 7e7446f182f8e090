//! Signing in through the OpenID provider, and linking an account with it.
//!
//! A sign-in that comes back is taken in a transaction of its own before the provider is asked, so that whatever happens then it does not come back twice.

use super::people::is_address;
use super::{App, Visitor, Welcome};
use crate::audit::{Event, What};
use crate::authority::Change;
use crate::authority::people::PersonChange;
use crate::authority::records::{Membership, User};
use crate::authority::throttle::Key;
use crate::authority::upstream::{
    Newcomer, PATIENCE, UNDER_WAY, UpstreamRefusal, UpstreamSignIn, is_welcome,
};
use crate::http::address::ClientAddress;
use crate::secret::SessionSecret;
use crate::secret::entropy::{Entropy, identifier};
use crate::store::StoreError;
use crate::upstream::{Arrival, Departure, Fault, Upstream};

/// Why a step of a sign-in was not done.
#[derive(Debug)]
pub(crate) enum UpstreamError {
    /// It is refused.
    Refused(UpstreamRefusal),
    /// The provider cannot be used at the moment.
    Outage,
    /// Too many sign-ins from there, or altogether.
    TooOften {
        /// How many seconds to wait.
        seconds: i64,
    },
    /// The database did not do its work.
    Store(StoreError),
}

impl From<StoreError> for UpstreamError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a browser brings back from the provider.
pub(crate) struct Return<'r> {
    pub(crate) state: &'r str,
    pub(crate) code: Option<&'r str>,
    pub(crate) issuer: Option<&'r str>,
    /// The cookie of the browser that began.
    pub(crate) browser: &'r str,
    /// Who is signed in there.
    pub(crate) visitor: Option<&'r Visitor>,
    pub(crate) address: ClientAddress,
    /// What the browser is called in the list of sessions.
    pub(crate) label: &'r str,
}

/// What a sign-in that came back came to.
pub(crate) enum Outcome {
    /// A session.
    SignedIn { welcome: Welcome, return_to: String },
    /// A linked account.
    Linked,
}

const STATE: &str = "upstream state";
const BROWSER: &str = "upstream browser";

impl App {
    /// Where a browser with the cookie `browser` goes to sign in at the provider, or to link the account of `visitor`.
    pub(crate) async fn begin_upstream(
        &self,
        upstream: &Upstream,
        browser: &str,
        return_to: &str,
        visitor: Option<&Visitor>,
        address: ClientAddress,
    ) -> Result<String, UpstreamError> {
        if let Err(seconds) = self.count_visit(address).await? {
            self.audit(Event::refused(What::Throttle, "sign_in")).await;
            return Err(UpstreamError::TooOften { seconds });
        }
        let [state, nonce, verifier] = [(); 3].map(|()| unguessable(&*self.entropy));
        let departure = Departure { state: &state, nonce: &nonce, verifier: &verifier };
        let location = match upstream.address(departure).await {
            Ok(location) => location,
            Err(fault) => return Err(self.refuse_upstream(fault, visitor).await),
        };
        let mut transaction = self.store.begin().await?;
        // Were newcomers refused, strangers could keep everybody out; so whoever takes longest at the provider has to begin again.
        transaction.give_up_upstream(UNDER_WAY - 1).await?;
        let sign_in = UpstreamSignIn {
            state: self.upstream_keys(&state, STATE).swap_remove(0),
            browser: self.upstream_keys(browser, BROWSER).swap_remove(0),
            nonce,
            verifier,
            return_to: return_to.to_owned(),
            expires_at: transaction.now().plus_seconds(PATIENCE),
            user_id: visitor.map(|visitor| visitor.user.id.clone()),
        };
        transaction.commit(vec![PersonChange::AddUpstream(sign_in).into()]).await?;
        Ok(location)
    }

    /// Goes on with a sign-in that comes back from the provider.
    pub(crate) async fn finish_upstream(
        &self,
        upstream: &Upstream,
        back: Return<'_>,
    ) -> Result<Outcome, UpstreamError> {
        let outcome = match self.take_upstream(back.state, back.browser).await? {
            Ok(sign_in) => self.arrive(upstream, &back, sign_in).await,
            Err(refusal) => Err(Fault::Refused(refusal).into()),
        };
        match outcome {
            Ok(outcome) => {
                self.forgive_visit(back.address).await?;
                Ok(outcome)
            }
            Err(Stop::Fault(fault)) => Err(self.refuse_upstream(fault, back.visitor).await),
            Err(Stop::Store(error)) => Err(error.into()),
        }
    }

    async fn take_upstream(
        &self,
        state: &str,
        browser: &str,
    ) -> Result<Result<UpstreamSignIn, UpstreamRefusal>, StoreError> {
        // Anybody can ask for this, so what cannot have begun here costs no transaction.
        if !is_unguessable(state) {
            return Ok(Err(UpstreamRefusal::Unknown));
        }
        if SessionSecret::parse(browser).is_none() {
            return Ok(Err(UpstreamRefusal::OtherBrowser));
        }
        let mut transaction = self.store.begin().await?;
        let mut found = None;
        for key in self.upstream_keys(state, STATE) {
            found = transaction.take_upstream(&key).await?;
            if found.is_some() {
                break;
            }
        }
        let browser = self.upstream_keys(browser, BROWSER);
        let taken = self.authority.take_back(transaction.now(), found, &browser);
        transaction.commit(Vec::new()).await?;
        Ok(taken)
    }

    async fn arrive(
        &self,
        upstream: &Upstream,
        back: &Return<'_>,
        sign_in: UpstreamSignIn,
    ) -> Result<Outcome, Stop> {
        if !upstream.is_from_here(back.issuer).await? {
            return Err(Fault::Refused(UpstreamRefusal::OtherIssuer).into());
        }
        let Some(code) = back.code else {
            return Err(Fault::Refused(UpstreamRefusal::Denied).into());
        };
        let UpstreamSignIn { nonce, verifier, return_to, user_id, .. } = sign_in;
        let person = match user_id {
            None => None,
            Some(user_id) => {
                let visitor = back.visitor.filter(|visitor| visitor.user.id == user_id);
                Some(visitor.ok_or(Fault::Refused(UpstreamRefusal::OtherPerson))?)
            }
        };
        let arrival = upstream.redeem(code, nonce, verifier).await?;
        if let Some(person) = person {
            self.link_arrival(person, arrival).await?;
            return Ok(Outcome::Linked);
        }
        let welcome = match self.welcome_arrival(arrival.clone(), back.label).await {
            // Of two first arrivals at once the later one finds what the earlier one made.
            Err(Stop::Store(error)) if error.is_race() => {
                self.welcome_arrival(arrival, back.label).await?
            }
            done => done?,
        };
        Ok(Outcome::SignedIn { welcome, return_to })
    }

    async fn welcome_arrival(&self, arrival: Arrival, label: &str) -> Result<Welcome, Stop> {
        let mut transaction = self.store.begin().await?;
        let known = transaction.person_by_identity(&arrival.identity).await?;
        let newcomer = match self.newcomer(&arrival) {
            Some(newcomer) if known.is_none() => {
                // Whoever has the address here links the account themselves.
                let holder = transaction.person_by_email(&newcomer.user.email).await?;
                Some(newcomer).filter(|_| holder.is_none())
            }
            _ => None,
        };
        let about = known.as_ref().map(|person| person.user.id.clone());
        let secret = SessionSecret::mint(&*self.entropy);
        let mut decision = self.authority.sign_in_as(
            transaction.now(),
            arrival.identity,
            known,
            newcomer,
            self.fresh_session(&secret, label),
        );
        match decision.reply {
            Ok(user) => {
                let event = Event::allowed(What::SignIn).user(&user.id).detail("upstream");
                decision.changes.push(Change::Audit(event));
                transaction.commit(decision.changes).await?;
                Ok(Welcome { session: secret, known: self.introduce(&user.email) })
            }
            Err(refusal) => Err(Stop::Fault(match about {
                Some(user_id) => {
                    let event = Event::refused(What::SignIn, refusal.reason()).user(&user_id);
                    transaction.commit(vec![Change::Audit(event)]).await?;
                    Fault::Refused(refusal)
                }
                None => Fault::Refused(refusal),
            })),
        }
    }

    async fn link_arrival(&self, visitor: &Visitor, arrival: Arrival) -> Result<(), Stop> {
        match self.link_own_identity(visitor, arrival.identity).await? {
            Ok(()) => Ok(()),
            Err(refusal) => Err(Fault::Refused(refusal).into()),
        }
    }

    /// The account that somebody gets who comes for the first time.
    fn newcomer(&self, arrival: &Arrival) -> Option<Newcomer> {
        let oidc = self.config.oidc.as_ref().filter(|oidc| oidc.create_accounts)?;
        let slug = oidc.workspace.clone()?;
        let email = arrival.email.clone().filter(|email| is_address(email))?;
        if !is_welcome(&oidc.email_domains, &email, arrival.email_is_verified) {
            return None;
        }
        let id = || identifier(&*self.entropy);
        let display_name = arrival.name.clone().unwrap_or_else(|| email.clone());
        let membership = Membership {
            workspace_id: id(),
            workspace_name: slug.clone(),
            slug,
            role: oidc.role(),
        };
        Some(Newcomer {
            user: User { id: id(), email, display_name, disabled_at: None },
            membership,
        })
    }

    async fn refuse_upstream(&self, fault: Fault, visitor: Option<&Visitor>) -> UpstreamError {
        let (reason, error) = match fault {
            Fault::Outage(why) => {
                tracing::warn!(why, "the OpenID provider cannot be used");
                ("upstream_outage", UpstreamError::Outage)
            }
            Fault::Refused(refusal) => (refusal.reason(), UpstreamError::Refused(refusal)),
        };
        // That of a disabled account is written already, with its person.
        if !matches!(error, UpstreamError::Refused(UpstreamRefusal::Disabled)) {
            let event = Event::refused(What::SignIn, reason);
            self.audit(match visitor {
                Some(visitor) => event.user(&visitor.user.id),
                None => event,
            })
            .await;
        }
        error
    }

    /// What the state or the cookie of a browser is stored as: under every key, the current one first.
    fn upstream_keys(&self, text: &str, name: &str) -> Vec<Key> {
        let digests = self.keys.form_tokens(text.as_bytes(), name);
        digests.into_iter().map(|digest| Key(digest.into_bytes())).collect()
    }
}

/// Why somebody who came back gets no further.
enum Stop {
    Fault(Fault),
    Store(StoreError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// 43 characters that nobody guesses.
fn unguessable(entropy: &dyn Entropy) -> String {
    format!("{}{}", identifier(entropy), &identifier(entropy)[1..])
}

/// Whether [`unguessable`] can have made this.
fn is_unguessable(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
