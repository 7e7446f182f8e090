//! What a check acts through.
//!
//! A probe belongs to one check: its own random numbers, client, transcript and memory of secrets.
//! Checks therefore run at the same time without seeing each other. What they share is read-only
//! ([`site::Site`]) or the one signed-in browser.

pub(crate) mod authorize;
pub(crate) mod browser;
pub(crate) mod calibrate;
mod consent_command;
pub(crate) mod consent_driver;
pub(crate) mod form;
pub(crate) mod http;
pub(crate) mod litter;
pub(crate) mod mcp;
pub(crate) mod ownership;
pub(crate) mod programmatic;
pub(crate) mod register;
mod replica;
pub(crate) mod reply;
pub(crate) mod site;
pub(crate) mod survey;
pub(crate) mod throttle;
pub(crate) mod token;
mod webdriver;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use sha2::{Digest as _, Sha256};

use crate::catalogue::Catalogue;
use crate::check::Capability;
use crate::outcome::{Outcome, ProbeError, Violation};
use crate::probe::browser::Browser;
use crate::probe::http::{Http, Reply, Request};
use crate::probe::litter::{Leftovers, Litter};
use crate::probe::register::Client;
use crate::probe::site::Site;
use crate::profile::{Profile, ReAuthorize};
use crate::property::turn::Laws;
use crate::replay::Trail;
use crate::secret::Redactor;
use crate::target::{Options, Person, Target};
use crate::transcript::{Exchange, Transcript};

/// Everything one check can do to the server under test.
pub struct Probe<'a> {
    id: &'static str,
    pub(crate) target: &'a Target,
    pub(crate) options: &'a Options,
    site: &'a Site,
    browser: &'a Browser,
    http: Http,
    random: Mutex<TestRng>,
    names: Mutex<TestRng>,
    pub(crate) laws: Mutex<Laws>,
    redactor: Mutex<Redactor>,
    transcript: Mutex<Transcript>,
    kept: Mutex<Option<Vec<Exchange>>>,
    trail: Mutex<Option<Trail>>,
    note: Mutex<Option<String>>,
    own_client: OnceLock<Client>,
    /// Which of the known clients this check uses already.
    taken: Mutex<BTreeSet<usize>>,
    litter: Mutex<Litter>,
    is_tidying: AtomicBool,
}

impl fmt::Debug for Probe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Probe({})", self.id)
    }
}

impl<'a> Probe<'a> {
    pub(crate) fn new(
        id: &'static str,
        target: &'a Target,
        options: &'a Options,
        site: &'a Site,
        browser: &'a Browser,
        http: Http,
    ) -> Self {
        let mut redactor = Redactor::default();
        if let Some(person) = target.person() {
            redactor.learn("password", person.password.expose());
        }
        for (_, value) in &target.headers {
            redactor.learn("header", value.expose());
        }
        for ready in &target.tokens {
            redactor.learn("access token", ready.token.expose());
        }
        for secret in
            target.registration.known_clients().iter().filter_map(|known| known.secret.as_ref())
        {
            redactor.learn("client secret", secret.expose());
        }
        for cookie in browser.cookies().values() {
            redactor.learn("cookie", &cookie.value);
        }
        Self {
            id,
            target,
            options,
            site,
            browser,
            http,
            random: Mutex::new(random(options.seed, id)),
            names: Mutex::new(random(options.seed, &format!("{id} names"))),
            laws: Mutex::default(),
            redactor: Mutex::new(redactor),
            transcript: Mutex::default(),
            kept: Mutex::default(),
            trail: Mutex::default(),
            note: Mutex::default(),
            own_client: OnceLock::new(),
            taken: Mutex::default(),
            litter: Mutex::default(),
            is_tidying: AtomicBool::new(false),
        }
    }

