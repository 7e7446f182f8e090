//! Server-sent events, as far as MCP uses them: the data of each event (WHATWG HTML section 9.2).

/// Collects lines into events across chunks.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a carriage return, so a line feed belongs to it.
    after_return: bool,
}

impl Events {
    /// Takes the next bytes and returns the data of the events that they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut complete = Vec::new();
        for &byte in bytes {
            let second_half = std::mem::take(&mut self.after_return) && byte == b'\n';
            match byte {
                _ if second_half => {}
                b'\r' | b'\n' => {
                    self.after_return = byte == b'\r';
                    complete.extend(self.end_line());
                }
                other => self.line.push(other),
            }
        }
        complete
    }

    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then_some(data);
        }
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[],
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            _ => return None,
        };
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_bytes_arrive() {
        let text = b": hello\r\nid: 1\ndata: {\"a\":\rdata:1}\n\nevent: x\n\ndata\r\n\r\ndata: last\n\ndata: cut";
        let expected: [&[u8]; 3] = [b"{\"a\":\n1}", b"", b"last"];
        assert_eq!(Events::default().feed(text), expected);
        for cut in 0..text.len() {
            let mut events = Events::default();
            let mut found = events.feed(&text[..cut]);
            found.extend(events.feed(&text[cut..]));
            assert_eq!(found, expected, "cut at {cut}");
        }
    }
}
