//! What is wrong with arguments, in words for the person or the model that wrote them.

use std::fmt;

/// Arguments that a tool's input schema does not allow, with everything that is wrong with them.
///
/// ```
/// use lookout_schema::{QueryWarehouse, Tool as _};
///
/// let invalid = QueryWarehouse::new("").max_rows(5000).validate().unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     "the arguments of query_warehouse are not valid: \
///      /max_rows is 5000, allowed is 1 to 2000; /sql has 0 characters, allowed are 1 to 50000"
/// );
/// assert_eq!(invalid.violations()[0].pointer, "/max_rows");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArguments {
    tool: &'static str,
    violations: Vec<Violation>,
}

/// One thing that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where it is: a JSON Pointer into the arguments (RFC 6901), empty for the arguments themselves.
    pub pointer: String,
    /// What stands there and what is allowed, such as `is 5000, allowed is 1 to 2000`.
    pub message: String,
}

impl Violation {
    /// What is wrong at `pointer`: what stands there and what is allowed.
    ///
    /// ```
    /// let violation = lookout_schema::Violation::new("/day", "is missing");
    /// assert_eq!(violation.to_string(), "/day is missing");
    /// ```
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl InvalidArguments {
    /// What is wrong with the arguments of a tool, for a [`Tool`](crate::Tool) that is not of the catalogue; `violations` is not empty.
    ///
    /// ```
    /// use lookout_schema::{InvalidArguments, Violation};
    ///
    /// let violation = Violation::new("/day", "is `someday`, allowed is a date");
    /// let invalid = InvalidArguments::new("plan", vec![violation]);
    /// assert_eq!(
    ///     invalid.to_string(),
    ///     "the arguments of plan are not valid: /day is `someday`, allowed is a date"
    /// );
    /// ```
    #[must_use]
    pub fn new(tool: &'static str, violations: Vec<Violation>) -> Self {
        Self { tool, violations }
    }

    /// The name of the tool that would have been called.
    #[must_use]
    pub fn tool(&self) -> &str {
        self.tool
    }

    /// Everything that is wrong; never empty.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the whole" } else { &self.pointer };
        write!(f, "{place} {}", self.message)
    }
}

impl fmt::Display for InvalidArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the arguments of {} are not valid: ", self.tool)?;
        for (index, violation) in self.violations.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidArguments {}
