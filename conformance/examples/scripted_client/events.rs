//! Server-sent events, as far as MCP uses them.

use std::io::{BufRead, BufReader, Read};

use crate::failure::{Outcome, fail};
use crate::faults::{Fault, has};
use crate::web::broken;

/// One event.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) data: String,
    /// Milliseconds to wait before connecting again.
    pub(crate) retry: Option<u64>,
}

/// Reads events until the stream ends. An event that no empty line ends is none.
pub(crate) struct Events<R> {
    reader: BufReader<R>,
    left: u64,
}

impl<R: Read> Events<R> {
    pub(crate) fn new(reader: R, longest: u64) -> Self {
        Self { reader: BufReader::new(reader), left: longest }
    }

    pub(crate) fn next(&mut self) -> Outcome<Option<Event>> {
        let mut event = Event::default();
        let mut has_data = false;
        loop {
            let Some(line) = self.line()? else {
                let is_cut = has_data && has(Fault::TruncationAccepted);
                return Ok(is_cut.then_some(event));
            };
            let line = line.trim_start_matches('\u{feff}');
            if line.is_empty() {
                if has_data || event.id.is_some() || event.retry.is_some() {
                    return Ok(Some(event));
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match field {
                "data" => {
                    if has_data {
                        event.data.push('\n');
                    }
                    has_data = true;
                    event.data.push_str(&value);
                    if has(Fault::DataLinesNotJoined) {
                        event.data = value;
                    }
                }
                "event" => event.name = Some(value),
                "id" => event.id = Some(value),
                "retry" => event.retry = value.parse().ok(),
                "" if has(Fault::CommentsRefused) => return fail("an event has no field"),
                // A comment, or a field of the future.
                _ => {}
            }
        }
    }

    /// A line without its end, which is CR, LF or both.
    fn line(&mut self) -> Outcome<Option<String>> {
        let mut line = Vec::new();
        loop {
            let buffer = self.reader.fill_buf().map_err(broken)?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let taken = end.unwrap_or(buffer.len());
            line.extend_from_slice(&buffer[..taken]);
            let is_return = end.is_some_and(|end| buffer[end] == b'\r');
            let used = taken + usize::from(end.is_some());
            self.reader.consume(used);
            self.left = self.left.saturating_sub(used as u64);
            if self.left == 0 {
                return fail("a stream is too long");
            }
            if end.is_some() {
                if is_return && self.reader.buffer().first() == Some(&b'\n') {
                    self.reader.consume(1);
                }
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
        }
    }
}
