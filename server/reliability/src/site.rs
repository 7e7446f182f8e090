//! Where the servers of a run live: data directory, configuration, replicas.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::arena::Arena;
use crate::database::Database;
use crate::person::{Person, WORKSPACE};
use crate::process::{Launch, Server, free_addresses, run};
use crate::wire::{Connections, Wire};

const PEOPLE: usize = 3;
const CLIENTS: usize = 8;
/// How long a server may take to end after it was asked to.
const ENDING: Duration = Duration::from_secs(20);
/// Servers that share a database, where they can.
const REPLICAS: usize = 3;

/// The limits that would end a run early are out of its way; each has tests of its own.
const CONFIGURATION: &str = r#"
[limits]
grants_per_client = 1000000
tokens_per_person = 1000
registrations_per_minute = 100
authorizations_per_minute = 1000000
token_requests_per_minute = 1000000
calls_per_second = 1000000
"#;

/// What a site has of its own.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Whether the rates of a network are limited, as on a server that strangers can reach. Everybody here is of one network.
    pub rates: bool,
    /// Seconds that an access token lives.
    pub access: u32,
    /// Further lines of `[limits]`.
    pub limits: &'static str,
    /// Further environment of the servers, for the build with failpoints; that build is the one that runs then.
    pub environment: Vec<(String, String)>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            rates: false,
            access: 7200,
            limits: "connections = 12000\n",
            environment: Vec::new(),
        }
    }
}

/// The binaries of a run.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The server.
    pub server: PathBuf,
    /// The server with planted faults and failpoints, when it was built.
    pub danger: Option<PathBuf>,
    /// The fault that every server of the run has.
    pub fault: Option<String>,
}

/// The servers of a run.
#[derive(Debug)]
pub struct Site {
    // Removed with this value.
    _folder: TempDir,
    launches: Vec<Launch>,
    servers: Vec<Option<Server>>,
    binaries: Binaries,
    /// Their database.
    pub database: Database,
    /// The longest time from the start of a process to its first answer.
    pub slowest_start: Duration,
    /// The most memory that the servers had together, as far as it was looked at: before each end that comes from outside, and when it is asked for.
    peak_resident: u64,
}

impl Binaries {
    fn program(&self) -> Result<Vec<String>> {
        match &self.fault {
            None => Ok(vec![text(&self.server)?, "serve".to_owned()]),
            Some(fault) => {
                let mut program = self.dangerous()?;
                program.extend(["--fault".to_owned(), fault.clone()]);
                Ok(program)
            }
        }
    }

    fn dangerous(&self) -> Result<Vec<String>> {
        let danger = self.danger.as_ref().context("the build with planted faults is needed")?;
        Ok(vec![text(danger)?, "serve".to_owned()])
    }
}

fn text(path: &std::path::Path) -> Result<String> {
    path.to_str().map(str::to_owned).context("a path is no text")
}

