//! Parses server-sent events from a byte stream.
//!
//! After the HTML standard: a line ends in LF, CR or both; an empty line ends an event; a line that
//! begins with a colon is a comment. Invalid UTF-8 becomes replacement characters.

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// The event type; empty when the stream sends none.
    pub name: String,
    /// The lines of data, joined.
    pub data: String,
}

/// Splits a byte stream into server-sent events.
#[derive(Debug, Default)]
pub(super) struct EventParser {
    line: Vec<u8>,
    /// The last byte was CR: a following LF belongs to the same line end.
    after_cr: bool,
    /// A line was read: a byte order mark is no longer allowed.
    has_begun: bool,
    event: Event,
}

impl EventParser {
    /// Reads the next bytes and returns the events they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                byte => self.line.push(byte),
            }
        }
        events
    }

    /// Returns the event that the end of the stream completes: some senders omit the last empty line.
    pub(super) fn finish(&mut self) -> Option<Event> {
        let ended = self.end_line();
        ended.or_else(|| self.end_line())
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = match std::mem::replace(&mut self.has_begun, true) {
            true => &*line,
            false => line.strip_prefix('\u{feff}').unwrap_or(&line),
        };
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.event);
            // Each line of the data ends with a line break.
            return event.data.pop().map(|_| event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.event.data.extend([value, "\n"]),
            "event" => value.clone_into(&mut self.event.name),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = EventParser::default();
        let mut events: Vec<Event> = pieces.iter().flat_map(|piece| parser.push(piece)).collect();
        events.extend(parser.finish());
        events.into_iter().map(|Event { name, data }| (name, data)).collect()
    }

    fn of(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
    }

    #[test]
    fn events_are_read_with_every_line_ending() {
        for end in ["\n", "\r", "\r\n"] {
            let text = [
                "\u{feff}: comment",
                "",
                "event: x",
                "data: a",
                "data:b",
                "id: 1",
                "",
                "data",
                "",
                "retry: 2",
                "",
                "",
            ];
            let text = text.join(end);
            assert_eq!(events(&[text.as_bytes()]), [of("x", "a\nb"), of("", "")], "{end:?}");
        }
    }

    #[test]
    fn the_last_event_needs_no_empty_line() {
        assert_eq!(events(&[b"data: a\n\ndata: b"]), [of("", "a"), of("", "b")]);
        assert_eq!(events(&[b"data: a\n"]), [of("", "a")]);
        assert_eq!(events(&[]), []);
    }

    proptest::proptest! {
        #[test]
        fn the_events_do_not_depend_on_chunk_boundaries(
            lines in proptest::collection::vec(proptest::sample::select(vec![
                "data: a", "data:é", "\n", "\r", "\r\n", ":", "event: e", "\u{feff}", "x", "",
            ]), 0..16),
        ) {
            let text = lines.concat();
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            proptest::prop_assert_eq!(events(&single), events(&[text.as_bytes()]));
        }

        #[test]
        fn no_input_causes_a_panic(bytes: Vec<u8>) {
            events(&[&bytes]);
        }
    }
}
