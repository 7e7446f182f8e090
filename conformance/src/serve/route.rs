//! Which request is for whom: pages for this machine, scenarios for whoever reaches them.
//!
//! A name that is not ours is not answered, so that no page elsewhere can make a browser read these
//! pages under its own name; and nothing is changed by a form that another page submits.

use std::sync::Arc;

use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use tokio::task::spawn_blocking;

use super::{House, page};
use crate::peer::stage::Broken;
use crate::peer::stage::admit::is_loopback;
use crate::report::{html, json, junit, markdown, sarif};

type Sending = Response<UnsyncBoxBody<Bytes, Broken>>;

/// What this module answers by itself.
struct Reply {
    status: StatusCode,
    kind: &'static str,
    policy: String,
    body: String,
    to: Option<String>,
}

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// For what is no page of ours.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

impl Reply {
    fn text(status: StatusCode, text: &str) -> Self {
        let (policy, body) = (NOTHING.to_owned(), format!("{text}\n"));
        Self { status, kind: PLAIN, policy, body, to: None }
    }

    fn page((body, policy): (String, String)) -> Self {
        Self { status: StatusCode::OK, kind: HTML, policy, body, to: None }
    }

    fn document(kind: &'static str, body: String) -> Self {
        Self { status: StatusCode::OK, kind, policy: NOTHING.to_owned(), body, to: None }
    }

    fn see(to: String) -> Self {
        Self { to: Some(to), ..Self::text(StatusCode::SEE_OTHER, "") }
    }

    fn send(self) -> Sending {
        let mut response = Response::builder()
            .status(self.status)
            .header(CONTENT_TYPE, self.kind)
            .header(CONTENT_SECURITY_POLICY, self.policy)
            .header(CACHE_CONTROL, "no-store")
            // Not `no-referrer`: browsers would then hide the origin of our own forms, too.
            .header("referrer-policy", "same-origin")
            .header("x-content-type-options", "nosniff");
        if let Some(to) = self.to {
            response = response.header(LOCATION, to);
        }
        use http_body_util::BodyExt as _;
        let body = Full::new(Bytes::from(self.body))
            .map_err(|never: std::convert::Infallible| match never {})
            .boxed_unsync();
        response.body(body).expect("the headers are of this module, and visible ASCII")
    }
}

/// Answers one request.
pub(super) async fn respond(house: &Arc<House>, request: Request<Incoming>) -> Sending {
    let host = header(&request, HOST);
    let public = house.public.as_ref();
    let is_public = public.is_some_and(|public| public.host.eq_ignore_ascii_case(&host));
    if !is_public && !is_loopback(&host) {
        let text = "this host is not served here";
        return Reply::text(StatusCode::MISDIRECTED_REQUEST, text).send();
    }
    let path = request.uri().path().to_owned();
    if public.is_some() && path.contains("/x/") {
        let found = house.scenarios.iter().find(|open| open.is_named(&path));
        let current = found.map(|open| open.current());
        return match (&found, current.as_ref().and_then(|current| current.role_of(&path))) {
            (_, Some(role)) => {
                let stage = current.expect("it has the role").stage.clone();
                stage.respond(role, request).await
            }
            (Some(_), None) => {
                let text = "the scenario has another address now, or none: see its page";
                Reply::text(StatusCode::GONE, text).send()
            }
            (None, None) => Reply::text(StatusCode::NOT_FOUND, "there is nothing here").send(),
        };
    }
    if is_public && !is_loopback(&host) {
        let text = "there is nothing here: the pages are shown on the machine that serves them";
        return Reply::text(StatusCode::NOT_FOUND, text).send();
    }
    if !is_own_form(&request, &host) {
        return Reply::text(StatusCode::FORBIDDEN, "this comes from another page").send();
    }
    let (house, method) = (Arc::clone(house), request.method().clone());
    // Judging takes a while, and other requests need not wait for it.
    let reply = spawn_blocking(move || answer(&house, &method, &path)).await;
    let failed = || Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "a fault of the harness");
    reply.unwrap_or_else(|_| failed()).send()
}

fn header(request: &Request<Incoming>, name: hyper::header::HeaderName) -> String {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// Whether what changes something comes from a page of ours, or from no page at all.
fn is_own_form(request: &Request<Incoming>, host: &str) -> bool {
    let origin = header(request, ORIGIN);
    !matches!(*request.method(), Method::POST)
        || origin.is_empty()
        || origin.eq_ignore_ascii_case(&format!("http://{host}"))
}

fn answer(house: &House, method: &Method, path: &str) -> Reply {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let scenario = path.strip_prefix("/scenario/").unwrap_or_default();
    let (id, action) = match scenario.rsplit_once('/') {
        Some((id, action @ ("again" | "restarted"))) if !is_read => (id, Some(action)),
        _ => (scenario, None),
    };
    let open = house.scenario(id);
    match (open, action, method) {
        (Some(open), Some("again"), &Method::POST) => match open.start_again() {
            Ok(()) => Reply::see(format!("/scenario/{id}")),
            Err(error) => Reply::text(
                StatusCode::SERVICE_UNAVAILABLE,
                &format!("cannot start the scenario again: {error}"),
            ),
        },
        (Some(open), Some(_), &Method::POST) => {
            open.current().note_start();
            Reply::see(format!("/scenario/{id}"))
        }
        (Some(open), None, _) if is_read => Reply::page(page::scenario(house, open)),
        _ if is_read => read(house, path),
        _ => Reply::text(StatusCode::METHOD_NOT_ALLOWED, "nothing here is changed that way"),
    }
}

fn read(house: &House, path: &str) -> Reply {
    match path {
        "/" => Reply::page(page::index(house)),
        "/scenarios.json" => {
            Reply::document("application/json", format!("{:#}\n", page::list(house)))
        }
        "/report.json" => {
            Reply::document("application/json", format!("{:#}\n", json::render(&house.report())))
        }
        "/report.sarif" => Reply::document(
            "application/sarif+json",
            format!("{:#}\n", sarif::render(&house.report())),
        ),
        "/report.html" => {
            // The page has a policy of its own, which allows its script and style.
            let policy = "frame-ancestors 'none'".to_owned();
            Reply { policy, ..Reply::document(HTML, html::render(&house.report())) }
        }
        "/report.junit.xml" => Reply::document("application/xml", junit::render(&house.report())),
        "/report.md" => {
            Reply::document("text/markdown; charset=utf-8", markdown::render(&house.report()))
        }
        _ => Reply::text(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}
