//! As little as an application needs to sign a person in and call a tool, with rmcp; the listener and the browser are left to the person.

use std::error::Error;

use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt as _};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationManager, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

const ENDPOINT: &str = "http://127.0.0.1:8787/mcp";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut oauth = OAuthState::Unauthorized(AuthorizationManager::new(ENDPOINT).await?);
    let request = AuthorizationRequest::new("http://127.0.0.1:9000/callback".to_owned());
    oauth.start_authorization(request).await?;
    println!("Open {} and paste where it leads.", oauth.get_authorization_url().await?);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    oauth.handle_callback_url(answer.trim()).await?;
    let manager = oauth.into_authorization_manager().ok_or("the sign-in did not finish")?;
    let transport = StreamableHttpClientTransport::with_client(
        AuthClient::new(reqwest::Client::default(), manager),
        StreamableHttpClientTransportConfig::with_uri(ENDPOINT),
    );
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::LATEST] };
    let service = ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await?;
    println!("{:?}", service.call_tool(CallToolRequestParams::new("list_tables")).await?);
    Ok(())
}
