//! Standard output and standard error.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use crate::failure::Failure;
use crate::inert;

/// Where results and remarks go, and how.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Whether results are for a program.
    pub(crate) json: bool,
    /// Whether a person sees standard output.
    pub(crate) terminal: bool,
    pub(crate) style: Style,
}

/// The few ways in which text stands out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colours: bool,
}

impl Screen {
    pub(crate) fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { json, terminal, style: Style { colours: terminal && !set("NO_COLOR") && !dumb } }
    }

    /// Prints a result.
    #[expect(clippy::unused_self, reason = "printing belongs to the screen")]
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
            match error.kind() {
                io::ErrorKind::BrokenPipe => Failure::NobodyReads,
                _ => Failure::machine("the result could not be written", &error),
            }
        })
    }

    /// Prints JSON: indented for a person, on one line for a program.
    pub(crate) fn print_json(&self, value: &Value) -> Result<(), Failure> {
        let text = if self.json { value.to_string() } else { format!("{value:#}") };
        self.print(&format!("{}\n", inert::json(&text)))
    }

    /// Says something that is not the result; a standard error that is closed hears nothing.
    #[expect(clippy::unused_self, reason = "saying belongs to the screen")]
    pub(crate) fn say(&self, text: &str) {
        let _gone = writeln!(io::stderr().lock(), "{text}");
    }
}

impl Style {
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { colours: false };
    #[cfg(test)]
    pub(crate) const COLOURED: Self = Self { colours: true };

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
