//! Matching of redirect URIs.

use crate::check::{Capability, Check, Level, rfc};
use crate::outcome::{Outcome, Violation, ensure};
use crate::probe::Probe;
use crate::probe::browser::Landing;
use crate::probe::form::{ALLOW_WORDS, Page};
use crate::probe::register::Method;
use crate::property::uri::{Edit, Label, https_edits, loopback_edits};

use super::authorize::is_refused_locally;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "redirect/exact-match",
        level: Level::Must,
        clause: rfc(9700, "2.1"),
        claim: "No URI but the registered one, port of a loopback address aside, is ever redirected to.",
        needs: &[Capability::Registration],
        run: exact_match,
    },
    Check {
        id: "redirect/https-exact",
        level: Level::Must,
        clause: rfc(9700, "2.1"),
        claim: "An https redirect URI is matched byte for byte, port included.",
        needs: &[Capability::Registration],
        run: https_exact,
    },
    Check {
        id: "redirect/loopback-port",
        level: Level::Must,
        clause: rfc(8252, "7.3"),
        claim: "A loopback redirect URI is accepted on any port.",
        needs: &[Capability::Consent],
        run: loopback_port,
    },
    Check {
        id: "redirect/several",
        level: Level::Must,
        clause: rfc(6749, "3.1.2.3"),
        claim: "A client with several redirect URIs gets no code without saying which.",
        needs: &[Capability::Registration],
        run: several,
    },
];

fn refuses(probe: &Probe<'_>, registered: &str, edits: Vec<Edit>) -> Outcome {
    let client = probe.new_client_at(Method::None, registered)?;
    let misses = edits.into_iter().filter(|edit| edit.label == Label::MustDiffer);
    probe.for_each(misses, |edit| {
        let request = probe.authorization(&client).set("redirect_uri", &edit.uri);
        is_refused_locally(&probe.ask(&request)?, &edit.uri)
    })
}

fn exact_match(probe: &Probe<'_>) -> Outcome {
    let port = probe.port();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let registered = format!("http://{host}:{port}/callback");
        let edits = loopback_edits(host, port, "/callback");
        // One host is enough for what does not depend on the host.
        let edits =
            edits.into_iter().filter(|edit| host == "127.0.0.1" || edit.name.contains("loopback"));
        refuses(probe, &registered, edits.collect())?;
    }
    Ok(())
}

fn https_exact(probe: &Probe<'_>) -> Outcome {
    let registered = "https://app.example/callback";
    refuses(probe, registered, https_edits("app.example", "/callback"))
}

fn loopback_port(probe: &Probe<'_>) -> Outcome {
    for host in ["127.0.0.1", "[::1]"] {
        let port = probe.port();
        let registered = format!("http://{host}:{port}/callback");
        let client = probe.new_client_at(Method::None, &registered)?;
        let edits = loopback_edits(host, port, "/callback");
        probe.for_each(
            edits.into_iter().filter(|edit| edit.label == Label::MustEqual),
            |edit| {
                let request = probe.authorization(&client).set("redirect_uri", &edit.uri);
                match probe.ask(&request)? {
                    Landing::Callback(callback) => ensure(
                        callback.uri.starts_with(&edit.uri),
                        format!("a way to {}", edit.uri),
                        || callback.uri.clone(),
                    ),
                    Landing::Page { reply, address } => {
                        let page = Page::read(&reply.body, &address);
                        let offered = reply.is_success() && page.form_with(&ALLOW_WORDS).is_some();
                        ensure(offered, "a consent page", || reply.summary())
                    }
                }
            },
        )?;
    }
    Ok(())
}

fn several(probe: &Probe<'_>) -> Outcome {
    let uris = ["http://127.0.0.1:4711/one", "http://127.0.0.1:4711/two"];
    let mut document = probe.registration(Method::None, uris[0]);
    document["redirect_uris"] = serde_json::json!(uris);
    let reply = probe.register(&document)?.succeeded("register a client")?;
    let mut client = probe.client()?;
    client.id = reply.text("client_id").unwrap_or_default();
    client.redirect_uri = uris[0].to_owned();
    let landing = probe.ask(&probe.authorization(&client).without("redirect_uri"))?;
    is_refused_locally(&landing, uris[0])?;
    for uri in uris {
        let landing = probe.ask(&probe.authorization(&client).set("redirect_uri", uri))?;
        if let Landing::Page { reply, .. } = landing
            && !reply.is_success()
        {
            return Err(Violation::new("each registered URI accepted", reply.summary())
                .on(uri)
                .into());
        }
    }
    Ok(())
}
