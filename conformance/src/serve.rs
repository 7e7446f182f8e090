//! Grading a client that a person or a browser drives.
//!
//! Every scenario stays open at an address of its own. Pages say what each is about and what to do,
//! and show what arrived and what it comes to so far. The report is the one that `grade` makes, on
//! the scenarios that somebody came to.
//!
//! Only this machine is shown pages, by the `Host` of the request. What a client sends is redacted,
//! escaped and bounded before it is shown. Nothing is kept: the report is what remains.

mod listen;
mod open;
mod page;
mod rehearse;
mod route;
mod words;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use thiserror::Error;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

pub use crate::grade::Approval;

use crate::checks::{UnknownName, client};
use crate::grade::{ClientCheck, GradeOptions, Seen, judge, report_on};
use crate::peer::run::Run;
use crate::peer::stage::admit::Policy;
use crate::report::{CheckReport, Report};
use crate::run::now;
use crate::serve::open::{Judged, OpenScenario, Plan};

/// Where pages and scenarios are served unless another address is given.
pub const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8790);

/// How scenarios are kept open.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// Where to listen; [`ADDRESS`], or a free port when that is taken, unless set.
    pub address: Option<SocketAddr>,
    /// The address under which a tunnel leads here, for clients that run elsewhere.
    pub public_url: Option<String>,
    /// How the authorization endpoints consent.
    pub approval: Approval,
    /// Which scenarios and checks there are, and where their input comes from.
    pub grading: GradeOptions,
}

/// Why nothing could be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// A name selects nothing.
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    /// The public address is none that a tunnel leads from.
    #[error(
        "{0} is not a public address: expected a scheme and a host only, as in https://tunnel.example"
    )]
    PublicUrl(String),
    /// Other machines could come, and nothing says under which name.
    #[error(
        "{0} is not an address of this machine alone: say with a public URL how clients reach it"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken, or there is no free port.
    #[error("cannot listen at {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// A scenario could not be opened.
    #[error("cannot open the servers of a scenario: {0}")]
    Servers(io::Error),
}

/// Scenarios that are open to whoever comes. They close with this value.
#[derive(Debug)]
pub struct Serving {
    house: Arc<House>,
    server: AbortHandle,
    address: SocketAddr,
    runtime: Runtime,
}

