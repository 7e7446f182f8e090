//! The client: a typed face over the transport and the credentials.

mod calls;
mod dispatch;
mod redirect;
mod retries;

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use lookout_schema::{Tool, ToolEntry};
use serde_json::{Map, Value};

use crate::Error;
use crate::access::{Access, Grants, ReadWrite};
use crate::auth::{AccessToken, Session, SignedOut};
use crate::builder::ClientBuilder;
use crate::listing::{self, Listing};
use crate::reply::{ServerInfo, ToolDescription};
use crate::transport::Transport;

#[cfg(feature = "testing")]
pub(crate) use self::dispatch::unfit;
pub(crate) use self::retries::Retries;

/// How many pages of tools are read before the server is taken to go in circles.
const MOST_PAGES: usize = 100;
const MOST_TOOLS: usize = 10_000;

/// A client of one MCP endpoint of Lookout.
///
/// Its type says what it may do: a `Client<ReadOnly>` has no method that writes.
/// A clone is cheap and shares the connection pool, the credentials and what was learnt about the server.
///
/// ```no_run
/// use lookout_sdk::Client;
/// use lookout_sdk::schema::{ListTables, QueryWarehouse};
///
/// # async fn run(token: String) -> Result<(), lookout_sdk::Error> {
/// let client = Client::builder("https://lookout.example/mcp").token(token).build()?;
/// let tables = client.list_tables(ListTables::default()).await?.tables;
/// let counted = client.query_warehouse(QueryWarehouse::new("select count(*) from orders")).await?;
/// println!("{} tables, {:?}", tables.len(), counted.rows);
/// for tool in client.tools().await? {
///     println!("{}", tool.name);
/// }
/// println!("{:?}", client.discover().await?.version);
/// client.close().await;
/// # Ok(())
/// # }
/// ```
pub struct Client<S = ReadWrite> {
    inner: Arc<Inner>,
    deadline: Option<Duration>,
    access: PhantomData<S>,
}

struct Inner {
    transport: Transport,
    credential: Credential,
    listing: Listing,
    retries: Retries,
}

/// What proves who is calling.
#[derive(Debug)]
pub(crate) enum Credential {
    Token(AccessToken),
    OAuth(Session),
}

impl Client {
    /// Starts to set up a client of the endpoint, such as `https://lookout.example/mcp`.
    ///
    /// The URL must be written as the server documents it: it is also what tokens are issued for (RFC 8707 section 2).
    pub fn builder(endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(endpoint.into())
    }
}

impl<S: Access> Client<S> {
    pub(crate) fn new(transport: Transport, credential: Credential, retries: Retries) -> Self {
        let inner = Inner { transport, credential, listing: Listing::default(), retries };
        Self { inner: Arc::new(inner), deadline: None, access: PhantomData }
    }

