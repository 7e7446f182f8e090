//! An OpenID provider on loopback that can do everything wrong.

#![allow(dead_code, reason = "each test binary uses another part")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lookout_server::config::{OidcSettings, Settings};
use rcgen::{KeyPair, PKCS_ED25519, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use url::Url;

pub(crate) const CLIENT_SECRET: &str = "the-secret-of-this-server-4711";
pub(crate) const CLIENT_ID: &str = "lookout";

/// What the provider does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nonce,
    NoNonce,
    Audience,
    MoreAudiences,
    AuthorizedParty,
    Issuer,
    Expired,
    NoExpiry,
    IssuedLater,
    NoAlgorithm,
    SharedSecret,
    OtherKey,
    UnknownKey,
    Changed,
    NoSubject,
    ControlInSubject,
    NoToken,
    NotAToken,
    CodeRefused,
    TokenGarbage,
    TokenHuge,
    TokenSlow,
    TokenRedirect,
    DiscoveryRedirect,
    DiscoveryHuge,
    DiscoverySlow,
    DiscoveryGarbage,
    DiscoveryError,
    DiscoveryOfAnother,
    KeysElsewhere,
    BrowsersElsewhere,
}

/// What the provider knows and was asked.
pub(crate) struct State {
    pub(crate) wrong: Option<Wrong>,
    pub(crate) subject: String,
    /// Claims of the identity token besides.
    pub(crate) claims: Value,
    /// Whether answers name their issuer, and the metadata says so.
    pub(crate) names_issuer: bool,
    /// Nonce and challenge by code.
    codes: HashMap<String, (String, String)>,
    /// Every token and code that was given out.
    pub(crate) secrets: Vec<String>,
    /// Paths that were asked for.
    pub(crate) asked: Vec<String>,
    key: KeyPair,
    kid: String,
}

/// The provider. It runs until the process ends.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
    pub(crate) folder: TempDir,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State {
            wrong: None,
            subject: "subject-1".to_owned(),
            claims: json!({}),
            names_issuer: false,
            codes: HashMap::new(),
            secrets: Vec::new(),
            asked: Vec::new(),
            key: KeyPair::generate_for(&PKCS_ED25519).expect("a key"),
            kid: "one".to_owned(),
        }));
        let (shared, base) = (Arc::clone(&state), issuer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, base) = (Arc::clone(&shared), base.clone());
                std::thread::spawn(move || answer(stream, &shared, &base));
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secret");
        fs::write(&file, format!("{CLIENT_SECRET}\n")).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
        Self { issuer, state, folder }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test thread panicked meanwhile")
    }

    pub(crate) fn does(&self, wrong: Wrong) {
        self.state().wrong = Some(wrong);
    }

    /// From now on the provider signs with a new key, and says so.
    pub(crate) fn turn_key(&self) {
        let mut state = self.state();
        state.key = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        state.kid = "two".to_owned();
    }

    /// `[oidc]` for this provider.
    pub(crate) fn oidc(&self) -> OidcSettings {
        OidcSettings {
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret_file: Some(self.folder.path().join("secret")),
            name: "Example".to_owned(),
            scopes: vec!["email".to_owned(), "profile".to_owned()],
            password_sign_in: true,
            create_accounts: false,
            workspace: None,
            role: "member".to_owned(),
            email_domains: Vec::new(),
        }
    }

    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.oidc = Some(self.oidc());
    }

    /// What a person's consent at the provider leads to: the path of the way back, for the address that the server sent the browser to.
    #[track_caller]
    pub(crate) fn consent(&self, location: &str) -> String {
        let url = Url::parse(location).expect("an address");
        assert_eq!(url[..url::Position::AfterPath], format!("{}/authorize", self.issuer));
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT_ID);
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["scope"], "openid email profile");
        assert!(!location.contains(CLIENT_SECRET));
        assert!(query["state"].len() >= 43 && query["nonce"].len() >= 43, "{query:?}");
        let mut state = self.state();
        let code = format!("upstream-code-{}-{}", state.codes.len(), &query["nonce"][..8]);
        let known = (query["nonce"].clone(), query["code_challenge"].clone());
        state.codes.insert(code.clone(), known);
        state.secrets.extend([code.clone(), query["state"].clone()]);
        let mut back = Url::parse(&query["redirect_uri"]).expect("an address");
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
        if state.names_issuer {
            back.query_pairs_mut().append_pair("iss", &self.issuer);
        }
        back[url::Position::BeforePath..].to_owned()
    }
}

