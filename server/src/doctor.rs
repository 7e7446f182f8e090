//! What is misconfigured or doubtful about a server, found without starting it and without changing anything.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::config::{Config, DatabaseUrl, Settings};
use crate::secret::keys::bound::judge as judge_keys;
use crate::secret::keys::file::KeyFile;
use crate::secret::keys::{ENVIRONMENT, Keys};
use crate::serving::DEMO_EMAIL;
use crate::serving::descriptors;
use crate::store::operations::DatabaseFacts;
use crate::store::{self, Store};
use crate::workspace::Connection;

/// How far the database's clock may be from this machine's, in milliseconds.
const CLOCK_DOUBT: i64 = 2_000;
/// Free bytes below which a database soon cannot write.
const LITTLE_SPACE: u64 = 1 << 30;
const NO_SPACE: u64 = 64 << 20;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Fine,
    /// Perhaps meant so, perhaps not.
    Doubt,
    /// The server does not start so, or not safely.
    Problem,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Doubt => "doubt",
            Self::Problem => "problem",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What it is about: a word.
    pub about: &'static str,
    /// What is so, and what to do. One line.
    pub text: String,
}

impl Finding {
    /// The server does not start so, or not safely.
    #[must_use]
    pub fn problem(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(Severity::Problem, about, text)
    }

    fn doubt(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(Severity::Doubt, about, text)
    }

    fn fine(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(Severity::Fine, about, text)
    }

    fn new(severity: Severity, about: &'static str, text: impl Into<String>) -> Self {
        let text = text.into().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { severity, about, text }
    }
}

/// Examines a server with these settings, the worst first.
pub async fn examine(settings: Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listen = settings.listen;
    let public = settings.public_url.is_some();
    match settings.clone().at(listen) {
        Ok(config) => {
            findings.push(Finding::fine(
                "configuration",
                format!("clients call {}", config.public_url.base),
            ));
            exposure(&config, listen, &mut findings);
            folder(&config.data, &mut findings);
            keys(&config, &mut findings);
            database(&config, &mut findings).await;
            #[cfg(feature = "oidc")]
            provider(&config, &mut findings).await;
            warehouses(&config, &mut findings);
        }
        Err(error) => findings.push(Finding::problem("configuration", error.to_string())),
    }
    if !public && !listen.ip().is_loopback() {
        findings.push(Finding::problem("configuration", "public_url is missing; write what clients call this server, such as \"https://lookout.example\""));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.dedup();
    findings
}

/// What `timeout_seconds` of a query may be at most.
const LONGEST_CALL: f64 = 55.0;

fn exposure(config: &Config, listen: SocketAddr, findings: &mut Vec<Finding>) {
    if config.public_url.is_https && config.limits.trusted_proxies.is_empty() {
        findings.push(Finding::doubt("proxy", "clients use https, so something in front adds TLS, but no proxy is trusted, so every request seems to come from there, and the limits for one address hold for everybody; list it in limits.trusted_proxies, for example \"127.0.0.1\""));
    }
    if !listen.ip().is_loopback() && config.public_url.is_loopback {
        findings.push(Finding::doubt("public_url", format!("{} is listened on, but clients are told to call {}, which only this machine reaches; set public_url", listen, config.public_url.base)));
    }
    if let Some(address) = config.metrics.listen
        && !address.ip().is_loopback()
    {
        findings.push(Finding::doubt("metrics", format!("/metrics is served on {address} to whoever reaches it; let only Prometheus reach it, or listen on 127.0.0.1")));
    }
    if !config.external_access {
        findings.push(Finding::doubt("external_access", "it is off: there is no MCP endpoint and no OAuth; remove `external_access = false` to let external tools connect"));
    }
    let (connections, possible) = (config.limits.connections, descriptors::possible_connections());
    if possible < connections {
        findings.push(Finding::doubt("limits", format!("limits.connections is {connections}, but the system gives file descriptors for {possible} only; raise the limit for open files, such as LimitNOFILE= of systemd or `ulimit -Hn`, or lower it")));
    }
    if config.limits.shutdown_seconds.0 < LONGEST_CALL {
        findings.push(Finding::doubt("limits", format!("limits.shutdown_seconds is {}, but a query may take {LONGEST_CALL} s, so a stop cuts such calls off; give more", config.limits.shutdown_seconds.0)));
    }
    if matches!(config.limits.rates, crate::config::Rates::Off) {
        findings.push(Finding::doubt("limits", "limits.rates is off, so strangers may register, sign in and try tokens as fast as they like; remove it unless something in front counts requests"));
    }
}

fn folder(data: &Path, findings: &mut Vec<Finding>) {
    let shown = data.display();
    let metadata =
        match fs::metadata(data) {
            Ok(metadata) if metadata.is_dir() => metadata,
            Ok(_) => {
                return findings.push(Finding::problem(
                    "data",
                    format!("{shown} is not a directory; name one with --data"),
                ));
            }
            Err(error) => return findings.push(Finding::problem(
                "data",
                format!(
                    "cannot use {shown}: {error}; make it with `lookout-server init --data {shown}`"
                ),
            )),
        };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        findings.push(Finding::doubt("data", format!("{shown} has mode {mode:o}, so other people of this machine may look into it; `chmod 700 {shown}`")));
    }
    let (owner, me) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != me {
        findings.push(Finding::doubt("data", format!("{shown} belongs to the user {owner} and this runs as {me}; run the doctor as the user of the server, or `chown` the directory")));
    }
    if let Ok(space) = rustix::fs::statvfs(data) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let text = format!("{} MiB are free under {shown}", free >> 20);
        findings.push(match free {
            0..NO_SPACE => Finding::problem(
                "disk",
                format!("{text}; the database cannot write soon, make room"),
            ),
            NO_SPACE..LITTLE_SPACE => {
                Finding::doubt("disk", format!("{text}; make room before the database needs it"))
            }
            _ => Finding::fine("disk", text),
        });
    }
}

