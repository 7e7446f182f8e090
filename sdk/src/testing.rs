//! A Lookout server in the process of a test (feature `testing`).
//!
//! [`FakeLookout`] speaks MCP and OAuth on a port of this machine, so the code under test runs as it does in production:
//! the same client, real requests, real tokens. What its tools answer are fixtures, checked against the catalogue,
//! and whatever can go wrong on the way can be made to go wrong with a [`Fault`].
//!
//! ```
//! use lookout_sdk::schema::QueryWarehouse;
//! use lookout_sdk::testing::FakeLookout;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), lookout_sdk::Error> {
//! let lookout = FakeLookout::start();
//! let client = lookout.client();
//!
//! // The code under test.
//! let result = client.query_warehouse(QueryWarehouse::new("select 1")).await?;
//!
//! assert_eq!(result.row_count, 3);
//! let calls = lookout.calls();
//! assert_eq!(calls[0].name, "query_warehouse");
//! assert_eq!(calls[0].arguments["sql"], "select 1");
//! # Ok(())
//! # }
//! ```
//!
//! A fixture that the real server could not have sent does not get that far:
//!
//! ```should_panic
//! # use lookout_sdk::testing::FakeLookout;
//! # use serde_json::json;
//! let lookout = FakeLookout::start();
//! // list_tables cannot answer this
//! //   the whole: the member "warehouse_id" is missing
//! //   /tables/0: the member "qualified_name" is missing …
//! lookout.on("list_tables", json!({ "tables": [{ "name": "orders" }], "next_cursor": null }));
//! ```
//!
//! Invariants: arguments and fixtures are judged by the schemas of the catalogue; nothing is remembered beyond one [`FakeLookout`],
//! and its port is closed when it is dropped, so tests can run side by side.
//! Deliberately absent: data, SQL and pages. What needs a warehouse is tested against `lookout-server serve --demo`.

mod answer;
mod authority;
mod builder;
mod clients;
mod defaults;
mod endpoint;
mod fault;
mod person;
mod schema;
mod server;
mod world;

use std::fmt;
use std::sync::Arc;

use lookout_schema::catalogue;

use self::server::Running;
use self::world::Shared;

pub use self::answer::{Answer, InvalidFixture};
pub use self::builder::FakeLookoutBuilder;
pub use self::fault::Fault;
pub use self::world::{Call, SignIn};

/// A Lookout server for tests.
///
/// It works in any test, asynchronous or not, because it runs on a thread of its own.
/// Every tool answers from the start; [`FakeLookout::on`] says what.
///
/// Dropping it closes the port, and fails the test if an answer that was computed did not fit its tool or panicked,
/// or if a sign-in broke off for a reason that the code under test cannot see.
///
/// ```
/// # use lookout_sdk::testing::FakeLookout;
/// # use lookout_sdk::schema::ListWarehouses;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), lookout_sdk::Error> {
/// let lookout = FakeLookout::start();
/// let found = lookout.client().list_warehouses(ListWarehouses::default()).await?;
/// assert_eq!(found.warehouses[0].id, "shop");
/// # Ok(())
/// # }
/// ```
pub struct FakeLookout {
    shared: Arc<Shared>,
    server: Option<Running>,
}

impl FakeLookout {
    /// Starts a server with the default answers on a free port of 127.0.0.1.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// let lookout = FakeLookout::start();
    /// assert!(lookout.endpoint().starts_with("http://127.0.0.1:"));
    /// ```
    ///
    /// # Panics
    ///
    /// When no port or no thread can be had.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Starts to set a server up.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// # use serde_json::json;
    /// let lookout = FakeLookout::builder()
    ///     .scopes([lookout_sdk::schema::Scope::McpRead])
    ///     .on("list_dashboards", json!({ "dashboards": [], "next_cursor": null }))
    ///     .start();
    /// # drop(lookout);
    /// ```
    pub fn builder() -> FakeLookoutBuilder {
        FakeLookoutBuilder::default()
    }

    fn running(shared: Arc<Shared>, server: Running) -> Self {
        Self { shared, server: Some(server) }
    }

