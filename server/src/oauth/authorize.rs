//! The authorization endpoint and the consent form.
//!
//! A request is judged before anybody signs in, and again afterwards: nothing of it is kept until a signed-in person can be asked. Until then nobody is
//! sent to a client either: anybody can register one, and this server would lend its name to wherever that leads.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use lookout_schema::{Scope, ScopeSet};

use crate::App;
use crate::app::Visitor;
use crate::audit::{Event, What};
use crate::authority::Change;
use crate::authority::authorize::AuthorizeRefusal;
use crate::authority::consent::{Answer, ConsentRefusal, FreshGrant, Pending};
use crate::authority::parameters::Parameters;
use crate::authority::records::{Client, Membership};
use crate::client_documents::Refusal;
use crate::client_documents::location::is_address;
use crate::http::{form, retry_later, see_other};
use crate::secret::AuthorizationCode;
use crate::secret::entropy::identifier;
use crate::store::StoreError;
use crate::web::{self, consent as consent_page, forms, pages};

pub(super) async fn by_get(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let parameters = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    respond(&app, &parts, &parameters).await
}

pub(super) async fn by_post(State(app): State<Arc<App>>, request: Request) -> Response {
    match form(request).await {
        Ok((parts, parameters)) => respond(&app, &parts, &parameters).await,
        Err(error) => web::unreadable(error),
    }
}

async fn respond(app: &App, parts: &Parts, parameters: &Parameters) -> Response {
    match authorize(app, parts, parameters).await {
        Ok(response) => response,
        Err(error) => web::unavailable(&error),
    }
}

/// The answer to an authorization request.
///
/// What a client or its address is wrong about is said here and at once. Everything else, refusals included, waits for a signed-in person
/// (RFC 9700 section 4.11.2). One hop remains doubtful: a refusal that follows directly on the sign-in form leads on to the client, and Chromium
/// applies the `form-action` of that form to the whole chain, so it may stop on the sign-in page, with the person signed in. Only requests that were
/// wrong anyway end so, and naming the client in the policy of the sign-in page would let anybody's address into it.
async fn authorize(
    app: &App,
    parts: &Parts,
    parameters: &Parameters,
) -> Result<Response, StoreError> {
    let cookie = forms::session_cookie(app, parts);
    let client = match identify(app, cookie, parameters).await? {
        Identified::Client(client) => client,
        Identified::Answer(response) => return Ok(*response),
    };
    let proposal = match app.authority.propose(client.as_ref(), parameters) {
        Ok(proposal) => Ok(proposal),
        Err(AuthorizeRefusal::Redirect(address)) => Err(address),
        Err(AuthorizeRefusal::Page(why)) => {
            app.audit(Event::refused(What::Authorize, "invalid_client_or_redirect_uri")).await;
            return Ok(pages::error(
                StatusCode::BAD_REQUEST,
                "This connection cannot be made",
                why,
            ));
        }
    };
    let Some(visitor) = app.visitor(cookie).await? else {
        return Ok(sign_in_first(parameters));
    };
    let proposal = match proposal {
        Ok(proposal) => proposal,
        Err(address) => {
            let event = Event::refused(What::Authorize, "invalid_request").user(&visitor.user.id);
            app.audit(event).await;
            return Ok(see_other(&address));
        }
    };
    let workspaces = app.store.memberships(&visitor.user.id).await?;
    if workspaces.is_empty() {
        app.audit(Event::refused(What::Authorize, "not_a_member").user(&visitor.user.id)).await;
        return Ok(pages::error(
            StatusCode::FORBIDDEN,
            "You have no workspace",
            "Ask an administrator to add you to a workspace, then connect the application again.",
        ));
    }
    let Some(client) = client else {
        return Ok(pages::error(
            StatusCode::BAD_REQUEST,
            "This connection cannot be made",
            "No such client.",
        ));
    };
    let id = identifier(&*app.entropy);
    let transaction = app.store.begin().await?;
    let mut decision =
        app.authority.ask(transaction.now(), &id, visitor.session.digest, &client, proposal);
    if let Ok(request) = &decision.reply {
        let event = Event::allowed(What::Authorize).client(&client.id).user(&visitor.user.id);
        decision.changes.push(Change::Audit(event.detail(request.scopes.to_string())));
    }
    transaction.commit(decision.changes).await?;
    let Ok(request) = decision.reply else {
        return Ok(pages::error(
            StatusCode::BAD_REQUEST,
            "This connection cannot be made",
            "Start again.",
        ));
    };
    let csrf = forms::token(app, cookie, &form_name(&request.id));
    let question = consent_page::Question {
        visitor: &visitor,
        cookie,
        client: &client,
        request: &request,
        again: &own_address(parameters),
        workspaces: &workspaces,
        csrf: &csrf,
    };
    Ok(consent_page::page(app, &question))
}

