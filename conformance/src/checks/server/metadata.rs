//! What the server publishes about itself, and whether it is true.

use serde_json::Value;

use crate::check::{Capability, Check, Level, lookout, mcp, rfc};
use crate::outcome::{Outcome, ProbeError, ensure};
use crate::probe::Probe;
use crate::probe::browser::Landing;
use crate::probe::http::{Reply, Request};
use crate::probe::site::{Site, strings};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "metadata/resource",
        level: Level::Must,
        clause: rfc(9728, "3.3"),
        claim: "The resource metadata at the endpoint's well-known path names exactly that endpoint.",
        needs: &[],
        run: resource,
    },
    Check {
        id: "metadata/root-form",
        level: Level::Hardening,
        clause: lookout("clients that look only at the root find the same document"),
        claim: "The resource metadata at the root well-known path is the endpoint's document.",
        needs: &[],
        run: root_form,
    },
    Check {
        id: "metadata/issuer",
        level: Level::Must,
        clause: rfc(8414, "3.3"),
        claim: "Every authorization server that is named publishes metadata with exactly that issuer.",
        needs: &[],
        run: issuer,
    },
    Check {
        id: "metadata/discoverable",
        level: Level::Must,
        clause: mcp(
            "basic/authorization/authorization-server-discovery#protected-resource-metadata-discovery-requirements",
        ),
        claim: "The resource metadata is found by the challenge or at a well-known address.",
        needs: &[],
        run: discoverable,
    },
    Check {
        id: "metadata/s256",
        level: Level::Must,
        clause: mcp("basic/authorization/security-considerations#authorization-code-protection"),
        claim: "The metadata advertises S256, without which clients refuse to go on.",
        needs: &[],
        run: s256,
    },
    Check {
        id: "metadata/s256-only",
        level: Level::Hardening,
        clause: mcp("basic/authorization/security-considerations#authorization-code-protection"),
        claim: "The only code challenge method that is advertised is S256.",
        needs: &[],
        run: s256_only,
    },
    Check {
        id: "metadata/secure-endpoints",
        level: Level::Must,
        clause: mcp("basic/authorization/security-considerations#communication-security"),
        claim: "Every endpoint in the metadata is https, or http on loopback.",
        needs: &[],
        run: secure_endpoints,
    },
    Check {
        id: "metadata/iss-advertised",
        level: Level::Must,
        clause: rfc(9207, "2.3"),
        claim: "The metadata says that authorization responses carry iss exactly when they do.",
        needs: &[Capability::Consent],
        run: iss_advertised,
    },
    Check {
        id: "metadata/host-header",
        level: Level::Hardening,
        clause: lookout("names in metadata come from configuration, never from a request"),
        claim: "No Host or forwarding header changes a published document.",
        needs: &[],
        run: host_header,
    },
    Check {
        id: "metadata/no-offline-access",
        level: Level::Should,
        clause: mcp("basic/authorization#refresh-tokens"),
        claim: "A protected resource never asks for offline_access.",
        needs: &[],
        run: no_offline_access,
    },
    Check {
        id: "metadata/server-document",
        level: Level::Must,
        clause: rfc(8414, "3.2"),
        claim: "The server's metadata is JSON with every required member and no empty list.",
        needs: &[],
        run: server_document,
    },
    Check {
        id: "metadata/resource-document",
        level: Level::Must,
        clause: rfc(9728, "3.2"),
        claim: "The resource's metadata is JSON with every required member and no empty list.",
        needs: &[],
        run: resource_document,
    },
    Check {
        id: "metadata/public-clients",
        level: Level::Should,
        clause: rfc(8414, "2"),
        claim: "Where clients without a secret are served, the method none is listed.",
        needs: &[Capability::Consent],
        run: public_clients,
    },
];

fn document(probe: &Probe<'_>, address: &str) -> Outcome<(Reply, Value)> {
    let reply = probe.send(&Request::get(address))?;
    ensure(reply.status == 200, format!("200 from {address}"), || reply.summary())?;
    let json = reply.json();
    ensure(json.is_object(), format!("a JSON object from {address}"), || cut(&reply.body))?;
    Ok((reply, json))
}

