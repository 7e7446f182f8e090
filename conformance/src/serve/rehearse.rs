//! What a scenario needs, found by going through it once before anybody comes.
//!
//! The servers are asked what an ordinary client asks, without a connection. A scenario may turn
//! away from the ordinary flow early; what it needs after that is not seen, and not known here.

use serde_json::{Value, json};

use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::honest::mcp::MODERN;
use crate::peer::place::{Places, Role};
use crate::peer::script::{READ_TOOL, Script};
use crate::peer::stage::Stage;
use crate::peer::world::TokenKind;

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    /// A host that is none of the client's servers plays a part.
    pub(super) stranger: bool,
    /// An attacker comes to the client's own loopback listener.
    pub(super) listener: bool,
}

/// SHA-256 of [`VERIFIER`] (RFC 7636 appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// Goes through `script` as an ordinary client would.
pub(super) fn rehearse(script: Script) -> Needs {
    let places = Places::new(|role| format!("http://{}.example", role.slug()));
    let steps = script.steps.clone();
    let stage = Stage::new(script, places.clone(), "rehearsal");
    let mut walk = Walk { stage, is_visited: false };
    walk.mcp("server/discover", &json!({}));
    let resource = places.base(Role::Resource).to_owned();
    walk.get(Role::Resource, &format!("{resource}/.well-known/oauth-protected-resource/mcp"));
    walk.get(Role::Resource, &format!("{resource}/.well-known/oauth-protected-resource"));
    for role in [Role::Authority, Role::OtherAuthority] {
        walk.authorize(role);
    }
    walk.mcp("tools/list", &json!({}));
    walk.mcp("tools/call", &json!({ "name": READ_TOOL, "arguments": {} }));
    for step in steps.iter().filter(|step| step["do"] == "call-tool") {
        let arguments = json!({ "name": step["name"], "arguments": step["arguments"] });
        walk.mcp("tools/call", &arguments);
    }
    Needs { stranger: places.is_stranger_wanted(), listener: walk.is_visited }
}

struct Walk {
    stage: Stage,
    is_visited: bool,
}

impl Walk {
    fn ask(&mut self, role: Role, method: &str, url: &str, kind: &str, body: String) -> Answer {
        let world = self.stage.world();
        let rest = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let target = rest.map_or("/".to_owned(), |(_, target)| format!("/{target}"));
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (target, None),
        };
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        let live = world.tokens.iter().rev();
        let live = live.filter(|token| token.kind == TokenKind::Access);
        if let Some(token) = live.clone().next().filter(|_| role == Role::Resource) {
            headers.push(("authorization".to_owned(), format!("Bearer {}", token.value)));
            headers.push(("mcp-protocol-version".to_owned(), MODERN.to_owned()));
        }
        let answer = self.stage.rehearse(Ask {
            role,
            method: method.to_owned(),
            path,
            query,
            url: url.to_owned(),
            headers,
            body: body.into_bytes(),
        });
        self.is_visited |= !answer.before.is_empty();
        answer
    }

    fn get(&mut self, role: Role, url: &str) -> Answer {
        self.ask(role, "GET", url, "", String::new())
    }

    fn mcp(&mut self, method: &str, params: &Value) -> Answer {
        let mut params = params.clone();
        params["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": MODERN });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let url = self.stage.world().endpoint();
        self.ask(Role::Resource, "POST", &url, "application/json", body.to_string())
    }

    fn authorize(&mut self, role: Role) {
        let world = self.stage.world();
        let (base, path) = (world.places.base(role), &world.setting.issuer_path);
        self.get(role, &format!("{base}/.well-known/oauth-authorization-server{path}"));
        self.get(role, &format!("{base}/.well-known/openid-configuration{path}"));
        self.get(role, &format!("{base}{path}/.well-known/openid-configuration"));
        let registration = json!({ "redirect_uris": [CALLBACK], "client_name": "rehearsal" });
        let (json, form) = ("application/json", "application/x-www-form-urlencoded");
        let url = world.at(role, "register");
        self.ask(role, "POST", &url, json, registration.to_string());
        let clients = self.stage.world().clients;
        let client = clients.into_iter().rev().find(|client| client.at == role);
        let Some(client) = client else { return };
        let query = encoded(&[
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", CALLBACK),
            ("state", "rehearsal"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("resource", &world.endpoint()),
        ]);
        self.get(role, &format!("{}?{query}", world.at(role, "authorize")));
        let codes = self.stage.world().codes;
        let Some(code) = codes.into_iter().rev().find(|code| code.at == role) else { return };
        let secret = client.secret.unwrap_or_default();
        let body = encoded(&[
            ("grant_type", "authorization_code"),
            ("code", &code.value),
            ("redirect_uri", CALLBACK),
            ("client_id", &client.id),
            ("client_secret", &secret),
            ("code_verifier", VERIFIER),
            ("resource", &world.endpoint()),
        ]);
        self.ask(role, "POST", &world.at(role, "token"), form, body);
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let kept = pairs.iter().filter(|(_, value)| !value.is_empty());
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
}
