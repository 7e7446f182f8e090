//! As little as an application needs to sign a person in and call a tool, with lookout-sdk.

use lookout_sdk::Client;
use lookout_sdk::schema::ListTables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lookout_sdk::Error> {
    let client = Client::builder("http://127.0.0.1:8787/mcp").build()?;
    client.sign_in().await?;
    println!("{:?}", client.list_tables(ListTables::default()).await?);
    Ok(())
}
