//! Signing in and out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lookout_sdk::auth::{OAuth, SignedOut};
use lookout_sdk::schema::ScopeSet;
use lookout_sdk::{Access, Client, Error};
use serde_json::json;

use crate::browser;
use crate::cli::LoginFlags;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::inert;
use crate::screen::Screen;

pub(crate) async fn login(
    connection: &Connection,
    flags: &LoginFlags,
    screen: &Screen,
) -> Result<(), Failure> {
    if let Some(origin) = connection.token_origin() {
        return Err(Failure::usage(format!(
            "there is a token from {origin}, which is used instead of a sign-in; run this without it to sign in"
        )));
    }
    let asked = Arc::new(AtomicBool::new(false));
    let builder = connection.builder();
    let oauth = presented(connection.oauth(), flags.no_browser, Arc::clone(&asked));
    let granted = if flags.read_only {
        sign_in(builder.read_only().oauth(oauth).build(), &asked).await
    } else {
        sign_in(builder.oauth(oauth).build(), &asked).await
    };
    let granted = granted.map_err(|error| connection.failure(&error))?;
    if let Err(error) = connection.remember() {
        screen.say(&format!(
            "note: the endpoint could not be remembered ({error}); give --url each time"
        ));
    }
    if screen.json {
        return screen.print_json(&json!({ "endpoint": connection.endpoint, "scopes": granted }));
    }
    let granted = inert::line(&granted.join(" "));
    if flags.read_only && granted.contains("mcp:write") {
        screen
            .say("note: you were signed in with more; `lookout logout` first to sign in with less");
    }
    screen.print(&format!("Signed in to {}. You may use {granted}.\n", connection.endpoint))
}

/// The scopes that are granted in the end; a person who is signed in with too few is asked for the others, and one whose sign-in has ended is asked again.
async fn sign_in<S: Access>(
    client: Result<Client<S>, Error>,
    asked: &AtomicBool,
) -> Result<Vec<String>, Error> {
    let client = client?;
    let mut granted = client.sign_in().await?;
    if !asked.load(Ordering::Relaxed) {
        // What is stored may have ended at the server since.
        granted = match client.discover().await {
            Ok(_) => granted,
            Err(error) if error.is_unauthorized() || error.is_authorization() => {
                client.sign_in().await?
            }
            Err(error) => return Err(error),
        };
    }
    let missing: Vec<_> = S::SCOPES
        .difference(granted.join(" ").parse().unwrap_or(ScopeSet::EMPTY))
        .iter()
        .map(|scope| scope.as_str().to_owned())
        .collect();
    if missing.is_empty() || asked.load(Ordering::Relaxed) {
        return Ok(granted);
    }
    client.step_up(&missing).await
}

/// Shows the sign-in page: in the browser if there is one, and as an address in any case.
fn presented(oauth: OAuth, no_browser: bool, asked: Arc<AtomicBool>) -> OAuth {
    oauth.present(move |url| {
        asked.store(true, Ordering::Relaxed);
        let screen = Screen::new(false);
        if !no_browser && browser::open(url) {
            screen.say("Waiting for you to sign in with the browser. If it did not open, open this on this computer:");
        } else {
            screen.say("Open this on this computer to sign in:");
        }
        screen.say(&format!("\n  {url}\n"));
    })
}

pub(crate) async fn logout(connection: &Connection, screen: &Screen) -> Result<(), Failure> {
    if let Some(origin) = connection.token_origin() {
        return Err(Failure::usage(format!(
            "there is a token from {origin}; a token is revoked on Lookout's token page"
        )));
    }
    let client = connection.client()?;
    let outcome = client.sign_out().await.map_err(|error| {
        let folder = connection.credentials();
        let here = format!("; to forget the sign-in here alone, delete {}", folder.display());
        connection.failure(&error).and(&here)
    })?;
    let revoked = matches!(outcome, SignedOut::Revoked);
    if let SignedOut::Unconfirmed(error) = &outcome {
        screen.say(&format!(
            "note: the credentials are deleted here, but the server did not confirm that they are revoked: {}",
            inert::line(&error.to_string())
        ));
    }
    if screen.json {
        return screen.print_json(&json!({ "endpoint": connection.endpoint, "revoked": revoked }));
    }
    screen.print(&format!("Signed out of {}.\n", connection.endpoint))
}
