//! Saving dashboards: checked whole, guarded by revision, repeatable by key, and seen by every later read.

use crate::served::Served;
use serde_json::{Value, json};

fn spec() -> Value {
    json!({
        "parameters": [{ "name": "country", "label": "Country", "type": "text", "default": "DE", "x-note": 7 }],
        "panels": [
            { "id": "orders", "title": "Orders", "type": "metric", "sql": "select count(*) from orders where ordered_at >= {{time_range_start}} and ordered_at < {{time_range_end}}",
              "metricConfig": { "format": "number" }, "width": "half", "order": 0, "unknownMember": { "kept": [1, 2] } },
            { "id": "country", "title": "Country", "type": "table", "sql": "select {{country}} as country" },
        ],
        "theme": "calm",
    })
}

struct Saver {
    served: Served,
    token: String,
}

impl Saver {
    fn start() -> Self {
        let served = Served::start();
        let token = served.token("mcp:read mcp:write");
        Self { served, token }
    }

    #[track_caller]
    fn ok(&self, arguments: Value) -> Value {
        let result = self.served.tool(&self.token, "save_dashboard", arguments);
        assert_eq!(result["isError"], false, "{result:#}");
        result["structuredContent"].clone()
    }

    #[track_caller]
    fn fails(&self, arguments: Value, code: &str) -> Value {
        let result = self.served.tool(&self.token, "save_dashboard", arguments);
        assert_eq!(result["isError"], true, "{result:#}");
        let facts = result["_meta"]["com.rudderstack.lookout/error"].clone();
        assert_eq!(facts["code"], code, "{result:#}");
        facts
    }

    fn get(&self, dashboard: &Value) -> Value {
        let arguments = json!({ "dashboard": dashboard, "detail": "full" });
        self.served.tool(&self.token, "get_dashboard", arguments)["structuredContent"].clone()
    }

    fn count(&self) -> usize {
        let list = self.served.tool(&self.token, "list_dashboards", json!({}));
        list["structuredContent"]["dashboards"].as_array().expect("dashboards").len()
    }
}

#[test]
fn a_dashboard_is_created_read_back_with_unknown_members_and_run() {
    let saver = Saver::start();
    let saved = saver.ok(json!({ "title": "Orders & Länder!", "spec": spec() }));
    assert_eq!(saved["created"], true);
    assert_eq!(saved["dashboard"]["slug"], "orders-l-nder");
    assert_eq!(saved["changes"]["panels_added"], json!(["orders", "country"]));
    let read = saver.get(&saved["dashboard"]["id"]);
    assert_eq!(read["revision"], 1);
    assert_eq!(read["spec"]["theme"], "calm");
    assert_eq!(read["spec"]["panels"][0]["unknownMember"], json!({ "kept": [1, 2] }));
    assert_eq!(read["spec"]["parameters"][0]["name"], "time_range");
    assert_eq!(read["spec"]["parameters"][1]["x-note"], 7);
    let arguments = json!({ "dashboard": "orders-l-nder", "panel_id": "country", "parameters": { "country": "'; drop table orders; --" } });
    let run =
        saver.served.tool(&saver.token, "run_dashboard_panel", arguments)["structuredContent"]
            .clone();
    assert_eq!(run["rows"], json!([["'; drop table orders; --"]]));
    assert_eq!(run["executed_sql"], "select :country as country");
    let again = saver.ok(json!({ "title": "Orders & Länder!", "spec": spec() }));
    assert_eq!(again["dashboard"]["slug"], "orders-l-nder-2");
}

#[test]
fn an_update_needs_the_current_revision_and_reports_what_it_changes() {
    let saver = Saver::start();
    let id = saver.ok(json!({ "title": "A", "description": "kept", "spec": spec() }))["dashboard"]
        ["id"]
        .clone();
    let mut changed = saver.get(&id)["spec"].clone();
    changed["panels"][0]["title"] = json!("All orders");
    changed["panels"][1] =
        json!({ "id": "one", "title": "One", "type": "table", "sql": "select 1" });
    changed["parameters"].as_array_mut().expect("parameters").pop();
    let update = json!({ "dashboard": id, "if_revision": 1, "title": "B", "spec": changed });

    saver.fails(json!({ "dashboard": id, "title": "B", "spec": changed }), "revision_required");
    saver.fails(
        json!({ "dashboard": "nope", "if_revision": 1, "title": "B", "spec": changed }),
        "dashboard_not_found",
    );
    saver.fails(
        json!({ "dashboard": id, "if_revision": 1, "title": "B", "slug": "b", "spec": changed }),
        "slug_immutable",
    );
    let saved = saver.ok(update.clone());
    assert_eq!(saved["created"], false);
    assert_eq!(saved["dashboard"]["revision"], 2);
    let expected = json!({ "panels_added": ["one"], "panels_changed": ["orders"], "panels_removed": ["country"], "parameters_changed": ["country"] });
    assert_eq!(saved["changes"], expected);
    assert_eq!(saver.get(&id)["description"], "kept");
    assert_eq!(saver.fails(update, "revision_conflict")["details"]["current_revision"], 2);
    assert_eq!(saver.get(&id)["revision"], 2);
}