fn resource(probe: &Probe<'_>) -> Outcome {
    let second = probe.site().second.as_ref().map(|second| second.endpoint.clone());
    for endpoint in [Some(probe.site().endpoint.clone()), second].into_iter().flatten() {
        let (_, json) = document(probe, &Site::resource_metadata_address(&endpoint))?;
        let named = json.get("resource").and_then(Value::as_str).unwrap_or_default();
        ensure(named == endpoint, format!("resource {endpoint}"), || format!("resource {named}"))?;
        ensure(
            !strings(&json, "authorization_servers").is_empty(),
            "authorization_servers with at least one entry",
            || json.to_string(),
        )?;
    }
    Ok(())
}

fn root_form(probe: &Probe<'_>) -> Outcome {
    let endpoint = &probe.site().endpoint;
    let origin = probe.site().origins.first().cloned().unwrap_or_default();
    let (_, by_path) = document(probe, &Site::resource_metadata_address(endpoint))?;
    let (_, by_root) = document(probe, &Site::resource_metadata_address(&origin))?;
    ensure(by_root == by_path, by_path.to_string(), || by_root.to_string())
}

fn issuer(probe: &Probe<'_>) -> Outcome {
    let named = strings(&probe.site().resource, "authorization_servers");
    ensure(!named.is_empty(), "at least one authorization server", || "none".to_owned())?;
    for issuer in named {
        let (_, json) = document(probe, &Site::metadata_address(&issuer))?;
        let found = json.get("issuer").and_then(Value::as_str).unwrap_or_default();
        ensure(found == issuer, format!("issuer {issuer}"), || format!("issuer {found}"))?;
    }
    Ok(())
}

fn discoverable(probe: &Probe<'_>) -> Outcome {
    let endpoint = &probe.site().endpoint;
    let origin = probe.site().origins.first().cloned().unwrap_or_default();
    let unauthorized = probe.send(&probe.message(endpoint, "tools/list", Value::Null))?;
    let pointer = unauthorized.challenge("resource_metadata");
    let well_known =
        [endpoint, &origin].map(|identifier| Site::resource_metadata_address(identifier));
    for address in pointer.into_iter().chain(well_known) {
        let reply = probe.send(&Request::get(&address))?;
        let is_json = reply.header("content-type").is_some_and(|kind| kind.contains("json"));
        let names_servers = !strings(&reply.json(), "authorization_servers").is_empty();
        if reply.status == 200 && is_json && names_servers {
            return Ok(());
        }
    }
    ensure(false, "a document with authorization_servers at one of the addresses", || {
        "none of them has it".to_owned()
    })
}

fn s256(probe: &Probe<'_>) -> Outcome {
    let (_, json) = document(probe, &Site::metadata_address(&probe.site().issuer))?;
    let methods = strings(&json, "code_challenge_methods_supported");
    ensure(methods.iter().any(|method| method == "S256"), "S256 among the methods", || {
        format!("{methods:?}")
    })
}

fn s256_only(probe: &Probe<'_>) -> Outcome {
    let (_, json) = document(probe, &Site::metadata_address(&probe.site().issuer))?;
    let methods = strings(&json, "code_challenge_methods_supported");
    ensure(methods == ["S256"], "code_challenge_methods_supported [\"S256\"]", || {
        format!("{methods:?}")
    })
}

fn secure_endpoints(probe: &Probe<'_>) -> Outcome {
    let (_, json) = document(probe, &Site::metadata_address(&probe.site().issuer))?;
    let members = json.as_object().into_iter().flatten();
    for (name, value) in
        members.filter(|(name, _)| name.ends_with("_endpoint") || *name == "issuer")
    {
        let address = value.as_str().unwrap_or_default();
        ensure(is_secure(address), format!("{name} on https, or http on loopback"), || {
            address.to_owned()
        })?;
    }
    Ok(())
}

fn is_secure(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let loopback = ["127.0.0.1", "[::1]", "localhost"];
    match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(|host| loopback.contains(&host)),
        _ => false,
    }
}

