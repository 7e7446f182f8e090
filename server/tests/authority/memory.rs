//! A store of the authority's records in memory, with the time in the test's hands.

use std::collections::HashMap;

use lookout_schema::ScopeSet;
use lookout_server::authority::bearer::{BearerRows, Caller};
use lookout_server::authority::records::{
    AuthorizationRequest, Client, ClientAuthMethod, Code, Grant, GrantType, Membership, Role,
    Session, Standing, Token, User,
};
use lookout_server::authority::{
    Authority, Change, Decision, Issuer, Lifetimes, Limits, Policy, Resource, Timestamp,
};
use lookout_server::secret::keys::{Digest, Kid};

pub(crate) const ISSUER: &str = "https://lookout.example";
pub(crate) const REDIRECT: &str = "https://app.example/cb";

pub(crate) fn authority(policy: Policy) -> Authority {
    Authority {
        policy,
        issuer: Issuer::new(ISSUER),
        lifetimes: Lifetimes {
            code: 60,
            access: 600,
            refresh_absolute: 30 * 86_400,
            refresh_idle: 7 * 86_400,
            session_absolute: 7 * 86_400,
            session_idle: 43_200,
            authorization_request: 600,
        },
        limits: Limits { redirect_uris: 10, grants_per_client: 20, tokens_per_person: 50 },
    }
}

/// Every value of the query parameter `name` of `address`.
pub(crate) fn query(address: &str, name: &str) -> Vec<String> {
    let url = url::Url::parse(address).expect("an address");
    let values = url.query_pairs().filter(|(key, _)| key == name);
    values.map(|(_, value)| value.into_owned()).collect()
}

pub(crate) fn client(id: &str) -> Client {
    Client {
        id: id.to_owned(),
        name: id.to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        auth_method: ClientAuthMethod::None,
        secret: None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: ScopeSet::all(),
        created_at: Timestamp(0),
        deleted_at: None,
        registered_by: None,
        document_fresh_until: None,
    }
}

pub(crate) struct Memory {
    pub(crate) now: Timestamp,
    pub(crate) requests: HashMap<String, AuthorizationRequest>,
    pub(crate) grants: HashMap<String, Grant>,
    pub(crate) codes: HashMap<Digest, Code>,
    pub(crate) tokens: HashMap<Digest, Token>,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) user_disabled: bool,
    pub(crate) is_member: bool,
    made: u64,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            now: Timestamp(1_700_000_000_000),
            requests: HashMap::new(),
            grants: HashMap::new(),
            codes: HashMap::new(),
            tokens: HashMap::new(),
            clients: ["a", "b"].map(|id| (id.to_owned(), client(id))).into(),
            user_disabled: false,
            is_member: true,
            made: 0,
        }
    }

    pub(crate) fn digest(&mut self) -> Digest {
        self.made += 1;
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.made.to_be_bytes());
        Digest(bytes, Kid(1))
    }

    pub(crate) fn name(&mut self) -> String {
        self.made += 1;
        self.made.to_string()
    }

    pub(crate) fn session(&self) -> Session {
        Session {
            digest: Digest([9; 32], Kid(1)),
            user_id: "u".to_owned(),
            created_at: self.now,
            seen_at: self.now,
            id: String::new(),
            label: String::new(),
        }
    }

    /// Applies what a decision asks for, whatever it replies.
    pub(crate) fn commit<T, E>(&mut self, decision: Decision<T, E>) -> Result<T, E> {
        for change in decision.changes {
            self.apply(change);
        }
        decision.reply
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::AddRequest(request) => {
                self.requests.insert(request.id.clone(), request);
            }
            Change::DecideRequest { id, at } => {
                self.requests.get_mut(&id).expect("changes name rows that exist").decided_at =
                    Some(at)
            }
            Change::AddGrant(grant) => {
                self.grants.insert(grant.id.clone(), grant);
            }
            Change::RevokeGrant { id, at, .. } => {
                self.grants
                    .get_mut(&id)
                    .expect("changes name rows that exist")
                    .revoked_at
                    .get_or_insert(at);
            }
            Change::AddCode(code) => {
                self.codes.insert(code.digest, code);
            }
            Change::UseCode { digest, at } => {
                self.codes.get_mut(&digest).expect("changes name rows that exist").used_at =
                    Some(at)
            }
            Change::AddToken(token) => {
                self.tokens.insert(token.digest, token);
            }
            Change::SupersedeToken { digest, at } => {
                self.tokens.get_mut(&digest).expect("changes name rows that exist").superseded_at =
                    Some(at)
            }
            Change::RevokeToken { digest, at } => {
                self.tokens.get_mut(&digest).expect("changes name rows that exist").revoked_at =
                    Some(at)
            }
            other => panic!("no operation of these tests leads to {other:?}"),
        }
    }

    pub(crate) fn standing(&self, grant_id: &str) -> Standing {
        let grant = self.grants[grant_id].clone();
        Standing {
            client_deleted: grant
                .client_id
                .as_ref()
                .is_some_and(|id| self.clients[id].deleted_at.is_some()),
            grant,
            user_disabled: self.user_disabled,
            is_member: self.is_member,
        }
    }

    pub(crate) fn membership() -> Membership {
        Membership {
            workspace_id: "w".to_owned(),
            slug: "w".to_owned(),
            workspace_name: "w".to_owned(),
            role: Role::Member,
        }
    }

    /// What the resource says to the bearer of this token.
    pub(crate) fn admit(
        &self,
        authority: &Authority,
        digest: &Digest,
        resource: Resource,
    ) -> Option<Caller> {
        let token = self.tokens.get(digest)?.clone();
        // The kind is in the token's text, and this check comes before the row is looked up.
        let kind = match token.kind.as_str() {
            "access" => lookout_server::secret::SecretKind::Access,
            "refresh" => lookout_server::secret::SecretKind::Refresh,
            _ => lookout_server::secret::SecretKind::Programmatic,
        };
        if !(authority.policy.bearer_kind_accepted)(kind) {
            return None;
        }
        let rows = BearerRows {
            standing: self.standing(&token.grant_id),
            token,
            user: User {
                id: "u".to_owned(),
                email: "u@lookout.example".to_owned(),
                display_name: "U".to_owned(),
                disabled_at: self.user_disabled.then_some(self.now),
            },
            membership: self.is_member.then(Self::membership),
            last_used_at: None,
        };
        authority.admit(self.now, Some(rows), resource).ok()
    }
}
