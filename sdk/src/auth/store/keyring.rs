//! Credentials in the keyring of the operating system.
//!
//! macOS has the keychain, Windows the credential manager, and other Unix systems the Secret Service of the desktop (GNOME Keyring, KWallet, KeePassXC).
//! The Secret Service is spoken to in Rust over D-Bus, so that no C library has to be there; the keyring of the Linux kernel is passed over
//! because it forgets with the last session, and a person would sign in every day.
//!
//! No keyring has a lock that processes could take, so a file in a folder of the person's own is locked instead; it holds nothing.

use std::any::Any;
use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyring_core::{CredentialStore as Backend, Entry, Error as Failure};
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::{CredentialKey, CredentialStore, lock};
use crate::auth::Credentials;

/// The keyring of the operating system, for desktops; a server without a session has none and uses [`FileStore`](super::FileStore).
///
/// Each issuer, resource and account is one entry of the service, and one more says which issuer a resource had last.
/// Processes that use the same service take turns at refreshing, as with a [`FileStore`](super::FileStore).
///
/// ```no_run
/// use lookout_sdk::auth::{FileStore, KeyringStore, OAuth};
///
/// let oauth = match KeyringStore::new("churn-report") {
///     Ok(keyring) => OAuth::new().store(keyring),
///     Err(error) => {
///         eprintln!("{error}");
///         OAuth::new().store(FileStore::new("/home/me/.config/churn/lookout"))
///     }
/// };
/// # let _ = oauth;
/// ```
#[derive(Clone)]
pub struct KeyringStore {
    service: String,
    backend: Arc<Backend>,
}

impl KeyringStore {
    /// The entries of `service`, which is the name of the application as the keyring shows it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) when no keyring can be reached; the text says what to do about it.
    pub fn new(service: impl Into<String>) -> io::Result<Self> {
        // A thread of its own, because the connection may wait for itself, which a thread of an async runtime must not do.
        let reached = std::thread::spawn(backend).join();
        let backend = match reached {
            Ok(Ok(backend)) => backend,
            Ok(Err(failure)) => return Err(unreachable(&failure)),
            Err(_) => return Err(unreachable(&"the connection failed")),
        };
        Ok(Self { service: service.into(), backend })
    }

    fn entry(&self, user: &str) -> io::Result<Entry> {
        self.backend.build(&self.service, user, None).map_err(explained)
    }

    fn credentials(&self, key: &CredentialKey) -> io::Result<Entry> {
        // Neither URL has a space, so no other key reads the same.
        let mut user = format!("{} {}", key.resource(), key.issuer());
        if let Some(account) = key.account() {
            user.push(' ');
            user.push_str(account);
        }
        self.entry(&user)
    }

    fn issuer_entry(&self, resource: &str) -> io::Result<Entry> {
        self.entry(resource)
    }
}

impl CredentialStore for KeyringStore {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        let Some(text) = read(&self.credentials(key)?)? else { return Ok(None) };
        Credentials::from_json(&text)
            .map(Some)
            .map_err(|malformed| io::Error::new(io::ErrorKind::InvalidData, malformed))
    }

    fn issuer(&self, resource: &str) -> io::Result<Option<String>> {
        Ok(read(&self.issuer_entry(resource)?)?.map(|issuer| issuer.to_string()))
    }

    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        let text = credentials.expose_json();
        self.credentials(key)?.set_secret(text.as_bytes()).map_err(explained)?;
        if self.issuer(key.resource()).ok().flatten().as_deref() != Some(key.issuer()) {
            // The credentials are saved; without the hint the next run takes one request more.
            let hint = self.issuer_entry(key.resource());
            let _hint = hint.map(|entry| entry.set_secret(key.issuer().as_bytes()));
        }
        Ok(())
    }

    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        delete(&self.credentials(key)?)?;
        match self.issuer(key.resource())? {
            Some(issuer) if issuer == key.issuer() => delete(&self.issuer_entry(key.resource())?),
            _ => Ok(()),
        }
    }

    fn lock(&self, _: &CredentialKey) -> io::Result<Box<dyn Any + Send>> {
        let folder = lock_folder()?.join("lookout-sdk");
        lock::make_folder(&folder)?;
        let name = URL_SAFE_NO_PAD.encode(digest(&SHA256, self.service.as_bytes()));
        let path = folder.join(format!("{name}.lock"));
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        Ok(Box::new(lock::wait(file, &path)?))
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore").field("service", &self.service).finish_non_exhaustive()
    }
}

