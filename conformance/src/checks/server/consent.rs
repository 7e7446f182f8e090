//! The person's decision: nobody else can make it, and it is made once.

use crate::check::{Capability, Check, Level, lookout, mcp, rfc};
use crate::outcome::{Outcome, ProbeError, Violation, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::authorize::{Authorization, Decision};
use crate::probe::browser::{Browser, Landing};
use crate::probe::form::{DENY_WORDS, Entries, Form, count};
use crate::probe::http::{Request, encode_form};
use crate::probe::register::Method;
use crate::property::body::INERT_NAMES;
use crate::property::scope::names;

use super::authorize::carries_state_and_issuer;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "consent/explicit",
        level: Level::Must,
        clause: rfc(6749, "4.1.1"),
        claim: "No code is issued before the signed-in person presses allow.",
        needs: &[Capability::Pages],
        run: explicit,
    },
    Check {
        id: "consent/forged",
        level: Level::Must,
        clause: rfc(6749, "10.12"),
        claim: "An approval without the anti-forgery value of its own page is not taken.",
        needs: &[Capability::Pages],
        run: forged,
    },
    Check {
        id: "consent/other-browser",
        level: Level::Must,
        clause: rfc(6749, "10.12"),
        claim: "An approval sent from another browser than the one that was asked is not taken.",
        needs: &[Capability::Pages],
        run: other_browser,
    },
    Check {
        id: "consent/other-origin",
        level: Level::Hardening,
        clause: lookout("forms are taken from Lookout's own pages only"),
        claim: "An approval that a browser says comes from another site is not taken.",
        needs: &[Capability::Pages],
        run: other_origin,
    },
    Check {
        id: "consent/stored-request",
        level: Level::Must,
        clause: rfc(6749, "10.12"),
        claim: "What was approved is the request that was shown, whatever else the form says.",
        needs: &[Capability::Pages],
        run: stored_request,
    },
    Check {
        id: "consent/once",
        level: Level::Hardening,
        clause: lookout("a consent page is answered once"),
        claim: "A consent page is answered once: neither a second approval nor one after denial counts.",
        needs: &[Capability::Pages],
        run: once,
    },
    Check {
        id: "consent/each-client",
        level: Level::Must,
        clause: mcp("basic/authorization/security-considerations#confused-deputy-problem"),
        claim: "A new client is asked about, however much it looks like one that was approved.",
        needs: &[Capability::Pages],
        run: each_client,
    },
    Check {
        id: "consent/deny",
        level: Level::Must,
        clause: rfc(6749, "4.1.2.1"),
        claim: "Denial is redirected with access_denied, the state and the issuer, and no code.",
        needs: &[Capability::Consent],
        run: deny,
    },
    Check {
        id: "consent/inert-names",
        level: Level::Must,
        clause: rfc(6749, "10.14"),
        claim: "A client's name adds no element to the consent page, whatever it contains.",
        needs: &[Capability::Pages],
        run: inert_names,
    },
    Check {
        id: "consent/informed",
        level: Level::Should,
        clause: mcp("basic/authorization/security-considerations#localhost-redirect-uri-risks"),
        claim: "The consent page names the client and the host that it sends the person back to.",
        needs: &[Capability::Pages],
        run: informed,
    },
];

fn allow(probe: &Probe<'_>) -> Outcome<(Authorization, Form, Entries)> {
    let request = probe.authorization(&probe.client()?);
    let (form, entries) = probe.consent(&request)?.page.decide(&Decision::Allow, &[])?;
    Ok((request, form, entries))
}

fn explicit(probe: &Probe<'_>) -> Outcome {
    probe.asks_somebody()?;
    let landing = probe.ask(&probe.authorization(&probe.client()?))?;
    probe.gives_no_code(&landing)?;
    let (request, form, entries) = allow(probe)?;
    let authorize = probe.authorize_url(&request)?.url;
    let mut with_decision = request.parameters.0;
    with_decision.extend(entries.iter().filter(|(name, _)| name != "scope").cloned());
    let separator = if form.action.contains('?') { '&' } else { '?' };
    let shortcuts = [
        ("opening the page again", Request::get(&authorize)),
        ("HEAD", Request::new("HEAD", &authorize)),
        ("prompt=none", Request::get(format!("{authorize}&prompt=none"))),
        ("the decision in the request", {
            let endpoint = authorize.split('?').next().unwrap_or_default();
            Request::get(format!("{endpoint}?{}", encode_form(&with_decision)))
        }),
        ("GET on the form", {
            Request::get(format!("{}{separator}{}", form.action, encode_form(&entries)))
        }),
    ];
    for (what, request) in shortcuts {
        let landing = probe.walk(probe.browser(), request)?;
        on(what, probe.gives_no_code(&landing))?;
    }
    Ok(())
}

