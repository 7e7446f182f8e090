//! `[database]`: where the server keeps what it stores.
//!
//! Without an address it is the embedded database in the data directory. An address can hold a password, so it is shown nowhere.

use std::fmt;
use std::net::IpAddr;

use clap::Args;
use serde::Deserialize;

use super::{ConfigError, Settings};

/// The environment variable with the address of the database.
pub const DATABASE_URL: &str = "LOOKOUT_DATABASE_URL";
const EXAMPLE: &str = "postgres://user@host/database";
const MOST_CONNECTIONS: u32 = 1000;

/// `[database]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseSettings {
    /// The PostgreSQL database, for example `postgres://lookout@db.example/lookout`. Without it, the embedded database in the data directory.
    pub url: Option<DatabaseUrl>,
    /// Most connections to PostgreSQL.
    pub connections: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self { url: None, connections: 10 }
    }
}

impl DatabaseSettings {
    pub(super) fn judge(&self) -> Result<(), ConfigError> {
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            return Err(ConfigError(format!(
                "database.connections is {}; give a number from 1 to {MOST_CONNECTIONS}",
                self.connections
            )));
        }
        self.url.as_ref().map_or(Ok(()), DatabaseUrl::judge)
    }
}

/// The address of a PostgreSQL database. It can hold a password, so it has no `Display`, and `Debug` shows nothing of it.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for DatabaseUrl {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl DatabaseUrl {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Where the database is, without who asks and how it is protected.
    pub(crate) fn place(&self) -> String {
        let place = url::Url::parse(&self.0).ok().map(|url| {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}{port}{}", url.host_str().unwrap_or("localhost"), url.path())
        });
        place.unwrap_or_default()
    }

    /// Whether what is said to a database on another machine may be read, or answered by somebody else, on the way.
    pub(crate) fn is_exposed(&self) -> bool {
        use sqlx::postgres::PgSslMode::{VerifyCa, VerifyFull};
        let Ok(options) = self.0.parse::<sqlx::postgres::PgConnectOptions>() else { return false };
        let host = options.get_host();
        let is_here = host == "localhost"
            || host.starts_with('/')
            || options.get_socket().is_some()
            || host.trim_matches(['[', ']']).parse().is_ok_and(|host: IpAddr| host.is_loopback());
        !is_here && !matches!(options.get_ssl_mode(), VerifyCa | VerifyFull)
    }

    fn judge(&self) -> Result<(), ConfigError> {
        let is_address = url::Url::parse(&self.0)
            .is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"))
            && self.0.parse::<sqlx::postgres::PgConnectOptions>().is_ok();
        if is_address {
            return Ok(());
        }
        // The text itself may hold a password, so it is not repeated.
        Err(ConfigError(format!(
            "database.url is not the address of a PostgreSQL database; write {EXAMPLE}"
        )))
    }

    fn has_password(&self) -> bool {
        // What cannot be parsed is refused whole; until then nothing says that it holds no password.
        url::Url::parse(&self.0).is_ok_and(|url| {
            url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password")
        })
    }
}

/// `--database-url`, or else `LOOKOUT_DATABASE_URL`.
#[derive(Clone, Debug, Args)]
pub(super) struct DatabaseFlag {
    /// The PostgreSQL database, for example postgres://lookout@db.example/lookout. With a password, put it into LOOKOUT_DATABASE_URL instead.
    #[arg(long, value_parser = url_of)]
    database_url: Option<DatabaseUrl>,
}

// It is judged later, because clap repeats a refused value.
#[expect(clippy::unnecessary_wraps, reason = "what clap asks of a parser")]
fn url_of(text: &str) -> Result<DatabaseUrl, std::convert::Infallible> {
    Ok(DatabaseUrl(text.to_owned()))
}

impl DatabaseFlag {
    /// Overrides the settings with the argument, or else with the environment.
    ///
    /// # Errors
    ///
    /// When the argument holds a password, which every user of the machine could read, or the address cannot be used.
    pub(super) fn apply(&self, settings: &mut Settings) -> Result<(), ConfigError> {
        if self.database_url.as_ref().is_some_and(DatabaseUrl::has_password) {
            return Err(ConfigError(format!(
                "--database-url holds a password, and every user of this machine can read arguments; put the address into {DATABASE_URL}"
            )));
        }
        let from_environment =
            || std::env::var(DATABASE_URL).ok().filter(|text| !text.is_empty()).map(DatabaseUrl);
        if let Some(url) = self.database_url.clone().or_else(from_environment) {
            settings.database.url = Some(url);
        }
        settings.database.judge()
    }
}
