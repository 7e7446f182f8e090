//! The reference server on loopback, in this process, strict or with one planted fault.
//!
//! The account and the demonstration shop are made once and copied for every server, so that each
//! starts with a database of its own and nobody waits for another password hash.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use lookout_conformance::Target;
use lookout_server::app::init;
use lookout_server::authority::Policy;
use lookout_server::authority::records::Role;
use lookout_server::config::Settings;
use lookout_server::danger::Fault;
use lookout_server::workspace::Connection;
use lookout_server::{App, demo};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// What every server starts from.
struct Template {
    data: TempDir,
    shop: Connection,
    /// Kept open and idle, so that the database's files hold still while they are copied.
    _app: App,
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let data = tempfile::tempdir().expect("a temporary folder");
    let (shop, app) = RUNTIME.block_on(async {
        let folder = data.path().join("data");
        init(&folder).await.expect("a new data directory");
        let settings = Settings { data: folder.clone(), ..Settings::default() };
        let listen = settings.listen;
        let app = App::open(settings.at(listen).expect("good settings")).await.expect("a server");
        let user = app.put_account(EMAIL, Some("Ada"), PASSWORD).await.expect("an account");
        let membership = app.join_workspace(&user, "demo", Role::Owner).await.expect("a workspace");
        let today = "2026-11-22".parse().expect("a date");
        let workspace = (membership.workspace_id.as_str(), membership.slug.as_str());
        let shop = demo::furnish(&*app.store, workspace, &folder, today, 0.01).await;
        (shop.expect("a shop"), app)
    });
    Template { data, shop, _app: app }
});

/// A running server. It ends with this value.
pub(crate) struct Server {
    base: String,
    task: JoinHandle<()>,
    _data: TempDir,
}

impl Server {
    /// A server with `fault`, or the strict one, whose settings are adjusted last.
    pub(crate) fn start(fault: Option<&Fault>, adjust: impl FnOnce(&mut Settings)) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        copy(&TEMPLATE.data.path().join("data"), data.path());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket option");
        let address = listener.local_addr().expect("an address");
        let mut settings = Settings { data: data.path().to_owned(), ..Settings::default() };
        if let Some(fault) = fault {
            fault.adjust(&mut settings);
        }
        adjust(&mut settings);
        let config = settings.at(address).expect("good settings");
        let policy = fault.map_or(Policy::STRICT, Fault::policy);
        let (listener, app, router) = RUNTIME.block_on(async {
            let app = App::with_dangerous_policy(config, policy).await.expect("a server");
            let app = Arc::new(app.with_warehouses(vec![TEMPLATE.shop.clone()]));
            let router = match fault {
                Some(fault) => fault.router(Arc::clone(&app)),
                None => lookout_server::router(Arc::clone(&app)),
            };
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            (listener, app, router)
        });
        let task = RUNTIME.spawn(async move {
            let served = lookout_server::serve(listener, app, router, std::future::pending());
            served.await.expect("the server runs");
        });
        Self { base: format!("http://{address}"), task, _data: data }
    }

    /// Its address.
    #[allow(dead_code, reason = "each test binary uses another part")]
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The server as a target, with somebody who may sign in.
    #[allow(dead_code, reason = "each test binary uses another part")]
    pub(crate) fn target(&self) -> Target {
        Target::new(format!("{}/mcp", self.base)).with_person(EMAIL, PASSWORD)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Copies the files of a folder, except the shop, which is only read and so shared.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the template").flatten() {
        let name = entry.file_name();
        if !name.to_string_lossy().starts_with("shop-") {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
        }
    }
}
