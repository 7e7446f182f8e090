//! Every write of every operation fails once, in several ways: the answer is 503 or the whole success, and there is no half state.

use lookout_server::authority::records::Role;

use crate::assert_try_again;
use crate::browser::{Browser, Tokens, csrf_of, field};
use crate::server::{CALLBACK, CHALLENGE, EMAIL, PASSWORD, Reply, Server};
use crate::serving::cluster;

const TABLES: [&str; 7] =
    ["sessions", "clients", "authorization_requests", "grants", "codes", "tokens", "audit_events"];

/// Disk full, serialization failure, deadlock, cancelled, connection failure.
const CODES: [&str; 5] = ["53100", "40001", "40P01", "57014", "08006"];

/// What must never be found, as queries that count it.
const HALF_STATES: [&str; 5] = [
    "select count(*) from codes k where k.used_at is not null and not exists (select 1 from tokens t where t.grant_id = k.grant_id)",
    "select count(*) from tokens t join codes k on k.grant_id = t.grant_id where k.used_at is null",
    "select count(*) from grants g where not exists (select 1 from codes k where k.grant_id = g.id) and not exists (select 1 from tokens t where t.grant_id = g.id)",
    "select count(*) from tokens t where t.superseded_at is not null and not exists (select 1 from tokens s where s.grant_id = t.grant_id and s.generation = t.generation + 1)",
    "select count(*) from (select grant_id from tokens where kind = 'refresh' and superseded_at is null and revoked_at is null group by grant_id having count(*) > 1) x",
];

/// Fails the `n`-th write to a table.
struct Rig<'s> {
    server: &'s Server,
    is_postgres: bool,
}

impl<'s> Rig<'s> {
    fn new(server: &'s Server, is_postgres: bool) -> Self {
        if is_postgres {
            server.sql(
                "create sequence fault_count;
                 create table fault_plan (target text, n bigint, code text);
                 insert into fault_plan values ('', 0, '');
                 create function fault() returns trigger language plpgsql as '
                 declare plan fault_plan;
                 begin
                     select * into plan from fault_plan;
                     if plan.target = tg_table_name and nextval(''fault_count'') = plan.n then
                         raise exception using errcode = plan.code, message = ''planted'';
                     end if;
                     if tg_op = ''DELETE'' then return old; end if;
                     return new;
                 end'",
            );
            for table in TABLES {
                server.sql(&format!(
                    "create trigger fault before insert or update or delete on {table} for each row execute function fault()"
                ));
            }
        }
        Self { server, is_postgres }
    }

    /// Whether there is an `n`-th way to fail.
    fn arm(&self, table: &str, n: usize, code: &str) -> bool {
        if self.is_postgres {
            self.server.sql(&format!(
                "alter sequence fault_count restart; update fault_plan set target = '{table}', n = {n}, code = '{code}'"
            ));
            return n < 6;
        }
        let Some(event) = ["insert", "update", "delete"].get(n - 1) else { return false };
        self.server.sql(&format!(
            "create trigger fault before {event} on {table} begin select raise(abort, 'planted'); end"
        ));
        true
    }

    fn disarm(&self) {
        self.server.sql(if self.is_postgres {
            "update fault_plan set target = ''"
        } else {
            "drop trigger if exists fault"
        });
    }
}

/// What an operation needs, made while nothing fails.
struct Scene {
    client: String,
    cookie: String,
    code: String,
    tokens: Tokens,
    consent: (String, String),
    sign_in: (String, String),
    create_csrf: String,
    disconnect: (String, String),
}

impl Scene {
    fn set(server: &Server, browser: &mut Browser<'_>, client: &str) -> Self {
        let tokens = browser.connect(client);
        let code = browser.allow(client, &[]);
        let page = browser.authorize(client, &[]);
        let consent = (field(&page, "request"), field(&page, "csrf"));
        let create_csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
        let clients = browser.get("/w/demo/mcp/clients");
        let disconnect =
            (csrf_of(&clients, "/w/demo/mcp/clients/disconnect"), field(&clients, "grant"));
        let mut stranger = Browser::new(server);
        let csrf = field(&stranger.get("/sign-in"), "csrf");
        let sign_in = (stranger.cookie().to_owned(), csrf);
        Self {
            client: client.to_owned(),
            cookie: browser.cookie().to_owned(),
            code,
            tokens,
            consent,
            sign_in,
            create_csrf,
            disconnect,
        }
    }
}

