//! G-SCOPE: subsets of the catalogue's scopes, and values that only look like one.

use proptest::prelude::*;

/// Every non-empty set of `scopes`, small sets first.
pub(crate) fn sets(scopes: &[String]) -> Vec<Vec<String>> {
    let chosen = |set: usize| {
        let members = scopes.iter().enumerate().filter(move |(index, _)| set >> index & 1 == 1);
        members.map(|(_, scope)| scope.clone()).collect::<Vec<String>>()
    };
    let mut sets: Vec<Vec<String>> = (1..1_usize << scopes.len()).map(chosen).collect();
    sets.sort_by_key(Vec::len);
    sets
}

/// A non-empty selection of `scopes`, which shrinks towards fewer.
pub(crate) fn subset(scopes: Vec<String>) -> impl Strategy<Value = Vec<String>> {
    let count = scopes.len();
    prop::sample::subsequence(scopes, 1..=count)
}

/// Scope parameters that a server must not read as containing `scope` (RFC 6749 section 3.3:
/// case-sensitive, delimited by single spaces and nothing else).
pub(crate) fn near_misses(scope: &str) -> Vec<(&'static str, String)> {
    let cut = &scope[..scope.len() - 1];
    vec![
        ("upper case", scope.to_uppercase()),
        ("one upper-case letter", format!("{}{}", scope[..1].to_uppercase(), &scope[1..])),
        ("a letter added", format!("{scope}x")),
        ("a letter cut", cut.to_owned()),
        ("a comma behind", format!("{scope},")),
        ("a comma between", format!("{scope},{scope}")),
        ("a tab behind", format!("{scope}\t")),
        ("a no-break space behind", format!("{scope}\u{a0}")),
        ("a zero-width space inside", format!("{cut}\u{200b}{}", &scope[cut.len()..])),
        ("a wildcard", "*".to_owned()),
        ("a quoted scope", format!("\"{scope}\"")),
    ]
}

/// The scope names in a `scope` value.
pub(crate) fn names(scope: &str) -> Vec<String> {
    scope.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_near_miss_contains_the_scope_as_a_whole_name() {
        for (what, value) in near_misses("mcp:write") {
            assert!(!names(&value).contains(&"mcp:write".to_owned()), "{what}: {value:?}");
        }
    }
}
