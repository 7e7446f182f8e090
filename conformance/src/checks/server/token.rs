//! The token endpoint: who may use it, in which words, and what it answers.

use crate::check::{Capability, Check, Level, mcp, rfc};
use crate::outcome::{Outcome, Violation, ensure, on};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request, encode_form};
use crate::probe::register::Method;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "token/response",
        level: Level::Must,
        clause: rfc(6749, "5.1"),
        claim: "Every answer with a token is uncached JSON with token_type Bearer.",
        needs: &[Capability::Consent],
        run: response,
    },
    Check {
        id: "token/lifetime",
        level: Level::Should,
        clause: mcp("basic/authorization/security-considerations#token-theft"),
        claim: "A token response says how long the access token lives, which is a day at most.",
        needs: &[Capability::Consent],
        run: lifetime,
    },
    Check {
        id: "token/error-response",
        level: Level::Must,
        clause: rfc(6749, "5.2"),
        claim: "Every refusal is JSON with an error code.",
        needs: &[],
        run: error_response,
    },
    Check {
        id: "token/method",
        level: Level::Must,
        clause: rfc(6749, "3.2"),
        claim: "The token endpoint answers POST only.",
        needs: &[Capability::Consent],
        run: method,
    },
    Check {
        id: "token/query",
        level: Level::Must,
        clause: rfc(6749, "2.3.1"),
        claim: "Parameters in the address are never honoured.",
        needs: &[Capability::Consent],
        run: query,
    },
    Check {
        id: "token/content-type",
        level: Level::Hardening,
        clause: rfc(6749, "4.1.3"),
        claim: "Only a form is read as a token request.",
        needs: &[Capability::Consent],
        run: content_type,
    },
    Check {
        id: "token/grant-types",
        level: Level::Must,
        clause: rfc(8414, "2"),
        claim: "The grant types that work are exactly those that are advertised.",
        needs: &[Capability::Registration],
        run: grant_types,
    },
    Check {
        id: "token/repeated-parameter",
        level: Level::Must,
        clause: rfc(6749, "3.2"),
        claim: "A token request that names a parameter twice is refused.",
        needs: &[Capability::Consent],
        run: repeated_parameter,
    },
    Check {
        id: "token/advertised-methods",
        level: Level::Must,
        clause: rfc(8414, "2"),
        claim: "Every client authentication method that is advertised works.",
        needs: &[Capability::Consent],
        run: advertised_methods,
    },
    Check {
        id: "token/wrong-secret",
        level: Level::Must,
        clause: rfc(6749, "5.2"),
        claim: "A confidential client with a wrong secret or none is answered invalid_client.",
        needs: &[Capability::Consent],
        run: wrong_secret,
    },
    Check {
        id: "token/registered-method",
        level: Level::Should,
        clause: rfc(7591, "2"),
        claim: "A client is only authenticated in the way that it registered.",
        needs: &[Capability::Consent],
        run: registered_method,
    },
    Check {
        id: "token/unknown-parameter",
        level: Level::Must,
        clause: rfc(6749, "3.2"),
        claim: "A parameter that the token endpoint does not know changes nothing.",
        needs: &[Capability::Consent],
        run: unknown_parameter,
    },
    Check {
        id: "token/registered-errors",
        level: Level::Must,
        clause: rfc(6749, "5.2"),
        claim: "Every error code of the token endpoint is a registered one.",
        needs: &[],
        run: registered_errors,
    },
];

fn is_uncached_json(reply: &Reply) -> Outcome {
    let cache = reply.header("cache-control").unwrap_or_default().to_ascii_lowercase();
    ensure(cache.contains("no-store"), "Cache-Control: no-store", || format!("{cache:?}"))?;
    is_json(reply)
}

fn is_json(reply: &Reply) -> Outcome {
    let kind = reply.header("content-type").unwrap_or_default().to_ascii_lowercase();
    ensure(kind.starts_with("application/json"), "application/json", || format!("{kind:?}"))
}

fn response(probe: &Probe<'_>) -> Outcome {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let exchanged = probe.token(&probe.exchange(&issued))?.succeeded("exchange a code")?;
    is_token_response(&exchanged)?;
    if let Some(refresh) = exchanged.text("refresh_token").map(Secret::new) {
        let request = probe.refreshing(&issued.authorization.client, &refresh);
        is_token_response(&probe.token(&request)?.succeeded("refresh")?)?;
    }
    Ok(())
}

fn is_token_response(reply: &Reply) -> Outcome {
    is_uncached_json(reply)?;
    let kind = reply.text("token_type").unwrap_or_default();
    ensure(kind.eq_ignore_ascii_case("bearer"), "token_type Bearer", || format!("{kind:?}"))
}

