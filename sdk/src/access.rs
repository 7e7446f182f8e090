//! What a client may do, as part of its type.
//!
//! A [`Client<ReadOnly>`](crate::Client) has no method that writes, so code that is handed one cannot save a dashboard by mistake.
//! Which tool needs which scope comes from the catalogue and is written to `generated.rs`.
//! Nothing here is a security boundary: the server checks the scopes of the token on every call.

use lookout_schema::{Scope, ScopeSet, Tool};

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
}

/// The scopes that a client asks for and makes use of: [`ReadOnly`] or [`ReadWrite`].
///
/// ```
/// use lookout_sdk::{Access, ReadOnly, ReadWrite};
///
/// assert!(ReadOnly::SCOPES.is_subset(ReadWrite::SCOPES));
/// ```
pub trait Access: sealed::Sealed + Send + Sync + 'static {
    /// The scopes, as the catalogue names them.
    const SCOPES: ScopeSet;
}

/// The access of a client with the scope `mcp:read` alone.
///
/// ```
/// use lookout_sdk::{Client, ReadOnly};
///
/// let client: Client<ReadOnly> = Client::builder("https://lookout.example/mcp").read_only().build()?;
/// # drop(client);
/// # Ok::<(), lookout_sdk::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum ReadOnly {}

/// The access of a client with every scope of the catalogue; the default.
///
/// ```
/// use lookout_sdk::{Client, ReadWrite};
///
/// let client: Client<ReadWrite> = Client::builder("https://lookout.example/mcp").build()?;
/// # drop(client);
/// # Ok::<(), lookout_sdk::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum ReadWrite {}

impl sealed::Sealed for ReadOnly {}
impl sealed::Sealed for ReadWrite {}

impl Access for ReadOnly {
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
}

impl Access for ReadWrite {
    const SCOPES: ScopeSet = ScopeSet::all();
}

/// Access that includes the scope `mcp:read`.
///
/// ```
/// use lookout_sdk::schema::ListTables;
/// use lookout_sdk::{Client, Error, Reads};
///
/// async fn count(client: &Client<impl Reads>) -> Result<usize, Error> {
///     Ok(client.list_tables(ListTables::default()).await?.tables.len())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `Client<{Self}>` cannot call tools that need the scope `mcp:read`",
    label = "this tool needs `mcp:read`",
    note = "connect with the scope `mcp:read`"
)]
pub trait Reads: Access {}

/// Access that includes the scope `mcp:write`.
///
/// ```
/// use lookout_sdk::schema::SaveDashboard;
/// use lookout_sdk::{Client, Error, Writes};
///
/// async fn save(client: &Client<impl Writes>, dashboard: SaveDashboard) -> Result<(), Error> {
///     client.save_dashboard(dashboard).await.map(drop)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `Client<{Self}>` cannot call tools that need the scope `mcp:write`",
    label = "this tool needs `mcp:write`",
    note = "connect with the scope `mcp:write`: build the client without `ClientBuilder::read_only()`"
)]
pub trait Writes: Access {}

impl Reads for ReadOnly {}
impl Reads for ReadWrite {}
impl Writes for ReadWrite {}

/// Access that includes every scope that the tool `T` needs.
///
/// ```
/// use lookout_sdk::schema::Tool;
/// use lookout_sdk::{Client, Error, Grants};
///
/// async fn call<T: Tool>(client: &Client<impl Grants<T>>, tool: T) -> Result<T::Output, Error> {
///     client.call(tool).await
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `Client<{Self}>` cannot call `{T}`",
    label = "its access does not cover this",
    note = "a call is the arguments of a tool, and one that writes needs a client that was built without `ClientBuilder::read_only()`"
)]
pub trait Grants<T: Tool>: Access {}
