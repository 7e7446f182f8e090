//! Programmatic tokens: made on a page, for scripts.

use serde_json::json;

use crate::check::{Capability, Check, Level, lookout};
use crate::outcome::{Outcome, ensure, not_tested};
use crate::probe::Probe;
use crate::probe::browser::Landing;
use crate::probe::form::REVOKE_WORDS;
use crate::probe::register::Method;
use crate::property::token::mutation;
use crate::secret::Secret;

use super::token::confidential;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "programmatic/default-scope",
        level: Level::Must,
        clause: lookout("a token made without choosing scopes has the read and the write scope"),
        claim: "A token made with the form as it comes may call every tool.",
        needs: &[Capability::ProgrammaticTokens],
        run: default_scope,
    },
    Check {
        id: "programmatic/narrowing",
        level: Level::Must,
        clause: lookout("a person may narrow a token's scopes when making it"),
        claim: "A token has exactly the scopes that were ticked.",
        needs: &[Capability::ProgrammaticTokens],
        run: narrowing,
    },
    Check {
        id: "programmatic/revocation",
        level: Level::Must,
        clause: lookout("revoking a token takes effect at once"),
        claim: "A token that was revoked on the page is refused from then on, and no other is.",
        needs: &[Capability::ProgrammaticTokens],
        run: revocation,
    },
    Check {
        id: "programmatic/not-by-clients",
        level: Level::Must,
        clause: lookout("a programmatic token belongs to a person and to no client"),
        claim: "No OAuth client can revoke a person's programmatic token.",
        needs: &[Capability::ProgrammaticTokens, Capability::Revocation],
        run: not_by_clients,
    },
    Check {
        id: "programmatic/shown-once",
        level: Level::Must,
        clause: lookout("a token is shown once"),
        claim: "The page never shows a token again after it was made.",
        needs: &[Capability::ProgrammaticTokens],
        run: shown_once,
    },
    Check {
        id: "programmatic/forged",
        level: Level::Must,
        clause: lookout("forms are taken from Lookout's own pages only"),
        claim: "No token is made by a form without the page's anti-forgery value.",
        needs: &[Capability::ProgrammaticTokens],
        run: forged,
    },
    Check {
        id: "programmatic/no-grant",
        level: Level::Must,
        clause: lookout("a programmatic token is no refresh token"),
        claim: "A programmatic token is worth nothing at the token endpoint.",
        needs: &[Capability::ProgrammaticTokens],
        run: no_grant,
    },
    Check {
        id: "programmatic/altered",
        level: Level::Must,
        clause: lookout("only the exact token works"),
        claim: "Only the exact programmatic token is accepted, never one that differs in any character.",
        needs: &[Capability::ProgrammaticTokens],
        run: altered,
    },
    Check {
        id: "programmatic/shown-part",
        level: Level::Hardening,
        clause: lookout("a list shows enough of a token to recognise it, and no more"),
        claim: "After it was made, a page shows no more than six characters of the secret part of a token.",
        needs: &[Capability::ProgrammaticTokens],
        run: shown_part,
    },
    Check {
        id: "programmatic/forged-revocation",
        level: Level::Must,
        clause: lookout("forms are taken from Lookout's own pages only"),
        claim: "No token is revoked by a form without the page's anti-forgery value.",
        needs: &[Capability::ProgrammaticTokens],
        run: forged_revocation,
    },
];

fn shows_tools_of(probe: &Probe<'_>, token: &Secret, scopes: &[String]) -> Outcome {
    let mut shown = probe.list_tools(&probe.site().endpoint, token)?;
    shown.sort();
    let expected = probe.catalogue().callable_with(scopes);
    ensure(shown == expected, format!("the tools of {scopes:?}: {expected:?}"), || {
        format!("{shown:?}")
    })
}

fn default_scope(probe: &Probe<'_>) -> Outcome {
    let made = probe.create_programmatic(None)?;
    shows_tools_of(probe, &made.token, &probe.catalogue().scope_names())
}

fn narrowing(probe: &Probe<'_>) -> Outcome {
    probe.for_scope_sets(|scopes| {
        let made = probe.create_programmatic(Some(scopes))?;
        shows_tools_of(probe, &made.token, scopes)?;
        for tool in probe.catalogue().tools.iter().filter(|tool| !tool.is_callable_with(scopes)) {
            let arguments = tool.arguments(&probe.site().values);
            let reply =
                probe.call_tool(&probe.site().endpoint, &made.token, &tool.name, &arguments)?;
            ensure(reply.status == 403, format!("403 for {}", tool.name), || reply.summary())?;
        }
        Ok(())
    })
}

