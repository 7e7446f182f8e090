//! Server-sent events, as far as MCP uses them (WHATWG HTML section 9.2).

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// None when the event has no data.
    pub(super) data: Option<Vec<u8>>,
    pub(super) id: Option<Vec<u8>>,
    /// How long to wait before a new connection, in milliseconds.
    pub(super) retry: Option<u64>,
}

/// Collects lines into events across chunks.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    event: Event,
    begun: bool,
    /// The last byte was a carriage return, so a line feed belongs to it.
    after_return: bool,
}

impl Events {
    /// Takes the next bytes and returns the events that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
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

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if !self.begun => rest,
            _ => &line,
        };
        self.begun = true;
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (event != Event::default()).then_some(event);
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut self.event.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                none => *none = Some(value.to_vec()),
            },
            b"id" if !value.contains(&0) => self.event.id = Some(value.to_vec()),
            b"retry" => {
                let text = std::str::from_utf8(value).ok();
                self.event.retry = text.and_then(|text| text.parse().ok()).or(self.event.retry);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_bytes_arrive() {
        let text = b"\xef\xbb\xbf: hello\r\nid: 1\ndata: {\"a\":\rdata:1}\n\nevent: x\n\nid:2\nretry: 50\n\ndata\r\n\r\ndata: last\n\ndata: cut";
        let data = |text: &[u8]| Event { data: Some(text.to_vec()), ..Event::default() };
        let expected = [
            Event { id: Some(b"1".to_vec()), ..data(b"{\"a\":\n1}") },
            Event { id: Some(b"2".to_vec()), retry: Some(50), data: None },
            data(b""),
            data(b"last"),
        ];
        assert_eq!(Events::default().feed(text), expected);
        for cut in 0..text.len() {
            let mut events = Events::default();
            let mut found = events.feed(&text[..cut]);
            found.extend(events.feed(&text[cut..]));
            assert_eq!(found, expected, "cut at {cut}");
        }
    }
}
