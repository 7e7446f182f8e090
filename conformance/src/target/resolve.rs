//! From a `target.toml` to a [`Target`]: what the shape cannot say, secrets, and the catalogue.
//!
//! Everything that is wrong is found before anything is reported, and nothing is contacted.

mod clients;
mod consent;

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::secret::{SHORTEST_SECRET, Secret};
use crate::target::error::{Findings, Problems};
use crate::target::file::{LimitsFile, OwnershipFile, SecretSource, TargetFile, TokenFile, schema};
use crate::target::shape::Document;
use crate::target::{Limits, Ownership, ReadyToken, Target};

/// The shortest nonce that nobody serves by accident.
const SHORTEST_NONCE: usize = 16;

impl Target {
    /// Reads a `target.toml`. Paths in it are relative to its folder, secrets come from the
    /// environment of this process.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, by line and key, and what to write instead.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            let mut findings = Findings::default();
            findings.at(None, "", format!("cannot be read: {error}"));
            Problems { file: name.clone(), problems: findings.problems }
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&name, &text, folder, &|name| std::env::var(name).ok())
    }

    /// Reads the text of a `target.toml`: `file` is what errors call it, `folder` what its paths are
    /// relative to, `environment` where its variables are looked up.
    ///
    /// # Errors
    ///
    /// As for [`Target::read`].
    pub fn parse(
        file: &str,
        text: &str,
        folder: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        let target = Document::parse(text, &mut findings).and_then(|document| {
            document.compare(&schema(), &mut findings);
            if !findings.problems.is_empty() {
                return None;
            }
            match toml::from_str::<TargetFile>(text) {
                Ok(written) => {
                    let mut reading = Reading {
                        document: &document,
                        folder,
                        environment,
                        findings: &mut findings,
                    };
                    Some(reading.target(&written))
                }
                Err(error) => {
                    findings.at(None, "", error.message());
                    None
                }
            }
        });
        match target {
            Some(target) if findings.problems.is_empty() => Ok(target),
            _ => {
                let mut problems = findings.problems;
                problems.sort_by_key(|problem| problem.place);
                Err(Problems { file: file.to_owned(), problems })
            }
        }
    }
}

struct Reading<'a> {
    document: &'a Document<'a>,
    folder: &'a Path,
    environment: &'a dyn Fn(&str) -> Option<String>,
    findings: &'a mut Findings,
}