fn iss_advertised(probe: &Probe<'_>) -> Outcome {
    let (_, json) = document(probe, &Site::metadata_address(&probe.site().issuer))?;
    let member = "authorization_response_iss_parameter_supported";
    let advertised = json.get(member).and_then(Value::as_bool).unwrap_or(false);
    let request = probe.authorization(&probe.client()?);
    let landing = probe.authorize(&request, &crate::probe::authorize::Decision::Deny)?;
    let Landing::Callback(callback) = landing else {
        return Err(ProbeError::page("consent", "denying led to no redirect").into());
    };
    let sent = callback.one("iss").is_some();
    ensure(sent == advertised, format!("{member} {sent}, as the response shows"), || {
        format!("{member} {advertised}")
    })
}

fn host_header(probe: &Probe<'_>) -> Outcome {
    let liars = [
        ("host", "evil.example"),
        ("host", "evil.example:443"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=gopher"),
        ("x-original-url", "/evil"),
    ];
    let addresses = [
        Site::resource_metadata_address(&probe.site().endpoint),
        Site::metadata_address(&probe.site().issuer),
    ];
    for address in addresses {
        let (honest, _) = document(probe, &address)?;
        probe.for_each(liars, |(name, value)| {
            let reply = probe.send(&Request::get(&address).header(name, *value))?;
            let refused = (400..500).contains(&reply.status);
            ensure(
                refused || (reply.status == honest.status && reply.body == honest.body),
                "the same document, or a refusal in the 400s",
                || format!("{}: {}", reply.summary(), cut(&reply.body)),
            )
        })?;
    }
    Ok(())
}

fn no_offline_access(probe: &Probe<'_>) -> Outcome {
    let (_, json) = document(probe, &Site::resource_metadata_address(&probe.site().endpoint))?;
    let scopes = strings(&json, "scopes_supported");
    ensure(!scopes.iter().any(|scope| scope == "offline_access"), "no offline_access", || {
        format!("scopes_supported {scopes:?}")
    })?;
    let reply = probe.send(&probe.message(&probe.site().endpoint, "tools/list", Value::Null))?;
    let asked = reply.challenge("scope").unwrap_or_default();
    ensure(!asked.contains("offline_access"), "no offline_access", || format!("challenge {asked}"))
}

fn cut(body: &str) -> String {
    body.chars().take(300).collect()
}

/// Holds when the document at `address` is JSON with `members` and has no list without entries.
fn is_complete(probe: &Probe<'_>, address: &str, members: &[&str]) -> Outcome {
    let (reply, json) = document(probe, address)?;
    let kind = reply.header("content-type").unwrap_or_default().to_ascii_lowercase();
    ensure(kind.starts_with("application/json"), "application/json", || format!("{kind:?}"))?;
    for member in members {
        ensure(json.get(member).is_some(), format!("a member {member}"), || json.to_string())?;
    }
    let empty =
        json.as_object().into_iter().flatten().find(|(_, value)| **value == Value::Array(vec![]));
    ensure(empty.is_none(), "no list without entries", || format!("{empty:?}"))
}

fn server_document(probe: &Probe<'_>) -> Outcome {
    let members =
        ["issuer", "authorization_endpoint", "token_endpoint", "response_types_supported"];
    is_complete(probe, &Site::metadata_address(&probe.site().issuer), &members)
}

fn resource_document(probe: &Probe<'_>) -> Outcome {
    let address = Site::resource_metadata_address(&probe.site().endpoint);
    is_complete(probe, &address, &["resource", "authorization_servers"])
}

fn public_clients(probe: &Probe<'_>) -> Outcome {
    // The ordinary flow of this harness is that of a client without a secret.
    probe.grant()?;
    let (_, json) = document(probe, &Site::metadata_address(&probe.site().issuer))?;
    let methods = strings(&json, "token_endpoint_auth_methods_supported");
    ensure(methods.iter().any(|name| name == "none"), "none among the methods", || {
        format!("{methods:?}")
    })
}
