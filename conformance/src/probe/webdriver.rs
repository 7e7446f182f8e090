//! Consent in a real browser, spoken to over W3C WebDriver: JSON over HTTP, and nothing more.
//!
//! One session serves the whole run, so that signing in once is enough. Which elements to use is
//! found by a script in the page; typing and pressing are done by the browser, as a person would.
//! The browser itself is not held to the target's limits: it loads what its pages load, and it does
//! try to open the redirect URI, behind which nothing has to listen.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::authorize::Decision;
use crate::probe::form::{ALLOW_WORDS, DENY_WORDS};
use crate::target::{FormHints, Person, WebDriver};

/// The member that marks an element (W3C WebDriver section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How often the browser is asked where it is.
const GLANCE: Duration = Duration::from_millis(50);

/// Says what a person would do next on the page, and with which elements.
const LOOK: &str = include_str!("webdriver/look.js");

/// A browser session. It ends with this value.
#[derive(Debug)]
pub(crate) struct Session {
    agent: ureq::Agent,
    address: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        // A browser that is gone already needs no farewell.
        let _ = self.agent.delete(&self.address).call();
    }
}

impl Session {
    fn start(driver: &WebDriver) -> Result<Self, ProbeError> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(driver.timeout))
            .proxy(None);
        let agent = config.build().new_agent();
        let body = json!({"capabilities": {"alwaysMatch": driver.capabilities}});
        let url = format!("{}/session", driver.url);
        let value = command(&agent, "start a browser session", &url, &body)?;
        let Some(id) = value.get("sessionId").and_then(Value::as_str) else {
            return Err(ProbeError::step("start a browser session", "no sessionId came back"));
        };
        Ok(Self { address: format!("{url}/{id}"), agent })
    }

    fn post(&self, step: &str, path: &str, body: &Value) -> Result<Value, ProbeError> {
        command(&self.agent, step, &format!("{}/{path}", self.address), body)
    }

    fn open(&self, address: &str) -> Result<(), ProbeError> {
        // A page that cannot be opened is an error here, and yet may be the redirect URI.
        match self.post("open a page", "url", &json!({"url": address})) {
            Err(ProbeError::Step { observed, .. }) if observed.contains("ERR_") => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn location(&self) -> Result<String, ProbeError> {
        let step = "ask the browser where it is";
        let mut reply = self
            .agent
            .get(format!("{}/url", self.address))
            .call()
            .map_err(|error| ProbeError::step(step, error.to_string()))?;
        let body: Value =
            serde_json::from_str(&reply.body_mut().read_to_string().unwrap_or_default())
                .unwrap_or_default();
        let location = body.get("value").and_then(Value::as_str).map(str::to_owned);
        location.ok_or_else(|| ProbeError::step(step, problem(&body)))
    }

    fn look(&self, plan: &Value) -> Result<Value, ProbeError> {
        self.post("look at the page", "execute/sync", &json!({"script": LOOK, "args": [plan]}))
    }

    fn type_into(&self, element: &str, text: &str) -> Result<(), ProbeError> {
        // Not every field can be cleared, and an empty one need not be.
        let _ = self.post("clear a field", &format!("element/{element}/clear"), &json!({}));
        let path = format!("element/{element}/value");
        self.post("fill in a field", &path, &json!({"text": text})).map(|_| ())
    }

    fn press(&self, element: &str) -> Result<(), ProbeError> {
        self.post("press a button", &format!("element/{element}/click"), &json!({})).map(|_| ())
    }
}

impl Probe<'_> {
    /// Opens `address` in the browser and decides; returns where the browser leaves for.
    pub(crate) fn drive_browser(
        &self,
        driver: &WebDriver,
        address: &str,
        redirect_uri: &str,
        decision: &Decision,
    ) -> Result<String, ProbeError> {
        let mut held = self.browser().session();
        let session = match held.take() {
            Some(session) => session,
            None => Session::start(driver)?,
        };
        let plan = self.plan(driver, decision);
        let walk = Walk { session: &session, plan, person: self.person(), redirect_uri };
        let found = walk.to_the_end(address, driver.timeout)?;
        // Only a session that did what it should is used again.
        *held = Some(session);
        Ok(found)
    }

    /// What the script in the page is told.
    fn plan(&self, driver: &WebDriver, decision: &Decision) -> Value {
        let hints = FormHints::default();
        let is_denial = matches!(decision, Decision::Deny);
        let others = if is_denial { &ALLOW_WORDS[..] } else { &DENY_WORDS[..] };
        json!({
            "selectors": driver.selectors,
            "decide": if is_denial { &driver.selectors.deny } else { &driver.selectors.allow },
            "words": decision.words(&hints),
            "others": others,
            "known": self.catalogue().scope_names(),
            "kept": match decision {
                Decision::AllowOnly(kept) => json!(kept),
                Decision::Allow | Decision::Deny => Value::Null,
            },
        })
    }
}

