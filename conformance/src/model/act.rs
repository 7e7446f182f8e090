//! What each operation sends, and how its answer is read.

use serde_json::json;

use crate::check::Capability;
use crate::model::event::{ClientId, Event, GrantId, Issue, Kind, Place, Scopes, Seen};
use crate::model::operation::{Ask, Back, Change, Door, Hint, Who};
use crate::model::stage::{
    Hand, HeldCode, HeldToken, Stage, Variation, is_bearer, is_oauth, is_refresh, newest,
};
use crate::outcome::{Outcome, ProbeError};
use crate::probe::authorize::Decision;
use crate::probe::browser::Landing;
use crate::probe::http::Reply;
use crate::probe::token::TokenRequest;
use crate::profile::TokenFormat;
use crate::property::scope::names;
use crate::property::token::Mutation;
use crate::secret::Secret;

/// Servers bound how many grants a client may have; a case stays below.
const MOST_GRANTS: usize = 12;

type Done = Option<(Event, Seen)>;

impl Stage<'_, '_> {
    pub(super) fn authorize(
        &self,
        hand: &mut Hand,
        client: Back,
        (asked, kept): (u8, Option<u8>),
        second: bool,
    ) -> Outcome<Done> {
        if hand.clients.is_empty() {
            self.register(hand, false)?;
        }
        let numbers: Vec<u16> =
            (0..u16::try_from(hand.clients.len()).unwrap_or(u16::MAX)).collect();
        let Some(number) = newest(&numbers, client).copied() else { return Ok(None) };
        let client = hand.clients[usize::from(number)].clone();
        let earlier = hand.codes.iter().filter(|code| code.client.0 == number).count();
        if earlier >= MOST_GRANTS {
            return Ok(None);
        }
        let scopes = self.scope_names();
        let second = self.probe.site().second.as_ref().filter(|_| second);
        let offered = match second {
            Some(second) => Scopes::of(&second.scopes, &scopes),
            None => self.all_scopes(),
        };
        let within = |bits: u8, whole: Scopes| {
            let chosen = Scopes(u32::from(bits)).and(whole);
            if chosen == Scopes::NONE { whole } else { chosen }
        };
        let asked = within(asked, offered);
        // What is part of every approval is kept whatever is chosen.
        let locked = Scopes::of(&self.probe.site().locked_scopes, &scopes).and(asked);
        let has_boxes = self.probe.site().has_scope_boxes;
        let kept = kept.map(|kept| if has_boxes { within(kept, asked).or(locked) } else { asked });
        let mut request =
            self.probe.authorization(&client).set("scope", asked.names(&scopes).join(" "));
        if let Some(second) = second {
            request = request.set("resource", &second.endpoint);
        }
        let decision = match kept {
            None => Decision::Deny,
            Some(kept) if kept == asked => Decision::Allow,
            Some(kept) => Decision::AllowOnly(kept.names(&scopes)),
        };
        let at = if second.is_some() { Place::Second } else { Place::Main };
        let event = Event::Authorize {
            client: ClientId(number),
            confidential: client.secret.is_some(),
            asked,
            kept,
            at,
            is_plain: true,
        };
        let issued = match self.probe.authorize(&request, &decision)? {
            Landing::Callback(callback) => request.issued(&callback),
            Landing::Page { reply, .. } => {
                reply.alive()?;
                None
            }
        };
        let Some(issued) = issued else { return Ok(Some((event, Seen::NoCode))) };
        hand.codes.push(HeldCode {
            issued,
            client: ClientId(number),
            at,
            kept: kept.unwrap_or_default(),
        });
        let grant = GrantId(u16::try_from(hand.codes.len() - 1).unwrap_or(u16::MAX));
        Ok(Some((event, Seen::Code(grant))))
    }

