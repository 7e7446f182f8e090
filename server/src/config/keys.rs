//! `[keys]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Config;

/// `[keys]`: where the root keys lie. The environment variable `LOOKOUT_ROOT_KEY` goes before it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeySettings {
    /// The key file; `root.key` in the data directory when left out.
    pub file: Option<PathBuf>,
}

impl KeySettings {
    /// The key file of a server with this data directory.
    pub(crate) fn path(&self, data: &Path) -> PathBuf {
        self.file.clone().unwrap_or_else(|| data.join("root.key"))
    }
}

impl Config {
    /// The key file.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.keys.path(&self.data)
    }
}