fn sign_in_first(parameters: &Parameters) -> Response {
    web::sign_in_first(&own_address(parameters))
}

/// The path that makes the same request again.
fn own_address(parameters: &Parameters) -> String {
    format!("/oauth/authorize?{}", parameters.encode())
}

enum Identified {
    /// The client that `client_id` names, if it exists.
    Client(Option<Client>),
    /// Nobody can be asked about this request.
    Answer(Box<Response>),
}

/// Finds the client of a request, by fetching its document if that is what `client_id` names. Only a signed-in person makes this server fetch anything.
async fn identify(
    app: &App,
    cookie: Option<&str>,
    parameters: &Parameters,
) -> Result<Identified, StoreError> {
    let answer = |response| Ok(Identified::Answer(Box::new(response)));
    let Some(id) = parameters.value("client_id") else { return Ok(Identified::Client(None)) };
    if !is_address(id) {
        return Ok(Identified::Client(app.store.client(id).await?));
    }
    if !app.config.client_documents.enabled {
        return Ok(Identified::Client(None));
    }
    let location = match app.documents.judge(id) {
        Ok(location) => location,
        Err(refusal) => return answer(undescribed(app, &refusal).await),
    };
    if app.visitor(cookie).await?.is_none() {
        return answer(sign_in_first(parameters));
    }
    match app.described_client(&location, parameters).await? {
        Ok(client) => Ok(Identified::Client(Some(client))),
        Err(refusal) => answer(undescribed(app, &refusal).await),
    }
}

/// The page about a client identifier that leads to no client.
async fn undescribed(app: &App, refusal: &Refusal) -> Response {
    app.audit(Event::refused(What::Authorize, refusal.reason())).await;
    let page =
        |hint: &str| pages::error(StatusCode::BAD_REQUEST, "This connection cannot be made", hint);
    match refusal {
        Refusal::Address(why) => page(&format!(
            "The application names an address as its client_id that cannot have a metadata document: {why}."
        )),
        Refusal::Request(why) => {
            let why = why.trim_end_matches('.');
            page(&format!("The request of the application is wrong: {why}."))
        }
        Refusal::Unreadable => page(
            "The metadata document of the application could not be read. It must be at exactly the address that is its client_id, public, \
             answered at once with 200 and as JSON, and small.",
        ),
        Refusal::Invalid(why) => {
            page(&format!("The metadata document of the application cannot be used: {why}."))
        }
        Refusal::Busy => retry_later(
            pages::error(
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many applications are being looked up",
                "Try again in a minute.",
            ),
            60,
        ),
    }
}

/// What the form token of a consent page is bound to.
fn form_name(request_id: &str) -> String {
    format!("consent {request_id}")
}

pub(super) async fn consent(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, form) = match form(request).await {
        Ok(read) => read,
        Err(error) => return web::unreadable(error),
    };
    let id = form.value("request").unwrap_or_default();
    if !forms::is_genuine(&app, &parts, &form, &form_name(id)) {
        app.audit(Event::refused(What::Consent, "forged_form")).await;
        return web::forged();
    }
    let visitor = match app.visitor(forms::session_cookie(&app, &parts)).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return web::forged(),
        Err(error) => return web::unavailable(&error),
    };
    match answer(&app, &visitor, id, &form).await {
        Ok(Ok(address)) => see_other(&address),
        Ok(Err(refusal)) => refused(refusal),
        Err(error) => web::unavailable(&error),
    }
}