    pub(super) fn exchange(
        &self,
        hand: &mut Hand,
        code: Back,
        by: Who,
        (right_verifier, right_redirect): (bool, bool),
        replica: usize,
    ) -> Outcome<Done> {
        let Some((grant, held)) = hand.code(code) else { return Ok(None) };
        let held = held.clone();
        let (by, client) = self.presenter(hand, held.client, by)?;
        let mut request = self.probe.exchange(&held.issued).by(&client);
        if !right_verifier {
            request =
                request.set("code_verifier", "another-verifier-of-the-right-length-0123456789");
        }
        if !right_redirect {
            request = request.set("redirect_uri", "http://127.0.0.1:1/another");
        }
        let event = Event::Exchange { code: grant, by, right_verifier, right_redirect };
        let reply = self.post("token_endpoint", request, replica)?;
        let owner = (Some(grant), held.client, held.at);
        let seen = self.issued(hand, &reply, owner, (held.kept, held.kept), None)?;
        Ok(Some((event, seen)))
    }

    pub(super) fn refresh(
        &self,
        hand: &mut Hand,
        token: Back,
        by: Who,
        ask: Ask,
        replica: usize,
    ) -> Outcome<Done> {
        let Some(held) = hand.token(token, is_refresh).cloned() else { return Ok(None) };
        let Some(owner) = held.client else { return Ok(None) };
        let (by, client) = self.presenter(hand, owner, by)?;
        let asked = match ask {
            Ask::Nothing => None,
            Ask::Everything => Some(self.all_scopes()),
            Ask::Within(bits) => {
                let chosen = Scopes(u32::from(bits)).and(held.scopes);
                Some(if chosen == Scopes::NONE { held.scopes } else { chosen })
            }
        };
        let mut request = self.probe.refreshing(&client, &held.secret);
        if let Some(asked) = asked {
            request = request.set("scope", asked.names(&self.scope_names()).join(" "));
        }
        let event = Event::Refresh { token: held.id, by, asked };
        let reply = self.post("token_endpoint", request, replica)?;
        let given = asked.unwrap_or(held.scopes);
        let owner = (held.grant, owner, held.at);
        let seen = self.issued(hand, &reply, owner, (given, held.scopes), Some(&held))?;
        Ok(Some((event, seen)))
    }

    /// Reads a token response and takes its tokens into `hand`. `given` is what a response without
    /// `scope` says, `whole` what a later refresh may ask for.
    fn issued(
        &self,
        hand: &mut Hand,
        reply: &Reply,
        (grant, client, at): (Option<GrantId>, ClientId, Place),
        (given, whole): (Scopes, Scopes),
        presented: Option<&HeldToken>,
    ) -> Result<Seen, ProbeError> {
        let Some(access) = reply.text("access_token").filter(|_| reply.is_success()) else {
            return refusal(reply);
        };
        let known = self.scope_names();
        let scopes = reply.text("scope").map_or(given, |said| Scopes::of(&names(&said), &known));
        let whole = if presented.is_some() { whole } else { scopes };
        let token = |id, kind, secret: String, scopes| HeldToken {
            id,
            kind,
            secret: Secret::new(secret),
            grant,
            client: Some(client),
            at,
            scopes,
            name: None,
        };
        let access = token(self.next_token(), Kind::Access, access, scopes);
        let access_id = access.id;
        hand.tokens.push(access);
        let refresh = reply.text("refresh_token").map(|secret| {
            if let Some(same) = presented.filter(|held| held.secret.expose() == secret) {
                return same.id;
            }
            let refresh = token(self.next_token(), Kind::Refresh, secret, whole);
            let id = refresh.id;
            hand.tokens.push(refresh);
            id
        });
        let expires_in = reply.json().get("expires_in").and_then(serde_json::Value::as_u64);
        Ok(Seen::Issued(Issue { access: access_id, refresh, scopes, expires_in }))
    }

    pub(super) fn revoke(
        &self,
        hand: &mut Hand,
        token: Back,
        by: Who,
        hint: Hint,
        replica: usize,
    ) -> Outcome<Done> {
        if self.probe.lacks(Capability::Revocation) {
            return Ok(None);
        }
        let Some(held) = hand.token(token, is_oauth).cloned() else { return Ok(None) };
        let Some(owner) = held.client else { return Ok(None) };
        let (by, client) = self.presenter(hand, owner, by)?;
        let hint = match (hint, held.kind) {
            (Hint::None, _) => None,
            (Hint::Right, Kind::Refresh) | (Hint::Wrong, Kind::Access) => Some("refresh_token"),
            (Hint::Right | Hint::Wrong, _) => Some("access_token"),
            (Hint::Unknown, _) => Some("nonsense"),
        };
        let mut request = self.probe.revocation(&client, &held.secret);
        if let Some(hint) = hint {
            request = request.set("token_type_hint", hint);
        }
        let reply = self.post("revocation_endpoint", request, replica)?;
        let seen = if reply.is_success() { Seen::Done } else { refusal(&reply)? };
        Ok(Some((Event::Revoke { token: held.id, by, hint }, seen)))
    }

