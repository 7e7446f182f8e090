//! The messages themselves: envelope, results, errors and what caches are told.

use serde_json::{Value, json};

use crate::check::{Capability, Check, Level, mcp};
use crate::outcome::{Outcome, ProbeError, ensure, on};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::{bearing, rpc, rpc_error, stateless};
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "protocol/envelope",
        level: Level::Must,
        clause: mcp("basic/index#responses"),
        claim: "An answer is JSON-RPC 2.0, carries the request's id, and has either a result or an error.",
        needs: &[Capability::Token],
        run: envelope,
    },
    Check {
        id: "protocol/error-shape",
        level: Level::Must,
        clause: mcp("basic/index#error-responses"),
        claim: "An error has a whole number as its code and a message.",
        needs: &[Capability::Token],
        run: error_shape,
    },
    Check {
        id: "protocol/error-codes",
        level: Level::Must,
        clause: mcp("basic/index#error-codes"),
        claim: "No error has a reserved code that the specification does not define.",
        needs: &[Capability::Token, Capability::Stateless],
        run: error_codes,
    },
    Check {
        id: "protocol/content-type",
        level: Level::Must,
        clause: mcp("basic/transports/streamable-http#sending-messages"),
        claim: "A request is answered as JSON or as an event stream.",
        needs: &[Capability::Token],
        run: content_type,
    },
    Check {
        id: "protocol/notification",
        level: Level::Must,
        clause: mcp("basic/transports/streamable-http#sending-messages"),
        claim: "A notification is answered 202 without a body, or with an error status.",
        needs: &[Capability::Token],
        run: notification,
    },
    Check {
        id: "protocol/batch",
        level: Level::Hardening,
        clause: mcp("basic/transports/streamable-http#sending-messages"),
        claim: "Several messages in one body are refused, and none of them runs.",
        needs: &[Capability::Token],
        run: batch,
    },
    Check {
        id: "protocol/result-type",
        level: Level::Must,
        clause: mcp("basic/index#result-responses"),
        claim: "Every result says whether it is complete.",
        needs: &[Capability::Token, Capability::Stateless],
        run: result_type,
    },
    Check {
        id: "protocol/server-info",
        level: Level::Should,
        clause: mcp("basic/index#meta"),
        claim: "Every result names the server in its _meta.",
        needs: &[Capability::Token, Capability::Stateless],
        run: server_info,
    },
    Check {
        id: "protocol/cache-hints",
        level: Level::Must,
        clause: mcp("server/utilities/caching#cacheable-results"),
        claim: "Discovery and lists say for how long and for whom they may be kept.",
        needs: &[Capability::Token, Capability::Stateless],
        run: cache_hints,
    },
    Check {
        id: "protocol/private-list",
        level: Level::Should,
        clause: mcp("server/utilities/caching#security-considerations"),
        claim: "A list of tools that differs from token to token is not offered to shared caches.",
        needs: &[Capability::Token, Capability::Stateless],
        run: private_list,
    },
    Check {
        id: "protocol/list-order",
        level: Level::Should,
        clause: mcp("server/tools#capabilities"),
        claim: "Tools are listed in the same order each time.",
        needs: &[Capability::Token],
        run: list_order,
    },
    Check {
        id: "protocol/cursor",
        level: Level::Should,
        clause: mcp("server/utilities/pagination#error-handling"),
        claim: "A cursor that the server never gave is answered with code -32602.",
        needs: &[Capability::Token],
        run: cursor,
    },
    Check {
        id: "protocol/encoded-name",
        level: Level::Must,
        clause: mcp("basic/transports/streamable-http#value-encoding"),
        claim: "A tool's name in a header is decoded before it is compared with the body.",
        needs: &[Capability::Token, Capability::Stateless],
        run: encoded_name,
    },
];

fn token(probe: &Probe<'_>) -> Outcome<Secret> {
    Ok(probe.token_of_all()?)
}

/// A well-formed message with `edit` applied to its body.
fn edited(
    probe: &Probe<'_>,
    method: &str,
    params: Value,
    edit: impl FnOnce(&mut Value),
) -> Request {
    let mut request = probe.message(&probe.site().endpoint, method, params);
    let mut body: Value = request
        .body
        .as_deref()
        .map_or(Value::Null, |body| serde_json::from_slice(body).expect("the harness sends JSON"));
    edit(&mut body);
    request.body = Some(body.to_string().into_bytes());
    request
}

