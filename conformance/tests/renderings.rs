//! The renderings beside the terminal's: well formed, faithful, and safe whatever a server says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lookout_conformance::check::Level;
use lookout_conformance::report::{Report, Verdict, html, json, junit, markdown, sarif, visible};
use scraper::{Html, Selector};
use serde_json::Value;

#[path = "report/example.rs"]
mod example;

use example::{check, example, found};

/// What a hostile server might answer: markup for every context, and text that reorders text.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</pre></details></style></title><svg onload=alert(1)>",
    "]]></failure><evil/>",
    "javascript:alert(1)",
    "{{ 7 * 7 }} {% raw %}",
    "\u{202e}dlrow\u{2066} olleh\u{200b}",
    "\u{1b}]0;title\u{7}\u{1b}[2J\u{0}\u{b}",
    "``` \n</details>\n# heading\n[link](http://evil.example) @everyone | cell |",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "http://evil.example/?a=1&b=<2>",
];

/// A report in which every string that a server can choose is `text`.
fn hostile(text: &str) -> Report {
    let mut report = example();
    let said = || text.to_owned();
    (report.target, report.endpoint, report.issuer) = (said(), said(), said());
    (report.catalogue, report.profile[0].value) = (said(), said());
    report.profile[0].remark = Some(said());
    for check in &mut report.checks {
        check.reason = Some(said());
        for exchange in &mut check.transcript {
            (exchange.request, exchange.request_body) = (said(), said());
            (exchange.answer, exchange.answer_body, exchange.curl) = (said(), said(), said());
            (exchange.request_headers, exchange.answer_headers) = (vec![said()], vec![said()]);
        }
        if let Some(found) = &mut check.counterexample {
            (found.expected, found.observed, found.input) = (said(), said(), Some(said()));
        }
    }
    report
}

fn select<'a>(page: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

/// Every element with its attributes' names, in order: what markup there is.
fn skeleton(page: &Html) -> Vec<String> {
    let element = |element: scraper::ElementRef<'_>| {
        let value = element.value();
        let names: Vec<&str> = value.attrs().map(|(name, _)| name).collect();
        format!("{} {}", value.name(), names.join(" "))
    };
    select(page, "*").into_iter().map(element).collect()
}

#[test]
fn nothing_that_a_server_says_becomes_markup_of_the_page() {
    let honest = skeleton(&Html::parse_document(&html::render(&hostile("honest"))));
    for text in HOSTILE {
        let page = Html::parse_document(&html::render(&hostile(text)));
        assert_eq!(skeleton(&page), honest, "{text:?}");
        let shown: String = select(&page, ".observed dd")[0].text().collect();
        assert_eq!(shown, visible::visible(text), "and it is still there to be read");
    }
}

#[test]
fn no_rendering_holds_a_character_that_hides_or_reorders() {
    for text in HOSTILE {
        let report = hostile(text);
        for rendering in [html::render(&report), junit::render(&report), markdown::render(&report)]
        {
            assert_eq!(visible::visible(&rendering), rendering, "{text:?}");
        }
    }
}

