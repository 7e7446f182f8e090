//! Every page that people see, in light and in dark, on a desk and on a phone.
//!
//! `target/screenshots`, or `LOOKOUT_SCREENSHOTS`, holds a picture of each afterwards. `cargo xtask browser install` fetches axe-core, the rules of
//! accessibility; without it they are skipped, and said to be.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::driven::{Browser, Chromedriver};
use crate::stage::{self, ADMIN, MEMBER, NOBODY, Stage};
use crate::words;

/// One page, and how a person gets there.
struct Page {
    name: &'static str,
    /// Who looks at it.
    who: &'static str,
    status: u16,
    reach: fn(&Stage, &Browser),
}

/// A page whose address is always the same.
macro_rules! at {
    ($name:literal, $who:expr, $path:literal) => {
        Page { name: $name, who: $who, status: 200, reach: |_, browser| browser.open($path) }
    };
}

/// Every page.
const PAGES: &[Page] = &[
    at!("sign-in", NOBODY, "/sign-in"),
    Page { name: "sign-in-refused", who: NOBODY, status: 401, reach: stage::mistype_password },
    Page { name: "setup", who: NOBODY, status: 200, reach: stage::open_setup_link },
    at!("home", MEMBER, "/"),
    at!("dashboards", MEMBER, "/w/demo/dashboards"),
    at!("dashboards-none", MEMBER, "/w/demo/dashboards?search=nothing"),
    at!("dashboard", MEMBER, "/w/demo/d/tea-leafs-revenue-report"),
    at!("dashboard-by-a-tool", MEMBER, "/w/demo/d/orders-by-an-assistant"),
    at!("connect", MEMBER, "/w/demo/mcp"),
    at!("connect-read-only", MEMBER, "/w/demo/mcp?access=read"),
    at!("clients", MEMBER, "/w/demo/mcp/clients"),
    Page { name: "clients-created", who: MEMBER, status: 200, reach: stage::create_client },
    Page { name: "clients-refused", who: MEMBER, status: 422, reach: stage::create_client_wrongly },
    at!("tokens", MEMBER, "/w/demo/mcp/tokens"),
    at!("tokens-read-only", MEMBER, "/w/demo/mcp/tokens?access=read"),
    Page { name: "tokens-created", who: MEMBER, status: 200, reach: stage::create_token },
    Page {
        name: "tokens-refused",
        who: MEMBER,
        status: 422,
        reach: stage::create_token_without_scope,
    },
    Page { name: "tokens-tested", who: MEMBER, status: 200, reach: stage::test_token },
    at!("reference", MEMBER, "/w/demo/mcp/reference"),
    at!("activity", MEMBER, "/w/demo/mcp/activity"),
    at!("activity-none", MEMBER, "/w/demo/mcp/activity?tool=list_source_docs"),
    at!("integrations", MEMBER, "/settings/integrations"),
    at!("account", MEMBER, "/account"),
    Page { name: "consent", who: MEMBER, status: 200, reach: stage::ask_for_consent },
    Page { name: "consent-impossible", who: MEMBER, status: 400, reach: stage::ask_wrongly },
    Page {
        name: "nothing",
        who: MEMBER,
        status: 404,
        reach: |_, browser| browser.open("/nothing"),
    },
    at!("admin-tokens", ADMIN, "/w/demo/mcp/tokens"),
    at!("admin-clients", ADMIN, "/w/demo/mcp/clients"),
    at!("admin-activity", ADMIN, "/w/demo/mcp/activity"),
];

/// Shows each page to `look`, and returns everything it complains about.
fn tour(chromedriver: &Chromedriver, look: impl Fn(&Page, &Browser) -> Vec<String>) -> Vec<String> {
    let stage = Stage::furnished(chromedriver);
    let mut complaints = Vec::new();
    for who in [NOBODY, MEMBER, ADMIN] {
        let browser = chromedriver.browser(&stage.site.base);
        if who != NOBODY {
            stage::sign_in(&browser, who);
        }
        for page in PAGES.iter().filter(|page| page.who == who) {
            (page.reach)(&stage, &browser);
            let asked = "return performance.getEntriesByType('navigation')[0].responseStatus";
            assert_eq!(browser.ask(asked, &[]), json!(page.status), "{}", page.name);
            let found = look(page, &browser);
            complaints.extend(found.into_iter().map(|it| format!("{}: {it}", page.name)));
        }
    }
    complaints
}

