//! One authorization: browser, callback, and the code exchanged for tokens.
//!
//! The verifier, the state and the issuer of a flow are made for it, kept in it, and gone with it.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::browser;
use crate::callback::{Callback, Parameters, value};
use crate::clock::{now, random_text};
use crate::discovery::{Issuer, Resource};
use crate::failure::{Outcome, fail, inert};
use crate::faults::{Fault, has};
use crate::store::{Client, Grant};
use crate::token::{self, Form};
use crate::web::Web;

/// What a flow is about.
pub(crate) struct Request<'a> {
    pub(crate) web: &'a Web,
    pub(crate) resource: &'a Resource,
    pub(crate) issuer: &'a Issuer,
    pub(crate) client: &'a Client,
    pub(crate) scopes: &'a BTreeSet<String>,
    pub(crate) patience: Duration,
}

impl Request<'_> {
    /// Asks the person, and gives back what they granted.
    pub(crate) fn run(&self, callback: Callback) -> Outcome<Grant> {
        let verifier = verifier();
        let state = if has(Fault::StateConstant) { "state".to_owned() } else { random_text() };
        let redirect = callback.redirect();
        browser::open(&self.address(&redirect, &state, &verifier))?;
        let found = callback.wait(&state, self.patience)?;
        self.check_issuer(&found)?;
        if let Some(error) = value(&found, "error") {
            let said = value(&found, "error_description").unwrap_or_default();
            let text = format!("the authorization was refused: {} {}", inert(error), inert(said));
            if value(&found, "code").is_none() || !has(Fault::CodeBesideErrorUsed) {
                return fail(text);
            }
        }
        let Some(code) = value(&found, "code").filter(|code| !code.is_empty()) else {
            return fail("the authorization response has no code");
        };
        let asked_at = now();
        let exchange = || self.exchange(code, &redirect, &verifier);
        let mut answer = exchange()?;
        if has(Fault::CodeSentTwice) {
            answer = exchange().unwrap_or(answer);
        }
        let grant = answer.grant(&self.issuer.issuer, self.scopes, asked_at, None);
        if !self.scopes.is_subset(&grant.scopes) {
            let missing: Vec<_> =
                self.scopes.difference(&grant.scopes).map(|it| inert(it)).collect();
            eprintln!("note: these scopes were not granted: {}", missing.join(" "));
        }
        Ok(grant)
    }

    fn address(&self, redirect: &str, state: &str, verifier: &str) -> Url {
        let mut url = self.issuer.authorization_endpoint.clone();
        let mut query = url.query_pairs_mut();
        query.append_pair("response_type", "code").append_pair("client_id", &self.client.id);
        if has(Fault::RedirectOfOtherHost) {
            query.append_pair("redirect_uri", &redirect.replace("127.0.0.1", "localhost"));
        } else {
            query.append_pair("redirect_uri", redirect);
        }
        if !has(Fault::StateMissing) {
            query.append_pair("state", state);
        }
        if has(Fault::ChallengePlain) {
            query.append_pair("code_challenge", verifier);
            query.append_pair("code_challenge_method", "plain");
        } else if !has(Fault::ChallengeMissing) {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
            query.append_pair("code_challenge", &challenge);
            if !has(Fault::ChallengeMethodMissing) {
                query.append_pair("code_challenge_method", "S256");
            }
        }
        if !self.scopes.is_empty() {
            let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
            query.append_pair("scope", &scopes.join(" "));
        }
        if !has(Fault::ResourceMissingAtAuthorization) {
            query.append_pair("resource", &token::resource(&self.resource.identifier));
        }
        drop(query);
        url
    }

    /// RFC 9207 section 2.4, before anything else in the response is looked at.
    fn check_issuer(&self, found: &Parameters) -> Outcome<()> {
        let wanted = self.issuer.issuer.as_str();
        let is_same = match value(found, "iss") {
            None => !self.issuer.names_itself || has(Fault::IssAbsentAccepted),
            Some(iss) => {
                iss == wanted
                    || has(Fault::IssUnchecked)
                    || (!self.issuer.names_itself && has(Fault::IssUncheckedUnlessAdvertised))
                    || (value(found, "error").is_some() && has(Fault::IssUncheckedOnErrors))
                    || (iss.trim_end_matches('/') == wanted.trim_end_matches('/')
                        && has(Fault::IssSlashIgnored))
                    || (iss.eq_ignore_ascii_case(wanted) && has(Fault::IssCaseIgnored))
                    || (Url::parse(iss).ok() == Url::parse(wanted).ok()
                        && has(Fault::IssParsedBeforeCompared))
                    || (iss.starts_with(wanted) && has(Fault::IssPrefixAccepted))
            }
        };
        if is_same {
            return Ok(());
        }
        if has(Fault::ErrorShownDespiteIss) {
            let said = value(found, "error_description").or(value(found, "error"));
            return fail(format!("the authorization failed: {}", said.unwrap_or_default()));
        }
        fail("the authorization response is not from the server that was asked")
    }

    fn exchange(&self, code: &str, redirect: &str, verifier: &str) -> Outcome<token::Answer> {
        let mut form = Form::new("authorization_code", &self.resource.identifier);
        if has(Fault::ResourceMissingAtExchange) {
            form.remove("resource");
        }
        form.add("code", code);
        form.add("redirect_uri", redirect);
        if !has(Fault::VerifierNotSent) && !has(Fault::ChallengeMissing) {
            form.add("code_verifier", verifier);
        }
        let answer = form.send(self.web, &self.issuer.token_endpoint, self.client)?;
        answer.map_err(|refused| refused.said("the code was not exchanged"))
    }
}

fn verifier() -> String {
    static FIRST: Mutex<Option<String>> = Mutex::new(None);
    if has(Fault::VerifierShort) {
        return random_text()[..20].to_owned();
    }
    if has(Fault::VerifierSeeded) {
        return "lookout".repeat(7);
    }
    let verifier = random_text();
    if has(Fault::VerifierReused) {
        return FIRST.lock().expect("no holder panics").get_or_insert(verifier).clone();
    }
    verifier
}
