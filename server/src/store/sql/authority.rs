//! What the authority needs of a store, over the statements beside this file.

use std::time::Instant;

use sqlx::Row as _;

use super::dialect::now;
use super::{SqlStore, read, rows, sweep};
use crate::authority::Timestamp;
use crate::authority::bearer::BearerRows;
use crate::authority::records::{Client, Membership, Session, User};
use crate::metrics::{Operation, metrics};
use crate::secret::keys::Digest;
use crate::store::{
    Account, AuthorityStore, AuthorityTransaction, GrantListing, Retention, StoreFuture, bounded,
    deadline, until,
};

impl AuthorityStore for SqlStore {
    fn begin(&self) -> StoreFuture<'_, Box<dyn AuthorityTransaction>> {
        let deadline = deadline();
        until(deadline, async move {
            let begun = Instant::now();
            let mut transaction = self.write().await?;
            let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *transaction).await?;
            let now = self.clock().read(Timestamp(now.try_get(0)?));
            metrics().stored(Operation::Begin, begun.elapsed());
            Ok(Box::new(super::decide::SqlDecision { transaction, now, deadline })
                as Box<dyn AuthorityTransaction>)
        })
    }

    fn bearer(&self, digest: Digest) -> StoreFuture<'_, Option<(Timestamp, BearerRows)>> {
        bounded(async move {
            let found = read::bearer(self.reader(), digest).await?;
            Ok(found.map(|(told, rows)| (self.clock().read(told), rows)))
        })
    }

    fn note_use<'a>(&'a self, grant_id: &'a str) -> StoreFuture<'a, ()> {
        bounded(read::note_use(self, grant_id))
    }

    fn client<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Client>> {
        bounded(async move { rows::client(&mut *self.reader().acquire().await?, id).await })
    }

    fn clients_of<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, Vec<Client>> {
        bounded(read::clients_of(self.reader(), user_id))
    }

    fn visitor(&self, session: Digest) -> StoreFuture<'_, Option<(Timestamp, Session, User)>> {
        bounded(async move {
            let found = rows::visitor(&mut *self.reader().acquire().await?, session).await?;
            Ok(found.map(|(told, session, user)| (self.clock().read(told), session, user)))
        })
    }

    fn note_visit(&self, session: Digest) -> StoreFuture<'_, ()> {
        bounded(read::note_visit(self, session))
    }

    fn account<'a>(&'a self, email: &'a str) -> StoreFuture<'a, Option<Account>> {
        bounded(read::account(self.reader(), email))
    }

    fn memberships<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, Vec<Membership>> {
        bounded(read::memberships(self.reader(), user_id))
    }

    fn grants<'a>(
        &'a self,
        workspace_id: &'a str,
    ) -> StoreFuture<'a, (Timestamp, Vec<GrantListing>)> {
        bounded(async move {
            let (told, listings) = read::grants(self.reader(), workspace_id).await?;
            Ok((self.clock().read(told), listings))
        })
    }

    fn sweep(&self, retention: Retention) -> StoreFuture<'_, ()> {
        // It may take its time: nobody waits for it.
        Box::pin(sweep::sweep(self, retention))
    }
}
