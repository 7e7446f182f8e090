//! What makes a form genuine: a cookie that other sites cannot cause to be sent with it, an origin that is ours, and a token that only our page had.

use axum::http::HeaderName;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;

use crate::App;
use crate::authority::parameters::Parameters;
use crate::http::{cookie, header};
use crate::secret::SessionSecret;

/// The name of the session cookie. Browsers accept the `__Host-` prefix over TLS only.
const fn cookie_name(app: &App) -> &'static str {
    if app.config.public_url.is_https { "__Host-sid" } else { "sid" }
}

/// The value of the session cookie, whether or not there is such a session.
pub(crate) fn session_cookie<'p>(app: &App, parts: &'p Parts) -> Option<&'p str> {
    cookie(parts, cookie_name(app))
}

/// A `Set-Cookie` value that keeps `secret` for `seconds`, or until the browser closes.
pub(super) fn set_cookie(app: &App, secret: &SessionSecret, seconds: Option<i64>) -> String {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax{}{age}",
        cookie_name(app),
        secret.expose(),
        secure(app)
    )
}

/// A `Set-Cookie` value that removes the session cookie.
pub(super) fn clear_cookie(app: &App) -> String {
    format!("{}=; Path=/; HttpOnly; SameSite=Lax{}; Max-Age=0", cookie_name(app), secure(app))
}

pub(super) const fn secure(app: &App) -> &'static str {
    if app.config.public_url.is_https { "; Secure" } else { "" }
}

/// The token of the form `name` on a page for the browser with this session cookie.
pub(crate) fn token(app: &App, session: Option<&str>, name: &str) -> String {
    app.keys.form_token(session.unwrap_or_default().as_bytes(), name)
}

/// Whether this server's own page sent the form `name`.
pub(crate) fn is_genuine(app: &App, parts: &Parts, form: &Parameters, name: &str) -> bool {
    let fetch_site = HeaderName::from_static("sec-fetch-site");
    let text = |name: &HeaderName| {
        // A repeated or unreadable header is no reason to skip a check.
        parts.headers.contains_key(name).then(|| header(parts, name).unwrap_or("unreadable"))
    };
    let policy = app.policy();
    let session = session_cookie(app, parts);
    (policy.form_origin_accepted)(&app.config.own_origins, text(&ORIGIN), text(&fetch_site))
        && session.is_some_and(|session| SessionSecret::parse(session).is_some())
        && app
            .keys
            .form_tokens(session.unwrap_or_default().as_bytes(), name)
            .iter()
            .any(|expected| (policy.form_token_matches)(expected, form.value("csrf")))
}

/// `path` if it is a path of this server that a redirect may go to, otherwise the start page.
pub(super) fn own_path(path: Option<&str>) -> &str {
    path.filter(|path| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    })
    .unwrap_or("/")
}
