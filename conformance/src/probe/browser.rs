//! A browser: cookies, form submission, sign-in, and walking to where a flow lands.
//!
//! The walk never contacts a redirect URI. A `Location` that leaves the authorization server is the
//! end of the walk, and what it says is the result.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::form::Page;
use crate::probe::http::{Reply, Request};
use crate::probe::webdriver::Session;

/// Redirects in a row before a walk is called a loop.
const LONGEST_WALK: usize = 10;

/// One person's browser. Sharing it shares the session.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    cookies: Mutex<Vec<Cookie>>,
    /// The real browser behind it, where there is one and it has been started.
    session: Mutex<Option<Session>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The attributes as sent, in lower case.
    pub(crate) attributes: String,
    /// Where it is sent: to this path and below. Servers keep concurrent flows apart by it.
    path: String,
    /// The host it is sent to, whichever the port (RFC 6265 section 8.5).
    host: String,
    /// Whether hosts below `host` get it too: it named its domain.
    is_for_subdomains: bool,
}

impl Browser {
    /// The real browser, for as long as it is held.
    pub(crate) fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `Cookie` header for a request to anywhere, unless there are none.
    pub(crate) fn header(&self) -> Option<String> {
        written(self.stored().iter())
    }

    /// The `Cookie` header for a request to `url`, the longer paths first (RFC 6265 section 5.4).
    fn header_for(&self, url: &str) -> Option<String> {
        let url = url::Url::parse(url).ok()?;
        let mut cookies = self.stored();
        cookies.retain(|cookie| cookie.is_for(&url));
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        written(cookies.iter())
    }

    /// Every cookie by name; of several with one name, the latest.
    pub(crate) fn cookies(&self) -> BTreeMap<String, Cookie> {
        self.stored().into_iter().map(|cookie| (cookie.name.clone(), cookie)).collect()
    }

    fn stored(&self) -> Vec<Cookie> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn store(&self, reply: &Reply, url: &str) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for line in reply.all("set-cookie") {
            let Some(cookie) = Cookie::read(line, url) else { continue };
            let place =
                |cookie: &Cookie| (cookie.name.clone(), cookie.host.clone(), cookie.path.clone());
            cookies.retain(|have| place(have) != place(&cookie));
            if !cookie.value.is_empty() && !cookie.attributes.contains("max-age=0") {
                cookies.push(cookie);
            }
        }
    }
}

impl Cookie {
    /// Reads one `Set-Cookie` line of an answer to a request to `url`; nothing when it is for a
    /// domain that `url` is not in (RFC 6265 section 5.3).
    fn read(line: &str, url: &str) -> Option<Self> {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=')?;
        let attribute = |wanted: &str| {
            let mut pairs = attributes.split(';').filter_map(|part| part.trim().split_once('='));
            pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
        };
        let path = match attribute("path") {
            Some(path) if path.starts_with('/') => path.to_owned(),
            _ => folder(url),
        };
        let own = url::Url::parse(url).ok()?.host_str()?.to_owned();
        let domain = attribute("domain").map(|domain| domain.trim_start_matches('.'));
        let domain = domain.filter(|domain| !domain.is_empty()).map(str::to_ascii_lowercase);
        if domain.as_ref().is_some_and(|domain| !is_within(&own, domain)) {
            return None;
        }
        Some(Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            attributes: attributes.trim().to_ascii_lowercase(),
            path,
            is_for_subdomains: domain.is_some(),
            host: domain.unwrap_or(own),
        })
    }

    /// Whether it is sent to `url` (RFC 6265 sections 5.1.3 and 5.1.4).
    fn is_for(&self, url: &url::Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        if host != self.host && !(self.is_for_subdomains && is_within(host, &self.host)) {
            return false;
        }
        let rest = url.path().strip_prefix(&self.path);
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        })
    }
}