/// A tool that only reads, with arguments that it accepts.
fn reading_call(probe: &Probe<'_>) -> Value {
    let tool =
        probe.catalogue().tools.iter().find(|tool| {
            tool.is_read_only() && tool.known_arguments(&probe.site().values).is_some()
        });
    tool.map_or_else(
        || json!({}),
        |tool| json!({"name": tool.name, "arguments": tool.arguments(&probe.site().values)}),
    )
}

/// One request of every sort that has a result in this revision.
fn results(probe: &Probe<'_>) -> Outcome<Vec<(&'static str, Value)>> {
    let token = token(probe)?;
    let requests = [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("tools/call", reading_call(probe)),
    ];
    let mut results = Vec::new();
    for (method, params) in requests {
        let reply = probe.mcp(&token, method, params)?.succeeded(method)?;
        let Some(result) = rpc(&reply).get("result").cloned() else {
            return Err(ProbeError::step(method, reply.summary()).into());
        };
        results.push((method, result));
    }
    Ok(results)
}

fn envelope(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let ids =
        [json!(1), json!(0), json!(-7), json!("a"), json!("1"), json!(9_007_199_254_740_991_i64)];
    for method in [probe.site().heartbeat, "no/such"] {
        probe.for_each(ids.clone(), |id| {
            let request = edited(probe, method, json!({}), |body| body["id"] = id.clone());
            let answer = rpc(&probe.say(&probe.site().endpoint, &token, request)?.alive()?);
            let one_of_two = answer.get("result").is_some() != answer.get("error").is_some();
            let is_right = answer["jsonrpc"] == "2.0" && answer.get("id") == Some(id) && one_of_two;
            ensure(is_right, format!("a JSON-RPC 2.0 answer with id {id}"), || answer.to_string())
        })?;
    }
    Ok(())
}

/// Answers to requests that are wrong in one respect each.
fn errors(probe: &Probe<'_>) -> Outcome<Vec<(&'static str, Reply)>> {
    let token = token(probe)?;
    let unknown_tool = json!({"name": "no_such_tool", "arguments": {}});
    let text = json!({"name": reading_call(probe)["name"], "arguments": "text"});
    let send = |request: Request| probe.say(&probe.site().endpoint, &token, request);
    let mut replies = vec![
        ("an unknown method", send(edited(probe, "no/such", json!({}), |_| ()))?),
        ("an unknown tool", send(edited(probe, "tools/call", unknown_tool, |_| ()))?),
        ("arguments that are text", send(edited(probe, "tools/call", text, |_| ()))?),
        (
            "a foreign cursor",
            send(edited(probe, "tools/list", json!({"cursor": "foreign"}), |_| ()))?,
        ),
    ];
    let mut nameless = edited(probe, "tools/list", json!({}), |_| ());
    nameless.headers.retain(|(name, _)| name != "mcp-method");
    replies.push(("no method header", send(nameless)?));
    replies.retain(|(_, reply)| rpc(reply).get("error").is_some());
    Ok(replies)
}

fn error_shape(probe: &Probe<'_>) -> Outcome {
    for (what, reply) in errors(probe)? {
        let error = rpc(&reply)["error"].clone();
        let is_right = error["code"].is_i64() && error["message"].is_string();
        on(what, ensure(is_right, "an integer code and a message", || error.to_string()))?;
    }
    Ok(())
}

fn error_codes(probe: &Probe<'_>) -> Outcome {
    for (what, reply) in errors(probe)? {
        let code = rpc_error(&reply).unwrap_or_default();
        let is_reserved = (-32_099..=-32_020).contains(&code) || [-32_002, -32_042].contains(&code);
        let is_defined = (-32_022..=-32_020).contains(&code);
        let expected = "no reserved code but -32020, -32021 and -32022";
        on(what, ensure(!is_reserved || is_defined, expected, || code.to_string()))?;
    }
    Ok(())
}

fn content_type(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each([probe.site().heartbeat, "tools/list"], |method| {
        let reply = probe.mcp(&token, method, json!({}))?.succeeded(method)?;
        let kind = reply.header("content-type").unwrap_or_default().to_ascii_lowercase();
        let is_known = ["application/json", "text/event-stream"]
            .iter()
            .any(|known| kind.split(';').next().unwrap_or_default().trim() == *known);
        ensure(is_known, "application/json or text/event-stream", || format!("{kind:?}"))
    })
}

