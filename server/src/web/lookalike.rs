//! Names that are written to be read as another (Unicode Technical Standard 39).
//!
//! Nobody is refused for a name. Where a person decides whether to trust it, the page says what is odd about it.

use unicode_security::{
    MixedScript as _, RestrictionLevel, RestrictionLevelDetection as _, skeleton,
};

/// Clients whose names others would like to have.
const WELL_KNOWN: [&str; 14] = [
    "Lookout",
    "RudderStack",
    "Claude",
    "Anthropic",
    "ChatGPT",
    "OpenAI",
    "Codex",
    "Cursor",
    "Copilot",
    "Visual Studio Code",
    "Windsurf",
    "Zed",
    "Gemini",
    "MCP Inspector",
];

/// What is odd about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    /// One word has letters of alphabets that are not written together.
    Mixed,
    /// A word has no Latin letter and looks as if it had no other, or it has letters that no language is usually written with.
    Disguised,
    /// It looks like this name and is spelled otherwise.
    Imitates(&'static str),
}

impl Oddity {
    /// What is odd about `name`, the plainest first.
    pub(super) fn of(name: &str) -> Option<Self> {
        let words: Vec<&str> =
            name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let is_mixed = |word: &&str| {
            !word.is_single_script()
                && word.detect_restriction_level() > RestrictionLevel::ModeratelyRestrictive
        };
        if let Some(known) = WELL_KNOWN.into_iter().find(|known| imitates(&words, known)) {
            return Some(Self::Imitates(known));
        }
        if words.iter().any(is_mixed) {
            return Some(Self::Mixed);
        }
        words.into_iter().any(is_disguised).then_some(Self::Disguised)
    }

    /// It in words.
    pub(super) fn sentence(self) -> String {
        const WAY: &str = "which is a way to imitate another name";
        match self {
            Self::Mixed => format!("The name mixes letters of several alphabets, {WAY}."),
            Self::Disguised => {
                format!("The name is written with letters that look like others, {WAY}.")
            }
            Self::Imitates(known) => {
                format!("The name looks like {known} but is spelled with other letters, {WAY}.")
            }
        }
    }
}

fn is_disguised(word: &str) -> bool {
    let looks_latin = || {
        let mut seen = skeleton(word);
        !word.chars().any(is_latin) && seen.all(|c| c.is_ascii_alphanumeric())
    };
    let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
    !letters.is_ascii()
        && (letters.detect_restriction_level() == RestrictionLevel::Unrestricted || looks_latin())
}

fn is_latin(letter: char) -> bool {
    letter.is_ascii_alphabetic() || matches!(letter, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Whether `words` hold what looks like `known` and is not.
fn imitates(words: &[&str], known: &str) -> bool {
    let looks = |text: &str| skeleton(text).collect::<String>().to_lowercase();
    let length = known.split(' ').count();
    let look = looks(known);
    words
        .windows(length)
        .map(|window| window.join(" "))
        .any(|part| !part.eq_ignore_ascii_case(known) && looks(&part) == look)
}

/// Whether a host is written in letters that an address cannot have, and so stands here in its other spelling (RFC 5890).
pub(super) fn is_encoded(host: &str) -> bool {
    host.split('.')
        .any(|label| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")))
}

#[cfg(test)]
mod tests {
    use super::{Oddity, is_encoded};

    #[test]
    fn a_name_in_borrowed_letters_is_odd() {
        for (name, oddity) in [
            // Cyrillic а, Greek ο, capital I, zero, a Cyrillic word, mathematical letters, fullwidth letters.
            ("Cl\u{430}ude", Oddity::Imitates("Claude")),
            ("My CIaude Code", Oddity::Imitates("Claude")),
            ("Copil0t", Oddity::Imitates("Copilot")),
            ("MCP lnspector", Oddity::Imitates("MCP Inspector")),
            ("\u{1d402}ursor", Oddity::Imitates("Cursor")),
            ("N\u{3bf}tebook", Oddity::Mixed),
            ("p\u{430}yments", Oddity::Mixed),
            ("Tools by \u{441}\u{43e}\u{441}\u{430}", Oddity::Disguised),
            ("\u{1d413}\u{1d428}\u{1d428}\u{1d425}", Oddity::Disguised),
            ("\u{ff34}\u{ff4f}\u{ff4f}\u{ff4c}", Oddity::Disguised),
        ] {
            assert_eq!(Oddity::of(name), Some(oddity), "{name}");
        }
    }

    #[test]
    fn a_name_in_its_own_letters_is_not() {
        for name in [
            "Claude Code",
            "CLAUDE",
            "cursor",
            "Encyclopædia",
            "Ünïcode Tie\u{302}\u{301}ng",
            "Яндекс Браузер",
            "Яндекс Browser",
            "名前 Notes",
            "データ分析",
            "한국어 앱",
            "हिन्दी",
            "ภาษาไทย",
            "عربي",
            "ελληνικά",
            "🙂 3000 (beta) – v2",
            "",
            "…",
        ] {
            assert_eq!(Oddity::of(name), None, "{name}");
        }
    }

    #[test]
    fn an_encoded_host_is_told_from_others() {
        assert!(is_encoded("xn--80ak6aa92e.com") && is_encoded("a.XN--p1ai:8443"));
        assert!(!is_encoded("app.example") && !is_encoded("axn--b.example"));
    }
}
