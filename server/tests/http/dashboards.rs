//! The dashboards: the list, the panels with their data, their settings, and what strangers and broken queries see.

use lookout_server::authority::records::{Membership, Role, User};
use lookout_server::store::workspace::DashboardSave;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Reply, Server};

/// A range that the shop of the tests has data in, as the query of a page.
const RANGE: &str = "time_range=custom&time_range.from=2026-10-01&time_range.to=2026-11-20";

/// A range that a small shop has returns in, as a tool takes it.
fn range() -> Value {
    json!({ "start": "2025-12-01T00:00:00Z", "end": "2026-11-21T00:00:00Z" })
}

/// A server with the shop, and the member who looks at it.
struct Shop {
    server: Server,
    user: User,
    membership: Membership,
}

impl std::ops::Deref for Shop {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Shop {
    fn start() -> Self {
        let (server, user, membership) = Server::with_the_shop();
        Self { server, user, membership }
    }
}

/// Calls a tool as Ada.
#[track_caller]
fn tool(server: &Shop, name: &str, arguments: &Value) -> Value {
    let scopes = "mcp:read mcp:write".parse().expect("scopes");
    let label = format!("{name} {:?}", std::time::Instant::now());
    let workspace = &server.membership.workspace_id;
    let minted = server.app.create_token(&server.user, workspace, &label, Some(scopes), None);
    let token = server.runtime.block_on(minted);
    let authorization = format!("Bearer {}", token.expect("a token").0.expose());
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", name),
    ];
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "name": name, "arguments": arguments, "_meta": meta });
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let result = server.send("POST", "/mcp", &headers, body.as_bytes()).json()["result"].clone();
    assert_eq!(result["isError"], false, "{result:#}");
    result["structuredContent"].clone()
}

/// Stores a dashboard as it could never be saved now, with these panels.
fn put(server: &Shop, slug: &str, panels: &Value) {
    let save = DashboardSave {
        workspace: server.membership.workspace_id.clone(),
        replaces: None,
        new_id: format!("dsh_{slug}"),
        slug: slug.to_owned(),
        title: slug.to_owned(),
        description: String::new(),
        spec: json!({ "panels": panels, "parameters": [] }),
        by: "Ada".to_owned(),
        by_tool: false,
        idempotency: None,
    };
    server.runtime.block_on(server.app.store.save_dashboard(save)).expect("a store");
}

/// The part of a page that is one panel.
#[track_caller]
fn panel<'p>(page: &'p Reply, id: &str) -> &'p str {
    let start = format!("id=\"panel-{id}\" ");
    let rest = page.text.split_once(&start).unwrap_or_else(|| panic!("no panel {id}: {page:?}")).1;
    rest.split("<section ").next().expect("a panel")
}

/// The rows of the first table in a part of a page, as text of their cells.
fn rows(part: &str) -> Vec<Vec<String>> {
    let body = part.split_once("<tbody>").map_or("", |(_, rest)| rest);
    let body = body.split_once("</tbody>").map_or("", |(body, _)| body);
    let cell = |cell: &str| {
        let text = cell.split("</td>").next().unwrap_or_default();
        let inside = text.split_once('>').map_or("", |(_, inside)| inside);
        inside.replace("<bdi>", "").replace("</bdi>", "")
    };
    let row = |row: &str| row.split("<td").skip(1).map(cell).collect();
    body.split("<tr>").skip(1).map(row).collect()
}

#[test]
fn the_list_names_every_dashboard_and_finds_them_by_their_words() {
    let server = Shop::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get("/w/demo/dashboards");
    assert_eq!(page.status, 200);
    for title in ["Checkout funnel", "Customers and returns", "Tea Leafs revenue report"] {
        assert!(page.text.contains(&format!("<bdi>{title}</bdi></a>")), "{title}: {page:?}");
    }
    assert!(page.text.contains("<td class=\"number\">8</td>"), "{page:?}");
    let found = browser.get("/w/demo/dashboards?search=REVENUE+report");
    assert!(found.text.contains("Tea Leafs") && !found.text.contains("Checkout funnel"));
    assert!(found.text.contains("value=\"REVENUE report\""), "{found:?}");
    let none = browser.get("/w/demo/dashboards?search=%22%3E%3Cscript%3E");
    assert!(none.text.contains("No dashboard has"), "{none:?}");
    assert!(!none.text.contains("\"><script>"), "{none:?}");
    assert_eq!(browser.get("/w/demo/dashboards?after=x").status, 400);
}

