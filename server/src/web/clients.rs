//! The clients page: connected applications, and clients that a person registers.

use std::sync::Arc;

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::chrome::{Chrome, Place, framed};
use super::grants::GrantRow;
use super::setup::sentence;
use super::workspace::Member;
use super::{pages, unavailable};
use crate::App;
use crate::app::RegisterError;
use crate::authority::OAuthErrorCode;
use crate::authority::client::Registration;
use crate::authority::parameters::Parameters;
use crate::authority::records::{Client, ClientAuthMethod, GrantKind, GrantType};
use crate::http::see_other;
use crate::secret::ClientSecret;
use crate::secret::entropy::identifier;
use crate::store::StoreError;

const CREATE: &str = "create client";
const DISCONNECT: &str = "disconnect client";

/// How a client may prove who it is, and what that is called.
const METHODS: [(ClientAuthMethod, &str); 3] = [
    (ClientAuthMethod::None, "None (public client)"),
    (ClientAuthMethod::Basic, "Secret in the Authorization header"),
    (ClientAuthMethod::Post, "Secret in the form body"),
];

#[derive(Template)]
#[template(path = "clients.html")]
struct ClientsPage<'a> {
    chrome: Chrome,
    slug: &'a str,
    endpoint: String,
    create_csrf: String,
    disconnect_csrf: String,
    /// Names the form that is shown, so that it registers one client however often it is sent.
    form: String,
    created: Option<&'a (Client, Option<ClientSecret>)>,
    done: Option<&'a str>,
    refused: Option<&'a Refused>,
    asked: &'a Asked,
    is_admin: bool,
    live: Vec<GrantRow>,
    ended: Vec<GrantRow>,
    registered: Vec<ClientRow>,
}

impl ClientsPage<'_> {
    /// Whether nothing was registered because of this field.
    fn is_wrong(&self, field: &str) -> bool {
        self.refused.is_some_and(|refused| refused.field == field)
    }
}

/// A client that a person registered.
struct ClientRow {
    id: String,
    name: String,
    redirect_uris: Vec<String>,
    method: &'static str,
    created: Safe<String>,
}

/// What was typed.
#[derive(Default)]
struct Asked {
    name: String,
    redirect_uris: String,
    auth_method: String,
}

/// Why no client was registered, and at which field.
struct Refused {
    status: StatusCode,
    field: &'static str,
    why: String,
}

/// What a form of the page came to.
#[derive(Default)]
struct Outcome<'a> {
    asked: Asked,
    created: Option<(Client, Option<ClientSecret>)>,
    refused: Option<Refused>,
    done: Option<&'a str>,
}

pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let member = match Member::of(&app, &mut parts).await {
        Ok(member) => member,
        Err(response) => return response,
    };
    let done = (parts.uri.query() == Some("disconnected"))
        .then_some("The application is disconnected. It has no access any more.");
    show(&app, &member, Outcome { done, ..Outcome::default() }).await
}

async fn show(app: &App, member: &Member, outcome: Outcome<'_>) -> Response {
    match page(app, member, &outcome).await {
        Ok(response) => response,
        Err(error) => unavailable(&error),
    }
}

