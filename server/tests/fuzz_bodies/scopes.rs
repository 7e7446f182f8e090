//! F4: scope names, against a reading by bytes, and the laws of sets. The first line is one set, the second another.

use lookout_schema::ScopeSet;

const NAMES: [&[u8]; 2] = [b"mcp:read", b"mcp:write"];

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    let sets = [first, second].map(|names| {
        let parsed: Option<ScopeSet> = names.parse().ok();
        assert_eq!(parsed.map(bits), read(names.as_bytes()), "{names:?}");
        parsed
    });
    let [Some(a), Some(b)] = sets else { return };
    let all = ScopeSet::all();
    for (set, expected) in [
        (a.union(b), bits(a) | bits(b)),
        (a.intersection(b), bits(a) & bits(b)),
        (a.difference(b), bits(a) & !bits(b)),
        (a.union(all), bits(all)),
    ] {
        assert_eq!(bits(set), expected);
        assert_eq!(set.to_string().parse(), Ok(set));
    }
    assert_eq!(a.is_subset(b), bits(a) & !bits(b) == 0);
    assert_eq!(a.is_empty(), bits(a) == 0);
    assert_eq!(a.is_subset(b) && b.is_subset(a), a == b);
}

/// Which of the names a set has, by its text.
fn bits(set: ScopeSet) -> u8 {
    let text = set.to_string();
    let has = |name: &[u8]| text.split(' ').any(|word| word.as_bytes() == name);
    u8::from(has(NAMES[0])) | u8::from(has(NAMES[1])) << 1
}

fn read(names: &[u8]) -> Option<u8> {
    let mut found = 0;
    for name in names.split(|&byte| byte == b' ').filter(|name| !name.is_empty()) {
        found |= 1 << NAMES.iter().position(|known| *known == name)?;
    }
    Some(found)
}
