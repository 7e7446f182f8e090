//! Trace context (W3C Trace Context), from HTTP headers and from the `_meta` of an MCP message.
//!
//! What is malformed is ignored, as if it were not there. `baggage` is not read: nothing is called from here that it could be passed to.

use axum::http::HeaderMap;
use serde_json::Value;
use tracing::Span;

/// Characters of `tracestate` that are kept.
const LONGEST_STATE: usize = 512;

/// The trace that a client is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: u128,
    /// The span of the client.
    pub span_id: u64,
    /// Whether the client records it.
    pub is_sampled: bool,
    /// `tracestate`, when it can be one.
    pub state: Option<String>,
}

impl TraceContext {
    /// Reads `traceparent` and `tracestate`.
    #[must_use]
    pub fn parse(parent: &str, state: Option<&str>) -> Option<Self> {
        let mut parts = parent.split('-');
        let mut part = |length: usize| {
            let part = parts.next()?;
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            (part.len() == length && part.bytes().all(is_hex)).then_some(part)
        };
        let version = part(2)?;
        let trace_id = u128::from_str_radix(part(32)?, 16).ok()?;
        let span_id = u64::from_str_radix(part(16)?, 16).ok()?;
        let flags = u8::from_str_radix(part(2)?, 16).ok()?;
        // Later versions may append, this one does not (W3C Trace Context section 3.2.4).
        let has_more = parts.next().is_some();
        if version == "ff" || (version == "00" && has_more) || trace_id == 0 || span_id == 0 {
            return None;
        }
        let state = state.filter(|state| {
            state.len() <= LONGEST_STATE && state.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        });
        Some(Self {
            trace_id,
            span_id,
            is_sampled: flags & 1 == 1,
            state: state.map(str::to_owned),
        })
    }

    /// That of a request's headers.
    #[must_use]
    pub fn of_headers(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all("traceparent").iter();
        let parent = parents.next()?.to_str().ok()?;
        if parents.next().is_some() {
            return None;
        }
        Self::parse(parent, headers.get("tracestate").and_then(|state| state.to_str().ok()))
    }

    /// That of the `_meta` of an MCP message (MCP 2026-07-28 basic, reserved keys).
    #[must_use]
    pub fn of_meta(meta: &Value) -> Option<Self> {
        let text = |key: &str| meta.get(key).and_then(Value::as_str);
        Self::parse(text("traceparent")?, text("tracestate"))
    }

    /// Makes `span` part of the trace.
    pub(super) fn adopt(&self, span: &Span) {
        span.record("trace", format!("{:032x}", self.trace_id));
        #[cfg(feature = "otel")]
        super::otel::adopt(self, span);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::TraceContext;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(trace_id in 1..u128::MAX, span_id in 1..u64::MAX, is_sampled: bool) {
            let parent = format!("00-{trace_id:032x}-{span_id:016x}-0{}", u8::from(is_sampled));
            let read = TraceContext::parse(&parent, Some("a=b"));
            prop_assert_eq!(read, Some(TraceContext { trace_id, span_id, is_sampled, state: Some("a=b".to_owned()) }));
            let bad = [format!("{parent}-00"), parent.to_uppercase() + "A", parent.replacen("00", "ff", 1), parent[..54].to_owned()];
            for bad in bad {
                prop_assert_eq!(TraceContext::parse(&bad, None), None, "{}", bad);
            }
        }

        #[test]
        fn any_text_is_read_or_ignored(text in ".{0,80}", state in ".{0,600}") {
            if let Some(context) = TraceContext::parse(&text, Some(&state)) {
                prop_assert!(context.trace_id != 0 && context.span_id != 0);
            }
        }
    }

    #[test]
    fn a_context_of_zeros_or_with_an_odd_state_is_none_or_without_it() {
        let (zeros, ones) = ("0".repeat(32), "1".repeat(32));
        assert_eq!(TraceContext::parse(&format!("00-{zeros}-{}-01", "1".repeat(16)), None), None);
        assert_eq!(TraceContext::parse(&format!("00-{ones}-{}-01", "0".repeat(16)), None), None);
        let parent = format!("cc-{ones}-{}-01-what-comes-later", "1".repeat(16));
        let read = TraceContext::parse(&parent, Some("line\nbreak")).expect("a later version");
        assert_eq!((read.is_sampled, read.state), (true, None));
    }
}
