//! `[metrics]` and `[telemetry]`.

use std::net::SocketAddr;

use serde::Deserialize;

use super::ConfigError;

/// `[metrics]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Where `/metrics` is served, such as `127.0.0.1:9464`; nowhere when left out. It asks nobody who they are.
    pub listen: Option<SocketAddr>,
}

/// `[telemetry]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// The OTLP/HTTP collector that spans are sent to, such as `http://127.0.0.1:4318`.
    pub endpoint: Option<String>,
    /// Whether every request is a line of the log.
    pub access_log: bool,
}

impl TelemetrySettings {
    pub(super) fn judge(&self) -> Result<(), ConfigError> {
        let Some(endpoint) = &self.endpoint else { return Ok(()) };
        if !cfg!(feature = "otel") {
            return Err(ConfigError(
                "telemetry.endpoint: this server was built without OpenTelemetry; build it with `--features otel`, or remove the line"
                    .to_owned(),
            ));
        }
        let is_address = url::Url::parse(endpoint)
            .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        if is_address {
            return Ok(());
        }
        Err(ConfigError(format!(
            "telemetry.endpoint: {endpoint:?} is not an address such as \"http://127.0.0.1:4318\""
        )))
    }
}
