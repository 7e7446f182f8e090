//! Operations of the authority's store, generated, and what a store answers to them.

use lookout_server::audit::{Event, What};
use lookout_server::authority::people::{PasswordHash, Person, PersonChange};
use lookout_server::authority::pkce::ChallengeMethod;
use lookout_server::authority::records::{
    AuthorizationRequest, Client, ClientAuthMethod, Code, Grant, GrantKind, GrantType, Membership,
    RevocationReason, Role, Session, Token, TokenKind, User,
};
use lookout_server::authority::{Change, Resource, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use lookout_server::store::{Retention, Store, StoreError};
use proptest::prelude::*;

/// Far away in the past and in the future, so that the hour of the test decides nothing.
const PAST: i64 = 1000;
const FUTURE: i64 = 9_000_000_000_000;

/// One use of a store. Numbers name rows; most of them exist by then.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Person { id: u8, email: u8, name: String, password: String },
    Join { person: u8, slug: u8, role: Role },
    Decide { changes: Vec<Change>, is_dropped: bool },
    NoteUse(u8),
    NoteVisit(u8),
    Sweep,
}

/// Texts that databases are known to treat differently.
fn text() -> impl Strategy<Value = String> {
    let known =
        ["", " ", "a", "A", "B", "É", "é", "ß", "İ", "_", "%", "'", "10", "9", "\u{10ffff}"];
    let known = prop::sample::select(known.map(str::to_owned).to_vec());
    prop_oneof![known, "[ -~]{0,6}"]
}

fn id() -> impl Strategy<Value = u8> {
    0..4_u8
}

pub(crate) fn name(kind: &str, id: u8) -> String {
    // Upper and lower case, so that the order depends on the collation.
    let letter = ["b", "B", "é", "a"][usize::from(id) % 4];
    format!("{letter}-{kind}-{id}")
}

pub(crate) const fn digest(kind: u8, id: u8) -> Digest {
    let mut bytes = [id; 32];
    bytes[0] = kind;
    Digest(bytes, Kid(1))
}

pub(crate) fn grant(
    number: u8,
    person: u8,
    client: Option<u8>,
    title: String,
    lives: bool,
) -> Grant {
    Grant {
        id: name("grant", number),
        user_id: name("person", person),
        workspace_id: name("workspace", number % 2),
        client_id: client.map(|client| name("client", client)),
        kind: if client.is_some() { GrantKind::OAuth } else { GrantKind::Programmatic },
        name: title,
        scopes: "mcp:read mcp:write".parse().expect("scopes"),
        resource: client.map(|client| Resource::ALL[usize::from(client % 2)]),
        created_at: Timestamp(PAST),
        expires_at: Some(Timestamp(if lives { FUTURE } else { PAST + 1 })),
        revoked_at: None,
    }
}

pub(crate) fn token(number: u8, grant: u8, kind: TokenKind, lives: bool) -> Token {
    Token {
        digest: digest(1, number),
        kind,
        grant_id: name("grant", grant),
        generation: i64::from(number),
        scopes: "mcp:read".parse().expect("scopes"),
        hint: if kind == TokenKind::Programmatic { "lkmcp_abc".to_owned() } else { String::new() },
        created_at: Timestamp(PAST),
        expires_at: lives.then_some(Timestamp(FUTURE)).or(Some(Timestamp(PAST + 2))),
        superseded_at: None,
        revoked_at: None,
    }
}

pub(crate) fn client(number: u8, title: String, registered_by: Option<u8>) -> Client {
    Client {
        id: name("client", number),
        redirect_uris: vec![format!("https://é.example/{title}"), String::new()],
        name: title,
        auth_method: if number.is_multiple_of(2) {
            ClientAuthMethod::None
        } else {
            ClientAuthMethod::Post
        },
        secret: (number % 2 == 1).then(|| digest(9, number)),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: "mcp:read".parse().expect("scopes"),
        created_at: Timestamp(PAST),
        deleted_at: None,
        registered_by: registered_by.map(|person| name("person", person)),
        document_fresh_until: None,
    }
}

