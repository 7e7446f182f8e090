//! `lookout-server audit`: the audit log.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use lookout_server::audit::{Query, Recorded};
use lookout_server::authority::Timestamp;
use lookout_server::config::Place;
use lookout_server::serving::say;
use serde_json::json;

use super::{open, shown};

const POLL: Duration = Duration::from_secs(1);
/// How many milliseconds after its time an event may still come, before one with a greater number: longer than a decision may take.
const LATE: i64 = 15_000;

#[derive(Args)]
pub(crate) struct Flags {
    /// Only events from then on: a time such as 2026-11-23T08:00:00Z, or an age such as 30m, 12h or 7d.
    #[arg(long, value_parser = since)]
    since: Option<i64>,
    /// Only events about this client.
    #[arg(long)]
    client: Option<String>,
    /// Only events about this person: the identifier or the e-mail address.
    #[arg(long)]
    user: Option<String>,
    /// Go on with new events as they happen.
    #[arg(long)]
    follow: bool,
    /// Print one JSON document a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// A point in time, in milliseconds since the Unix epoch.
fn since(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let wrong =
        || "give a time such as 2026-11-23T08:00:00Z, or an age such as 30m, 12h or 7d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let age = count.checked_mul(seconds * 1000).ok_or_else(wrong)?;
    Ok(jiff::Timestamp::now().as_millisecond().saturating_sub(age))
}

pub(crate) async fn run(flags: Flags) -> anyhow::Result<()> {
    let app = open(&flags.place).await?;
    let mut query = Query {
        after: 0,
        since: flags.since.map(Timestamp),
        client: flags.client,
        user: flags.user.map(|user| user.trim().to_owned()),
    };
    // Events that were printed and may have older ones beside them that are committed later.
    let mut recent: BTreeMap<i64, i64> = BTreeMap::new();
    let mut settled = 0;
    loop {
        query.after = settled;
        loop {
            let events = app.events(query.clone()).await?;
            for event in &events {
                if recent.insert(event.id, event.at.0).is_none() {
                    let line = if flags.json { document(event) } else { line(event) };
                    say(&line)?;
                }
            }
            let Some(last) = events.last() else { break };
            query.after = last.id;
            // Up to the first that is young, everything is final.
            while let Some((&id, &at)) = recent.first_key_value()
                && at < last.at.0 - LATE
            {
                settled = id;
                recent.remove(&id);
            }
        }
        if !flags.follow {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

fn line(event: &Recorded) -> String {
    let mut line = format!("{} {:8} {:14}", shown(event.at.0 / 1000), event.outcome, event.event);
    let fields = [
        ("reason", Some(&event.reason)),
        ("user", event.user_id.as_ref()),
        ("workspace", event.workspace_id.as_ref()),
        ("client", event.client_id.as_ref()),
        ("grant", event.grant_id.as_ref()),
        ("from", Some(&event.address)),
        ("detail", Some(&event.detail)),
    ];
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            line.push_str(&format!(" {name}={}", visible(value)));
        }
    }
    line.push('\n');
    line
}

/// `text` without characters that a terminal obeys or that turn the direction of what follows.
fn visible(text: &str) -> String {
    let is_harmful = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}' | '\u{e0000}'..='\u{e007f}')
    };
    let escape = |character: char| {
        if is_harmful(character) {
            character.escape_unicode().to_string()
        } else {
            character.to_string()
        }
    };
    text.chars().map(escape).collect()
}

fn document(event: &Recorded) -> String {
    let document = json!({
        "id": event.id,
        "at": event.at.0,
        "event": event.event,
        "outcome": event.outcome,
        "reason": event.reason,
        "user": event.user_id,
        "workspace": event.workspace_id,
        "client": event.client_id,
        "grant": event.grant_id,
        "address": event.address,
        "detail": visible(&event.detail),
    });
    format!("{document}\n")
}