    /// A clone whose calls each end within `deadline`, with all that they need on the way: refreshes, waits and retries.
    ///
    /// [`Client::tools`] and [`Client::whole_source_doc`] are one call each, however many requests they take; a stream of pages has the deadline for each page.
    /// What waits for a person, [`Client::sign_in`] and [`Client::step_up`], has the limit of [`OAuth`](crate::auth::OAuth) instead.
    ///
    /// What took too long is an [`Error::is_timeout`], and the server is told to stop as if the future had been dropped.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use lookout_sdk::{Client, schema::ListTables};
    /// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
    /// let quick = client.with_deadline(Duration::from_secs(2));
    /// quick.list_tables(ListTables::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// Calls a tool with typed arguments.
    ///
    /// The typed methods, such as [`Client::query_warehouse`], are this by name.
    /// Dropping the future ends the request; a server that speaks MCP 2026-07-28 then cancels the work.
    ///
    /// The client's type must grant what the tool needs:
    ///
    /// ```compile_fail,E0277
    /// # use lookout_sdk::{Client, ReadOnly, schema::SaveDashboard};
    /// async fn save(client: &Client<ReadOnly>, dashboard: SaveDashboard) {
    ///     client.call(dashboard).await;
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_invalid_arguments`] when the arguments are outside what the tool's input schema allows, and then nothing is sent;
    /// [`Error::is_tool_error`] when the tool reported a failure; [`Error::is_unauthorized`], [`Error::is_insufficient_scope`],
    /// [`Error::is_transport`], [`Error::is_timeout`] and [`Error::is_protocol`] when the call did not get that far or its answer made no sense;
    /// [`Error::is_authorization`] when the tokens could not be renewed.
    pub async fn call<T: Tool>(&self, arguments: T) -> Result<T::Output, Error>
    where
        S: Grants<T>,
    {
        let arguments = serde_json::to_value(arguments).map_err(|error| {
            Error::configuration("the arguments cannot be written as JSON").caused_by(error)
        })?;
        T::check(&arguments)?;
        self.call_typed(T::NAME, arguments).await
    }

    /// The tools of the offline catalogue that a client of this type may call; nothing is sent.
    ///
    /// ```
    /// use lookout_sdk::{Client, definitions};
    ///
    /// # let token = "lkmcp_0";
    /// let client = Client::builder("https://lookout.example/mcp").token(token).read_only().build()?;
    /// let tools = definitions::openai_chat(client.catalogue());
    /// assert!(tools.iter().all(|tool| tool["function"]["name"] != "save_dashboard"));
    /// # Ok::<(), lookout_sdk::Error>(())
    /// ```
    pub fn catalogue(&self) -> impl Iterator<Item = &'static ToolEntry> + use<S> {
        lookout_schema::catalogue().tools_for(S::SCOPES)
    }

    /// The tools that the token may call, as the server lists them.
    ///
    /// A tool whose annotations break the rules of MCP is left out.
    /// Later calls of this client and its clones check results against the output schemas of this list,
    /// and repeat the arguments in headers that it marks with `x-mcp-header`.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn tools(&self) -> Result<Vec<ToolDescription>, Error> {
        self.in_time(self.all_pages_of_tools()).await
    }

    async fn all_pages_of_tools(&self) -> Result<Vec<ToolDescription>, Error> {
        let mut tools = Vec::new();
        let mut params = Map::new();
        let mut cursors = HashSet::new();
        for _ in 0..MOST_PAGES {
            let mut page = self.request("tools/list", &params).await?;
            tools.extend(listing::read(&page["tools"])?);
            match page["nextCursor"].take() {
                Value::Null => {
                    self.inner.listing.replace(&mut tools);
                    return Ok(tools);
                }
                // An empty one is a cursor like any other.
                Value::String(cursor)
                    if tools.len() <= MOST_TOOLS && cursors.insert(cursor.clone()) =>
                {
                    params.insert("cursor".to_owned(), cursor.into());
                }
                _ => break,
            }
        }
        Err(Error::protocol("the list of tools does not end"))
    }

    /// What the server says about itself, with the digest of its catalogue.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn discover(&self) -> Result<ServerInfo, Error> {
        if let Some(opened) = self.inner.transport.opened().await {
            return Ok(ServerInfo::from_result(&opened));
        }
        match self.request("server/discover", &Map::new()).await {
            Ok(result) => Ok(ServerInfo::from_result(&result)),
            // The request found out that the server begins with `initialize`, which has no such method but said the same.
            Err(error) => match self.inner.transport.opened().await {
                Some(opened) if error.rpc_code().is_some() => Ok(ServerInfo::from_result(&opened)),
                _ => Err(error),
            },
        }
    }

    /// Makes sure that there are credentials, and returns the scopes that they grant.
    ///
    /// With OAuth this asks the person if the store has no tokens, and waits for the answer; otherwise nobody is asked.
    /// The person may grant less than was asked for, so compare.
    /// With a programmatic token there is nothing to do and nothing is known about its scopes.
    /// However many callers wait, the person is asked once and every one of them gets the answer; a caller that comes later asks anew.
    ///
    /// ```no_run
    /// # async fn run(client: lookout_sdk::Client) -> Result<(), lookout_sdk::Error> {
    /// let granted = client.sign_in().await?;
    /// assert!(granted.contains(&"mcp:read".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_authorization`] when the person refuses or the servers do not play by the rules;
    /// [`Error::is_timeout`] when nobody answers; [`Error::is_transport`] when a server cannot be reached.
    pub async fn sign_in(&self) -> Result<Vec<String>, Error> {
        match &self.inner.credential {
            Credential::Token(_) => Ok(Vec::new()),
            Credential::OAuth(session) => session.sign_in(async || self.challenge().await).await,
        }
    }

    /// Asks the person for further scopes, such as [`Error::required_scopes`], and returns the scopes that are granted now.
    ///
    /// Scopes of your own are written `&["mcp:write"]`. The request names what was granted before as well, so nothing is lost (MCP 2026-07-28 basic/authorization, step-up).
    ///
    /// ```no_run
    /// # async fn run(client: lookout_sdk::Client, error: lookout_sdk::Error) -> Result<(), lookout_sdk::Error> {
    /// if error.is_insufficient_scope() {
    ///     client.step_up(error.required_scopes()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::sign_in`]; with a programmatic token always [`Error::is_authorization`].
    pub async fn step_up(&self, required: &[impl AsRef<str>]) -> Result<Vec<String>, Error> {
        match &self.inner.credential {
            Credential::Token(_) => Err(Error::authorization(
                "the scopes of a programmatic token are fixed; make a token that has the scopes on Lookout's token page",
            )),
            Credential::OAuth(session) => {
                session.step_up(async || self.challenge().await, &owned(required)).await
            }
        }
    }

    /// Revokes the tokens at the authorization server and deletes the credentials from the store.
    ///
    /// A server that cannot be told makes no difference to the second, and is reported as [`SignedOut::Unconfirmed`].
    ///
    /// ```no_run
    /// # async fn run(client: lookout_sdk::Client) -> Result<(), lookout_sdk::Error> {
    /// client.sign_out().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_authorization`] when something is left in the store, and always with a programmatic token, which is revoked on Lookout's token page;
    /// as [`Client::sign_in`] when neither the endpoint nor the store says which authorization server the credentials belong to.
    pub async fn sign_out(&self) -> Result<SignedOut, Error> {
        match &self.inner.credential {
            Credential::Token(_) => Err(Error::authorization(
                "a programmatic token is revoked on Lookout's token page, not by its user",
            )),
            Credential::OAuth(session) => {
                let signed_out = session.sign_out(async || self.challenge().await).await;
                self.inner.transport.sign_out();
                signed_out
            }
        }
    }

    /// Ends the connection: tells a server of an earlier revision that its session is over, and waits for cancellations that are still on their way.
    ///
    /// A server of MCP 2026-07-28 keeps nothing that would have to be ended, and the client can be used again afterwards.
    /// Without this the same is said when the last clone is dropped, unless the runtime ends first.
    pub async fn close(&self) {
        self.inner.transport.close().await;
    }
}

fn owned(scopes: &[impl AsRef<str>]) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_ref().to_owned()).collect()
}

// Derived, it would ask for `S: Clone` though no `S` is held.
impl<S> Clone for Client<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), deadline: self.deadline, access: PhantomData }
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.inner.transport.endpoint().as_str())
            .field("credential", &self.inner.credential)
            .finish_non_exhaustive()
    }
}
