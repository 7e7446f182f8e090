//! The JSON of a request, written without a tree of values in between.

use lookout_schema::protocol::{MODERN_REVISION, meta};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A JSON-RPC request (MCP 2026-07-28 basic/index#requests).
pub(super) struct Body<'a> {
    pub(super) id: u64,
    pub(super) method: &'a str,
    pub(super) params: &'a Map<String, Value>,
    /// What every request of MCP 2026-07-28 says about itself, and requests of earlier revisions do not.
    pub(super) meta: Option<Meta<'a>>,
}

/// The client's name and version, and the revision that it speaks.
#[derive(Clone, Copy)]
pub(super) struct Meta<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
}

struct Params<'a>(&'a Map<String, Value>, Option<Meta<'a>>);

/// An object without members.
struct Nothing;

#[derive(Serialize)]
struct ClientInfo<'a> {
    name: &'a str,
    version: &'a str,
}

impl Body<'_> {
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("keys are strings, and numbers are finite")
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(Some(4))?;
        body.serialize_entry("jsonrpc", "2.0")?;
        body.serialize_entry("id", &self.id)?;
        body.serialize_entry("method", self.method)?;
        body.serialize_entry("params", &Params(self.params, self.meta))?;
        body.end()
    }
}

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(params, meta) = self;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in *params {
            map.serialize_entry(name, value)?;
        }
        if let Some(meta) = meta {
            map.serialize_entry("_meta", meta)?;
        }
        map.end()
    }
}

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry(meta::PROTOCOL_VERSION, MODERN_REVISION)?;
        map.serialize_entry(meta::CLIENT_CAPABILITIES, &Nothing)?;
        let info = ClientInfo { name: self.name, version: self.version };
        map.serialize_entry(meta::CLIENT_INFO, &info)?;
        map.end()
    }
}

impl Serialize for Nothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}
