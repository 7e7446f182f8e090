//! Bodies that a careful parser survives.

use proptest::prelude::*;

/// How deep nested JSON goes; deeper than any honest request, shallower than a slow test.
const DEPTH: usize = 20_000;

/// Bodies that are not what an endpoint expects, with a name for each.
pub(crate) fn hostile_json() -> Vec<(&'static str, String)> {
    vec![
        ("nothing", String::new()),
        ("half an object", "{\"jsonrpc\":".to_owned()),
        ("a bare word", "nonsense".to_owned()),
        ("null", "null".to_owned()),
        ("a number", "1e999".to_owned()),
        ("an empty array", "[]".to_owned()),
        ("a batch", "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}]".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("a lone surrogate", "{\"method\":\"\\ud800\"}".to_owned()),
        ("a NUL", "{\"method\":\"a\\u0000b\",\"client_name\":\"a\\u0000b\"}".to_owned()),
        (
            "a repeated member",
            "{\"id\":1,\"id\":2,\"method\":\"ping\",\"method\":\"x\"}".to_owned(),
        ),
        (
            "wrong types",
            "{\"jsonrpc\":2,\"id\":{},\"method\":[],\"params\":1,\"redirect_uris\":7}".to_owned(),
        ),
        ("deep arrays", format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH))),
        ("deep objects", format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH))),
        ("unbalanced depth", "[".repeat(DEPTH)),
        ("many members", many_members()),
        ("a byte order mark", "\u{feff}{}".to_owned()),
    ]
}

fn many_members() -> String {
    let members: Vec<String> = (0..2_000).map(|index| format!("\"m{index}\":{index}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Arbitrary bytes, which shrink towards none.
pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..64)
}

/// Content types other than the one an endpoint expects.
pub(crate) const CONTENT_TYPES: [&str; 6] = [
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/json; charset=utf-7",
    "x",
];

/// Text that must come back exactly as it was sent, whatever it looks like.
pub(crate) fn opaque_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "Z", "0", " ", "+", "%", "%2B", "&", "=", "#", "?", "/", "\\", "\"", "'", "<b>", "é",
        "日本", "\r\n", "\t", ";", "{}", "💡", "code=x",
    ]);
    prop::collection::vec(pieces, 1..12).prop_map(|pieces| pieces.concat())
}

/// Text that is longer than columns and buffers are wont to be.
pub(crate) fn long_text() -> impl Strategy<Value = String> {
    (129_usize..2_500).prop_map(|length| {
        "0123456789abcdefghijklmnopqrstuvwxyz".chars().cycle().take(length).collect()
    })
}

/// Names that would do harm where a page forgets to escape them.
pub(crate) const INERT_NAMES: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "<input type=hidden name=decision value=allow>",
];
