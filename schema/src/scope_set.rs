//! Sets of scopes, the only way this project compares them.
//!
//! A scope is compared byte for byte and never as text inside a longer string, so `mcp:readX` is not `mcp:read`.
//! No scope implies another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Scope;

/// A set of scopes, written on the wire as names separated by one space, sorted (RFC 6749 section 3.3).
///
/// ```
/// use lookout_schema::{Scope, ScopeSet};
///
/// let granted: ScopeSet = "mcp:write mcp:read".parse()?;
/// assert_eq!(granted.to_string(), "mcp:read mcp:write");
/// assert!(ScopeSet::of(&[Scope::McpRead]).is_subset(granted));
/// assert!("MCP:READ".parse::<ScopeSet>().is_err());
/// # Ok::<(), lookout_schema::UnknownScope>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeSet(u32);

/// A scope name that the catalogue does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScope(String);

impl ScopeSet {
    /// No scope.
    pub const EMPTY: Self = Self(0);

    /// Every scope of the catalogue.
    #[must_use]
    pub const fn all() -> Self {
        Self::of(Scope::ALL)
    }

    /// The set of these scopes.
    #[must_use]
    pub const fn of(scopes: &[Scope]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < scopes.len() {
            bits |= 1 << scopes[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    /// Whether `scope` is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    /// Whether every scope of this set is in `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the set has no scope.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes of this set that are not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The scopes, sorted by name.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |&scope| self.contains(scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::EMPTY, |set, scope| set.union(Self::of(&[scope])))
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl FromStr for ScopeSet {
    type Err = UnknownScope;

    /// Reads names separated by spaces; a repeated name counts once and an empty text is the empty set.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split(' ').filter(|name| !name.is_empty()).map(Scope::from_str).collect()
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.as_str() == name)
            .ok_or_else(|| UnknownScope(name.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl UnknownScope {
    /// The name that was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown scope {:?}; the scopes are {}", self.0, ScopeSet::all())
    }
}

impl std::error::Error for UnknownScope {}