fn change() -> impl Strategy<Value = Change> {
    let at = Timestamp(PAST + 7);
    prop_oneof![
        (id(), text(), prop::option::of(id()))
            .prop_map(|(number, title, by)| Change::AddClient(client(number, title, by))),
        (id(), id(), prop::option::of(text()), any::<bool>()).prop_map(
            move |(number, of, state, lives)| Change::AddRequest(AuthorizationRequest {
                id: name("request", number),
                session: digest(3, of),
                client_id: name("client", of),
                redirect_uri: "https://é.example/".to_owned(),
                scopes: "mcp:write".parse().expect("scopes"),
                resource: Resource::Mcp,
                challenge: state.clone(),
                challenge_method: ChallengeMethod::S256,
                state,
                expires_at: Timestamp(if lives { FUTURE } else { PAST }),
                decided_at: None,
            })
        ),
        id().prop_map(move |number| Change::DecideRequest { id: name("request", number), at }),
        (id(), id(), prop::option::of(id()), text(), any::<bool>()).prop_map(
            |(number, person, of, title, lives)| Change::AddGrant(grant(
                number, person, of, title, lives
            ))
        ),
        (id(), any::<bool>()).prop_map(move |(number, first)| Change::RevokeGrant {
            id: name("grant", number),
            at,
            reason: if first { RevocationReason::CodeReplay } else { RevocationReason::Replaced },
        }),
        (id(), id()).prop_map(move |(number, of)| Change::AddCode(Code {
            digest: digest(2, number),
            grant_id: name("grant", of),
            client_id: name("client", of),
            redirect_uri: String::new(),
            challenge: None,
            challenge_method: ChallengeMethod::Plain,
            expires_at: Timestamp(FUTURE),
            used_at: None,
        })),
        id().prop_map(move |number| Change::UseCode { digest: digest(2, number), at }),
        (id(), id(), 0..3_usize, any::<bool>()).prop_map(|(number, of, kind, lives)| {
            let kinds = [TokenKind::Access, TokenKind::Refresh, TokenKind::Programmatic];
            Change::AddToken(token(number, of, kinds[kind], lives))
        }),
        id().prop_map(move |number| Change::SupersedeToken { digest: digest(1, number), at }),
        id().prop_map(move |number| Change::RevokeToken { digest: digest(1, number), at }),
        (id(), id()).prop_map(move |(number, of)| Change::AddSession(Session {
            digest: digest(3, number),
            user_id: name("person", of),
            created_at: at,
            seen_at: at,
            id: name("session", number),
            label: String::new(),
        })),
        id().prop_map(|number| Change::EndSession { digest: digest(3, number) }),
        id().prop_map(|number| Change::EndClientSecret { digest: digest(9, number) }),
        (0..What::ALL.len(), text()).prop_map(|(what, detail)| {
            Change::Audit(Event { detail, ..Event::refused(What::ALL[what], "reason") })
        }),
    ]
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    let roles = vec![Role::Owner, Role::Admin, Role::Member];
    prop_oneof![
        2 => (id(), id(), text(), text()).prop_map(|(id, email, name, password)| {
            // Mostly the person's own address, now and then another's.
            let email = if email == 3 { email } else { id };
            Operation::Person { id, email, name, password }
        }),
        2 => (id(), 0..2_u8, prop::sample::select(roles))
            .prop_map(|(person, slug, role)| Operation::Join { person, slug, role }),
        12 => (prop::collection::vec(change(), 0..4), prop::bool::weighted(0.1))
            .prop_map(|(changes, is_dropped)| Operation::Decide { changes, is_dropped }),
        1 => id().prop_map(Operation::NoteUse),
        1 => id().prop_map(Operation::NoteVisit),
        1 => Just(Operation::Sweep),
    ]
}

/// Does it, and says whether that worked.
pub(crate) async fn perform(store: &dyn Store, operation: &Operation) -> Result<String, ()> {
    let done = match operation {
        Operation::Person { id, email, name: title, password } => {
            let user = User {
                id: name("person", *id),
                email: name("mail", *email),
                display_name: title.clone(),
                disabled_at: None,
            };
            put_person(store, user, PasswordHash(password.clone())).await.map(|()| String::new())
        }
        Operation::Join { person, slug, role } => {
            let membership = Membership {
                workspace_id: name("workspace", *slug),
                slug: name("slug", *slug),
                workspace_name: "W".to_owned(),
                role: *role,
            };
            join(store, name("person", *person), membership).await
        }
        Operation::Decide { changes, is_dropped } => {
            decide(store, changes.clone(), *is_dropped).await
        }
        Operation::NoteUse(id) => store.note_use(&name("grant", *id)).await.map(|()| String::new()),
        Operation::NoteVisit(id) => store.note_visit(digest(3, *id)).await.map(|()| String::new()),
        Operation::Sweep => {
            let retention =
                Retention { unconsented_client: 1, session: 1, ended_grant: 1, call: 1, calls: 1 };
            store.sweep(retention).await.map(|()| String::new())
        }
    };
    done.map_err(|_| ())
}

