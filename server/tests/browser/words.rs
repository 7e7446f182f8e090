//! What a person looks for on the pages, in one place: CSS selectors, and XPath where it begins with a slash.

pub(crate) const EMAIL: &str = "input[name=email]";
pub(crate) const PASSWORD: &str = "input[name=password]";
pub(crate) const SIGN_IN: &str = "//main//button[normalize-space()='Sign in']";

pub(crate) const HEADING: &str = "h1";
pub(crate) const ALLOW: &str = "button[name=decision][value=allow]";
pub(crate) const DENY: &str = "button[name=decision][value=deny]";
pub(crate) const WRITE: &str = "input[name=scope][value='mcp:write']";
pub(crate) const READ: &str = "input[name=scope][value='mcp:read']";

pub(crate) const TOKENS: &str = "/w/demo/mcp/tokens";
pub(crate) const CLIENTS: &str = "/w/demo/mcp/clients";
pub(crate) const NEW_TOKEN: &str = "code#new-token";
pub(crate) const NAME: &str = "input[name=name]";
pub(crate) const CREATE_TOKEN: &str = "//main//button[normalize-space()='Create token']";

pub(crate) const TEST_TOKEN: &str = "//main//button[normalize-space()='Test this token']";
pub(crate) const REDIRECT_URIS: &str = "textarea[name=redirect_uris]";
pub(crate) const CREATE_CLIENT: &str = "//main//button[normalize-space()='Create client']";

pub(crate) const COPY_TOKEN: &str = "[data-copy]:has(code#new-token) button";

/// What a test of a token found.
pub(crate) const ANSWER: &str = "section[role=status]";

pub(crate) const FIRST_CALL: &str = "[data-copy='the first call'] code";
pub(crate) const REFERENCE: &str = "/w/demo/mcp/reference";
pub(crate) const FILTER: &str = "[data-filter] input";

/// The pages that show names which others chose.
pub(crate) const PAGES_WITH_NAMES: [&str; 6] =
    ["/", "/w/demo/dashboards", TOKENS, CLIENTS, "/w/demo/mcp/activity", "/account"];

/// The first link with this text.
pub(crate) fn link(text: &str) -> String {
    format!("//a[normalize-space()='{text}']")
}

/// The row of a table that begins with a name.
pub(crate) fn row(name: &str) -> String {
    format!("//main//tr[th[@scope='row'][contains(normalize-space(), '{name}')]]")
}

/// The button that ends what the row of `name` is about.
pub(crate) fn revoke(name: &str) -> String {
    format!("{}//button[contains(normalize-space(), 'Revoke')]", row(name))
}
