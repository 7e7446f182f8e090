//! Where a client identifier comes from: given by the user, kept, or registered (RFC 7591).
//!
//! An identifier is worth something at the issuer that gave it and nowhere else.

use serde_json::{Value, json};

use crate::clock;
use crate::discovery::Issuer;
use crate::failure::{Failure, Outcome, fail, inert};
use crate::faults::{Fault, has};
use crate::store::{Client, Store};
use crate::strict;
use crate::web::{Answer, Web};

/// The ways to authenticate that this client knows, the one it likes best first.
const METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// Who the client is before it registers anywhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) given: Option<Given>,
    /// The address of a client metadata document, which is an identifier wherever such are read.
    pub(crate) document: Option<String>,
}

/// A client identifier that the user was given, and the issuer that gave it.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) client_id: String,
    pub(crate) issuer: String,
}

impl Given {
    pub(crate) fn client(&self) -> Client {
        public(&self.client_id)
    }
}

/// The client to be at `issuer`, whose person comes back to `redirect`.
pub(crate) fn client(
    web: &Web,
    store: &Store,
    identity: &Identity,
    issuer: &Issuer,
    redirect: &str,
) -> Outcome<Client> {
    if let Some(given) = &identity.given {
        if given.issuer != issuer.issuer && !has(Fault::GivenClientUsedAnywhere) {
            return fail(format!(
                "the client identifier given is for another authorization server than {}",
                inert(&issuer.issuer)
            ));
        }
        return Ok(given.client());
    }
    if let Some(document) = identity.document.as_ref().filter(|_| issuer.reads_documents) {
        let bare = document.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let id = if has(Fault::DocumentWithoutPath) { &bare } else { document };
        let key = issuer.issuer.clone();
        store.change(|kept| drop(kept.clients.insert(key, public(id))))?;
        return Ok(public(id));
    }
    let kept = store.load().clients;
    let mine = match kept.get(&issuer.issuer) {
        None if has(Fault::ClientReusedAtNewIssuer) => kept.values().next(),
        mine => mine,
    };
    let is_good = |client: &&Client| client.void_at.is_none_or(|end| clock::now() < end);
    match mine.filter(is_good) {
        Some(client) if !has(Fault::RegistersEveryTime) => Ok(client.clone()),
        _ => {
            let client = register(web, issuer, redirect)?;
            let key = issuer.issuer.clone();
            store.change(|kept| drop(kept.clients.insert(key, client.clone())))?;
            Ok(client)
        }
    }
}

/// A client without a secret.
fn public(id: &str) -> Client {
    Client { id: id.to_owned(), secret: None, method: "none".to_owned(), void_at: None }
}

fn register(web: &Web, issuer: &Issuer, redirect: &str) -> Outcome<Client> {
    let Some(endpoint) = &issuer.registration_endpoint else {
        return fail("the authorization server registers nobody: a client identifier is needed");
    };
    let offered = &issuer.auth_methods;
    let liked = METHODS.iter().find(|method| offered.iter().any(|it| it == *method));
    let mut wish = json!({
        "client_name": "Scripted client",
        "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": liked.unwrap_or(&"none"),
        "application_type": "native",
    });
    if has(Fault::ApplicationTypeMissing) {
        wish.as_object_mut().expect("made above").remove("application_type");
    }
    if has(Fault::ApplicationTypeWeb) {
        wish["application_type"] = "web".into();
    }
    if has(Fault::RefreshNotRegistered) {
        wish["grant_types"] = json!(["authorization_code"]);
    }
    if has(Fault::ForeignRedirectRegistered) {
        wish["redirect_uris"] = json!([redirect, "http://client.example/callback"]);
    }
    if has(Fault::RedirectRegisteredWrongly) {
        wish["redirect_uris"] = json!([format!("{redirect}/other")]);
    }
    let body = wish.to_string();
    let mut answer = web.post(endpoint, "application/json", None, &body)?;
    for _ in 0..20 {
        if !matches!(answer.status, 200 | 201) && has(Fault::RegistrationRepeated) {
            answer = web.post(endpoint, "application/json", None, &body)?;
        }
    }
    if !matches!(answer.status, 200 | 201) {
        return Err(refusal("the registration was refused", &answer));
    }
    registered(&answer, redirect)
}

/// What the server registered, which need not be what was wished for.
fn registered(answer: &Answer, redirect: &str) -> Outcome<Client> {
    let found = strict::object(&answer.body, "the registration")?;
    let text = |name: &str| found.get(name).and_then(Value::as_str);
    let Some(id) = text("client_id").filter(|id| !id.is_empty()) else {
        return fail("the registration has no client_id");
    };
    let secret = text("client_secret").filter(|secret| !secret.is_empty());
    let unsaid = if secret.is_some() { "client_secret_basic" } else { "none" };
    let mut method = text("token_endpoint_auth_method").unwrap_or(unsaid);
    if method != "none" && has(Fault::RegisteredMethodIgnored) {
        method = "none";
    }
    if !METHODS.contains(&method) || (method != "none" && secret.is_none()) {
        return fail(format!("no known way to authenticate was registered: {}", inert(method)));
    }
    let redirects = found.get("redirect_uris").and_then(Value::as_array);
    if redirects.is_some_and(|all| !all.iter().any(|one| one == redirect))
        && !has(Fault::RedirectRegisteredWrongly)
    {
        return fail("the redirect URI was not registered");
    }
    let end = found.get("client_secret_expires_at").and_then(Value::as_u64);
    Ok(Client {
        id: id.to_owned(),
        secret: secret.map(str::to_owned),
        method: method.to_owned(),
        void_at: end.filter(|end| *end != 0 && secret.is_some()),
    })
}

/// An error answer of an OAuth endpoint, said to a person.
pub(crate) fn refusal(what: &str, answer: &Answer) -> Failure {
    let found = strict::object(&answer.body, "an error").unwrap_or_default();
    let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
    let (error, description) = (text("error"), text("error_description"));
    let said = format!("{error} {description}");
    Failure::new(format!("{what}: {} {}", answer.status, inert(said.trim())))
}
