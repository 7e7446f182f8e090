//! `lookout-server key`: the root keys and their rotation.

use anyhow::bail;
use clap::Subcommand;
use lookout_server::config::Place;
use lookout_server::secret::entropy::SystemEntropy;
use lookout_server::secret::keys::file::{KeyFile, SETTLED, clock, lock};
use lookout_server::secret::keys::{ENVIRONMENT, Keys, Kid};
use lookout_server::serving::say;
use lookout_server::store::operations::KeyUse;
use serde_json::json;

use super::{open, shown};

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Add a key. It is accepted at once and used after `key promote`.
    Rotate {
        #[command(flatten)]
        place: Place,
    },
    /// Make the added key the current one, a minute after it was added or later.
    Promote {
        #[command(flatten)]
        place: Place,
    },
    /// List the keys: when each was made, what depends on it, and from when it can be retired.
    List {
        #[command(flatten)]
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a key that nothing depends on any more.
    Retire {
        /// The key.
        kid: u16,
        /// End everything that still depends on it.
        #[arg(long)]
        revoke: bool,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) async fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Rotate { place } => {
            change(&place, "added", |file| Ok(file.rotate(&SystemEntropy, clock())?)).await?;
            eprintln!(
                "note: every running server accepts it in a few seconds; use it with `lookout-server key promote` in {} s or later",
                SETTLED.as_secs()
            );
            Ok(())
        }
        KeyCommand::Promote { place } => {
            change(&place, "promoted", |file| Ok(file.promote(clock())?)).await
        }
        KeyCommand::List { place, json } => list(&place, json).await,
        KeyCommand::Retire { kid, revoke, place } => retire(&place, Kid(kid), revoke).await,
    }
}

/// Refuses to change keys that are not in a file.
fn judge_source() -> anyhow::Result<()> {
    if std::env::var_os(ENVIRONMENT).is_some() {
        bail!(
            "the keys come from {ENVIRONMENT}; change it there: add `2:NEW` after `1:OLD` everywhere, then put it first everywhere, then `lookout-server key retire 1`, then leave the old one out"
        );
    }
    Ok(())
}

async fn change(
    place: &Place,
    what: &str,
    step: impl FnOnce(&mut KeyFile) -> anyhow::Result<Kid>,
) -> anyhow::Result<()> {
    judge_source()?;
    let app = open(place).await?;
    let path = app.config.key_file();
    let _turn = lock(&path)?;
    let mut file = KeyFile::open(&path)?;
    let kid = step(&mut file)?;
    // First, so that nothing is done that is not in the log.
    app.note_key(what, kid).await?;
    file.replace(&path)?;
    app.note_keys(&file).await?;
    say(&format!("{what} key {kid}\n"))
}

async fn retire(place: &Place, kid: Kid, revoke: bool) -> anyhow::Result<()> {
    let app = open(place).await?;
    let path = app.config.key_file();
    let in_environment = std::env::var(ENVIRONMENT).ok();
    let mut file = match &in_environment {
        Some(text) => KeyFile::of_environment(text)?,
        None => KeyFile::open(&path)?,
    };
    file.may_retire(kid, clock())?;
    let (_, uses) = app.key_uses().await?;
    let dependent = uses.iter().find(|key| key.kid == kid).map_or(0, KeyUse::total);
    if dependent > 0 && !revoke {
        bail!(
            "{dependent} live secrets depend on key {kid}; `lookout-server key list` says until when, and --revoke ends them now"
        );
    }
    // What the key made ends before the key goes, so that a copy of the key file brings nothing back.
    app.note_key("retired", kid).await?;
    app.end_key(kid).await?;
    if in_environment.is_some() {
        eprintln!("note: leave key {kid} out of {ENVIRONMENT} now");
    } else {
        let _turn = lock(&path)?;
        file = KeyFile::open(&path)?;
        file.retire(kid, clock())?;
        file.replace(&path)?;
    }
    say(&format!("retired key {kid}; {dependent} live secrets ended\n"))
}

async fn list(place: &Place, as_json: bool) -> anyhow::Result<()> {
    let app = open(place).await?;
    let (_, uses) = app.key_uses().await?;
    let made = if std::env::var_os(ENVIRONMENT).is_some() {
        Vec::new()
    } else {
        KeyFile::open(&app.config.key_file())?.listed().collect()
    };
    let kids = Keys::open(&app.config.key_file())?.kids();
    let mut lines = String::new();
    let mut documents = Vec::new();
    for (place, kid) in kids.iter().enumerate() {
        let nothing = KeyUse::none(*kid);
        let uses = uses.iter().find(|key| key.kid == *kid).unwrap_or(&nothing);
        let made_at = made.iter().find(|key| key.kid == *kid).map(|key| shown(key.made_at));
        let made_at = made_at.unwrap_or_else(|| "?".to_owned());
        let is_current = place == 0;
        let retirable = retirable(is_current, uses);
        lines.push_str(&format!(
            "{kid}\t{}\tmade {made_at}\t{} tokens, {} codes, {} sessions, {} client secrets, {} setup links\t{retirable}\n",
            if is_current { "current" } else { "accepted" },
            uses.tokens,
            uses.codes,
            uses.sessions,
            uses.client_secrets,
            uses.setup_links,
        ));
        documents.push(json!({
            "kid": kid.0,
            "current": is_current,
            "made": made_at,
            "tokens": uses.tokens,
            "codes": uses.codes,
            "sessions": uses.sessions,
            "client_secrets": uses.client_secrets,
            "setup_links": uses.setup_links,
            "retirable": retirable,
        }));
    }
    if as_json { say(&format!("{:#}\n", json!(documents))) } else { say(&lines) }
}

/// Whether a key can go, or from when on.
fn retirable(is_current: bool, uses: &KeyUse) -> String {
    match (is_current, uses.total(), uses.endless, uses.ends_at) {
        (true, ..) => "in use".to_owned(),
        (false, 0, ..) => "can be retired".to_owned(),
        (false, _, 0, Some(ends)) => format!("can be retired from {}", shown(ends.0 / 1000 + 1)),
        (false, _, endless, _) => {
            format!("{endless} never expire; `key retire --revoke` ends them")
        }
    }
}