impl Site {
    /// Makes a data directory and starts the servers.
    ///
    /// # Errors
    ///
    /// When a server does not start.
    pub async fn open(
        binaries: Binaries,
        throwaway: Option<Database>,
        setting: Setting,
    ) -> Result<(Self, Arena)> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let shown = text(&data)?;
        let config = folder.path().join("server.toml");
        let (rates, access) = (if setting.rates { "on" } else { "off" }, setting.access);
        let limits = setting.limits;
        let text_of_it = format!(
            "{CONFIGURATION}{limits}rates = \"{rates}\"\n\n[lifetimes]\naccess = {access}\n"
        );
        fs::write(&config, text_of_it)?;
        let database = throwaway.unwrap_or_else(|| Database::embedded(&data));
        // In the environment, because an address can hold a password.
        let environment: Vec<(String, String)> = database
            .url()
            .map(|url| ("LOOKOUT_DATABASE_URL".to_owned(), url.to_owned()))
            .into_iter()
            .collect();
        let password = password()?;
        let mut known: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        known.push(("LOOKOUT_USER_PASSWORD", &password));
        run(&binaries.server, &["init", "--data", &shown], &known)?;
        let emails: Vec<String> = (0..PEOPLE).map(|n| format!("person{n}@example.com")).collect();
        for email in &emails {
            let add = ["user", "add", email, "--workspace", WORKSPACE, "--data", &shown];
            run(&binaries.server, &add, &known)?;
        }
        let replicas = if database.url().is_some() { REPLICAS } else { 1 };
        let addresses = free_addresses(replicas)?;
        let launch = |listen| {
            Ok(Launch {
                program: match setting.environment.is_empty() || binaries.fault.is_some() {
                    true => binaries.program()?,
                    false => binaries.dangerous()?,
                },
                listen,
                data: data.clone(),
                config: config.clone(),
                arguments: vec!["--public-url".to_owned(), format!("http://{}", addresses[0])],
                environment: [environment.as_slice(), &setting.environment].concat(),
            })
        };
        let launches: Vec<Launch> = addresses.iter().copied().map(launch).collect::<Result<_>>()?;
        let mut site = Self {
            _folder: folder,
            servers: launches.iter().map(|_| None).collect(),
            launches,
            binaries,
            database,
            slowest_start: Duration::ZERO,
            peak_resident: 0,
        };
        site.start_all().await?;
        let connections = Arc::<Connections>::default();
        let wires = site.launches.iter();
        let wires = wires.map(|launch| Wire::counted(launch.listen, Arc::clone(&connections)));
        let wires = wires.collect();
        let mut arena = Arena::new(wires);
        for email in &emails {
            arena.people.push(Person::sign_in(&arena.wires[0], email, &password).await?);
        }
        for number in 0..CLIENTS {
            let client = arena.register(&format!("Client {number}")).await?;
            arena.clients.push(client);
        }
        Ok((site, arena))
    }

    /// How many replicas there are.
    #[must_use]
    pub fn replicas(&self) -> usize {
        self.launches.len()
    }

    /// Whether failpoints can be used.
    #[must_use]
    pub const fn has_failpoints(&self) -> bool {
        self.binaries.danger.is_some()
    }

    /// Starts every server that does not run.
    ///
    /// # Errors
    ///
    /// When one does not start.
    pub async fn start_all(&mut self) -> Result<()> {
        for index in 0..self.launches.len() {
            if self.servers[index].is_none() {
                self.start(index, None).await?;
            }
        }
        Ok(())
    }

    /// Starts one server, with a failpoint when one is named.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start(&mut self, index: usize, failpoint: Option<&str>) -> Result<()> {
        let mut launch = self.launches[index].clone();
        if let Some(failpoint) = failpoint {
            if self.binaries.fault.is_none() {
                launch.program = self.binaries.dangerous()?;
            }
            launch.environment.push(("LOOKOUT_FAILPOINT".to_owned(), failpoint.to_owned()));
        }
        // The load may reach a failpoint before anything was answered.
        let server = if failpoint.is_some() { launch.spawn()? } else { launch.start().await? };
        self.slowest_start = self.slowest_start.max(server.ready_in);
        self.servers[index] = Some(server);
        Ok(())
    }

    /// Starts one server and kills it before it is ready, or not long after.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub async fn start_and_kill(&mut self, index: usize, after: Duration) -> Result<()> {
        let server = self.launches[index].spawn()?;
        tokio::time::sleep(after).await;
        server.kill()
    }

    /// Kills one server.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn kill(&mut self, index: usize, arena: &Arena) -> Result<()> {
        self.peak_resident();
        if let Some(server) = self.servers[index].take() {
            server.kill()?;
        }
        arena.note_end();
        arena.wires[index].hang_up();
        Ok(())
    }

    /// Asks one server to end and waits until it has, with requests under way. Returns what was wrong with its end.
    ///
    /// # Errors
    ///
    /// When it cannot be asked or waited for.
    pub async fn stop(&mut self, index: usize, arena: &Arena) -> Result<Option<String>> {
        self.peak_resident();
        let Some(server) = self.servers[index].take() else { return Ok(None) };
        let status = server.terminate(ENDING).await?;
        arena.note_end();
        arena.wires[index].hang_up();
        Ok(match status {
            Some(status) if status.success() => None,
            Some(status) => Some(format!("a server that was asked to end ended with {status}")),
            None => Some(format!("a server that was asked to end had not ended after {ENDING:?}")),
        })
    }

    /// A running server.
    pub fn server(&mut self, index: usize) -> Option<&mut Server> {
        self.servers[index].as_mut()
    }

    /// Bytes of memory of all servers.
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.servers.iter().flatten().map(Server::resident).sum()
    }

    /// The most bytes of memory of all servers so far.
    pub fn peak_resident(&mut self) -> u64 {
        let now = self.servers.iter().flatten().map(Server::peak_resident).sum();
        self.peak_resident = self.peak_resident.max(now);
        self.peak_resident
    }

    /// How many files and connections the servers have open.
    #[must_use]
    pub fn files(&self) -> usize {
        self.servers.iter().flatten().map(Server::files).sum()
    }
}

fn password() -> Result<String> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).context("the system has no randomness")?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}
