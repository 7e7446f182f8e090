//! The same call with rmcp's client, in the same revision.

use std::error::Error;
use std::sync::Arc;

use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt as _};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stopwatch::{Plan, TOKEN};

#[derive(Serialize)]
struct ListTables<'a> {
    limit: i64,
    warehouse_id: &'a str,
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
async fn main() -> Result<(), Box<dyn Error>> {
    let plan = Plan::from_arguments();
    let config = StreamableHttpClientTransportConfig::with_uri(plan.endpoint.as_str())
        .max_concurrent_requests(64)
        .auth_header(TOKEN);
    let transport = StreamableHttpClientTransport::from_config(config);
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::LATEST] };
    let service = Arc::new(ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await?);
    plan.run(move || {
        let service = Arc::clone(&service);
        async move {
            let arguments = serde_json::to_value(ListTables { limit: 50, warehouse_id: "demo" });
            let Ok(Value::Object(arguments)) = arguments else { unreachable!("it is an object") };
            let request = CallToolRequestParams::new("list_tables").with_arguments(arguments);
            let result = service.call_tool(request).await.expect("a call failed");
            let tables: Tables = result.into_typed().expect("a result of another shape");
            assert_eq!(tables.tables.len(), 3);
        }
    })
    .await;
    Ok(())
}
