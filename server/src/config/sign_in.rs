//! How people sign in: `[sign_in]`.

use serde::Deserialize;

use super::ConfigError;

/// `[sign_in]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignInSettings {
    /// Seconds that a setup link lasts: 60 to 604800.
    pub setup_link: i64,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self { setup_link: 900 }
    }
}

impl SignInSettings {
    pub(super) fn judge(&self) -> Result<(), ConfigError> {
        if (60..=604_800).contains(&self.setup_link) {
            return Ok(());
        }
        Err(ConfigError(format!(
            "sign_in.setup_link is {}; give seconds from 60 to 604800",
            self.setup_link
        )))
    }
}
