//! Values from the command line, a file or standard input.

use std::fs;
use std::io;

use serde_json::Value;

use crate::failure::Failure;

/// The text itself, of the file after `@`, or of standard input for `-`.
pub(crate) fn text(given: &str, what: &str) -> Result<String, Failure> {
    let read = match given.strip_prefix('@') {
        _ if given == "-" => io::read_to_string(io::stdin()),
        Some(path) => fs::read_to_string(path),
        None => return Ok(given.to_owned()),
    };
    let from = if given == "-" { "standard input" } else { given.trim_start_matches('@') };
    read.map_err(|error| Failure::machine(&format!("{what} could not be read from {from}"), &error))
}

/// JSON from the same places.
pub(crate) fn json(given: &str, what: &str) -> Result<Value, Failure> {
    let text = text(given, what)?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!(
            "{what} is not JSON: {error}; write JSON, @FILE for a file, or - for standard input"
        ))
    })
}
