//! `lookout-server doctor`: says what is misconfigured or doubtful.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use lookout_server::config::Place;
use lookout_server::doctor::{Finding, Severity, examine};
use lookout_server::serving::say;
use serde_json::json;

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    place: Place,
    /// The address that the server will listen on, when it is given on its command line.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// What clients call the server, when it is given on its command line.
    #[arg(long)]
    public_url: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The exit code says whether there are problems; doubts are none.
pub(crate) async fn run(flags: Flags) -> anyhow::Result<ExitCode> {
    let findings = match flags.place.settings() {
        Ok(mut settings) => {
            settings.listen = flags.listen.unwrap_or(settings.listen);
            settings.public_url = flags.public_url.or(settings.public_url);
            examine(settings).await
        }
        Err(error) => vec![Finding::problem("configuration", error.to_string())],
    };
    let mut lines = String::new();
    for finding in &findings {
        lines.push_str(&format!(
            "{:8} {}: {}\n",
            finding.severity.as_str(),
            finding.about,
            finding.text
        ));
    }
    if flags.json {
        let documents: Vec<_> = findings
            .iter()
            .map(|finding| json!({ "severity": finding.severity.as_str(), "about": finding.about, "text": finding.text }))
            .collect();
        say(&format!("{:#}\n", json!(documents)))?;
    } else {
        say(&lines)?;
    }
    let is_ill = findings.iter().any(|finding| finding.severity == Severity::Problem);
    Ok(if is_ill { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