fn refused(refusal: ConsentRefusal) -> Response {
    match refusal {
        ConsentRefusal::NotPending => pages::error(
            StatusCode::BAD_REQUEST,
            "This page was answered already, or is too old",
            "Nothing was changed. Start the connection again in the application.",
        ),
        ConsentRefusal::ClientGone => pages::error(
            StatusCode::BAD_REQUEST,
            "The application is not registered any more",
            "Start the connection again in the application.",
        ),
        ConsentRefusal::NothingTicked => pages::error(
            StatusCode::BAD_REQUEST,
            "No permission was left ticked",
            "Go back and tick at least one, or choose Deny.",
        ),
    }
}

async fn answer(
    app: &App,
    visitor: &Visitor,
    id: &str,
    form: &Parameters,
) -> Result<Result<String, ConsentRefusal>, StoreError> {
    let wanted = form.value("workspace").unwrap_or_default();
    let memberships = app.store.memberships(&visitor.user.id).await?;
    let workspace = match memberships.as_slice() {
        [only] if wanted.is_empty() => Some(only),
        several => several.iter().find(|membership| membership.slug == wanted),
    };
    let code = AuthorizationCode::mint(&*app.entropy);
    let grant_id = identifier(&*app.entropy);
    let fresh = FreshGrant {
        grant_id: &grant_id,
        code: code.expose(),
        code_digest: app.keys.digest(&code),
    };

    let mut transaction = app.store.begin().await?;
    let Some((session, _)) = transaction.visitor(visitor.session.digest).await? else {
        drop(transaction);
        app.audit(Event::refused(What::Consent, "session_ended")).await;
        return Ok(Err(ConsentRefusal::NotPending));
    };
    let request = transaction.request(id).await?;
    let client: Option<Client> = match &request {
        Some(request) => transaction.client(&request.client_id).await?,
        None => None,
    };
    let live_grants = match &client {
        Some(client) => transaction.live_grants(&session.user_id, &client.id).await?,
        None => Vec::new(),
    };
    let workspace: Option<Membership> = match workspace {
        Some(chosen) => transaction.membership(&session.user_id, &chosen.workspace_id).await?,
        None => None,
    };
    let answer = match (form.value("decision"), workspace) {
        (Some("allow"), Some(workspace)) => {
            Answer::Allow { ticked: ticked(form), workspace_id: workspace.workspace_id }
        }
        (Some("deny"), _) => Answer::Deny,
        _ => {
            drop(transaction);
            let event = Event::refused(What::Consent, "no_answer").user(&visitor.user.id);
            app.audit(event).await;
            return Ok(Err(ConsentRefusal::NotPending));
        }
    };
    let pending = Pending {
        session: &session,
        request: request.as_ref(),
        client: client.as_ref(),
        live_grants: &live_grants,
    };
    let mut decision = app.authority.answer(transaction.now(), pending, &answer, &fresh);
    let event = match (&decision.reply, &answer) {
        (Ok(_), Answer::Allow { ticked, workspace_id }) => Event::allowed(What::Consent)
            .workspace(workspace_id)
            .grant(&grant_id)
            .detail(ticked.to_string()),
        (Ok(_), Answer::Deny) => Event::refused(What::Consent, "access_denied"),
        (Err(refusal), _) => Event::refused(What::Consent, refusal.reason()),
    };
    let mut event = event.user(&session.user_id);
    event.client_id = client.as_ref().map(|client| client.id.clone());
    let is_done = decision.reply.is_ok();
    if is_done {
        decision.changes.push(Change::Audit(event.clone()));
    }
    transaction.commit(decision.changes).await?;
    if !is_done {
        app.audit(event).await;
    }
    Ok(decision.reply)
}

/// The scopes whose boxes are ticked.
fn ticked(form: &Parameters) -> ScopeSet {
    form.values("scope").filter_map(|name| name.parse::<Scope>().ok()).collect()
}
