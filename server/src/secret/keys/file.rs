//! The key file: one key as 32 raw bytes, which is `kid` 1, or several as TOML.
//!
//! A key becomes current in two steps, because replicas read the file at different moments: [`KeyFile::rotate`] adds one that everybody accepts and nobody
//! uses, and [`KeyFile::promote`] makes it the current one once every running server must have read it. [`KeyFile::retire`] removes one that is not current
//! any more. At each step the file that was and the file that is accept what servers with either of them make.
//!
//! A change is written beside the file, synced, and renamed over it, so a crash leaves the one or the other.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Kid;
use super::bound::Check;
use super::environment::decode;
use super::error::{KeyError, StepError};
use super::ring::check;
use crate::secret::entropy::Entropy;

/// The most keys at a time: what an unknown secret costs.
pub const MOST: usize = 4;

/// How long every step waits for the one before to be known everywhere.
pub const SETTLED: Duration = Duration::from_secs(60);

const LARGEST: u64 = 4096;

/// One root key.
struct Entry {
    kid: Kid,
    /// Seconds since the Unix epoch.
    made_at: i64,
    root: Zeroizing<[u8; 32]>,
}

/// What a key file says.
pub struct KeyFile {
    /// By age; a name is never used again.
    entries: Vec<Entry>,
    current: Kid,
    /// When the current key became so, in seconds since the Unix epoch.
    promoted_at: i64,
    /// The last name that was given.
    last: Kid,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyFile([redacted])")
    }
}

/// A key in a list: never the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub kid: Kid,
    /// When it was made, in seconds since the Unix epoch.
    pub made_at: i64,
    /// Whether new secrets are made with it.
    pub is_current: bool,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl Signature {
    pub(super) fn of(path: &Path) -> Result<Self, KeyError> {
        fs::metadata(path)
            .map(|metadata| Self::from(&metadata))
            .map_err(|error| failed(path, error))
    }
}

impl From<&fs::Metadata> for Signature {
    fn from(metadata: &fs::Metadata) -> Self {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Self { inode: metadata.ino(), length: metadata.len(), changed }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    current: u16,
    promoted: i64,
    last: u16,
    #[serde(rename = "key")]
    keys: Vec<DocumentKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentKey {
    kid: u16,
    made: i64,
    secret: String,
}

fn failed(path: &Path, error: io::Error) -> KeyError {
    match error.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
        _ => KeyError::Io { path: path.to_owned(), error },
    }
}

/// The time by this machine's clock, in seconds since the Unix epoch.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a key file has no store whose clock it could ask")]
pub fn clock() -> i64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(since).unwrap_or(i64::MAX)
}

impl KeyFile {
    /// Makes a file with one new key. Fails when the file exists.
    pub(super) fn create(path: &Path, entropy: &dyn Entropy) -> Result<(), KeyError> {
        let failed = |error| KeyError::Io { path: path.to_owned(), error };
        let mut root = Zeroizing::new([0; 32]);
        entropy.fill(&mut *root);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        file.write_all(&*root).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Reads a file that only its owner may read.
    pub(super) fn read(path: &Path) -> Result<(Self, Signature), KeyError> {
        let failed = |error: io::Error| failed(path, error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o177 != 0 {
            return Err(KeyError::TooOpen { path: path.to_owned(), mode });
        }
        let (owner, me) = (metadata.uid(), rustix::process::geteuid().as_raw());
        // Containers mount secrets as root's.
        if owner != me && owner != 0 {
            return Err(KeyError::Foreign { path: path.to_owned(), owner, me });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST as usize));
        file.take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
        let made_at = metadata.modified().map(seconds).unwrap_or_default();
        let read = Self::parse(&bytes, made_at)
            .ok_or_else(|| KeyError::Malformed { path: path.to_owned() })?;
        Ok((read, Signature::from(&metadata)))
    }

    /// Reads a file to change it.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        Self::read(path).map(|(file, _)| file)
    }

    fn parse(bytes: &[u8], made_at: i64) -> Option<Self> {
        if let Ok(root) = <[u8; 32]>::try_from(bytes) {
            let root = Zeroizing::new(root);
            let entries = vec![Entry { kid: Kid(1), made_at, root }];
            return Self::whole(entries, Kid(1), made_at, Kid(1));
        }
        let document: Document = toml::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
        let entries = document.keys.into_iter().map(|key| {
            let secret = Zeroizing::new(key.secret);
            let root = Zeroizing::new(STANDARD.decode(&*secret).ok()?);
            let root = Zeroizing::new(<[u8; 32]>::try_from(root.as_slice()).ok()?);
            Some(Entry { kid: Kid(key.kid), made_at: key.made, root })
        });
        let entries: Vec<Entry> = entries.collect::<Option<_>>()?;
        Self::whole(entries, Kid(document.current), document.promoted, Kid(document.last))
    }

    /// The file, if its keys have different names of which the current one is one.
    fn whole(mut entries: Vec<Entry>, current: Kid, promoted_at: i64, last: Kid) -> Option<Self> {
        entries.sort_by_key(|entry| entry.kid);
        let has_twins = entries.windows(2).any(|pair| pair[0].kid == pair[1].kid);
        let is_whole = entries.len() <= MOST
            && !has_twins
            && entries.iter().any(|entry| entry.kid == current)
            && entries.iter().all(|entry| entry.kid.0 > 0);
        let newest = entries.last().map_or(last, |entry| entry.kid.max(last));
        is_whole.then_some(Self { entries, current, promoted_at, last: newest })
    }

