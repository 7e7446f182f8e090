//! The page where a person sees which applications are connected, and ends them.

use crate::check::{Capability, Check, Level, lookout};
use crate::outcome::{Outcome, ensure, not_tested};
use crate::probe::Probe;
use crate::probe::form::{Form, Page, REVOKE_WORDS};
use crate::probe::http::Request;
use crate::probe::register::{Client, Method};
use crate::probe::token::Grant;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "connected/listed",
        level: Level::Must,
        clause: lookout("a person sees every application that was let in"),
        claim: "An application is listed from the moment it was let in.",
        needs: &[Capability::Pages],
        run: listed,
    },
    Check {
        id: "connected/disconnect",
        level: Level::Must,
        clause: lookout("disconnecting an application takes effect at once"),
        claim: "Disconnecting an application ends all of its tokens and no other's.",
        needs: &[Capability::Pages],
        run: disconnect,
    },
    Check {
        id: "connected/forged",
        level: Level::Must,
        clause: lookout("forms are taken from Lookout's own pages only"),
        claim: "Nothing is disconnected by a form without the page's anti-forgery value.",
        needs: &[Capability::Pages],
        run: forged,
    },
];

/// Names that such a page goes by.
const NAMES: [&str; 8] = [
    "Clients",
    "Connected apps",
    "Connected applications",
    "Connections",
    "Applications",
    "Apps",
    "Authorized applications",
    "Authorized apps",
];

fn page(probe: &Probe<'_>) -> Outcome<Page> {
    let home = format!("{}/", probe.site().origins.first().cloned().unwrap_or_default());
    let starts = [probe.site().tokens_page.clone(), Some(home)];
    for start in starts.into_iter().flatten() {
        let (_, page) =
            probe.page_after(Request::get(&start), "look for connected applications")?;
        if let Some(address) = NAMES.iter().find_map(|name| page.link(name)) {
            let (_, page) =
                probe.page_after(Request::get(address), "open the connected applications")?;
            return Ok(page);
        }
    }
    Err(not_tested("no page of connected applications was found"))
}

/// A grant to a client whose name nobody else has.
fn named_grant(probe: &Probe<'_>) -> Outcome<(String, Grant)> {
    let name = format!("Conformance {}", probe.fresh_name());
    let redirect_uri = format!("http://127.0.0.1:{}/callback", probe.port());
    let mut document = probe.registration(Method::None, &redirect_uri);
    document["client_name"] = name.clone().into();
    let reply = probe.register(&document)?.succeeded("register a client")?;
    let id = reply.text("client_id").unwrap_or_default();
    let client = Client { id, secret: None, method: Method::None, redirect_uri };
    let grant = probe.grant_for(&probe.authorization(&client))?;
    probe.works_before(&grant.tokens.access)?;
    Ok((name, grant))
}

/// The row of `name`, as the form that ends it.
fn row(page: &Page, name: &str) -> Option<Form> {
    let is_row = |form: &&Form| form.around.contains(name) && form.button(&REVOKE_WORDS).is_some();
    page.forms.iter().find(is_row).cloned()
}

fn listed(probe: &Probe<'_>) -> Outcome {
    let before = page(probe)?;
    let (name, _) = named_grant(probe)?;
    ensure(!before.text.contains(&name), "an empty place before", || format!("{name} is there"))?;
    let after = page(probe)?;
    ensure(row(&after, &name).is_some(), format!("{name}, with a way to end it"), || {
        "it is not listed".to_owned()
    })
}

fn disconnect(probe: &Probe<'_>) -> Outcome {
    page(probe)?;
    let (name, grant) = named_grant(probe)?;
    let (_, other) = named_grant(probe)?;
    let Some(form) = row(&page(probe)?, &name) else {
        return Err(not_tested("no row of that name can be ended"));
    };
    let entries = form.entries(form.button(&REVOKE_WORDS));
    probe.walk(probe.browser(), form.request(&entries))?;
    probe.is_dead(&grant.tokens.access, "its application was disconnected")?;
    if let Some(refresh) = &grant.tokens.refresh {
        probe.token(&probe.refreshing(&grant.client, refresh))?.is_refused(&["invalid_grant"])?;
    }
    probe.still_works(&other.tokens.access, "another application was disconnected")
}

fn forged(probe: &Probe<'_>) -> Outcome {
    page(probe)?;
    let (name, grant) = named_grant(probe)?;
    let Some(form) = row(&page(probe)?, &name) else {
        return Err(not_tested("no row of that name can be ended"));
    };
    let mut entries = form.entries(form.button(&REVOKE_WORDS));
    let guards = ["csrf", "xsrf", "token", "nonce"];
    entries.retain(|(name, _)| !guards.iter().any(|guard| name.contains(guard)));
    probe.walk(probe.browser(), form.request(&entries))?;
    probe.still_works(&grant.tokens.access, "the form had no anti-forgery value")
}
