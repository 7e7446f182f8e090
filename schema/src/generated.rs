/// A permission that an access token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Read.
    McpRead,
    /// Write.
    McpWrite,
}
impl Scope {
    /// Every scope, in the order of their names.
    pub const ALL: &'static [Self] = &[Self::McpRead, Self::McpWrite];
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::McpRead => "mcp:read",
            Self::McpWrite => "mcp:write",
        }
    }
}
