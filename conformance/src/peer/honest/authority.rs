//! The authorization servers: metadata, registration, authorization, tokens, revocation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::world::{Client, Code, Token, TokenKind, World};

/// RFC 8414 section 3; of the addresses that clients try, the first has the document.
pub(super) fn metadata(ask: &Ask, world: &World) -> Answer {
    let path = format!("/.well-known/oauth-authorization-server{}", world.setting.issuer_path);
    if ask.path == path && ask.role != Role::Resource {
        Answer::json(200, &document(ask.role, world))
    } else {
        Answer::status(404)
    }
}

/// The metadata of the authorization server `role`.
pub(crate) fn document(role: Role, world: &World) -> Value {
    let setting = &world.setting;
    let mut document = json!({
        "issuer": world.issuer(role),
        "authorization_endpoint": world.at(role, "authorize"),
        "token_endpoint": world.at(role, "token"),
        "revocation_endpoint": world.at(role, "revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [setting.client_authentication],
        "revocation_endpoint_auth_methods_supported": [setting.client_authentication],
        "scopes_supported": ["mcp:read", "mcp:write"],
    });
    if setting.registration {
        document["registration_endpoint"] = world.at(role, "register").into();
    }
    if setting.documents {
        document["client_id_metadata_document_supported"] = true.into();
    }
    if setting.iss {
        document["authorization_response_iss_parameter_supported"] = true.into();
    }
    document
}

/// RFC 7591 section 3.
pub(super) fn register(ask: &Ask, world: &mut World) -> Answer {
    if ask.method != "POST" || !world.setting.registration {
        return Answer::status(404);
    }
    let asked = ask.json();
    let uris: Vec<String> = asked["redirect_uris"]
        .as_array()
        .map(|uris| uris.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    if uris.is_empty() {
        return error(400, "invalid_redirect_uri", "redirect_uris holds no address");
    }
    let id = format!("client-{}", &world.random()[..16]);
    let method = world.setting.client_authentication;
    let secret = (method != "none").then(|| world.secret("client secret"));
    let mut document = json!({
        "client_id": id,
        "redirect_uris": uris,
        "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    if let Some(name) = asked.get("client_name") {
        document["client_name"] = name.clone();
    }
    if let Some(secret) = &secret {
        document["client_secret"] = secret.as_str().into();
        document["client_secret_expires_at"] = 0.into();
    }
    world.clients.push(Client { at: ask.role, id, secret, redirect_uris: uris, asked });
    Answer::json(201, &document).with("cache-control", "no-store")
}

/// RFC 6749 section 4.1.1. The person consents at once.
pub(super) fn authorize(ask: &Ask, world: &mut World) -> Answer {
    let param = |name| ask.param(name).unwrap_or_default();
    let client_id = param("client_id");
    let redirect_uri = param("redirect_uri");
    let is_document = world.setting.documents && client_id.starts_with("https://");
    let known = world.client(ask.role, &client_id);
    let registered = is_document
        || known.is_some_and(|client| {
            client.redirect_uris.iter().any(|uri| is_same_redirect(uri, &redirect_uri))
        });
    if !registered {
        return Answer::text(400, "text/plain", "unknown client_id or redirect_uri");
    }
    let back = |parameters: &[(&str, &str)], world: &World| {
        let mut to = redirect_uri.clone();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        if let Some(state) = ask.param("state") {
            query.append_pair("state", &state);
        }
        if world.setting.iss {
            query.append_pair("iss", &world.issuer(ask.role));
        }
        to.push(if to.contains('?') { '&' } else { '?' });
        to.push_str(&query.finish());
        Answer::redirect(302, to)
    };
    if param("response_type") != "code" {
        return back(&[("error", "unsupported_response_type")], world);
    }
    if param("code_challenge").is_empty() || param("code_challenge_method") != "S256" {
        return back(&[("error", "invalid_request")], world);
    }
    let resources = ask.params("resource");
    if !resources.is_empty() && resources != [world.endpoint()] {
        return back(&[("error", "invalid_target")], world);
    }
    let asked = Some(param("scope")).filter(|scope| !scope.is_empty());
    let scope = world.setting.granted.clone().or(asked);
    let scope = scope.unwrap_or_else(|| "mcp:read mcp:write".to_owned());
    let value = world.secret("code");
    world.codes.push(Code {
        at: ask.role,
        value: value.clone(),
        client_id,
        redirect_uri: redirect_uri.clone(),
        challenge: param("code_challenge"),
        scope,
        is_used: false,
    });
    back(&[("code", &value)], world)
}

/// On loopback the port does not matter (RFC 8252 section 7.3).
pub(crate) fn is_same_redirect(registered: &str, asked: &str) -> bool {
    let portless = |text: &str| {
        let mut url = url::Url::parse(text).ok()?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if !is_loopback || url.scheme() != "http" {
            return None;
        }
        url.set_port(None).ok()?;
        Some(url)
    };
    registered == asked
        || portless(registered).is_some_and(|url| portless(asked).as_ref() == Some(&url))
}

/// RFC 6749 sections 4.1.3 and 6.
pub(super) fn token(ask: &Ask, world: &mut World) -> Answer {
    if ask.method != "POST" {
        return Answer::status(405).with("allow", "POST");
    }
    if let Some(verifier) = ask.param("code_verifier") {
        world.learn("verifier", &verifier);
    }
    let client_id = match authenticated(ask, world) {
        Ok(client_id) => client_id,
        Err(answer) => return *answer,
    };
    let resources = ask.params("resource");
    if !resources.is_empty() && resources != [world.endpoint()] {
        return error(400, "invalid_target", "the resource is another");
    }
    match ask.param("grant_type").as_deref() {
        Some("authorization_code") => redeem(ask, world, &client_id),
        Some("refresh_token") => refresh(ask, world, &client_id),
        _ => error(400, "unsupported_grant_type", "there are codes and refresh tokens"),
    }
}

fn authenticated(ask: &Ask, world: &World) -> Result<String, Box<Answer>> {
    let (id, secret, method) = match (ask.basic(), ask.param("client_secret")) {
        (Some((id, secret)), _) => (id, Some(secret), "client_secret_basic"),
        (None, Some(secret)) => {
            (ask.param("client_id").unwrap_or_default(), Some(secret), "client_secret_post")
        }
        (None, None) => (ask.param("client_id").unwrap_or_default(), None, "none"),
    };
    if world.setting.documents && id.starts_with("https://") && secret.is_none() {
        return Ok(id);
    }
    let refused = |reason| Err(Box::new(error(401, "invalid_client", reason)));
    match world.client(ask.role, &id) {
        None => refused("the client is unknown here"),
        Some(client) if client.secret != secret => refused("the secret is not this client's"),
        Some(client)
            if client.secret.is_some() && method != world.setting.client_authentication =>
        {
            refused("the client authenticates in another way than it was told")
        }
        Some(_) => Ok(id),
    }
}

fn redeem(ask: &Ask, world: &mut World, client_id: &str) -> Answer {
    let value = ask.param("code").unwrap_or_default();
    let verifier = ask.param("code_verifier").unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let redirect_uri = ask.param("redirect_uri");
    let found = world.codes.iter_mut().find(|code| code.at == ask.role && code.value == value);
    let Some(code) = found.filter(|code| {
        !code.is_used
            && code.client_id == client_id
            && code.challenge == challenge
            && redirect_uri.as_ref().is_none_or(|uri| *uri == code.redirect_uri)
    }) else {
        return error(400, "invalid_grant", "the code does not go with the rest of the request");
    };
    code.is_used = true;
    let scope = code.scope.clone();
    issue(ask.role, world, client_id, &scope)
}

fn refresh(ask: &Ask, world: &mut World, client_id: &str) -> Answer {
    let value = ask.param("refresh_token").unwrap_or_default();
    let found = world.tokens.iter_mut().find(|token| {
        token.at == ask.role && token.kind == TokenKind::Refresh && token.value == value
    });
    match found.filter(|token| token.is_live && token.client_id == client_id) {
        Some(token) => {
            token.is_live = false;
            let scope = token.scope.clone();
            world.mark("refreshed");
            issue(ask.role, world, client_id, &scope)
        }
        None => error(400, "invalid_grant", "the refresh token is not valid"),
    }
}

/// A token response with new tokens (RFC 6749 section 5.1).
pub(crate) fn issue(at: Role, world: &mut World, client_id: &str, scope: &str) -> Answer {
    let access = world.secret("access token");
    let mut document = json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": world.setting.expires_in,
        "scope": scope,
    });
    let push = |world: &mut World, value: String, kind| {
        let (client_id, scope) = (client_id.to_owned(), scope.to_owned());
        world.tokens.push(Token { at, value, kind, client_id, scope, is_live: true });
    };
    push(world, access, TokenKind::Access);
    if world.setting.refresh {
        let refresh = world.secret("refresh token");
        document["refresh_token"] = refresh.as_str().into();
        push(world, refresh, TokenKind::Refresh);
    }
    Answer::json(200, &document).with("cache-control", "no-store")
}

/// RFC 7009 section 2.
pub(super) fn revoke(ask: &Ask, world: &mut World) -> Answer {
    if let Err(answer) = authenticated(ask, world) {
        return *answer;
    }
    let value = ask.param("token").unwrap_or_default();
    let ended = world.token(&value).map(|token| (token.client_id.clone(), token.kind));
    match ended {
        Some((client_id, TokenKind::Refresh)) => world.end(|token| token.client_id == client_id),
        _ => world.end(|token| token.value == value),
    }
    Answer::status(200)
}

/// An error answer (RFC 6749 section 5.2).
pub(crate) fn error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
        .with("cache-control", "no-store")
}
