//! The tokens page: programmatic tokens, made and revoked by people.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::{Scope, ScopeSet};

use super::chrome::{Chrome, Place, framed};
use super::grants::GrantRow;
use super::setup::sentence;
use super::test_token;
use super::workspace::Member;
use super::{pages, unavailable};
use crate::App;
use crate::app::TokenError;
use crate::authority::parameters::Parameters;
use crate::authority::programmatic::{DEFAULT_DAYS, MOST_DAYS, TokenRefusal, TokenRequest};
use crate::authority::records::{Grant, GrantKind};
use crate::http::see_other;
use crate::secret::ProgrammaticToken;
use crate::secret::entropy::identifier;
use crate::store::StoreError;

const CREATE: &str = "create token";
const REVOKE: &str = "revoke token";

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage<'a> {
    chrome: Chrome,
    slug: &'a str,
    create_csrf: String,
    revoke_csrf: String,
    test_csrf: String,
    /// Names the form that is shown, so that it makes one token however often it is sent.
    form: String,
    created: Option<&'a (ProgrammaticToken, Grant)>,
    done: Option<&'a str>,
    refused: Option<&'a Refused>,
    asked: &'a Asked,
    most_days: i64,
    is_admin: bool,
    live: Vec<GrantRow>,
    ended: Vec<GrantRow>,
}

impl TokensPage<'_> {
    /// Whether nothing was made because of this field.
    fn is_wrong(&self, field: &str) -> bool {
        self.refused.is_some_and(|refused| refused.field == field)
    }

    /// Whether the token that was made can change nothing.
    fn reads_only(&self) -> bool {
        self.created.is_some_and(|(_, grant)| !grant.scopes.contains(Scope::McpWrite))
    }
}

/// What the form says, typed or preset.
struct Asked {
    name: String,
    scopes: ScopeSet,
    days: String,
}

impl Asked {
    /// The form as it comes: with everything, which is the documented default, or narrowed.
    fn preset(query: Option<&str>) -> Self {
        let query = Parameters::parse(query.unwrap_or_default().as_bytes());
        let reads_only = query.value("access") == Some("read");
        let scopes = if reads_only { ScopeSet::of(&[Scope::McpRead]) } else { ScopeSet::all() };
        Self { name: String::new(), scopes, days: DEFAULT_DAYS.to_string() }
    }

    fn typed(form: &Parameters) -> Self {
        let text = |name| form.value(name).map(str::to_owned);
        Self {
            name: text("name").unwrap_or_default(),
            scopes: form.values("scope").filter_map(|name| name.parse::<Scope>().ok()).collect(),
            days: text("days").unwrap_or_else(|| DEFAULT_DAYS.to_string()),
        }
    }

    fn includes(&self, scope: &Scope) -> bool {
        self.scopes.contains(*scope)
    }

    fn writes(&self) -> bool {
        self.includes(&Scope::McpWrite)
    }
}

/// Why nothing was made, and at which field.
struct Refused {
    status: StatusCode,
    field: &'static str,
    why: String,
}

impl Refused {
    fn at(field: &'static str, why: String) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, field, why }
    }

    fn of(refusal: TokenRefusal) -> Self {
        let field = match refusal {
            TokenRefusal::NoName | TokenRefusal::NameTaken => "name",
            TokenRefusal::NoScope => "scope",
            TokenRefusal::BadExpiry => "days",
            TokenRefusal::TooMany => "",
        };
        Self::at(field, sentence(&refusal.to_string()))
    }
}

/// What the page is shown with, besides what there is.
struct Shown<'a> {
    asked: Asked,
    created: Option<(ProgrammaticToken, Grant)>,
    refused: Option<Refused>,
    done: Option<&'a str>,
}

pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let member = match Member::of(&app, &mut parts).await {
        Ok(member) => member,
        Err(response) => return response,
    };
    let query = parts.uri.query();
    let done = (query == Some("revoked"))
        .then_some("The token is revoked. Whatever used it has no access any more.");
    let shown = Shown { asked: Asked::preset(query), created: None, refused: None, done };
    show(&app, &member, shown).await
}

async fn show(app: &App, member: &Member, shown: Shown<'_>) -> Response {
    match page(app, member, &shown).await {
        Ok(response) => response,
        Err(error) => unavailable(&error),
    }
}

async fn page(app: &App, member: &Member, shown: &Shown<'_>) -> Result<Response, StoreError> {
    let (now, listings) = app.grants_seen_by(&member.visitor.user, &member.membership).await?;
    let tokens = listings.iter().filter(|listing| listing.grant.kind == GrantKind::Programmatic);
    let (live, ended) = GrantRow::parted(now, tokens);
    let page = TokensPage {
        chrome: member.chrome(app, Place::Tokens),
        slug: &member.membership.slug,
        create_csrf: member.form_token(app, CREATE),
        revoke_csrf: member.form_token(app, REVOKE),
        test_csrf: member.form_token(app, test_token::TEST),
        form: identifier(&*app.entropy),
        created: shown.created.as_ref(),
        done: shown.done,
        refused: shown.refused.as_ref(),
        asked: &shown.asked,
        most_days: MOST_DAYS,
        is_admin: member.is_admin(),
        live,
        ended,
    };
    let status = shown.refused.as_ref().map_or(StatusCode::OK, |refused| refused.status);
    Ok(framed(status, &page))
}

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, CREATE).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let asked = Asked::typed(&form);
    let shown = match make(&app, &member, &form, &asked).await {
        // What was typed is used up, so the form is empty again.
        Ok(created) => {
            Shown { asked: Asked::preset(None), created: Some(created), refused: None, done: None }
        }
        Err(TokenError::Store(error)) => return unavailable(&error),
        Err(TokenError::AlreadySent { name }) => {
            let why = format!(
                "You sent this form before, and it made the token “{name}” then. It made no second one. A token is shown only once: if you did not copy it, revoke it below and create another."
            );
            let refused = Refused { status: StatusCode::CONFLICT, field: "", why };
            let asked = Asked::preset(None);
            Shown { asked, created: None, refused: Some(refused), done: None }
        }
        Err(TokenError::Refused(refusal)) => {
            Shown { asked, created: None, refused: Some(Refused::of(refusal)), done: None }
        }
        Err(error @ TokenError::NotAMember) => {
            let refused = Refused::at("", sentence(&error.to_string()));
            Shown { asked, created: None, refused: Some(refused), done: None }
        }
    };
    show(&app, &member, shown).await
}

async fn make(
    app: &App,
    member: &Member,
    form: &Parameters,
    asked: &Asked,
) -> Result<(ProgrammaticToken, Grant), TokenError> {
    let user = &member.visitor.user;
    let request = TokenRequest {
        user_id: &user.id,
        workspace_id: &member.membership.workspace_id,
        name: &asked.name,
        scopes: Some(asked.scopes),
        // What is no number is none that can be chosen.
        days: Some(asked.days.trim().parse().unwrap_or(0)),
    };
    // A form that names itself makes one token. One without a name was not sent from the page, so no browser sends it again.
    let fresh;
    let form = match form.value("form").filter(|form| !form.is_empty()) {
        Some(form) => form,
        None => {
            fresh = identifier(&*app.entropy);
            &fresh
        }
    };
    app.create_token_once(user, &request, form).await
}

pub(super) async fn revoke(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, REVOKE).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let id = form.value("grant").unwrap_or_default();
    match app.disconnect(&member.visitor.user, &member.membership, id).await {
        Ok(Ok(())) => see_other(&format!("/w/{}/mcp/tokens?revoked", member.membership.slug)),
        Ok(Err(_)) => pages::no_such_grant(),
        Err(error) => unavailable(&error),
    }
}
