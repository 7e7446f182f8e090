//! What is wrong with a target file, and where.

use std::fmt;

/// One thing that is wrong in a target file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line and column, both from 1, where the text is known to be.
    pub place: Option<(usize, usize)>,
    /// The key, for example `consent.password`; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with one target file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// The file, as it was named.
    pub file: String,
    /// At least one problem.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            let separator = if problem.place.is_some() { ":" } else { ": " };
            let line = if number == 0 { "" } else { "\n" };
            write!(f, "{line}{}{separator}{problem}", self.file)?;
        }
        Ok(())
    }
}

/// Gathers problems while a file is read.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
}

impl Findings {
    pub(crate) fn at(
        &mut self,
        place: Option<(usize, usize)>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.problems.push(Problem { place, key: key.into(), message: message.into() });
    }
}