    pub(super) fn make(&self, hand: &mut Hand, bits: u8) -> Outcome<Done> {
        let has_one = hand.tokens.iter().any(|token| token.kind == Kind::Programmatic);
        if has_one || self.probe.lacks(Capability::ProgrammaticTokens) {
            return Ok(None);
        }
        let all = self.all_scopes();
        let chosen = Scopes(u32::from(bits)).and(all);
        let scopes = if chosen == Scopes::NONE { all } else { chosen };
        let made = self.probe.create_programmatic(Some(&scopes.names(&self.scope_names())))?;
        let id = self.next_token();
        hand.tokens.push(HeldToken {
            id,
            kind: Kind::Programmatic,
            secret: made.token,
            grant: None,
            client: None,
            at: Place::Main,
            scopes,
            name: Some(made.name),
        });
        Ok(Some((Event::Make { scopes }, Seen::Made(id))))
    }

    pub(super) fn unmake(&self, hand: &mut Hand, token: Back) -> Outcome<Done> {
        let Some(held) = hand.token(token, |kind| kind == Kind::Programmatic) else {
            return Ok(None);
        };
        let Some(name) = &held.name else { return Ok(None) };
        self.probe.revoke_programmatic(name)?;
        let event = Event::Unmake { token: held.id };
        // A revoked token has no button to press any more.
        for held in &mut hand.tokens {
            held.name = None;
        }
        Ok(Some((event, Seen::Done)))
    }

    /// Presents `held` as a bearer token, for a tool or for the cheapest method.
    pub(crate) fn call(
        &self,
        held: &HeldToken,
        tool: Option<u8>,
        elsewhere: bool,
        replica: usize,
    ) -> Outcome<(Event, Seen)> {
        let site = self.probe.site();
        let second = site.second.as_ref();
        let at = match (held.at, elsewhere, second) {
            (Place::Main, true, Some(_)) => Place::Second,
            (Place::Second, true, _) => Place::Main,
            (at, _, _) => at,
        };
        let endpoint = match (at, second) {
            (Place::Second, Some(second)) => &second.endpoint,
            _ => &site.endpoint,
        };
        let names = self.scope_names();
        // The second resource may not know every tool, so there only the method is called.
        let harmless = self.probe.catalogue().tools.iter().filter(|tool| {
            tool.is_read_only() || tool.input_schema.pointer("/properties/dry_run").is_some()
        });
        let harmless: Vec<_> = harmless.collect();
        let tool = tool.filter(|_| at == Place::Main);
        let tool = tool.and_then(|tool| newest(&harmless, tool).copied());
        let (method, params, needs) = match tool {
            None => (site.heartbeat, json!({}), Scopes::NONE),
            Some(tool) => {
                let mut arguments = tool.arguments(&site.values);
                if tool.input_schema.pointer("/properties/dry_run").is_some() {
                    arguments["dry_run"] = json!(true);
                }
                let params = json!({"name": tool.name, "arguments": arguments});
                ("tools/call", params, Scopes::of(&tool.scopes, &names))
            }
        };
        let endpoint = self.probe.at_replica(endpoint, replica);
        let scheme = if self.variation == Variation::Scheme { "bEARER" } else { "Bearer" };
        let reply =
            self.probe.mcp_with(&endpoint, scheme, &held.secret, method, params)?.alive()?;
        let seen = match reply.status {
            401 => Seen::Unauthorized,
            403 => Seen::Forbidden,
            429 => return Err(ProbeError::step("use a token", reply.summary()).into()),
            status if tool.is_some() || status == 200 => Seen::Accepted,
            _ => return Err(ProbeError::step("use a token", reply.summary()).into()),
        };
        let what = tool.map_or_else(|| method.to_owned(), |tool| tool.name.clone());
        Ok((Event::Call { token: held.id, at, needs, what }, seen))
    }