fn keys(config: &Config, findings: &mut Vec<Finding>) {
    let path = config.key_file();
    let keys = match Keys::open(&path) {
        Ok(keys) => keys,
        Err(error) => return findings.push(Finding::problem("keys", error.to_string())),
    };
    let kids = keys.kids();
    findings.push(Finding::fine("keys", format!("key {} is current, of {}", kids[0], kids.len())));
    if std::env::var_os(ENVIRONMENT).is_some() {
        if path.exists() {
            findings.push(Finding::doubt(
                "keys",
                format!(
                    "{ENVIRONMENT} is set, so {} is not used; remove one of them",
                    path.display()
                ),
            ));
        }
    } else if let Ok(file) = KeyFile::open(&path)
        && let Some(waiting) = file.listed().find(|key| key.kid > file.current())
    {
        findings.push(Finding::doubt(
            "keys",
            format!(
                "key {} was added and is not used yet; `lookout-server key promote`",
                waiting.kid
            ),
        ));
    }
}

async fn database(config: &Config, findings: &mut Vec<Finding>) {
    let url = config.database.url.as_ref();
    if url.is_some_and(DatabaseUrl::is_exposed) {
        findings.push(Finding::doubt("database", "it is on another machine and may be impersonated on the way; add `?sslmode=verify-full` to its address, with `sslrootcert` when its certificate is your own"));
    }
    let file = store::file(&config.data);
    if url.is_some() && file.exists() {
        let why = format!(
            "{} is not used, because the database is PostgreSQL; move it away",
            file.display()
        );
        findings.push(Finding::doubt("database", why));
    }
    let store = match store::look(&config.data, &config.database).await {
        Ok(store) => store,
        Err(error) => {
            let remedy = match url {
                Some(_) => "see that it runs and that database.url is right",
                None => {
                    "restore it from a backup, or make a new data directory with `lookout-server init`"
                }
            };
            return findings.push(Finding::problem("database", format!("{error}; {remedy}")));
        }
    };
    match store.facts(DEMO_EMAIL).await {
        Ok(facts) => {
            judge(&facts, config, findings);
            bound(&*store, config, findings).await;
        }
        Err(error) => findings.push(Finding::problem("database", format!("{error}; it is not Lookout's, or its schema was never made: start the server once, or restore a backup"))),
    }
}