    pub(crate) fn site(&self) -> &'a Site {
        self.site
    }

    /// What this server chose where the standards leave a choice.
    pub(crate) fn profile(&self) -> &'a Profile {
        &self.site.profile
    }

    /// Whether what ends one grant of a client legally ends the person's others of the same client.
    pub(crate) fn joins_grants(&self) -> bool {
        self.profile().re_authorize.value == ReAuthorize::JoinsGrants
    }

    pub(crate) fn lacks(&self, capability: Capability) -> bool {
        self.site.lacks.contains_key(&capability)
    }

    /// Waits as long as a revocation may take to reach every replica: not at all, unless declared.
    pub(crate) fn let_revocation_spread(&self) {
        let delay = self.profile().revocation_delay_ms.value;
        if delay > 0 {
            thread::sleep(Duration::from_millis(delay));
        }
    }

    /// What `look` sees with other facts about the server.
    pub(crate) fn at<T>(&self, site: &Site, look: impl FnOnce(&Probe<'_>) -> T) -> T {
        let http = self.http.clone();
        look(&Probe::new(self.id, self.target, self.options, site, self.browser, http))
    }

    pub(crate) fn browser(&self) -> &'a Browser {
        self.browser
    }

    pub(crate) fn catalogue(&self) -> &'a Catalogue {
        &self.target.catalogue
    }

    pub(crate) fn person(&self) -> Option<&'a Person> {
        self.target.person()
    }

    /// Sends one request and writes it down.
    pub(crate) fn send(&self, request: &Request) -> Result<Reply, ProbeError> {
        let request = &self.http.dressed(&self.named_as_one(request));
        // A secret in Base64 is not the text that was learnt.
        for (name, value) in &request.headers {
            if let ("authorization", Some((scheme, pair))) = (name.as_str(), value.split_once(' '))
                && scheme.eq_ignore_ascii_case("basic")
            {
                self.learn("basic credentials", pair);
            }
        }
        let is_owed = self.is_tidying.load(Ordering::Relaxed);
        let reply = if is_owed { self.http.owed().send(request) } else { self.http.send(request) };
        if let (Ok(reply), false) = (&reply, is_owed)
            && let Some(endpoint) = self.site.name_of(&request.url)
        {
            locked(&self.litter).note(endpoint, request, reply);
        }
        let answer = reply.clone().map_err(|error| error.to_string());
        locked(&self.transcript).push(request, answer);
        reply
    }

    /// Remembers a secret so that no report can contain it.
    pub(crate) fn learn(&self, kind: &'static str, value: &str) {
        // A hidden field of a consent page may hold the scopes, which are no secret.
        if self.catalogue().scopes.iter().any(|scope| scope.name == value) {
            return;
        }
        locked(&self.redactor).learn(kind, value);
    }

    /// Records what an implementation-defined behaviour turned out to be.
    pub(crate) fn observe(&self, note: impl Into<String>) -> Outcome {
        *locked(&self.note) = Some(note.into());
        Ok(())
    }

    pub(crate) fn note(&self) -> Option<String> {
        locked(&self.note).clone()
    }

    /// Begins the transcript anew, for the next case of a property.
    pub(crate) fn forget_transcript(&self) {
        locked(&self.transcript).clear();
    }

    /// Makes `transcript`, that of a counterexample, the one to report.
    pub(crate) fn keep_transcript(&self, transcript: Vec<Exchange>) {
        *locked(&self.kept) = Some(transcript);
    }

    /// What the report should show: the counterexample's transcript, or the latest exchanges.
    pub(crate) fn evidence(&self) -> Vec<Exchange> {
        locked(&self.kept).take().unwrap_or_else(|| self.transcript())
    }

    /// Makes `trail` the way back to the counterexample to report.
    pub(crate) fn keep_trail(&self, trail: Trail) {
        *locked(&self.trail) = Some(trail);
    }

    /// The way back to the counterexample; nothing when its input was not generated. What a server
    /// gave away can have come into a kept input, so strings in it are redacted.
    pub(crate) fn trail(&self) -> Option<Trail> {
        let mut trail = locked(&self.trail).take()?;
        trail.redact(&|text| self.redact(text));
        Some(trail)
    }

    pub(crate) fn transcript(&self) -> Vec<Exchange> {
        locked(&self.transcript).redacted(&locked(&self.redactor), self.site)
    }

    pub(crate) fn redact(&self, text: &str) -> String {
        locked(&self.redactor).redact(text)
    }

    pub(crate) fn redact_violation(&self, violation: &Violation) -> Violation {
        Violation {
            expected: self.redact(&violation.expected),
            observed: self.redact(&violation.observed),
            input: violation.input.as_deref().map(|input| self.redact(input)),
        }
    }

    /// 43 random characters of the unreserved set: a verifier or a state.
    pub(crate) fn random_text(&self) -> String {
        let mut bytes = [0; 32];
        locked(&self.random).fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A redirect port. Nothing listens there, the target least of all: a redirect URI is never contacted.
    pub(crate) fn port(&self) -> u16 {
        let offset = locked(&self.random).next_u32() % 40_000;
        let target = self.target;
        let own = [Some(&target.url), target.issuer.as_ref()].into_iter().flatten();
        elsewhere(offset, &own.chain(&target.replicas).map(String::as_str).collect::<Vec<_>>())
    }

    /// A generator for properties, independent of every other check's.
    pub(crate) fn fork_random(&self) -> TestRng {
        random(self.options.seed, &format!("{} property", self.id))
    }

    /// Randomness for one attempt of a law, which no other attempt has an influence on.
    pub(crate) fn random_for(&self, purpose: &str) -> TestRng {
        random(self.options.seed, &format!("{} {purpose}", self.id))
    }

    /// Draws from `random` from now on; what was drawn from before.
    pub(crate) fn swap_random(&self, random: TestRng) -> TestRng {
        std::mem::replace(&mut *locked(&self.random), random)
    }

    /// A name nobody has used on this server, in this run or another.
    pub(crate) fn fresh_name(&self) -> String {
        let number = locked(&self.names).next_u32();
        format!("{}-{number:08x}", self.site.salt)
    }

    /// What this check's clients call themselves.
    pub(crate) fn label(&self) -> &'static str {
        self.id
    }

    pub(crate) fn is_own_origin(&self, url: &url::Url) -> bool {
        self.site.origins.contains(&url.origin().ascii_serialization())
    }

    fn taken_clients(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        locked(&self.taken)
    }

    fn remember_programmatic(&self, name: &str) {
        locked(&self.litter).programmatic.push(name.to_owned());
    }

    fn take_litter(&self) -> Litter {
        std::mem::take(&mut *locked(&self.litter))
    }

    /// From now on requests take away what was made: limits do not stop them.
    fn begin_tidying(&self) {
        self.is_tidying.store(true, Ordering::Relaxed);
    }

    fn leftovers(&self) -> &Leftovers {
        self.http.leftovers()
    }
}

/// Randomness that depends on the seed and on who asks, never on the order of checks.
fn random(seed: u64, purpose: &str) -> TestRng {
    let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(purpose).finalize();
    TestRng::from_seed(RngAlgorithm::ChaCha, &digest)
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The port at this place of those from 20 000 to 59 999, or the next that is not of these addresses.
fn elsewhere(offset: u32, addresses: &[&str]) -> u16 {
    let parsed = addresses.iter().filter_map(|address| url::Url::parse(address).ok());
    let own: Vec<u16> = parsed.filter_map(|url| url.port()).collect();
    let places = (20_000..60_000).cycle().skip(usize::try_from(offset).unwrap_or(0));
    places.take(own.len() + 1).find(|port| !own.contains(port)).unwrap_or(60_000)
}

#[cfg(test)]
mod tests {
    use super::elsewhere;

    #[test]
    fn a_redirect_never_leads_to_the_target() {
        let own = ["http://127.0.0.1:59999/mcp", "http://127.0.0.1:20000", "no address"];
        assert_eq!(elsewhere(7, &own), 20_007);
        assert_eq!(elsewhere(39_999, &own), 20_001);
        assert_eq!(elsewhere(39_999, &[]), 59_999);
    }
}