    pub(super) fn tamper(
        &self,
        hand: &mut Hand,
        back: Back,
        how: Change,
        at: Door,
    ) -> Outcome<Done> {
        let which = match at {
            Door::Call => is_bearer,
            Door::Refresh => is_refresh,
            Door::Exchange | Door::Revoke => is_oauth,
        };
        let held = hand.token(back, which).cloned();
        let code = hand.code(back).map(|(_, held)| held.clone());
        let (Some(held), Some(code)) = (held, code) else { return Ok(None) };
        let original = if at == Door::Exchange { &code.issued.code } else { &held.secret };
        // The last characters of a JWT's signature may differ without meaning anything else.
        let spared = match self.probe.profile().token_format.value {
            TokenFormat::Jwt => 3,
            TokenFormat::Opaque => 0,
        };
        let position = |at: u8| usize::from(at) % (original.expose().len() - spared).max(1);
        let mutation = match how {
            Change::Exchange(at) => Mutation::Exchange(position(at)),
            Change::SwapCase(at) => Mutation::SwapCase(position(at)),
            Change::Cut(count) => Mutation::CutEnd(usize::from(count) + spared),
            Change::Append => Mutation::Append('A'),
        };
        let Some(altered) = mutation.apply(original.expose()).map(Secret::new) else {
            return Ok(None);
        };
        if hand.tokens.iter().any(|token| token.secret == altered) {
            return Ok(None);
        }
        self.probe.learn("altered token", altered.expose());
        let owner = held.client.and_then(|client| hand.clients.get(usize::from(client.0))).cloned();
        let (door, seen) = match (at, owner) {
            (Door::Call, _) => {
                let forged = HeldToken { secret: altered, ..held };
                ("call", self.call(&forged, None, false, 0)?.1)
            }
            (Door::Exchange, _) => {
                let request = self.probe.exchange(&code.issued).set("code", altered.expose());
                ("exchange", read(&self.post("token_endpoint", request, 0)?)?)
            }
            (Door::Refresh, Some(owner)) => {
                let request = self.probe.refreshing(&owner, &altered);
                ("refresh with", read(&self.post("token_endpoint", request, 0)?)?)
            }
            (Door::Revoke, Some(owner)) if !self.probe.lacks(Capability::Revocation) => {
                let request = self.probe.revocation(&owner, &altered);
                let reply = self.post("revocation_endpoint", request, 0)?;
                ("revoke", if reply.is_success() { Seen::Done } else { refusal(&reply)? })
            }
            _ => return Ok(None),
        };
        let kind = if at == Door::Exchange { "code" } else { "token" };
        let what = format!("{door} a {kind} altered by {mutation:?}");
        Ok(Some((Event::Forged { what }, seen)))
    }

    /// Sends a form to an endpoint of the authorization server, at one of its addresses.
    fn post(
        &self,
        endpoint: &str,
        mut request: TokenRequest,
        replica: usize,
    ) -> Result<Reply, ProbeError> {
        match self.variation {
            Variation::Reversed => request.parameters.0.reverse(),
            Variation::Unknown => request = request.set("x_conformance_unknown", "1"),
            Variation::None | Variation::Scheme => {}
        }
        let endpoint = self.probe.at_replica(&self.probe.site().endpoint_of(endpoint)?, replica);
        self.probe.token_by(&request.to(&endpoint))?.alive()
    }
}

/// A token response that should never have come, or a refusal.
fn read(reply: &Reply) -> Result<Seen, ProbeError> {
    if reply.is_success() { Ok(Seen::Accepted) } else { refusal(reply) }
}

fn refusal(reply: &Reply) -> Result<Seen, ProbeError> {
    if reply.is_success() || reply.status == 429 {
        return Err(ProbeError::step("use the token endpoint", reply.summary()));
    }
    Ok(Seen::Refused(reply.text("error").unwrap_or_else(|| reply.status.to_string())))
}
