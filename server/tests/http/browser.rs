//! A browser: one cookie, and forms as the pages have them.

use lookout_schema::ScopeSet;

use crate::server::{CALLBACK, CHALLENGE, EMAIL, PASSWORD, Reply, Server};

/// A person's browser.
pub(crate) struct Browser<'s> {
    server: &'s Server,
    cookie: Option<String>,
}

/// The tokens of a connection.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) scope: String,
}

impl Tokens {
    #[track_caller]
    pub(crate) fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{reply:?}");
        let document = reply.json();
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), scope: text("scope") }
    }
}

/// The value of the first form field `name` on a page.
#[track_caller]
pub(crate) fn field(page: &Reply, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest =
        page.text.split_once(&start).unwrap_or_else(|| panic!("no field {name}: {page:?}")).1;
    rest.split('"').next().expect("a value").to_owned()
}

/// The form token of the form that goes to `action`.
#[track_caller]
pub(crate) fn csrf_of(page: &Reply, action: &str) -> String {
    let start = format!("action=\"{action}\">\n<input type=\"hidden\" name=\"csrf\" value=\"");
    let rest =
        page.text.split_once(&start).unwrap_or_else(|| panic!("no form {action}: {page:?}")).1;
    rest.split('"').next().expect("a value").to_owned()
}

impl<'s> Browser<'s> {
    pub(crate) const fn new(server: &'s Server) -> Self {
        Self { server, cookie: None }
    }

    pub(crate) fn signed_in(server: &'s Server) -> Self {
        Self::signed_in_as(server, EMAIL)
    }

    pub(crate) fn signed_in_as(server: &'s Server, email: &str) -> Self {
        let mut browser = Self::new(server);
        let reply = browser.sign_in(email, PASSWORD);
        assert_eq!(reply.status, 303, "{reply:?}");
        browser
    }

    pub(crate) fn sign_in(&mut self, email: &str, password: &str) -> Reply {
        let page = self.get("/sign-in");
        let csrf = field(&page, "csrf");
        self.post("/sign-in", &[("csrf", &csrf), ("email", email), ("password", password)])
    }

    /// The `name=value` of the cookie.
    pub(crate) fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap_or_default()
    }

    /// The value of the cookie.
    pub(crate) fn secret(&self) -> &str {
        self.cookie().split_once('=').map_or("", |(_, value)| value)
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        let cookie = self.cookie().to_owned();
        let reply = self.server.get(path, &[("cookie", &cookie)]);
        self.keep(&reply);
        reply
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.post_from(path, fields, &[("origin", "null"), ("sec-fetch-site", "same-origin")])
    }

    pub(crate) fn post_from(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Reply {
        let cookie = self.cookie().to_owned();
        let mut all = vec![("cookie", cookie.as_str())];
        all.extend(headers);
        let reply = self.server.post_form(path, fields, &all);
        self.keep(&reply);
        reply
    }

    fn keep(&mut self, reply: &Reply) {
        let set = reply.header("set-cookie");
        if let Some(pair) = set.split(';').next().filter(|pair| !pair.is_empty()) {
            self.cookie = Some(pair.to_owned());
        }
    }

    /// Opens the authorization endpoint for `client` with `more` parameters.
    pub(crate) fn authorize(&mut self, client: &str, more: &[(&str, &str)]) -> Reply {
        self.get(&authorize_path(client, more))
    }

    /// Answers a consent page.
    pub(crate) fn answer(&mut self, page: &Reply, decision: &str, scopes: &[&str]) -> Reply {
        assert_eq!(page.status, 200, "{page:?}");
        let (request, csrf) = (field(page, "request"), field(page, "csrf"));
        let mut fields =
            vec![("request", request.as_str()), ("csrf", &csrf), ("decision", decision)];
        fields.extend(scopes.iter().map(|&scope| ("scope", scope)));
        self.post("/oauth/consent", &fields)
    }

    /// Allows `client` everything that it asks for, and returns the code.
    #[track_caller]
    pub(crate) fn allow(&mut self, client: &str, more: &[(&str, &str)]) -> String {
        let page = self.authorize(client, more);
        let names = ScopeSet::all().to_string();
        let scopes: Vec<&str> = names.split(' ').collect();
        let reply = self.answer(&page, "allow", &scopes);
        assert_eq!(reply.status, 303, "{reply:?}");
        reply.parameter("code").expect("a code")
    }

    /// Connects `client` with everything.
    #[track_caller]
    pub(crate) fn connect(&mut self, client: &str) -> Tokens {
        let code = self.allow(client, &[]);
        Tokens::of(&self.server.redeem(client, &code))
    }
}

/// The authorization request of `client`; a parameter of `more` replaces the usual one, and an empty value removes it.
pub(crate) fn authorize_path(client: &str, more: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "af0ifjsldkj"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let pairs = kept.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty());
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/oauth/authorize?{query}")
}