#[cfg(target_os = "macos")]
fn backend() -> Result<Arc<Backend>, Failure> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(target_os = "windows")]
fn backend() -> Result<Arc<Backend>, Failure> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn backend() -> Result<Arc<Backend>, Failure> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// A folder of this person alone.
#[cfg(any(target_os = "macos", target_os = "windows"))]
fn lock_folder() -> io::Result<PathBuf> {
    Ok(std::env::temp_dir())
}

/// A folder of this person alone; `/tmp` is everybody's.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn lock_folder() -> io::Result<PathBuf> {
    // The same for every process of the person: what a session sets, such as XDG_RUNTIME_DIR, a job of theirs may lack.
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    home.map(|home| home.join(".cache")).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "there is no folder for the lock; set HOME")
    })
}

fn read(entry: &Entry) -> io::Result<Option<Zeroizing<String>>> {
    let bytes = match entry.get_secret() {
        Ok(bytes) => bytes,
        Err(Failure::NoEntry) => return Ok(None),
        Err(failure) => return Err(explained(failure)),
    };
    let text = String::from_utf8(bytes).map(Zeroizing::new);
    text.map(Some).map_err(|error| {
        let _wiped = Zeroizing::new(error.into_bytes());
        io::Error::new(io::ErrorKind::InvalidData, "the entry in the keyring is no text")
    })
}

fn delete(entry: &Entry) -> io::Result<()> {
    match entry.delete_credential() {
        Ok(()) | Err(Failure::NoEntry) => Ok(()),
        Err(failure) => Err(explained(failure)),
    }
}

fn unreachable(why: &dyn fmt::Display) -> io::Error {
    let advice = if cfg!(any(target_os = "macos", target_os = "windows")) {
        "run the program in the session of a person who is logged in"
    } else {
        "run the program in a desktop session with a Secret Service, such as GNOME Keyring or KWallet"
    };
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("no keyring can be reached ({why}); {advice}, or keep credentials in a FileStore"),
    )
}

/// Says what to do; what was found in the keyring is never part of it.
fn explained(failure: Failure) -> io::Error {
    let (kind, text) = match failure {
        Failure::NoStorageAccess(why) => (
            io::ErrorKind::PermissionDenied,
            format!("the keyring cannot be opened ({why}); unlock it and try again"),
        ),
        Failure::PlatformFailure(why) => return unreachable(&why),
        Failure::TooLong(what, most) => (
            io::ErrorKind::FileTooLarge,
            format!(
                "the keyring takes at most {most} bytes as {what}; keep these credentials in a FileStore"
            ),
        ),
        Failure::Ambiguous(_) => (
            io::ErrorKind::InvalidData,
            "the keyring has several entries where one is expected; delete them and sign in again"
                .to_owned(),
        ),
        Failure::BadEncoding(_) | Failure::BadDataFormat(..) => (
            io::ErrorKind::InvalidData,
            "the entry in the keyring cannot be read; delete it and sign in again".to_owned(),
        ),
        other => (io::ErrorKind::Other, format!("the keyring could not be used: {other}")),
    };
    io::Error::new(kind, text)
}

#[cfg(test)]
mod tests {
    use keyring_core::mock;

    use super::*;

    const JSON: &str = r#"{"version":1,"client_id":"c","client_authentication":"none","access_token":"secret-a","refresh_token":"secret-r","expires_at":9,"scope":"mcp:read"}"#;

    fn store() -> KeyringStore {
        KeyringStore { service: "churn".to_owned(), backend: mock::Store::new().unwrap() }
    }

    fn credentials() -> Credentials {
        Credentials::from_json(JSON).unwrap()
    }

    #[test]
    fn what_is_saved_is_found_under_its_key_and_forgotten_when_deleted() {
        let store = store();
        let key = CredentialKey::new("https://as.example", "https://mcp.example/mcp");
        let others = [
            CredentialKey::new("https://other.example", "https://mcp.example/mcp"),
            CredentialKey::new("https://as.example", "https://mcp.example/mcp/readonly"),
            key.clone().with_account("ann"),
            key.clone().with_account(""),
        ];
        assert!(store.load(&key).unwrap().is_none());
        store.save(&key, &credentials()).unwrap();
        assert_eq!(*store.load(&key).unwrap().unwrap().expose_json(), *JSON);
        assert_eq!(store.issuer(key.resource()).unwrap().as_deref(), Some(key.issuer()));
        for other in &others {
            assert!(store.load(other).unwrap().is_none());
        }

        store.save(&others[0], &credentials()).unwrap();
        store.delete(&key).unwrap();
        assert!(store.load(&key).unwrap().is_none());
        assert_eq!(store.issuer(key.resource()).unwrap().as_deref(), Some(others[0].issuer()));
        store.delete(&others[0]).unwrap();
        assert_eq!(store.issuer(key.resource()).unwrap(), None);
        store.delete(&key).unwrap();
    }

