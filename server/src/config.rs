//! What the operator decides: a TOML file, and flags that override it.
//!
//! Everything has a default that suits a laptop. A key that does not exist is refused, so that a misspelt limit is not silently ignored.

mod client_documents;
mod database;
mod keys;
mod limits;
mod oidc;
mod place;
mod public_url;
mod sign_in;
mod telemetry;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::authority::{self, Issuer, Lifetimes};

pub use client_documents::ClientDocumentSettings;
pub use database::{DATABASE_URL, DatabaseSettings, DatabaseUrl};
pub use keys::KeySettings;
pub use limits::{LimitSettings, Network, Rates, Seconds};
pub use oidc::{CLIENT_SECRET, OidcSettings, is_safe};
pub use place::Place;
pub use public_url::PublicUrl;
pub use sign_in::SignInSettings;
pub use telemetry::{MetricsSettings, TelemetrySettings};

/// Why a configuration cannot be used. The message names the key and what to write instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// The configuration file, and what the flags made of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The address to listen on. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients call this server, for example `https://lookout.example`. Without it, the loopback address that is listened on.
    pub public_url: Option<String>,
    /// The data directory.
    pub data: PathBuf,
    /// Whether external tools may connect at all. When off there is no MCP endpoint, no OAuth and no MCP area.
    pub external_access: bool,
    /// Origins of browser-based clients that may call the MCP endpoint, besides the server's own.
    pub allowed_origins: Vec<String>,
    /// How long things last.
    pub lifetimes: LifetimeSettings,
    /// How many there may be.
    pub limits: LimitSettings,
    /// Clients that are described by a document.
    pub client_documents: ClientDocumentSettings,
    /// Root keys.
    pub keys: KeySettings,
    /// How people sign in.
    pub sign_in: SignInSettings,
    /// The OpenID provider that people may sign in through.
    pub oidc: Option<OidcSettings>,
    /// Where the server keeps what it stores.
    pub database: DatabaseSettings,
    /// Counters.
    pub metrics: MetricsSettings,
    /// Traces and the access log.
    pub telemetry: TelemetrySettings,
    /// The warehouses.
    #[serde(rename = "warehouse")]
    pub warehouses: Vec<WarehouseSettings>,
}

/// One `[[warehouse]]`: a SQLite file that a workspace may read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarehouseSettings {
    /// What tools call it, unique in the workspace.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Slug of the workspace that may use it.
    pub workspace: String,
    /// The SQLite file.
    pub path: PathBuf,
    /// What the data is about.
    pub description: Option<String>,
    /// Whether it is used when a call names no warehouse.
    #[serde(default)]
    pub default: bool,
    /// Tables and views that may be read; all when left out.
    pub expose: Option<BTreeSet<String>>,
}

/// `[lifetimes]`, in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifetimeSettings {
    /// An authorization code: 1 to 600.
    pub code: i64,
    /// An access token.
    pub access: i64,
    /// A connection, from consent on.
    pub refresh_absolute: i64,
    /// A connection that is not used.
    pub refresh_idle: i64,
    /// A web session, from sign-in on.
    pub session_absolute: i64,
    /// A web session that is not used.
    pub session_idle: i64,
    /// A consent page that waits.
    pub authorization_request: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            public_url: None,
            data: PathBuf::from("lookout-data"),
            external_access: true,
            allowed_origins: Vec::new(),
            lifetimes: LifetimeSettings::default(),
            limits: LimitSettings::default(),
            client_documents: ClientDocumentSettings::default(),
            keys: KeySettings::default(),
            sign_in: SignInSettings::default(),
            oidc: None,
            database: DatabaseSettings::default(),
            metrics: MetricsSettings::default(),
            telemetry: TelemetrySettings::default(),
            warehouses: Vec::new(),
        }
    }
}

