//! What the load and the hammers share: the replicas, what is held, and the history that everything is written into.
//!
//! Every operation goes through here, so nothing is done that the checkers do not see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::history::{GrantId, History, Micros, Minted, Operation, Outcome, Record};
use crate::holdings::{Held, Holdings, Key, Waiting};
use crate::person::{Person, REDIRECT, VERIFIER};
use crate::wire::{Ask, Reply, Trouble, Wire, outcome_of};

/// The place where it all happens.
#[derive(Debug)]
pub struct Arena {
    begun: Instant,
    /// The replicas.
    pub wires: Vec<Wire>,
    /// Who consents.
    pub people: Vec<Person>,
    /// The registered clients.
    pub clients: Vec<String>,
    history: Mutex<History>,
    holdings: Mutex<Holdings>,
}

impl Arena {
    /// An arena of these replicas.
    #[must_use]
    pub fn new(wires: Vec<Wire>) -> Self {
        Self {
            begun: Instant::now(),
            wires,
            people: Vec::new(),
            clients: Vec::new(),
            history: Mutex::default(),
            holdings: Mutex::default(),
        }
    }

    /// Microseconds since the beginning.
    #[must_use]
    pub fn now(&self) -> Micros {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }

    /// The history so far.
    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a server or the database has ended just now.
    pub fn note_end(&self) {
        let now = self.now();
        self.history().kills.push(now);
    }