#[test]
fn a_long_list_is_read_page_by_page() {
    let server = Shop::start();
    for number in 0..60 {
        put(
            &server,
            &format!("board-{number}"),
            &json!([{ "id": "p", "title": "P", "type": "table", "sql": "select 1" }]),
        );
    }
    let mut browser = Browser::signed_in(&server);
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/w/demo/dashboards?search=board".to_owned();
    let mut pages = 0;
    loop {
        let page = browser.get(&path);
        pages += 1;
        for part in page.text.split("href=\"/w/demo/d/").skip(1) {
            seen.insert(part.split('"').next().expect("a slug").to_owned());
        }
        let next = page.text.split_once("<a class=\"button plain\" href=\"");
        let Some((_, rest)) = next else { break };
        path = rest.split('"').next().expect("a path").replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!((pages, seen.len()), (2, 60));
}

#[test]
fn an_empty_workspace_says_how_to_begin() {
    let server = Server::start();
    let page = Browser::signed_in(&server).get("/w/demo/dashboards");
    assert!(page.text.contains("There are no dashboards yet."), "{page:?}");
    assert!(page.text.contains("save_dashboard"));
}

#[test]
fn every_panel_of_the_demo_shows_what_the_tool_returns() {
    let server = Shop::start();
    let mut browser = Browser::signed_in(&server);
    for slug in ["checkout-funnel", "customers-and-returns", "tea-leafs-revenue-report"] {
        let page =
            browser.get(&format!("/w/demo/d/{slug}?{}", RANGE.replace("2026-10-01", "2025-12-01")));
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("note bad") && !page.text.contains(" style="), "{page:?}");
        assert!(page.text.contains("Showing 2025-12-01 00:00 to 2026-11-21 00:00 UTC"));
        let arguments = json!({ "dashboard": slug, "detail": "full" });
        let spec = tool(&server, "get_dashboard", &arguments)["spec"].clone();
        for definition in spec["panels"].as_array().expect("panels") {
            let id = definition["id"].as_str().expect("an identifier");
            let shown = panel(&page, id);
            let arguments = json!({ "dashboard": slug, "panel_id": id, "max_rows": 500, "parameters": { "time_range": range() } });
            let run = tool(&server, "run_dashboard_panel", &arguments);
            let count = usize::try_from(run["row_count"].as_i64().expect("a count"));
            match definition["type"].as_str().expect("a type") {
                "metric" => assert!(shown.contains("<p class=\"figure\">"), "{shown}"),
                "chart" => {
                    let is_pie = definition["chartType"] == "pie";
                    let picture = if is_pie { "chart ring" } else { "chart narrow" };
                    assert!(shown.contains(&format!("<svg class=\"{picture}\"")), "{shown}");
                    assert!(shown.contains("role=\"img\" aria-label=\""), "{shown}");
                    assert!(shown.contains("<summary>Data as a table</summary>"), "{shown}");
                }
                "funnel" => {
                    let steps = run["steps"].as_array().expect("steps");
                    assert_eq!(shown.matches("<li>").count(), steps.len(), "{shown}");
                }
                _ => {}
            }
            if definition["type"] != "metric" {
                let rows = rows(shown);
                assert_eq!(Ok(rows.len()), count, "{id}: {shown}");
                let first = &run["rows"][0][0];
                assert_eq!(
                    Some(rows[0][0].as_str()),
                    first.as_str().filter(|text| !text.contains('T')).or(Some(&rows[0][0]))
                );
            }
            assert!(shown.contains("<summary>Query</summary>"), "{shown}");
        }
    }
}

