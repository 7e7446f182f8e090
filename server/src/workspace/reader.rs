//! In whose name dashboards are read: a token's or a signed-in member's.

use crate::authority::bearer::Caller;
use crate::authority::records::{Membership, User};

/// Who reads, reduced to what reading depends on: the workspace, and whose share of a warehouse the queries take.
///
/// A member's page and a tool call run the same code with it. It gives no right to write, and only what admitted somebody makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(super) workspace_id: &'a str,
    pub(super) workspace_slug: &'a str,
    /// One name gets at most half of a warehouse at a time.
    pub(super) share: &'a str,
}

impl<'a> Reader<'a> {
    /// The person whose session opens a page of a workspace, as a member of it.
    pub(crate) fn member(user: &'a User, membership: &'a Membership) -> Self {
        Self {
            workspace_id: &membership.workspace_id,
            workspace_slug: &membership.slug,
            share: &user.id,
        }
    }
}

impl<'a> From<&'a Caller> for Reader<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            workspace_id: &caller.workspace_id,
            workspace_slug: &caller.workspace_slug,
            share: &caller.grant_id,
        }
    }
}
