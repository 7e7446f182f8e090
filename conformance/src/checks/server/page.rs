//! Pages: what a browser is told about them, and the session behind them.

use crate::check::{Capability, Check, Level, lookout, rfc};
use crate::outcome::{Outcome, ProbeError, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::browser::{Browser, Landing};
use crate::probe::form::{Form, Page, SIGN_OUT_WORDS};
use crate::probe::http::{Reply, Request};
use crate::probe::register::Client;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "page/framing",
        level: Level::Must,
        clause: rfc(9700, "4.16"),
        claim: "No page of the flow, error pages included, can be framed by another site.",
        needs: &[Capability::Pages],
        run: framing,
    },
    Check {
        id: "page/content-policy",
        level: Level::Hardening,
        clause: lookout("pages need no script"),
        claim: "Every page forbids scripts that are written into it, and plugins and base addresses.",
        needs: &[Capability::Pages],
        run: content_policy,
    },
    Check {
        id: "page/uncached",
        level: Level::Hardening,
        clause: lookout("pages of the flow are for one person"),
        claim: "No page of the flow is cached, sniffed, or named to the site that it leads to.",
        needs: &[Capability::Pages],
        run: uncached,
    },
    Check {
        id: "page/cookies",
        level: Level::Hardening,
        clause: lookout("a session is out of reach of scripts and of other sites"),
        claim: "Every cookie is out of reach of scripts and of other sites' forms, and secure beyond loopback.",
        needs: &[Capability::Pages],
        run: cookies,
    },
    Check {
        id: "page/new-session",
        level: Level::Hardening,
        clause: lookout("signing in begins a new session"),
        claim: "No cookie from before sign-in carries the session after it.",
        needs: &[Capability::Pages],
        run: new_session,
    },
    Check {
        id: "page/sign-out",
        level: Level::Hardening,
        clause: lookout("signing out ends the session, not only the cookie"),
        claim: "After sign-out no cookie from before opens a page, whoever kept it.",
        needs: &[Capability::Pages],
        run: sign_out,
    },
    Check {
        id: "page/forged-sign-in",
        level: Level::Hardening,
        clause: lookout("forms are taken from Lookout's own pages only"),
        claim: "Nobody is signed in by a form without the page's anti-forgery value.",
        needs: &[Capability::Pages],
        run: forged_sign_in,
    },
];

/// One page of every sort that the flow has.
fn pages(probe: &Probe<'_>) -> Outcome<Vec<(&'static str, Reply)>> {
    let client = probe.client()?;
    let request = probe.authorization(&client);
    let stranger = Client { id: "nobody".to_owned(), ..client.clone() };
    let elsewhere = probe.authorization(&client).set("redirect_uri", "https://evil.example/");
    let landings = [
        ("the sign-in page", probe.ask_anonymously(&request)?),
        ("the consent page", probe.ask(&request)?),
        ("the page for an unknown client", probe.ask(&probe.authorization(&stranger))?),
        ("the page for a wrong redirect URI", probe.ask(&elsewhere)?),
    ];
    let mut pages = Vec::new();
    for (what, landing) in landings {
        let Landing::Page { reply, .. } = landing else { continue };
        if reply.is_html() {
            pages.push((what, reply.alive()?));
        }
    }
    if pages.is_empty() {
        return Err(not_tested("no page of the flow is HTML"));
    }
    Ok(pages)
}

fn directive(reply: &Reply, name: &str) -> Option<String> {
    let policies = reply.all("content-security-policy").flat_map(|policy| policy.split(';'));
    let mut words = policies.map(str::split_whitespace);
    words.find_map(|mut words| (words.next()? == name).then(|| words.collect::<Vec<_>>().join(" ")))
}

fn framing(probe: &Probe<'_>) -> Outcome {
    for (what, reply) in pages(probe)? {
        let ancestors = directive(&reply, "frame-ancestors");
        let options = reply.header("x-frame-options").map(str::to_ascii_lowercase);
        let is_closed = match ancestors.as_deref() {
            Some(named) => matches!(named, "'none'" | "'self'"),
            None => matches!(options.as_deref(), Some("deny" | "sameorigin")),
        };
        on(
            what,
            ensure(is_closed, "frame-ancestors 'none'", || format!("{ancestors:?}, {options:?}")),
        )?;
    }
    Ok(())
}

fn content_policy(probe: &Probe<'_>) -> Outcome {
    for (what, reply) in pages(probe)? {
        let default = directive(&reply, "default-src");
        let script = directive(&reply, "script-src").or_else(|| default.clone());
        let script = script.unwrap_or_else(|| "'unsafe-inline'".to_owned());
        let inline = script.contains("'unsafe-inline'") || script.contains('*');
        let object = directive(&reply, "object-src").or(default);
        let base = directive(&reply, "base-uri");
        let is_strict = !inline && object.as_deref() == Some("'none'") && base.is_some();
        on(
            what,
            ensure(is_strict, "no inline script, object-src 'none' and a base-uri", || {
                format!("{:?}", reply.header("content-security-policy"))
            }),
        )?;
    }
    Ok(())
}