#[test]
fn settings_change_what_is_shown_and_stay_in_the_form() {
    let server = Shop::start();
    let mut browser = Browser::signed_in(&server);
    let visits = |page: &Reply| {
        let text =
            panel(page, "visits").split_once("<p class=\"figure\"><bdi>").expect("a number").1;
        text.split('<').next().expect("a number").replace(',', "").parse::<i64>().expect("a number")
    };
    let all = browser.get(&format!("/w/demo/d/checkout-funnel?{RANGE}"));
    let mobile = browser.get(&format!("/w/demo/d/checkout-funnel?{RANGE}&device=mobile"));
    assert!(visits(&mobile) < visits(&all) && visits(&mobile) > 0);
    assert!(mobile.text.contains("<option value=\"mobile\" selected>"), "{mobile:?}");
    assert!(mobile.text.contains("type=\"date\" value=\"2026-10-01\""), "{mobile:?}");
    // The last day is part of the range, and days beside a preset that was not changed are meant.
    let beside = "time_range=last_30_days&time_range.shown=last_30_days&time_range.from=2026-10-01&time_range.to=2026-11-20";
    let page = browser.get(&format!("/w/demo/d/checkout-funnel?{beside}"));
    assert_eq!(visits(&page), visits(&all));
    let preset = browser.get(&format!(
        "/w/demo/d/checkout-funnel?{}",
        beside.replace("=last_30_days&time_range.shown", "=today&time_range.shown")
    ));
    assert!(preset.text.contains("<option value=\"today\" selected>"), "{preset:?}");
    let regulars = |orders: &str| {
        let page = browser
            .get(&format!("/w/demo/d/customers-and-returns?{RANGE}&minimum_orders={orders}"));
        rows(panel(&page, "regulars")).len()
    };
    let [few, many] = ["1", "1000"].map(regulars);
    assert!(few > 0 && many == 0, "{few} {many}");
}

#[test]
fn bad_settings_are_refused_with_what_was_typed_and_nothing_is_run() {
    let server = Shop::start();
    let mut browser = Browser::signed_in(&server);
    for (slug, query, problem, kept) in [
        (
            "checkout-funnel",
            "time_range=next_week",
            "“next_week” is not one of the ranges",
            "<option value=\"next_week\" selected>",
        ),
        (
            "checkout-funnel",
            "time_range=custom&time_range.from=2026-02-30&time_range.to=2026-03-01",
            "“From” is “2026-02-30”, which is not a day",
            "type=\"text\" value=\"2026-02-30\"",
        ),
        (
            "checkout-funnel",
            "time_range=custom&time_range.from=2026-03-02&time_range.to=2026-03-01",
            "“From” (2026-03-02) is after “To” (2026-03-01)",
            "value=\"2026-03-02\"",
        ),
        (
            "checkout-funnel",
            "time_range=custom&time_range.to=2026-03-01",
            "“From” is missing",
            "value=\"2026-03-01\"",
        ),
        (
            "checkout-funnel",
            "time_range=custom&time_range.from=9999-12-30&time_range.to=9999-12-31",
            "“To” (9999-12-31) is too late",
            "value=\"9999-12-31\"",
        ),
        (
            "checkout-funnel",
            "time_range=today&time_range=yesterday",
            "names it twice",
            "<option value=\"today\" selected>",
        ),
        (
            "checkout-funnel",
            "device=%3Cscript%3E",
            "“&#60;script&#62;” is not one of the choices",
            "<option value=\"&#60;script&#62;\" selected>",
        ),
        (
            "customers-and-returns",
            "minimum_orders=many",
            "“many” is not a number",
            "value=\"many\"",
        ),
        ("customers-and-returns", "minimum_orders=inf", "“inf” is not a number", "value=\"inf\""),
    ] {
        let page = browser.get(&format!("/w/demo/d/{slug}?{query}"));
        assert_eq!(page.status, 400, "{query}");
        assert!(page.text.contains(problem), "{query}: {page:?}");
        assert!(page.text.contains(kept), "{query}: {page:?}");
        assert!(page.text.contains("Not run.") && !page.text.contains("class=\"figure\""));
    }
}