fn forged(probe: &Probe<'_>) -> Outcome {
    let (_, form, _) = allow(probe)?;
    let hidden: Vec<String> = form.hidden().map(|field| field.name.clone()).collect();
    let mut taken = Vec::new();
    for name in &hidden {
        for edit in ["removed", "emptied", "altered"] {
            let (_, form, entries) = allow(probe)?;
            let landing =
                probe.walk(probe.browser(), form.request(&edited(&entries, name, edit)))?;
            if probe.gives_no_code(&landing).is_err() {
                taken.push((name, edit));
            }
        }
    }
    // A field that is named as a guard must be one; without such a name, some field must be.
    let is_guard =
        |name: &String| ["csrf", "xsrf", "token", "nonce"].iter().any(|word| name.contains(word));
    let decoy = taken.iter().find(|(name, _)| is_guard(name));
    let unguarded = |name: &String| taken.iter().any(|(taken, _)| *taken == name);
    let is_open = decoy.is_some() || hidden.iter().all(unguarded) && !is_address_secret(probe)?;
    ensure(!is_open, "no code unless a secret of the page comes back unchanged", || match decoy {
        Some((name, edit)) => format!("a code although {name} was {edit}"),
        None => "a code whatever the hidden fields say".to_owned(),
    })
}

/// Whether the address of the form is the anti-forgery value: new each time, and needed exactly.
fn is_address_secret(probe: &Probe<'_>) -> Outcome<bool> {
    let ((_, first, _), (_, mut form, entries)) = (allow(probe)?, allow(probe)?);
    if first.action == form.action {
        return Ok(false);
    }
    let cut = form.action.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
    form.action.replace_range(cut.., "altered");
    let landing = probe.walk(probe.browser(), form.request(&entries))?;
    Ok(probe.gives_no_code(&landing).is_ok())
}

fn edited(entries: &[(String, String)], name: &str, edit: &str) -> Entries {
    let mut entries = entries.to_vec();
    match edit {
        "removed" => entries.retain(|(have, _)| have != name),
        _ => {
            for (_, value) in entries.iter_mut().filter(|(have, _)| have == name) {
                *value = match edit {
                    "emptied" => String::new(),
                    _ => value.chars().rev().chain("x".chars()).collect(),
                };
            }
        }
    }
    entries
}

/// The page's own values sent from browsers that the page was not shown to: one that nobody signed
/// in to, and one of the same person with an anti-forgery value of its own.
fn other_browser(probe: &Probe<'_>) -> Outcome {
    let (_, form, entries) = allow(probe)?;
    let landing = probe.walk(&Browser::default(), form.request(&entries))?;
    on("a browser without a session", probe.gives_no_code(&landing))?;

    let other = Browser::default();
    let (shown, form, _) = allow(probe)?;
    for handle in form.hidden().cloned().collect::<Vec<_>>() {
        let own = probe.authorization(&probe.client()?);
        let landing = probe.walk_signed_in(&other, probe.authorize_url(&own)?)?;
        let Landing::Page { reply, address } = landing else { continue };
        let page = probe.read_page(&reply.body, &address);
        let (form, mut entries) = page.decide(&Decision::Allow, &[])?;
        for (_, value) in entries.iter_mut().filter(|(name, _)| *name == handle.name) {
            value.clone_from(&handle.value);
        }
        let landing = probe.walk(&other, form.request(&entries))?;
        let Landing::Callback(callback) = landing else { continue };
        let is_first = callback.one("state") == shown.parameters.find("state");
        let what = format!("another session, with {} of the first", handle.name);
        let taken = is_first && callback.one("code").is_some();
        on(
            &what,
            ensure(!taken, "no code for a request shown elsewhere", || callback.uri.clone()),
        )?;
    }
    Ok(())
}

fn other_origin(probe: &Probe<'_>) -> Outcome {
    let hints =
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")];
    probe.for_each(hints, |(header, value)| {
        let (_, form, entries) = allow(probe)?;
        let mut request = form.request(&entries);
        request.headers.retain(|(name, _)| name != header);
        let landing = probe.walk(probe.browser(), request.header(header, *value))?;
        probe.gives_no_code(&landing)
    })
}

