//! Tools: how they are described, what they take, and what they give back.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::catalogue::Tool;
use crate::catalogue::schema::mismatch;
use crate::check::{Capability, Check, Level, lookout, mcp};
use crate::outcome::{Outcome, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::rpc;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tool/schemas",
        level: Level::Must,
        clause: mcp("server/tools#tool"),
        claim: "Every tool has an input schema that describes an object.",
        needs: &[Capability::Token],
        run: schemas,
    },
    Check {
        id: "tool/names",
        level: Level::Should,
        clause: mcp("server/tools#tool-names"),
        claim: "Tool names are unique, short, and made of letters, digits, underscore, hyphen and dot.",
        needs: &[Capability::Token],
        run: tool_names,
    },
    Check {
        id: "tool/static-descriptions",
        level: Level::Hardening,
        clause: lookout("a tool's description never changes under a client that trusts it"),
        claim: "What is said about a tool depends on no token and on nothing that was saved.",
        needs: &[Capability::Token],
        run: static_descriptions,
    },
    Check {
        id: "tool/result",
        level: Level::Must,
        clause: mcp("server/tools#tool-result"),
        claim: "Every result of a tool has an array of content.",
        needs: &[Capability::Token],
        run: result,
    },
    Check {
        id: "tool/text-content",
        level: Level::Should,
        clause: mcp("server/tools#structured-content"),
        claim: "Structured content is there as JSON text as well, for clients that read only text.",
        needs: &[Capability::Token],
        run: text_content,
    },
    Check {
        id: "tool/output-schema",
        level: Level::Must,
        clause: mcp("server/tools#output-schema"),
        claim: "Structured content is what the tool's output schema says.",
        needs: &[Capability::Token],
        run: output_schema,
    },
    Check {
        id: "tool/bad-arguments",
        level: Level::Must,
        clause: mcp("server/tools#security-considerations"),
        claim: "No tool runs with arguments that its schema does not admit.",
        needs: &[Capability::Token],
        run: bad_arguments,
    },
    Check {
        id: "tool/reads-only",
        level: Level::Hardening,
        clause: lookout("a query tool only reads"),
        claim: "A tool that takes SQL and says that it only reads refuses every other statement.",
        needs: &[Capability::Token],
        run: reads_only,
    },
    Check {
        id: "tool/token-unseen",
        level: Level::Hardening,
        clause: mcp(
            "basic/authorization/security-considerations#access-token-privilege-restriction",
        ),
        claim: "No answer of the endpoint contains the token of its request.",
        needs: &[Capability::Token],
        run: token_unseen,
    },
];

/// The tools as they are described to `token`.
fn described(probe: &Probe<'_>, token: &Secret) -> Outcome<Vec<Value>> {
    let mut tools = Vec::new();
    let mut params = json!({});
    for _ in 0..20 {
        let reply = probe.mcp(token, "tools/list", params)?.succeeded("list tools")?;
        let result = rpc(&reply)["result"].clone();
        tools.extend(result["tools"].as_array().cloned().unwrap_or_default());
        match result["nextCursor"].as_str() {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => break,
        }
    }
    Ok(tools)
}

fn own_tools(probe: &Probe<'_>) -> Outcome<Vec<Value>> {
    described(probe, &probe.token_of_all()?)
}

fn schemas(probe: &Probe<'_>) -> Outcome {
    for tool in own_tools(probe)? {
        let name = tool["name"].as_str().unwrap_or("a tool without a name").to_owned();
        let input = &tool["inputSchema"];
        on(
            &name,
            ensure(input["type"] == "object", "inputSchema of type object", || input.to_string()),
        )?;
        let output = tool.get("outputSchema");
        let is_schema = output.is_none_or(|schema| schema.is_object() || schema.is_boolean());
        on(
            &name,
            ensure(is_schema, "outputSchema, if any, a schema", || {
                tool["outputSchema"].to_string()
            }),
        )?;
    }
    Ok(())
}

