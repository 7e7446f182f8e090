//! What clients, people and tools wrote, as pages show it.
//!
//! A template can hold it in one of two ways: `{{ name }}` with a [`Shown`], which is escaped and isolated in the direction of its letters, or
//! `{{ name.text() }}` where no element can be (a title, an option, an attribute), which is escaped as all text is.

use std::fmt;

use askama::filters::{Escaper as _, Html, HtmlSafe};

use crate::visible;

/// The longest that one line of somebody else's is.
const LONGEST: usize = 120;

/// One line that somebody else wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown(String);

impl Shown {
    /// What is shown of `text`, in at most 120 characters.
    pub(super) fn of(text: impl AsRef<str>) -> Self {
        Self::within(text, LONGEST)
    }

    /// What is shown of `text`, in at most `longest` characters.
    pub(super) fn within(text: impl AsRef<str>, longest: usize) -> Self {
        let line = visible::line(text.as_ref(), longest);
        Self(if line.is_empty() { "(no name)".to_owned() } else { line })
    }

    /// It as text that still has to be escaped.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, page: &mut fmt::Formatter<'_>) -> fmt::Result {
        page.write_str("<bdi>")?;
        Html.write_escaped_str(&mut *page, &self.0)?;
        page.write_str("</bdi>")
    }
}

// It escapes itself, because askama would escape its `<bdi>` too.
impl HtmlSafe for Shown {}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::Shown;

    #[derive(Template)]
    #[template(
        source = "<p title=\"{{ name.text() }}\">{{ name }} {{ Shown::of(other) }}</p>",
        ext = "html"
    )]
    struct Page<'a> {
        name: Shown,
        other: &'a str,
    }

    #[test]
    fn a_template_shows_it_escaped_and_isolated() {
        let page = Page { name: Shown::of("\"><b>\u{202e}x"), other: " \u{200b} " };
        assert_eq!(
            page.render().expect("a page"),
            "<p title=\"&#34;&#62;&#60;b&#62;x\"><bdi>&#34;&#62;&#60;b&#62;x</bdi> <bdi>(no name)</bdi></p>"
        );
    }

    #[test]
    fn it_is_shortened() {
        assert_eq!(Shown::within("a longer name", 8).text(), "a longe…");
        assert_eq!(Shown::of("a".repeat(5000)).text().chars().count(), 120);
    }
}