    /// What is held.
    pub fn holdings(&self) -> MutexGuard<'_, Holdings> {
        self.holdings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a public client.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn register(&self, name: &str) -> anyhow::Result<String> {
        let body = json!({
            "client_name": name,
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let answer = self.wires[0].send(Ask::json("/oauth/register", &body)).await;
        let id = answer
            .as_ref()
            .ok()
            .and_then(|reply| reply.json()["client_id"].as_str().map(str::to_owned));
        id.ok_or_else(|| {
            anyhow::anyhow!("registration failed: {:?}", answer.map(|reply| reply.status))
        })
    }

    /// Takes note of a programmatic token.
    pub fn adopt(&self, secret: &str) -> Key {
        let mut history = self.history();
        let grant = history.new_grant();
        let at = self.now();
        let id = history.mint(Minted { grant, at, lives_until: Micros::MAX });
        let key = Key { id, secret: secret.into() };
        self.holdings().live.push(key.clone());
        key
    }

    /// A person allows an application. `None` when no code came.
    pub async fn authorize(&self, replica: usize, person: usize, client: usize) -> Option<Waiting> {
        let start = self.now();
        let answer = self.people[person].allow(&self.wires[replica], &self.clients[client]).await;
        match answer {
            Ok(code) => Some(Waiting { grant: self.history().new_grant(), client, code }),
            Err(answer) => {
                // What belongs to no grant yet is only judged by whether it may be answered at all.
                let outcome = match outcome_of(&answer, 429) {
                    Outcome::Done => Outcome::Unknown,
                    outcome => outcome,
                };
                let grant = self.history().new_grant();
                self.note(Operation::EndGrant(grant), outcome, start, replica);
                None
            }
        }
    }

    /// Redeems a code.
    pub async fn exchange(&self, replica: usize, waiting: &Waiting) -> Result<Held, Outcome> {
        let Waiting { grant, client, code } = waiting;
        let reply = self.redeem(replica, *grant, *client, code).await?;
        self.hold(*grant, 0, *client, code, &reply).ok_or(Outcome::Unknown)
    }

    /// Uses the refresh token of `held`; what comes back is the successor.
    pub async fn refresh(&self, replica: usize, held: &Held) -> Result<Held, Outcome> {
        let Held { grant, generation, client, refresh, .. } = held;
        let reply = self.renew(replica, *grant, *generation, *client, refresh).await?;
        self.hold(*grant, generation + 1, *client, refresh, &reply).ok_or(Outcome::Unknown)
    }

    /// Presents once more what `held` came from, a code or a refresh token. That is a reuse, so it ends the grant.
    pub async fn reuse(&self, replica: usize, held: &Held) {
        let Held { grant, generation, client, spent, .. } = held;
        let _denied = match generation.checked_sub(1) {
            None => self.redeem(replica, *grant, *client, spent).await,
            Some(before) => self.renew(replica, *grant, before, *client, spent).await,
        };
        self.bury(*grant);
    }

    /// Refreshes as a correct client does: waits when told to, and tries again once when it cannot know what happened, which the history notes.
    pub async fn refresh_patiently(&self, replica: usize, held: &Held) -> Result<Held, Outcome> {
        let mut unknown = 0;
        for attempt in 0..40 {
            let replica = (replica + attempt) % self.wires.len();
            match self.refresh(replica, held).await {
                Err(Outcome::NotSent) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(Outcome::Unavailable { .. } | Outcome::Limited) => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(Outcome::Unknown) if unknown == 0 => unknown += 1,
                done => return done,
            }
        }
        Err(Outcome::Unknown)
    }

    /// Calls a tool.
    pub async fn call(&self, replica: usize, key: &Key) -> Outcome {
        let start = self.now();
        let answer = self.wires[replica].send(tool(key, "list_warehouses", &json!({}))).await;
        self.note(Operation::Call(key.id), outcome_of(&answer, 401), start, replica)
    }

    /// Revokes one access token of `held`.
    pub async fn end_token(&self, replica: usize, held: &Held, key: &Key) -> Outcome {
        let start = self.now();
        let answer = self.revoke(replica, held.client, &key.secret).await;
        let outcome =
            self.note(Operation::EndToken(key.id), outcome_of(&answer, 401), start, replica);
        if outcome == Outcome::Done {
            let now = self.now();
            self.holdings().dead.push((now, key.clone()));
        }
        outcome
    }

    /// Revokes a grant by its refresh token.
    pub async fn end_grant(&self, replica: usize, held: &Held) -> Outcome {
        let start = self.now();
        let answer = self.revoke(replica, held.client, &held.refresh).await;
        let operation = Operation::EndGrant(held.grant);
        let outcome = self.note(operation, outcome_of(&answer, 401), start, replica);
        self.bury(held.grant);
        let now = self.now();
        let mut holdings = self.holdings();
        // A hammer keeps its grant to itself, so its token is not among the living.
        if outcome == Outcome::Done
            && holdings.dead.last().map(|(_, key)| key.id) != Some(held.access.id)
        {
            holdings.dead.push((now, held.access.clone()));
        }
        outcome
    }

    /// A person revokes a programmatic token on the page.
    pub async fn end_programmatic(&self, replica: usize, key: &Key, form: Ask) -> Outcome {
        let start = self.now();
        let outcome = outcome_of(&self.wires[replica].send(form).await, 401);
        let Some(grant) = self.history().grant_of(key.id) else { return outcome };
        self.note(Operation::EndGrant(grant), outcome, start, replica);
        self.bury(grant);
        outcome
    }

    /// Saves a new dashboard.
    pub async fn save(&self, replica: usize, key: &Key, number: u32) -> Outcome {
        let arguments = json!({
            "title": format!("Saved {number}"),
            "slug": format!("saved-{number}"),
            "spec": { "parameters": [], "panels": [{ "id": "one", "title": "One", "type": "table", "sql": "select 1 as one" }] },
        });
        let start = self.now();
        let answer = self.wires[replica].send(tool(key, "save_dashboard", &arguments)).await;
        let outcome = match tool_error(&answer) {
            Some(_) => Outcome::Unknown,
            None => outcome_of(&answer, 401),
        };
        if outcome == Outcome::Done {
            self.holdings().saved.push(number);
        }
        self.note(Operation::Save(number), outcome, start, replica)
    }

    /// Reads a dashboard.
    pub async fn read(&self, replica: usize, key: &Key, number: u32) -> Outcome {
        let arguments = json!({ "dashboard": format!("saved-{number}") });
        let start = self.now();
        let answer = self.wires[replica].send(tool(key, "get_dashboard", &arguments)).await;
        let outcome = match (tool_error(&answer).as_deref(), outcome_of(&answer, 401)) {
            (Some("dashboard_not_found"), _) => Outcome::Denied,
            // A token that was ended meanwhile says nothing about the dashboard.
            (Some(_), _) | (None, Outcome::Denied) => Outcome::Unknown,
            (None, outcome) => outcome,
        };
        self.note(Operation::Read(number), outcome, start, replica)
    }

    /// Moves the tokens of a grant from the living to the dead.
    pub fn bury(&self, grant: GrantId) {
        let history = self.history();
        let mut holdings = self.holdings();
        let (dead, live): (Vec<Key>, Vec<Key>) = std::mem::take(&mut holdings.live)
            .into_iter()
            .partition(|key| history.grant_of(key.id) == Some(grant));
        holdings.live = live;
        let now = self.now();
        holdings.dead.extend(dead.into_iter().map(|key| (now, key)));
    }

    async fn redeem(
        &self,
        replica: usize,
        grant: GrantId,
        client: usize,
        code: &str,
    ) -> Result<Reply, Outcome> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", REDIRECT),
            ("client_id", self.clients[client].as_str()),
        ];
        self.ask_for_tokens(replica, Operation::Exchange(grant), &fields).await
    }