fn lifetime(probe: &Probe<'_>) -> Outcome {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let reply = probe.token(&probe.exchange(&issued))?.succeeded("exchange a code")?;
    let lifetime = reply.json().get("expires_in").cloned().unwrap_or_default();
    let short = lifetime.as_u64().is_some_and(|seconds| (1..=86_400).contains(&seconds));
    ensure(short, "expires_in between a second and a day", || lifetime.to_string())
}

fn error_response(probe: &Probe<'_>) -> Outcome {
    let endpoint = probe.site().endpoint_of("token_endpoint")?;
    let forms: [&[(&str, &str)]; 4] = [
        &[],
        &[("grant_type", "authorization_code"), ("code", "nothing"), ("client_id", "nobody")],
        &[("grant_type", "refresh_token"), ("refresh_token", "nothing"), ("client_id", "nobody")],
        &[("grant_type", "nonsense"), ("client_id", "nobody")],
    ];
    probe.for_each(forms, |form| {
        let reply = probe.token_by(&Request::post_form(&endpoint, form))?;
        reply.gives_no_token()?;
        is_json(&reply)?;
        ensure(reply.text("error").is_some(), "an error code", || reply.summary())
    })
}

fn method(probe: &Probe<'_>) -> Outcome {
    let endpoint = probe.site().endpoint_of("token_endpoint")?;
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let parameters = encode_form(&probe.exchange(&issued).parameters.0);
    probe.for_each(["GET", "PUT", "PATCH", "DELETE"], |method| {
        let url = format!("{endpoint}?{parameters}");
        probe.token_by(&Request::new(method, url))?.gives_no_token()
    })
}

fn query(probe: &Probe<'_>) -> Outcome {
    let endpoint = probe.site().endpoint_of("token_endpoint")?;
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let request = probe.exchange(&issued);
    let url = format!("{endpoint}?{}", encode_form(&request.parameters.0));
    let form = "application/x-www-form-urlencoded";
    probe.token_by(&Request::post(&url, form, Vec::new()))?.gives_no_token()?;
    // The verifier alone in the address: the rest, in the body, is a request without one.
    let verifier = issued.authorization.verifier.expose();
    let url = format!("{endpoint}?{}", encode_form(&[("code_verifier", verifier)]));
    probe.token_by(&request.without("code_verifier").to(&url))?.gives_no_token()
}

fn content_type(probe: &Probe<'_>) -> Outcome {
    let endpoint = probe.site().endpoint_of("token_endpoint")?;
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let parameters = probe.exchange(&issued).parameters.0;
    let members = parameters.iter().map(|(name, value)| (name.clone(), value.clone().into()));
    let json = serde_json::Value::Object(members.collect());
    let form = encode_form(&parameters).into_bytes();
    let requests = [
        Request::post_json(&endpoint, &json),
        Request::post(&endpoint, "text/plain", form.clone()),
        Request::post(&endpoint, "multipart/form-data; boundary=x", form),
    ];
    for request in requests {
        probe.token_by(&request)?.gives_no_token()?;
    }
    Ok(())
}

fn grant_types(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let mut advertised = probe.site().advertised("grant_types_supported");
    if advertised.is_empty() {
        // What RFC 8414 says an omitted member stands for.
        advertised = ["authorization_code", "implicit"].map(str::to_owned).to_vec();
    }
    let known = [
        "authorization_code",
        "refresh_token",
        "password",
        "client_credentials",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "AUTHORIZATION_CODE",
        "nonsense",
    ];
    let endpoint = probe.site().endpoint_of("token_endpoint")?;
    probe.for_each(known, |kind| {
        let form = [
            ("grant_type", *kind),
            ("client_id", &client.id),
            ("username", "user"),
            ("password", "password"),
            ("code", "nothing"),
            ("refresh_token", "nothing"),
            ("code_verifier", "nothing"),
        ];
        let reply = probe.token_by(&Request::post_form(&endpoint, &form))?;
        reply.gives_no_token()?;
        let error = reply.text("error").unwrap_or_default();
        let is_advertised = advertised.iter().any(|name| name == kind);
        // The implicit grant never comes to this endpoint.
        let is_right = match error.as_str() {
            "unsupported_grant_type" => !is_advertised || *kind == "implicit",
            "invalid_grant" => is_advertised,
            _ => true,
        };
        ensure(is_right, format!("supported: {is_advertised}, as advertised"), || reply.summary())
    })
}

fn repeated_parameter(probe: &Probe<'_>) -> Outcome {
    let names = ["grant_type", "code", "client_id", "redirect_uri", "code_verifier"];
    probe.for_each(names, |name| {
        let issued = probe.code(&probe.authorization(&probe.client()?))?;
        let request = probe.exchange(&issued);
        let value = request.parameters.find(name).unwrap_or_default().to_owned();
        probe.token(&request.also(name, value))?.is_refused(&["invalid_request", "invalid_client"])
    })
}

