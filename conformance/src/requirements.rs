//! What the checks are for: every property and every row of the specification, and what tries it.
//!
//! The rows are data, in `requirements.toml` beside this crate's manifest. A row names its checks, or
//! says why there is none; a test holds that nothing is missing in either direction. Nothing here is
//! judged: a run reads the checks alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use thiserror::Error;

/// All rows, by section.
#[derive(Clone, Debug)]
pub struct Requirements {
    /// Sections in the order of the file, each with its rows.
    pub sections: Vec<Section>,
    /// Checks that no row asks for, with the reason why they are there.
    pub beyond: BTreeMap<String, String>,
}

/// Rows of one origin.
#[derive(Clone, Debug)]
pub struct Section {
    /// The section's name, for example `authorization-server`.
    pub name: String,
    /// Its rows by id, in order.
    pub rows: Vec<(String, Row)>,
}

/// One property or one requirement.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// How much the text demands: MUST, SHOULD, MAY and their opposites, or our own `hardening` and
    /// `observe`.
    pub level: String,
    /// What it says, in a few words.
    pub title: String,
    /// Where it says so.
    pub source: String,
    /// The revisions of the specification that it holds in; empty where it is of none.
    #[serde(default)]
    pub revisions: Vec<String>,
    /// Whether it is about clients.
    #[serde(default)]
    pub client: bool,
    /// The checks that try it.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Why nothing tries it.
    pub excluded: Option<String>,
}

/// The file is not what it should be.
#[derive(Debug, Error)]
#[error("requirements.toml: {0}")]
pub struct Unreadable(String);

/// Sections as people read them; the file's own order is not kept by its format.
const SECTIONS: [&str; 13] = [
    "authorization-server",
    "resource-server",
    "pages",
    "token-store",
    "sequences",
    "mcp-authorization",
    "mcp-security",
    "mcp-http",
    "mcp-base",
    "mcp-lifecycle",
    "mcp-tools",
    "mcp-utilities",
    "client",
];

impl Requirements {
    /// The rows of this build.
    ///
    /// # Panics
    ///
    /// Never: a test reads the same text.
    #[must_use]
    pub fn embedded() -> Self {
        Self::read(include_str!("../requirements.toml")).expect("the embedded rows are tested")
    }

    /// Reads rows.
    ///
    /// # Errors
    ///
    /// When the text is no TOML, or a section or a member of a row is unknown.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let unreadable = |error: toml::de::Error| Unreadable(error.to_string());
        let mut tables: BTreeMap<String, toml::Table> = toml::from_str(text).map_err(unreadable)?;
        let beyond = tables.remove("beyond").unwrap_or_default();
        let beyond = toml::Value::Table(beyond).try_into().map_err(unreadable)?;
        let mut sections = Vec::new();
        for name in SECTIONS {
            let table = tables.remove(name).unwrap_or_default();
            let rows: BTreeMap<String, Row> =
                toml::Value::Table(table).try_into().map_err(unreadable)?;
            let mut rows: Vec<(String, Row)> = rows.into_iter().collect();
            rows.sort_by_key(|(id, _)| in_order(id));
            sections.push(Section { name: name.to_owned(), rows });
        }
        match tables.into_keys().next() {
            None => Ok(Self { sections, beyond }),
            Some(name) => Err(Unreadable(format!("there is no section {name:?}"))),
        }
    }

    /// Every row with its id.
    pub fn rows(&self) -> impl Iterator<Item = &(String, Row)> {
        self.sections.iter().flat_map(|section| &section.rows)
    }

    /// The table of rows and checks, as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "# Requirements and checks\n\n\
             Written by `lookout-conformance requirements` from `requirements.toml`; do not edit.\n\n",
        );
        let count = |is: &dyn Fn(&Row) -> bool| self.rows().filter(|(_, row)| is(row)).count();
        let tried = count(&|row| !row.checks.is_empty());
        let excluded = count(&|row| row.excluded.is_some());
        let all = self.rows().count();
        let _ = writeln!(
            text,
            "{all} rows: {tried} are tried, {excluded} are not \
             tried, each for the reason given."
        );
        for Section { name, rows } in &self.sections {
            let _ = write!(
                text,
                "\n## {name}\n\n| id | level | what | tried by |\n|---|---|---|---|\n"
            );
            for (id, row) in rows {
                let _ =
                    writeln!(text, "| {id} | {} | {} | {} |", row.level, row.title, row.tried_by());
            }
        }
        text.push_str(
            "\n## beyond\n\nChecks that no row asks for.\n\n| check | why |\n|---|---|\n",
        );
        for (check, why) in &self.beyond {
            let _ = writeln!(text, "| {check} | {why} |");
        }
        text
    }
}

impl Row {
    fn tried_by(&self) -> String {
        match &self.excluded {
            Some(reason) => format!("*{reason}*"),
            None => self.checks.join(", "),
        }
    }
}

/// An id in parts, so that `MB-2` comes before `MB-10`.
fn in_order(id: &str) -> (String, u32) {
    let (name, number) = id.rsplit_once('-').unwrap_or((id, "0"));
    (name.to_owned(), number.parse().unwrap_or(u32::MAX))
}
