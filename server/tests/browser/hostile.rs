//! Names that clients, people and tools chose to harm whoever looks at them, in the document that a real browser makes of the pages.

use serde_json::{Value, json};

use crate::client::{Client, call};
use crate::driven::{Browser, Chromedriver};
use crate::served::Served;
use crate::stage::{self, MEMBER};
use crate::words;

/// Each would become an element, an attribute or a script where it is not escaped.
const MARKUP: [&str; 12] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onfocus=alert(1) autofocus x='",
    "\" onmouseover=\"alert(1)",
    "</title><h1>Trusted</h1>",
    "</q></h1><button>Allow</button>",
    "</code></table><iframe src=//x>",
    "<a href=javascript:alert(1)>Go</a>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "&lt;b&gt;&#60;i&#62;&amp;",
    "--><base href=//evil.example><!--",
];

/// Each shows something other than it holds: other directions, nothing at all, letters of another script.
const DISGUISED: [&str; 6] = [
    "Claude \u{202e}elcarO\u{202c}",
    "\u{2066}Claude\u{2069} \u{200f}Code",
    "Cla\u{200b}ude\u{feff}",
    "Сlаudе",
    "A\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}",
    "Claude\u{e0041}\u{e0042}",
];

/// What a document is made of: how many elements of each kind, every attribute that runs something, and where forms and links lead.
const SHAPE: &str = "
    const all = [...document.querySelectorAll('*')], kinds = {};
    for (const it of all) kinds[it.localName] = (kinds[it.localName] ?? 0) + 1;
    const handlers = all.flatMap((it) => it.getAttributeNames().filter((name) => name.startsWith('on') || name === 'style'));
    const leads = all.flatMap((it) => ['href', 'src', 'action', 'formaction', 'srcdoc'].map((name) => it.getAttribute(name)))
        .filter((to) => to && !/^(\\/|#)/.test(to));
    return { kinds, handlers, leads };";

/// The shape of the page that the browser shows, which runs nothing and leads nowhere else.
#[track_caller]
fn shape(browser: &Browser) -> Value {
    let shape = browser.ask(SHAPE, &[]);
    assert_eq!((&shape["handlers"], &shape["leads"]), (&json!([]), &json!([])), "{shape:#}");
    shape["kinds"].clone()
}

/// The consent page for a client of this name, when it can be registered.
fn consent(site: &Served, browser: &Browser, name: &str) -> Option<(Value, String)> {
    let client = Client::try_to_register(site, name).ok()?;
    browser.open(&client.request());
    Some((shape(browser), browser.text(words::HEADING)))
}

#[test]
fn a_clients_name_changes_nothing_on_the_consent_page_but_the_text() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    let (plain, _) = consent(&site, &browser, "Plain name").expect("a plain name");
    let mut shown = 0;
    for name in MARKUP {
        let Some((shape, heading)) = consent(&site, &browser, name) else { continue };
        assert_eq!(shape, plain, "{name}: {heading}");
        assert!(heading.contains(name), "{name} is not shown as it is: {heading}");
        shown += 1;
    }
    assert!(shown >= MARKUP.len() - 2, "{shown}");
    browser.was_quiet();
}

/// Characters that change how others are shown, or show nothing.
fn deceives(text: &str) -> bool {
    text.chars().any(|it| {
        matches!(it, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    })
}

#[test]
fn a_name_in_disguise_is_refused_or_shown_for_what_it_is() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    for name in DISGUISED {
        let Some((_, heading)) = consent(&site, &browser, name) else { continue };
        assert!(!deceives(&heading), "{name:?}: {heading:?}");
        // What surrounds a name keeps its order, whatever the name does.
        let isolates = "return [...document.querySelectorAll('h1 bdi')].length";
        assert_ne!(browser.ask(isolates, &[]), json!(0), "{heading}");
    }
}

/// Has a token, a dashboard and a connected client called by each of these names.
fn call_everything<'n>(site: &Served, browser: &Browser, names: impl Iterator<Item = &'n str>) {
    let writer = site.token("mcp:read mcp:write");
    for name in names {
        let minted = site.app.create_token(&site.user, &site.workspace_id, name, None, None);
        site.runtime.block_on(minted).unwrap_or_else(|error| panic!("{name}: {error}"));
        let saved = call(site, &writer, "save_dashboard", stage::dashboard(name));
        assert_eq!(saved.expect("an answer")["isError"], false, "{name}");
        let token = stage::allow(browser, &Client::register(site, name));
        call(site, &token, "list_warehouses", json!({})).expect("an answer");
    }
    site.runtime.block_on(site.app.noted());
}

#[test]
fn names_change_nothing_on_the_pages_of_members_but_the_text() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let accepted = |site: &Served| -> Vec<&str> {
        let accepts = |name: &&str| Client::try_to_register(site, name).is_ok();
        MARKUP.into_iter().filter(accepts).collect()
    };
    let mut shapes: Vec<Vec<Value>> = Vec::new();
    for is_hostile in [false, true] {
        let site = Served::start();
        let browser = chromedriver.browser(&site.base);
        stage::sign_in(&browser, MEMBER);
        let names = accepted(&site);
        assert!(names.len() >= MARKUP.len() - 2, "{names:?}");
        let plain: Vec<String> = (0..names.len()).map(|it| format!("Plain name {it}")).collect();
        if is_hostile {
            call_everything(&site, &browser, names.iter().copied());
        } else {
            call_everything(&site, &browser, plain.iter().map(String::as_str));
        }
        let saved = site.tool(&site.token("mcp:read"), "list_dashboards", json!({}));
        let saved = saved["structuredContent"]["dashboards"].as_array().expect("dashboards").iter();
        let mut slugs: Vec<&str> = saved.filter_map(|it| it["slug"].as_str()).collect();
        slugs.sort_unstable();
        let mut seen = Vec::new();
        for path in words::PAGES_WITH_NAMES {
            browser.open(path);
            seen.push(json!([path, shape(&browser)]));
        }
        for slug in slugs {
            browser.open(&format!("/w/demo/d/{slug}"));
            shape(&browser);
        }
        browser.was_quiet();
        shapes.push(seen);
    }
    assert_eq!(shapes[0], shapes[1]);
}

#[test]
fn a_name_that_became_an_element_is_found_and_the_policy_stops_what_it_runs() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.open(words::TOKENS);
    let plain = shape(&browser);
    // As if the page had not escaped it.
    browser.ask(
        "const name = '<img src=x onerror=\"window.hasRun = true\">';
         document.querySelector('h1').insertAdjacentHTML('beforeend', name);
         const script = document.createElement('script');
         script.textContent = 'window.hasRun = true';
         document.body.append(script);",
        &[],
    );
    let changed = browser.ask(SHAPE, &[]);
    assert_ne!(changed["kinds"], plain);
    assert_eq!((&changed["handlers"], &changed["leads"]), (&json!(["onerror"]), &json!(["x"])));
    let mut said = Vec::new();
    browser.wait("the console to name both", || {
        said.extend(browser.console());
        let refused = said.iter().filter(|line| line.contains("Content Security Policy"));
        (refused.count() >= 2).then_some(())
    });
    assert_eq!(browser.ask("return window.hasRun ?? null", &[]), Value::Null);
}
