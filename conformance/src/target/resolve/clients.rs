//! `[registration]`.

use super::Reading;
use crate::target::file::{ClientFile, RegistrationFile};
use crate::target::ownership::is_loopback;
use crate::target::registration::{ClientMethod, KnownClient, Registration};

impl Reading<'_> {
    pub(super) fn registration(&mut self, file: &RegistrationFile) -> Registration {
        let clients_path = ["registration", "clients"];
        match file {
            RegistrationFile::Dynamic { initial_access_token } => {
                let path = ["registration", "initial_access_token"];
                let token =
                    initial_access_token.as_ref().and_then(|source| self.secret(&path, source));
                Registration::Dynamic { initial_access_token: token }
            }
            RegistrationFile::MetadataDocument { clients } => {
                if clients.is_empty() {
                    self.wrong(&clients_path, "expected at least one client");
                }
                let known = clients.iter().enumerate().map(|(index, client)| {
                    let index = index.to_string();
                    let path = ["registration", "clients", &index];
                    self.document_address(&[&path[..], &["client_id"]].concat(), &client.client_id);
                    self.redirect_uris(&path, &client.redirect_uris);
                    KnownClient {
                        id: client.client_id.clone(),
                        secret: None,
                        method: ClientMethod::None,
                        redirect_uris: client.redirect_uris.clone(),
                    }
                });
                Registration::MetadataDocument(known.collect())
            }
            RegistrationFile::PreRegistered { clients } => {
                if clients.is_empty() {
                    self.wrong(&clients_path, "expected at least one client");
                }
                let known = clients.iter().enumerate();
                Registration::PreRegistered(
                    known.map(|(index, client)| self.client(&index.to_string(), client)).collect(),
                )
            }
        }
    }

    fn document_address(&mut self, path: &[&str], id: &str) {
        let url = url::Url::parse(id).ok();
        let is_fit = url.is_some_and(|url| {
            (url.scheme() == "https" || is_loopback(id))
                && url.path() != "/"
                && url.fragment().is_none()
        });
        if !is_fit {
            let message = "expected the https address of a document, with a path: \
                           \"https://client.example/conformance.json\"";
            self.wrong(path, message);
        }
    }

    fn client(&mut self, index: &str, file: &ClientFile) -> KnownClient {
        let path = ["registration", "clients", index];
        if file.client_id.is_empty() {
            self.wrong(&[&path[..], &["client_id"]].concat(), "expected the client's identifier");
        }
        self.redirect_uris(&path, &file.redirect_uris);
        let secret_path = [&path[..], &["client_secret"]].concat();
        let secret =
            file.client_secret.as_ref().and_then(|source| self.secret(&secret_path, source));
        let default = match file.client_secret {
            Some(_) => ClientMethod::ClientSecretBasic,
            None => ClientMethod::None,
        };
        let method = file.method.unwrap_or(default);
        match (method, &file.client_secret) {
            (ClientMethod::None, Some(_)) => {
                self.wrong(&secret_path, "a client with method \"none\" has no secret");
            }
            (ClientMethod::ClientSecretBasic | ClientMethod::ClientSecretPost, None) => {
                let message = "this method needs client_secret = { env = \"NAME\" }";
                self.wrong(&[&path[..], &["method"]].concat(), message);
            }
            _ => {}
        }
        KnownClient {
            id: file.client_id.clone(),
            secret,
            method,
            redirect_uris: file.redirect_uris.clone(),
        }
    }

    fn redirect_uris(&mut self, client: &[&str], uris: &[String]) {
        let path = [client, &["redirect_uris"]].concat();
        if uris.is_empty() {
            self.wrong(&path, "expected at least one, as it was registered");
        }
        for (index, uri) in uris.iter().enumerate() {
            if url::Url::parse(uri).is_err() || uri.contains('#') {
                let message = "expected an absolute URI without a fragment";
                self.wrong(&[&path[..], &[&index.to_string()]].concat(), message);
            }
        }
    }
}