#[test]
fn a_dry_run_checks_everything_and_saves_nothing() {
    let saver = Saver::start();
    let before = saver.count();
    let dry = saver.ok(json!({ "title": "Dry", "spec": spec(), "dry_run": true }));
    assert_eq!(
        (&dry["dry_run"], &dry["created"], &dry["dashboard"]["id"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    assert_eq!(saver.count(), before);
    let id = saver.ok(json!({ "title": "Wet", "spec": spec() }))["dashboard"]["id"].clone();
    let stale = json!({ "dashboard": id, "if_revision": 9, "title": "Wet", "spec": spec(), "dry_run": true });
    saver.fails(stale, "revision_conflict");
    saver.fails(
        json!({ "title": "Dry", "slug": "wet", "spec": spec(), "dry_run": true }),
        "slug_taken",
    );
    assert_eq!(saver.get(&id)["revision"], 1);
}

#[test]
fn the_same_key_saves_once_and_refuses_other_arguments() {
    let saver = Saver::start();
    let before = saver.count();
    let save = json!({ "title": "Once", "slug": "once", "spec": spec(), "idempotency_key": "k1" });
    let first = saver.ok(save.clone());
    assert_eq!(saver.ok(save), first);
    assert_eq!(saver.count(), before + 1);
    saver.fails(
        json!({ "title": "Twice", "spec": spec(), "idempotency_key": "k1" }),
        "idempotency_conflict",
    );
    let id = &first["dashboard"]["id"];
    let update = json!({ "dashboard": id, "if_revision": 1, "title": "Once more", "spec": spec(), "idempotency_key": "k2" });
    let updated = saver.ok(update.clone());
    assert_eq!(saver.ok(update), updated);
    assert_eq!(saver.get(id)["revision"], 2);
}

#[test]
fn every_violation_of_a_definition_is_reported_at_once() {
    let saver = Saver::start();
    let before = saver.count();
    let bad = json!({
        "parameters": [
            { "name": "kind", "type": "select", "default": "x" },
            { "name": "time_range", "type": "text" },
            { "name": "limit", "type": "number", "default": "many", "options": [1] },
        ],
        "panels": [
            { "id": "a", "title": "A", "type": "chart", "sql": "select 1" },
            { "id": "a", "title": "B", "type": "metric", "chartType": "bar", "sql": "delete from orders" },
            { "id": "c", "title": "C", "type": "table", "sql": "select '{{kind}}', {{nope}}, :raw" },
            { "id": "d", "title": "D", "type": "table", "sql": "select 1", "warehouseId": "other" },
            { "id": "e", "title": "E", "type": "table" },
        ],
    });
    let facts = saver.fails(json!({ "title": "Bad", "spec": bad }), "invalid_spec");
    let mut found: Vec<_> = facts["details"]["violations"]
        .as_array()
        .expect("violations")
        .iter()
        .map(|violation| {
            format!(
                "{} {}",
                violation["pointer"].as_str().expect("a pointer"),
                violation["code"].as_str().expect("a code")
            )
        })
        .collect();
    found.sort();
    // The same on every database, so the name of the test binary is no part of the snapshot's.
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(found.join("\n"));
    });
    assert_eq!(saver.count(), before);
}

#[test]
fn a_workspace_does_not_see_the_dashboards_of_another() {
    let saver = Saver::start();
    let id = saver.ok(json!({ "title": "Mine", "spec": spec() }))["dashboard"]["id"].clone();
    let other = saver.served.token_elsewhere("other", "mcp:read mcp:write");
    let read = saver.served.tool(&other, "get_dashboard", json!({ "dashboard": id }));
    assert_eq!(read["_meta"]["com.rudderstack.lookout/error"]["code"], "dashboard_not_found");
    let update = json!({ "dashboard": id, "if_revision": 1, "title": "Theirs", "spec": spec() });
    let written = saver.served.tool(&other, "save_dashboard", update);
    assert_eq!(written["_meta"]["com.rudderstack.lookout/error"]["code"], "dashboard_not_found");
    let list = saver.served.tool(&other, "list_dashboards", json!({}));
    assert_eq!(list["structuredContent"]["dashboards"], json!([]));
    assert_eq!(saver.get(&id)["title"], "Mine");
}

#[test]
fn the_link_in_a_result_leads_to_a_page_for_members_only() {
    let saver = Saver::start();
    let saved =
        saver.ok(json!({ "title": "<script>alert(1)</script>", "slug": "mine", "spec": spec() }));
    let url = saved["dashboard"]["url"].as_str().expect("a link").to_owned();
    let path = url.strip_prefix(&saver.served.base).expect("a link to this server");
    let stranger = saver.served.request("GET", path, &[]);
    assert_eq!(
        (stranger.status, stranger.header("location")),
        (303, "/sign-in?return_to=%2Fw%2Fdemo%2Fd%2Fmine")
    );
    let cookie = saver.served.session();
    let page = saver.served.request("GET", path, &[("cookie", &cookie)]);
    assert_eq!(page.status, 200, "{page:?}");
    // The one script is that of the frame.
    assert!(
        page.text.contains("&#60;script&#62;") && page.text.matches("<script").count() == 1,
        "{}",
        page.text
    );
    assert!(page.text.contains("Saved by an external tool"));
    assert_eq!(saver.served.request("GET", "/w/demo/d/nope", &[("cookie", &cookie)]).status, 404);
    assert_eq!(saver.served.request("GET", "/w/other/d/mine", &[("cookie", &cookie)]).status, 404);
}

#[test]
fn a_revision_without_a_dashboard_does_not_create_one() {
    let saver = Saver::start();
    let before = saver.count();
    saver.fails(json!({ "title": "A", "if_revision": 7, "spec": spec() }), "invalid_arguments");
    assert_eq!(saver.count(), before);
}

#[test]
fn saves_at_the_same_time_without_a_slug_all_succeed() {
    let saver = Saver::start();
    let slugs: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let save = || {
            saver.ok(json!({ "title": "Same", "spec": spec() }))["dashboard"]["slug"].to_string()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(save)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a save")).collect()
    });
    assert_eq!(slugs.len(), 4);
}

