//! One request of the client, as it arrived.

use serde_json::Value;

use crate::peer::place::Role;

/// One request of the client, as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Which server it came to.
    pub(crate) role: Role,
    pub(crate) method: String,
    /// The path below the server's base address, with what a tunnel adds taken away.
    pub(crate) path: String,
    /// The query as sent, without the question mark.
    pub(crate) query: Option<String>,
    /// The whole address, as the client must have written it.
    pub(crate) url: String,
    /// Names in lower case, in the order they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every header of this name.
    pub(crate) fn all_headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |(known, _): &&(String, String)| known == name;
        self.headers.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// The parameters of the query.
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(self.query.as_deref().unwrap_or_default().as_bytes())
    }

    /// The parameters of a form body; none when it is something else.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let kind = self.header("content-type").unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            pairs(&self.body)
        } else {
            Vec::new()
        }
    }

    /// The parameter of this name: in the body of a POST, in the query of anything else.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        self.params(name).into_iter().next()
    }

    /// Every parameter of this name.
    pub(crate) fn params(&self, name: &str) -> Vec<String> {
        let all = if self.method == "POST" { self.form() } else { self.query_pairs() };
        all.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The JSON-RPC method of the body.
    pub(crate) fn rpc_method(&self) -> Option<String> {
        self.json().get("method").and_then(Value::as_str).map(str::to_owned)
    }

    /// The tool of a `tools/call`.
    pub(crate) fn tool(&self) -> Option<String> {
        let body = self.json();
        let is_call = body.get("method").is_some_and(|method| method == "tools/call");
        let name = body.pointer("/params/name").and_then(Value::as_str);
        name.filter(|_| is_call).map(str::to_owned)
    }

    /// The bearer token of the `Authorization` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// User and secret of HTTP Basic, as OAuth encodes them (RFC 6749 section 2.3.1).
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        use base64::Engine as _;
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, secret) =
            text.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        Some((decoded(user), decoded(secret)))
    }

    /// Method and address, for people.
    pub(crate) fn line(&self) -> String {
        let tool = self.tool().map(|tool| format!(" {tool}")).unwrap_or_default();
        let rpc = self.rpc_method().map(|method| format!(" ({method}{tool})")).unwrap_or_default();
        format!("{} {}{rpc}", self.method, self.url)
    }
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn decoded(text: &str) -> String {
    pairs(format!("v={text}").as_bytes()).pop().map(|(_, value)| value).unwrap_or_default()
}
