//! Where a command finds the settings, the database and the keys.
//!
//! Every command has the same flags and reads them here, so that none works on another database or with other keys than the server does.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use super::database::DatabaseFlag;
use super::{Config, ConfigError, Settings};

/// Flags of every command.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The data directory.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The configuration file of the server, in TOML; flags override it.
    #[arg(long)]
    config: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseFlag,
}

impl Place {
    /// The configuration file with what the flags and the environment make of it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or the address of the database cannot be used.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let mut settings = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        if let Some(data) = &self.data {
            settings.data.clone_from(data);
        }
        self.database.apply(&mut settings)?;
        Ok(settings)
    }

    /// The configuration of a command that does not serve.
    ///
    /// # Errors
    ///
    /// When the settings cannot be used.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let settings = self.settings()?;
        let listen = match &settings.public_url {
            Some(_) => settings.listen,
            // What clients call the server may be on the command line of `serve` alone, and nobody calls this.
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, settings.listen.port())),
        };
        settings.at(listen)
    }
}
