//! Which endpoint, and as whom.

use std::fs;
use std::io;
use std::path::PathBuf;

use lookout_sdk::auth::{FileStore, OAuth};
use lookout_sdk::{Client, ClientBuilder, Error, ToolReply};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::input;

const TOKEN: &str = "LOOKOUT_TOKEN";

/// An endpoint with what proves who is calling.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) endpoint: String,
    token: Option<Token>,
    folder: PathBuf,
}

/// A programmatic token and where it came from.
struct Token {
    text: Zeroizing<String>,
    origin: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Connection {
    /// The connection that the flags and the environment ask for; else that of the last login.
    ///
    /// A token that was given goes to an endpoint that was given: the last login may have been at another server.
    pub(crate) fn of(cli: &Cli) -> Result<Self, Failure> {
        let folder = folder()?;
        let given = cli.url.clone().filter(|url| !url.is_empty());
        let token = match &cli.token_file {
            Some(path) => {
                let path = path.display().to_string();
                let (place, origin) = match path.as_str() {
                    "-" => (path, "standard input".to_owned()),
                    _ => (format!("@{path}"), path),
                };
                let text = Zeroizing::new(input::text(&place, "the token")?);
                Some(Token { text: Zeroizing::new(text.trim().to_owned()), origin })
            }
            None => match std::env::var(TOKEN) {
                Ok(text) if !text.is_empty() => {
                    let text = Zeroizing::new(text.trim().to_owned());
                    Some(Token { text, origin: TOKEN.to_owned() })
                }
                _ => None,
            },
        };
        let endpoint = match (given, &token) {
            (Some(given), _) => Ok(given),
            (None, Some(token)) => Err(Failure::usage(format!(
                "which server is the token from {} for? give --url or set LOOKOUT_URL",
                token.origin
            ))),
            (None, None) => fs::read_to_string(folder.join("endpoint")).map_err(|_| {
                Failure::usage(
                    "which server? give --url or set LOOKOUT_URL, such as https://lookout.example/mcp",
                )
            }),
        }?;
        Ok(Self { endpoint: endpoint.trim().to_owned(), token, folder })
    }

    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let builder = match &self.token {
            Some(token) => self.builder().token(token.text.as_str()),
            None => self.builder().oauth(self.oauth()),
        };
        builder.build().map_err(|error| self.failure(&error))
    }

    /// Calls a tool; a failure of the tool is one of the command.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Result<ToolReply, Failure> {
        let reply = self.client()?.dispatch(tool, arguments).await;
        let reply = reply.map_err(|error| self.failure(&error))?;
        if !reply.required_scopes().is_empty() {
            return Err(Failure::scopes(
                reply.required_scopes(),
                &self.endpoint,
                self.token_origin(),
            ));
        }
        match reply.error {
            Some(error) => Err(Failure::Tool(Box::new(error))),
            None => Ok(reply),
        }
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(&*self.endpoint).client_info("lookout-cli", env!("CARGO_PKG_VERSION"))
    }

    pub(crate) fn oauth(&self) -> OAuth {
        OAuth::new()
            .client_name("Lookout on the command line")
            .store(FileStore::new(self.credentials()))
    }

    /// Where the credentials are kept.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.folder.join("credentials")
    }

    /// Where the token came from, if there is one.
    pub(crate) fn token_origin(&self) -> Option<&str> {
        self.token.as_ref().map(|token| token.origin.as_str())
    }

    /// The kind of the token, which is no secret.
    pub(crate) fn token_prefix(&self) -> Option<&str> {
        let (prefix, _) = self.token.as_ref()?.text.split_once('_')?;
        ["lkmcp", "lkoat"].into_iter().find(|known| *known == prefix)
    }

    /// Remembers the endpoint for the commands that follow.
    pub(crate) fn remember(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        fs::write(self.folder.join("endpoint"), format!("{}\n", self.endpoint))
    }

    pub(crate) fn failure(&self, error: &Error) -> Failure {
        Failure::of(error, &self.endpoint, self.token_origin())
    }
}

/// The folder `lookout` where programs of this system keep what belongs to a person.
fn folder() -> Result<PathBuf, Failure> {
    let of =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let system = if cfg!(windows) {
        of("APPDATA")
    } else if cfg!(target_os = "macos") {
        of("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        of("HOME").map(|home| home.join(".config"))
    };
    let parent = of("XDG_CONFIG_HOME").or(system).ok_or_else(|| {
        Failure::usage("there is no folder for the credentials; set HOME or XDG_CONFIG_HOME")
    })?;
    Ok(parent.join("lookout"))
}
