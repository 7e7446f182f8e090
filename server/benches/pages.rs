//! How long pages take on the demo data, beside the floor that the server has: an answer without a page.
//!
//! `cargo bench -p lookout-server --bench pages`. One browser asks over loopback, for every page in turn, so that what else the machine does meanwhile
//! meets them all. Queries of a dashboard's panels are part of its time.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the run")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "../tests/loopback/serving.rs"]
mod serving;

use std::time::{Duration, Instant};

use lookout_server::authority::records::Role;
use lookout_server::config::Settings;
use lookout_server::demo;
use serving::Serving;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);
const ROUNDS: usize = 400;
const FLOOR: &str = "/healthz";
/// Pages that query no warehouse, which are held against the goal of 10 ms.
const PAGES: [&str; 11] = [
    "/sign-in",
    "/",
    "/account",
    "/settings/integrations",
    "/w/demo/dashboards",
    "/w/demo/mcp",
    "/w/demo/mcp/clients",
    "/w/demo/mcp/tokens",
    "/w/demo/mcp/reference",
    "/w/demo/mcp/activity",
    "/oauth/authorize",
];

fn main() {
    let serving = Serving::start_in(
        None,
        |_: &mut Settings| {},
        async |app| {
            let user = app.put_account(EMAIL, Some("Ada"), PASSWORD).await.unwrap();
            let membership = app.join_workspace(&user, "demo", Role::Admin).await.unwrap();
            let workspace = (membership.workspace_id.as_str(), "demo");
            let folder = app.config.data.clone();
            let shop = demo::furnish(&*app.store, workspace, &folder, TODAY, 1.0).await.unwrap();
            for number in 0..50 {
                let name = format!("token {number}");
                app.create_token(&user, &membership.workspace_id, &name, None, None).await.unwrap();
            }
            app.with_warehouses(vec![shop])
        },
    );
    let cookie = signed_in(&serving);
    let listed = serving.send("GET", "/w/demo/dashboards", &[("cookie", &cookie)], None);
    let mut pages: Vec<String> =
        [FLOOR].iter().chain(&PAGES).map(|&page| page.to_owned()).collect();
    let dashboards = listed.text.split("href=\"/w/demo/d/").skip(1);
    for slug in dashboards.filter_map(|rest| rest.split('"').next()) {
        let page = format!("/w/demo/d/{slug}");
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    let mut times = vec![Vec::with_capacity(ROUNDS); pages.len()];
    for _ in 0..ROUNDS {
        for (page, times) in pages.iter().zip(&mut times) {
            let start = Instant::now();
            let reply = serving.send("GET", page, &[("cookie", &cookie)], None);
            times.push(start.elapsed());
            assert!(reply.status < 500, "{page}: {reply:?}");
        }
    }
    println!("| page | p50 ms | p99 ms | p50 of {FLOOR} |\n|---|---|---|---|");
    let floor = quantile(&mut times[0], 50);
    for (page, times) in pages.iter().zip(&mut times) {
        let (middle, late) = (quantile(times, 50), quantile(times, 99));
        let ratio = middle.as_secs_f64() / floor.as_secs_f64();
        println!(
            "| {page} | {:.2} | {:.2} | {ratio:.1} |",
            milliseconds(middle),
            milliseconds(late)
        );
    }
}

/// The cookie of a person who has signed in.
fn signed_in(serving: &Serving) -> String {
    let page = serving.send("GET", "/sign-in", &[], None);
    let cookie = |header: &str| header.split(';').next().unwrap_or_default().to_owned();
    let before = cookie(page.header("set-cookie"));
    let csrf = page.text.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("csrf", csrf), ("email", EMAIL), ("password", PASSWORD)])
        .finish();
    let headers =
        [("cookie", before.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let reply = serving.send("POST", "/sign-in", &headers, Some(form.as_bytes()));
    assert_eq!(reply.status, 303, "{reply:?}");
    cookie(reply.header("set-cookie"))
}

fn quantile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