impl Reading<'_> {
    fn wrong(&mut self, path: &[&str], message: impl Into<String>) {
        let mut key = String::new();
        for segment in path {
            if segment.parse::<usize>().is_ok() {
                key.push_str(&format!("[{segment}]"));
            } else {
                let dot = if key.is_empty() { "" } else { "." };
                key.push_str(&format!("{dot}{segment}"));
            }
        }
        let place = self.document.place(path);
        self.findings.at(place, key, message);
    }

    fn target(&mut self, file: &TargetFile) -> Target {
        self.address(&["url"], &file.url);
        for (name, value) in [("resource", &file.resource), ("issuer", &file.issuer)] {
            if let Some(value) = value {
                self.address(&[name], value);
            }
        }
        for (index, replica) in file.replicas.iter().enumerate() {
            self.address(&["replicas", &index.to_string()], replica);
        }
        for (index, host) in file.hosts.iter().enumerate() {
            let parsed = url::Url::parse(&format!("http://{host}/"));
            let is_host = parsed.is_ok_and(|url| url.host_str().is_some() && url.path() == "/")
                && !host.contains(['/', '@', '?', '#']);
            if !is_host {
                let message =
                    "expected a host such as \"auth.example.com\", without a scheme or a path";
                self.wrong(&["hosts", &index.to_string()], message);
            }
        }
        let catalogue = self.catalogue(file);
        let mut target = Target::new(&file.url);
        target.resource.clone_from(&file.resource);
        target.issuer.clone_from(&file.issuer);
        target.hosts.clone_from(&file.hosts);
        target.replicas.clone_from(&file.replicas);
        target.tokens_page.clone_from(&file.tokens_page);
        target.ownership = file.ownership.as_ref().map(|ownership| self.ownership(ownership));
        if let Some(registration) = &file.registration {
            target.registration = self.registration(registration);
        }
        target.consent = file.consent.as_ref().map(|consent| self.consent(consent));
        target.headers = self.headers(file);
        target.tokens = self.tokens(&file.tokens, &catalogue);
        let lifetimes = file.lifetimes.clone().unwrap_or_default();
        target.code_lifetime = lifetimes.code_seconds.map(Duration::from_secs);
        target.access_lifetime = lifetimes.access_seconds.map(Duration::from_secs);
        target.catalogue = catalogue;
        target.profile = file.profile.clone().unwrap_or_default();
        target.limits = self.limits(&file.limits.clone().unwrap_or_default(), &target);
        target
    }

    fn address(&mut self, path: &[&str], value: &str) {
        let parsed = url::Url::parse(value).ok().filter(url::Url::has_host);
        let Some(url) = parsed.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return self.wrong(path, "expected an http or https address");
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.wrong(path, "an address has no user or password here: use [headers]");
        }
        if url.fragment().is_some() {
            self.wrong(path, "an address has no fragment here");
        }
    }

    fn catalogue(&mut self, file: &TargetFile) -> Catalogue {
        if let Some(path) = &file.catalogue {
            if !file.tools.is_empty() {
                self.wrong(&["tools"], "leave it out: the tools come from `catalogue`");
            }
            if !file.scopes.is_empty() {
                self.wrong(&["scopes"], "leave it out: the scopes come from `catalogue`");
            }
            return Catalogue::open(&self.folder.join(path)).unwrap_or_else(|error| {
                self.wrong(&["catalogue"], error.to_string());
                Catalogue::empty()
            });
        }
        for (name, tool) in &file.tools {
            for (index, scope) in tool.scopes.iter().enumerate() {
                if !file.scopes.is_empty() && !file.scopes.contains(scope) {
                    let message =
                        format!("{scope:?} is not in `scopes`: add it there, or mend it here");
                    self.wrong(&["tools", name, "scopes", &index.to_string()], message);
                }
            }
        }
        let tools = file.tools.iter().map(|(name, tool)| {
            let arguments = tool.arguments.clone().map(serde_json::Value::Object);
            (name.clone(), tool.scopes.clone(), arguments, tool.writes)
        });
        Catalogue::declared(&file.scopes, tools)
    }

    fn ownership(&mut self, file: &OwnershipFile) -> Ownership {
        if file.authorization.trim().len() < 10 {
            let message = "expected a sentence: who allows this test, and of what";
            self.wrong(&["ownership", "authorization"], message);
        }
        let is_plain = file.nonce.bytes().all(|byte| byte.is_ascii_graphic());
        if file.nonce.len() < SHORTEST_NONCE || !is_plain {
            let message = format!(
                "expected at least {SHORTEST_NONCE} random characters without spaces, for example \
                 from `openssl rand -hex 16`"
            );
            self.wrong(&["ownership", "nonce"], message);
        }
        Ownership {
            authorization: file.authorization.trim().to_owned(),
            nonce: file.nonce.clone(),
            confirmed: false,
        }
    }

    fn headers(&mut self, file: &TargetFile) -> Vec<(String, Secret)> {
        let mut headers = Vec::new();
        for (name, source) in &file.headers {
            let token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) {
                self.wrong(&["headers", name], "expected the name of an HTTP header");
            }
            if matches!(name.to_ascii_lowercase().as_str(), "authorization" | "host" | "cookie") {
                let message = "is what the harness tests, and so cannot be set: for a bearer token use \
                               [[tokens]], for a session use [consent]";
                self.wrong(&["headers", name], message);
            }
            if let Some(value) = self.secret(&["headers", name], source) {
                headers.push((name.to_ascii_lowercase(), value));
            }
        }
        headers
    }

    fn tokens(&mut self, files: &[TokenFile], catalogue: &Catalogue) -> Vec<ReadyToken> {
        let known = catalogue.scope_names();
        let mut tokens = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let index = index.to_string();
            for (at, scope) in file.scopes.iter().enumerate() {
                if !known.is_empty() && !known.contains(scope) {
                    let message = format!("{scope:?} is not among the scopes of this file");
                    self.wrong(&["tokens", &index, "scopes", &at.to_string()], message);
                }
            }
            if let Some(token) = self.secret(&["tokens", &index, "token"], &file.token) {
                tokens.push(ReadyToken { scopes: file.scopes.clone(), token });
            }
        }
        tokens
    }

    fn limits(&mut self, file: &LimitsFile, target: &Target) -> Limits {
        let mut limits = match file.polite {
            Some(true) => Limits::polite(),
            Some(false) => Limits::free(),
            None => Limits::suited_to(target),
        };
        if let Some(rate) = file.requests_per_second {
            if !(rate.is_finite() && rate > 0.0) {
                self.wrong(&["limits", "requests_per_second"], "expected more than 0");
            }
            limits.requests_per_second = Some(rate);
        }
        for (name, value) in [
            ("total_requests", file.total_requests),
            ("concurrency", file.concurrency.map(u64::from)),
            ("timeout_seconds", file.timeout_seconds),
            ("body_bytes", file.body_bytes),
        ] {
            if value == Some(0) {
                self.wrong(&["limits", name], "expected more than 0");
            }
        }
        limits.total_requests = file.total_requests.or(limits.total_requests);
        let concurrency = file.concurrency.and_then(|number| usize::try_from(number).ok());
        limits.concurrency = concurrency.or(limits.concurrency);
        limits.timeout = file.timeout_seconds.map(Duration::from_secs);
        limits.body_bytes = file.body_bytes.unwrap_or(limits.body_bytes);
        limits
    }

    /// Reads a secret; what is wrong with it is told without telling it.
    fn secret(&mut self, path: &[&str], source: &SecretSource) -> Option<Secret> {
        let value = match (&source.env, &source.file) {
            (Some(name), None) => match (self.environment)(name) {
                Some(value) => value,
                None => {
                    self.wrong(path, format!("the environment variable {name} is not set"));
                    return None;
                }
            },
            (None, Some(file)) => match fs::read_to_string(self.folder.join(file)) {
                Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
                Err(error) => {
                    self.wrong(path, format!("the file {file} cannot be read: {error}"));
                    return None;
                }
            },
            _ => {
                self.wrong(path, "expected either { env = \"NAME\" } or { file = \"PATH\" }");
                return None;
            }
        };
        let held = source.env.as_ref().map_or("the file", |_| "the environment variable");
        if value.is_empty() || value.chars().any(char::is_control) {
            self.wrong(path, format!("{held} holds nothing, or control characters"));
            return None;
        }
        if value.len() < SHORTEST_SECRET {
            let message = format!(
                "{held} holds fewer than {SHORTEST_SECRET} characters, too few to be told from other \
                 text and kept out of reports: use a longer secret"
            );
            self.wrong(path, message);
            return None;
        }
        Some(Secret::new(value))
    }
}
