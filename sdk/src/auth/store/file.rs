//! Credentials in a folder, one file each, and beside them the issuer that each resource had last.
//!
//! A file is readable by its owner alone, and is replaced as a whole: written beside, flushed to disk, then renamed over the old one.
//! The secrets in it are not encrypted; whoever can read as this user can read them.

use std::any::Any;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{Context, SHA256};
use zeroize::Zeroizing;

use super::{CredentialKey, CredentialStore, lock};
use crate::auth::Credentials;

/// A folder with a file for each issuer, resource and account, and one for each resource that says which issuer was the last.
///
/// On Unix the folder is made with mode 0700 and a file with mode 0600, and a file that others can read is refused.
/// On other systems the permissions of the folder apply.
/// Processes that use the same folder take turns at refreshing, so that no refresh token is shown twice.
///
/// ```
/// use lookout_sdk::auth::{FileStore, OAuth};
///
/// let oauth = OAuth::new().store(FileStore::new("/home/me/.config/churn/lookout"));
/// # let _ = oauth;
/// ```
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

    /// The names say nothing about the server, and no key can name a file elsewhere.
    fn path(&self, key: &CredentialKey) -> PathBuf {
        let parts = [key.issuer(), key.resource()].into_iter().chain(key.account());
        self.folder.join(format!("{}.json", digest(parts)))
    }

    /// Where the issuer is remembered that credentials for `resource` were saved under last.
    fn issuer_path(&self, resource: &str) -> PathBuf {
        self.folder.join(format!("{}.issuer", digest([resource])))
    }

    /// Writes beside the file and puts the result in its place, so that a crash leaves the old text or the new one.
    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let mut suffix = [0; 8];
        getrandom::fill(&mut suffix).map_err(io::Error::other)?;
        let beside = path.with_extension(format!("{}.new", URL_SAFE_NO_PAD.encode(suffix)));
        let written =
            write_private(&beside, text.as_bytes()).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            fs::remove_file(&beside).ok();
        }
        written.and_then(|()| flush_folder(&self.folder))
    }
}

impl CredentialStore for FileStore {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        let Some(text) = read_private(&self.path(key))? else { return Ok(None) };
        Credentials::from_json(&text)
            .map(Some)
            .map_err(|malformed| io::Error::new(io::ErrorKind::InvalidData, malformed))
    }

    fn issuer(&self, resource: &str) -> io::Result<Option<String>> {
        Ok(read_private(&self.issuer_path(resource))?.map(|issuer| issuer.to_string()))
    }

    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        lock::make_folder(&self.folder)?;
        self.replace(&self.path(key), &credentials.expose_json())?;
        let remembered = self.issuer(key.resource()).ok().flatten();
        if remembered.as_deref() != Some(key.issuer()) {
            // The credentials are saved; without the hint the next run takes one request more.
            let _hint = self.replace(&self.issuer_path(key.resource()), key.issuer());
        }
        Ok(())
    }

    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        remove(&self.path(key))?;
        match self.issuer(key.resource()) {
            Ok(Some(other)) if other != key.issuer() => Ok(()),
            _ => remove(&self.issuer_path(key.resource())),
        }
    }

    fn lock(&self, _: &CredentialKey) -> io::Result<Box<dyn Any + Send>> {
        lock::make_folder(&self.folder)?;
        Ok(Box::new(lock::wait(open_lock(&self.folder)?, &self.folder)?))
    }
}

fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = Context::new(&SHA256);
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            digest.update(&[0]);
        }
        digest.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(digest.finish())
}

/// The text of a file that its owner alone can read, if it is there.
fn read_private(path: &Path) -> io::Result<Option<Zeroizing<String>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    check_private(&file, path)?;
    io::read_to_string(file).map(Zeroizing::new).map(Some)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
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
