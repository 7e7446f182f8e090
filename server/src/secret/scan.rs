//! Secrets of this server inside other text: reports of secret scanners, and whatever must not reach a log.
//!
//! A secret is what `lk[a-z]{3}_[0-9A-Za-z]{49}` matches, with one of the prefixes of [`SecretKind`] and a right checksum.

use super::{CHECK_CHARACTERS, RANDOM_CHARACTERS, SecretKind};

/// Characters after a prefix from which on a text is treated as a piece of a secret. What a list shows of one has three.
const TELLING: usize = 8;

/// Everything in `text` that has the form of a secret, whether or not its checksum is right.
pub fn candidates(text: &str) -> impl Iterator<Item = &str> {
    starts(text).filter_map(move |(place, prefix)| {
        let end = place + prefix.len() + RANDOM_CHARACTERS + CHECK_CHARACTERS;
        let body = text.get(place + prefix.len()..end)?;
        body.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| &text[place..end])
    })
}

/// `text` with every secret, and every piece of one that tells much, replaced.
#[must_use]
pub fn scrubbed(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for (place, prefix) in starts(text) {
        let body = &text[place + prefix.len()..];
        let length = body.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if place >= done && length >= TELLING {
            clean.push_str(&text[done..place]);
            clean.push_str("[secret]");
            done = place + prefix.len() + length;
        }
    }
    clean.push_str(&text[done..]);
    clean
}

/// Where a prefix stands.
fn starts(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    text.match_indices("lk").filter_map(move |(place, _)| {
        let rest = &text[place..];
        let prefixes = SecretKind::ALL.iter().map(|kind| kind.prefix());
        let prefix = prefixes.into_iter().find(|prefix| rest.starts_with(prefix))?;
        Some((place, prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::{candidates, scrubbed};

    #[test]
    fn what_a_list_shows_of_a_secret_stays_and_more_does_not() {
        assert_eq!(scrubbed("lkmcp_abc is fine"), "lkmcp_abc is fine");
        assert_eq!(scrubbed("a=lkoat_0123456789 b=xlkort_abcdefgh!"), "a=[secret] b=x[secret]!");
        assert_eq!(scrubbed("lklkmcp_12345678"), "lk[secret]");
    }

    #[test]
    fn a_candidate_is_found_inside_a_line() {
        let secret = format!("lkmcp_{}", "a".repeat(49));
        let line = format!("+ TOKEN=\"{secret}\", see lkmcp_short and é{secret}é");
        assert_eq!(candidates(&line).collect::<Vec<_>>(), [secret.as_str(), &secret]);
    }
}
