//! What the servers of one scenario know: their addresses, their clients and what they issued.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::peer::ask::Ask;
use crate::peer::place::{Places, Role};
use crate::peer::script::{Route, Setting};

/// What the servers of one scenario know.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) setting: Setting,
    pub(crate) places: Places,
    /// The authorization server that the MCP server names, and whose tokens it takes.
    pub(crate) authority: Role,
    /// How often each thing has happened.
    pub(crate) marks: BTreeMap<String, usize>,
    pub(crate) clients: Vec<Client>,
    pub(crate) codes: Vec<Code>,
    pub(crate) tokens: Vec<Token>,
    /// Sessions of the revisions with `initialize`.
    pub(crate) sessions: Vec<String>,
    /// Every secret that was given out, by kind.
    pub(crate) secrets: Vec<(&'static str, String)>,
    /// Words in the paths of the authorization servers, so that nobody can guess them.
    word: String,
    purpose: String,
    drawn: u64,
}

/// A client that an authorization server knows.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) at: Role,
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    /// The registration as the client asked for it.
    pub(crate) asked: Value,
}

/// An authorization code, and what it was issued for.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) at: Role,
    pub(crate) value: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) scope: String,
    pub(crate) is_used: bool,
}

/// A token, and what it was issued for.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) at: Role,
    pub(crate) value: String,
    pub(crate) kind: TokenKind,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) is_live: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Access,
    Refresh,
}

impl World {
    pub(crate) fn new(setting: Setting, places: Places, purpose: &str) -> Self {
        let mut world = Self {
            setting,
            places,
            authority: Role::Authority,
            marks: BTreeMap::new(),
            clients: Vec::new(),
            codes: Vec::new(),
            tokens: Vec::new(),
            sessions: Vec::new(),
            secrets: Vec::new(),
            word: String::new(),
            purpose: purpose.to_owned(),
            drawn: 0,
        };
        world.word = format!("as-{}", &world.random()[..6].to_ascii_lowercase());
        if world.setting.known_client {
            let id = format!("known-{}", &world.random()[..10]);
            let redirect_uris = vec!["http://127.0.0.1/callback".to_owned()];
            let asked = Value::Null;
            let client = Client { at: Role::Authority, id, secret: None, redirect_uris, asked };
            world.clients.push(client);
        }
        world
    }

    /// The address of the MCP endpoint.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/mcp", self.places.base(Role::Resource))
    }

    /// The issuer of an authorization server.
    pub(crate) fn issuer(&self, role: Role) -> String {
        format!("{}{}", self.places.base(role), self.setting.issuer_path)
    }

    /// The address of an endpoint of an authorization server: `authorize`, `token`, `register` or
    /// `revoke`.
    pub(crate) fn at(&self, role: Role, endpoint: &str) -> String {
        format!("{}/{}/{endpoint}", self.places.base(role), self.word)
    }

    /// The address of the protected resource metadata that the challenge names.
    pub(crate) fn resource_metadata(&self) -> String {
        let base = self.places.base(Role::Resource);
        let origin = self.places.origin(Role::Resource);
        format!("{origin}/.well-known/oauth-protected-resource{}/mcp", &base[origin.len()..])
    }

    /// What a request is for.
    pub(crate) fn route(&self, ask: &Ask) -> Route {
        let path = ask.path.as_str();
        let endpoint = path.strip_prefix('/').and_then(|path| path.strip_prefix(&self.word));
        match (ask.role, endpoint) {
            (_, Some("/register")) => Route::Register,
            (_, Some("/authorize")) => Route::Authorize,
            (_, Some("/token")) => Route::Token,
            (_, Some("/revoke")) => Route::Revoke,
            (Role::Resource, _) if path == "/mcp" => Route::Mcp,
            _ if path.contains("/.well-known/oauth-protected-resource") => Route::ResourceMetadata,
            _ if path.contains("/.well-known/oauth-authorization-server")
                || path.contains("/.well-known/openid-configuration") =>
            {
                Route::ServerMetadata
            }
            _ => Route::Elsewhere,
        }
    }

    /// Notes that something has happened; how often it has by now.
    pub(crate) fn mark(&mut self, what: &str) -> usize {
        let count = self.marks.entry(what.to_owned()).or_default();
        *count += 1;
        *count
    }

    pub(crate) fn marked(&self, what: &str) -> usize {
        self.marks.get(what).copied().unwrap_or_default()
    }

    /// 256 bits in 43 characters, the same in every run with the same seed.
    pub(crate) fn random(&mut self) -> String {
        self.drawn += 1;
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{} {}", self.purpose, self.drawn)))
    }

    /// A new secret, which is remembered so that it can be recognised wherever it turns up.
    pub(crate) fn secret(&mut self, kind: &'static str) -> String {
        let value = self.random();
        self.learn(kind, &value);
        value
    }

    /// Remembers a secret that came from elsewhere.
    pub(crate) fn learn(&mut self, kind: &'static str, value: &str) {
        if !self.secrets.iter().any(|(_, known)| known == value) {
            self.secrets.push((kind, value.to_owned()));
        }
    }

    pub(crate) fn client(&self, at: Role, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.at == at && client.id == id)
    }

    pub(crate) fn token(&self, value: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.value == value)
    }

    /// Ends every access token, as if its time were over.
    pub(crate) fn expire_access(&mut self) {
        self.end(|token| token.kind == TokenKind::Access);
    }

    /// Ends the tokens that `which` picks.
    pub(crate) fn end(&mut self, which: impl Fn(&Token) -> bool) {
        self.tokens.iter_mut().filter(|token| which(token)).for_each(|token| token.is_live = false);
    }
}
