//! A person with a browser: signs in, allows an application, makes and revokes programmatic tokens.

use anyhow::{Context as _, Result, bail};

use crate::wire::{Ask, Reply, Trouble, Wire};

/// The example of RFC 7636, appendix B. What is measured does not depend on it being secret.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where codes are sent; nobody listens there.
pub const REDIRECT: &str = "http://127.0.0.1:9/callback";
/// The workspace of everybody.
pub const WORKSPACE: &str = "main";

/// A signed-in person.
#[derive(Clone)]
pub struct Person {
    cookie: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

impl Person {
    /// Signs in.
    ///
    /// # Errors
    ///
    /// When the server does not let them in.
    pub async fn sign_in(wire: &Wire, email: &str, password: &str) -> Result<Self> {
        let page = answered(wire.send(Ask::get("/sign-in")).await)?;
        let cookie = cookie_of(&page).context("the sign-in page sets no cookie")?;
        let csrf = hidden(&page.text(), "csrf").context("the sign-in page has no form")?;
        let fields =
            [("csrf", csrf.as_str()), ("email", email), ("password", password), ("return_to", "/")];
        let form =
            Ask::form("/sign-in", &fields).with("cookie", &cookie).with("origin", &wire.origin());
        let reply = answered(wire.send(form).await)?;
        match cookie_of(&reply).filter(|_| reply.status == 303) {
            Some(cookie) => Ok(Self { cookie }),
            None => bail!("{email} could not sign in: {}", reply.status),
        }
    }

    /// Allows `client` everything that it asks for and returns the code. `Err` has what came instead, at the page or at the answer.
    ///
    /// # Errors
    ///
    /// Whatever came in place of the consent page or of the code.
    pub async fn allow(&self, wire: &Wire, client: &str) -> Result<String, Result<Reply, Trouble>> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", client),
                ("redirect_uri", REDIRECT),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("state", "s"),
            ])
            .finish();
        let ask = Ask::get(&format!("/oauth/authorize?{query}")).with("cookie", &self.cookie);
        let page = wire.send(ask).await.map_err(Err)?;
        let text = page.text();
        let (Some(csrf), Some(request), Some(workspace)) =
            (hidden(&text, "csrf"), hidden(&text, "request"), hidden(&text, "workspace"))
        else {
            return Err(Ok(page));
        };
        let fields = [
            ("request", request.as_str()),
            ("csrf", csrf.as_str()),
            ("workspace", workspace.as_str()),
            ("scope", "mcp:read"),
            ("scope", "mcp:write"),
            ("decision", "allow"),
        ];
        let form = Ask::form("/oauth/consent", &fields);
        let form = form.with("cookie", &self.cookie).with("origin", &wire.origin());
        let reply = wire.send(form).await.map_err(Err)?;
        let place = reply.header("location").and_then(|place| url::Url::parse(place).ok());
        let code = place.and_then(|place| {
            place.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned())
        });
        code.ok_or(Ok(reply))
    }

    /// Makes a programmatic token.
    ///
    /// # Errors
    ///
    /// When the page does not show one.
    pub async fn make_token(&self, wire: &Wire, name: &str) -> Result<String> {
        let path = format!("/w/{WORKSPACE}/mcp/tokens");
        let page = answered(wire.send(Ask::get(&path).with("cookie", &self.cookie)).await)?.text();
        let form = page.split_once(&format!("action=\"{path}\"")).map(|(_, form)| form);
        let csrf =
            form.and_then(|form| hidden(form, "csrf")).context("the tokens page has no form")?;
        let csrf = csrf.as_str();
        let fields = [
            ("csrf", csrf),
            ("name", name),
            ("scope", "mcp:read"),
            ("scope", "mcp:write"),
            ("days", "30"),
        ];
        let form =
            Ask::form(&path, &fields).with("cookie", &self.cookie).with("origin", &wire.origin());
        let reply = answered(wire.send(form).await)?;
        let text = reply.text();
        let token =
            text.split_once("id=\"new-token\"").and_then(|(_, rest)| Some(rest.split_once('>')?.1));
        let token = token.and_then(|rest| Some(rest.split_once('<')?.0.to_owned()));
        token.with_context(|| format!("no programmatic token was shown ({})", reply.status))
    }

    /// The form that revokes the programmatic token of that name, if the page has one.
    ///
    /// # Errors
    ///
    /// When the page does not come.
    pub async fn revoking(&self, wire: &Wire, name: &str) -> Result<Option<Ask>> {
        let path = format!("/w/{WORKSPACE}/mcp/tokens");
        let page = answered(wire.send(Ask::get(&path).with("cookie", &self.cookie)).await)?.text();
        let row = page.split_once(&format!(">{name}</th>")).map(|(_, row)| row);
        let found = row.and_then(|row| Some((hidden(row, "csrf")?, hidden(row, "grant")?)));
        Ok(found.map(|(csrf, grant)| {
            let fields = [("csrf", csrf.as_str()), ("grant", grant.as_str())];
            let form = Ask::form(&format!("{path}/revoke"), &fields);
            form.with("cookie", &self.cookie).with("origin", &wire.origin())
        }))
    }
}

fn answered(answer: Result<Reply, Trouble>) -> Result<Reply> {
    answer.map_err(|trouble| anyhow::anyhow!("no answer ({trouble:?})"))
}

fn cookie_of(reply: &Reply) -> Option<String> {
    let (cookie, _) = reply.header("set-cookie")?.split_once(';')?;
    Some(cookie.to_owned())
}

/// The value of the first hidden field of that name. The pages write their attributes in one order.
fn hidden(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("type=\"hidden\" name=\"{name}\" value=\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}
