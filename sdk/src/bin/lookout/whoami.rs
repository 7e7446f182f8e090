//! Who is signed in, where, and to what.

use lookout_sdk::schema::{CATALOGUE_DIGEST, ScopeSet, catalogue};
use serde_json::json;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::inert;
use crate::screen::Screen;

/// How much of a digest tells two catalogues apart for a person.
const SHOWN: usize = "sha256:".len() + 12;

pub(crate) async fn run(connection: &Connection, screen: &Screen) -> Result<(), Failure> {
    let client = connection.client()?;
    let failure = |error| connection.failure(&error);
    let info = client.discover().await.map_err(failure)?;
    let scopes: Vec<String> = match connection.token_origin() {
        // There are tokens, as the request before this has shown, so nobody is asked.
        None => client.sign_in().await.map_err(failure)?,
        // What a token may do shows in what it may call.
        Some(_) => {
            let listed = client.tools().await.map_err(failure)?;
            let known = listed.iter().filter_map(|tool| catalogue().tool(&tool.name));
            let scopes = known.fold(ScopeSet::EMPTY, |all, tool| all.union(tool.scopes));
            scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
        }
    };
    let same = info.has_our_catalogue();
    if screen.json {
        return screen.print_json(&json!({
            "endpoint": connection.endpoint,
            "credential": if connection.token_origin().is_some() { "token" } else { "oauth" },
            "token_prefix": connection.token_prefix(),
            "scopes": scopes,
            "server": { "name": info.name, "version": info.version, "revisions": info.revisions },
            "catalogue": { "server": info.catalogue_digest, "ours": CATALOGUE_DIGEST, "same": same },
        }));
    }
    let credential = match connection.token_origin() {
        None => {
            format!(
                "with the browser; the credentials are in {}",
                connection.credentials().display()
            )
        }
        Some(origin) => {
            let kind = connection.token_prefix().map(|prefix| format!(" {prefix}_…"));
            format!("with the token{} from {origin}", kind.unwrap_or_default())
        }
    };
    let name = info.name.as_deref().unwrap_or("unnamed");
    let server = [Some(name), info.version.as_deref()].into_iter().flatten().collect::<Vec<_>>();
    let digest: String =
        info.catalogue_digest.as_deref().unwrap_or_default().chars().take(SHOWN).collect();
    let catalogue = match same {
        Some(true) => format!("{digest}…, the one that this program was built with"),
        Some(false) => {
            let ours = &CATALOGUE_DIGEST[..SHOWN];
            format!("{digest}…, not the one that this program was built with ({ours}…): update it")
        }
        None => "the server does not say".to_owned(),
    };
    let lines = [
        ("Endpoint", connection.endpoint.clone()),
        ("Signed in", credential),
        ("Scopes", scopes.join(" ")),
        ("Server", format!("{}, MCP {}", server.join(" "), info.revisions.join(", "))),
        ("Catalogue", catalogue),
    ];
    let lines = lines.map(|(name, value)| {
        format!("{}  {}\n", screen.style.bold(&format!("{name:<9}")), inert::line(&value))
    });
    screen.print(&lines.concat())
}
