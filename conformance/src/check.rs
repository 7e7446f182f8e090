//! What a check is.
//!
//! A check is one record in one place: the same id whether it passes or fails, the clause that
//! demands it, a claim that a reader can disagree with, and the function that looks for a
//! counterexample. Results live in [`crate::report`], never in the record.

use std::fmt;

use crate::outcome::Outcome;
use crate::probe::Probe;

/// One claim about a server, and how to look for a counterexample.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// A stable name, `area/slug`. Reports, scripts and issue trackers refer to it.
    pub id: &'static str,
    /// How much the clause demands.
    pub level: Level,
    /// Where the demand is written.
    pub clause: Clause,
    /// One sentence, true of a conforming server.
    pub claim: &'static str,
    /// What the target must offer before the claim can be tried at all.
    pub needs: &'static [Capability],
    /// Looks for a counterexample.
    pub run: fn(&Probe<'_>) -> Outcome,
}

impl Check {
    /// The part of the id before the slash.
    pub fn area(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }

    /// Whether `name` selects this check: its id, its area, or `area/`.
    pub fn is_named(&self, name: &str) -> bool {
        self.id == name || self.area() == name.trim_end_matches('/')
    }
}

/// How much a clause demands, and so what a counterexample means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The text says MUST. A counterexample is a failure.
    Must,
    /// The text says SHOULD. A counterexample is a warning, or a failure under `--strict`.
    Should,
    /// No text demands it; a careful server does it. Treated like [`Level::Should`].
    Hardening,
    /// The texts leave it open. What the server does is recorded and never judged.
    Observe,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Hardening => "hardening",
            Self::Observe => "observe",
        })
    }
}

/// Where a demand is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause {
    /// A section of an RFC.
    Rfc {
        /// The RFC's number.
        number: u16,
        /// The section, for example `4.6`.
        section: &'static str,
    },
    /// A page of a Model Context Protocol revision.
    Mcp {
        /// The revision, for example `2026-07-28`.
        revision: &'static str,
        /// The page below `specification/{revision}/`, with an optional fragment.
        page: &'static str,
    },
    /// A promise that Lookout's documentation makes, beyond the standards.
    Lookout(&'static str),
}

/// A section of an RFC.
pub(crate) const fn rfc(number: u16, section: &'static str) -> Clause {
    Clause::Rfc { number, section }
}

/// A page of MCP 2026-07-28.
pub(crate) const fn mcp(page: &'static str) -> Clause {
    Clause::Mcp { revision: "2026-07-28", page }
}

/// A page of MCP 2025-11-25, the newest revision that begins with `initialize`.
pub(crate) const fn mcp_2025(page: &'static str) -> Clause {
    Clause::Mcp { revision: "2025-11-25", page }
}

/// A promise of Lookout's documentation.
pub(crate) const fn lookout(promise: &'static str) -> Clause {
    Clause::Lookout(promise)
}

impl Clause {
    /// The address of the text, where it is public.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Rfc { number, section } => {
                Some(format!("https://www.rfc-editor.org/rfc/rfc{number}#section-{section}"))
            }
            Self::Mcp { revision, page } => {
                Some(format!("https://modelcontextprotocol.io/specification/{revision}/{page}"))
            }
            Self::Lookout(_) => None,
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rfc { number, section } => write!(f, "RFC {number} section {section}"),
            Self::Mcp { revision, page } => write!(f, "MCP {revision} {page}"),
            Self::Lookout(promise) => write!(f, "Lookout: {promise}"),
        }
    }
}

/// Something a target may or may not offer.
///
/// A check whose capability is missing is reported as not tested, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Clients can be registered on the fly (RFC 7591).
    Registration,
    /// The harness can sign in and answer the consent page, and so obtain grants.
    Consent,
    /// There is an access token: from a grant, or one that exists already.
    Token,
    /// The consent page and the pages around it are read and submitted as HTML forms.
    Pages,
    /// Tools and the scopes that they need are declared.
    Scopes,
    /// The server may be sent floods and oversize bodies.
    Stress,
    /// Requests may be on their way at the same time.
    Parallel,
    /// The token endpoint issues refresh tokens.
    Refresh,
    /// There is a revocation endpoint (RFC 7009).
    Revocation,
    /// A page makes and revokes programmatic tokens.
    ProgrammaticTokens,
    /// A second protected resource shares the authorization server.
    SecondResource,
    /// The endpoint speaks MCP 2026-07-28.
    Stateless,
    /// The endpoint speaks an MCP revision that begins with `initialize`.
    Initialize,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registration => "dynamic client registration",
            Self::Consent => "a person who consents",
            Self::Token => "an access token",
            Self::Pages => "pages that the harness reads",
            Self::Scopes => "tools with declared scopes",
            Self::Stress => "leave to strain the server",
            Self::Parallel => "requests at the same time",
            Self::Refresh => "refresh tokens",
            Self::Revocation => "a revocation endpoint",
            Self::ProgrammaticTokens => "a page for programmatic tokens",
            Self::SecondResource => "a second protected resource",
            Self::Stateless => "MCP 2026-07-28",
            Self::Initialize => "an MCP revision with initialize",
        })
    }
}
