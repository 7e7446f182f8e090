//! Running a server: from the command line, with settings, the demo and signals, and from a listener on, with connections and their limits.

mod bodies;
mod connection;
pub(crate) mod descriptors;
mod draining;
mod front;
mod listener;
mod measuring;
mod places;
mod progress;
mod roster;
mod shares;
mod stream;
mod sweeper;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{OpenError, init_on};
use crate::authority::records::Role;
use crate::config::{Place, Settings};
use crate::secret::entropy::{SystemEntropy, identifier};
use crate::workspace::Connection;
use crate::{App, Config};

pub use draining::Draining;
pub use listener::serve;
pub(crate) use places::Places;

pub(crate) const DEMO_EMAIL: &str = "demo@lookout.example";
const DEMO_WORKSPACE: &str = "demo";
const DEMO_PASSWORD: &str = "LOOKOUT_DEMO_PASSWORD";

/// What is printed while nobody has an account. Nobody can make one for themselves.
const FIRST_STEPS: &str = "\nNobody has an account yet. Make the owner with the same --data and --config as here; it prints a link to choose a password:\n  lookout-server user add you@example.com --role owner --setup-link\n";

/// Flags of `lookout-server serve`.
#[derive(Debug, Args)]
pub struct Flags {
    /// Start with a workspace, a member, dashboards and a warehouse to try things on. Makes the data directory if needed.
    #[arg(long)]
    demo: bool,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    place: Place,
    /// What clients call this server, for example `https://lookout.example`.
    #[arg(long)]
    public_url: Option<String>,
}

impl Flags {
    /// The collector that the configuration file names for spans. A file that cannot be read is judged when the server starts.
    #[must_use]
    pub fn telemetry_endpoint(&self) -> Option<String> {
        self.place.settings().ok()?.telemetry.endpoint
    }
}

/// Runs a server until it is told to stop.
///
/// A plain server passes [`plain`], [`App::open`] and [`crate::router`]; the others exist for servers that are wrong on purpose.
///
/// # Errors
///
/// When the configuration, the data directory or the address cannot be used; the message says what to change.
pub async fn run(
    flags: Flags,
    adjust: impl FnOnce(&mut Settings),
    open: impl AsyncFnOnce(Config) -> Result<App, OpenError>,
    routes: impl FnOnce(Arc<App>) -> Router,
) -> anyhow::Result<()> {
    let mut settings = flags.place.settings()?;
    settings.listen = flags.listen.unwrap_or(settings.listen);
    settings.public_url = flags.public_url.or(settings.public_url);
    adjust(&mut settings);
    let wanted = settings.limits.connections;
    settings.limits.connections = descriptors::for_connections(wanted);
    if settings.limits.connections < wanted {
        let connections = settings.limits.connections;
        tracing::warn!(
            connections,
            "fewer than limits.connections: raise the limit for open files"
        );
    }
    // Judged before anything is touched, and again with the port that the system chose.
    settings.clone().at(settings.listen)?;
    let data = settings.data.clone();
    if flags.demo {
        settings.judge_demo(DEMO_WORKSPACE, crate::demo::WAREHOUSE)?;
        if is_empty(&data) {
            init_on(&settings).await?;
        }
    }
    let listen = settings.listen;
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let mut connections = Vec::new();
    for warehouse in &settings.warehouses {
        connections.push(Connection::open(warehouse)?);
    }
    let app = open(settings.at(address)?).await?;
    #[cfg(feature = "oidc")]
    if let Some(fault) = app.upstream.as_ref().and_then(|upstream| upstream.secret_fault()) {
        bail!("oidc: {fault}");
    }
    let mut greeting = String::new();
    if flags.demo {
        let (shop, shown) = demo(&app).await?;
        connections.push(shop);
        greeting = shown;
    } else if !app.store.has_people().await? {
        greeting = FIRST_STEPS.to_owned();
    }
    let app = Arc::new(app.with_warehouses(connections));
    app.note_start().await?;
    let router = routes(Arc::clone(&app));
    if let Some(address) = app.config.metrics.listen {
        measuring::serve(address, Arc::clone(&app)).await?;
    }
    say(&format!("listening on http://{address}\n{greeting}"))?;

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut signalled = async move || {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let again = async move {
        signalled().await;
        // The server is gone when nobody listens to this.
        let _ = stop.send(());
        signalled().await;
    };
    let stopped = async {
        let _ = stopped.await;
    };
    tokio::select! {
        served = serve(listener, app, router, stopped) => served.context("the server stopped"),
        () = again => bail!("the server was told to stop twice, and did so at once"),
    }
}

/// Leaves the settings as they are.
pub const fn plain(_settings: &mut Settings) {}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
        || !directory.exists()
}

/// Prepares the demo workspace and says how to use it. The password changes at every start unless the environment sets one.
async fn demo(app: &App) -> anyhow::Result<(Connection, String)> {
    let (password, shown) = match std::env::var(DEMO_PASSWORD) {
        Ok(password) => (password, format!("the one in {DEMO_PASSWORD}")),
        Err(_) => {
            let password = identifier(&SystemEntropy);
            (password.clone(), password)
        }
    };
    let user = app.put_account(DEMO_EMAIL, Some("Demo member"), &password).await?;
    let membership = app.join_workspace(&user, DEMO_WORKSPACE, Role::Owner).await?;
    let workspace = (membership.workspace_id.as_str(), membership.slug.as_str());
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let shop = crate::demo::furnish(&*app.store, workspace, &app.config.data, today, 1.0).await?;
    let base = &app.config.public_url.base;
    let greeting = format!(
        "\nDemo workspace\n  sign in:      {base}/sign-in\n  e-mail:       {DEMO_EMAIL}\n  password:     {shown}\n  MCP endpoint: {base}/mcp\n"
    );
    Ok((shop, greeting))
}

/// Writes to standard output.
///
/// # Errors
///
/// When nobody reads there any more.
pub fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}