fn revocation(probe: &Probe<'_>) -> Outcome {
    let kept = probe.create_programmatic(None)?;
    let made = probe.create_programmatic(None)?;
    probe.works_before(&made.token)?;
    probe.revoke_programmatic(&made.name)?;
    probe.is_dead(&made.token, "it was revoked on the page")?;

    probe.still_works(&kept.token, "another token was revoked")
}

fn not_by_clients(probe: &Probe<'_>) -> Outcome {
    let made = probe.create_programmatic(None)?;
    probe.works_before(&made.token)?;
    for hint in ["", "access_token", "refresh_token"] {
        let request = probe.revocation(&probe.client()?, &made.token).set("token_type_hint", hint);
        probe.revoke_by(&request)?.is_no_failure()?;
        probe.still_works(&made.token, "no client owns it")?;
    }
    Ok(())
}

fn shown_once(probe: &Probe<'_>) -> Outcome {
    let made = probe.create_programmatic(None)?;
    let (html, page) = probe.tokens_page()?;
    ensure(page.text.contains(&made.name), format!("{} in the list", made.name), || {
        "it is not listed".to_owned()
    })?;
    ensure(!html.contains(made.token.expose()), "a page without the token", || {
        "it is there".to_owned()
    })
}

fn forged(probe: &Probe<'_>) -> Outcome {
    let name = format!("conformance {}", probe.fresh_name());
    let (form, entries) = probe.creation_form(&name, None)?;
    let hidden: Vec<String> = form.hidden().map(|field| field.name.clone()).collect();
    let without: Vec<(String, String)> =
        entries.into_iter().filter(|(name, _)| !hidden.contains(name)).collect();
    let landing = probe.walk(probe.browser(), form.request(&without))?;
    if let Landing::Page { reply, .. } = &landing {
        reply.is_no_failure()?;
    }
    let (_, page) = probe.tokens_page()?;
    ensure(!page.text.contains(&name), "no new token in the list", || format!("{name} is listed"))
}

fn no_grant(probe: &Probe<'_>) -> Outcome {
    let made = probe.create_programmatic(None)?;
    let client = probe.client()?;
    let refused = ["invalid_grant", "invalid_request"];
    // A server without refresh tokens may say that of every request for one.
    let not_refreshed = ["invalid_grant", "invalid_request", "unsupported_grant_type"];
    probe.token(&probe.refreshing(&client, &made.token))?.is_refused(&not_refreshed)?;
    let issued = probe.code(&probe.authorization(&client))?;
    let exchange = probe.exchange(&issued).set("code", made.token.expose());
    probe.token(&exchange)?.is_refused(&refused)?;
    if !confidential(probe).contains(&Method::Post) {
        return Ok(());
    }
    let mut impostor = probe.new_client(Method::Post)?;
    impostor.secret = Some(made.token);
    let issued = probe.code(&probe.authorization(&impostor))?;
    probe.token(&probe.exchange(&issued))?.is_refused(&["invalid_client"])
}

fn altered(probe: &Probe<'_>) -> Outcome {
    let made = probe.create_programmatic(None)?;
    probe.works_before(&made.token)?;
    probe.forall_in(probe.options.cases * 2, &mutation(), |mutation| {
        let Some(altered) = mutation.apply(made.token.expose()) else { return Ok(()) };
        let reply = probe.mcp(&Secret::new(altered), "tools/list", json!({}))?;
        reply.has_status(&[400, 401])
    })
}

fn shown_part(probe: &Probe<'_>) -> Outcome {
    let made = probe.create_programmatic(None)?;
    let (html, _) = probe.tokens_page()?;
    let token = made.token.expose();
    let secret = token.find('_').map_or(token, |at| &token[at + 1..]);
    let parts = secret.as_bytes().windows(7);
    let shown =
        parts.filter_map(|part| std::str::from_utf8(part).ok()).any(|part| html.contains(part));
    ensure(!shown, "six characters of it at most", || "seven in a row are there".to_owned())
}

fn forged_revocation(probe: &Probe<'_>) -> Outcome {
    let made = probe.create_programmatic(None)?;
    probe.works_before(&made.token)?;
    let (_, page) = probe.tokens_page()?;
    let row = page
        .forms
        .iter()
        .find(|form| form.around.contains(&made.name) && form.button(&REVOKE_WORDS).is_some());
    let Some(form) = row else {
        return Err(not_tested("no row of that name can be revoked"));
    };
    let mut entries = form.entries(form.button(&REVOKE_WORDS));
    let guards = ["csrf", "xsrf", "token", "nonce"];
    entries.retain(|(name, _)| !guards.iter().any(|guard| name.contains(guard)));
    probe.walk(probe.browser(), form.request(&entries))?;
    probe.still_works(&made.token, "the form had no anti-forgery value")
}
