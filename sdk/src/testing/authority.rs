//! The fake's authorization server: metadata, registration, consent at once, tokens and their end.
//!
//! It refuses what Lookout's refuses, as far as a client's own code can bring it about; that is not a proof that a client conforms.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::LOCATION;
use hyper::{Method, StatusCode};
use lookout_schema::{Scope, ScopeSet};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::fault::{Fault, Place};
use super::server::{Received, Reply};
use super::world::{Code, RefreshToken, RegisteredClient, Shared, SignIn, World};

/// How long an access token lives, in seconds.
const LIFETIME: u32 = 600;

pub(super) fn reply(shared: &Shared, request: &Received) -> Reply {
    if shared.world().faults.strike(Place::Authority).is_some() {
        return Reply::text(StatusCode::SERVICE_UNAVAILABLE, "Down for a moment.");
    }
    match (&request.method, request.path.as_str()) {
        (
            &Method::GET,
            "/.well-known/oauth-protected-resource" | "/.well-known/oauth-protected-resource/mcp",
        ) => Reply::json(StatusCode::OK, &resource(shared)),
        (&Method::GET, "/.well-known/oauth-authorization-server") => {
            Reply::json(StatusCode::OK, &metadata(shared))
        }
        (&Method::GET, "/oauth/authorize") => authorize(shared, &request.query),
        (&Method::POST, "/oauth/register") => register(shared, &request.body),
        (&Method::POST, "/oauth/token") => token(shared, &Form::read(&request.body)),
        (&Method::POST, "/oauth/revoke") => revoke(shared, &Form::read(&request.body)),
        _ => Reply::text(StatusCode::NOT_FOUND, "The fake has nothing here."),
    }
}

/// RFC 9728 section 3.2.
fn resource(shared: &Shared) -> Value {
    json!({
        "resource": shared.endpoint(),
        "authorization_servers": [shared.origin],
        "scopes_supported": names(ScopeSet::all()),
        "bearer_methods_supported": ["header"],
        "resource_name": "Lookout",
    })
}

/// RFC 8414 section 2.
fn metadata(shared: &Shared) -> Value {
    let origin = &shared.origin;
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/oauth/authorize"),
        "token_endpoint": format!("{origin}/oauth/token"),
        "registration_endpoint": format!("{origin}/oauth/register"),
        "revocation_endpoint": format!("{origin}/oauth/revoke"),
        "scopes_supported": names(ScopeSet::all()),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": true,
    })
}

fn names(scopes: ScopeSet) -> Vec<&'static str> {
    scopes.iter().map(Scope::as_str).collect()
}

/// The members of a form or a query; none may be there twice (RFC 6749 section 3.1).
struct Form(Vec<(String, String)>);

impl Form {
    fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    fn value(&self, name: &str) -> &str {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => value,
            _ => "",
        }
    }
}

fn register(shared: &Shared, body: &[u8]) -> Reply {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let uris: Option<Vec<String>> = serde_json::from_value(asked["redirect_uris"].clone()).ok();
    let Some(redirect_uris) = uris.filter(|uris| !uris.is_empty()) else {
        return refused("invalid_redirect_uri", "Register at least one redirect URI.");
    };
    let mut world = shared.world();
    let id = world.mint("client-");
    let name = asked["client_name"].as_str().unwrap_or_default().to_owned();
    let mut registered = asked;
    registered["client_id"] = id.as_str().into();
    registered["token_endpoint_auth_method"] = "none".into();
    world.clients.insert(id, RegisteredClient { name, redirect_uris });
    Reply::json(StatusCode::CREATED, &registered)
}

/// The consent page, with a person who answers before it is shown.
fn authorize(shared: &Shared, query: &str) -> Reply {
    let form = Form::read(query.as_bytes());
    let redirect_uri = form.value("redirect_uri");
    let mut world = shared.world();
    let known = world.clients.get(form.value("client_id"));
    let Some(client) = known.filter(|client| client.accepts(redirect_uri)) else {
        let page = "This client or its redirect URI is not registered.";
        return Reply::text(StatusCode::BAD_REQUEST, page);
    };
    let client_name = client.name.clone();
    let back = |members: &[(&str, &str)]| {
        let mut url = Url::parse(redirect_uri).expect("a registered redirect URI is a URL");
        url.query_pairs_mut()
            .extend_pairs(members)
            .append_pair("state", form.value("state"))
            .append_pair("iss", &shared.origin);
        Reply::text(StatusCode::SEE_OTHER, "Back to the application.").header(LOCATION, url)
    };
    let resource = form.value("resource");
    if form.value("response_type") != "code"
        || form.value("code_challenge_method") != "S256"
        || form.value("code_challenge").len() != 43
    {
        return back(&[("error", "invalid_request")]);
    }
    if !resource.is_empty() && resource != shared.endpoint() {
        return back(&[("error", "invalid_target")]);
    }
    let asked = match form.value("scope") {
        "" => ScopeSet::all(),
        text => match text.parse::<ScopeSet>() {
            Ok(scopes) => scopes,
            Err(_) => return back(&[("error", "invalid_scope")]),
        },
    };
    let allowed = match world.faults.strike(Place::Consent) {
        Some(Fault::DeclinedConsent) => ScopeSet::EMPTY,
        Some(_) => ScopeSet::of(&[Scope::McpRead]),
        None => world.scopes,
    };
    let granted = asked.intersection(allowed);
    world.sign_ins.push(SignIn { client_name, asked, granted });
    if granted.is_empty() {
        return back(&[("error", "access_denied")]);
    }
    let code = world.mint("lkoac_");
    let issued = Code {
        client: form.value("client_id").to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        challenge: form.value("code_challenge").to_owned(),
        scopes: granted,
    };
    world.codes.insert(code.clone(), issued);
    back(&[("code", &code)])
}

