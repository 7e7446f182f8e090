//! The authorization request and what a person decides about it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::outcome::{Outcome, ProbeError, Violation};
use crate::probe::Probe;
use crate::probe::browser::{Browser, Callback, Landing};
use crate::probe::form::{ALLOW_WORDS, DENY_WORDS, Entries, Form, Page};
use crate::probe::http::{Request, encode_form};
use crate::probe::register::Client;
use crate::secret::Secret;
use crate::target::FormHints;

/// Request parameters in the order they are sent; a name may occur more than once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl Parameters {
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.retain(|(have, _)| have != name);
        self.also(name, value)
    }

    pub(crate) fn also(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(have, _)| have != name);
        self
    }
}

/// One authorization request, fresh in everything that must be fresh.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) client: Client,
    pub(crate) verifier: Secret,
    pub(crate) parameters: Parameters,
}

impl Authorization {
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.set(name, value);
        self
    }

    pub(crate) fn also(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.also(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters = self.parameters.without(name);
        self
    }

    /// The code in `callback`, which answered this request.
    pub(crate) fn issued(&self, callback: &Callback) -> Option<Issued> {
        let code = Secret::new(callback.one("code")?);
        Some(Issued { authorization: self.clone(), code })
    }

    /// Uses `verifier` and its S256 challenge instead of the random pair.
    pub(crate) fn with_verifier(mut self, verifier: &str) -> Self {
        self.verifier = Secret::new(verifier);
        self.set("code_challenge", s256(verifier))
    }
}

/// `BASE64URL(SHA256(verifier))`, RFC 7636 section 4.2.
pub(crate) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// What the person does on the consent page.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// Presses the allow button and leaves the boxes as they are.
    Allow,
    /// Leaves exactly these scopes ticked, then allows.
    AllowOnly(Vec<String>),
    /// Presses the deny button.
    Deny,
}

/// A code, with everything needed to redeem it.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) authorization: Authorization,
    pub(crate) code: Secret,
}

/// The consent page, standing open.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub(crate) page: Page,
    pub(crate) html: String,
}

impl Decision {
    /// Words on the button that carries it.
    pub(crate) fn words(&self, hints: &FormHints) -> Vec<String> {
        let (hinted, usual) = match self {
            Self::Deny => (&hints.deny, &DENY_WORDS[..]),
            Self::Allow | Self::AllowOnly(_) => (&hints.allow, &ALLOW_WORDS[..]),
        };
        if !hinted.is_empty() {
            return hinted.iter().map(|word| word.to_lowercase()).collect();
        }
        usual.iter().map(|word| (*word).to_owned()).collect()
    }
}

impl Page {
    /// Whether it has a button that consents.
    pub(crate) fn offers_consent(&self) -> bool {
        self.form_with(&Decision::Allow.words(&self.hints)).is_some()
    }

    /// The form that carries `decision`, and what a browser would send; `scopes` are the values
    /// that make a box a scope box.
    pub(crate) fn decide(
        &self,
        decision: &Decision,
        scopes: &[String],
    ) -> Result<(Form, Entries), ProbeError> {
        let words = decision.words(&self.hints);
        let Some((form, button)) = self.form_with(&words) else {
            return Err(ProbeError::page("consent", format!("no button says any of {words:?}")));
        };
        let mut form = form.clone();
        if let Decision::AllowOnly(kept) = decision {
            form.tick_named(self.hints.scope_field.as_deref(), kept, scopes);
        }
        let entries = form.entries(Some(button));
        Ok((form, entries))
    }
}

impl Probe<'_> {
    /// A well-formed request for `client`, for every scope, at the main resource.
    pub(crate) fn authorization(&self, client: &Client) -> Authorization {
        // Longer than the shortest legal length, which has a check of its own.
        let verifier = format!("{}{}", self.random_text(), self.random_text());
        self.learn("verifier", &verifier);
        let parameters = Parameters::default()
            .set("response_type", "code")
            .set("client_id", &client.id)
            .set("redirect_uri", &client.redirect_uri)
            .set("scope", self.catalogue().scope_names().join(" "))
            .set("state", self.random_text())
            .set("code_challenge", s256(&verifier))
            .set("code_challenge_method", "S256")
            .set("resource", &self.site().identifier);
        let parameters = match parameters.find("scope") {
            Some("") => parameters.without("scope"),
            _ => parameters,
        };
        Authorization { client: client.clone(), verifier: Secret::new(verifier), parameters }
    }

    pub(crate) fn authorize_url(&self, request: &Authorization) -> Result<Request, ProbeError> {
        let endpoint = self.site().endpoint_of("authorization_endpoint")?;
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Ok(Request::get(format!("{endpoint}{separator}{}", encode_form(&request.parameters.0))))
    }

    /// Opens the request in a browser that nobody has signed in to.
    pub(crate) fn ask_anonymously(&self, request: &Authorization) -> Result<Landing, ProbeError> {
        self.walk(&Browser::default(), self.authorize_url(request)?)
    }

    /// The consent page of `request`.
    pub(crate) fn consent(&self, request: &Authorization) -> Result<Consent, ProbeError> {
        if self.target.consent.is_some() && self.form_hints().is_none() {
            return Err(ProbeError::unavailable("only the \"forms\" driver sees the consent page"));
        }
        match self.ask(request)? {
            Landing::Page { reply, address } => {
                let reply = reply.succeeded("open the consent page")?;
                let page = self.read_page(&reply.body, &address);
                self.learn_form_tokens(&page);
                Ok(Consent { page, html: reply.body })
            }
            Landing::Callback(callback) => Err(ProbeError::step(
                "open the consent page",
                format!("it went straight to {}", callback.uri),
            )),
        }
    }

    /// A code for `request`, or the step that failed.
    pub(crate) fn code(&self, request: &Authorization) -> Result<Issued, ProbeError> {
        self.code_after(request, &Decision::Allow)
    }

    pub(crate) fn code_after(
        &self,
        request: &Authorization,
        decision: &Decision,
    ) -> Result<Issued, ProbeError> {
        match self.authorize(request, decision)? {
            Landing::Callback(callback) => request.issued(&callback).ok_or_else(|| {
                ProbeError::step("obtain a code", format!("redirected to {}", callback.uri))
            }),
            Landing::Page { reply, .. } => {
                Err(ProbeError::step("obtain a code", reply.alive()?.summary()))
            }
        }
    }

    /// Holds when the landing carries no code; a failing server is neither.
    pub(crate) fn gives_no_code(&self, landing: &Landing) -> Outcome {
        match landing {
            Landing::Callback(callback) if callback.one("code").is_some() => {
                Err(Violation::new("no code", format!("redirected to {}", callback.uri)).into())
            }
            Landing::Callback(_) => Ok(()),
            Landing::Page { reply, .. } => reply.is_no_failure(),
        }
    }
}