fn stored_request(probe: &Probe<'_>) -> Outcome {
    let scopes = probe.catalogue().scope_names();
    let least = scopes.first().cloned().unwrap_or_default();
    let client = probe.client()?;
    let request = probe.authorization(&client).set("scope", &least);
    let (form, mut entries) = probe.consent(&request)?.page.decide(&Decision::Allow, &[])?;
    for scope in &scopes {
        if *scope != least {
            entries.push(("scope".to_owned(), scope.clone()));
        }
    }
    let elsewhere = "http://127.0.0.1:9/elsewhere";
    for (name, value) in [("redirect_uri", elsewhere), ("client_id", "other"), ("state", "other")] {
        entries.push((name.to_owned(), value.to_owned()));
    }
    let landing = probe.walk(probe.browser(), form.request(&entries))?;
    let Landing::Callback(callback) = landing else { return Ok(()) };
    ensure(
        callback.uri.starts_with(&client.redirect_uri),
        "the redirect URI that was shown",
        || callback.uri.clone(),
    )?;
    let Some(issued) = request.issued(&callback) else { return Ok(()) };
    let grant = probe.redeem(&issued)?;
    let granted = names(grant.tokens.scope.as_deref().unwrap_or(&least));
    ensure(granted.iter().all(|scope| *scope == least), format!("scope {least}"), || {
        format!("scope {granted:?}")
    })
}

fn once(probe: &Probe<'_>) -> Outcome {
    let (_, form, entries) = allow(probe)?;
    let first = probe.walk(probe.browser(), form.request(&entries))?;
    if probe.gives_no_code(&first).is_ok() {
        return Err(ProbeError::step("approve", "no code came back").into());
    }
    let second = probe.walk(probe.browser(), form.request(&entries))?;
    on("the same approval twice", probe.gives_no_code(&second))?;

    let request = probe.authorization(&probe.client()?);
    let page = probe.consent(&request)?.page;
    if page.form_with(&DENY_WORDS).is_none() {
        return Err(not_tested("the consent page has no deny button"));
    }
    let (form, denial) = page.decide(&Decision::Deny, &[])?;
    let (_, approval) = page.decide(&Decision::Allow, &[])?;
    probe.walk(probe.browser(), form.request(&denial))?;
    let after = probe.walk(probe.browser(), form.request(&approval))?;
    on("an approval after denial", probe.gives_no_code(&after))
}

fn each_client(probe: &Probe<'_>) -> Outcome {
    probe.asks_somebody()?;
    let first = probe.client()?;
    probe.code(&probe.authorization(&first))?;
    let twin = probe.new_client_at(Method::None, &first.redirect_uri)?;
    let landing = probe.ask(&probe.authorization(&twin))?;
    probe.gives_no_code(&landing)
}

fn deny(probe: &Probe<'_>) -> Outcome {
    let request = probe.authorization(&probe.client()?);
    let landing = probe.authorize(&request, &Decision::Deny)?;
    let Landing::Callback(callback) = landing else {
        return Err(Violation::new("a redirect with error access_denied", "a page").into());
    };
    ensure(
        callback.one("error") == Some("access_denied") && callback.one("code").is_none(),
        "error access_denied and no code",
        || callback.uri.clone(),
    )?;
    carries_state_and_issuer(probe, &request, &callback)
}

fn inert_names(probe: &Probe<'_>) -> Outcome {
    let elements = |name: &str| -> Outcome<usize> {
        let redirect_uri = "http://127.0.0.1:4711/callback";
        let mut document = probe.registration(Method::None, redirect_uri);
        document["client_name"] = name.into();
        let reply = probe.register(&document)?.alive()?;
        let Some(id) = reply.text("client_id") else { return Ok(0) };
        let mut client = probe.client()?;
        client.id = id;
        redirect_uri.clone_into(&mut client.redirect_uri);
        Ok(count(&probe.consent(&probe.authorization(&client))?.html, "*"))
    };
    let plain = elements("Plain name")?;
    probe.for_each(INERT_NAMES, |name| {
        let with = elements(name)?;
        // A server that refuses such a name at registration shows nothing at all.
        ensure(with == 0 || with == plain, format!("{plain} elements on the page"), || {
            with.to_string()
        })
    })
}

fn informed(probe: &Probe<'_>) -> Outcome {
    let client = probe.new_client_at(Method::None, "https://app.example/callback")?;
    let text = probe.consent(&probe.authorization(&client))?.page.text;
    for needed in [probe.label(), "app.example"] {
        ensure(text.contains(needed), format!("{needed} on the page"), || {
            "it is not there".to_owned()
        })?;
    }
    Ok(())
}
