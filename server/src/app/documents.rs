//! Clients that describe themselves by a document.

use super::App;
use super::clients::YOUNG;
use crate::authority::document::Fetched;
use crate::authority::parameters::Parameters;
use crate::authority::records::Client;
use crate::client_documents::Refusal;
use crate::client_documents::fetch::Document;
use crate::client_documents::location::Location;
use crate::store::StoreError;

impl App {
    /// The client that the document at `location` describes, for an authorization request with these parameters.
    ///
    /// What was read of it holds for a while, for every replica. Afterwards it is fetched again, and while that fails nothing new begins; what was
    /// granted lives on.
    pub async fn described_client(
        &self,
        location: &Location,
        parameters: &Parameters,
    ) -> Result<Result<Client, Refusal>, StoreError> {
        if let Some(client) = self.freshly_described(location).await? {
            return Ok(Ok(client));
        }
        if let Err(why) = self.authority.is_plausible(parameters) {
            return Ok(Err(Refusal::Request(why)));
        }
        let mut turn = match self.documents.turn(location).await {
            Ok(turn) => turn,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // Whoever had the turn before may have brought it.
        if let Some(client) = self.freshly_described(location).await? {
            return Ok(Ok(client));
        }
        let document = match turn.fetch().await {
            Ok(document) => document,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let taken = self.take_in(location, &document).await?;
        Ok(taken.map_err(|refusal| match refusal {
            Refusal::Invalid(_) => turn.refused(refusal),
            other => other,
        }))
    }

    async fn freshly_described(&self, location: &Location) -> Result<Option<Client>, StoreError> {
        let mut transaction = self.store.begin().await?;
        let client = transaction.client(location.as_str()).await?;
        let now = transaction.now();
        Ok(client.filter(|client| self.authority.document_is_fresh(now, client)))
    }

    async fn take_in(
        &self,
        location: &Location,
        document: &Document,
    ) -> Result<Result<Client, Refusal>, StoreError> {
        let mut transaction = self.store.begin().await?;
        let crowd = transaction.unconsented_clients().await?;
        let known = transaction.client(location.as_str()).await?;
        // A row more is bounded like those of clients that register themselves.
        let young = transaction.now().plus_seconds(-YOUNG);
        if known.is_none()
            && crowd >= self.config.limits.unconsented_clients
            && !transaction.forget_oldest_client(young).await?
        {
            return Ok(Err(Refusal::Busy));
        }
        let fetched = Fetched {
            address: location.as_str(),
            bytes: &document.bytes,
            fresh_for: document.fresh_for,
        };
        let decision = self.authority.describe(transaction.now(), fetched, known.as_ref());
        transaction.commit(decision.changes).await?;
        Ok(decision.reply.map_err(|error| Refusal::Invalid(error.description)))
    }
}
