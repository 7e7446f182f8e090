//! What was done and what came back, by number instead of by value.
//!
//! Clients, grants and tokens are numbered in the order in which they appeared, and times are microseconds since the run began, by one monotonic clock of
//! this process. A history holds no secret, so any part of it may be shown.

use std::fmt;

/// Microseconds since the run began.
pub type Micros = u64;

/// A grant, from the code on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantId(pub u32);

/// An access token or a programmatic token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub u32);

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Redeem the code of a grant.
    Exchange(GrantId),
    /// Use the refresh token of this generation.
    Refresh(GrantId, u32),
    /// Call a tool.
    Call(TokenId),
    /// Revoke one token.
    EndToken(TokenId),
    /// Revoke a grant and everything of it.
    EndGrant(GrantId),
    /// Save a new dashboard.
    Save(u32),
    /// Read a dashboard.
    Read(u32),
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and acknowledged.
    Done,
    /// The token, the code or the dashboard was called invalid or absent.
    Denied,
    /// 429.
    Limited,
    /// 503, and whether it said when to come back.
    Unavailable {
        /// Whether there was a `Retry-After`.
        says_when: bool,
    },
    /// An answer that nothing explains.
    Wrong(u16),
    /// No connection: it cannot have happened.
    NotSent,
    /// The connection broke or nothing came in time: it may have happened or not.
    Unknown,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What.
    pub operation: Operation,
    /// With what result.
    pub outcome: Outcome,
    /// When the first byte was about to be sent.
    pub start: Micros,
    /// When the answer was read.
    pub end: Micros,
    /// Which replica was asked.
    pub replica: usize,
}

/// A token that was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minted {
    /// Its grant.
    pub grant: GrantId,
    /// When it was handed out.
    pub at: Micros,
    /// Until when it surely lives.
    pub lives_until: Micros,
}

/// Everything that happened.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every operation, in the order of the answers.
    pub records: Vec<Record>,
    /// Every token, by number.
    pub tokens: Vec<Minted>,
    /// How many grants there are.
    pub grants: u32,
    /// When a process of the server or of its database was killed.
    pub kills: Vec<Micros>,
}

impl History {
    /// A number for a new grant.
    pub const fn new_grant(&mut self) -> GrantId {
        self.grants += 1;
        GrantId(self.grants - 1)
    }

    /// A number for a new token.
    pub fn mint(&mut self, minted: Minted) -> TokenId {
        self.tokens.push(minted);
        TokenId(u32::try_from(self.tokens.len() - 1).unwrap_or(u32::MAX))
    }

    /// The grant of a token.
    #[must_use]
    pub fn grant_of(&self, token: TokenId) -> Option<GrantId> {
        Some(self.tokens.get(usize::try_from(token.0).ok()?)?.grant)
    }

    /// Whether something was killed in between.
    #[must_use]
    pub fn was_killed_between(&self, from: Micros, to: Micros) -> bool {
        self.kills.iter().any(|kill| (from..=to).contains(kill))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            Operation::Exchange(grant) => write!(f, "exchange the code of grant {}", grant.0),
            Operation::Refresh(grant, generation) => {
                write!(f, "refresh grant {} with generation {generation}", grant.0)
            }
            Operation::Call(token) => write!(f, "call with token {}", token.0),
            Operation::EndToken(token) => write!(f, "revoke token {}", token.0),
            Operation::EndGrant(grant) => write!(f, "revoke grant {}", grant.0),
            Operation::Save(dashboard) => write!(f, "save dashboard {dashboard}"),
            Operation::Read(dashboard) => write!(f, "read dashboard {dashboard}"),
        }?;
        write!(
            f,
            ": {:?} ({} to {} us, replica {})",
            self.outcome, self.start, self.end, self.replica
        )
    }
}
