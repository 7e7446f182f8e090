//! What is tested: a target file, or the short form of one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use lookout_conformance::Target;
use lookout_conformance::catalogue::Catalogue;

#[derive(Args, Debug)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArguments {
    /// The server under test, as a target.toml. TARGETS.md tells what is in one; `init` writes one.
    #[arg(long, value_name = "FILE", conflicts_with_all = SHORT_FORM)]
    pub(crate) target: Option<PathBuf>,

    /// The nonce of the target file, given again: the server is mine, and serves no nonce.
    #[arg(long, value_name = "NONCE", requires = "target")]
    pub(crate) i_own: Option<String>,

    /// Print the client metadata documents to host for the target file, and run nothing.
    #[arg(long, requires = "target")]
    pub(crate) client_documents: bool,

    /// The server's base address, or its MCP endpoint.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Who signs in and consents. Without it, what needs a grant is not tested.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) user: Option<String>,

    /// The environment variable that holds the password. A password is never an argument.
    #[arg(long, value_name = "VARIABLE", default_value = "LOOKOUT_CONFORMANCE_PASSWORD")]
    pub(crate) password_env: String,

    /// Which tool needs which scope, instead of Lookout's own catalogue: a file or a folder.
    #[arg(long, value_name = "PATH")]
    pub(crate) catalogue: Option<PathBuf>,

    /// The page that makes programmatic tokens, if links named "MCP" and "Tokens" do not lead there.
    #[arg(long, value_name = "PATH")]
    pub(crate) tokens_page: Option<String>,

    /// How many seconds an authorization code lives; expiry is tried only when this is short.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) code_lifetime: Option<u64>,
}

/// What a target file says itself.
const SHORT_FORM: [&str; 6] =
    ["url", "user", "password_env", "catalogue", "tokens_page", "code_lifetime"];

impl TargetArguments {
    /// The target, or what is wrong with the way it was named.
    pub(crate) fn target(&self) -> Result<Target, String> {
        match &self.target {
            Some(file) => self.written(file),
            None => self.short_form(),
        }
    }

    /// The same, at `url` when no address was given.
    pub(crate) fn target_or(&self, url: &str) -> Result<Target, String> {
        match (&self.target, &self.url) {
            (None, None) => self.at(url),
            _ => self.target(),
        }
    }

    fn written(&self, file: &Path) -> Result<Target, String> {
        let mut target = Target::read(file).map_err(|problems| problems.to_string())?;
        let Some(nonce) = &self.i_own else { return Ok(target) };
        match &mut target.ownership {
            Some(ownership) if ownership.nonce == *nonce => ownership.confirmed = true,
            Some(_) => {
                let file = file.display();
                return Err(format!("--i-own is not the ownership.nonce of {file}"));
            }
            None => {
                let file = file.display();
                return Err(format!("--i-own confirms the [ownership] of {file}, and it has none"));
            }
        }
        Ok(target)
    }

    fn short_form(&self) -> Result<Target, String> {
        let Some(url) = &self.url else {
            return Err("--url is missing: give the address of the server under test, or a \
                        target.toml with --target"
                .to_owned());
        };
        self.at(url)
    }

    fn at(&self, url: &str) -> Result<Target, String> {
        let mut target = Target::new(url);
        if let Some(user) = &self.user {
            let variable = &self.password_env;
            let password = std::env::var(variable).map_err(|_| {
                format!("--user needs a password: set it in the environment variable {variable}")
            })?;
            target = target.with_person(user, password);
        }
        target.tokens_page.clone_from(&self.tokens_page);
        target.code_lifetime = self.code_lifetime.map(Duration::from_secs);
        if let Some(path) = &self.catalogue {
            target.catalogue =
                Catalogue::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(target)
    }
}
