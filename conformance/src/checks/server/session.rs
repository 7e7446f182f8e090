//! The way to a session: where signing in may lead, and whose names it uses.

use crate::check::{Capability, Check, Level, lookout, rfc};
use crate::outcome::{Outcome, ProbeError, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::browser::{Browser, Landing};
use crate::probe::form::{Form, Page};
use crate::probe::http::Request;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "session/open-redirect",
        level: Level::Must,
        clause: rfc(9700, "4.11.2"),
        claim: "Signing in never leads to another site, whatever the form or the address says.",
        needs: &[Capability::Pages],
        run: open_redirect,
    },
    Check {
        id: "session/forwarded-host",
        level: Level::Hardening,
        clause: lookout("names come from configuration, never from a request"),
        claim: "No Host or forwarding header turns up in a redirect, a cookie or a page.",
        needs: &[Capability::Registration],
        run: forwarded_host,
    },
];

/// Places that a careless reader of a return address is led to.
fn elsewhere(own: &str) -> Vec<String> {
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "https:evil.example",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([format!("{own}@evil.example/"), format!("{own}.evil.example/")])
    .collect()
}

fn looks_like_an_address(value: &str) -> bool {
    value.starts_with('/') || value.starts_with("http")
}

/// The form filled in as the person would.
fn filled(probe: &Probe<'_>, form: &Form) -> Form {
    let mut form = form.clone();
    let Some(person) = probe.person() else { return form };
    for field in &mut form.fields {
        match field.kind.as_str() {
            "password" => person.password.expose().clone_into(&mut field.value),
            "" | "text" | "email" => person.user.clone_into(&mut field.value),
            _ => {}
        }
    }
    form
}

fn sign_in_page(probe: &Probe<'_>, browser: &Browser, request: Request) -> Outcome<(String, Page)> {
    match probe.walk(browser, request)? {
        Landing::Page { reply, address } => {
            let page = Page::read(&reply.alive()?.body, &address);
            Ok((address, page))
        }
        Landing::Callback(callback) => {
            Err(not_tested(format!("nobody signs in: it leads to {}", callback.uri)))
        }
    }
}

/// `address` with every parameter that holds an address replaced.
fn readdressed(address: &str, to: &str) -> Option<String> {
    let mut url = url::Url::parse(address).ok()?;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if !pairs.iter().any(|(_, value)| looks_like_an_address(value)) {
        return None;
    }
    let changed = pairs.into_iter().map(|(name, value)| {
        let value = if looks_like_an_address(&value) { to.to_owned() } else { value };
        (name, value)
    });
    url.query_pairs_mut().clear().extend_pairs(changed.collect::<Vec<_>>());
    Some(url.into())
}

fn open_redirect(probe: &Probe<'_>) -> Outcome {
    let request = probe.authorize_url(&probe.authorization(&probe.client()?))?;
    let own = probe.site().origins.first().cloned().unwrap_or_default();
    probe.for_each(elsewhere(&own), |place| {
        let browser = Browser::default();
        let (address, page) = sign_in_page(probe, &browser, request.clone())?;
        let page = match readdressed(&address, place) {
            Some(address) => sign_in_page(probe, &browser, Request::get(address))?.1,
            None => page,
        };
        let Some(form) = page.sign_in() else {
            return Err(ProbeError::page("sign-in", "it asks for no password").into());
        };
        let mut form = filled(probe, form);
        for field in form.fields.iter_mut().filter(|field| field.kind == "hidden") {
            if looks_like_an_address(&field.value) {
                place.clone_into(&mut field.value);
            }
        }
        let entries = form.entries(form.buttons.first());
        match probe.walk(&browser, form.request(&entries))? {
            Landing::Page { reply, .. } => reply.is_no_failure(),
            Landing::Callback(callback) => ensure(false, "a page of the server's own", || {
                format!("a redirect to {}", callback.uri)
            }),
        }
    })
}

fn forwarded_host(probe: &Probe<'_>) -> Outcome {
    let request = probe.authorize_url(&probe.authorization(&probe.client()?))?;
    let liars = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-forwarded-prefix", "/evil.example"),
    ];
    for (name, value) in liars {
        probe.forget_transcript();
        let reply = probe.send(&request.clone().header(name, value))?;
        // Nobody is misled by a refusal that says which host it was.
        if (400..500).contains(&reply.status) {
            continue;
        }
        let places = ["location", "set-cookie", "content-location"];
        let is_named = reply.body.contains("evil.example")
            || places
                .iter()
                .any(|place| reply.all(place).any(|value| value.contains("evil.example")));
        on(name, ensure(!is_named, "no trace of that host", || reply.summary()))?;
    }
    Ok(())
}
