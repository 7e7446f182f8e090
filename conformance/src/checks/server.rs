//! Checks on a server, one file an area.

mod audience;
mod authorize;
mod bearer;
mod challenge;
mod code;
mod concurrent;
mod consent;
mod kind;
mod mcp;
mod metadata;
mod model;
mod page;
mod pkce;
mod programmatic;
mod redirect;
mod refresh;
mod registration;
mod revocation;
mod robust;
mod scope;
mod token;

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
    kind::CHECKS,
    bearer::CHECKS,
    audience::CHECKS,
    scope::CHECKS,
    programmatic::CHECKS,
    mcp::CHECKS,
    page::CHECKS,
    robust::CHECKS,
    model::CHECKS,
    concurrent::CHECKS,
];