fn notification(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(["notifications/initialized", "tools/list", "no/such"], |method| {
        let request = edited(probe, method, json!({}), |body| {
            body.as_object_mut().map(|members| members.remove("id"));
        });
        let reply = probe.say(&probe.site().endpoint, &token, request)?.alive()?;
        let is_right = (reply.status == 202 && reply.body.is_empty()) || reply.status >= 400;
        ensure(is_right, "202 without a body, or an error status", || {
            format!("{} with {} bytes", reply.summary(), reply.body.len())
        })
    })
}

fn batch(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    for count in [1, 2] {
        let request = edited(probe, "tools/list", json!({}), |body| {
            *body = Value::Array(vec![body.clone(); count]);
        });
        let reply = probe.say(&probe.site().endpoint, &token, request)?;
        let refused = (400..500).contains(&reply.status) && !reply.body.contains("\"result\"");
        ensure(refused, "a refusal in the 400s and no result", || reply.summary())?;
    }
    Ok(())
}

fn result_type(probe: &Probe<'_>) -> Outcome {
    for (method, result) in results(probe)? {
        let kind = result.get("resultType").and_then(Value::as_str);
        on(
            method,
            ensure(kind == Some("complete"), "resultType complete", || format!("{kind:?}")),
        )?;
    }
    Ok(())
}

fn server_info(probe: &Probe<'_>) -> Outcome {
    for (method, result) in results(probe)? {
        let info = result["_meta"]["io.modelcontextprotocol/serverInfo"].clone();
        let is_named = info["name"].is_string() && info["version"].is_string();
        on(method, ensure(is_named, "serverInfo with name and version", || info.to_string()))?;
    }
    Ok(())
}

fn cache_hints(probe: &Probe<'_>) -> Outcome {
    for (method, result) in results(probe)?.into_iter().take(2) {
        let scope = result.get("cacheScope").and_then(Value::as_str);
        let is_right = result.get("ttlMs").is_some_and(Value::is_u64)
            && matches!(scope, Some("public" | "private"));
        let expected = "ttlMs of 0 or more, and cacheScope public or private";
        on(method, ensure(is_right, expected, || result.to_string()))?;
    }
    Ok(())
}

fn private_list(probe: &Probe<'_>) -> Outcome {
    let scopes = probe.catalogue().scope_names();
    let mut lists = Vec::new();
    for asked in scopes.iter().map(std::slice::from_ref).chain([scopes.as_slice()]) {
        let token = probe.grant_of(asked)?.tokens.access;
        let reply = probe.mcp(&token, "tools/list", json!({}))?.succeeded("list tools")?;
        lists.push(rpc(&reply)["result"].clone());
    }
    let differ = lists.iter().any(|list| list["tools"] != lists[0]["tools"]);
    let shared = lists.iter().any(|list| list["cacheScope"] == "public");
    ensure(!(differ && shared), "cacheScope private", || "cacheScope public".to_owned())
}

fn list_order(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let first = probe.list_tools(&probe.site().endpoint, &token)?;
    for _ in 0..3 {
        let again = probe.list_tools(&probe.site().endpoint, &token)?;
        ensure(again == first, format!("{first:?} again"), || format!("{again:?}"))?;
    }
    Ok(())
}

fn cursor(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(["foreign", "AAAA", "-1"], |cursor| {
        let reply = probe.mcp(&token, "tools/list", json!({"cursor": cursor}))?.alive()?;
        let code = rpc_error(&reply);
        ensure(code == Some(-32_602), "code -32602", || format!("{code:?}"))
    })
}

fn encoded_name(probe: &Probe<'_>) -> Outcome {
    use base64::Engine as _;
    let token = token(probe)?;
    let params = reading_call(probe);
    let name = params["name"].as_str().unwrap_or_default();
    let encoded = base64::engine::general_purpose::STANDARD.encode(name);
    for (value, is_right) in [
        (format!("=?base64?{encoded}?="), true),
        (encoded.clone(), false),
        (format!("=?base64?{encoded}x?="), false),
    ] {
        let mut request =
            bearing(stateless(&probe.site().endpoint, "tools/call", params.clone()), &token);
        request.headers.retain(|(header, _)| header != "mcp-name");
        let reply = probe.send(&request.header("mcp-name", &value))?.alive()?;
        let statuses: &[u16] = if is_right { &[200] } else { &[400] };
        on(&value, reply.has_status(statuses))?;
    }
    Ok(())
}