#[test]
fn only_members_see_dashboards_and_others_learn_nothing() {
    let server = Shop::start();
    server.add_person("stranger@lookout.example", "elsewhere", Role::Owner);
    let mut stranger = Browser::signed_in_as(&server, "stranger@lookout.example");
    for path in [
        "/w/demo/dashboards",
        "/w/demo/d/checkout-funnel",
        "/w/demo/d/none",
        "/w/none/d/checkout-funnel",
        "/w/elsewhere/d/checkout-funnel",
    ] {
        assert_eq!(stranger.get(path).status, 404, "{path}");
    }
    let own = stranger.get("/w/elsewhere/dashboards");
    assert!(own.text.contains("There are no dashboards yet."), "{own:?}");
    let nobody = server.get("/w/demo/d/checkout-funnel?device=mobile", &[]);
    let back = "/sign-in?return_to=%2Fw%2Fdemo%2Fd%2Fcheckout-funnel%3Fdevice%3Dmobile";
    assert_eq!((nobody.status, nobody.header("location")), (303, back));
}

#[test]
fn a_panel_that_fails_says_so_in_plain_words_and_the_others_are_shown() {
    let server = Shop::start();
    let panels = json!([
        { "id": "gone", "title": "Gone", "type": "table", "sql": "select secret_column from secret_table" },
        { "id": "wrong", "title": "Wrong", "type": "chart", "chartType": "bar", "sql": "selec 1" },
        { "id": "writes", "title": "Writes", "type": "table", "sql": "delete from orders" },
        { "id": "elsewhere", "title": "Elsewhere", "type": "table", "sql": "select 1", "warehouseId": "other" },
        { "id": "fails", "title": "Fails", "type": "metric", "sql": "select json('{oops')" },
        { "id": "empty", "title": "Empty", "type": "chart", "chartType": "line", "sql": "select 1 as a, 2 as b where 1 = 0" },
        { "id": "text", "title": "Text", "type": "chart", "chartType": "pie", "sql": "select 'a' as a, 'b' as b" },
        { "id": "unknown", "title": "Unknown", "type": "map", "sql": "select 1" },
        { "id": "good", "title": "Good", "type": "metric", "sql": "select 41 + 1" },
    ]);
    put(&server, "broken", &panels);
    let page = Browser::signed_in(&server).get("/w/demo/d/broken");
    assert_eq!(page.status, 200);
    for (id, words) in [
        ("gone", "reads a table that is not in the warehouse"),
        ("wrong", "The query of this panel is not valid."),
        ("writes", "does more than read"),
        ("elsewhere", "is not connected to this workspace"),
        ("fails", "class=\"note bad\""),
        ("empty", "returned no rows"),
        ("text", "no column of numbers"),
        ("unknown", "not known here"),
        ("good", "<p class=\"figure\"><bdi>42</bdi></p>"),
    ] {
        let shown = panel(&page, id);
        assert!(shown.contains(words), "{id}: {shown}");
        // The words of the engine stay out; the query itself is shown as it was saved.
        let said = shown.split("<details>").next().expect("a panel");
        assert!(!said.contains("secret_") && !said.contains("malformed"), "{id}: {said}");
    }
}

