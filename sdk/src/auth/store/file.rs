//! Credentials in a folder, one file each.
//!
//! A file is readable by its owner alone, and is replaced as a whole: written beside, flushed to disk, then renamed over the old one.
//! The secrets in it are not encrypted; whoever can read as this user can read them.

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{CredentialKey, CredentialStore};
use crate::auth::Credentials;

/// How long another process may take for its refresh.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A folder with a file for each pair of issuer and resource.
///
/// On Unix the folder is made with mode 0700 and a file with mode 0600, and a file that others can read is refused.
/// On other systems the permissions of the folder apply.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// A store in `folder`, which is made when the first credentials are saved.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The name says nothing about the server, and no key can name a file elsewhere.
    fn path(&self, key: &CredentialKey) -> PathBuf {
        let digest = Sha256::new()
            .chain_update(key.issuer())
            .chain_update([0])
            .chain_update(key.resource())
            .finalize();
        self.folder.join(format!("{}.json", URL_SAFE_NO_PAD.encode(digest)))
    }
}

impl CredentialStore for FileStore {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        let path = self.path(key);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        check_private(&file, &path)?;
        let text = Zeroizing::new(io::read_to_string(file)?);
        Credentials::from_json(&text)
            .map(Some)
            .map_err(|malformed| io::Error::new(io::ErrorKind::InvalidData, malformed))
    }

    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        make_folder(&self.folder)?;
        let path = self.path(key);
        let mut suffix = [0; 8];
        getrandom::fill(&mut suffix).map_err(io::Error::other)?;
        let beside = path.with_extension(format!("{}.new", URL_SAFE_NO_PAD.encode(suffix)));
        let written = write_private(&beside, credentials.expose_json().as_bytes())
            .and_then(|()| fs::rename(&beside, &path));
        if written.is_err() {
            fs::remove_file(&beside).ok();
        }
        written.and_then(|()| flush_folder(&self.folder))
    }

    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn lock(&self, _: &CredentialKey) -> io::Result<Box<dyn Any + Send>> {
        make_folder(&self.folder)?;
        let file = open_lock(&self.folder)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                // The lock ends with the file, also when the process is killed.
                Ok(()) => return Ok(Box::new(file)),
                Err(TryLockError::WouldBlock) if start.elapsed() < LONGEST_WAIT => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        format!("another process keeps {} locked", self.folder.display()),
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

/// The folder itself is what is locked, so that no file remains after the credentials.
#[cfg(unix)]
fn open_lock(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

#[cfg(not(unix))]
fn open_lock(folder: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(folder.join("lock"))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A rename survives a crash once its folder is on disk.
#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn flush_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> io::Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions());
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "others can read {}; run chmod 600 on it, or delete it and sign in again",
            path.display()
        ),
    ))
}

#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