fn tool_names(probe: &Probe<'_>) -> Outcome {
    let mut seen = BTreeSet::new();
    for tool in own_tools(probe)? {
        let name = tool["name"].as_str().unwrap_or_default().to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let is_plain = (1..=128).contains(&name.len()) && name.chars().all(plain);
        ensure(is_plain, "1 to 128 of A-Z a-z 0-9 _ - .", || format!("{name:?}"))?;
        let is_new = seen.insert(name.clone());
        ensure(is_new, "every name once", || format!("{name:?} twice"))?;
    }
    Ok(())
}

fn static_descriptions(probe: &Probe<'_>) -> Outcome {
    let all = probe.catalogue().scope_names();
    let token = probe.grant_of(&all)?.tokens.access;
    let before = described(probe, &token)?;
    let canary = format!("canary {}", probe.fresh_name());
    for tool in probe.catalogue().tools.iter().filter(|tool| !tool.is_read_only()) {
        let mut arguments = tool.arguments(&probe.site().values);
        for name in ["title", "name", "description"] {
            if tool.input_schema.pointer(&format!("/properties/{name}")).is_some() {
                arguments[name] = json!(canary);
            }
        }
        if tool.input_schema.pointer("/properties/dry_run").is_some() {
            arguments["dry_run"] = json!(true);
        }
        probe.call_tool(&probe.site().endpoint, &token, &tool.name, &arguments)?.alive()?;
    }
    let mut lists = vec![described(probe, &token)?];
    for scope in &all {
        let narrow = probe.grant_of(std::slice::from_ref(scope))?.tokens.access;
        lists.push(described(probe, &narrow)?);
    }
    for tool in lists.into_iter().flatten() {
        let same = before.contains(&tool);
        ensure(same, "the description of before", || tool.to_string())?;
    }
    Ok(())
}

/// Every tool that only reads, called with arguments that are known to be good.
fn answers<'a>(probe: &Probe<'a>) -> Outcome<Vec<(&'a Tool, Reply)>> {
    let token = probe.token_of_all()?;
    let mut answers = Vec::new();
    for tool in probe.catalogue().tools.iter().filter(|tool| tool.is_read_only()) {
        let Some(arguments) = tool.known_arguments(&probe.site().values) else { continue };
        let reply = probe.call_tool(&probe.site().endpoint, &token, &tool.name, &arguments)?;
        let reply = reply.alive()?;
        if rpc(&reply).get("result").is_some() {
            answers.push((tool, reply));
        }
    }
    if answers.is_empty() {
        return Err(not_tested("no tool is known that reads without arguments"));
    }
    Ok(answers)
}

fn result(probe: &Probe<'_>) -> Outcome {
    for (tool, reply) in answers(probe)? {
        let result = rpc(&reply)["result"].clone();
        let is_right = result["content"].is_array();
        on(&tool.name, ensure(is_right, "an array named content", || result.to_string()))?;
    }
    Ok(())
}

fn text_content(probe: &Probe<'_>) -> Outcome {
    for (tool, reply) in answers(probe)? {
        let result = rpc(&reply)["result"].clone();
        let Some(structured) = result.get("structuredContent") else { continue };
        let mut texts = result["content"].as_array().into_iter().flatten();
        let is_repeated = texts.any(|block| {
            let text = block["text"].as_str().unwrap_or_default();
            serde_json::from_str::<Value>(text).is_ok_and(|value| value == *structured)
        });
        on(
            &tool.name,
            ensure(is_repeated, "a text block with the same JSON", || {
                result["content"].to_string()
            }),
        )?;
    }
    Ok(())
}

fn output_schema(probe: &Probe<'_>) -> Outcome {
    let tools = own_tools(probe)?;
    for (tool, reply) in answers(probe)? {
        let result = rpc(&reply)["result"].clone();
        let described = tools.iter().find(|other| other["name"] == tool.name);
        let Some(schema) = described.and_then(|tool| tool.get("outputSchema")) else { continue };
        if result["isError"] == true {
            continue;
        }
        let found = match result.get("structuredContent") {
            Some(content) => mismatch(schema, schema, content),
            None => Some("there is no structuredContent".to_owned()),
        };
        let expected = "structuredContent as its outputSchema says";
        on(&tool.name, ensure(found.is_none(), expected, || found.unwrap_or_default()))?;
    }
    Ok(())
}

/// Whether a tool was run to success.
fn ran(reply: &Reply) -> bool {
    let answer = rpc(reply);
    answer.get("result").is_some_and(|result| result["isError"] != true)
}

