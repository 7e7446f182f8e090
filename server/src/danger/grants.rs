//! Wrong decisions about tokens and browsers: one field of the policy each, or two where the strict server decides the same thing twice.

use lookout_schema::{Scope, ScopeSet};

use super::Fault;
use crate::authority::Policy;
use crate::authority::records::TokenKind;
use crate::authority::resource::Resource;
use crate::authority::revoke::Reach;

const STRICT: Policy = Policy::STRICT;
const READ: ScopeSet = ScopeSet::of(&[Scope::McpRead]);

pub(super) const FAULTS: &[Fault] = &[
    Fault::decision(
        "old-refresh-tokens-work",
        "A refresh token works after it was replaced.",
        Policy { refresh_unrotated: |_| true, ..STRICT },
    ),
    Fault::decision(
        "reuse-only-refused",
        "A replaced refresh token is refused, and its grant lives on.",
        Policy { reuse_revokes_grant: |_| false, ..STRICT },
    ),
    Fault::decision(
        "refresh-for-any-client",
        "A refresh token is not bound to its client.",
        Policy { refresh_client_matches: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "refresh-scope-ignored",
        "A refresh gives every scope of the grant, whatever it asks for.",
        Policy { refresh_scopes: |granted, _| Some(granted), ..STRICT },
    ),
    Fault::decision(
        "refresh-default-scope",
        "A refresh that names no scope gives a default of the server's own.",
        Policy { refresh_scopes: |_, asked| Some(asked.unwrap_or(READ)), ..STRICT },
    ),
    Fault::decision(
        "revocation-trusts-the-hint",
        "A token is looked for only among the kind that the hint names.",
        Policy { revocation_reach: reach_by_hint, ..STRICT },
    ),
    Fault::decision(
        "revocation-of-access-ignored",
        "Access tokens cannot be revoked.",
        Policy {
            revocation_reach: |kind, _| match kind {
                TokenKind::Refresh => Reach::Grant,
                TokenKind::Access | TokenKind::Programmatic => Reach::Nothing,
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "revocation-of-one-token",
        "Revoking a refresh token ends that token and leaves the access tokens.",
        Policy { revocation_reach: |_, _| Reach::Token, ..STRICT },
    ),
    Fault::decision(
        "revocation-by-anyone",
        "Any client can revoke any token.",
        Policy {
            revocation_client_matches: |_, _| true,
            revocation_reach: |_, _| Reach::Grant,
            ..STRICT
        },
    ),
    Fault::decision(
        "revocation-tells",
        "Revoking an unknown token is an error.",
        Policy { revocation_hides_unknown: || false, ..STRICT },
    ),
    Fault::decision(
        "revoked-grants-live",
        "Whether a grant was revoked is not asked.",
        Policy { grant_unrevoked: |_| true, ..STRICT },
    ),
    Fault::decision(
        "token-immortal",
        "Access tokens do not expire.",
        Policy { token_unexpired: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "token-short-lived",
        "Access tokens end when half of the lifetime is over that the client was told.",
        Policy {
            token_unexpired: |token, now| {
                token.kind != TokenKind::Access
                    || token
                        .expires_at
                        .is_none_or(|ends| now.0 < token.created_at.0.midpoint(ends.0))
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "any-kind-of-bearer",
        "Any secret that the server ever issued opens the endpoint.",
        Policy { bearer_kind_accepted: |_| true, ..STRICT },
    ),
    Fault::decision(
        "audience-ignored",
        "A token works at every resource.",
        Policy { audience_matches: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "resource-by-prefix",
        "A resource matches when it begins like one of the server's.",
        Policy {
            resource_accepted: |issuer, asked| match asked {
                Some(asked) if !asked.starts_with(issuer.as_str()) => None,
                Some(asked) if asked.contains("readonly") => Some(Resource::McpReadonly),
                _ => Some(Resource::Mcp),
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "gate-open",
        "Scopes are not compared when a tool is called.",
        Policy { scopes_suffice: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "every-tool-listed",
        "Tools are listed that the token may not call.",
        Policy { tool_is_listed: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "default-is-read",
        "A request without a scope parameter is granted the read scope only.",
        Policy { default_scopes: |_| READ, ..STRICT },
    ),
    Fault::decision(
        "scopes-in-any-case",
        "Scope names are compared without regard to case.",
        Policy { scopes_named: |names| names.to_lowercase().parse(), ..STRICT },
    ),
    Fault::decision(
        "programmatic-default-is-read",
        "A programmatic token made with the form as it comes only reads.",
        Policy { programmatic_scopes: |_| READ, ..STRICT },
    ),
    Fault::decision(
        "any-origin",
        "Pages of any origin may call the endpoint.",
        Policy { origin_accepted: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "forms-from-anywhere",
        "Where a form comes from is not looked at.",
        Policy { form_origin_accepted: |_, _, _| true, ..STRICT },
    ),
    Fault::decision(
        "no-form-token",
        "The anti-forgery value of a form is not compared.",
        Policy { form_token_matches: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "refresh-not-rotated",
        "A refresh token of a public client is given out again and again.",
        Policy { refresh_rotates: |_| false, ..STRICT },
    ),
    Fault::decision(
        "refresh-scope-unchecked",
        "A refresh gives whatever scope it asks for.",
        Policy {
            refresh_scopes: |granted, asked| Some(asked.unwrap_or(granted)),
            admitted_scopes: |token, _, resource| token.intersection(resource),
            ..STRICT
        },
    ),
];

fn reach_by_hint(kind: TokenKind, hint: Option<&str>) -> Reach {
    match (kind, hint) {
        (TokenKind::Access, None | Some("access_token")) => Reach::Token,
        (TokenKind::Refresh, None | Some("refresh_token")) => Reach::Grant,
        _ => Reach::Nothing,
    }
}