async fn page(app: &App, member: &Member, outcome: &Outcome<'_>) -> Result<Response, StoreError> {
    let user = &member.visitor.user;
    let (now, listings) = app.grants_seen_by(user, &member.membership).await?;
    let applications = listings.iter().filter(|listing| listing.grant.kind == GrantKind::OAuth);
    let (live, ended) = GrantRow::parted(now, applications);
    let registered = app.store.clients_of(&user.id).await?.into_iter().map(|client| ClientRow {
        method: if client.auth_method == ClientAuthMethod::None {
            "public"
        } else {
            "with a secret"
        },
        created: pages::time(Some(client.created_at), "never"),
        id: client.id,
        name: client.name,
        redirect_uris: client.redirect_uris,
    });
    let page = ClientsPage {
        chrome: member.chrome(app, Place::Clients),
        slug: &member.membership.slug,
        endpoint: app.authority.issuer.join("/mcp"),
        create_csrf: member.form_token(app, CREATE),
        disconnect_csrf: member.form_token(app, DISCONNECT),
        form: identifier(&*app.entropy),
        created: outcome.created.as_ref(),
        done: outcome.done,
        refused: outcome.refused.as_ref(),
        asked: &outcome.asked,
        is_admin: member.is_admin(),
        live,
        ended,
        registered: registered.collect(),
    };
    let status = outcome.refused.as_ref().map_or(StatusCode::OK, |refused| refused.status);
    Ok(framed(status, &page))
}

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, CREATE).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let text = |name| form.value(name).unwrap_or_default().to_owned();
    let asked = Asked {
        name: text("name"),
        redirect_uris: text("redirect_uris"),
        auth_method: text("auth_method"),
    };
    let refused = |status, field, why| Some(Refused { status, field, why });
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    if asked.name.trim().is_empty() {
        let why = "Give the client a name, so that people recognise it when it asks for access.";
        let refused = refused(unprocessable, "name", why.to_owned());
        return show(&app, &member, Outcome { asked, refused, ..Outcome::default() }).await;
    }
    let refused = match register(&app, &member, &form, &asked).await {
        Ok(created) => {
            let created = Some(created);
            return show(&app, &member, Outcome { created, ..Outcome::default() }).await;
        }
        Err(RegisterError::Store(error)) => return unavailable(&error),
        Err(RegisterError::AlreadySent { id }) => {
            let why = format!(
                "You sent this form before, and it registered the client {id} then. It registered no second one. A secret is shown only once: if you did not copy it, create another client."
            );
            let refused = refused(StatusCode::CONFLICT, "", why);
            return show(&app, &member, Outcome { refused, ..Outcome::default() }).await;
        }
        Err(RegisterError::Refused(error)) => {
            if error.code == OAuthErrorCode::InvalidRedirectUri {
                refused(unprocessable, "redirect_uris", about_uris(&app, &asked))
            } else {
                refused(unprocessable, "", sentence(&error.description))
            }
        }
        Err(error @ RegisterError::Crowded) => {
            refused(unprocessable, "", sentence(&error.to_string()))
        }
    };
    show(&app, &member, Outcome { asked, refused, ..Outcome::default() }).await
}

async fn register(
    app: &App,
    member: &Member,
    form: &Parameters,
    asked: &Asked,
) -> Result<(Client, Option<ClientSecret>), RegisterError> {
    let grant_types = [GrantType::AuthorizationCode, GrantType::RefreshToken];
    let method = Some(asked.auth_method.clone()).filter(|method| !method.is_empty());
    let registration = Registration {
        redirect_uris: asked.redirect_uris.split_whitespace().map(str::to_owned).collect(),
        client_name: Some(asked.name.clone()),
        auth_method: method,
        grant_types: Some(grant_types.map(|kind| kind.as_str().to_owned()).to_vec()),
        response_types: None,
        scope: None,
    };
    let user = &member.visitor.user;
    match form.value("form").filter(|form| !form.is_empty()) {
        Some(form) => app.register_client_once(&registration, user, form).await,
        // It was not sent from the page, so no browser sends it again.
        None => app.register_client(&registration, Some(user)).await,
    }
}

/// What is wrong with the redirect URIs, in words for a person.
fn about_uris(app: &App, asked: &Asked) -> String {
    let mut uris = asked.redirect_uris.split_whitespace();
    if let Some(uri) = uris.find(|uri| !(app.policy().redirect_is_registrable)(uri)) {
        return format!(
            "“{uri}” cannot be a redirect URI. It begins with https://, with http:// on 127.0.0.1, [::1] or localhost, or with the application’s own scheme, such as com.example.app:/. It has no fragment, no user name, and none of the parameters of an answer."
        );
    }
    format!("Enter between 1 and {} redirect URIs, one a line.", app.config.limits.redirect_uris)
}

pub(super) async fn disconnect(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, DISCONNECT).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let id = form.value("grant").unwrap_or_default();
    match app.disconnect(&member.visitor.user, &member.membership, id).await {
        Ok(Ok(())) => see_other(&format!("/w/{}/mcp/clients?disconnected", member.membership.slug)),
        Ok(Err(_)) => pages::no_such_grant(),
        Err(error) => unavailable(&error),
    }
}
