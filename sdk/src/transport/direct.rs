//! A tool's result, read from the message straight into its type.
//!
//! A tree of JSON values in between costs more than the rest of a call. What is read here is what the long way would have read: anything unusual,
//! such as a failure of the tool or a member of another type, is left to the long way, which knows what to say about it.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// Takes results from messages.
pub(crate) trait Take: Sync {
    /// Whether the message was the ordinary answer to the request `id`, and its result was taken.
    fn take(&self, message: &[u8], id: u64) -> bool;
}

/// A place for the structured result of a tool.
#[derive(Debug)]
pub(crate) struct Slot<T>(Mutex<Option<T>>);

impl<T> Slot<T> {
    pub(crate) fn empty() -> Self {
        Self(Mutex::new(None))
    }

    pub(crate) fn into_inner(self) -> Option<T> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: DeserializeOwned + Send> Take for Slot<T> {
    fn take(&self, message: &[u8], id: u64) -> bool {
        let Ok(message) = serde_json::from_slice::<Message<'_, T>>(message) else { return false };
        let result = message.result;
        let is_ordinary = message.jsonrpc == "2.0"
            && message.id == id
            && message.method.is_none()
            && message.error.is_none()
            && result.result_type == "complete"
            && !result.is_error;
        if is_ordinary {
            let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *place = Some(result.structured_content);
        }
        is_ordinary
    }
}

#[derive(Deserialize)]
struct Message<'a, T> {
    jsonrpc: &'a str,
    id: u64,
    #[serde(default)]
    method: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(borrow)]
    result: CallResult<'a, T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallResult<'a, T> {
    #[serde(rename = "content")]
    _content: Vec<Content>,
    structured_content: T,
    #[serde(default)]
    is_error: bool,
    /// A result without a type is complete.
    #[serde(default = "complete")]
    result_type: &'a str,
}

/// A piece of content for people and models. Its text says the same as the structured result once more, so it is passed over unread.
#[derive(Deserialize)]
struct Content {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
}

fn complete() -> &'static str {
    "complete"
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn taken(message: &Value) -> Option<Vec<u8>> {
        let slot = Slot::empty();
        let took = slot.take(message.to_string().as_bytes(), 7);
        let inner = slot.into_inner();
        assert_eq!(took, inner.is_some());
        inner
    }

    fn message() -> Value {
        json!({
            "jsonrpc": "2.0",
            "id": 7,
            "result": {
                "resultType": "complete",
                "content": [{ "type": "text", "text": "[1, 2]" }, { "type": "image", "data": "" }],
                "structuredContent": [1, 2],
            },
        })
    }

    #[test]
    fn an_ordinary_answer_is_taken() {
        assert_eq!(taken(&message()), Some(vec![1, 2]));
        let mut earlier = message();
        earlier["result"].as_object_mut().unwrap().remove("resultType");
        assert_eq!(taken(&earlier), Some(vec![1, 2]));
    }

    #[test]
    fn anything_else_is_left_to_the_long_way() {
        for (place, value) in [
            ("/jsonrpc", json!("1.0")),
            ("/id", json!(8)),
            ("/id", json!("7")),
            ("/method", json!("tools/call")),
            ("/error", json!({ "code": 1, "message": "no" })),
            ("/result", json!(null)),
            ("/result/resultType", json!("input_required")),
            ("/result/resultType", json!(null)),
            ("/result/isError", json!(true)),
            ("/result/isError", json!("no")),
            ("/result/content", json!(null)),
            ("/result/content", json!([{ "text": "without a type" }])),
            ("/result/structuredContent", json!(["1"])),
            ("/result/structuredContent", json!(null)),
        ] {
            let mut message = message();
            let (parent, member) = place.rsplit_once('/').unwrap();
            message.pointer_mut(parent).unwrap()[member] = value.clone();
            assert_eq!(taken(&message), None, "{place}: {value}");
        }
        assert!(!Slot::<Vec<u8>>::empty().take(b"[]", 7));
    }
}
