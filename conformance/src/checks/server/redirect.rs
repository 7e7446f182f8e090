//! Matching of redirect URIs.

use crate::check::{Capability, Check, Level, lookout, rfc};
use crate::outcome::{Outcome, Violation, ensure};
use crate::probe::Probe;
use crate::probe::authorize::Decision;
use crate::probe::browser::Landing;
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
    Check {
        id: "redirect/localhost-port",
        level: Level::Should,
        clause: rfc(9700, "2.1"),
        claim: "A redirect URI at localhost is accepted on any port.",
        needs: &[Capability::Consent],
        run: localhost_port,
    },
    Check {
        id: "redirect/reserved-query",
        level: Level::Hardening,
        clause: lookout("nobody but the server says what the response is"),
        claim: "A response never carries two codes, states, issuers or errors, whatever the redirect URI holds.",
        needs: &[Capability::Consent],
        run: reserved_query,
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
    ["127.0.0.1", "[::1]"].into_iter().try_for_each(|host| accepts_ports_of(probe, host))
}

fn accepts_ports_of(probe: &Probe<'_>, host: &str) -> Outcome {
    let port = probe.port();
    let registered = format!("http://{host}:{port}/callback");
    let client = probe.new_client_at(Method::None, &registered)?;
    let edits = loopback_edits(host, port, "/callback");
    probe.for_each(edits.into_iter().filter(|edit| edit.label == Label::MustEqual), |edit| {
        let request = probe.authorization(&client).set("redirect_uri", &edit.uri);
        match probe.ask(&request)? {
            Landing::Callback(callback) => ensure(
                callback.uri.starts_with(&edit.uri),
                format!("a way to {}", edit.uri),
                || callback.uri.clone(),
            ),
            Landing::Page { reply, address } => {
                let page = probe.read_page(&reply.body, &address);
                let offered = reply.is_success() && page.offers_consent();
                ensure(offered, "a consent page", || reply.summary())
            }
        }
    })
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

fn localhost_port(probe: &Probe<'_>) -> Outcome {
    accepts_ports_of(probe, "localhost")
}

fn reserved_query(probe: &Probe<'_>) -> Outcome {
    let names = ["code", "state", "iss", "error"];
    probe.for_each(names, |name| {
        let uri = format!("http://127.0.0.1:{}/callback?{name}=chosen", probe.port());
        let document = probe.registration(Method::None, &uri);
        let reply = probe.register(&document)?.alive()?;
        // Refusing to register such a URI is the other way to be safe.
        let Some(id) = reply.text("client_id").filter(|_| reply.is_success()) else {
            return Ok(());
        };
        let mut client = probe.client()?;
        client.id = id;
        client.redirect_uri.clone_from(&uri);
        for decision in [Decision::Allow, Decision::Deny] {
            let landing = probe.authorize(&probe.authorization(&client), &decision)?;
            let Landing::Callback(callback) = landing else { continue };
            for name in names {
                let count = callback.all(name).count();
                ensure(count <= 1, format!("one {name} at most"), || callback.uri.clone())?;
            }
        }
        Ok(())
    })
}
