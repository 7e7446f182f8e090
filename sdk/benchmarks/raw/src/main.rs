//! What a person would write by hand against this one endpoint: reqwest, serde, and nothing that could go wrong taken care of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stopwatch::{Plan, TOKEN};

#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'a str,
    id: u64,
    method: &'a str,
    params: Params<'a>,
}

#[derive(Serialize)]
struct Params<'a> {
    name: &'a str,
    arguments: ListTables<'a>,
    _meta: Value,
}

#[derive(Serialize)]
struct ListTables<'a> {
    limit: i64,
    warehouse_id: &'a str,
}

#[derive(Deserialize)]
struct Response {
    result: CallResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallResult {
    structured_content: Tables,
}

#[derive(Deserialize)]
struct Tables {
    tables: Vec<Table>,
    #[expect(dead_code, reason = "read as a caller would")]
    warehouse_id: String,
    #[expect(dead_code, reason = "read as a caller would")]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as a caller would")]
struct Table {
    approximate_rows: Option<i64>,
    comment: Option<String>,
    kind: Kind,
    name: String,
    qualified_name: String,
    schema: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Table,
    View,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), reqwest::Error> {
    let plan = Plan::from_arguments();
    rustls::crypto::ring::default_provider().install_default().expect("it is the first");
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let (endpoint, next_id) = (plan.endpoint.clone(), Arc::new(AtomicU64::new(1)));
    plan.run(move || {
        let (http, endpoint, id) = (http.clone(), endpoint.clone(), next_id.fetch_add(1, Ordering::Relaxed));
        async move {
            let tables = list_tables(&http, &endpoint, id).await.expect("a call failed");
            assert_eq!(tables.tables.len(), 3);
        }
    })
    .await;
    Ok(())
}

async fn list_tables(http: &reqwest::Client, endpoint: &str, id: u64) -> Result<Tables, Box<dyn std::error::Error + Send + Sync>> {
    let request = Request {
        jsonrpc: "2.0",
        id,
        method: "tools/call",
        params: Params {
            name: "list_tables",
            arguments: ListTables { limit: 50, warehouse_id: "demo" },
            _meta: json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1.0.0" },
            }),
        },
    };
    let response = http
        .post(endpoint)
        .bearer_auth(TOKEN)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "list_tables")
        .body(serde_json::to_vec(&request)?)
        .send()
        .await?
        .error_for_status()?;
    let response: Response = serde_json::from_slice(&response.bytes().await?)?;
    Ok(response.result.structured_content)
}
