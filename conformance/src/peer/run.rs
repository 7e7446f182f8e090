//! One run of a scenario: everything there is to judge.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::outcome::{Halt, not_tested};
use crate::peer::answer::{Answer, Visit};
use crate::peer::ask::Ask;
use crate::peer::launch::Output;
use crate::peer::log::{Exit, Happened, Page, Sent, Visitor, What};
use crate::peer::place::Role;
use crate::peer::script::Route;
use crate::peer::world::World;

/// One run of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) scenario: &'static str,
    /// Which run of the scenario it is, counted from 0.
    pub(crate) number: u32,
    /// How long it took.
    pub(crate) duration: Duration,
    /// The generated input.
    pub(crate) case: Value,
    pub(crate) log: Vec<Happened>,
    /// What the servers knew in the end.
    pub(crate) world: World,
    /// One for each start.
    pub(crate) exits: Vec<Exit>,
    pub(crate) outputs: Vec<Output>,
    /// What the client left in its store.
    pub(crate) files: Vec<Kept>,
}

/// A file that the client keeps.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) name: String,
    /// What the file and the folders above it permit; none where there are no such things.
    pub(crate) mode: Option<u32>,
    pub(crate) bytes: Vec<u8>,
}

impl Run {
    /// Every request of the client, with its answer.
    pub(crate) fn exchanges(&self) -> impl Iterator<Item = (&Ask, &Answer, Sent)> {
        self.log.iter().filter_map(|happened| match &happened.what {
            What::Asked { ask, answer, sent } => Some((ask, answer, *sent)),
            _ => None,
        })
    }

    /// Every request of the client, with the time it arrived.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = (Duration, &Ask)> {
        self.log.iter().filter_map(|happened| match &happened.what {
            What::Asked { ask, .. } => Some((happened.at, ask)),
            _ => None,
        })
    }

    /// Every request of the client. Those of the person's browser at the authorization endpoint are
    /// among them.
    pub(crate) fn asks(&self) -> impl Iterator<Item = &Ask> {
        self.exchanges().map(|(ask, _, _)| ask)
    }

    /// The requests for `route`, at whichever server.
    pub(crate) fn to(&self, route: Route) -> impl Iterator<Item = &Ask> {
        self.asks().filter(move |ask| self.world.route(ask) == route)
    }

    /// The requests that came to `role`.
    pub(crate) fn at(&self, role: Role) -> impl Iterator<Item = &Ask> {
        self.asks().filter(move |ask| ask.role == role)
    }

    /// The MCP requests with this JSON-RPC method.
    pub(crate) fn rpc<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a Ask> {
        self.to(Route::Mcp).filter(move |ask| ask.rpc_method().is_some_and(|sent| sent == method))
    }

    /// The addresses that the client handed to the browser.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &[String]> {
        self.log.iter().filter_map(|happened| match &happened.what {
            What::Opened(words) => Some(words.as_slice()),
            _ => None,
        })
    }

    /// The requests that the harness made as `by`, with what they found.
    pub(crate) fn visits(
        &self,
        by: Visitor,
    ) -> impl Iterator<Item = (&Visit, &Result<Page, String>)> {
        self.log.iter().filter_map(move |happened| match &happened.what {
            What::Visited { by: who, visit, got } if *who == by => Some((visit, got)),
            _ => None,
        })
    }

    /// How the last start ended.
    pub(crate) fn exit(&self) -> Option<&Exit> {
        self.exits.last()
    }

    /// Whether the client says that it did all it was asked to do, at its last start.
    pub(crate) fn is_success(&self) -> bool {
        self.exit().is_some_and(Exit::is_success)
    }

    /// Stops the check as not tested unless the scenario came as far as `mark`.
    pub(crate) fn reached(&self, mark: &str) -> Result<(), Halt> {
        if self.world.marked(mark) > 0 { Ok(()) } else { Err(self.never(mark)) }
    }

    /// Not tested: the client never came to `what`, and how it ended instead.
    pub(crate) fn never(&self, what: &str) -> Halt {
        let last = self.asks().last();
        let last = last.map_or("it sent nothing".to_owned(), |ask| {
            format!("its last request was {} {}", ask.method, ask.path)
        });
        let exit = self.exit().map_or_else(String::new, |exit| format!(", and {exit}"));
        let unsupported = self.unsupported().map(|name| format!("it does not offer {name}"));
        not_tested(
            unsupported
                .unwrap_or_else(|| format!("the client never came to: {what}; {last}{exit}")),
        )
    }

    /// The step that the client says it does not offer.
    pub(crate) fn unsupported(&self) -> Option<String> {
        let lines =
            self.outputs.iter().flat_map(|output| output.stderr.split(|byte| *byte == b'\n'));
        let mut texts = lines.map(String::from_utf8_lossy);
        texts.find_map(|line| line.strip_prefix("unsupported: ").map(|name| name.trim().to_owned()))
    }

    /// Everything the client wrote to its standard output and error.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.outputs
            .iter()
            .flat_map(|output| [&output.stdout[..], b"\n", &output.stderr])
            .flatten()
            .copied()
            .collect()
    }
}

/// Reads what the client left in `store`.
pub(crate) fn kept(store: &Path) -> Vec<Kept> {
    let mut found = Vec::new();
    let mut folders = vec![(store.to_owned(), 0o777)];
    while let Some((folder, open)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push((path, open & mode(&metadata).map_or(0o777, passable)));
            } else if metadata.len() < 1 << 20 {
                let name = path.strip_prefix(store).unwrap_or(&path).display().to_string();
                let bytes = fs::read(&path).unwrap_or_default();
                found.push(Kept { name, mode: mode(&metadata).map(|mode| mode & open), bytes });
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// What a folder of this mode leaves of the permissions of the files in it: nothing for those who
/// may not pass.
fn passable(mode: u32) -> u32 {
    [0o700, 0o070, 0o007].into_iter().filter(|who| mode & who & 0o111 != 0).sum()
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> Option<u32> {
    None
}
