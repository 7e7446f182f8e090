//! The person at the browser: opens the URL of a sign-in and follows where it leads.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::world::Shared;

/// Opens `url`, and then the redirect URI with the answer of the consent page.
pub(super) async fn visit(url: String, shared: Arc<Shared>) {
    if let Err(problem) = follow(&url, &shared.origin).await {
        shared.world().problems.push(format!("the sign-in at {url} did not go on: {problem}"));
    }
}

async fn follow(url: &str, origin: &str) -> Result<(), String> {
    if !url.starts_with(&format!("{origin}/")) {
        return Err("the URL is not one of the fake".to_owned());
    }
    let page = get(url).await?;
    let location = page
        .split("\r\n")
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("location"))
        .map(|(_, value)| value.trim().to_owned());
    let Some(location) = location else {
        let body = page.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        return Err(format!("the consent page says: {body}"));
    };
    // A client that has stopped to listen knows why.
    get(&location).await.map(drop).or(Ok(()))
}

/// The whole response to a GET on this machine.
async fn get(url: &str) -> Result<String, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("the URL has no host".to_owned());
    };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request = format!(
        "GET {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n",
        url.path()
    );
    let exchange = async {
        let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&response).into_owned())
    };
    exchange.await.map_err(|error| error.to_string())
}