impl RegisteredClient {
    /// Texts are compared, but the port of a loopback redirect URI is free (RFC 8252 section 7.3).
    fn accepts(&self, redirect_uri: &str) -> bool {
        let asked = without_port(redirect_uri);
        self.redirect_uris
            .iter()
            .any(|known| known == redirect_uri || (asked.is_some() && without_port(known) == asked))
    }
}

/// A loopback redirect URI without its port; none for any other.
fn without_port(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_loopback = matches!(url.host_str()?, "127.0.0.1" | "[::1]" | "localhost");
    (url.scheme() == "http" && is_loopback).then_some(())?;
    url.set_port(None).ok()?;
    Some(url)
}

fn token(shared: &Shared, form: &Form) -> Reply {
    let world = &mut *shared.world();
    let client = form.value("client_id");
    if !world.clients.contains_key(client) {
        return refused("invalid_client", "This client is not registered.");
    }
    match form.value("grant_type") {
        "authorization_code" => {
            let Some(code) = world.codes.remove(form.value("code")) else {
                return refused("invalid_grant", "The code is unknown or spent.");
            };
            let challenge =
                URL_SAFE_NO_PAD.encode(digest(&SHA256, form.value("code_verifier").as_bytes()));
            let redirect_uri = form.value("redirect_uri");
            if code.client != client
                || code.challenge != challenge
                || !(redirect_uri.is_empty() || redirect_uri == code.redirect_uri)
            {
                return refused("invalid_grant", "The code belongs to another request.");
            }
            let grant = world.grant(code.scopes, true);
            tokens(world, grant, client)
        }
        "refresh_token" => refresh(world, client, form.value("refresh_token")),
        _ => refused("unsupported_grant_type", "Send a code or a refresh token."),
    }
}

fn refresh(world: &mut World, client: &str, token: &str) -> Reply {
    world.refreshes += 1;
    let fault = world.faults.strike(Place::Refresh);
    let invalid = refused("invalid_grant", "The refresh token is not valid.");
    let Some(known) = world.refresh.get_mut(token).filter(|known| known.client == client) else {
        return invalid;
    };
    let (grant, reused) = (known.grant, std::mem::replace(&mut known.spent, true));
    // Somebody else may have the token, so it ends for everybody (RFC 9700 section 4.14.2).
    if reused || fault.is_some() {
        world.grants[grant].live = false;
    }
    if !world.grants[grant].live {
        return invalid;
    }
    for token in world.access.values_mut().filter(|token| token.grant == grant) {
        token.expired = true;
    }
    tokens(world, grant, client)
}

fn tokens(world: &mut World, grant: usize, client: &str) -> Reply {
    let access = world.issue(grant, "lkoat_");
    let refresh = world.mint("lkort_");
    let kept = RefreshToken { grant, client: client.to_owned(), spent: false };
    world.refresh.insert(refresh.clone(), kept);
    let body = json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "refresh_token": refresh,
        "scope": world.grants[grant].scopes,
    });
    Reply::json(StatusCode::OK, &body)
}

/// RFC 7009: a refresh token ends the grant, an access token itself, and what is unknown nothing.
fn revoke(shared: &Shared, form: &Form) -> Reply {
    let world = &mut *shared.world();
    let token = form.value("token");
    if let Some(refresh) = world.refresh.get(token) {
        world.grants[refresh.grant].live = false;
    } else if token.starts_with("lkoat_") {
        world.access.remove(token);
    }
    Reply::json(StatusCode::OK, &json!({}))
}

fn refused(error: &str, description: &str) -> Reply {
    let body = json!({ "error": error, "error_description": description });
    Reply::json(StatusCode::BAD_REQUEST, &body)
}
