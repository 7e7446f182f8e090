//! An OpenID provider that people may sign in through: `[oidc]`.

use std::path::PathBuf;

use serde::Deserialize;
use url::{Host, Url};

use super::ConfigError;
use crate::authority::records::Role;

/// The environment variable with the client secret.
pub const CLIENT_SECRET: &str = "LOOKOUT_OIDC_CLIENT_SECRET";

/// `[oidc]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The issuer identifier of the provider, for example `https://accounts.example.com`.
    pub issuer: String,
    /// What this server is called there.
    pub client_id: String,
    /// A file with the client secret, which only its owner may read. Without it, `LOOKOUT_OIDC_CLIENT_SECRET` has the secret.
    pub client_secret_file: Option<PathBuf>,
    /// What the button on the sign-in page calls the provider.
    #[serde(default = "name")]
    pub name: String,
    /// Scopes that are asked for besides `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Whether people sign in with a password of this server too.
    #[serde(default = "yes")]
    pub password_sign_in: bool,
    /// Whether somebody who comes for the first time gets an account.
    #[serde(default)]
    pub create_accounts: bool,
    /// The workspace that they become a member of.
    pub workspace: Option<String>,
    /// What they are there: owner, admin or member.
    #[serde(default = "member")]
    pub role: String,
    /// Domains of their e-mail addresses, which the provider must have verified.
    #[serde(default)]
    pub email_domains: Vec<String>,
}

fn name() -> String {
    "your organisation".to_owned()
}

fn scopes() -> Vec<String> {
    vec!["email".to_owned(), "profile".to_owned()]
}

const fn yes() -> bool {
    true
}

fn member() -> String {
    "member".to_owned()
}

/// Whether secrets may go to this address: over TLS, or not beyond this machine.
#[must_use]
pub fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(domain)) => domain == "localhost",
            None => false,
        },
        _ => false,
    }
}

impl OidcSettings {
    /// What an account that is made becomes in its workspace.
    #[must_use]
    pub fn role(&self) -> Role {
        Role::parse(&self.role).unwrap_or(Role::Member)
    }

    pub(super) fn judge(&self) -> Result<(), ConfigError> {
        match self.fault() {
            None => Ok(()),
            Some(fault) => Err(ConfigError(format!("oidc.{fault}"))),
        }
    }

    fn fault(&self) -> Option<String> {
        if !cfg!(feature = "oidc") {
            return Some("issuer: this server was built without the feature `oidc`; remove [oidc], or use another build".to_owned());
        }
        let is_issuer = Url::parse(&self.issuer).is_ok_and(|url| {
            is_safe(&url)
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if !is_issuer {
            return Some(format!(
                "issuer: {:?} is not an issuer such as \"https://accounts.example.com\"; http is for this machine only",
                self.issuer
            ));
        }
        if self.client_id.is_empty() {
            return Some(
                "client_id is empty; give what this server is called at the provider".to_owned(),
            );
        }
        if !(1..=40).contains(&self.name.chars().count()) || self.name.chars().any(char::is_control)
        {
            return Some(format!("name: {:?} is not a name of 1 to 40 characters", self.name));
        }
        let is_scope = |scope: &String| {
            !scope.is_empty()
                && scope
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
        };
        if let Some(scope) = self.scopes.iter().find(|scope| !is_scope(scope)) {
            return Some(format!(
                "scopes: {scope:?} is not one scope; give a list such as [\"email\"]"
            ));
        }
        if Role::parse(&self.role).is_none() {
            return Some(format!("role is {:?}; the roles are owner, admin and member", self.role));
        }
        let is_domain = |domain: &String| domain.contains('.') && !domain.contains(['@', '*', ' ']);
        if let Some(domain) = self.email_domains.iter().find(|domain| !is_domain(domain)) {
            return Some(format!(
                "email_domains: {domain:?} is not a domain such as \"example.com\""
            ));
        }
        if self.create_accounts && self.email_domains.is_empty() {
            return Some("email_domains is empty; with create_accounts, name the domains whose people get an account".to_owned());
        }
        let is_slug = |slug: &String| {
            (1..=40).contains(&slug.len())
                && !slug.starts_with('-')
                && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if self.create_accounts && !self.workspace.as_ref().is_some_and(is_slug) {
            return Some("workspace is missing, or not lower-case letters, digits and hyphens; with create_accounts, name the workspace that people become members of".to_owned());
        }
        None
    }
}
