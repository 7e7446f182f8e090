//! The person's answer: it counts once, in time, in the session that was asked, and for no more than was asked.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::consent::{Answer, ConsentRefusal, FreshGrant, Pending};
use lookout_server::authority::pkce::ChallengeMethod;
use lookout_server::authority::records::{AuthorizationRequest, Client, RevocationReason, Session};
use lookout_server::authority::{Change, Decision, Policy, Resource, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use proptest::prelude::*;

use crate::cases;
use crate::memory::{ISSUER, Memory, REDIRECT, authority, client, query};

const ENDS: Timestamp = Timestamp(1_700_000_600_000);

fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        id: "request".to_owned(),
        session: Digest([9; 32], Kid(1)),
        client_id: "a".to_owned(),
        redirect_uri: REDIRECT.to_owned(),
        scopes: ScopeSet::all(),
        resource: Resource::Mcp,
        challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
        challenge_method: ChallengeMethod::S256,
        state: Some("s".to_owned()),
        expires_at: ENDS,
        decided_at: None,
    }
}

fn allow(scopes: ScopeSet) -> Answer {
    Answer::Allow { ticked: scopes, workspace_id: "w".to_owned() }
}

struct Situation {
    now: Timestamp,
    session: Session,
    request: Option<AuthorizationRequest>,
    client: Option<Client>,
    live_grants: Vec<String>,
}

impl Situation {
    fn new() -> Self {
        let memory = Memory::new();
        Self {
            now: memory.now,
            session: memory.session(),
            request: Some(request()),
            client: Some(client("a")),
            live_grants: Vec::new(),
        }
    }

    fn answer(&self, answer: &Answer) -> Decision<String, ConsentRefusal> {
        let pending = Pending {
            session: &self.session,
            request: self.request.as_ref(),
            client: self.client.as_ref(),
            live_grants: &self.live_grants,
        };
        let fresh = FreshGrant {
            grant_id: "grant",
            code: "the-code",
            code_digest: Digest([7; 32], Kid(1)),
        };
        authority(Policy::STRICT).answer(self.now, pending, answer, &fresh)
    }
}

#[test]
fn an_answer_that_does_not_count_changes_nothing() {
    use ConsentRefusal::{ClientGone, NotPending, NothingTicked};
    type Edit = fn(&mut Situation);
    let refused: Vec<(&str, Edit, ConsentRefusal)> = vec![
        ("no such request", |it| it.request = None, NotPending),
        ("another session", |it| it.session.digest = Digest([8; 32], Kid(1)), NotPending),
        (
            "answered before",
            |it| it.request.as_mut().unwrap().decided_at = Some(it.now),
            NotPending,
        ),
        ("at its end", |it| it.now = ENDS, NotPending),
        ("after its end", |it| it.now = Timestamp(ENDS.0 + 1), NotPending),
        ("no client", |it| it.client = None, ClientGone),
        (
            "a deleted client",
            |it| it.client.as_mut().unwrap().deleted_at = Some(it.now),
            ClientGone,
        ),
        (
            "another address registered",
            |it| it.client.as_mut().unwrap().redirect_uris = vec!["https://b.example/".to_owned()],
            ClientGone,
        ),
        (
            "nothing in common",
            |it| it.request.as_mut().unwrap().scopes = ScopeSet::EMPTY,
            NothingTicked,
        ),
    ];
    for (what, edit, refusal) in refused {
        let mut situation = Situation::new();
        edit(&mut situation);
        let decision = situation.answer(&allow(ScopeSet::all()));
        assert_eq!(decision.reply, Err(refusal), "{what}");
        assert_eq!(decision.changes, [], "{what}");
    }
    let mut situation = Situation::new();
    situation.now = Timestamp(ENDS.0 - 1);
    assert!(situation.answer(&allow(ScopeSet::all())).reply.is_ok(), "just in time");
}

#[test]
fn denying_ends_the_request_and_says_so_to_the_client() {
    let situation = Situation::new();
    let decision = situation.answer(&Answer::Deny);
    let decided = Change::DecideRequest { id: "request".to_owned(), at: situation.now };
    assert_eq!(decision.changes, [decided]);
    let address = decision.reply.unwrap();
    assert!(address.starts_with(REDIRECT), "{address}");
    assert_eq!(query(&address, "error"), ["access_denied"]);
    assert_eq!(query(&address, "state"), ["s"]);
    assert_eq!(query(&address, "iss"), [ISSUER]);
    assert!(query(&address, "code").is_empty());
}

#[test]
fn the_grant_and_the_code_are_bound_to_what_was_asked() {
    let situation = Situation::new();
    let decision = situation.answer(&allow(ScopeSet::of(&[Scope::McpRead])));
    let address = decision.reply.unwrap();
    assert_eq!(query(&address, "code"), ["the-code"]);
    assert_eq!(query(&address, "state"), ["s"]);
    assert_eq!(query(&address, "iss"), [ISSUER]);
    let [Change::DecideRequest { .. }, Change::AddGrant(grant), Change::AddCode(code)] =
        decision.changes.as_slice()
    else {
        panic!("{:?}", decision.changes)
    };
    assert_eq!(grant.id, "grant");
    assert_eq!(grant.user_id, "u");
    assert_eq!(grant.workspace_id, "w");
    assert_eq!(grant.client_id.as_deref(), Some("a"));
    assert_eq!(grant.scopes, ScopeSet::of(&[Scope::McpRead]));
    assert_eq!(grant.resource, Some(Resource::Mcp));
    assert_eq!(grant.expires_at, Some(situation.now.plus_seconds(30 * 86_400)));
    assert_eq!(grant.revoked_at, None);
    assert_eq!(code.digest, Digest([7; 32], Kid(1)));
    assert_eq!(code.grant_id, "grant");
    assert_eq!(code.client_id, "a");
    assert_eq!(code.redirect_uri, REDIRECT);
    assert_eq!(code.challenge, request().challenge);
    assert_eq!(code.expires_at, situation.now.plus_seconds(60));
    assert_eq!(code.used_at, None);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn the_oldest_grants_of_a_client_make_room_for_a_new_one(live in 0_usize..45) {
        let mut situation = Situation::new();
        situation.live_grants = (0..live).map(|number| number.to_string()).collect();
        let decision = situation.answer(&allow(ScopeSet::all()));
        let ended: Vec<String> = decision.changes.iter().filter_map(|change| match change {
            Change::RevokeGrant { id, at, reason: RevocationReason::Replaced } if *at == situation.now => Some(id.clone()),
            _ => None,
        }).collect();
        // Twenty may live, the new one included.
        prop_assert_eq!(live - ended.len(), live.min(19));
        prop_assert_eq!(&ended[..], &situation.live_grants[..ended.len()]);
        prop_assert_eq!(decision.changes.len(), ended.len() + 3);
    }

    #[test]
    fn what_is_granted_was_both_asked_for_and_ticked(asked in 0_u8..4, ticked in 0_u8..4) {
        let set = |bits: u8| -> ScopeSet {
            let chosen = Scope::ALL.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
            chosen.map(|(_, scope)| *scope).collect()
        };
        let mut situation = Situation::new();
        situation.request.as_mut().unwrap().scopes = set(asked);
        let decision = situation.answer(&allow(set(ticked)));
        let granted = decision.changes.iter().find_map(|change| match change {
            Change::AddGrant(grant) => Some(grant.scopes),
            _ => None,
        });
        prop_assert_eq!(granted, Some(set(asked & ticked)).filter(|scopes| !scopes.is_empty()));
        prop_assert_eq!(decision.reply.is_ok(), granted.is_some());
    }
}