/// Whether `host` is `domain` or a name below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The path of a cookie that names none: that of the request up to its last slash.
fn folder(url: &str) -> String {
    let path = url::Url::parse(url).map_or_else(|_| String::new(), |url| url.path().to_owned());
    match path.rsplit_once('/') {
        Some((start, _)) if !start.is_empty() => start.to_owned(),
        _ => "/".to_owned(),
    }
}

fn written<'a>(cookies: impl Iterator<Item = &'a Cookie>) -> Option<String> {
    let pairs: Vec<String> =
        cookies.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

/// Where a walk ended.
#[derive(Clone, Debug)]
pub(crate) enum Landing {
    /// A page of the authorization server's own.
    Page {
        reply: Reply,
        /// The address that answered, for resolving links.
        address: String,
    },
    /// A redirect that leaves it.
    Callback(Callback),
}

#[derive(Clone, Debug)]
pub(crate) struct Callback {
    /// The status of the redirect; a browser or a program does not show it.
    pub(crate) status: Option<u16>,
    /// The `Location` as sent.
    pub(crate) uri: String,
    /// Parameters of the query and then of the fragment, after decoding, in order.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Callback {
    pub(crate) fn new(status: Option<u16>, uri: String) -> Self {
        let mut parameters = Vec::new();
        if let Ok(url) = url::Url::parse(&uri) {
            parameters.extend(url.query_pairs().into_owned());
            // Where answers to response types other than code go.
            let fragment = url.fragment().unwrap_or_default();
            parameters.extend(url::form_urlencoded::parse(fragment.as_bytes()).into_owned());
        }
        Self { status, uri, parameters }
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.parameters.iter().filter(move |(have, _)| have == name);
        named.map(|(_, value)| value.as_str())
    }

    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

impl Probe<'_> {
    /// Sends one request with the browser's cookies, and keeps what it is given.
    pub(crate) fn visit(&self, browser: &Browser, request: Request) -> Result<Reply, ProbeError> {
        // A browser knows the replicas by the one name they share.
        let shared = self.shared_address(&request.url);
        let request = match browser.header_for(&shared) {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        };
        let reply = self.send(&request)?;
        browser.store(&reply, &shared);
        for cookie in browser.cookies().values() {
            self.learn("cookie", &cookie.value);
        }
        Ok(reply)
    }

    /// Follows redirects from `request` until a page answers or the flow leaves the server.
    pub(crate) fn walk(&self, browser: &Browser, request: Request) -> Result<Landing, ProbeError> {
        let mut request = request;
        for _ in 0..LONGEST_WALK {
            let address = request.url.clone();
            let reply = self.visit(browser, request)?;
            let location = reply.header("location").map(str::to_owned);
            let Some(location) = location.filter(|_| reply.is_redirect()) else {
                return Ok(Landing::Page { reply, address });
            };
            match self.own_address(&address, &location) {
                Some(next) => request = Request::get(next),
                None => {
                    return Ok(Landing::Callback(self.called_back(Some(reply.status), location)));
                }
            }
        }
        Err(ProbeError::step("follow redirects", format!("more than {LONGEST_WALK} in a row")))
    }

    /// What a redirect to `uri` says, its code taken into custody.
    pub(crate) fn called_back(&self, status: Option<u16>, uri: String) -> Callback {
        let callback = Callback::new(status, uri);
        for code in callback.all("code") {
            self.learn("code", code);
        }
        callback
    }

    /// A page, read with what the target says of its parts.
    pub(crate) fn read_page(&self, html: &str, address: &str) -> Page {
        let mut page = Page::read(html, address);
        if let Some(hints) = self.form_hints() {
            page.hints = hints.clone();
        }
        page
    }

    /// Like [`Probe::walk`], but signs in whenever a page asks for a password.
    pub(crate) fn walk_signed_in(
        &self,
        browser: &Browser,
        request: Request,
    ) -> Result<Landing, ProbeError> {
        let landing = self.walk(browser, request)?;
        let Landing::Page { reply, address } = &landing else { return Ok(landing) };
        if !self.may_be_sign_in(&reply.body) {
            return Ok(landing);
        }
        let page = self.read_page(&reply.body, address);
        let (Some(form), Some(person)) = (page.sign_in(), self.person()) else {
            return Ok(landing);
        };
        let mut form = form.clone();
        form.sign_in(&page.hints, &person.user, person.password.expose());
        let entries = form.entries(form.proceeding_button());
        let landing = self.walk(browser, form.request(&entries))?;
        if let Landing::Page { reply, address } = &landing
            && self.may_be_sign_in(&reply.body)
            && self.read_page(&reply.body, address).sign_in().is_some()
        {
            return Err(ProbeError::page("sign-in", "it asked again: is the password right?"));
        }
        Ok(landing)
    }

    /// Whether `html` is worth reading as a sign-in page.
    fn may_be_sign_in(&self, html: &str) -> bool {
        let named = |name: &Option<String>| name.as_ref().is_some_and(|name| html.contains(name));
        may_ask_for_a_password(html)
            || self
                .form_hints()
                .is_some_and(|hints| named(&hints.user_field) || named(&hints.password_field))
    }

    /// `location` as an absolute address if it stays on the server under test.
    fn own_address(&self, from: &str, location: &str) -> Option<String> {
        let next = url::Url::parse(from).ok()?.join(location).ok()?;
        self.is_own_origin(&next).then(|| next.into())
    }
}

/// Reading a page is dear, and most pages of a flow have no password field.
fn may_ask_for_a_password(html: &str) -> bool {
    let html = html.to_ascii_lowercase();
    ["=\"password\"", "='password'", "=password"].iter().any(|field| html.contains(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(lines: &[&str]) -> Browser {
        let browser = Browser::default();
        let read = |line: &&str| Cookie::read(line, "http://127.0.0.1/flow/start");
        *browser.cookies.lock().unwrap() = lines.iter().filter_map(read).collect();
        browser
    }

    #[test]
    fn a_cookie_goes_to_its_path_and_below_only() {
        let browser = browser(&["session=1; Path=/", "flow=2; path=/flow/2; HttpOnly", "here=3"]);
        let sent = |path: &str| browser.header_for(&format!("http://127.0.0.1{path}"));
        assert_eq!(sent("/flow/2").as_deref(), Some("flow=2; here=3; session=1"));
        assert_eq!(sent("/flow/2/confirm?x=1").as_deref(), Some("flow=2; here=3; session=1"));
        assert_eq!(sent("/flow/20").as_deref(), Some("here=3; session=1"));
        assert_eq!(sent("/").as_deref(), Some("session=1"));
    }

    #[test]
    fn a_cookie_goes_to_the_host_that_set_it_and_to_no_other() {
        let browser = Browser::default();
        let read = |line, url| Cookie::read(line, url);
        *browser.cookies.lock().unwrap() = [
            read("one=1", "https://a.example.com/"),
            read("two=2; Domain=example.com", "https://a.example.com/"),
            read("three=3; Domain=b.example.com", "https://a.example.com/"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let sent = |url: &str| browser.header_for(url);
        assert_eq!(sent("https://a.example.com:8443/x").as_deref(), Some("one=1; two=2"));
        assert_eq!(sent("https://b.example.com/").as_deref(), Some("two=2"));
        assert_eq!(sent("https://notexample.com/"), None);
        assert_eq!(sent("https://example.org/"), None);
    }

    #[test]
    fn two_flows_keep_a_cookie_of_one_name_each() {
        let browser = browser(&["flow=1; path=/flow/1", "flow=2; path=/flow/2"]);
        assert_eq!(browser.header_for("http://127.0.0.1/flow/1").as_deref(), Some("flow=1"));
        assert_eq!(browser.header_for("http://127.0.0.1/flow/2").as_deref(), Some("flow=2"));
    }
}
