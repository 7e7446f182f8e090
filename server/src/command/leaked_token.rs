//! `lookout-server leaked-token`: ends secrets that somebody found.

use std::collections::HashSet;
use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::Args;
use lookout_server::app::{Leak, describe};
use lookout_server::config::Place;
use lookout_server::secret::scan;
use lookout_server::serving::say;

use super::open;

/// Bytes that are looked at together.
const CHUNK: u64 = 1 << 20;
/// Bytes that are looked at again with the next ones: more than any secret has.
const OVERLAP: usize = 256;

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    place: Place,
}

pub(crate) async fn run(flags: Flags) -> anyhow::Result<()> {
    let app = open(&flags.place).await?;
    let mut seen = HashSet::new();
    let (mut ended, mut doubtful) = (0, 0);
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    loop {
        // What is not text holds no secret, and may stand beside some.
        let count = (&mut input)
            .take(CHUNK)
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for secret in scan::candidates(&text) {
            if !seen.insert(secret.to_owned()) {
                continue;
            }
            // What a list of tokens shows as well.
            let hint = &secret[..9];
            let (is_known, what) = match app.end_leaked(secret).await? {
                Leak::Malformed => {
                    (false, "its checksum is wrong, so nobody was given it".to_owned())
                }
                Leak::Unknown(kind) => {
                    (false, format!("{}; not one of this server's, or long gone", describe(kind)))
                }
                Leak::EndedBefore(kind) => {
                    (true, format!("{}; it had ended before", describe(kind)))
                }
                Leak::Ended(kind) => (true, format!("{}; ended", describe(kind))),
            };
            if is_known {
                ended += 1
            } else {
                doubtful += 1
            }
            say(&format!("{hint}…\t{what}\n"))?;
        }
        if count == 0 {
            break;
        }
        // A secret that the end of what was read cuts in two is whole in what is read next.
        bytes.drain(..bytes.len().saturating_sub(OVERLAP));
    }
    match (ended, doubtful) {
        (0, 0) => bail!(
            "no secret of Lookout was found; write each on a line of standard input, or a report that quotes them"
        ),
        (_, 0) => Ok(()),
        (_, doubtful) => bail!("{doubtful} of {} could not be ended", ended + doubtful),
    }
}