#[test]
fn the_page_needs_nothing_from_anywhere() {
    let page = Html::parse_document(&html::render(&example()));
    for (selector, attribute) in
        [("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("use", "href")]
    {
        for element in select(&page, selector) {
            assert_eq!(element.attr(attribute), None, "{selector}");
        }
    }
    assert!(select(&page, "[style], [onclick], base, object, embed").is_empty());
    let policy = select(&page, "meta[http-equiv]")[0].attr("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"));
    let links = select(&page, "a[href]");
    for link in links {
        let href = link.attr("href").unwrap();
        assert!(href.starts_with('#') || href.starts_with("https://"), "{href}");
    }
}

#[test]
fn the_page_says_it_all_without_its_script() {
    let report = example();
    let page = Html::parse_document(&html::render(&report));
    let text: String = page.root_element().text().collect();
    for check in &report.checks {
        assert!(text.contains(&check.id), "{}", check.id);
        assert!(check.remark().is_none_or(|remark| text.contains(remark)), "{}", check.id);
    }
    for needed in ["Seed", "Harness", "refresh", "assumed", "1234", "1.9 s", "next month"] {
        assert!(text.contains(needed), "{needed}");
    }
    for selector in ["header h1", "main", "footer", "svg.sequence[role=img][aria-label]", "ol li"] {
        assert!(!select(&page, selector).is_empty(), "{selector}");
    }
    assert_eq!(select(&page, "g.exchange").len(), 2);
    assert_eq!(select(&page, "g.exchange.decisive").len(), 1, "the decisive one is marked");
    for region in select(&page, "[role=region]") {
        assert_eq!(region.attr("tabindex"), Some("0"), "what scrolls can be reached by keyboard");
    }
}

#[test]
fn the_junit_document() {
    insta::assert_snapshot!(junit::render(&example()));
}

#[test]
fn the_junit_document_nests_whatever_a_server_says() {
    for text in HOSTILE {
        let document = junit::render(&hostile(text));
        let mut open = Vec::new();
        for tag in document.split('<').skip(2) {
            let (tag, _) = tag.split_once('>').unwrap();
            let name = tag.trim_end_matches('/').split(' ').next().unwrap();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{text:?}"),
                None if tag.ends_with('/') => {}
                None => open.push(name),
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        }
        assert!(open.is_empty() && !document.contains("<evil"), "{open:?}");
    }
}

#[test]
fn the_sarif_log_has_what_the_standard_requires() {
    let log = sarif::render(&example());
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(run["tool"]["driver"]["name"], "lookout-conformance");
    assert_eq!(rules.len(), 6);
    let results = run["results"].as_array().unwrap();
    let verdicts: Vec<(&str, &str, &str)> = results
        .iter()
        .map(|result| {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"], "the index leads to the rule");
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let text = |member: &str| result[member].as_str().unwrap();
            // Section 3.27.10: a result that is no failure has no level.
            assert!(text("kind") == "fail" || text("level") == "none");
            (text("ruleId"), text("kind"), text("level"))
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("pkce/wrong-verifier", "fail", "error"),
            ("page/content-policy", "fail", "warning"),
            ("code/expiry", "notApplicable", "none"),
            ("refresh/rotation", "open", "none"),
        ]
    );
    let place = |at: usize| {
        results[at]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].clone()
    };
    assert_eq!(place(0), "POST http://127.0.0.1:8787/oauth/token");
    assert_eq!(place(2), "http://127.0.0.1:8787/mcp");
    assert_eq!(results[1]["suppressions"][0]["kind"], "external");
    let help = rules[1]["helpUri"].as_str().unwrap();
    assert!(help.starts_with("https://www.rfc-editor.org/"));
}

#[test]
fn the_markdown_summary() {
    insta::assert_snapshot!(markdown::render(&example()));
}

#[test]
fn a_markdown_summary_fits_into_a_comment_however_much_there_is_to_say() {
    for text in ["x".repeat(9_000), "`".repeat(9_000), "é\u{202e}".repeat(3_000)] {
        let mut report = hostile(&text);
        let transcript = report.checks[1].transcript.clone();
        for number in 0..150 {
            let mut failed = check(&format!("area/check-{number}"), Level::Must, Verdict::Fail);
            failed.counterexample = Some(found(&text));
            failed.transcript.clone_from(&transcript);
            report.checks.push(failed);
            let mut untested =
                check(&format!("area/other-{number}"), Level::Must, Verdict::NotTested);
            untested.reason = Some(format!("{number} {text}"));
            report.checks.push(untested);
        }
        let summary = markdown::render(&report);
        assert!(summary.len() <= markdown::LONGEST, "{}", summary.len());
        assert!(summary.contains("in the other reports"));
        assert_eq!(summary.matches("<details>").count(), summary.matches("</details>").count());
        assert!(summary.contains("</sub>"), "the seed is there however long the rest is");
    }
}

/// What a reader of Markdown takes as Markdown: a block ends with a fence as long as its first.
fn outside_of_fences(text: &str) -> String {
    let mut outside = String::new();
    let mut fence = None;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            None => outside.extend([line, "\n"]),
            Some(length) if ticks >= length && line.trim_end().len() == ticks => fence = None,
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "every block is closed");
    outside
}

#[test]
fn a_markdown_summary_links_to_nothing_of_the_servers() {
    for text in HOSTILE {
        let summary = markdown::render(&hostile(text));
        let outside = outside_of_fences(&summary);
        for forbidden in ["<script", "<img", "@everyone", "](http://evil", "<svg"] {
            assert!(!outside.contains(forbidden), "{forbidden} in {outside}");
        }
    }
}

#[test]
fn every_machine_readable_report_says_how_the_run_was_done() {
    let report = example();
    let documents: Vec<Value> = vec![json::render(&report), sarif::render(&report)];
    for text in documents.iter().map(Value::to_string).chain([junit::render(&report)]) {
        for needed in ["seed", "0.1.0", "refresh", "assumed", "2026-11-22T20:15:00Z", "1234"] {
            assert!(text.contains(needed), "{needed}");
        }
    }
}