impl Default for LifetimeSettings {
    fn default() -> Self {
        const HOUR: i64 = 3600;
        const DAY: i64 = 24 * HOUR;
        Self {
            code: 60,
            access: 600,
            refresh_absolute: 30 * DAY,
            refresh_idle: 7 * DAY,
            session_absolute: 7 * DAY,
            session_idle: 12 * HOUR,
            authorization_request: 600,
        }
    }
}

impl Settings {
    /// Reads a configuration file. A relative `data` is relative to the working directory.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("cannot read {shown}: {error}")))?;
        // The parser's message spans lines and shows the source; one line with the key is enough for a person and for a log.
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            ConfigError(format!("{shown}:{line}: {}", error.message().replace('\n', " ")))
        })
    }

    /// Judges the settings, for a server that listens on `address`.
    pub fn at(self, address: SocketAddr) -> Result<Config, ConfigError> {
        let public_url = match &self.public_url {
            Some(text) => PublicUrl::parse(text)?,
            None if address.ip().is_loopback() => PublicUrl::parse(&format!("http://{address}"))?,
            None => {
                return Err(ConfigError(format!(
                    "public_url is missing; it is needed when listening on {address}, because clients are sent there and tokens are bound to it"
                )));
            }
        };
        self.judge_numbers()?;
        self.database.judge()?;
        self.judge_warehouses()?;
        self.sign_in.judge()?;
        self.oidc.as_ref().map_or(Ok(()), OidcSettings::judge)?;
        self.telemetry.judge()?;
        self.client_documents.judge(public_url.is_loopback)?;
        for origin in &self.allowed_origins {
            let is_origin = url::Url::parse(origin)
                .is_ok_and(|url| url.origin().ascii_serialization() == *origin && url.has_host());
            if !is_origin {
                return Err(ConfigError(format!(
                    "allowed_origins: {origin:?} is not an origin such as \"https://app.example\""
                )));
            }
        }
        let loopback = |ports: &[u16]| -> Vec<String> {
            let hosts = ["127.0.0.1", "localhost", "[::1]"];
            ports.iter().flat_map(|port| hosts.map(|host| format!("{host}:{port}"))).collect()
        };
        let default_port = if public_url.is_https { 443 } else { 80 };
        let mut hosts = vec![
            public_url.authority.clone(),
            // Some clients name the default port, which the URL leaves out.
            format!("{}:{default_port}", public_url.authority),
        ];
        if address.ip().is_loopback() {
            hosts.extend(loopback(&[address.port()]));
        }
        let mut own_origins = vec![public_url.base.clone()];
        if public_url.is_loopback {
            own_origins
                .extend(loopback(&[address.port()]).iter().map(|host| format!("http://{host}")));
        }
        let mcp_origins = own_origins.iter().chain(&self.allowed_origins).cloned().collect();
        Ok(Config {
            address,
            public_url,
            data: self.data,
            external_access: self.external_access,
            hosts,
            own_origins,
            mcp_origins,
            lifetimes: self.lifetimes,
            limits: self.limits,
            client_documents: self.client_documents,
            keys: self.keys,
            sign_in: self.sign_in,
            oidc: self.oidc,
            database: self.database,
            metrics: self.metrics,
            telemetry: self.telemetry,
            warehouses: self.warehouses,
        })
    }

    fn judge_warehouses(&self) -> Result<(), ConfigError> {
        for (index, later) in self.warehouses.iter().enumerate() {
            let WarehouseSettings { id, workspace, .. } = later;
            for earlier in self.warehouses[..index].iter().filter(|w| w.workspace == *workspace) {
                if earlier.id == *id {
                    return Err(ConfigError(format!(
                        "warehouse: the workspace {workspace:?} has the id {id:?} twice; give each of its warehouses an id of its own"
                    )));
                }
                if earlier.default && later.default {
                    return Err(ConfigError(format!(
                        "warehouse: the workspace {workspace:?} has two defaults, {:?} and {id:?}; keep `default = true` on one of them",
                        earlier.id
                    )));
                }
            }
        }
        Ok(())
    }

    /// Refuses a warehouse that would hide the demo's own, or that it would hide.
    pub(crate) fn judge_demo(&self, workspace: &str, demo: &str) -> Result<(), ConfigError> {
        let mut beside = self.warehouses.iter().filter(|w| w.workspace == workspace);
        match beside.find(|w| w.id == demo || w.default) {
            None => Ok(()),
            Some(WarehouseSettings { id, .. }) => Err(ConfigError(format!(
                "warehouse: --demo gives the workspace {workspace:?} the default warehouse {demo:?}, which {id:?} would stand in the way of; give {id:?} another id and no `default`, or another workspace"
            ))),
        }
    }

    fn judge_numbers(&self) -> Result<(), ConfigError> {
        const TEN_YEARS: i64 = 10 * 366 * 86_400;
        let lifetimes = &self.lifetimes;
        let seconds = [
            ("code", lifetimes.code, 600),
            ("access", lifetimes.access, 86_400),
            ("refresh_absolute", lifetimes.refresh_absolute, TEN_YEARS),
            ("refresh_idle", lifetimes.refresh_idle, TEN_YEARS),
            ("session_absolute", lifetimes.session_absolute, TEN_YEARS),
            ("session_idle", lifetimes.session_idle, TEN_YEARS),
            ("authorization_request", lifetimes.authorization_request, 3600),
        ];
        for (key, value, most) in seconds {
            if !(1..=most).contains(&value) {
                return Err(ConfigError(format!(
                    "lifetimes.{key} is {value}; give seconds from 1 to {most}"
                )));
            }
        }
        self.limits.judge()
    }
}

