//! rmcp's client, doing the task that CLIENTS.md describes.
//!
//! What its guide leaves to an application is done as the guide shows it: starting a sign-in when a challenge comes back, asking for further scopes,
//! the loopback listener, the browser and the store. Everything else is rmcp's.

mod callback;
mod store;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use futures::future::join_all;
use rmcp::RoleClient;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientConfig, ClientRequest, ProtocolVersion,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt as _, PeerRequestOptions,
    RunningService, ServiceError,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationCallback, AuthorizationManager, AuthorizationRequest, OAuthState,
    WWWAuthenticateParams,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::Value;

use callback::Listener;
use store::FileStore;

/// The contract's limit on one step; rmcp has none of its own.
const STEP: Duration = Duration::from_secs(15);

struct Application {
    url: String,
    listener: Listener,
    auth: AuthClient<reqwest::Client>,
    service: Option<RunningService<RoleClient, ClientConfig>>,
}

impl Application {
    async fn new(url: String) -> Result<Self> {
        let mut manager = AuthorizationManager::new(url.as_str()).await?;
        manager.set_credential_store(FileStore::from_environment()?);
        // Without credentials the first request goes out without a token, and its challenge begins the sign-in.
        manager.initialize_from_store().await?;
        let auth = AuthClient::new(reqwest::Client::default(), manager);
        Ok(Self { url, listener: Listener::bind().await?, auth, service: None })
    }

    async fn connect(&mut self) -> Result<()> {
        self.disconnect().await?;
        let service = match self.serve().await {
            Ok(service) => service,
            Err(refusal) if refusal.is_authorization_required() => {
                let challenge = refusal.auth_challenge().map(str::to_owned);
                self.sign_in(challenge.ok_or(refusal)?).await?;
                self.serve().await?
            }
            Err(error) => return Err(error.into()),
        };
        self.service = Some(service);
        Ok(())
    }

    async fn disconnect(&mut self) -> Result<()> {
        if let Some(service) = self.service.take() {
            service.cancel().await?;
        }
        Ok(())
    }