    /// Reads the value of the environment variable.
    pub fn of_environment(text: &str) -> Result<Self, KeyError> {
        let mut entries = Vec::new();
        for (place, part) in text.trim().split(',').enumerate() {
            let (kid, root) = match part.trim().split_once(':') {
                Some((kid, root)) => {
                    let kid = kid.parse().map_err(|_| {
                        KeyError::Environment("names a key with something that is no number")
                    })?;
                    (Kid(kid), root)
                }
                None if place == 0 => (Kid(1), part.trim()),
                None => return Err(KeyError::Environment("holds several keys without names")),
            };
            let root = decode(root)
                .ok_or(KeyError::Environment("holds something that is no key of 32 bytes"))?;
            entries.push(Entry { kid, made_at: 0, root });
        }
        let current = entries.first().map_or(Kid(1), |entry| entry.kid);
        Self::whole(entries, current, 0, current)
            .ok_or(KeyError::Environment("holds a name twice, or more than four keys"))
    }

    /// The key that new secrets are made with.
    #[must_use]
    pub const fn current(&self) -> Kid {
        self.current
    }

    /// Every key, by age.
    pub fn listed(&self) -> impl Iterator<Item = Listed> {
        self.entries.iter().map(|entry| Listed {
            kid: entry.kid,
            made_at: entry.made_at,
            is_current: entry.kid == self.current,
        })
    }

    /// Every key, the current one first and then the newest.
    pub(super) fn roots(&self) -> impl Iterator<Item = (Kid, &[u8; 32])> {
        let is_current = |entry: &&Entry| entry.kid == self.current;
        let current = self.entries.iter().filter(is_current);
        let others = self.entries.iter().rev().filter(move |entry| !is_current(entry));
        current.chain(others).map(|entry| (entry.kid, &*entry.root))
    }

    /// The check value of every key, the current one first.
    #[must_use]
    pub fn checks(&self) -> Vec<(Kid, Check)> {
        self.roots().map(|(kid, root)| (kid, check(root))).collect()
    }

    /// Adds a key that is accepted and not used yet.
    ///
    /// # Errors
    ///
    /// When one waits already, or there are too many.
    pub fn rotate(&mut self, entropy: &dyn Entropy, now: i64) -> Result<Kid, StepError> {
        let newest = self.entries.last().map_or(self.current, |entry| entry.kid);
        if newest != self.current {
            return Err(StepError::Unfinished(newest));
        }
        if self.entries.len() >= MOST {
            return Err(StepError::TooMany);
        }
        let kid = Kid(self.last.0.checked_add(1).ok_or(StepError::NamesRanOut)?);
        self.last = kid;
        let mut root = Zeroizing::new([0; 32]);
        entropy.fill(&mut *root);
        self.entries.push(Entry { kid, made_at: now, root });
        Ok(kid)
    }

    /// Makes the added key the current one.
    ///
    /// # Errors
    ///
    /// When none was added, or a running server may not know it yet.
    pub fn promote(&mut self, now: i64) -> Result<Kid, StepError> {
        let newest = self.entries.last().filter(|entry| entry.kid != self.current);
        let (kid, made_at) =
            newest.map(|entry| (entry.kid, entry.made_at)).ok_or(StepError::NothingToPromote)?;
        settled(made_at, now)?;
        (self.current, self.promoted_at) = (kid, now);
        Ok(kid)
    }

    /// Whether `kid` can be removed, whatever depends on it.
    ///
    /// # Errors
    ///
    /// When it is the current one or unknown, or a running server may use it still.
    pub fn may_retire(&self, kid: Kid, now: i64) -> Result<(), StepError> {
        if !self.entries.iter().any(|entry| entry.kid == kid) {
            return Err(StepError::Unknown(kid));
        }
        if kid == self.current {
            return Err(StepError::Current(kid));
        }
        // One that never was current has made nothing.
        if kid > self.current { Ok(()) } else { settled(self.promoted_at, now) }
    }

    /// Removes a key. What depends on it is worth nothing from then on.
    ///
    /// # Errors
    ///
    /// As [`KeyFile::may_retire`].
    pub fn retire(&mut self, kid: Kid, now: i64) -> Result<(), StepError> {
        self.may_retire(kid, now)?;
        self.entries.retain(|entry| entry.kid != kid);
        Ok(())
    }

    /// Writes the file in place of the one that is there. A crash leaves one or the other.
    pub fn replace(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |error| KeyError::Io { path: path.to_owned(), error };
        let beside = path.with_extension("key.new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)
            .map_err(failed)?;
        file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
        file.write_all(self.text().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)?;
        folder(path).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LARGEST as usize));
        text.push_str("# The root keys of Lookout. Whoever reads this can forge tokens. Change it with `lookout-server key`.\n");
        let (current, promoted, last) = (self.current, self.promoted_at, self.last);
        // Writing to a String cannot fail.
        let _ = write!(text, "current = {current}\npromoted = {promoted}\nlast = {last}\n");
        for Entry { kid, made_at, root } in &self.entries {
            let secret = Zeroizing::new(STANDARD.encode(**root));
            let _ = write!(
                text,
                "\n[[key]]\nkid = {kid}\nmade = {made_at}\nsecret = \"{}\"\n",
                *secret
            );
        }
        text
    }
}

/// Keeps others from changing the keys of the folder that `path` lies in, until the file that is returned is dropped.
pub fn lock(path: &Path) -> Result<File, KeyError> {
    let failed = |error| KeyError::Io { path: path.to_owned(), error };
    let folder = folder(path).map_err(failed)?;
    folder.lock().map_err(failed)?;
    Ok(folder)
}

fn folder(path: &Path) -> io::Result<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
}

const fn settled(since: i64, now: i64) -> Result<(), StepError> {
    let left = since.saturating_add(SETTLED.as_secs() as i64).saturating_sub(now);
    if left <= 0 { Ok(()) } else { Err(StepError::TooSoon(left)) }
}
