//! How a grant is consented to: by nobody, on pages, in a browser, or by a program.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Who consents, and how the harness gets them to do it.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Who signs in. Servers that consent without asking anybody need nobody.
    pub person: Option<Person>,
    /// What acts for that person.
    pub driver: Driver,
}

/// Someone with an account on the server under test.
#[derive(Clone, Debug)]
pub struct Person {
    /// What the sign-in page asks for beside the password.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What turns an authorization request into a redirect to the client.
#[derive(Clone, Debug)]
pub enum Driver {
    /// The server answers with redirects only; following them is enough.
    Redirects,
    /// HTML forms, read and submitted without a browser. The only driver that sees pages, and so
    /// the only one with which the checks on pages run.
    Forms(FormHints),
    /// A browser behind a WebDriver server, for pages that need scripts.
    WebDriver(WebDriver),
    /// A program that is given the authorization address and prints where it was redirected.
    Command(Command),
}

impl Driver {
    /// The word for it in `target.toml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Redirects => "redirects",
            Self::Forms(_) => "forms",
            Self::WebDriver(_) => "webdriver",
            Self::Command(_) => "command",
        }
    }
}

/// What pages call their parts, where the usual signs (a password field, a button that says
/// allow or deny, a box whose value is a scope) do not lead there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FormHints {
    /// Name of the field for the user. Default: every text field of the form with the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_field: Option<String>,
    /// Name of the field for the password. Default: the field of type `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_field: Option<String>,
    /// Words on the button that consents, in lower case. Default: allow, approve, authorize,
    /// authorise, accept, grant, connect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Words on the button that denies, in lower case. Default: deny, cancel, decline, reject,
    /// refuse, don't.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
    /// Name of the boxes that stand for scopes. Default: every box whose value is a scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_field: Option<String>,
}

/// A browser behind a WebDriver server (W3C WebDriver), and what to press in it.
#[derive(Clone, Debug, PartialEq)]
pub struct WebDriver {
    /// The address of the WebDriver server, for example `http://127.0.0.1:9515`.
    pub url: String,
    /// Capabilities of the new session, merged into `alwaysMatch`.
    pub capabilities: serde_json::Map<String, serde_json::Value>,
    /// CSS selectors for what is found by its look otherwise.
    pub selectors: Selectors,
    /// How long one authorization may take.
    pub timeout: Duration,
}

/// CSS selectors of the elements a person uses, where the usual signs do not lead there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selectors {
    /// The field for the user. Default: a visible text or e-mail field of the form with a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The field for the password. Default: `input[type=password]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The button that signs in. Default: the submit button of the form with the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<String>,
    /// The button that consents. Default: a button whose words say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<String>,
    /// The button that denies. Default: a button whose words say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deny: Option<String>,
    /// The boxes for scopes; the value of each is a scope. Default: every checkbox whose value is
    /// a scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<String>,
}

/// A program that consents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its first arguments. The authorization address is added as the last one.
    pub program: Vec<String>,
    /// What the program can do beside allowing.
    pub decisions: Vec<DecisionWord>,
    /// How long one authorization may take.
    pub timeout: Duration,
}

/// A decision that a program is told in `LOOKOUT_CONFORMANCE_DECISION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionWord {
    /// Consent as asked.
    Allow,
    /// Refuse.
    Deny,
    /// Consent to the scopes in `LOOKOUT_CONFORMANCE_SCOPES` only, separated by spaces.
    Narrow,
}
