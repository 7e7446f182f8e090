//! The secret that this server shows the provider. From the environment, or a file that only its owner may read; never an argument.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use openidconnect::ClientSecret;
use zeroize::Zeroizing;

use crate::config::{CLIENT_SECRET, OidcSettings};

/// Bytes of a secret.
const LONGEST: u64 = 4096;

/// Reads the secret, or says in one line what to do.
pub(super) fn read(settings: &OidcSettings) -> Result<ClientSecret, String> {
    let text = match &settings.client_secret_file {
        Some(path) => file(path)?,
        None => Zeroizing::new(std::env::var(CLIENT_SECRET).map_err(|_| {
            format!("the client secret is missing; set {CLIENT_SECRET} or oidc.client_secret_file")
        })?),
    };
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.chars().any(char::is_control) {
        return Err("the client secret is empty or not one line of text".to_owned());
    }
    Ok(ClientSecret::new(secret.to_owned()))
}

fn file(path: &Path) -> Result<Zeroizing<String>, String> {
    let shown = path.display();
    let failed = |error| format!("cannot read oidc.client_secret_file {shown}: {error}");
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    if mode & 0o177 != 0 {
        return Err(format!(
            "{shown} has the mode {mode:o}, so others may read the client secret; `chmod 600 {shown}`"
        ));
    }
    // Containers mount secrets as root's.
    if owner != rustix::process::geteuid().as_raw() && owner != 0 {
        return Err(format!("{shown} belongs to another user; make it the server's own"));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