fn bad_arguments(probe: &Probe<'_>) -> Outcome {
    let token = probe.token_of_all()?;
    for tool in &probe.catalogue().tools {
        let required = crate::probe::site::strings(&tool.input_schema, "required");
        let Some(name) = required.first() else { continue };
        let good = tool.arguments(&probe.site().values);
        let mut missing = good.clone();
        missing.as_object_mut().map(|members| members.remove(name));
        let mut wrong = good.clone();
        wrong[name.as_str()] = json!({"not": ["what", "the", "schema", "says"]});
        for (what, arguments) in [("a required argument missing", missing), ("a wrong type", wrong)]
        {
            let reply =
                probe.call_tool(&probe.site().endpoint, &token, &tool.name, &arguments)?.alive()?;
            let input = format!("{} with {what}: {name}", tool.name);
            on(&input, ensure(!ran(&reply), "an error", || rpc(&reply).to_string()))?;
        }
    }
    Ok(())
}

/// Statements that do something else than read, in the disguises that get past a naive guard.
const WRITES: [&str; 16] = [
    "DELETE FROM t",
    "DROP TABLE t",
    "CREATE TABLE conformance_canary (a INTEGER)",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "SELECT 1; DROP TABLE t",
    "SELECT 1;\nCREATE TABLE conformance_canary (a INTEGER)",
    "/* SELECT */ CREATE TABLE conformance_canary (a INTEGER)",
    "-- SELECT\nCREATE TABLE conformance_canary (a INTEGER)",
    "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
    "ATTACH DATABASE '/tmp/conformance-canary' AS c",
    "PRAGMA writable_schema = 1",
    "SET ROLE postgres",
    "COMMIT",
    "SELECT load_extension('conformance')",
    "SELECT pg_read_file('/etc/passwd')",
];

fn reads_only(probe: &Probe<'_>) -> Outcome {
    let takes_sql = |tool: &&Tool| {
        let sql = ["sql", "query", "statement"];
        tool.is_read_only()
            && sql.iter().any(|name| {
                let pointer = format!("/properties/{name}/type");
                tool.input_schema.pointer(&pointer).is_some_and(|kind| kind == "string")
            })
    };
    let Some(tool) = probe.catalogue().tools.iter().find(takes_sql) else {
        return Err(not_tested("no tool takes SQL and says that it only reads"));
    };
    let name = ["sql", "query", "statement"]
        .into_iter()
        .find(|name| tool.input_schema.pointer(&format!("/properties/{name}")).is_some())
        .unwrap_or("sql");
    let token = probe.token_of_all()?;
    probe.for_each(WRITES, |statement| {
        let mut arguments = tool.arguments(&probe.site().values);
        arguments[name] = json!(statement);
        let reply =
            probe.call_tool(&probe.site().endpoint, &token, &tool.name, &arguments)?.alive()?;
        ensure(!ran(&reply), "a refusal", || rpc(&reply).to_string())
    })
}

fn token_unseen(probe: &Probe<'_>) -> Outcome {
    let token = probe.token_of_all()?;
    let endpoint = &probe.site().endpoint;
    let first = &probe.catalogue().tools[0].name;
    let requests = [
        ("a list", probe.message(endpoint, "tools/list", json!({}))),
        ("an unknown method", probe.message(endpoint, "no/such", json!({}))),
        ("no arguments", probe.message(endpoint, "tools/call", json!({"name": first}))),
        (
            "another version",
            probe.message(endpoint, "tools/list", json!({})).header("mcp-protocol-version", "1"),
        ),
        ("no JSON", Request::post(endpoint, "application/json", b"{".to_vec())),
        (
            "a foreign origin",
            probe
                .message(endpoint, "tools/list", json!({}))
                .header("origin", "https://evil.example"),
        ),
    ];
    for (what, request) in requests {
        let reply = probe.say(endpoint, &token, request)?;
        let is_shown = reply.body.contains(token.expose())
            || reply.headers.iter().any(|(_, value)| value.contains(token.expose()));
        on(what, ensure(!is_shown, "an answer without the token", || reply.summary()))?;
    }
    Ok(())
}
