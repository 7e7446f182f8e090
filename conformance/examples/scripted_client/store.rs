//! What outlives the process: registrations by issuer, and the grant of each MCP server.
//!
//! A file is replaced whole and readable by its owner alone. Two processes that share the folder
//! take turns by a lock, so that a refresh token is sent by one of them only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};
use crate::faults::{Fault, has};

/// A registration with one authorization server.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    /// `none`, `client_secret_basic` or `client_secret_post`.
    pub(crate) method: String,
    /// Seconds since 1970 after which the secret is void.
    pub(crate) void_at: Option<u64>,
}

/// What a person granted for one MCP server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) issuer: String,
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) scopes: BTreeSet<String>,
    /// Seconds since 1970.
    pub(crate) issued_at: u64,
    /// Seconds after the issue.
    pub(crate) lifetime: Option<u64>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) grants: BTreeMap<String, Grant>,
}

/// A folder of one file, or the memory of this process if there is no folder.
pub(crate) struct Store {
    folder: Option<PathBuf>,
    memory: Mutex<Kept>,
}

impl Store {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, memory: Mutex::default() }
    }

    /// What is kept now. An unreadable file counts as an empty one.
    pub(crate) fn load(&self) -> Kept {
        let Some(folder) = &self.folder else {
            return self.memory.lock().expect("no holder panics").clone();
        };
        let text = fs::read(folder.join("credentials.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Keeps what `change` makes of what is kept.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Kept)) -> Outcome<()> {
        let mut kept = self.load();
        change(&mut kept);
        let Some(folder) = &self.folder else {
            *self.memory.lock().expect("no holder panics") = kept;
            return Ok(());
        };
        let unwritten = |error| Failure::new(format!("the store cannot be written: {error}"));
        let text = serde_json::to_vec(&kept).expect("strings and numbers are JSON");
        let new = folder.join("credentials.new");
        let mut file = private().truncate(true).open(&new).map_err(unwritten)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(unwritten)?;
        fs::rename(&new, folder.join("credentials.json")).map_err(unwritten)
    }

    /// Waits until no other process is in here. What is given back keeps the others out.
    pub(crate) fn turn(&self) -> Outcome<Option<File>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let unlocked = |error| Failure::new(format!("the store cannot be locked: {error}"));
        let file = private().open(folder.join("lock")).map_err(unlocked)?;
        file.lock().map_err(unlocked)?;
        Ok(Some(file))
    }
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create(true);
    options.mode(if has(Fault::StoreReadableByAll) { 0o644 } else { 0o600 });
    options
}
