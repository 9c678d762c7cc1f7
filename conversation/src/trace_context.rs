//! The position of a piece of work in a distributed trace, and its text form: the header `traceparent` of the W3C
//! recommendation "Trace Context".
//!
//! ```text
//! 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//! version-trace id-span id-flags
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

/// A span, named by its trace and its own id. Neither id is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace that the span belongs to.
    pub trace_id: u128,
    /// The span within it.
    pub span_id: u64,
    /// True when the spans of the trace are recorded.
    pub sampled: bool,
}

/// The trace of one question. The next owner of the conversation continues it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuestionTrace {
    /// The span of the question.
    pub context: TraceContext,
    /// The span that the question belongs to; none if the question begins its trace.
    pub parent: Option<u64>,
    /// Time of the question, in milliseconds since 1970.
    pub asked_at_ms: u64,
}

/// Characters of a `traceparent` of version 00.
const LENGTH: usize = 55;

impl TraceContext {
    /// Reads a `traceparent`. None for invalid text, which a receiver ignores. Of a version after 00 the known part is
    /// read; what a `-` separates from it is ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let parts: Vec<&str> = known.split('-').collect();
        let [version, trace_id, span_id, flags] = parts[..] else { return None };
        if (version.len(), trace_id.len(), span_id.len(), flags.len()) != (2, 32, 16, 2) {
            return None;
        }
        // Upper case is invalid, and `from_str_radix` would accept a sign.
        let is_hex =
            |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !parts.iter().all(|part| is_hex(part)) {
            return None;
        }
        match version {
            "ff" => return None,
            "00" if !rest.is_empty() => return None,
            _ if !rest.is_empty() && !rest.starts_with('-') => return None,
            _ => {}
        }
        let trace_id = u128::from_str_radix(trace_id, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span_id, 16).ok().filter(|id| *id != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }

    /// The first span of a new trace, with random ids.
    pub fn root() -> Self {
        Self { trace_id: rand::random::<u128>().max(1), span_id: new_span_id(), sampled: true }
    }

    /// A new span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: new_span_id(), ..self }
    }

    /// The trace id as 32 hexadecimal digits, the form of log lines and collectors.
    pub fn trace_id_hex(self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

fn new_span_id() -> u64 {
    rand::random::<u64>().max(1)
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, sampled } = *self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(sampled))
    }
}

/// [`QuestionTrace`] in the checkpoint.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredTrace {
    /// As `traceparent`.
    context: String,
    /// The span id of the parent, as hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// Time of the question, in milliseconds since 1970.
    #[serde(default)]
    at: u64,
}

impl From<QuestionTrace> for StoredTrace {
    fn from(trace: QuestionTrace) -> Self {
        Self {
            context: trace.context.to_string(),
            parent: trace.parent.map(|parent| format!("{parent:016x}")),
            at: trace.asked_at_ms,
        }
    }
}

impl StoredTrace {
    /// None if the context is invalid: the question is then answered without a trace.
    pub(crate) fn read(&self) -> Option<QuestionTrace> {
        let parent = self.parent.as_deref().and_then(|id| u64::from_str_radix(id, 16).ok());
        let context = TraceContext::parse(&self.context)?;
        Some(QuestionTrace { context, parent, asked_at_ms: self.at })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
    const SPAN: u64 = 0x00f0_67aa_0ba9_02b7;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let sampled = TraceContext { trace_id: TRACE, span_id: SPAN, sampled: true };
        for (text, expected) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", sampled),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
                TraceContext { sampled: false, ..sampled },
            ),
            // Unknown flags are ignored.
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", sampled),
            // A later version, with and without more fields.
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", sampled),
            (
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings",
                sampled,
            ),
        ] {
            assert_eq!(TraceContext::parse(text), Some(expected), "{text}");
        }
        assert_eq!(sampled.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(sampled.trace_id_hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn invalid_text_is_ignored() {
        for text in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-000f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_child_is_another_span_of_the_same_trace() {
        let root = TraceContext { sampled: false, ..TraceContext::root() };
        let child = root.child();
        assert_eq!((child.trace_id, child.sampled), (root.trace_id, false));
        assert_ne!(child.span_id, root.span_id);
        assert_ne!(TraceContext::root().trace_id, root.trace_id);
    }

    proptest! {
        #[test]
        fn a_trace_context_survives_a_round_trip(trace_id in 1..=u128::MAX, span_id in 1..=u64::MAX, sampled: bool) {
            let context = TraceContext { trace_id, span_id, sampled };
            prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
            let trace = QuestionTrace { context, parent: Some(span_id), asked_at_ms: 7 };
            prop_assert_eq!(StoredTrace::from(trace).read(), Some(trace));
        }

        #[test]
        fn no_text_causes_a_panic_or_a_zero_id(text in "[0-9a-fA-F-]{50,60}|\\PC{0,60}") {
            if let Some(context) = TraceContext::parse(&text) {
                prop_assert!(context.trace_id != 0 && context.span_id != 0);
            }
        }
    }
}