#[test]
fn what_a_tool_saves_is_marked_and_opens_where_the_tool_says() {
    let server = Shop::start();
    let evil = "</title><script>alert(1)</script>\" onmouseover=\"x' &lt; \u{202e}evil";
    let spec = json!({
        "parameters": [
            { "name": "word", "label": evil, "type": "text", "default": evil },
            { "name": "pick", "label": "Pick", "type": "select", "options": [evil, "b", 3], "default": "b" },
            { "name": "flag", "type": "boolean", "default": true },
        ],
        "panels": [
            { "id": "chart", "title": evil, "type": "chart", "chartType": "bar", "sql": "select {{word}} as \"x</text><script>\", 1 as n union all select 'b', 2" },
            { "id": "funnel", "title": evil, "type": "funnel", "sql": "select {{word}} as step, 2 as n", "width": "half" },
            { "id": "metric", "title": evil, "type": "metric", "sql": "select {{word}} || {{pick}} || {{flag}}", "metricConfig": { "prefix": "<b>", "suffix": "<i>" } },
            { "id": "pie", "title": evil, "type": "chart", "chartType": "pie", "sql": "select {{word}} as a, 1 as n" },
        ],
    });
    let arguments = json!({ "title": evil, "description": evil, "slug": "evil", "spec": spec });
    let saved = tool(&server, "save_dashboard", &arguments);
    let mut browser = Browser::signed_in(&server);
    let listed = browser.get("/w/demo/dashboards");
    assert_eq!(listed.text.matches("Saved by an external tool").count(), 1);
    let mut urls = vec![saved["dashboard"]["url"].clone()];
    urls.push(tool(&server, "get_dashboard", &json!({ "dashboard": "evil" }))["url"].clone());
    let all = tool(&server, "list_dashboards", &json!({}));
    urls.extend(
        all["dashboards"].as_array().expect("a list").iter().map(|entry| entry["url"].clone()),
    );
    assert_eq!(urls.len(), 6);
    for url in urls {
        let url = url.as_str().expect("an address");
        let path = url.strip_prefix(&server.base).expect("an address of this server");
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{url}");
        let is_marked =
            page.text.contains("<span class=\"badge warn\">Saved by an external tool</span>");
        assert_eq!(is_marked, url.ends_with("/evil"), "{url}");
    }
    let page = browser.get("/w/demo/d/evil");
    assert!(page.text.contains("Revision 1, saved by <bdi>Ada</bdi>"), "{page:?}");
    for id in ["chart", "funnel", "metric", "pie"] {
        let shown = panel(&page, id);
        assert!(!shown.contains("note bad"), "{shown}");
    }
    for page in [&page, &listed] {
        assert!(!page.text.contains("<script>") && !page.text.contains("<b>"), "{page:?}");
        assert!(!page.text.contains("\" onmouseover=\"x"), "{page:?}");
    }
    // An update by the tool is a new revision of the same page.
    let arguments = json!({ "dashboard": "evil", "if_revision": 1, "title": "Calm", "spec": { "panels": [{ "id": "one", "title": "One", "type": "metric", "sql": "select 1" }] } });
    tool(&server, "save_dashboard", &arguments);
    let page = browser.get("/w/demo/d/evil");
    assert!(
        page.text.contains("Revision 2") && page.text.contains("<bdi>Calm</bdi></h1>"),
        "{page:?}"
    );
}

#[test]
fn a_panel_with_more_rows_than_it_may_read_says_so() {
    let server = Shop::start();
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 900) select i, i * 2 as double from n";
    let long = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 900) select i, printf('%0900d', i) as text from n";
    let panels = json!([
        { "id": "rows", "title": "Rows", "type": "table", "sql": many },
        { "id": "drawn", "title": "Drawn", "type": "chart", "chartType": "line", "sql": many },
        { "id": "long", "title": "Long", "type": "table", "sql": long },
    ]);
    put(&server, "many", &panels);
    let page = Browser::signed_in(&server).get("/w/demo/d/many");
    for id in ["rows", "drawn"] {
        let shown = panel(&page, id);
        assert!(shown.contains("Only the first 500 rows."), "{id}: {shown}");
        assert_eq!(rows(shown).len(), 500);
    }
    let long = panel(&page, "long");
    assert!(long.contains("More do not fit"), "{long}");
    assert!(long.len() < 100_000, "{}", long.len());
}

#[test]
fn panels_stand_in_the_order_of_the_definition() {
    let server = Shop::start();
    let panel = |id: &str, order: i64| json!({ "id": id, "title": id, "type": "metric", "sql": "select 1", "order": order });
    put(&server, "order", &json!([panel("third", 7), panel("first", 0), panel("second", 3)]));
    let page = Browser::signed_in(&server).get("/w/demo/d/order");
    let at = |id: &str| page.text.find(&format!("id=\"panel-{id}\"")).expect("a panel");
    assert!(at("first") < at("second") && at("second") < at("third"));
}
