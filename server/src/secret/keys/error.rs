//! Why root keys cannot be used, or not be changed now.

use std::io;
use std::path::PathBuf;

use super::file::MOST;
use super::{ENVIRONMENT, Kid};

/// Why the root keys could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is not there.
    #[error(
        "{path} does not exist; restore it, or make a new data directory with `lookout-server init --data DIR`"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Other people of the machine may read the file.
    #[error("{path} has mode {mode:o}; allow only its owner with `chmod 600 {path}`")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is somebody else's.
    #[error(
        "{path} belongs to the user {owner}, and this server runs as {me}; give it over with `chown {me} {path}`"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs the server.
        me: u32,
    },
    /// The file does not hold exactly 32 bytes, nor a list of keys.
    #[error(
        "{path} does not hold a key of 32 bytes or a list of keys; restore it from your backup"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The database has another key of that name.
    #[error(
        "key {0} is not the one that this database was made with; restore the key file that belongs to the database, or copy it from another server of it"
    )]
    Other(Kid),
    /// The database holds what was made with a key that is not there.
    #[error(
        "key {0}, which secrets in this database were made with, is missing; restore the key file that belongs to the database, or copy it from another server of it"
    )]
    Lacking(Kid),
    /// New secrets would be made with a key that was retired.
    #[error(
        "key {0} is current here and was retired; copy the key file from another server of this database"
    )]
    Retired(Kid),
    /// New secrets would be made with a key that the database does not know.
    #[error(
        "key {0} is current and the database does not know it; change the key file with `lookout-server key` alone"
    )]
    Unknown(Kid),
    /// The environment variable cannot be read as keys.
    #[error(
        "{ENVIRONMENT} {0}; give 32 bytes as 64 hexadecimal digits or as base64, or several as `2:KEY,1:KEY` with the current one first"
    )]
    Environment(&'static str),
    /// The file could not be read or written.
    #[error("cannot use {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
}

/// Why a step of a rotation cannot be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// Nobody would be able to tell which is to be promoted.
    #[error(
        "key {0} was added already and is not current yet; make it so with `lookout-server key promote`, or drop it with `lookout-server key retire {0}`"
    )]
    Unfinished(Kid),
    /// Every key costs each unknown secret a look-up.
    #[error("there are {MOST} keys; retire an old one first, `lookout-server key list` says which")]
    TooMany,
    /// The names have run out.
    #[error("there is no name left for another key")]
    NamesRanOut,
    /// Promoting needs something to promote.
    #[error("no key waits to become current; add one with `lookout-server key rotate`")]
    NothingToPromote,
    /// A running server may not know the step before yet.
    #[error(
        "a running server may not have read the last change of the key file yet; try again in {0} s"
    )]
    TooSoon(i64),
    /// New secrets are made with it.
    #[error("key {0} is the current one; add and promote another first")]
    Current(Kid),
    /// There is no such key.
    #[error("there is no key {0}; `lookout-server key list` names them all")]
    Unknown(Kid),
}
