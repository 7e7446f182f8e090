//! Commands for operators, one a file.

pub(crate) mod audit;
pub(crate) mod doctor;
pub(crate) mod key;
pub(crate) mod leaked_token;

use std::path::PathBuf;

use clap::Args;
use lookout_server::App;
use lookout_server::config::{Config, ConfigError, Settings};

/// Where the server is that a command is about.
#[derive(Args)]
pub(crate) struct Place {
    /// The data directory.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The configuration file of the server.
    #[arg(long)]
    config: Option<PathBuf>,
}

impl Place {
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let mut settings = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        if let Some(data) = &self.data {
            settings.data.clone_from(data);
        }
        Ok(settings)
    }

    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let settings = self.settings()?;
        let listen = settings.listen;
        settings.at(listen)
    }

    pub(crate) async fn open(&self) -> anyhow::Result<App> {
        Ok(App::open(self.config()?).await?)
    }
}

/// A time as people and programs read it.
fn shown(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