/// The configuration of a running server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub address: SocketAddr,
    /// What clients call it.
    pub public_url: PublicUrl,
    /// The data directory.
    pub data: PathBuf,
    /// Whether external tools may connect.
    pub external_access: bool,
    /// Values of the `Host` header that are answered.
    pub hosts: Vec<String>,
    /// Origins of this server's own pages.
    pub own_origins: Vec<String>,
    /// Origins that may call the MCP endpoint.
    pub mcp_origins: Vec<String>,
    /// How long things last.
    pub lifetimes: LifetimeSettings,
    /// How many there may be.
    pub limits: LimitSettings,
    /// Clients that are described by a document.
    pub client_documents: ClientDocumentSettings,
    /// Root keys.
    pub keys: KeySettings,
    /// How people sign in.
    pub sign_in: SignInSettings,
    /// The OpenID provider that people may sign in through.
    pub oidc: Option<OidcSettings>,
    /// Where it keeps what it stores.
    pub database: DatabaseSettings,
    /// Counters.
    pub metrics: MetricsSettings,
    /// Traces and the access log.
    pub telemetry: TelemetrySettings,
    /// The warehouses.
    pub warehouses: Vec<WarehouseSettings>,
}

impl Config {
    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> Issuer {
        Issuer::new(&self.public_url.base)
    }

    /// Whether people sign in with a password of this server.
    #[must_use]
    pub fn has_passwords(&self) -> bool {
        self.oidc.as_ref().is_none_or(|oidc| oidc.password_sign_in)
    }

    /// The lifetimes that the authority applies.
    #[must_use]
    pub(crate) const fn authority_lifetimes(&self) -> Lifetimes {
        Lifetimes {
            code: self.lifetimes.code,
            access: self.lifetimes.access,
            refresh_absolute: self.lifetimes.refresh_absolute,
            refresh_idle: self.lifetimes.refresh_idle,
            session_absolute: self.lifetimes.session_absolute,
            session_idle: self.lifetimes.session_idle,
            authorization_request: self.lifetimes.authorization_request,
        }
    }

    /// The limits that the authority applies.
    #[must_use]
    pub(crate) const fn authority_limits(&self) -> authority::Limits {
        authority::Limits {
            redirect_uris: self.limits.redirect_uris,
            grants_per_client: self.limits.grants_per_client,
            tokens_per_person: self.limits.tokens_per_person,
        }
    }
}
