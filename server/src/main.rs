//! The command line of the server.

mod command;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Args, Parser, Subcommand};
use command::open;
use lookout_schema::{Scope, ScopeSet};
use lookout_server::App;
use lookout_server::app::init_on;
use lookout_server::authority::records::{GrantKind, Membership, User};
use lookout_server::config::{ConfigError, Place};
use lookout_server::serving::{self, say};
#[cfg(feature = "otel")]
use lookout_server::telemetry::otel::Exporting;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Lookout's MCP server: one binary with its own authorization server and pages.
#[derive(Parser)]
#[command(name = "lookout-server", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a data directory, which must be empty or absent, with a new root key, and a database.
    Init(Place),
    /// Run the server.
    Serve(serving::Flags),
    /// Manage people.
    #[command(subcommand)]
    User(command::user::UserCommand),
    /// Manage programmatic tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Manage the root keys.
    #[command(subcommand)]
    Key(command::key::KeyCommand),
    /// Say what is misconfigured or doubtful, and what to do. Exits with 1 when there are problems.
    Doctor(command::doctor::Flags),
    /// Print the audit log.
    Audit(command::audit::Flags),
    /// End secrets that somebody found: any text with them in it, on standard input.
    LeakedToken(command::leaked_token::Flags),
}

#[derive(Args)]
struct TokenOwner {
    /// The e-mail address of the person whose token it is.
    #[arg(long)]
    user: String,
    /// The workspace; needed when the person has several.
    #[arg(long)]
    workspace: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token and print it, alone, on standard output.
    Create {
        #[command(flatten)]
        owner: TokenOwner,
        /// What it is called.
        #[arg(long)]
        name: String,
        /// A permission, mcp:read or mcp:write; repeat it for several. Without any, both.
        #[arg(long = "scope", value_parser = scope)]
        scopes: Vec<Scope>,
        /// How many days it lives.
        #[arg(long, default_value_t = 90)]
        expires_days: i64,
    },
    /// List a person's tokens: identifier, first characters, scopes, state and name, separated by tabs.
    List {
        #[command(flatten)]
        owner: TokenOwner,
    },
    /// End a token at once.
    Revoke {
        #[command(flatten)]
        owner: TokenOwner,
        /// Its name or its identifier.
        token: String,
    },
}

fn scope(name: &str) -> Result<Scope, String> {
    name.parse().map_err(|error: lookout_schema::UnknownScope| error.to_string())
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("LOOKOUT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let command = Cli::parse().command;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    #[cfg(feature = "otel")]
    let exporting = exporting(&command);
    #[cfg(feature = "otel")]
    let subscriber = subscriber.with(exporting.as_ref().map(Exporting::layer));
    subscriber.init();
    let outcome = run(command).await;
    #[cfg(feature = "otel")]
    if let Some(exporting) = exporting {
        // Sending the last spans needs the runtime, so its threads must not wait for it.
        let _ = tokio::task::spawn_blocking(move || exporting.finish()).await;
    }
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // One line, whatever a library says.
            eprintln!("error: {}", format!("{error:#}").replace(['\n', '\r'], " "));
            ExitCode::from(if error.is::<ConfigError>() { 2 } else { 1 })
        }
    }
}

/// What exports spans, when the configuration of a server says where to.
#[cfg(feature = "otel")]
fn exporting(command: &Command) -> Option<Exporting> {
    let Command::Serve(flags) = command else { return None };
    let endpoint = flags.telemetry_endpoint()?;
    Exporting::to(&endpoint)
        .inspect_err(|error| eprintln!("note: spans are not exported: {error}"))
        .ok()
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Init(place) => make(&place).await,
        Command::Serve(flags) => {
            serving::run(flags, serving::plain, App::open, lookout_server::router).await
        }
        Command::User(command) => command::user::run(command).await,
        Command::Token(command) => token(command).await,
        Command::Key(command) => command::key::run(command).await,
        Command::Audit(flags) => command::audit::run(flags).await,
        Command::LeakedToken(flags) => command::leaked_token::run(flags).await,
        Command::Doctor(flags) => return command::doctor::run(flags).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn token(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { owner, name, scopes, expires_days } => {
            let (app, user, membership) = identify(owner).await?;
            let scopes: Option<ScopeSet> =
                (!scopes.is_empty()).then(|| scopes.into_iter().collect());
            let (token, grant) = app
                .create_token(&user, &membership.workspace_id, &name, scopes, Some(expires_days))
                .await?;
            if scopes.is_none() && grant.scopes.contains(Scope::McpWrite) {
                eprintln!(
                    "note: this token can also save dashboards; --scope mcp:read makes one that reads only"
                );
            }
            eprintln!("note: this token is not shown again");
            say(&format!("{}\n", token.expose()))
        }
        TokenCommand::List { owner } => {
            let (app, user, membership) = identify(owner).await?;
            let (now, listings) = app.grants_seen_by(&user, &membership).await?;
            let own = |listing: &&lookout_server::store::GrantListing| {
                listing.grant.kind == GrantKind::Programmatic && listing.grant.user_id == user.id
            };
            for listing in listings.iter().filter(own) {
                let grant = &listing.grant;
                let state = match (grant.revoked_at, grant.expires_at) {
                    (Some(_), _) => "revoked",
                    (None, Some(ends)) if ends <= now => "expired",
                    (None, _) => "live",
                };
                say(&format!(
                    "{}\t{}\t{}\t{state}\t{}\n",
                    grant.id, listing.hint, grant.scopes, grant.name
                ))?;
            }
            Ok(())
        }
        TokenCommand::Revoke { owner, token } => {
            let (app, user, membership) = identify(owner).await?;
            let (_, listings) = app.grants_seen_by(&user, &membership).await?;
            let found = listings.iter().map(|listing| &listing.grant).find(|grant| {
                grant.user_id == user.id
                    && grant.kind == GrantKind::Programmatic
                    && grant.revoked_at.is_none()
                    && (grant.id == token || grant.name == token)
            });
            let grant =
                found.ok_or_else(|| anyhow!("{} has no live token {token:?}", user.email))?;
            match app.disconnect(&user, &membership, &grant.id).await? {
                Ok(()) => Ok(()),
                Err(_) => bail!("{} has no live token {token:?}", user.email),
            }
        }
    }
}

async fn make(place: &Place) -> anyhow::Result<()> {
    Ok(init_on(&place.settings()?).await?)
}

/// The person and the workspace that a command is about.
async fn identify(owner: TokenOwner) -> anyhow::Result<(App, User, Membership)> {
    let app = open(&owner.place).await?;
    let email = owner.user.trim().to_lowercase();
    let account = app.store.account(&email).await?;
    let user = account.ok_or_else(|| anyhow!("nobody has the e-mail address {email}"))?.user;
    let memberships = app.store.memberships(&user.id).await?;
    let slugs: Vec<&str> = memberships.iter().map(|membership| membership.slug.as_str()).collect();
    let membership = match (&owner.workspace, memberships.as_slice()) {
        (Some(slug), _) => memberships.iter().find(|membership| membership.slug == *slug),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    match membership.cloned() {
        Some(membership) => Ok((app, user, membership)),
        None => bail!("choose the workspace with --workspace; {email} is a member of {slugs:?}"),
    }
}