/// Adds a person, or gives an existing one a new password, which ends their sessions.
async fn put_person(store: &dyn Store, user: User, hash: PasswordHash) -> Result<(), StoreError> {
    let mut transaction = store.begin().await?;
    let at = transaction.now();
    let changes = match transaction.person_by_email(&user.email).await? {
        Some(Person { user: User { id: user_id, .. }, .. }) => vec![
            PersonChange::SetPassword { user_id: user_id.clone(), hash, at }.into(),
            PersonChange::EndSessions { user_id, but: None }.into(),
        ],
        None => {
            let person = Person { user, password: hash, password_changed_at: Timestamp(PAST) };
            vec![PersonChange::Add(person).into()]
        }
    };
    transaction.commit(changes).await
}

/// Makes a person a member of a workspace, which is made if there is none with its slug. Returns the workspace's identifier.
async fn join(
    store: &dyn Store,
    user_id: String,
    mut membership: Membership,
) -> Result<String, StoreError> {
    let mut transaction = store.begin().await?;
    transaction.person(&user_id).await?;
    membership.workspace_id = transaction.workspace(&membership).await?;
    let workspace_id = membership.workspace_id.clone();
    transaction.commit(vec![PersonChange::Join(user_id, membership).into()]).await?;
    Ok(workspace_id)
}

/// Everything that a decision can load, and then the changes.
async fn decide(
    store: &dyn Store,
    changes: Vec<Change>,
    is_dropped: bool,
) -> Result<String, StoreError> {
    let mut transaction = store.begin().await?;
    let mut seen = format!("{}\n", transaction.unconsented_clients().await?);
    if changes.len() == 3 {
        seen.push_str(&format!(
            "{}\n",
            transaction.forget_oldest_client(Timestamp(PAST + 1)).await?
        ));
    }
    for id in 0..4 {
        let other = (id + 1) % 4;
        let loads = [
            format!("{:?}", transaction.client(&name("client", id)).await?),
            format!("{:?}", transaction.visitor(digest(3, id)).await?.map(|(s, u)| (s.user_id, u))),
            format!(
                "{:?}",
                transaction.membership(&name("person", id), &name("workspace", id % 2)).await?
            ),
            format!("{:?}", transaction.request(&name("request", id)).await?),
            format!("{:?}", transaction.code(digest(2, id)).await?),
            format!("{:?}", transaction.token(digest(1, id)).await?),
            format!("{:?}", transaction.grant(&name("grant", id)).await?),
            format!(
                "{:?}",
                transaction.live_grants(&name("person", id), &name("client", other)).await?
            ),
        ];
        let mut names =
            transaction.live_token_names(&name("person", id), &name("workspace", 0)).await?;
        names.sort();
        seen.push_str(&format!("{}\n{names:?}\n", loads.join("\n")));
    }
    if is_dropped {
        return Ok(seen);
    }
    transaction.commit(changes).await?;
    Ok(seen)
}

/// Everything that can be read without a decision. Times by the store's own clock are left out.
pub(crate) async fn observe(store: &dyn Store) -> Result<String, StoreError> {
    let (_, uses) = store.key_uses(1000).await?;
    let mut seen = format!("{uses:?}\n");
    for id in 0..4 {
        seen.push_str(&format!("{:?}\n", store.client_with_secret(digest(9, id)).await?));
        let bearer = store.bearer(digest(1, id)).await?.map(|(_, mut rows)| {
            let is_used = rows.last_used_at.take().is_some();
            (rows.token, rows.standing, rows.user, rows.membership, is_used)
        });
        let (_, listings) = store.grants(&name("workspace", id % 2)).await?;
        let listings: Vec<_> = listings
            .into_iter()
            .map(|found| (found.grant, found.user_email, found.hint, found.last_used_at.is_some()))
            .collect();
        let account = store.account(&name("mail", id)).await?;
        let password = account.as_ref().map(|account| account.password.clone());
        let visitor = store.visitor(digest(3, id)).await?;
        let visitor = visitor.map(|(_, session, user)| (session.user_id, session.created_at, user));
        let lines = [
            format!("{bearer:?}"),
            format!("{listings:?}"),
            format!("{account:?} {password:?}"),
            format!("{visitor:?}"),
            format!("{:?}", store.client(&name("client", id)).await?),
            format!("{:?}", store.memberships(&name("person", id)).await?),
        ];
        seen.push_str(&lines.join("\n"));
    }
    Ok(seen)
}