/// Where the pictures go.
fn pictures() -> PathBuf {
    let folder = std::env::var_os("LOOKOUT_SCREENSHOTS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| workspace().join("target/screenshots"));
    fs::create_dir_all(&folder).expect("a folder for the pictures");
    folder
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// Opens whatever is folded away.
const UNFOLD: &str = "for (const it of document.querySelectorAll('details')) it.open = true";

/// The elements that reach further right than the window, when the page can be scrolled there.
const OVERFLOW: &str = "
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const far = [...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > innerWidth);
    return [`${document.documentElement.scrollWidth} wide`, ...far.slice(0, 5).map((it) => it.cloneNode().outerHTML)];";

#[test]
fn every_page_fits_a_phone_hides_what_is_hidden_and_writes_nothing_to_the_console() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let folder = pictures();
    let complaints = tour(&chromedriver, |page, browser| {
        let mut complaints = Vec::new();
        for scheme in ["light", "dark"] {
            for width in [1280, 390] {
                browser.dress(scheme, width, 900);
                let file = format!("{}-{scheme}-{width}.png", page.name);
                browser.picture(width, &folder.join(file));
            }
        }
        browser.ask(UNFOLD, &[]);
        for width in [1280, 390, 320] {
            browser.dress("light", width, 900);
            let wide = browser.ask(OVERFLOW, &[]);
            if wide != json!([]) {
                complaints.push(format!("does not fit {width}: {wide:#}"));
            }
        }
        if browser.count(words::HEADING) != 1 {
            complaints.push("has not one h1".to_owned());
        }
        let shown = "return [...document.querySelectorAll('[hidden]')].filter((it) => it.checkVisibility()).length";
        if browser.ask(shown, &[]) != json!(0) {
            complaints.push("shows what is hidden".to_owned());
        }
        let expected = format!("responded with a status of {}", page.status);
        let said = browser.console().into_iter();
        complaints.extend(said.filter(|line| page.status == 200 || !line.contains(&expected)));
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The violations that keep somebody from using the page, each with the elements that it is about.
const JUDGE: &str = "
    const only = arguments[0] ? { runOnly: arguments[0] } : {};
    return axe.run(document, { resultTypes: ['violations'], ...only }).then((found) => found.violations
        .filter((it) => ['serious', 'critical'].includes(it.impact))
        .map((it) => `${it.id}: ${it.help}\\n` + it.nodes.map((node) => `  ${node.html}\\n  ${node.failureSummary}`).join('\\n')));";

/// The text of axe-core.
fn axe() -> Option<String> {
    let file = workspace().join("target/axe/node_modules/axe-core/axe.min.js");
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        let required = std::env::var_os("LOOKOUT_SKIP_NOTHING").is_some();
        assert!(!required, "{} is not there: cargo xtask browser install", file.display());
        eprintln!("SKIPPED: axe-core is not installed, so nothing judged the pages");
    }
    text
}

/// What axe-core says about the page, once it is loaded there: by all of its rules, or by one.
fn judge(browser: &Browser, axe: &str, rule: Option<&str>) -> Vec<String> {
    browser.ask(axe, &[]);
    let found = browser.ask(JUDGE, &[json!(rule)]);
    let found = found.as_array().expect("a list of violations").iter();
    found.map(|it| it.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn no_page_keeps_anybody_out_in_light_or_in_dark() {
    let Some(axe) = axe() else { return };
    let Some(chromedriver) = Chromedriver::start() else { return };
    let complaints = tour(&chromedriver, |_, browser| {
        let mut complaints = Vec::new();
        browser.ask(UNFOLD, &[]);
        // Of all that is judged only the contrast is another one in the dark.
        let looks =
            [("light", 1280, None), ("light", 390, None), ("dark", 390, Some("color-contrast"))];
        for (scheme, width, rule) in looks {
            browser.dress(scheme, width, 900);
            let found = judge(browser, &axe, rule).into_iter();
            complaints.extend(found.map(|it| format!("{scheme}, {width} wide: {it}")));
        }
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let Some(axe) = axe() else { return };
    let Some(chromedriver) = Chromedriver::start() else { return };
    let browser = chromedriver.browser("");
    browser.open("data:text/html,<!doctype html><html lang=en><title>Wrong</title><main><h1>Wrong</h1><input><p><span style='color:%23aaa;background:%23fff'>Pale</span></main>");
    let found = judge(&browser, &axe, None);
    let ids: Vec<&str> = found.iter().filter_map(|it| it.split(':').next()).collect();
    assert_eq!(ids, ["color-contrast", "label"], "{found:#?}");
    let found = judge(&browser, &axe, Some("color-contrast"));
    assert!(found.len() == 1 && found[0].starts_with("color-contrast"), "{found:#?}");
    assert_eq!(browser.ask(OVERFLOW, &[]), json!([]));
    browser.open("data:text/html,<!doctype html><pre style='width:5000px'>Wide</pre>");
    assert_ne!(browser.ask(OVERFLOW, &[]), json!([]));
}
