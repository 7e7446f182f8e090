//! Requests of the harness itself: the person's browser, and the attacker.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::peer::answer::Visit;
use crate::peer::launch::{ended, kill};
use crate::peer::log::{Page, Visitor, What};
use crate::peer::stage::Stage;

/// A browser gives up on a chain of redirects; this one soon.
const LONGEST_CHAIN: usize = 8;

/// Pages are read up to this many bytes.
const LONGEST_PAGE: u64 = 256 << 10;

const PATIENCE: Duration = Duration::from_secs(10);

/// Makes one request and follows nothing. Addresses beyond this machine are not visited.
pub(crate) fn visit(visit: &Visit) -> Result<Page, String> {
    let url = url::Url::parse(&visit.url).map_err(|error| error.to_string())?;
    if !is_on_this_machine(&url) {
        return Err("the harness visits only http addresses of this machine".to_owned());
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(visit.method).uri(url.as_str());
    for (name, value) in &visit.headers {
        request = request.header(*name, value.as_str());
    }
    let request = request.body(()).map_err(|error| error.to_string())?;
    let mut response = agent.run(request).map_err(|error| error.to_string())?;
    let headers = response.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers = headers.collect();
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(LONGEST_PAGE).read_to_vec();
    let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
    Ok(Page { status, headers, body })
}

/// Goes where the client sends the person, and on to where the pages lead.
pub(crate) fn browse(stage: &Stage, address: &str) {
    let mut next = Some(address.to_owned());
    for _ in 0..LONGEST_CHAIN {
        let Some(address) = next.take() else { return };
        let visit = Visit::get(address);
        let got = self::visit(&visit);
        if let Ok(page) = &got
            && (300..400).contains(&page.status)
        {
            let base = url::Url::parse(&visit.url).ok();
            let to = page.header("location").and_then(|to| base?.join(to).ok());
            next = to.map(|to| to.to_string());
        }
        stage.note(What::Visited { by: Visitor::Person, visit, got });
    }
}

/// A program that visits addresses in place of the harness.
pub(crate) struct Browser {
    /// The program and its arguments; the address comes last.
    pub(crate) program: Vec<String>,
    /// A folder for its profile, its own.
    pub(crate) profile: PathBuf,
    /// Set when nobody waits for it any more.
    pub(crate) is_over: Arc<AtomicBool>,
}

/// How long a browser may still show the page that the client answered last.
const FAREWELL: Duration = Duration::from_secs(2);

const GLANCE: Duration = Duration::from_millis(20);

impl Browser {
    /// Runs the program until it ends or nobody waits for it any more.
    pub(crate) fn open(&self, address: &str) {
        let Some((name, arguments)) = self.program.split_first() else { return };
        let mut command = Command::new(name);
        command
            .args(arguments)
            .arg(address)
            // Where browsers keep their profiles: two of them must not share one.
            .env("XDG_CONFIG_HOME", self.profile.join("config"))
            .env("XDG_CACHE_HOME", self.profile.join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // A browser that cannot be started shows in the log as an address that nobody visited.
        let Ok(mut child) = command.spawn() else { return };
        let mut over: Option<Instant> = None;
        while let Ok(None) = ended(&mut child) {
            if self.is_over.load(Ordering::Relaxed)
                && over.get_or_insert_with(Instant::now).elapsed() > FAREWELL
            {
                break;
            }
            thread::sleep(GLANCE);
        }
        // Nothing is left of most of them by now.
        let _ = kill(&mut child);
    }
}

fn is_on_this_machine(url: &url::Url) -> bool {
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback() || is_own(address.into()),
        Some(url::Host::Ipv6(address)) => address.is_loopback() || is_own(address.into()),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && is_loopback
}

/// Whether an interface of this machine has this address: nothing can be bound to any other.
fn is_own(address: IpAddr) -> bool {
    !address.is_unspecified() && UdpSocket::bind((address, 0)).is_ok()
}

/// An address of this machine that others can reach, if it has one. Nothing is sent.
pub(crate) fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address for documentation (RFC 5737): the route to anywhere is what matters.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