    async fn renew(
        &self,
        replica: usize,
        grant: GrantId,
        generation: u32,
        client: usize,
        refresh: &str,
    ) -> Result<Reply, Outcome> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", self.clients[client].as_str()),
        ];
        self.ask_for_tokens(replica, Operation::Refresh(grant, generation), &fields).await
    }

    async fn revoke(&self, replica: usize, client: usize, secret: &str) -> Result<Reply, Trouble> {
        let fields = [("token", secret), ("client_id", self.clients[client].as_str())];
        self.wires[replica].send(Ask::form("/oauth/revoke", &fields)).await
    }

    async fn ask_for_tokens(
        &self,
        replica: usize,
        operation: Operation,
        fields: &[(&str, &str)],
    ) -> Result<Reply, Outcome> {
        let start = self.now();
        let answer = self.wires[replica].send(Ask::form("/oauth/token", fields)).await;
        let mut outcome = outcome_of(&answer, 400);
        if let (Outcome::Denied, Ok(reply)) = (outcome, &answer)
            && reply.json()["error"] != "invalid_grant"
        {
            outcome = Outcome::Wrong(reply.status);
        }
        match (self.note(operation, outcome, start, replica), answer) {
            (Outcome::Done, Ok(reply)) => Ok(reply),
            (outcome, _) => Err(outcome),
        }
    }

    fn hold(
        &self,
        grant: GrantId,
        generation: u32,
        client: usize,
        spent: &str,
        reply: &Reply,
    ) -> Option<Held> {
        let document = reply.json();
        let secret: Arc<str> = document["access_token"].as_str()?.into();
        let refresh = document["refresh_token"].as_str()?.to_owned();
        let at = self.now();
        // A second less, for what passed on the way.
        let seconds = document["expires_in"].as_u64()?.saturating_sub(1);
        let id = self.history().mint(Minted { grant, at, lives_until: at + seconds * 1_000_000 });
        let (access, spent) = (Key { id, secret }, spent.to_owned());
        Some(Held { grant, generation, client, access, refresh, spent })
    }

    fn note(
        &self,
        operation: Operation,
        outcome: Outcome,
        start: Micros,
        replica: usize,
    ) -> Outcome {
        let record = Record { operation, outcome, start, end: self.now(), replica };
        self.history().records.push(record);
        outcome
    }
}

/// A call of a tool, as MCP 2026-07-28 writes it.
fn tool(key: &Key, name: &str, arguments: &Value) -> Ask {
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": name,
            "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    Ask::json("/mcp", &body)
        .with("authorization", &format!("Bearer {}", key.secret))
        .with("accept", "application/json, text/event-stream")
        .with("mcp-protocol-version", "2026-07-28")
        .with("mcp-method", "tools/call")
        .with("mcp-name", name)
}

/// The code of the error that a tool reports, if it does.
fn tool_error(answer: &Result<Reply, Trouble>) -> Option<String> {
    let document = answer.as_ref().ok()?.json();
    let result = &document["result"];
    let code = result["_meta"]["com.rudderstack.lookout/error"]["code"].as_str();
    (result["isError"] == true).then(|| code.unwrap_or("unnamed").to_owned())
}