impl Serving {
    /// Opens the scenarios and their pages.
    ///
    /// # Errors
    ///
    /// When a name is unknown, an address is unusable, or there are no free ports.
    pub fn open(options: &ServeOptions) -> Result<Self, ServeError> {
        let checks = client::select(&options.grading.only)?;
        let scenarios = client::scenarios(&checks, &options.grading.scenarios)?;
        let public = options.public_url.as_deref().map(public).transpose()?;
        let runtime = crate::grade::runtime().map_err(|error| match error {
            crate::grade::GradeError::Servers(error) => ServeError::Servers(error),
            other => ServeError::Servers(io::Error::other(other.to_string())),
        })?;
        if let Some(address) = options.address.filter(|address| !address.ip().is_loopback())
            && public.is_none()
        {
            return Err(ServeError::NotLoopback(address));
        }
        listen::raise_limit();
        let (listener, address) = listen::bind(options.address)?;
        let policy = Policy {
            approval: options.approval,
            is_attended: true,
            public_host: public.as_ref().map(|public| public.host.clone()),
        };
        let plan = Plan {
            seed: options.grading.seed,
            public: public.as_ref().map(|public| public.origin.clone()),
            policy,
            runtime: runtime.handle().clone(),
        };
        let plan = Arc::new(plan);
        let opened = scenarios.into_iter().map(|scenario| {
            OpenScenario::open(scenario, Arc::clone(&plan)).map_err(ServeError::Servers)
        });
        let house = Arc::new(House {
            scenarios: opened.collect::<Result<_, _>>()?,
            checks,
            grading: options.grading.clone(),
            approval: options.approval,
            public,
            begun: (Instant::now(), now()),
            report: Mutex::new(None),
        });
        let _entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)
            .map_err(|error| ServeError::Listen(address, error))?;
        let server = runtime.spawn(listen::serve(listener, Arc::clone(&house))).abort_handle();
        drop(_entered);
        Ok(Self { house, server, address, runtime })
    }

    /// The address of the pages.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many scenarios there are.
    pub fn count(&self) -> usize {
        self.house.scenarios.len()
    }

    /// What was found so far.
    pub fn report(&self) -> Report {
        (*self.house.report()).clone()
    }

    /// Waits until somebody interrupts the process, or asks it to end.
    ///
    /// # Errors
    ///
    /// When the operating system does not tell of that.
    pub fn wait(&self) -> io::Result<()> {
        self.runtime.block_on(async {
            #[cfg(unix)]
            {
                use tokio::signal::unix::{SignalKind, signal};
                let mut ending = signal(SignalKind::terminate())?;
                tokio::select! {
                    interrupted = tokio::signal::ctrl_c() => interrupted,
                    _ = ending.recv() => Ok(()),
                }
            }
            #[cfg(not(unix))]
            tokio::signal::ctrl_c().await
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Everything that is open, and what is judged.
pub(crate) struct House {
    scenarios: Vec<OpenScenario>,
    checks: Vec<&'static ClientCheck>,
    grading: GradeOptions,
    approval: Approval,
    public: Option<Public>,
    begun: (Instant, String),
    /// The last report, and what it is on.
    report: Mutex<Option<Reported>>,
}

/// A report, and how far each scenario had come when it was made.
type Reported = (Vec<(u32, u64)>, Arc<Report>);

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("public", &self.public).finish_non_exhaustive()
    }
}

impl House {
    fn scenario(&self, id: &str) -> Option<&OpenScenario> {
        self.scenarios.iter().find(|open| open.scenario.id == id)
    }

    /// The verdicts on what happened in one scenario.
    fn checks<'j>(&self, judged: &'j Judged) -> &'j [CheckReport] {
        judged.checks(&self.checks, self.grading.strict)
    }

    /// The report on all scenarios that somebody came to.
    fn report(&self) -> Arc<Report> {
        let judged: Vec<Arc<Judged>> = self.scenarios.iter().map(OpenScenario::judged).collect();
        let state: Vec<(u32, u64)> = judged.iter().map(|judged| judged.state).collect();
        let mut last = locked(&self.report);
        if let Some((known, report)) = &*last
            && *known == state
        {
            return Arc::clone(report);
        }
        let visited: Vec<&Judged> =
            judged.iter().map(Arc::as_ref).filter(|judged| judged.is_visited()).collect();
        let seen: Vec<Seen<'_>> = visited.iter().map(|judged| judged.seen()).collect();
        let reports = self.checks.iter();
        let reports = reports.map(|check| judge(check, &seen, self.grading.strict, &|_, _| None));
        let runs: Vec<&Run> = visited.iter().map(|judged| &judged.run).collect();
        let (target, begun) = (target(&runs), self.begun.clone());
        let options = GradeOptions { jobs: 1, cases: None, ..self.grading.clone() };
        let report = Arc::new(report_on(target, &options, begun, &runs, reports.collect()));
        *last = Some((state, Arc::clone(&report)));
        report
    }
}

/// Who was tested, by the name that the client registered with.
fn target(runs: &[&Run]) -> String {
    let clients = runs.iter().flat_map(|run| &run.world.clients);
    let mut names = clients.filter_map(|client| client.asked["client_name"].as_str());
    match names.next() {
        Some(name) => {
            let name: String = name.chars().take(80).collect();
            format!("{name}, driven by a person")
        }
        None => "a client, driven by a person".to_owned(),
    }
}

/// The address that a tunnel leads from.
#[derive(Clone, Debug)]
pub(crate) struct Public {
    /// Scheme, host and port, without a slash at the end.
    origin: String,
    /// Host and port as in a `Host` header.
    host: String,
}

fn public(text: &str) -> Result<Public, ServeError> {
    let wrong = || ServeError::PublicUrl(text.to_owned());
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_bare || !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let origin = url.origin().ascii_serialization();
    let host = origin.split_once("://").map(|(_, host)| host.to_owned()).ok_or_else(wrong)?;
    Ok(Public { origin, host })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
