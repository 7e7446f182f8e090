//! A whole server in this process, without a socket: what the bodies about requests and pages speak to.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use lookout_schema::ScopeSet;
use lookout_server::App;
use lookout_server::app::init;
use lookout_server::authority::client::Registration;
use lookout_server::authority::records::{Client, Role};
use lookout_server::config::Settings;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const HOST: &str = "127.0.0.1:8787";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:4321/callback";
const EMAIL: &str = "ada@lookout.example";
const PASSWORD: &str = "correct horse battery";

/// A server with one member, who is signed in, has a token, and knows one client.
pub(crate) struct Whole {
    runtime: Mutex<Runtime>,
    router: Router,
    app: Arc<App>,
    pub(crate) token: String,
    pub(crate) session: String,
    pub(crate) client: String,
    _data: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The one server of this process.
pub(crate) fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(Whole::start)
}

impl Whole {
    fn start() -> Self {
        // What the many runs leave behind stays in memory where the system has such a folder.
        let memory = std::path::Path::new("/dev/shm");
        let data = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let data = data.expect("a temporary folder");
        let folder = data.path().join("data");
        let mut settings = Settings { data: folder.clone(), ..Settings::default() };
        settings.limits.unconsented_clients = 1 << 30;
        // Nothing leaves this process.
        settings.client_documents.timeout_ms = 1;
        settings.client_documents.ports = vec![1];
        let listen = settings.listen;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (app, token, session) = runtime.block_on(async {
            init(&folder).await.expect("a new data directory");
            let app = App::open(settings.at(listen).expect("good settings")).await;
            let app = app.expect("a server");
            let user = app.put_account(EMAIL, Some("Ada"), PASSWORD).await.expect("an account");
            let membership =
                app.join_workspace(&user, "demo", Role::Member).await.expect("a workspace");
            let scopes = Some(ScopeSet::all());
            let token =
                app.create_token(&user, &membership.workspace_id, "fuzz", scopes, None).await;
            let session = app.sign_in(EMAIL, PASSWORD.to_owned().into()).await;
            let session = session.expect("a store").expect("the right password");
            (app, token.expect("a token").0.expose().to_owned(), session.expose().to_owned())
        });
        let app = Arc::new(app);
        let router = lookout_server::router(app.clone());
        let whole = Self {
            runtime: Mutex::new(runtime),
            router,
            app,
            token,
            session: format!("sid={session}"),
            client: String::new(),
            _data: data,
        };
        let client = whole.register("Fuzz").id;
        Self { client, ..whole }
    }

    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner).block_on(work)
    }

    /// Registers a client of this name.
    pub(crate) fn register(&self, name: &str) -> Client {
        let registration = Registration {
            redirect_uris: vec![CALLBACK.to_owned()],
            client_name: Some(name.to_owned()),
            ..Registration::default()
        };
        self.block_on(self.app.register_client(&registration, None)).expect("a client").0
    }

    /// Sends one request.
    pub(crate) fn send(&self, request: Request<Body>) -> Reply {
        self.block_on(async {
            let service = TowerToHyperService::new(self.router.clone());
            let response = service.call(request).await.expect("a router always answers");
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.expect("a whole body").to_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Reply { status: parts.status, headers: parts.headers, text }
        })
    }
}