/// One authorization in the browser.
struct Walk<'a> {
    session: &'a Session,
    plan: Value,
    person: Option<&'a Person>,
    redirect_uri: &'a str,
}

impl Walk<'_> {
    fn to_the_end(&self, address: &str, timeout: Duration) -> Result<String, ProbeError> {
        let begun = Instant::now();
        self.session.open(address)?;
        let mut done: Vec<String> = Vec::new();
        loop {
            let location = self.session.location()?;
            if self.is_callback(&location) {
                return Ok(location);
            }
            if begun.elapsed() >= timeout {
                let path = location.split('?').next().unwrap_or_default();
                let observed = format!(
                    "after {} s the browser is still at {path}: consent.selectors may name what to \
                     press",
                    timeout.as_secs()
                );
                return Err(ProbeError::step("consent in the browser", observed));
            }
            // The page may change while it is looked at; the next look sees the new one.
            if let Ok(seen) = self.session.look(&self.plan) {
                self.act(&seen, &mut done)?;
            }
            thread::sleep(GLANCE);
        }
    }

    /// Whether the browser has left for the redirect URI.
    fn is_callback(&self, location: &str) -> bool {
        let rest = location.strip_prefix(self.redirect_uri);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#', '&']))
    }

    /// Does what the script found, once for each page it is found on.
    fn act(&self, seen: &Value, done: &mut Vec<String>) -> Result<(), ProbeError> {
        let element = |name: &str| seen.get(name)?.get(ELEMENT)?.as_str();
        let Some(button) = element("button") else { return Ok(()) };
        if done.iter().any(|pressed| pressed == button) {
            return Ok(());
        }
        if let Some(password) = element("password") {
            let Some(person) = self.person else {
                let lacks = "it asks for a password: add user and password to [consent]";
                return Err(ProbeError::page("sign-in", lacks));
            };
            if done.iter().any(|step| step == "password") {
                return Err(ProbeError::page("sign-in", "it asked again: is the password right?"));
            }
            self.session.type_into(password, person.password.expose())?;
            done.push("password".to_owned());
        }
        if let (Some(user), Some(person)) = (element("user"), self.person) {
            self.session.type_into(user, &person.user)?;
        }
        let can_narrow = seen.get("canNarrow").and_then(Value::as_bool);
        if can_narrow == Some(false) && !self.plan["kept"].is_null() {
            return Err(ProbeError::unavailable("the consent page has no box for each scope"));
        }
        for ticked in seen.get("boxes").and_then(Value::as_array).into_iter().flatten() {
            if let Some(ticked) = ticked.get(ELEMENT).and_then(Value::as_str) {
                self.session.press(ticked)?;
            }
        }
        done.push(button.to_owned());
        match self.session.press(button) {
            // The page went away under the pointer: the next look tells where to.
            Err(ProbeError::Step { observed, .. }) if observed.contains("stale") => Ok(()),
            // The redirect URI answers nothing, which is as it should be.
            Err(ProbeError::Step { observed, .. }) if observed.contains("ERR_") => Ok(()),
            other => other,
        }
    }
}

/// Sends one command; what WebDriver calls an error is a step that failed.
fn command(agent: &ureq::Agent, step: &str, url: &str, body: &Value) -> Result<Value, ProbeError> {
    let failed = |cause: String| ProbeError::step(step, format!("{cause} (WebDriver at {url})"));
    let mut reply = agent
        .post(url)
        .header("content-type", "application/json")
        .send(body.to_string())
        .map_err(|error| failed(error.to_string()))?;
    let text = reply.body_mut().read_to_string().map_err(|error| failed(error.to_string()))?;
    let body: Value = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    if reply.status().is_success() {
        return Ok(body.get("value").cloned().unwrap_or_default());
    }
    Err(ProbeError::step(step, problem(&body)))
}

/// What a WebDriver error says, on one line.
fn problem(body: &Value) -> String {
    let part = |name: &str| {
        let text = body.pointer(&format!("/value/{name}")).and_then(Value::as_str);
        text.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
    };
    format!("{}: {}", part("error"), part("message"))
}
