//! The activity page after real calls: what it shows, to whom, and what it never holds.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use lookout_server::authority::records::{Membership, Role, User};
use lookout_server::metrics::CallOutcome;
use lookout_server::store::activity::EndedCall;
use serde_json::json;

use crate::served::{Reply, Served};

const PAGE: &str = "/w/demo/mcp/activity";
const PASSWORD: &str = "correct horse battery";

/// A page of a signed-in person, when every call so far is recorded.
fn page(served: &Served, cookie: &str, path: &str) -> Reply {
    served.runtime.block_on(served.app.noted());
    served.request("GET", path, &[("cookie", cookie)])
}

/// The text of every cell of the table, row by row.
fn rows(page: &Reply) -> Vec<Vec<String>> {
    assert_eq!(page.status, 200, "{page:?}");
    let Some((_, body)) = page.text.split_once("<tbody>") else { return Vec::new() };
    let body = body.split("</tbody>").next().expect("a table");
    let cells = |row: &str| {
        let row = row.replace("</th>", "</td>").replace("<th", "<td");
        row.split("<td").skip(1).map(|cell| text(&format!("<td{cell}"))).collect()
    };
    body.split("<tr>").skip(1).map(cells).collect()
}

/// The text of some HTML.
fn text(html: &str) -> String {
    let parts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One column of the table, from the left.
fn column(page: &Reply, place: usize) -> Vec<String> {
    rows(page).into_iter().map(|mut row| row.swap_remove(place)).collect()
}

/// Somebody else, signed in: they and their cookie.
fn person(served: &Served, email: &str, workspace: &str, role: Role) -> (User, Membership, String) {
    served.runtime.block_on(async {
        let app = &served.app;
        let user = app.put_account(email, Some("Eve"), PASSWORD).await.expect("an account");
        let membership = app.join_workspace(&user, workspace, role).await.expect("a workspace");
        let session = app.sign_in(email, PASSWORD.to_owned().into()).await.expect("a store");
        (user, membership, format!("sid={}", session.expect("the right password").expose()))
    })
}

fn token_of(served: &Served, user: &User, workspace_id: &str, name: &str) -> String {
    let scopes = "mcp:read".parse().expect("a scope");
    let made = served.app.create_token(user, workspace_id, name, Some(scopes), None);
    served.runtime.block_on(made).expect("a token").0.expose().to_owned()
}

fn query(served: &Served, token: &str, sql: &str) {
    served.tool(token, "query_warehouse", json!({ "sql": sql, "max_rows": 5 }));
}

#[test]
fn a_call_is_shown_with_its_token_its_tool_and_how_it_ended() {
    let served = Served::start();
    let cookie = served.session();
    let token = served.token("mcp:read");
    query(&served, &token, "select * from events");
    query(&served, &token, "selec 1");
    query(&served, &token, "");
    served.tool(&token, "list_warehouses", json!({}));
    let save = json!({ "name": "save_dashboard", "arguments": {} });
    assert_eq!(served.modern(&token, "tools/call", save).status, 403);

    let page = page(&served, &cookie, PAGE);
    let rows = rows(&page);
    let ends: Vec<_> = rows.iter().map(|row| [&row[2], &row[3], &row[5]]).collect();
    let expected = [
        ["save_dashboard", "Refused needs mcp:write", "–"],
        ["list_warehouses", "OK", "–"],
        ["query_warehouse", "Error invalid_arguments", "–"],
        ["query_warehouse", "Error sql_syntax", "–"],
        ["query_warehouse", "OK", "5"],
    ];
    assert_eq!(ends, expected);
    for row in &rows {
        assert!(row[0].starts_with("20") && row[0].len() == 19, "{row:?}");
        assert!(row[1].ends_with(&format!("{}…", &token[..9])), "{row:?}");
        assert!(row[4].ends_with(" ms"), "{row:?}");
    }
    assert!(!page.text.contains(&token) && page.text.contains("<time datetime=\"20"), "{page:?}");
    assert!(page.text.contains("30 days") && page.text.contains("100,000"), "{page:?}");
}

#[test]
fn only_calls_of_tools_that_are_here_are_recorded() {
    let served = Served::start();
    let cookie = served.session();
    let token = served.token("mcp:read");
    let empty = page(&served, &cookie, PAGE);
    assert!(empty.text.contains("Nothing was called yet"), "{empty:?}");
    assert!(empty.text.contains("href=\"/w/demo/mcp\""), "{empty:?}");

    let unknown = json!({ "name": "x-canary-x", "arguments": {} });
    assert_eq!(served.modern(&token, "tools/call", unknown).status, 400);
    let absent = json!({ "name": "save_dashboard", "arguments": {} });
    assert_eq!(served.modern_at("/mcp/readonly", &token, "tools/call", absent).status, 400);
    let mixed = json!({ "name": "list_tables", "arguments": [] });
    assert_eq!(served.modern(&token, "tools/call", mixed).status, 400);
    assert_eq!(served.modern(&token, "tools/list", json!({})).status, 200);
    let known = json!({ "name": "list_tables", "arguments": {} });
    assert_eq!(served.modern("lkmcp_nonsense", "tools/call", known).status, 401);
    assert!(rows(&page(&served, &cookie, PAGE)).is_empty());
    assert_eq!(served.count("select count(*) from tool_calls"), 0);
}

#[test]
fn nothing_that_was_asked_or_answered_is_kept() {
    let served = Served::start();
    let cookie = served.session();
    let token = served.token("mcp:read mcp:write");
    let canary = "xcanaryx";
    for sql in [
        &format!("select '{canary}' as {canary}"),
        &format!("select '{canary}"),
        &format!("select * from {canary}"),
        &format!("select 1 -- {canary}"),
    ] {
        query(&served, &token, sql);
    }
    served.tool(&token, "list_tables", json!({ "name_contains": canary }));
    served.tool(&token, "describe_table", json!({ "table": canary }));
    served.tool(&token, "list_tables", json!({ (canary): canary }));
    served.tool(&token, "get_dashboard", json!({ "dashboard": canary }));
    let page = page(&served, &cookie, PAGE);
    assert_eq!(rows(&page).len(), 8);
    assert!(!page.text.contains(canary), "{page:?}");
    if served.is_on_postgres() {
        let kept = "select count(*) from tool_calls t where t::text like '%xcanaryx%'";
        assert_eq!(served.count(kept), 0);
        assert_eq!(
            served.count("select count(*) from tool_calls t where t::text like '%sql_syntax%'"),
            1
        );
    } else {
        let kept = |text: &str| {
            let files = std::fs::read_dir(&served.app.config.data).expect("a directory");
            let mut files = files.map(|file| file.expect("a file").path());
            files.any(|file| {
                let bytes = std::fs::read(file).expect("a file");
                bytes.windows(text.len()).any(|part| part == text.as_bytes())
            })
        };
        assert!(kept("sql_syntax") && !kept(canary));
    }
}

#[test]
fn members_see_their_own_calls_admins_everybodys_and_other_workspaces_none() {
    let served = Served::start();
    let cookie = served.session();
    query(&served, &served.token("mcp:read"), "select 1");
    let (eve, demo, eves) = person(&served, "eve@example.com", "demo", Role::Member);
    let hers = token_of(&served, &eve, &demo.workspace_id, "Eve's script");
    served.tool(&hers, "list_tables", json!({}));
    let elsewhere = served.token_elsewhere("other", "mcp:read");
    served.tool(&elsewhere, "list_dashboards", json!({}));
    let (_, _, admin) = person(&served, "admin@example.com", "demo", Role::Admin);
    let (_, _, owner) = person(&served, "owner@example.com", "other", Role::Owner);

    assert_eq!(column(&page(&served, &cookie, PAGE), 2), ["query_warehouse"]);
    let own = page(&served, &eves, PAGE);
    assert_eq!(column(&own, 2), ["list_tables"]);
    assert!(!own.text.contains("ada@example.com"), "{own:?}");
    let everybody = page(&served, &admin, PAGE);
    assert_eq!(column(&everybody, 2), ["list_tables", "query_warehouse"]);
    let names = column(&everybody, 1);
    assert!(names[0].starts_with("Eve") && names[0].ends_with("eve@example.com"), "{names:?}");
    assert!(names[1].ends_with("ada@example.com"), "{names:?}");

    let other = page(&served, &owner, "/w/other/mcp/activity");
    assert_eq!(column(&other, 2), ["list_dashboards"]);
    for (cookie, path) in [(&owner, PAGE), (&admin, "/w/other/mcp/activity")] {
        assert_eq!(page(&served, cookie, path).status, 404);
    }
    let nobody = page(&served, "", PAGE);
    assert_eq!((nobody.status, nobody.text.contains("query_warehouse")), (303, false));

    // The name of somebody else's grant opens nothing, and neither does their page's address.
    let grant = options(&everybody, "grant").into_iter().find(|(_, label)| label.contains("Eve"));
    let grant = grant.expect("Eve's token").0;
    let path = format!("{PAGE}?grant={grant}");
    assert_eq!(column(&page(&served, &admin, &path), 2), ["list_tables"]);
    let refused = page(&served, &cookie, &path);
    assert_eq!((refused.status, refused.text.contains("<tbody>")), (422, false));
}

/// The values and labels of a filter on a page.
fn options(page: &Reply, name: &str) -> Vec<(String, String)> {
    let select = page.text.split_once(&format!("name=\"{name}\">")).expect("a filter").1;
    let select = select.split("</select>").next().expect("a filter");
    let options = select.split("<option value=\"").skip(1);
    options
        .map(|option| {
            let (value, rest) = option.split_once('"').expect("a value");
            (value.to_owned(), rest.split('<').next().unwrap_or_default().to_owned())
        })
        .collect()
}

#[test]
fn filters_narrow_the_list_and_keep_what_was_chosen() {
    let served = Served::start();
    let cookie = served.session();
    let (one, other) = (served.token("mcp:read"), served.token("mcp:read"));
    query(&served, &one, "select 1");
    query(&served, &one, "selec 1");
    query(&served, &other, "selec 1");
    served.tool(&other, "list_tables", json!({}));
    let tools = |query: &str| column(&page(&served, &cookie, &format!("{PAGE}{query}")), 2);
    assert_eq!(tools("?tool=list_tables"), ["list_tables"]);
    assert_eq!(tools("?outcome=error").len(), 2);
    assert_eq!(tools("?outcome=error&tool=list_tables").len(), 0);
    assert_eq!(tools("?tool=&outcome=&grant=").len(), 4);

    let whole = page(&served, &cookie, PAGE);
    let grants = options(&whole, "grant");
    assert_eq!(grants.len(), 3, "all, and one for each token: {grants:?}");
    let chosen = grants.iter().find(|(_, label)| label.contains(&other[..9])).expect("a token");
    let narrow = page(&served, &cookie, &format!("{PAGE}?grant={}&outcome=error", chosen.0));
    assert_eq!(column(&narrow, 2), ["query_warehouse"]);
    for kept in [format!("\"{}\" selected", chosen.0), "\"error\" selected".to_owned()] {
        assert!(narrow.text.contains(&kept), "{kept}: {narrow:?}");
    }
    let none = page(&served, &cookie, &format!("{PAGE}?outcome=abandoned"));
    assert!(none.text.contains("No call matches"), "{none:?}");
    for wrong in
        ["?tool=x-canary-x", "?outcome=x-canary-x", "?grant=x-canary-x", "?before=x-canary-x"]
    {
        let page = page(&served, &cookie, &format!("{PAGE}{wrong}"));
        assert_eq!((page.status, page.text.contains("role=\"alert\"")), (422, true), "{wrong}");
        assert!(!page.text.contains("x-canary-x") && !page.text.contains("<tbody>"), "{wrong}");
    }
}

#[test]
fn older_calls_are_on_further_pages_with_the_same_filters() {
    let served = Served::start();
    let cookie = served.session();
    let call = |number: i64| EndedCall {
        ended: Instant::now(),
        workspace_id: served.workspace_id.clone(),
        user_id: served.user.id.clone(),
        grant_id: "a grant that is forgotten".to_owned(),
        grant_name: format!("call {number}"),
        hint: String::new(),
        tool: if number % 2 == 0 { "list_tables" } else { "list_dashboards" },
        outcome: CallOutcome::Ok,
        error: None,
        duration_ms: number,
        rows: None,
    };
    let added = served.app.store.add_calls((0..150).map(call).collect());
    served.runtime.block_on(added).expect("a store");
    // Many share an instant.
    served.sql("update tool_calls set at = at - id % 3");
    let walk = |path: &str| {
        let (mut path, mut seen, mut pages) = (path.to_owned(), Vec::new(), 0);
        loop {
            let page = page(&served, &cookie, &path);
            assert!(rows(&page).len() <= 50);
            seen.extend(column(&page, 1));
            pages += 1;
            let older = page.text.split("href=\"").find(|rest| rest.contains("rel=\"next\""));
            let Some(older) = older.filter(|_| page.text.contains("rel=\"next\"")) else { break };
            path = older.split('"').next().expect("an address").replace("&#38;", "&");
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count, "a call is on two pages");
        (count, pages, path)
    };
    let (count, pages, last) = walk(PAGE);
    assert_eq!((count, pages), (150, 3));
    let (count, pages, _) = walk(&format!("{PAGE}?tool=list_tables"));
    assert_eq!((count, pages), (75, 2));
    // An address of one list is none of another.
    for path in [
        format!("{last}&tool=list_tables"),
        format!("{last}x"),
        last.replacen("before=", "before=x", 1),
    ] {
        assert_eq!(page(&served, &cookie, &path).status, 422, "{path}");
    }
    assert!(page(&served, &cookie, &last).text.contains(&format!("href=\"{PAGE}\">Newest")));
}

#[test]
fn the_calls_of_a_revoked_token_stay_until_they_are_old() {
    let served = Served::start();
    let cookie = served.session();
    let token = served.token("mcp:read");
    query(&served, &token, "select 1");
    let before = rows(&page(&served, &cookie, PAGE));
    served.sql("update grants set revoked_at = created_at");
    assert_eq!(served.modern(&token, "tools/list", json!({})).status, 401);
    assert_eq!(rows(&page(&served, &cookie, PAGE)), before);
    // Long after its end the grant itself is forgotten; a call that is younger than that is still told.
    served.sql("update grants set revoked_at = 1, created_at = 0, expires_at = null");
    served.runtime.block_on(served.app.sweep()).expect("a sweep");
    assert_eq!(served.count("select count(*) from grants"), 0);
    assert_eq!(rows(&page(&served, &cookie, PAGE)), before);
    served.sql("update tool_calls set at = at - 2592001000");
    served.runtime.block_on(served.app.sweep()).expect("a sweep");
    assert!(rows(&page(&served, &cookie, PAGE)).is_empty());
}

#[test]
fn what_a_client_calls_itself_is_text() {
    let served = Served::start();
    let cookie = served.session();
    let token = token_of(&served, &served.user, &served.workspace_id, "script");
    served.sql("update grants set name = '<b onclick=\"x\">''&\u{202e}'");
    query(&served, &token, "select 1");
    let page = page(&served, &cookie, PAGE);
    assert_eq!(page.text.matches("&#60;b onclick=&#34;x&#34;&#62;&#39;&#38;").count(), 2);
    assert!(!page.text.contains("<b onclick") && !page.text.contains('\u{202e}'), "{page:?}");
}

#[test]
fn a_call_whose_caller_hangs_up_is_recorded_as_abandoned() {
    let served = Served::start();
    let cookie = served.session();
    let token = served.token("mcp:read");
    let sql =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "query_warehouse", "arguments": { "sql": sql, "timeout_seconds": 20 } } });
    let (address, body) = (served.base.strip_prefix("http://").expect("a base"), call.to_string());
    let request = format!(
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\nmcp-protocol-version: 2025-11-25\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // Whoever hangs up before the call began did not call, so it is tried with more patience.
    for patience in (0..8).map(|doublings| Duration::from_millis(50 << doublings)) {
        let mut peer = TcpStream::connect(address).expect("a connection");
        peer.write_all(request.as_bytes()).expect("a request");
        std::thread::sleep(patience);
        drop(peer);
        std::thread::sleep(patience);
        served.runtime.block_on(served.app.noted());
        if served.count("select count(*) from tool_calls") > 0 {
            break;
        }
    }
    let rows = rows(&page(&served, &cookie, PAGE));
    assert_eq!(rows.first().map(|row| row[3].as_str()), Some("Abandoned"), "{rows:?}");
}
