//! A server on a free loopback port, and a plain HTTP client for it. In a test binary whose name ends in `_postgres` it keeps its data there.

#![allow(dead_code, reason = "each test binary uses another part")]

#[path = "../cluster/cluster.rs"]
pub(crate) mod cluster;

use std::future::Future;
use std::sync::Arc;

use lookout_server::config::{DatabaseUrl, Settings};
use lookout_server::{App, app};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A running server with an empty store. It ends with this value.
pub(crate) struct Serving {
    pub(crate) base: String,
    pub(crate) app: Arc<App>,
    /// The name of the PostgreSQL database.
    database: Option<String>,
    _data: Option<TempDir>,
    pub(crate) runtime: Runtime,
    agent: ureq::Agent,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's text, empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The address of a new PostgreSQL database, in a test binary that is for them. Without PostgreSQL its tests run on the embedded database again.
fn fresh_database() -> Option<String> {
    let is_for_postgres = env!("CARGO_CRATE_NAME").ends_with("_postgres");
    is_for_postgres.then(cluster::shared)?.map(cluster::Cluster::fresh_database)
}

impl Serving {
    /// Starts a server with these settings, after `prepare` has filled its store.
    pub(crate) fn start<P: Future<Output = App>>(
        adjust: impl FnOnce(&mut Settings),
        prepare: impl FnOnce(App) -> P,
    ) -> Self {
        Self::start_in(fresh_database(), adjust, prepare)
    }

    /// The same, with its data in this PostgreSQL database, or else in the embedded one.
    pub(crate) fn start_in<P: Future<Output = App>>(
        database: Option<String>,
        adjust: impl FnOnce(&mut Settings),
        prepare: impl FnOnce(App) -> P,
    ) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let folder = data.path().join("data");
        let mut settings = Settings { data: folder, ..Settings::default() };
        settings.database.url = database.clone().map(DatabaseUrl::from);
        adjust(&mut settings);
        let runtime = Runtime::new().expect("a runtime");
        let made = runtime.block_on(app::init_on(&settings));
        made.expect("a new data directory");
        let mut serving = Self::open(runtime, settings, prepare);
        serving.database = database;
        serving._data = Some(data);
        serving
    }

    /// A second server on the same data, with the same keys and the same public URL. It is gone before the first one.
    pub(crate) fn replica(&self) -> Self {
        let settings = Settings {
            data: self.app.config.data.clone(),
            database: self.app.config.database.clone(),
            public_url: Some(self.app.config.public_url.base.clone()),
            ..Settings::default()
        };
        let mut serving = Self::open(Runtime::new().expect("a runtime"), settings, async |app| app);
        serving.database.clone_from(&self.database);
        serving
    }

    fn open<P: Future<Output = App>>(
        runtime: Runtime,
        settings: Settings,
        prepare: impl FnOnce(App) -> P,
    ) -> Self {
        let (base, app) = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("an address");
            let app =
                App::open(settings.at(address).expect("good settings")).await.expect("a server");
            let app = Arc::new(prepare(app).await);
            let router = lookout_server::router(app.clone());
            let serving =
                lookout_server::serve(listener, app.clone(), router, std::future::pending());
            tokio::spawn(serving);
            (format!("http://{address}"), app)
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        Self { base, app, runtime, agent, database: None, _data: None }
    }

    /// Whether its data is in PostgreSQL.
    pub(crate) const fn is_on_postgres(&self) -> bool {
        self.database.is_some()
    }

    /// The one number that a query of the database gives, from outside.
    pub(crate) fn count(&self, query: &str) -> i64 {
        match &self.database {
            Some(database) => {
                let cluster = cluster::shared().expect("it has the database");
                let rows = cluster.query(database, query).expect("a query");
                rows[0][0].as_deref().and_then(|text| text.parse().ok()).expect("a number")
            }
            None => {
                let file = lookout_server::store::file(&self.app.config.data);
                let database = rusqlite::Connection::open(file).expect("the database");
                database.query_row(query, [], |row| row.get(0)).expect("a number")
            }
        }
    }

    /// Runs statements on the database, from outside.
    pub(crate) fn sql(&self, statements: &str) {
        match &self.database {
            Some(database) => {
                let cluster = cluster::shared().expect("it has the database");
                cluster.query(database, statements).expect("a statement");
            }
            None => {
                let file = lookout_server::store::file(&self.app.config.data);
                let database = rusqlite::Connection::open(file).expect("the database");
                database.busy_timeout(std::time::Duration::from_secs(5)).expect("a timeout");
                database.execute_batch(statements).expect("a statement");
            }
        }
    }

    /// Makes every change of rows in `table` fail, until [`Serving::mend`].
    pub(crate) fn jam(&self, table: &str) {
        self.sql(&match &self.database {
            Some(_) => format!(
                "create function stuck() returns trigger language plpgsql as 'begin raise exception ''stuck''; end';
                 create trigger stuck before update on {table} for each statement execute function stuck()"
            ),
            None => format!(
                "create trigger stuck before update on {table} begin select raise(abort, 'stuck'); end"
            ),
        });
    }

    /// Undoes [`Serving::jam`].
    pub(crate) fn mend(&self, table: &str) {
        self.sql(&match &self.database {
            Some(_) => format!("drop trigger stuck on {table}; drop function stuck"),
            None => "drop trigger stuck".to_owned(),
        });
    }

    /// Sends one request, with a body when there is one, and follows nothing.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Reply {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut response = response.expect("an answer");
        let text = response.body_mut().read_to_string().expect("a body of text");
        Reply { status: response.status().as_u16(), headers: response.headers().clone(), text }
    }
}
