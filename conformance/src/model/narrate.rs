//! Operations and answers as a person reads them.

use std::collections::BTreeMap;

use crate::model::event::{ClientId, Event, GrantId, Kind, Place, Record, Scopes, Seen, TokenId};
use crate::model::oracle::Allowed;

/// What the numbers of one case stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) scopes: Vec<String>,
    /// Kind, and number within its kind.
    tokens: BTreeMap<TokenId, (Kind, usize)>,
}

impl Names {
    pub(crate) fn new(scopes: Vec<String>) -> Self {
        Self { scopes, tokens: BTreeMap::new() }
    }

    /// Names the tokens that `seen` brought.
    pub(crate) fn learn(&mut self, seen: &Seen) {
        let mut learn = |id: TokenId, kind: Kind| {
            let number = 1 + self.tokens.values().filter(|(other, _)| *other == kind).count();
            self.tokens.entry(id).or_insert((kind, number));
        };
        match seen {
            Seen::Issued(issue) => {
                learn(issue.access, Kind::Access);
                if let Some(refresh) = issue.refresh {
                    learn(refresh, Kind::Refresh);
                }
            }
            Seen::Made(token) => learn(*token, Kind::Programmatic),
            _ => {}
        }
    }

    pub(crate) fn token(&self, id: TokenId) -> String {
        match self.tokens.get(&id) {
            Some((Kind::Access, number)) => format!("access token {number}"),
            Some((Kind::Refresh, number)) => format!("refresh token {number}"),
            Some((Kind::Programmatic, number)) => format!("programmatic token {number}"),
            None => "a token".to_owned(),
        }
    }

    fn scopes(&self, scopes: Scopes) -> String {
        let names = scopes.names(&self.scopes);
        if names.is_empty() { "no scope".to_owned() } else { names.join(" ") }
    }

    /// What was done.
    pub(crate) fn event(&self, event: &Event) -> String {
        match event {
            Event::Authorize { client, confidential, asked, kept, at, .. } => {
                let kind = if *confidential { "confidential" } else { "public" };
                let decision = match kept {
                    None => ", and deny".to_owned(),
                    Some(kept) if kept == asked => ", and allow".to_owned(),
                    Some(kept) => format!(", and allow {} only", self.scopes(*kept)),
                };
                let scopes = self.scopes(*asked);
                format!("authorize {kind} {} for {scopes}{}{decision}", name(*client), place(*at))
            }
            Event::Exchange { code, by, right_verifier, right_redirect } => {
                let verifier = if *right_verifier { "" } else { " with a wrong verifier" };
                let redirect = if *right_redirect { "" } else { " with another redirect URI" };
                format!("exchange {} as {}{verifier}{redirect}", number(*code), name(*by))
            }
            Event::Refresh { token, by, asked } => {
                let asked = asked.map(|asked| format!(" for {}", self.scopes(asked)));
                let asked = asked.unwrap_or_default();
                format!("refresh with {} as {}{asked}", self.token(*token), name(*by))
            }
            Event::Revoke { token, by, hint } => {
                let hint = hint.map(|hint| format!(" with hint {hint}")).unwrap_or_default();
                format!("revoke {} as {}{hint}", self.token(*token), name(*by))
            }
            Event::Make { scopes } => {
                format!("make a programmatic token for {}", self.scopes(*scopes))
            }
            Event::Unmake { token } => format!("revoke {} on the page", self.token(*token)),
            Event::Call { token, at, what, .. } => {
                format!("call {what}{} with {}", place(*at), self.token(*token))
            }
            Event::Forged { what } => what.clone(),
            Event::Wait { milliseconds } => format!("wait {milliseconds} ms"),
        }
    }

    /// What came back.
    pub(crate) fn seen(&self, seen: &Seen) -> String {
        match seen {
            Seen::Code(grant) => number(*grant),
            Seen::NoCode => "no code".to_owned(),
            Seen::Issued(issue) => {
                let refresh = issue.refresh.filter(|token| self.tokens.contains_key(token));
                let refresh = refresh.map(|token| format!(" and {}", self.token(token)));
                let scopes = self.scopes(issue.scopes);
                format!("{}{} for {scopes}", self.token(issue.access), refresh.unwrap_or_default())
            }
            Seen::Made(token) => self.token(*token),
            Seen::Refused(error) if error.is_empty() => "a refusal".to_owned(),
            Seen::Refused(error) => format!("refused ({error})"),
            Seen::Done => "acknowledged".to_owned(),
            Seen::Accepted => "accepted".to_owned(),
            Seen::Forbidden => "403".to_owned(),
            Seen::Unauthorized => "401".to_owned(),
        }
    }

    /// One line: what was done and what came back.
    pub(crate) fn line(&self, record: &Record) -> String {
        let replica = match record.replica {
            0 => String::new(),
            other => format!(" at replica {}", other + 1),
        };
        format!("{}{replica} -> {}", self.event(&record.event), self.seen(&record.seen))
    }

    /// One numbered line an operation.
    pub(crate) fn lines<'a>(&self, records: impl IntoIterator<Item = &'a Record>) -> String {
        let lines = records.into_iter().enumerate();
        lines.map(|(index, record)| format!("\n{:>4}. {}", index + 1, self.line(record))).collect()
    }

    /// What would have been allowed.
    pub(crate) fn allowed(&self, allowed: &Allowed) -> String {
        let mut answers: Vec<String> =
            allowed.answers.iter().map(|seen| self.plainly(seen)).collect();
        answers.dedup();
        let answers = if answers.is_empty() { "nothing".to_owned() } else { answers.join(" or ") };
        match allowed.worlds {
            1 => answers,
            worlds => format!("{answers}, in all {worlds} ways a server may have got here"),
        }
    }

    fn plainly(&self, seen: &Seen) -> String {
        match seen {
            Seen::Code(_) => "a code".to_owned(),
            Seen::Issued(issue) => format!("new tokens for {}", self.scopes(issue.scopes)),
            Seen::Made(_) => "a token".to_owned(),
            Seen::Refused(_) => "a refusal".to_owned(),
            Seen::Accepted => "the call is let through".to_owned(),
            other => self.seen(other),
        }
    }
}

/// `client A`, `client B`, …
fn name(client: ClientId) -> String {
    let letter = char::from(b'A' + u8::try_from(client.0 % 26).unwrap_or(0));
    format!("client {letter}")
}

fn number(grant: GrantId) -> String {
    format!("code {}", grant.0 + 1)
}

fn place(at: Place) -> &'static str {
    match at {
        Place::Main => "",
        Place::Second => " at the second resource",
    }
}