fn uncached(probe: &Probe<'_>) -> Outcome {
    let wanted = [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ];
    for (what, reply) in pages(probe)? {
        for (header, value) in wanted {
            let found = reply.header(header).unwrap_or_default();
            let is_right = found.to_ascii_lowercase().contains(value);
            let is_right = is_right || (header == "referrer-policy" && found == "same-origin");
            on(what, ensure(is_right, format!("{header}: {value}"), || format!("{found:?}")))?;
        }
    }
    Ok(())
}

fn cookies(probe: &Probe<'_>) -> Outcome {
    // Asking once more makes sure that the shared browser is signed in.
    probe.ask(&probe.authorization(&probe.client()?))?;
    let cookies = probe.browser().cookies();
    if cookies.is_empty() {
        return Err(not_tested("nobody signs in: the flow sets no cookie"));
    }
    let is_tls = probe.site().issuer.starts_with("https:");
    for (name, cookie) in cookies {
        let attributes = &cookie.attributes;
        let same_site =
            attributes.contains("samesite=lax") || attributes.contains("samesite=strict");
        let secure = !is_tls || attributes.split(';').any(|attribute| attribute.trim() == "secure");
        let wanted = "HttpOnly, SameSite Lax or Strict, and Secure over https";
        let is_right = attributes.contains("httponly") && same_site && secure;
        on(&name, ensure(is_right, wanted, || attributes.clone()))?;
    }
    Ok(())
}

fn new_session(probe: &Probe<'_>) -> Outcome {
    let browser = Browser::default();
    let request = probe.authorize_url(&probe.authorization(&probe.client()?))?;
    let landing = probe.walk(&browser, request.clone())?;
    if sign_in_form(probe, &landing).is_none() {
        return Err(not_tested("nobody signs in"));
    }
    let before = browser.header();
    probe.walk_signed_in(&browser, request.clone())?;
    let Some(before) = before else { return Ok(()) };
    let signed_in = opens(probe, request, before)?;
    ensure(!signed_in, "the old cookies are signed out", || "they are signed in".to_owned())
}

/// The form that asks for a password, if that is where the walk ended.
fn sign_in_form(probe: &Probe<'_>, landing: &Landing) -> Option<Form> {
    match landing {
        Landing::Page { reply, address } => {
            probe.read_page(&reply.body, address).sign_in().cloned()
        }
        Landing::Callback(_) => None,
    }
}

/// Whether these cookies alone get past the sign-in page.
fn opens(probe: &Probe<'_>, request: Request, cookies: String) -> Outcome<bool> {
    let landing = probe.walk(&Browser::default(), request.header("cookie", cookies))?;
    Ok(match &landing {
        Landing::Page { reply, address } => {
            reply.is_success() && Page::read(&reply.body, address).sign_in().is_none()
        }
        Landing::Callback(_) => true,
    })
}

fn sign_out(probe: &Probe<'_>) -> Outcome {
    let browser = Browser::default();
    let request = probe.authorize_url(&probe.authorization(&probe.client()?))?;
    let home = url::Url::parse(&request.url).and_then(|url| url.join("/"));
    let home = home.map_err(|_| ProbeError::page("home", "the server has no origin"))?;
    let consent = probe.walk_signed_in(&browser, request.clone())?;
    let landings = [consent, probe.walk(&browser, Request::get(home.as_str()))?];
    let pages = landings.iter().filter_map(|landing| match landing {
        Landing::Page { reply, address } => Some(Page::read(&reply.body, address)),
        Landing::Callback(_) => None,
    });
    let pages: Vec<Page> = pages.collect();
    let Some((form, button)) = pages.iter().find_map(|page| page.form_with(&SIGN_OUT_WORDS)) else {
        return Err(not_tested("no button for signing out was found"));
    };
    let Some(kept) = browser.header().filter(|_| form.method == "post") else {
        return Err(not_tested("signing out is no form of a cookie session"));
    };
    if !opens(probe, request.clone(), kept.clone())? {
        return Err(ProbeError::step("use the session's cookies", "they are signed out").into());
    }
    probe.walk(&browser, form.request(&form.entries(Some(button))))?;
    let signed_in = opens(probe, request, kept)?;
    ensure(!signed_in, "the kept cookies are signed out", || "they are signed in".to_owned())
}

fn forged_sign_in(probe: &Probe<'_>) -> Outcome {
    let Some(person) = probe.person() else { return Ok(()) };
    let request = probe.authorize_url(&probe.authorization(&probe.client()?))?;
    let browser = Browser::default();
    let Landing::Page { reply, address } = probe.walk(&browser, request.clone())? else {
        return Ok(());
    };
    let page = Page::read(&reply.body, &address);
    let Some(form) = page.sign_in() else {
        return Err(ProbeError::page("sign-in", "it asks for no password").into());
    };
    let fields = form.fields.iter().filter(|field| field.kind != "hidden");
    let entries: Vec<(String, String)> = fields
        .map(|field| match field.kind.as_str() {
            "password" => (field.name.clone(), person.password.expose().to_owned()),
            _ => (field.name.clone(), person.user.clone()),
        })
        .collect();
    probe.walk(&browser, form.request(&entries))?;
    let landing = probe.walk(&browser, request)?;
    let signed_in = match &landing {
        Landing::Page { reply, address } => {
            reply.is_success() && Page::read(&reply.body, address).sign_in().is_none()
        }
        Landing::Callback(_) => true,
    };
    ensure(!signed_in, "nobody is signed in", || "the forged form signed somebody in".to_owned())
}
