//! Whether the target is its tester's to test. Nothing else is asked of a server before that.

use crate::probe::http::{Http, Request};
use crate::probe::site::Unusable;
use crate::target::ownership::{WELL_KNOWN, is_loopback};
use crate::target::{Ownership, Target};

/// Holds for a target that is on this machine alone, and for one whose owner shows the nonce.
pub(crate) fn verify(http: &Http, target: &Target) -> Result<(), Unusable> {
    match &target.ownership {
        Some(ownership) if ownership.confirmed => Ok(()),
        Some(ownership) => shown(http, target, ownership),
        None => match beyond_this_machine(target) {
            None => Ok(()),
            Some(host) => Err(Unusable(format!(
                "{host} is not on this machine, and testing a server takes its owner's leave. In a \
                 target.toml (`lookout-conformance init URL` writes one) say who allows it and how \
                 they show it:\n\n  [ownership]\n  authorization = \"Who allows this test, of \
                 what\"\n  nonce = \"{}\"\n\nThen serve that nonce as text/plain at {WELL_KNOWN} of \
                 the server, or give it again with --i-own.",
                nonce()
            ))),
        },
    }
}

/// The first address of the target that is not on this machine.
fn beyond_this_machine(target: &Target) -> Option<String> {
    let listed = target.hosts.iter().map(|host| format!("http://{host}/"));
    let addresses = [target.url.clone()].into_iter().chain(target.replicas.clone()).chain(listed);
    let mut beyond = addresses.filter(|address| !is_loopback(address));
    // What is no address at all is for discovery to complain about.
    beyond.find_map(|address| Some(url::Url::parse(&address).ok()?.host_str()?.to_owned()))
}

fn shown(http: &Http, target: &Target, ownership: &Ownership) -> Result<(), Unusable> {
    let Ok(url) = url::Url::parse(&target.url) else {
        return Err(Unusable(format!("{} is no http or https address", target.url)));
    };
    let address = format!("{}{WELL_KNOWN}", url.origin().ascii_serialization());
    let refusal = |found: String| {
        Unusable(format!(
            "{address} does not show that you may test this server: {found}. Serve ownership.nonce \
             there as text/plain and nothing else, or give it again with --i-own."
        ))
    };
    let reply = http
        .send(&http.dressed(&Request::get(&address)))
        .map_err(|error| refusal(error.to_string()))?;
    if reply.status != 200 {
        return Err(refusal(format!("it answered {}", reply.status)));
    }
    let kind = reply.header("content-type").unwrap_or("no content type");
    if !kind.trim_start().starts_with("text/plain") {
        return Err(refusal(format!("it is {kind}")));
    }
    if reply.body.trim() != ownership.nonce {
        return Err(refusal("it is another text".to_owned()));
    }
    Ok(())
}

/// A nonce to begin with.
pub(crate) fn nonce() -> String {
    let mut bytes = [0_u8; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(_) => "<32 random characters>".to_owned(),
    }
}
