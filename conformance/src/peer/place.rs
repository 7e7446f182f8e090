//! The servers that stand around a client, and their addresses.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One of the servers that stand around a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The MCP server that the client is given.
    Resource,
    /// The authorization server that it names.
    Authority,
    /// A second authorization server, with another issuer.
    OtherAuthority,
    /// A host that has no business with the client's secrets.
    Stranger,
}

impl Role {
    pub(crate) const ALL: [Self; 4] =
        [Self::Resource, Self::Authority, Self::OtherAuthority, Self::Stranger];

    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Authority => "authority",
            Self::OtherAuthority => "other-authority",
            Self::Stranger => "stranger",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resource => "the MCP server",
            Self::Authority => "the authorization server",
            Self::OtherAuthority => "the other authorization server",
            Self::Stranger => "a strange host",
        })
    }
}

/// Where each server is: scheme, host and port, and a path where several share one origin. Without
/// a slash at the end.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    bases: [String; 4],
    /// Whether anybody wanted to know where the strange host is.
    is_stranger_wanted: Arc<AtomicBool>,
}

impl Places {
    pub(crate) fn new(base: impl Fn(Role) -> String) -> Self {
        Self { bases: Role::ALL.map(base), is_stranger_wanted: Arc::default() }
    }

    /// Whether anybody wanted to know where the strange host is.
    pub(crate) fn is_stranger_wanted(&self) -> bool {
        self.is_stranger_wanted.load(Ordering::Relaxed)
    }

    /// The base address of `role`.
    pub(crate) fn base(&self, role: Role) -> &str {
        if role == Role::Stranger {
            self.is_stranger_wanted.store(true, Ordering::Relaxed);
        }
        &self.bases[role as usize]
    }

    /// Scheme, host and port of `role`.
    pub(crate) fn origin(&self, role: Role) -> &str {
        let base = self.base(role);
        let host = base.find("://").map_or(0, |at| at + 3);
        base[host..].find('/').map_or(base, |slash| &base[..host + slash])
    }

    /// The path that stands before everything of `role`; empty where it has an origin of its own.
    pub(crate) fn prefix(&self, role: Role) -> &str {
        &self.base(role)[self.origin(role).len()..]
    }

    /// The path of a request to `role`, without the prefix: `/prefix/token` is `/token`, and
    /// `/.well-known/name/prefix/mcp` is `/.well-known/name/mcp`.
    pub(crate) fn below(&self, role: Role, path: &str) -> String {
        let prefix = self.prefix(role);
        if prefix.is_empty() {
            return path.to_owned();
        }
        if let Some(rest) = path.strip_prefix(prefix) {
            return rest.to_owned();
        }
        match path.strip_prefix("/.well-known/").and_then(|rest| rest.split_once('/')) {
            Some((name, rest)) => {
                let rest = format!("/{rest}");
                let rest = rest.strip_prefix(prefix).unwrap_or(&rest);
                format!("/.well-known/{name}{rest}")
            }
            None => path.to_owned(),
        }
    }

    /// The role whose prefix `path` names, where several share one origin.
    pub(crate) fn role_of(&self, path: &str) -> Option<Role> {
        let named = |role: &Role| {
            let prefix = self.prefix(*role);
            !prefix.is_empty()
                && (path == prefix
                    || path.contains(&format!("{prefix}/"))
                    || path.ends_with(prefix))
        };
        Role::ALL.into_iter().find(named)
    }
}
