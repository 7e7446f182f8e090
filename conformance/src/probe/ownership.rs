//! Whether the target is its tester's to test. Nothing else is asked of a server before that.

use crate::probe::http::{Http, Request};
use crate::probe::site::Unusable;
use crate::target::ownership::{WELL_KNOWN, beyond_this_machine};
use crate::target::{Ownership, Target};

/// Holds for a target that is on this machine alone, and for one whose owner shows the nonce at
/// every origin of it that is not.
pub(crate) fn verify(http: &Http, target: &Target) -> Result<(), Unusable> {
    let first = url::Url::parse(&target.url).ok().filter(url::Url::has_host);
    let Some(first) = first.filter(|url| matches!(url.scheme(), "http" | "https")) else {
        return Err(Unusable(format!("{} is no http or https address", target.url)));
    };
    let beyond = beyond_this_machine(target);
    let Some(ownership) = &target.ownership else {
        return match beyond.first() {
            None => Ok(()),
            Some(url) => Err(Unusable(unasked(url))),
        };
    };
    if ownership.confirmed {
        return Ok(());
    }
    let others = beyond.into_iter().filter(|url| url.origin() != first.origin());
    let others: Vec<url::Url> = others.collect();
    for url in [first].iter().chain(&others) {
        shown(http, url, ownership)?;
    }
    Ok(())
}

fn unasked(url: &url::Url) -> String {
    format!(
        "{} is not on this machine, and testing a server takes its owner's leave. In a target.toml \
         (`lookout-conformance init URL` writes one) say who allows it and how they show it:\n\n  \
         [ownership]\n  authorization = \"Who allows this test, of what\"\n  nonce = \"{}\"\n\n\
         Then serve that nonce as text/plain at {WELL_KNOWN} of every host of the target, or give \
         it again with --i-own.",
        url.host_str().unwrap_or_default(),
        nonce()
    )
}

fn shown(http: &Http, url: &url::Url, ownership: &Ownership) -> Result<(), Unusable> {
    let address = format!("{}{WELL_KNOWN}", url.origin().ascii_serialization());
    let refusal = |found: String| {
        Unusable(format!(
            "{address} does not show that you may test this server: {found}. Serve ownership.nonce \
             there as text/plain and nothing else; if this host cannot, give the nonce again with \
             --i-own, which stands for every host of the target."
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
