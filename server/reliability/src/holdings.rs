//! What the applications of a run hold: tokens, grants and codes. Their secrets are never shown.

use std::fmt;
use std::sync::Arc;

use crate::history::{GrantId, Micros, TokenId};

/// A token that calls can be made with.
#[derive(Clone)]
pub struct Key {
    /// Its number.
    pub id: TokenId,
    pub(crate) secret: Arc<str>,
}

/// A connected application as its owner holds it: the newest tokens.
pub struct Held {
    /// Its number.
    pub grant: GrantId,
    /// How many refreshes came before.
    pub generation: u32,
    /// Which client it is of.
    pub client: usize,
    /// The newest access token.
    pub access: Key,
    pub(crate) refresh: String,
    /// The code or the refresh token that this came from.
    pub(crate) spent: String,
}

/// A code that waits to be redeemed.
pub struct Waiting {
    pub(crate) grant: GrantId,
    pub(crate) client: usize,
    pub(crate) code: String,
}

/// Everything that is held.
#[derive(Debug, Default)]
pub struct Holdings {
    /// Grants that nobody works with right now.
    pub grants: Vec<Held>,
    /// Tokens that were valid when last heard of.
    pub live: Vec<Key>,
    /// Tokens that were ended, and when that was known, in this order.
    pub dead: Vec<(Micros, Key)>,
    /// Dashboards whose save was acknowledged.
    pub saved: Vec<u32>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grant, generation, .. } = self;
        f.debug_struct("Held")
            .field("grant", grant)
            .field("generation", generation)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("grant", &self.grant).finish_non_exhaustive()
    }
}
