//! Asks a Lookout server which warehouses there are, as the person who consents in the browser. The Connect page of a workspace shows it.

#![expect(clippy::print_stdout, reason = "the answer is printed")]

use lookout_sdk::Client;
use lookout_sdk::schema::ListWarehouses;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder("https://lookout.example/mcp").read_only().build()?;
    client.sign_in().await?;
    for warehouse in client.list_warehouses(ListWarehouses::default()).await?.warehouses {
        println!("{} ({})", warehouse.id, warehouse.dialect);
    }
    Ok(())
}
