//! What this process counts, for Prometheus.
//!
//! Every label value is a word of this program: a route's template, a tool of the catalogue, an error code. What a client sends never becomes one, so
//! nobody can make the list grow. On the way of a request there are only atomics; whoever reads pays for the rest.

mod route;
mod timing;

use std::sync::LazyLock;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use lookout_schema::{CATALOGUE_DIGEST, catalogue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::App;
use crate::audit::{Event, Outcome};

pub use route::{Route, template};
pub use timing::Timing;

/// A label and its value.
type Label = (&'static str, &'static str);

/// Classes of a status.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// What came of a tool call.
const OUTCOMES: [&str; 4] = ["ok", "error", "refused", "abandoned"];
/// What is asked of the store.
const OPERATIONS: [&str; 3] = ["bearer", "begin", "commit"];

/// What came of a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It has a result.
    Ok,
    /// The tool says what is wrong.
    Error,
    /// It was not run.
    Refused,
    /// Whoever called hung up before it ended.
    Abandoned,
}

impl CallOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Error, Self::Refused, Self::Abandoned];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        OUTCOMES[self as usize]
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// What is asked of the store on the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Looking up a bearer token.
    Bearer,
    /// Beginning a decision, with its turn to write.
    Begin,
    /// Applying and committing one.
    Commit,
}

/// All counters of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Vec<[Counter; CLASSES.len()]>,
    durations: Vec<Timing>,
    /// Requests that are worked on.
    pub in_flight: Gauge,
    /// Open connections.
    pub connections: Gauge,
    calls: Vec<[Counter; OUTCOMES.len()]>,
    decisions: Family<[Label; 3], Counter>,
    store: Vec<Timing>,
    /// Operations of the store that failed.
    pub store_failures: Counter,
    /// Rows that a sweep removed.
    pub swept: Counter,
    throttled: Family<[Label; 1], Counter>,
    /// Refusals that were not recorded in the audit log.
    pub unrecorded: Counter,
    /// Calls that the activity page does not have.
    pub unrecorded_calls: Counter,
    pool: [Gauge; 2],
    hashing: Gauge,
}

/// The counters of this process.
#[must_use]
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

/// Something that is counted for as long as it lasts.
#[derive(Debug)]
pub struct Lasting(&'static Gauge<i64, AtomicI64>);

impl Lasting {
    /// Counts until it is dropped.
    #[must_use]
    pub fn new(gauge: &'static Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::with_prefix("lookout");
        let requests = Family::<[Label; 2], Counter>::default();
        let durations = Family::<[Label; 1], Timing>::default();
        let calls = Family::<[Label; 2], Counter>::default();
        let store = Family::<[Label; 1], Timing>::default();
        let decisions = Family::<[Label; 3], Counter>::default();
        let throttled = Family::<[Label; 1], Counter>::default();
        let build = Family::<[Label; 2], Gauge>::default();
        let (in_flight, connections, hashing) =
            (Gauge::default(), Gauge::default(), Gauge::default());
        let pool = [Gauge::default(), Gauge::default()];
        let (store_failures, swept, unrecorded, unrecorded_calls) =
            (Counter::default(), Counter::default(), Counter::default(), Counter::default());
        build
            .get_or_create(&[
                ("version", env!("CARGO_PKG_VERSION")),
                ("catalogue", CATALOGUE_DIGEST),
            ])
            .set(1);
        registry.register(
            "http_requests",
            "Requests by route and class of status",
            requests.clone(),
        );
        registry.register(
            "http_request_seconds",
            "Time from the headers of a request to those of its response",
            durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are worked on",
            in_flight.clone(),
        );
        registry.register("connections", "Open connections", connections.clone());
        registry.register("tool_calls", "Calls of tools", calls.clone());
        registry.register(
            "decisions",
            "Steps of flows, and why they were refused",
            decisions.clone(),
        );
        registry.register("store_seconds", "Time of operations of the database", store.clone());
        registry.register(
            "store_failures",
            "Operations of the database that failed",
            store_failures.clone(),
        );
        registry.register("store_connections_open", "Connections to the database", pool[0].clone());
        registry.register(
            "store_connections_used",
            "Connections to the database in use",
            pool[1].clone(),
        );
        registry.register("swept_rows", "Dead rows that were removed", swept.clone());
        registry.register(
            "password_checks",
            "Passwords that are being checked or wait for it",
            hashing.clone(),
        );
        registry.register("throttled", "Requests over a rate limit", throttled.clone());
        registry.register(
            "audit_unrecorded",
            "Refusals that the audit log does not have",
            unrecorded.clone(),
        );
        registry.register(
            "activity_unrecorded",
            "Calls of tools that the activity page does not have",
            unrecorded_calls.clone(),
        );
        registry.register("build", "What is running", build);
        let routes = template::ALL.iter().map(|&route| {
            CLASSES
                .map(|class| requests.get_or_create_owned(&[("route", route), ("status", class)]))
        });
        let tools = catalogue().tools.iter().map(|tool| tool.name.as_str());
        let tools = tools.map(|tool| {
            OUTCOMES
                .map(|outcome| calls.get_or_create_owned(&[("tool", tool), ("outcome", outcome)]))
        });
        Self {
            requests: routes.collect(),
            durations: template::ALL
                .iter()
                .map(|&route| durations.get_or_create_owned(&[("route", route)]))
                .collect(),
            calls: tools.collect(),
            store: OPERATIONS
                .iter()
                .map(|&operation| store.get_or_create_owned(&[("operation", operation)]))
                .collect(),
            registry,
            in_flight,
            connections,
            decisions,
            store_failures,
            swept,
            throttled,
            unrecorded,
            unrecorded_calls,
            pool,
            hashing,
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, route: Route, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.requests[route.index()][class].inc();
        self.durations[route.index()].observe(took);
    }

    /// Counts a tool call; a tool that is not in the catalogue is not counted.
    pub fn called(&self, tool: &str, outcome: CallOutcome) {
        let place = catalogue().tools.iter().position(|entry| entry.name == tool);
        if let Some(place) = place {
            self.calls[place][outcome as usize].inc();
        }
    }

    /// Counts a step of a flow.
    pub fn decided(&self, event: &Event) {
        let outcome = match event.outcome {
            Outcome::Allowed => "allowed",
            Outcome::Refused => "refused",
        };
        let labels =
            [("kind", event.what.as_str()), ("outcome", outcome), ("reason", event.reason)];
        self.decisions.get_or_create(&labels).inc();
    }

    /// Counts an operation of the store.
    pub fn stored(&self, operation: Operation, took: Duration) {
        self.store[operation as usize].observe(took);
    }

    /// Counts a request over the limit of that name.
    pub fn throttle(&self, limit: &'static str) {
        self.throttled.get_or_create(&[("limit", limit)]).inc();
    }

    /// Everything in the text format of OpenMetrics, with what only `app` knows.
    #[must_use]
    pub fn text(&self, app: &App) -> String {
        let (open, used) = app.store.connections();
        self.pool[0].set(i64::from(open));
        self.pool[1].set(i64::from(used));
        self.hashing.set(i64::try_from(app.passwords.waiting()).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}