    #[test]
    fn a_failure_of_the_keyring_says_what_to_do_and_quotes_no_secret() {
        let store = store();
        let key = CredentialKey::new("https://as.example", "https://mcp.example/mcp");
        store.save(&key, &credentials()).unwrap();
        let locked = || Failure::NoStorageAccess("it is locked".into());
        let cases: [(Failure, io::ErrorKind, &str); 4] = [
            (locked(), io::ErrorKind::PermissionDenied, "unlock it"),
            (Failure::PlatformFailure("no bus".into()), io::ErrorKind::NotFound, "FileStore"),
            (Failure::TooLong("secret".into(), 2560), io::ErrorKind::FileTooLarge, "FileStore"),
            (Failure::BadEncoding(b"secret-x".to_vec()), io::ErrorKind::InvalidData, "sign in"),
        ];
        for (failure, kind, advice) in cases {
            let entry = store.credentials(&key).unwrap();
            let mock: &mock::Cred = entry.as_any().downcast_ref().unwrap();
            mock.set_error(failure);
            let error = store.load(&key).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(advice), "{error}");
            assert!(!error.to_string().contains("secret-"), "{error}");
        }
        assert!(store.load(&key).unwrap().is_some(), "the entry is unharmed");
    }

    /// Runs itself once more where the session's bus is nowhere.
    #[cfg(target_os = "linux")]
    #[test]
    fn without_a_keyring_the_error_says_so_and_what_to_do() {
        const BUS: (&str, &str) = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at-all");
        if std::env::var(BUS.0).is_ok_and(|bus| bus == BUS.1) {
            let error = KeyringStore::new("churn").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            let text = error.to_string();
            assert!(text.starts_with("no keyring can be reached ("), "{text}");
            assert!(text.contains("Secret Service") && text.contains("FileStore"), "{text}");
            return;
        }
        let own = concat!(module_path!(), "::without_a_keyring_the_error_says_so_and_what_to_do");
        let own = own.split_once("::").map_or(own, |(_, path)| path);
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", own])
            .env(BUS.0, BUS.1)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    fn an_entry_that_holds_no_credentials_is_refused_and_not_shown() {
        let store = store();
        let key = CredentialKey::new("https://as.example", "https://mcp.example/mcp");
        for damage in [&b"\xff\xfe"[..], b"secret-x", b"{}"] {
            store.credentials(&key).unwrap().set_secret(damage).unwrap();
            let error = store.load(&key).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(!format!("{error} {error:?}").contains("secret-"), "{error:?}");
        }
    }

    /// The processes are this test again; each prints where it locks.
    #[cfg(not(any(target_os = "macos", target_os = "windows")))]
    #[test]
    fn processes_of_a_person_lock_the_same_file_whatever_their_session() {
        if std::env::var_os("LOOKOUT_SDK_PRINT").is_some() {
            std::fs::write(
                std::env::var_os("LOOKOUT_SDK_PRINT").unwrap(),
                lock_folder().unwrap().as_os_str().as_encoded_bytes(),
            )
            .unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let locked = |runtime: Option<&str>| {
            let told = folder.path().join("told");
            let name = "auth::store::keyring::tests::processes_of_a_person_lock_the_same_file_whatever_their_session";
            let mut process = std::process::Command::new(std::env::current_exe().unwrap());
            process.args([name, "--exact"]).env("LOOKOUT_SDK_PRINT", &told);
            process.env("HOME", "/home/ann").env_remove("XDG_RUNTIME_DIR");
            process.envs(runtime.map(|runtime| ("XDG_RUNTIME_DIR", runtime)));
            assert!(process.output().unwrap().status.success());
            std::fs::read_to_string(told).unwrap()
        };
        assert_eq!(locked(Some("/run/user/1000")), locked(None));
    }

    #[test]
    fn one_at_a_time_holds_the_lock_of_a_service() {
        let service = format!("lookout-sdk-test-{}", std::process::id());
        let store = KeyringStore { service, backend: mock::Store::new().unwrap() };
        let key = CredentialKey::new("https://as.example", "https://mcp.example/mcp");
        let held = store.lock(&key).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let other = store.clone();
        let waiting = std::thread::spawn(move || {
            let second = other.lock(&CredentialKey::new("i", "r")).unwrap();
            sender.send(()).unwrap();
            drop(second);
        });
        assert!(receiver.recv_timeout(std::time::Duration::from_millis(100)).is_err());
        drop(held);
        receiver.recv().unwrap();
        waiting.join().unwrap();
    }
}
