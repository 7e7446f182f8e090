//! A browser with all its cookies.

use std::collections::BTreeMap;

use crate::server::{PASSWORD, Reply, Server};

/// A person's browser.
pub(crate) struct Browser<'s> {
    server: &'s Server,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Headers of every request.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// The value of the first form field `name` on a page.
#[track_caller]
pub(crate) fn field(page: &Reply, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.text.split_once(&start).unwrap_or_else(|| panic!("no {name}: {page:?}")).1;
    rest.split('"').next().expect("a value").to_owned()
}

/// The form token of the form that goes to `action`.
#[track_caller]
pub(crate) fn csrf_of(page: &Reply, action: &str) -> String {
    let form = page.text.split_once(&format!("action=\"{action}\">"));
    let rest = form.unwrap_or_else(|| panic!("no form {action}: {page:?}")).1;
    let rest = rest.split_once("name=\"csrf\" value=\"").expect("a form token").1;
    rest.split('"').next().expect("a value").to_owned()
}

impl<'s> Browser<'s> {
    pub(crate) const fn new(server: &'s Server) -> Self {
        Self { server, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// A browser at this address, as a trusted proxy says.
    pub(crate) fn at(server: &'s Server, address: &str) -> Self {
        let mut browser = Self::new(server);
        browser.headers.push(("x-forwarded-for", address.to_owned()));
        browser
    }

    #[track_caller]
    pub(crate) fn signed_in(server: &'s Server, email: &str) -> Self {
        let mut browser = Self::new(server);
        let reply = browser.sign_in(email, PASSWORD);
        assert_eq!(reply.status, 303, "{reply:?}");
        browser
    }

    pub(crate) fn sign_in(&mut self, email: &str, password: &str) -> Reply {
        self.cookies.retain(|name, _| name != "sid");
        let csrf = field(&self.get("/sign-in"), "csrf");
        self.post("/sign-in", &[("csrf", &csrf), ("email", email), ("password", password)])
    }

    pub(crate) fn is_signed_in(&mut self) -> bool {
        self.get("/").status == 200
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        let cookies = self.cookie_header();
        let mut headers = vec![("cookie", cookies.as_str())];
        headers.extend(self.headers.iter().map(|(name, value)| (*name, value.as_str())));
        let reply = self.server.get(path, &headers);
        self.keep(&reply);
        reply
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let cookies = self.cookie_header();
        let mut headers = vec![
            ("cookie", cookies.as_str()),
            ("origin", "null"),
            ("sec-fetch-site", "same-origin"),
        ];
        headers.extend(self.headers.iter().map(|(name, value)| (*name, value.as_str())));
        let reply = self.server.post_form(path, fields, &headers);
        self.keep(&reply);
        reply
    }

    fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, reply: &Reply) {
        for set in reply.headers.get_all("set-cookie") {
            let set = set.to_str().expect("text");
            assert!(set.contains("; HttpOnly; SameSite=Lax"), "{set}");
            let (name, value) =
                set.split(';').next().and_then(|p| p.split_once('=')).expect("a pair");
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
