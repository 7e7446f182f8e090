//! Servers that do everything right: what a scenario is a deviation from.
//!
//! They verify what they are sent. A client whose verifier, redirect URI, client identifier or
//! resource is wrong gets an error here, as it would elsewhere.

pub(crate) mod authority;
pub(crate) mod mcp;
pub(crate) mod tools;

use serde_json::{Value, json};

use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::script::Route;
use crate::peer::world::World;

/// The honest answer to `ask`.
pub(crate) fn answer(ask: &Ask, world: &mut World) -> Answer {
    match world.route(ask) {
        Route::ResourceMetadata if ask.role == Role::Resource => resource_metadata(ask, world),
        Route::ServerMetadata => authority::metadata(ask, world),
        Route::Register => authority::register(ask, world),
        Route::Authorize => authority::authorize(ask, world),
        Route::Token => authority::token(ask, world),
        Route::Revoke => authority::revoke(ask, world),
        Route::Mcp => mcp::answer(ask, world),
        _ => Answer::status(404),
    }
}

/// RFC 9728 section 3.2. The document is at the address with the path of the resource, and at no
/// other.
fn resource_metadata(ask: &Ask, world: &World) -> Answer {
    if ask.path != "/.well-known/oauth-protected-resource/mcp" {
        return Answer::status(404);
    }
    Answer::json(200, &resource_document(world))
}

/// The metadata of the MCP server.
pub(crate) fn resource_document(world: &World) -> Value {
    json!({
        "resource": world.endpoint(),
        "authorization_servers": [world.issuer(world.authority)],
        "scopes_supported": ["mcp:read", "mcp:write"],
        "bearer_methods_supported": ["header"],
    })
}
