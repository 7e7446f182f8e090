//! Which route a path is of: one of a fixed list, so that no path of a client's is ever a label or a line.

/// The templates of routes; `{}` stands for one segment.
pub mod template {
    /// Every template, and at the end what everything else is.
    pub const ALL: &[&str] = &[
        "/mcp",
        "/mcp/readonly",
        "/oauth/token",
        "/oauth/authorize",
        "/oauth/consent",
        "/oauth/register",
        "/oauth/revoke",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource/mcp/readonly",
        "/healthz",
        "/readyz",
        "/",
        "/sign-in",
        "/sign-in/oidc",
        "/sign-in/oidc/callback",
        "/sign-out",
        "/setup",
        "/account",
        "/account/password",
        "/account/oidc/link",
        "/account/oidc/unlink",
        "/settings/integrations",
        "/settings/sessions",
        "/assets/{}",
        "/w/{}/d/{}",
        "/w/{}/mcp",
        "/w/{}/mcp/reference",
        "/w/{}/mcp/reference.json",
        "/w/{}/mcp/reference.md",
        "/w/{}/mcp/tokens",
        "/w/{}/mcp/tokens/revoke",
        "/w/{}/mcp/tokens/test",
        "/w/{}/mcp/clients",
        "/w/{}/mcp/clients/disconnect",
        "/w/{}/mcp/activity",
        "other",
    ];
}

/// A route of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route(usize);

impl Route {
    /// The route of a path.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let is_of = |template: &&str| {
            let mut wanted = template.split('/');
            let mut given = path.split('/');
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some("{}"), Some(segment)) if !segment.is_empty() => {}
                    (Some(wanted), Some(given)) if wanted == given => {}
                    _ => return false,
                }
            }
        };
        let last = template::ALL.len() - 1;
        Self(template::ALL[..last].iter().position(is_of).unwrap_or(last))
    }

    pub(super) const fn index(self) -> usize {
        self.0
    }

    /// The template.
    #[must_use]
    pub const fn template(self) -> &'static str {
        template::ALL[self.0]
    }
}