#[test]
fn an_error_stays_short_however_much_is_wrong() {
    let saver = Saver::start();
    let parameters: Vec<_> =
        (0..19).map(|n| json!({ "name": format!("p{n:a>60}"), "type": "text" })).collect();
    let sql = format!(
        "select {}",
        (0..4500).map(|n| format!("{{{{u{n}}}}}")).collect::<Vec<_>>().join(",")
    );
    let panels =
        json!([{ "id": "a", "title": "A", "type": "table", "sql": sql[..39_000.min(sql.len())] }]);
    for arguments in [
        json!({ "title": "A", "dry_run": true, "spec": { "parameters": parameters, "panels": panels } }),
        json!({ "title": "A".repeat(300_000), "spec": { "panels": [] } }),
    ] {
        let reply = saver.served.modern(
            &saver.token,
            "tools/call",
            json!({ "name": "save_dashboard", "arguments": arguments }),
        );
        assert_eq!(reply.json()["result"]["isError"], true);
        assert!(reply.text.len() < 40_000, "{}", reply.text.len());
    }
    let parameters = json!({ "time_range": "x".repeat(900_000) });
    let call = json!({ "dashboard": "tea-leafs-revenue-report", "panel_id": "nope", "parameters": parameters });
    let reply = saver.served.modern(
        &saver.token,
        "tools/call",
        json!({ "name": "run_dashboard_panel", "arguments": call }),
    );
    assert!(reply.text.len() < 40_000, "{}", reply.text.len());
}

#[test]
fn a_page_of_long_descriptions_ends_early_and_the_next_one_goes_on() {
    let saver = Saver::start();
    for number in 0..26 {
        let description = "d".repeat(2000);
        saver.ok(json!({ "title": format!("Long {number}"), "description": description, "spec": spec() }));
    }
    let mut arguments = json!({});
    let mut seen = 0;
    let mut pages = 0;
    loop {
        let page = saver.served.tool(&saver.token, "list_dashboards", arguments.clone());
        assert_eq!(page["isError"], false, "{page:#}");
        pages += 1;
        seen += page["structuredContent"]["dashboards"].as_array().expect("dashboards").len();
        match &page["structuredContent"]["next_cursor"] {
            Value::Null => break,
            cursor => arguments["cursor"] = cursor.clone(),
        }
    }
    assert_eq!((seen, pages > 1), (26 + 3, true), "three dashboards come with the demo");
}