pub(super) fn confidential(probe: &Probe<'_>) -> Vec<Method> {
    let mut advertised = probe.site().advertised("token_endpoint_auth_methods_supported");
    if advertised.is_empty() {
        // RFC 8414 section 2: what a server says nothing about is client_secret_basic.
        advertised.push(Method::Basic.name().to_owned());
    }
    let methods = [Method::Basic, Method::Post].into_iter();
    methods.filter(|method| advertised.iter().any(|name| name == method.name())).collect()
}

fn advertised_methods(probe: &Probe<'_>) -> Outcome {
    probe.for_each(confidential(probe), |method| {
        let client = probe.new_client(*method)?;
        let issued = probe.code(&probe.authorization(&client))?;
        let reply = probe.token(&probe.exchange(&issued))?.alive()?;
        ensure(reply.is_success(), "a token for the right secret", || reply.summary())
    })
}

fn wrong_secret(probe: &Probe<'_>) -> Outcome {
    probe.for_each(confidential(probe), |method| {
        let client = probe.new_client(*method)?;
        let issued = probe.code(&probe.authorization(&client))?;
        let mut secrets = vec![Some("wrong".to_owned()), Some(String::new()), None];
        if let Some(secret) = &client.secret {
            secrets.push(Some(format!("{}x", secret.expose())));
        }
        for secret in secrets {
            let mut impostor = client.clone();
            impostor.secret = secret.map(Secret::new);
            let is_empty = impostor.secret.as_ref().is_none_or(|secret| secret.expose().is_empty());
            let reply = probe.token(&probe.exchange(&issued).by(&impostor))?;
            // No secret at all may be called a malformed request as well.
            let errors = ["invalid_client", "invalid_request"];
            reply.is_refused(if is_empty { &errors } else { &errors[..1] })?;
            let is_basic = *method == Method::Basic
                && impostor.secret.is_some()
                && reply.text("error").as_deref() == Some("invalid_client");
            ensure(
                !is_basic || (reply.status == 401 && reply.header("www-authenticate").is_some()),
                "401 with a WWW-Authenticate header for Basic",
                || reply.summary(),
            )?;
        }
        Ok(())
    })
}

fn registered_method(probe: &Probe<'_>) -> Outcome {
    let methods = confidential(probe);
    for method in &methods {
        let client = probe.new_client(*method)?;
        for other in methods.iter().filter(|other| *other != method) {
            let issued = probe.code(&probe.authorization(&client))?;
            let mut confused = client.clone();
            confused.method = *other;
            let reply = probe.token(&probe.exchange(&issued).by(&confused))?;
            let halt =
                reply.is_refused(&["invalid_client", "unauthorized_client", "invalid_request"]);
            on(&format!("registered {}, used {}", method.name(), other.name()), halt)?;
        }
    }
    let public = probe.client()?;
    let issued = probe.code(&probe.authorization(&public))?;
    let mut pretender = public;
    pretender.method = Method::Basic;
    pretender.secret = Some(Secret::new("made up"));
    let reply = probe.token(&probe.exchange(&issued).by(&pretender))?.alive()?;
    if reply.is_success() {
        let observed = "a token for a public client with a made-up secret";
        return Err(Violation::new("a refusal", observed).into());
    }
    Ok(())
}

fn unknown_parameter(probe: &Probe<'_>) -> Outcome {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let exchange = probe.exchange(&issued);
    let exchange = exchange.also("x-unknown", "1").also("nonce", "n").also("é", "");
    let reply = probe.token(&exchange)?.alive()?;
    let is_given = reply.is_success() && reply.text("access_token").is_some();
    ensure(is_given, "an access token", || reply.summary())
}

fn registered_errors(probe: &Probe<'_>) -> Outcome {
    const REGISTERED: [&str; 7] = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
    ];
    let endpoint = probe.site().endpoint_of("token_endpoint")?;
    let forms: [&[(&str, &str)]; 5] = [
        &[],
        &[("grant_type", "nonsense"), ("client_id", "nobody")],
        &[("grant_type", "authorization_code"), ("code", "nothing"), ("client_id", "nobody")],
        &[("grant_type", "refresh_token"), ("refresh_token", "nothing")],
        &[("grant_type", "authorization_code"), ("grant_type", "authorization_code")],
    ];
    probe.for_each(forms, |form| {
        let reply = probe.token_by(&Request::post_form(&endpoint, form))?;
        let error = reply.text("error").unwrap_or_default();
        let is_known = REGISTERED.contains(&error.as_str()) && matches!(reply.status, 400 | 401);
        ensure(is_known, "400 or 401 with a registered error", || reply.summary())
    })
}
