//! Asks a Lookout server which warehouses there are, with the token of the environment variable `LOOKOUT_TOKEN`. The Connect page of a workspace shows it.

#![expect(clippy::print_stdout, reason = "the answer is printed")]

use lookout_sdk::Client;
use lookout_sdk::schema::ListWarehouses;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder("https://lookout.example/mcp")
        .read_only()
        .token(std::env::var("LOOKOUT_TOKEN")?)
        .build()?;
    for warehouse in client.list_warehouses(ListWarehouses::default()).await?.warehouses {
        println!("{} ({})", warehouse.id, warehouse.dialect);
    }
    Ok(())
}