fn judge(facts: &DatabaseFacts, config: &Config, findings: &mut Vec<Finding>) {
    let schema = facts.newest_schema;
    findings.push(Finding::fine("database", format!("{}, schema {}", facts.product, facts.schema)));
    if !facts.is_primary {
        findings.push(Finding::problem(
            "database",
            "it is a standby, which takes no writes; name the primary",
        ));
    }
    if !facts.is_durable {
        findings.push(Finding::problem(
            "database",
            format!("{}: a crash may lose what was answered; turn it on", facts.durability),
        ));
    }
    match facts.schema.cmp(&schema) {
        std::cmp::Ordering::Less => findings.push(Finding::doubt("database", format!("its schema is {} and this version brings it to {schema} when it starts; back it up first", facts.schema))),
        std::cmp::Ordering::Greater => findings.push(Finding::problem("database", format!("its schema is {} and this version knows up to {schema}; run the newer version of the server", facts.schema))),
        std::cmp::Ordering::Equal => {}
    }
    let here = jiff::Timestamp::now().as_millisecond();
    let apart = here.saturating_sub(facts.now.0).abs();
    if apart > CLOCK_DOUBT {
        findings.push(Finding::doubt("clock", format!("this machine and the database are {} s apart; the database's clock decides, synchronise both", apart / 1000)));
    }
    if facts.owners == 0 {
        findings.push(Finding::doubt(
            "accounts",
            "nobody owns a workspace; `lookout-server user add EMAIL --role owner`",
        ));
    }
    for email in &facts.without_workspace {
        findings.push(Finding::doubt("accounts", format!("{email} is a member of no workspace and can do nothing; add them to one, or disable the account")));
    }
    if facts.has_demo && !config.public_url.is_loopback {
        findings.push(Finding::problem("accounts", format!("{DEMO_EMAIL} can sign in; the demo is for trying things on, so start over with `lookout-server init`")));
    }
}

/// Judges the keys by what the database knows of them.
async fn bound(store: &dyn Store, config: &Config, findings: &mut Vec<Finding>) {
    let Ok(keys) = Keys::open(&config.key_file()) else { return };
    // An older schema has none.
    if let Ok(known) = store.root_keys().await
        && let Err(error) = judge_keys(&keys.checks(), &known)
    {
        findings.push(Finding::problem("keys", error.to_string()));
    }
    let lifetime = config.lifetimes.session_absolute.saturating_mul(1000);
    let Ok((_, uses)) = store.key_uses(lifetime).await else { return };
    let known = keys.kids();
    for kid in known.iter().skip(1).filter(|&&kid| kid < known[0]) {
        if uses.iter().all(|key| key.kid != *kid || key.total() == 0) {
            findings.push(Finding::doubt(
                "keys",
                format!("nothing depends on key {kid} any more; `lookout-server key retire {kid}`"),
            ));
        }
    }
    for lost in uses.iter().filter(|key| key.total() > 0 && !known.contains(&key.kid)) {
        findings.push(Finding::problem("keys", format!("{} live secrets were made with key {}, which is not here, so none of them works; restore the key file", lost.total(), lost.kid)));
    }
}

#[cfg(feature = "oidc")]
async fn provider(config: &Config, findings: &mut Vec<Finding>) {
    use crate::upstream::{Fault, RETURN, Upstream};
    let Some(upstream) = Upstream::new(config) else { return };
    if let Some(fault) = upstream.secret_fault() {
        findings.push(Finding::problem("oidc", fault));
    }
    findings.push(match upstream.reach().await {
        Ok(()) => Finding::fine(
            "oidc",
            format!("the provider answers; register {}{RETURN} there", config.public_url.base),
        ),
        Err(Fault::Outage(why)) => {
            Finding::problem("oidc", format!("the provider cannot be used: {why}; see that oidc.issuer is right and reachable from here"))
        }
        Err(Fault::Refused(refusal)) => Finding::problem("oidc", refusal.reason()),
    });
    if !config.has_passwords() && !config.public_url.is_https {
        findings.push(Finding::doubt(
            "oidc",
            "password_sign_in is off, so nobody signs in while the provider is out",
        ));
    }
}

fn warehouses(config: &Config, findings: &mut Vec<Finding>) {
    for warehouse in &config.warehouses {
        let id = &warehouse.id;
        match Connection::open(warehouse) {
            Err(error) => findings.push(Finding::problem("warehouse", format!("{id}: {error}"))),
            Ok(_) => {
                findings.push(Finding::fine("warehouse", format!("{id} is opened read-only")));
                let is_writable = fs::OpenOptions::new().write(true).open(&warehouse.path).is_ok();
                // Nothing is closed to root.
                if is_writable && !rustix::process::geteuid().is_root() {
                    findings.push(Finding::doubt("warehouse", format!("{id}: the user of the server may write {}; take that away with `chmod a-w`", warehouse.path.display())));
                }
            }
        }
    }
}
