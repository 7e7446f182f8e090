//! Browsers: sessions, where forms may come from, and which grants a member may see.

use lookout_schema::ScopeSet;
use lookout_server::authority::people::FreshSession;
use lookout_server::authority::records::{Grant, GrantKind, Membership, Role, Session, User};
use lookout_server::authority::revoke::NoSuchGrant;
use lookout_server::authority::session::AccountDisabled;
use lookout_server::authority::{Change, Policy, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use proptest::prelude::*;

use crate::cases;
use crate::memory::{Memory, authority};

const STRICT: Policy = Policy::STRICT;
const OWN: &str = "https://lookout.example";

fn user(disabled_at: Option<Timestamp>) -> User {
    User {
        id: "u".to_owned(),
        email: "u@lookout.example".to_owned(),
        display_name: "U".to_owned(),
        disabled_at,
    }
}

#[test]
fn only_an_enabled_account_begins_a_session() {
    let now = Timestamp(42);
    let fresh = || FreshSession {
        digest: Digest([1; 32], Kid(1)),
        id: "s".to_owned(),
        label: "Firefox".to_owned(),
    };
    let begun = authority(STRICT).begin_session(now, &user(None), fresh());
    let session = Session {
        digest: Digest([1; 32], Kid(1)),
        user_id: "u".to_owned(),
        created_at: now,
        seen_at: now,
        id: "s".to_owned(),
        label: "Firefox".to_owned(),
    };
    assert_eq!(begun.changes, [Change::AddSession(session)]);
    assert_eq!(begun.reply, Ok(()));
    let refused = authority(STRICT).begin_session(now, &user(Some(now)), fresh());
    assert_eq!(refused.changes, []);
    assert_eq!(refused.reply, Err(AccountDisabled));
}

#[test]
fn a_form_counts_from_the_servers_own_pages_only() {
    let own = [OWN.to_owned(), "http://127.0.0.1:8787".to_owned()];
    let accepted = [
        (None, None),
        (Some(OWN), None),
        (Some("http://127.0.0.1:8787"), None),
        (Some(OWN), Some("same-origin")),
        (Some("null"), Some("same-origin")),
        (None, Some("same-origin")),
    ];
    let refused = [
        (Some("https://evil.example"), None),
        (Some("null"), None),
        (Some(""), None),
        (Some("https://lookout.example.evil.example"), None),
        (Some("https://lookout.example:443"), None),
        (Some("HTTPS://LOOKOUT.EXAMPLE"), None),
        (None, Some("cross-site")),
        (None, Some("same-site")),
        (None, Some("none")),
        (None, Some("")),
        (Some(OWN), Some("cross-site")),
        (Some(OWN), Some("same-site")),
        (Some(OWN), Some("unreadable")),
        (Some("https://evil.example"), Some("same-origin")),
        (Some("null"), Some("cross-site")),
    ];
    for (is_accepted, cases) in [(true, &accepted[..]), (false, &refused[..])] {
        for (origin, site) in cases {
            let result = (STRICT.form_origin_accepted)(&own, *origin, *site);
            assert_eq!(result, is_accepted, "Origin {origin:?}, Sec-Fetch-Site {site:?}");
        }
    }
}

#[test]
fn the_endpoint_may_be_called_without_an_origin_or_from_an_allowed_one() {
    let allowed = [OWN.to_owned(), "https://client.example".to_owned()];
    for origin in [None, Some(OWN), Some("https://client.example")] {
        assert!((STRICT.origin_accepted)(&allowed, origin), "{origin:?}");
    }
    for origin in [
        "null",
        "",
        "https://evil.example",
        "https://lookout.example.evil.example",
        "https://lookout.exampl",
    ] {
        assert!(!(STRICT.origin_accepted)(&allowed, Some(origin)), "{origin:?}");
    }
}

#[test]
fn a_form_without_its_token_does_not_count() {
    assert!((STRICT.form_token_matches)("expected", Some("expected")));
    for presented in [None, Some(""), Some("expecte"), Some("expectedx"), Some("EXPECTED")] {
        assert!(!(STRICT.form_token_matches)("expected", presented), "{presented:?}");
    }
}

#[test]
fn a_person_sees_their_own_grants_and_an_administrator_those_of_the_workspace() {
    for (owner, workspace, role) in situations() {
        let grant = Grant {
            id: "g".to_owned(),
            user_id: owner.to_owned(),
            workspace_id: workspace.to_owned(),
            client_id: None,
            kind: GrantKind::Programmatic,
            name: "g".to_owned(),
            scopes: ScopeSet::all(),
            resource: None,
            created_at: Timestamp(0),
            expires_at: None,
            revoked_at: None,
        };
        let membership = Membership { role, ..Memory::membership() };
        let is_visible = workspace == "w" && (owner == "u" || role != Role::Member);
        let case = format!("{owner}'s in {workspace}, seen by u, {role:?} of w");
        assert_eq!((STRICT.grant_is_visible)(&grant, "u", &membership), is_visible, "{case}");

        let now = Timestamp(42);
        let decision = authority(STRICT).disconnect(now, "u", &membership, Some(&grant));
        let ended = decision.changes.iter().any(|change| {
            matches!(change, Change::RevokeGrant { id, at, .. } if id == "g" && *at == now)
        });
        assert_eq!(ended, is_visible, "{case}");
        assert_eq!(decision.reply.is_ok(), is_visible, "{case}");
    }
    let nothing = authority(STRICT).disconnect(Timestamp(42), "u", &Memory::membership(), None);
    assert_eq!(nothing.reply, Err(NoSuchGrant));
}

/// Every owner, workspace and role.
fn situations() -> Vec<(&'static str, &'static str, Role)> {
    let mut all = Vec::new();
    for owner in ["u", "somebody else"] {
        for workspace in ["w", "another"] {
            for role in [Role::Owner, Role::Admin, Role::Member] {
                all.push((owner, workspace, role));
            }
        }
    }
    all
}

const HALF_A_DAY: i64 = 43_200_000;
const WEEK: i64 = 7 * 86_400_000;

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_session_lives_while_it_is_used_and_a_week_at_most(
        age in prop_oneof![Just(WEEK - 1), Just(WEEK), 0_i64..2 * WEEK],
        idle in prop_oneof![Just(HALF_A_DAY - 1), Just(HALF_A_DAY), 0_i64..2 * HALF_A_DAY],
        disabled: bool,
    ) {
        let now = Timestamp(1_700_000_000_000);
        let session = Session {
            digest: Digest([1; 32], Kid(1)),
            user_id: "u".to_owned(),
            created_at: Timestamp(now.0 - age),
            seen_at: Timestamp(now.0 - idle),
            id: String::new(),
            label: String::new(),
        };
        let user = user(disabled.then_some(now));
        let is_live = age < WEEK && idle < HALF_A_DAY && !disabled;
        prop_assert_eq!(authority(STRICT).session_is_live(now, &session, &user), is_live);
    }
}
