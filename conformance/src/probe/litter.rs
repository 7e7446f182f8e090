//! What a check made on the server, noted from the wire, and taking it away again.
//!
//! Every grant, client and programmatic token is noted as it is answered, whoever asked for it. What
//! cannot be taken away is counted, and the report says so.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::authorize::Parameters;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::bearing;
use crate::profile::RefreshRevocation;
use crate::secret::Secret;

/// Something that a run made and could not take away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftBehind {
    /// What it is, and why it is still there.
    pub what: String,
    /// How many of them.
    pub count: u64,
}

/// What all checks of a run left behind.
#[derive(Debug, Default)]
pub(crate) struct Leftovers(Mutex<BTreeMap<String, u64>>);

impl Leftovers {
    fn add(&self, what: impl Into<String>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what.into()).or_default() += 1;
    }

    pub(crate) fn list(&self) -> Vec<LeftBehind> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(what, count)| LeftBehind { what: what.clone(), count: *count })
            .collect()
    }
}

/// What one check has to take away.
#[derive(Default)]
pub(crate) struct Litter {
    grants: Vec<MadeGrant>,
    clients: Vec<MadeClient>,
    pub(crate) programmatic: Vec<String>,
}

/// The tokens of one grant, and how their client shows who it is.
struct MadeGrant {
    client: Parameters,
    basic: Option<String>,
    access: Secret,
    refresh: Option<Secret>,
}

/// A client that was registered, and where it can be deleted (RFC 7592 section 2.3).
struct MadeClient {
    management: Option<(String, Secret)>,
}

impl Litter {
    /// Notes what `reply` says was made or taken away by a request to `endpoint`, a metadata member.
    pub(crate) fn note(&mut self, endpoint: &str, request: &Request, reply: &Reply) {
        if !reply.is_success() || request.method != "POST" {
            return;
        }
        let sent = Parameters(
            url::form_urlencoded::parse(request.body.as_deref().unwrap_or_default())
                .into_owned()
                .collect(),
        );
        match endpoint {
            "registration_endpoint" if reply.text("client_id").is_some() => {
                let address = reply.text("registration_client_uri");
                let token = reply.text("registration_access_token").map(Secret::new);
                self.clients.push(MadeClient { management: address.zip(token) });
            }
            "token_endpoint" => self.note_tokens(request, &sent, reply),
            "revocation_endpoint" => {
                let gone = sent.find("token").unwrap_or_default();
                self.grants.retain(|grant| match &grant.refresh {
                    Some(refresh) => refresh.expose() != gone,
                    None => grant.access.expose() != gone,
                });
            }
            _ => {}
        }
    }

    fn note_tokens(&mut self, request: &Request, sent: &Parameters, reply: &Reply) {
        let Some(access) = reply.text("access_token").map(Secret::new) else { return };
        let refresh = reply.text("refresh_token").map(Secret::new);
        let spent = sent.find("refresh_token").map(Secret::new);
        let known = self.grants.iter_mut().find(|grant| spent.is_some() && grant.refresh == spent);
        if let Some(grant) = known {
            grant.access = access;
            grant.refresh = refresh.or(spent);
            return;
        }
        let names = ["client_id", "client_secret"];
        let client = sent.0.iter().filter(|(name, _)| names.contains(&name.as_str())).cloned();
        let basic = request.headers.iter().find(|(name, _)| name == "authorization");
        self.grants.push(MadeGrant {
            client: Parameters(client.collect()),
            basic: basic.map(|(_, value)| value.clone()),
            access,
            refresh,
        });
    }
}

impl Probe<'_> {
    /// Takes away what this check made: grants first, since deleting a client may end its grants
    /// without a word, then programmatic tokens and clients. What is already gone is no concern.
    pub(crate) fn tidy(&self) {
        if !self.options.tidy {
            return;
        }
        self.begin_tidying();
        let litter = self.take_litter();
        for grant in &litter.grants {
            if let Err(why) = self.end_grant(grant) {
                self.leftovers().add(format!("grant: {why}"));
            }
        }
        self.end_programmatic(&litter.programmatic);
        for client in &litter.clients {
            if let Err(why) = self.delete_client(client) {
                self.leftovers().add(format!("registered client: {why}"));
            }
        }
    }

    fn end_grant(&self, grant: &MadeGrant) -> Result<(), String> {
        let endpoint = self
            .site()
            .endpoint_of("revocation_endpoint")
            .map_err(|_| "the server has no revocation endpoint".to_owned())?;
        // Ending the refresh token should end the grant, but need not reach access tokens.
        for token in grant.refresh.iter().chain([&grant.access]) {
            let form = grant.client.clone().set("token", token.expose());
            let mut request = Request::post_form(&endpoint, &form.0);
            if let Some(basic) = &grant.basic {
                request = request.header("authorization", basic);
            }
            self.acknowledged(&request, "revocation")?;
            let reach = self.site().profile.refresh_revocation.value;
            if grant.refresh.is_some() && reach == RefreshRevocation::Grant {
                break;
            }
        }
        Ok(())
    }

    fn delete_client(&self, client: &MadeClient) -> Result<(), String> {
        let (address, token) = client
            .management
            .as_ref()
            .ok_or("the server names no way to delete it (RFC 7592)".to_owned())?;
        self.acknowledged(&bearing(Request::new("DELETE", address), token), "deletion")
    }

    fn end_programmatic(&self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let page = self.tokens_page();
        for name in names {
            let ended = match &page {
                Ok((_, page)) => self.press_revoke(page, name),
                Err(error) => Err(error.clone()),
            };
            // A row that is not there was revoked by the check itself.
            if let Err(error) = ended
                && !matches!(error, ProbeError::Page { .. })
            {
                self.leftovers()
                    .add(format!("programmatic token: {}", self.redact(&error.to_string())));
            }
        }
    }

    /// Sends `request` and reads nothing but whether it was done.
    fn acknowledged(&self, request: &Request, what: &str) -> Result<(), String> {
        match self.send_patiently(request) {
            Ok(reply) if reply.is_success() || matches!(reply.status, 401 | 404) => Ok(()),
            Ok(reply) => Err(format!("its {what} was answered {}", reply.status)),
            Err(error) => Err(format!("its {what} failed: {}", self.redact(&error.to_string()))),
        }
    }
}
