//! The same call with lookout-sdk.

use lookout_sdk::Client;
use lookout_sdk::schema::ListTables;
use stopwatch::{Plan, TOKEN};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lookout_sdk::Error> {
    let plan = Plan::from_arguments();
    let client = Client::builder(&plan.endpoint).token(TOKEN).build()?;
    plan.run(move || {
        let client = client.clone();
        async move {
            let arguments = ListTables::default().warehouse_id("demo");
            let tables = client.list_tables(arguments).await.expect("a call failed");
            assert_eq!(tables.tables.len(), 3);
        }
    })
    .await;
    Ok(())
}