/// A name, the tables that it writes besides the audit log, the status of its success, and itself.
type Operation = (&'static str, &'static [&'static str], u16, fn(&Server, &Scene) -> Reply);

fn form(server: &Server, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let headers = [("cookie", cookie), ("origin", "null"), ("sec-fetch-site", "same-origin")];
    server.post_form(path, fields, &headers)
}

const OPERATIONS: [Operation; 9] = [
    ("register", &["clients"], 201, |server, _| {
        server.post_json("/oauth/register", &serde_json::json!({ "redirect_uris": [CALLBACK] }))
    }),
    ("authorize", &["authorization_requests"], 200, |server, scene| {
        let path = format!(
            "/oauth/authorize?response_type=code&client_id={}&redirect_uri={CALLBACK}&code_challenge={CHALLENGE}&code_challenge_method=S256",
            scene.client
        );
        server.get(&path, &[("cookie", &scene.cookie)])
    }),
    ("consent", &["authorization_requests", "grants", "codes"], 303, |server, scene| {
        let fields = [
            ("request", scene.consent.0.as_str()),
            ("csrf", &scene.consent.1),
            ("decision", "allow"),
            ("scope", "mcp:read"),
        ];
        form(server, &scene.cookie, "/oauth/consent", &fields)
    }),
    ("exchange", &["codes", "tokens"], 200, |server, scene| {
        server.redeem(&scene.client, &scene.code)
    }),
    ("refresh", &["tokens"], 200, |server, scene| {
        server.refresh(&scene.client, &scene.tokens.refresh)
    }),
    ("revoke", &["grants"], 200, |server, scene| {
        let fields = [("client_id", scene.client.as_str()), ("token", &scene.tokens.refresh)];
        server.post_form("/oauth/revoke", &fields, &[])
    }),
    ("create a token", &["grants", "tokens"], 200, |server, scene| {
        // Names are unique while their tokens live.
        let name = format!("token of {}", scene.consent.0);
        let fields = [
            ("csrf", scene.create_csrf.as_str()),
            ("name", &name[..30]),
            ("scope", "mcp:read"),
            ("days", "1"),
        ];
        form(server, &scene.cookie, "/w/demo/mcp/tokens", &fields)
    }),
    ("disconnect", &["grants"], 303, |server, scene| {
        let fields = [("csrf", scene.disconnect.0.as_str()), ("grant", &scene.disconnect.1)];
        form(server, &scene.cookie, "/w/demo/mcp/clients/disconnect", &fields)
    }),
    ("sign in", &["sessions"], 303, |server, scene| {
        let fields = [("csrf", scene.sign_in.1.as_str()), ("email", EMAIL), ("password", PASSWORD)];
        form(server, &scene.sign_in.0, "/sign-in", &fields)
    }),
];

fn every_write_fails_once(server: &Server, is_postgres: bool) {
    let rig = Rig::new(server, is_postgres);
    let client = server.client();
    let mut browser = Browser::signed_in(server);
    let mut failures = 0;
    for (index, (name, tables, success, act)) in OPERATIONS.into_iter().enumerate() {
        for (place, &table) in tables.iter().chain(&["audit_events"]).enumerate() {
            let mut hits = 0;
            for n in 1.. {
                // Every number of tokens and connections stays below the limits.
                server.sql("update grants set revoked_at = coalesce(revoked_at, 1)");
                let scene = Scene::set(server, &mut browser, &client);
                if !rig.arm(table, n, CODES[(index + place + n) % CODES.len()]) {
                    break;
                }
                let reply = act(server, &scene);
                rig.disarm();
                let context = format!("{name}, write {n} to {table}: {reply:?}");
                for query in HALF_STATES {
                    assert_eq!(server.count(query), 0, "{query}\n{context}");
                }
                if reply.status == success {
                    // A revocation that was answered holds.
                    if name == "revoke" {
                        assert!(server.refuses(&scene.tokens.access), "{context}");
                    }
                    // Three ways on SQLite; on PostgreSQL there is no later write than the last.
                    if is_postgres {
                        break;
                    }
                    continue;
                }
                assert_try_again(&reply);
                hits += 1;
                // Nothing happened, so the same request is answered now as it would have been.
                let again = act(server, &scene);
                assert_eq!(again.status, success, "{context}\n{again:?}");
            }
            assert!(hits > 0 || table == "audit_events", "{name} writes nothing to {table}");
            failures += hits;
        }
    }
    assert!(failures >= if is_postgres { 16 } else { 14 }, "only {failures} writes were hit");
}

#[test]
fn every_write_fails_once_on_sqlite() {
    every_write_fails_once(&Server::start_in(None), false);
}

#[test]
fn every_write_fails_once_on_postgres() {
    let Some(cluster) = cluster::shared() else { return };
    let server = Server::start_in(Some(cluster.fresh_database()));
    server.add_person(EMAIL, "demo", Role::Member);
    every_write_fails_once(&server, true);
}
