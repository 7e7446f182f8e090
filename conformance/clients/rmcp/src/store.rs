//! rmcp's credentials in a file that only its owner reads.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rmcp::transport::auth::{AuthError, CredentialStore, StoredCredentials};

pub(crate) struct FileStore(PathBuf);

impl FileStore {
    pub(crate) fn from_environment() -> Result<Self, std::env::VarError> {
        let folder = std::env::var("LOOKOUT_CONFORMANCE_STORE")?;
        Ok(Self(Path::new(&folder).join("credentials.json")))
    }
}

#[async_trait]
impl CredentialStore for FileStore {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        match fs::read(&self.0) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(refused),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        let json = serde_json::to_vec(&credentials).map_err(refused)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&self.0).and_then(|mut file| file.write_all(&json)).map_err(refused)
    }

    async fn clear(&self) -> Result<(), AuthError> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(refused(error)),
            _ => Ok(()),
        }
    }
}

fn refused(error: impl std::error::Error) -> AuthError {
    AuthError::CredentialStoreError(error.to_string())
}