    async fn serve(
        &self,
    ) -> Result<RunningService<RoleClient, ClientConfig>, Box<ClientInitializeError>> {
        let transport = StreamableHttpClientTransport::with_client(
            self.auth.clone(),
            StreamableHttpClientTransportConfig::with_uri(self.url.as_str()),
        );
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: None,
        };
        Ok(ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await?)
    }

    /// The guide's flow, from the challenge to an authorized client.
    async fn sign_in(&mut self, challenge: String) -> Result<()> {
        let mut manager = AuthorizationManager::new(self.url.as_str()).await?;
        manager.set_credential_store(FileStore::from_environment()?);
        let mut oauth = OAuthState::Unauthorized(manager);
        let mut request = AuthorizationRequest::new(self.listener.redirect_uri())
            .with_client_name("rmcp")
            .with_challenge(challenge);
        // The issuer of a client that is registered beforehand has no place in rmcp's interface.
        if let Ok(client) = std::env::var("LOOKOUT_CONFORMANCE_CLIENT_ID") {
            request = request.with_preregistered_client(client);
        }
        oauth.start_authorization(request).await?;
        let answer = self.listener.open(&oauth.get_authorization_url().await?).await?;
        oauth.handle_callback_url(&answer).await?;
        let manager = oauth.into_authorization_manager().context("the sign-in did not finish")?;
        self.auth = AuthClient::new(reqwest::Client::default(), manager);
        Ok(())
    }

    /// Asks for the scopes that a 403 named; the same manager, so the session goes on.
    async fn step_up(&mut self, scope: &str) -> Result<()> {
        let url = self.auth.auth_manager.lock().await.request_scope_upgrade(scope).await?;
        let answer = AuthorizationCallback::from_redirect_url(&self.listener.open(&url).await?)?;
        let manager = self.auth.auth_manager.lock().await;
        manager
            .exchange_code_for_token_with_issuer(
                &answer.code,
                &answer.csrf_token,
                answer.issuer.as_deref(),
            )
            .await?;
        Ok(())
    }

    /// Does what a refusal asks for, once: a sign-in, or further scopes. Any other error is the step's.
    async fn answer(&mut self, refusal: ServiceError) -> Result<()> {
        let Some(challenge) = refusal.auth_challenge().map(str::to_owned) else {
            return Err(refusal.into());
        };
        let parsed = WWWAuthenticateParams::parse(&challenge, &self.url.parse()?);
        match parsed.scope {
            _ if refusal.is_authorization_required() => {
                self.sign_in(challenge).await?;
                self.connect().await
            }
            Some(scope) if parsed.error.as_deref() == Some("insufficient_scope") => {
                self.step_up(&scope).await
            }
            _ => Err(refusal.into()),
        }
    }

    async fn list(&self) -> Result<(), ServiceError> {
        self.service().list_all_tools().await.map(drop)
    }

    async fn call(&self, call: &Value) -> Result<bool, ServiceError> {
        let result = self.service().call_tool(parameters(call)).await?;
        Ok(result.is_error != Some(true))
    }

    /// All calls at once; those that a challenge stopped once more, after one sign-in.
    async fn calls(&mut self, calls: &[Value]) -> Result<()> {
        let mut again = Vec::new();
        let mut refused = None;
        for (call, result) in calls.iter().zip(join_all(calls.iter().map(|it| self.call(it))).await)
        {
            match result {
                Ok(valid) => fine(valid)?,
                Err(refusal) => {
                    refused = Some(refusal);
                    again.push(call);
                }
            }
        }
        if let Some(refusal) = refused {
            self.answer(refusal).await?;
        }
        for result in join_all(again.into_iter().map(|call| self.call(call))).await {
            fine(result?)?;
        }
        Ok(())
    }

    async fn list_tools(&mut self) -> Result<()> {
        if let Err(refusal) = self.list().await {
            self.answer(refusal).await?;
            self.list().await?;
        }
        Ok(())
    }

    async fn cancel_call(&self, step: &Value) -> Result<()> {
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(parameters(step)));
        let options = PeerRequestOptions::no_options();
        let handle = self.service().send_cancellable_request(request, options).await?;
        tokio::time::sleep(Duration::from_millis(step["after_ms"].as_u64().unwrap_or(300))).await;
        Ok(handle.cancel(None).await?)
    }

    fn service(&self) -> &RunningService<RoleClient, ClientConfig> {
        self.service.as_ref().expect("`step` connects first")
    }

    /// Returns false when the step is one that rmcp has no operation for.
    async fn step(&mut self, step: &Value) -> Result<bool> {
        let name = step["do"].as_str().unwrap_or_default();
        if !matches!(name, "list-tools" | "call-tool" | "call-tools" | "cancel-call" | "reconnect")
        {
            eprintln!("unsupported: {name}");
            return Ok(false);
        }
        if self.service.is_none() || name == "reconnect" {
            self.connect().await?;
        }
        match name {
            "list-tools" => self.list_tools().await?,
            "call-tool" => self.calls(std::slice::from_ref(step)).await?,
            "call-tools" => self.calls(step["calls"].as_array().map_or(&[], Vec::as_slice)).await?,
            "cancel-call" => self.cancel_call(step).await?,
            _ => {}
        }
        Ok(true)
    }
}

fn parameters(call: &Value) -> CallToolRequestParams {
    let name = call["name"].as_str().unwrap_or_default().to_owned();
    let arguments = call["arguments"].as_object().cloned().unwrap_or_default();
    CallToolRequestParams::new(name).with_arguments(arguments)
}

fn fine(valid: bool) -> Result<()> {
    if valid { Ok(()) } else { bail!("the tool reported an error") }
}

async fn run() -> Result<()> {
    let given = std::env::args().nth(1);
    let url = given.map_or_else(|| std::env::var("LOOKOUT_CONFORMANCE_URL"), Ok)?;
    let task: Value = serde_json::from_str(&std::env::var("LOOKOUT_CONFORMANCE_TASK")?)?;
    let late = || anyhow!("a step took too long");
    let mut application =
        tokio::time::timeout(STEP, Application::new(url)).await.map_err(|_| late())??;
    for step in task["steps"].as_array().context("the task has no steps")? {
        let done =
            tokio::time::timeout(STEP, application.step(step)).await.map_err(|_| late())??;
        if !done {
            return Ok(());
        }
    }
    application.disconnect().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = run().await {
        // How a text that may be the server's is shown is the application's business: inert.
        let inert = |character| if matches!(character, ' '..='~') { character } else { '?' };
        let text = error.root_cause().to_string();
        eprintln!("{}", text.chars().take(300).map(inert).collect::<String>());
        std::process::exit(1);
    }
    std::process::exit(0);
}