fn answer(stream: TcpStream, shared: &Mutex<State>, base: &str) {
    let mut reader = BufReader::new(stream.try_clone().expect("a clone"));
    let (mut first, mut length, mut authorization) = (String::new(), 0, String::new());
    if reader.read_line(&mut first).is_err() {
        return;
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) < 3 {
            break;
        }
        let (name, value) = line.split_once(':').expect("a header");
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a number"),
            "authorization" => authorization = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let wrong = {
        let mut state = shared.lock().expect("a provider");
        state.asked.push(path.clone());
        state.wrong
    };
    let (status, location, text) = match path.as_str() {
        "/.well-known/openid-configuration" => discovery(wrong, shared, base),
        "/keys" => (200, "", keys(shared)),
        "/token" => token(wrong, shared, base, &authorization, &body),
        _ => (404, "", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nlocation: {location}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let mut stream = stream;
    // The server may have hung up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
}

type Answer = (u16, &'static str, String);

fn discovery(wrong: Option<Wrong>, shared: &Mutex<State>, base: &str) -> Answer {
    let mut document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        "authorization_response_iss_parameter_supported": shared.lock().expect("a provider").names_issuer,
    });
    match wrong {
        Some(Wrong::DiscoveryRedirect) => return (302, "/elsewhere", String::new()),
        Some(Wrong::DiscoveryHuge) => {
            document["padding"] = json!("x".repeat(1 << 20));
        }
        Some(Wrong::DiscoverySlow) => std::thread::sleep(Duration::from_secs(7)),
        Some(Wrong::DiscoveryGarbage) => return (200, "", "<html>".to_owned()),
        Some(Wrong::DiscoveryError) => return (500, "", "{}".to_owned()),
        Some(Wrong::DiscoveryOfAnother) => document["issuer"] = json!("http://127.0.0.1:1"),
        Some(Wrong::KeysElsewhere) => document["jwks_uri"] = json!("http://192.0.2.1/keys"),
        Some(Wrong::BrowsersElsewhere) => {
            document["authorization_endpoint"] = json!("http://192.0.2.1/authorize");
        }
        _ => {}
    }
    (200, "", document.to_string())
}

fn keys(shared: &Mutex<State>) -> String {
    let state = shared.lock().expect("a provider");
    let x = URL_SAFE_NO_PAD.encode(state.key.public_key_raw());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": state.kid, "x": x }] })
        .to_string()
}

fn token(
    wrong: Option<Wrong>,
    shared: &Mutex<State>,
    base: &str,
    authorization: &str,
    body: &[u8],
) -> Answer {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    match wrong {
        Some(Wrong::CodeRefused) => {
            return (400, "", json!({ "error": "invalid_grant" }).to_string());
        }
        Some(Wrong::TokenGarbage) => return (200, "", "\0<html>".to_owned()),
        Some(Wrong::TokenHuge) => {
            return (200, "", format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20)));
        }
        Some(Wrong::TokenSlow) => std::thread::sleep(Duration::from_secs(7)),
        Some(Wrong::TokenRedirect) => return (307, "/elsewhere", String::new()),
        _ => {}
    }
    let mut state = shared.lock().expect("a provider");
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    let Some((nonce, challenge)) = state.codes.remove(&form["code"]) else {
        return (400, "", json!({ "error": "invalid_grant" }).to_string());
    };
    let proves = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"])) == challenge;
    if authorization != expected || !proves || form["grant_type"] != "authorization_code" {
        return (400, "", json!({ "error": "invalid_client" }).to_string());
    }
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": base, "aud": CLIENT_ID, "sub": state.subject, "nonce": nonce, "iat": now, "exp": now + 300,
    });
    for (name, value) in state.claims.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    let mut header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": state.kid });
    match wrong {
        Some(Wrong::Nonce) => claims["nonce"] = json!("another"),
        Some(Wrong::NoNonce) => drop(claims.as_object_mut().expect("claims").remove("nonce")),
        Some(Wrong::Audience) => claims["aud"] = json!("another"),
        Some(Wrong::MoreAudiences) => claims["aud"] = json!([CLIENT_ID, "another"]),
        Some(Wrong::AuthorizedParty) => claims["azp"] = json!("another"),
        Some(Wrong::Issuer) => claims["iss"] = json!("https://another.example"),
        Some(Wrong::Expired) => claims["exp"] = json!(now - 1),
        Some(Wrong::NoExpiry) => drop(claims.as_object_mut().expect("claims").remove("exp")),
        Some(Wrong::IssuedLater) => {
            claims["iat"] = json!(now + 3600);
            claims["exp"] = json!(now + 7200);
        }
        Some(Wrong::NoSubject) => claims["sub"] = json!(""),
        Some(Wrong::ControlInSubject) => claims["sub"] = json!("a\u{0}b"),
        Some(Wrong::NoAlgorithm) => header["alg"] = json!("none"),
        Some(Wrong::SharedSecret) => header["alg"] = json!("HS256"),
        Some(Wrong::UnknownKey) => header["kid"] = json!("nobody's"),
        _ => {}
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let other = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
    let key = if wrong == Some(Wrong::OtherKey) { &other } else { &state.key };
    let signature = match wrong {
        Some(Wrong::NoAlgorithm) => Vec::new(),
        Some(Wrong::SharedSecret) => shared_secret_signature(signed.as_bytes()),
        _ => key.sign(signed.as_bytes()).expect("a signature"),
    };
    let signed = if wrong == Some(Wrong::Changed) {
        claims["sub"] = json!("subject-of-an-administrator");
        format!("{}.{}", part(&header), part(&claims))
    } else {
        signed
    };
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    let count = state.secrets.len();
    let access = format!("upstream-access-{count}-{}", now % 10_007);
    let refresh = format!("upstream-refresh-{count}-{}", now % 10_007);
    state.secrets.extend([token.clone(), access.clone(), refresh.clone()]);
    let mut document = json!({ "access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 300, "id_token": token });
    match wrong {
        Some(Wrong::NoToken) => {
            drop(document.as_object_mut().expect("an object").remove("id_token"))
        }
        Some(Wrong::NotAToken) => document["id_token"] = json!("a.b.c"),
        _ => {}
    }
    (200, "", document.to_string())
}

/// What somebody makes who takes the client secret for a key.
fn shared_secret_signature(text: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<Sha256>::new_from_slice(CLIENT_SECRET.as_bytes()).expect("a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