    /// Says what a tool answers from now on: JSON, or an [`Answer`].
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout, Fault};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// # use lookout_sdk::schema::ListDashboards;
    /// let lookout = FakeLookout::start();
    /// lookout.on("list_dashboards", serde_json::json!({ "dashboards": [], "next_cursor": null }));
    /// let found = lookout.client().list_dashboards(ListDashboards::default()).await?;
    /// assert!(found.dashboards.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the tool could not have answered that; the message names every member that is wrong.
    #[track_caller]
    pub fn on(&self, tool: &str, answer: impl Into<Answer>) {
        if let Err(invalid) = self.try_on(tool, answer) {
            panic!("{invalid}");
        }
    }

    /// Says what a tool answers from now on, if it could answer that.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// # use serde_json::json;
    /// let lookout = FakeLookout::start();
    /// let wrong = lookout.try_on("list_dashboards", json!({ "dashboards": {}, "next_cursor": null })).unwrap_err();
    /// assert!(wrong.to_string().contains("/dashboards: must be of type array, is of type object"));
    /// ```
    ///
    /// # Errors
    ///
    /// When the catalogue has no such tool, the result does not fit its output schema, or it does not end in that error code.
    pub fn try_on(&self, tool: &str, answer: impl Into<Answer>) -> Result<(), InvalidFixture> {
        let answer = answer.into();
        let entry = catalogue().tool(tool).ok_or_else(|| InvalidFixture::unknown_tool(tool))?;
        answer.check(entry)?;
        self.shared.world().answers.insert(tool.to_owned(), answer);
        Ok(())
    }

    /// Lets the next `count` requests that `fault` is about meet it.
    ///
    /// Several faults about the same requests strike in the order in which they were set.
    ///
    /// ```
    /// # use lookout_sdk::testing::{FakeLookout, Fault};
    /// # use lookout_sdk::schema::ListTables;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lookout = FakeLookout::start();
    /// let client = lookout.client();
    /// lookout.fail_next(1, Fault::MalformedJson);
    /// assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_protocol());
    /// assert!(client.list_tables(ListTables::default()).await.is_ok());
    /// # }
    /// ```
    pub fn fail_next(&self, count: u32, fault: Fault) {
        self.shared.world().faults.set(fault, Some(count));
    }

    /// Lets every request that `fault` is about meet it, until [`FakeLookout::heal`].
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout, Fault};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// # use lookout_sdk::schema::ListTables;
    /// use std::time::Duration;
    ///
    /// let lookout = FakeLookout::start();
    /// lookout.fail_always(Fault::RateLimited { retry_after: Duration::from_secs(3600) });
    /// let error = lookout.client().list_tables(ListTables::default()).await.unwrap_err();
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn fail_always(&self, fault: Fault) {
        self.shared.world().faults.set(fault, None);
    }

    /// Ends every fault. A token that expired or was revoked meanwhile stays so.
    ///
    /// ```
    /// # use lookout_sdk::testing::{FakeLookout, Fault};
    /// # use lookout_sdk::schema::ListTables;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lookout = FakeLookout::start();
    /// lookout.fail_always(Fault::UnknownTool);
    /// lookout.heal();
    /// assert!(lookout.client().list_tables(ListTables::default()).await.is_ok());
    /// # }
    /// ```
    pub fn heal(&self) {
        self.shared.world().faults.clear();
    }

    /// The calls that reached a tool, in order; neither those that were refused before, nor those with arguments that do not fit.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout, Fault};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// # use lookout_sdk::schema::DescribeTable;
    /// let lookout = FakeLookout::start();
    /// lookout.client().describe_table(DescribeTable::new("orders")).await?;
    /// assert_eq!(lookout.calls()[0].arguments["table"], "orders");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.world().calls.clone()
    }

    /// What the person was asked, in order.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout, Fault};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// # use lookout_sdk::Client;
    /// let lookout = FakeLookout::start();
    /// let client = Client::builder(lookout.endpoint()).read_only().oauth(lookout.oauth()).build()?;
    /// client.sign_in().await?;
    /// assert_eq!(lookout.sign_ins()[0].asked.to_string(), "mcp:read");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sign_ins(&self) -> Vec<SignIn> {
        self.shared.world().sign_ins.clone()
    }

    /// How often a client asked for fresh tokens.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout, Fault};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// # use lookout_sdk::Client;
    /// # use lookout_sdk::schema::ListTables;
    /// let lookout = FakeLookout::start();
    /// let client = Client::builder(lookout.endpoint()).oauth(lookout.oauth()).build()?;
    /// client.sign_in().await?;
    /// lookout.fail_next(1, Fault::ExpiredToken);
    /// client.list_tables(ListTables::default()).await?;
    /// assert_eq!(lookout.refreshes(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.shared.world().refreshes
    }

    /// How many sign-ins are still good: neither revoked by a sign-out nor ended otherwise.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// # use lookout_sdk::testing::FakeLookout;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// let lookout = FakeLookout::start();
    /// let client = Client::builder(lookout.endpoint()).oauth(lookout.oauth()).build()?;
    /// client.sign_in().await?;
    /// assert_eq!(lookout.signed_in(), 1);
    /// client.sign_out().await?;
    /// assert_eq!(lookout.signed_in(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn signed_in(&self) -> usize {
        let world = self.shared.world();
        world.grants.iter().filter(|grant| grant.live && grant.from_sign_in).count()
    }
}

impl Drop for FakeLookout {
    fn drop(&mut self) {
        self.server.take();
        let problems = std::mem::take(&mut self.shared.world().problems);
        // A second panic would hide the first, which is the better explanation.
        if !problems.is_empty() && !std::thread::panicking() {
            panic!("{}", problems.join("\n"));
        }
    }
}

impl fmt::Debug for FakeLookout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeLookout").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}
