//! Checks on a server, one file an area.

mod answer;
mod audience;
mod authorize;
mod bearer;
mod challenge;
mod code;
mod concurrent;
mod connected;
mod consent;
mod cors;
mod kind;
mod legacy;
mod mcp;
mod metadata;
mod model;
mod page;
mod pkce;
mod programmatic;
mod protocol;
mod redirect;
mod refresh;
mod registration;
mod revocation;
mod robust;
mod route;
mod scope;
mod secret;
mod session;
mod token;
mod tool;

use crate::check::Check;

/// Discovery first, then the flow in its order, then what tokens may do, then everything around.
pub(super) const AREAS: &[&[Check]] = &[
    metadata::CHECKS,
    challenge::CHECKS,
    registration::CHECKS,
    authorize::CHECKS,
    redirect::CHECKS,
    consent::CHECKS,
    pkce::CHECKS,
    code::CHECKS,
    token::CHECKS,
    refresh::CHECKS,
    revocation::CHECKS,
    secret::CHECKS,
    kind::CHECKS,
    bearer::CHECKS,
    audience::CHECKS,
    scope::CHECKS,
    route::CHECKS,
    programmatic::CHECKS,
    mcp::CHECKS,
    protocol::CHECKS,
    legacy::CHECKS,
    tool::CHECKS,
    page::CHECKS,
    session::CHECKS,
    connected::CHECKS,
    cors::CHECKS,
    answer::CHECKS,
    robust::CHECKS,
    model::CHECKS,
    concurrent::CHECKS,
];
