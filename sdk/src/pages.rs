//! Lists that come page by page, as streams.
//!
//! A page is asked for when it is wanted and not before; dropping the stream ends the request that is on its way.
//! A server that goes in circles is found out: a cursor that comes again, and pages without end that list nothing, are errors.
//! How long an honest list is, is not limited here: stop when there is enough.

mod document;

use std::collections::HashSet;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;
use lookout_schema::{Paged, Tool};

use crate::access::{Access, Grants};
use crate::{Client, Error};

/// How many pages in a row may list nothing.
const MOST_EMPTY: usize = 100;

type Page<T> = Result<<T as Tool>::Output, Error>;
type Fetch<T> = Pin<Box<dyn Future<Output = Page<T>> + Send>>;

/// The pages of a list, fetched one by one as they are asked for: see [`Client::pages`].
///
/// It is a [`Stream`], and [`Pages::next`] needs no extension trait. After an error it is over.
///
/// ```no_run
/// # use lookout_sdk::{Client, schema::ListTables};
/// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
/// let mut pages = client.pages(ListTables::default());
/// while let Some(page) = pages.next().await {
///     println!("{} tables", page?.tables.len());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is fetched before the stream is asked for a page"]
pub struct Pages<T: Paged> {
    arguments: T,
    call: Box<dyn FnMut(T) -> Fetch<T> + Send>,
    state: State<T>,
    cursors: HashSet<String>,
}

enum State<T: Paged> {
    Wanted(Option<String>),
    OnItsWay(Fetch<T>),
    Over,
}

/// What the pages of a list hold, one by one: see [`Client::all_tables`] and its like.
///
/// It is a [`Stream`], and [`Items::next`] needs no extension trait. After an error it is over.
///
/// ```no_run
/// # use lookout_sdk::{Client, schema::ListTables};
/// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
/// let mut tables = client.all_tables(ListTables::default());
/// while let Some(table) = tables.next().await {
///     println!("{}", table?.qualified_name);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is fetched before the stream is asked for an item"]
pub struct Items<T: Paged> {
    pages: Pages<T>,
    fetched: vec::IntoIter<T::Item>,
    empty: usize,
}

impl<S: Access> Client<S> {
    /// The pages of a list, from the one that the arguments ask for to the last.
    ///
    /// This is for what stands beside the list; [`Client::all_tables`] and its like give what is listed.
    ///
    /// ```no_run
    /// # use lookout_sdk::{Client, Error, schema::ListTables};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let mut pages = client.pages(ListTables::new().limit(200));
    /// while let Some(page) = pages.next().await {
    ///     let page = page?;
    ///     println!("{} tables of {}", page.tables.len(), page.warehouse_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Each page fails as [`Client::call`] does, and with [`Error::is_protocol`] when the server gives a cursor for the second time.
    pub fn pages<T: Paged>(&self, arguments: T) -> Pages<T>
    where
        S: Grants<T>,
    {
        let client = self.clone();
        let call = move |arguments| -> Fetch<T> {
            let client = client.clone();
            Box::pin(async move { client.call(arguments).await })
        };
        Pages {
            arguments,
            call: Box::new(call),
            state: State::Wanted(None),
            cursors: HashSet::new(),
        }
    }
}

impl<T: Paged> Pages<T> {
    /// The next page, or none behind the last.
    ///
    /// Dropping the future loses nothing: the page that is on its way is waited for by the next.
    pub async fn next(&mut self) -> Option<Result<T::Output, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// What the pages hold, one by one.
    pub fn items(self) -> Items<T> {
        Items { pages: self, fetched: Vec::new().into_iter(), empty: 0 }
    }

    /// Where to go on after this page.
    fn turn(&mut self, page: &T::Output) -> Result<State<T>, Error> {
        match T::next_cursor(page) {
            None => Ok(State::Over),
            Some(cursor) if self.cursors.insert(cursor.to_owned()) => {
                Ok(State::Wanted(Some(cursor.to_owned())))
            }
            Some(_) => Err(Error::protocol(format!(
                "{} gave a cursor for the second time, so its list does not end",
                T::NAME
            ))),
        }
    }
}

impl<T: Paged> Items<T> {
    /// The next item, or none behind the last.
    ///
    /// Dropping the future loses nothing: the page that is on its way is waited for by the next.
    pub async fn next(&mut self) -> Option<Result<T::Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Everything that is left, in one list.
    ///
    /// ```no_run
    /// # use lookout_sdk::{Client, Error, schema::ListDashboards};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let dashboards = client.all_dashboards(ListDashboards::new().search("churn")).try_collect().await?;
    /// println!("{} dashboards", dashboards.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That of the first page that cannot be had.
    pub async fn try_collect(mut self) -> Result<Vec<T::Item>, Error> {
        let mut all = Vec::new();
        while let Some(item) = self.next().await {
            all.push(item?);
        }
        Ok(all)
    }
}

impl<T: Paged> Stream for Pages<T> {
    type Item = Result<T::Output, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Wanted(cursor) => {
                    let cursor = cursor.take();
                    let arguments = self.arguments.clone();
                    let arguments = match cursor {
                        Some(cursor) => arguments.starting_at(cursor),
                        None => arguments,
                    };
                    self.state = State::OnItsWay((self.call)(arguments));
                }
                State::OnItsWay(fetch) => {
                    let page = ready!(fetch.as_mut().poll(context));
                    self.state = State::Over;
                    let page = page.and_then(|page| {
                        self.state = self.turn(&page)?;
                        Ok(page)
                    });
                    return Poll::Ready(Some(page));
                }
                State::Over => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Paged> Stream for Items<T> {
    type Item = Result<T::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.fetched.next() {
                self.empty = 0;
                return Poll::Ready(Some(Ok(item)));
            }
            if self.empty == MOST_EMPTY {
                self.pages.state = State::Over;
                self.empty = 0;
                return Poll::Ready(Some(Err(Error::protocol(format!(
                    "{} gave {MOST_EMPTY} pages in a row that list nothing",
                    T::NAME
                )))));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    self.empty += 1;
                    self.fetched = T::items(page).into_iter();
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = matches!(self.pages.state, State::Over).then(|| self.fetched.len());
        (self.fetched.len(), left)
    }
}

// What is pinned is in a box of its own.
impl<T: Paged> Unpin for Pages<T> {}
impl<T: Paged> Unpin for Items<T> {}

impl<T: Paged> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_over = matches!(self.state, State::Over);
        f.debug_struct("Pages")
            .field("tool", &T::NAME)
            .field("over", &is_over)
            .finish_non_exhaustive()
    }
}

impl<T: Paged> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}
