//! Inferring the profile: each ordinary thing and its variation, done once and not judged.
//!
//! What was declared is not tried. What goes wrong, and what no policy allows, leaves the strictest
//! legal value in place with a remark, so that a fault can never calibrate itself away.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::check::Capability;
use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::authorize::Decision;
use crate::probe::browser::Landing;
use crate::probe::register::Method;
use crate::probe::token::{Grant, Tokens};
use crate::profile::{
    AccessRevocation, CodeReplay, FailedExchange, Knob, Profile, ReAuthorize, Refresh,
    RefreshRevocation, ResourceOmitted, TokenFormat, TokenRedirectUri,
};

/// The profile of the server, as far as it can be told.
pub(crate) fn calibrate(probe: &Probe<'_>) -> Profile {
    let mut profile = probe.site().profile.clone();
    if probe.lacks(Capability::Consent) {
        return profile;
    }
    token_format(probe, &mut profile.token_format);
    if probe.lacks(Capability::Refresh) {
        profile.refresh.infer(Refresh::None);
    } else {
        tell(&mut profile.refresh, || refresh(probe));
    }
    if !probe.lacks(Capability::Revocation) && !probe.lacks(Capability::Refresh) {
        tell(&mut profile.access_revocation, || access_revocation(probe));
        tell(&mut profile.refresh_revocation, || refresh_revocation(probe));
    }
    tell(&mut profile.failed_exchange, || failed_exchange(probe));
    tell(&mut profile.code_replay, || code_replay(probe));
    tell(&mut profile.token_redirect_uri, || token_redirect_uri(probe));
    tell(&mut profile.resource_omitted, || resource_omitted(probe));
    let (codes, refreshing) = (profile.code_replay.value, profile.refresh.value);
    tell(&mut profile.re_authorize, || re_authorize(probe, codes, refreshing));
    profile
}

/// What one try says about a knob.
enum Told<T> {
    Value(T),
    /// A legal value that should be another one.
    Weak(T, &'static str),
    /// No policy allows what was seen, or several do.
    Nothing(&'static str),
}

fn tell<T>(knob: &mut Knob<T>, ask: impl FnOnce() -> Result<Told<T>, ProbeError>) {
    if knob.is_declared() {
        return;
    }
    match ask() {
        Ok(Told::Value(value)) => knob.infer(value),
        Ok(Told::Weak(value, remark)) => knob.infer_with(value, remark),
        Ok(Told::Nothing(remark)) => knob.remark(remark),
        Err(error) => knob.remark(format!("it could not be tried: {error}")),
    }
}

fn token_format(probe: &Probe<'_>, knob: &mut Knob<TokenFormat>) {
    tell(knob, || {
        let token = probe.grant()?.tokens.access;
        let parts: Vec<&str> = token.expose().split('.').collect();
        let header = parts.first().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let header = header.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let is_jwt = parts.len() == 3 && header.is_some_and(|header| header.is_object());
        Ok(Told::Value(if is_jwt { TokenFormat::Jwt } else { TokenFormat::Opaque }))
    });
}

fn refresh(probe: &Probe<'_>) -> Result<Told<Refresh>, ProbeError> {
    let grant = probe.grant()?;
    let first = grant.refresh_token()?;
    let Some(second) = refreshed(probe, &grant, first)? else {
        return Ok(Told::Nothing("a fresh refresh token is refused"));
    };
    let Some(second) = second.refresh.filter(|second| second != first) else {
        return Ok(if grant.client.method == Method::None {
            Told::Nothing("a public client keeps its refresh token, which no policy allows")
        } else {
            Told::Value(Refresh::NoRotation)
        });
    };
    let is_reusable = refreshed(probe, &grant, first)?.is_some();
    let has_successor = refreshed(probe, &grant, &second)?.is_some();
    if !is_reusable {
        return Ok(if has_successor {
            Told::Weak(
                Refresh::RefusesReuse,
                "weak: a spent token is refused, and its grant lives on",
            )
        } else {
            Told::Value(Refresh::Strict)
        });
    }
    if has_successor && refreshed(probe, &grant, first)?.is_none() {
        return Ok(Told::Value(Refresh::UntilSuccessorUsed));
    }
    Ok(Told::Nothing("a spent token works again: if that is for a time only, declare the time"))
}

fn refreshed(
    probe: &Probe<'_>,
    grant: &Grant,
    token: &crate::secret::Secret,
) -> Result<Option<Tokens>, ProbeError> {
    let reply = probe.token(&probe.refreshing(&grant.client, token))?.alive()?;
    if reply.is_success() { probe.tokens(reply, "refresh").map(Some) } else { Ok(None) }
}

fn access_revocation(probe: &Probe<'_>) -> Result<Told<AccessRevocation>, ProbeError> {
    let grant = probe.grant()?;
    probe.revoke_by(&probe.revocation(&grant.client, &grant.tokens.access))?.alive()?;
    let goes_on = refreshed(probe, &grant, grant.refresh_token()?)?.is_some();
    Ok(Told::Value(if goes_on { AccessRevocation::Token } else { AccessRevocation::Grant }))
}

fn refresh_revocation(probe: &Probe<'_>) -> Result<Told<RefreshRevocation>, ProbeError> {
    let grant = probe.grant()?;
    let refresh = grant.refresh_token()?;
    probe.revoke_by(&probe.revocation(&grant.client, refresh))?.alive()?;
    probe.let_revocation_spread();
    let lives = probe.is_live(&grant.tokens.access)?;
    Ok(match (lives, refreshed(probe, &grant, refresh)?.is_some()) {
        (false, _) => Told::Value(RefreshRevocation::Grant),
        (true, false) => Told::Value(RefreshRevocation::Token),
        (true, true) => Told::Nothing("revoking a refresh token ends nothing"),
    })
}

fn failed_exchange(probe: &Probe<'_>) -> Result<Told<FailedExchange>, ProbeError> {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let wrong = probe.exchange(&issued).set("code_verifier", "a".repeat(43));
    if probe.token(&wrong)?.alive()?.is_success() {
        return Ok(Told::Nothing("a wrong verifier is accepted"));
    }
    let again = probe.token(&probe.exchange(&issued))?.alive()?;
    Ok(Told::Value(if again.is_success() {
        FailedExchange::KeepsCode
    } else {
        FailedExchange::BurnsCode
    }))
}

fn code_replay(probe: &Probe<'_>) -> Result<Told<CodeReplay>, ProbeError> {
    let grant = probe.grant()?;
    if probe.token(&probe.exchange(&grant.issued))?.alive()?.is_success() {
        return Ok(Told::Nothing("a redeemed code works again"));
    }
    let lives = probe.is_live(&grant.tokens.access)?;
    Ok(Told::Value(if lives { CodeReplay::Refused } else { CodeReplay::Revokes }))
}

fn token_redirect_uri(probe: &Probe<'_>) -> Result<Told<TokenRedirectUri>, ProbeError> {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let without = probe.exchange(&issued).without("redirect_uri");
    let is_optional = probe.token(&without)?.alive()?.is_success();
    let knob = if is_optional { TokenRedirectUri::Optional } else { TokenRedirectUri::Required };
    Ok(Told::Value(knob))
}

fn resource_omitted(probe: &Probe<'_>) -> Result<Told<ResourceOmitted>, ProbeError> {
    let request = probe.authorization(&probe.client()?).without("resource");
    let landing = probe.authorize(&request, &Decision::Allow)?;
    let issued = match &landing {
        Landing::Callback(callback) => request.issued(callback),
        Landing::Page { .. } => None,
    };
    let Some(issued) = issued else { return Ok(Told::Value(ResourceOmitted::Refused)) };
    let reply = probe.token(&probe.exchange(&issued))?.alive()?;
    if !reply.is_success() {
        return Ok(Told::Value(ResourceOmitted::Refused));
    }
    let token = probe.tokens(reply, "exchange a code")?.access;
    Ok(if probe.is_live(&token)? {
        Told::Value(ResourceOmitted::Endpoint)
    } else {
        Told::Nothing("a token is issued that the endpoint does not accept")
    })
}

/// Ends a grant in one of the ways that end all of it.
type Ending = fn(&Probe<'_>, &Grant) -> Result<(), ProbeError>;

/// Grants are joined where whatever ends the newer one ends the older one. That one kind of ending does is a mistake of it.
fn re_authorize(
    probe: &Probe<'_>,
    code_replay: CodeReplay,
    refresh: Refresh,
) -> Result<Told<ReAuthorize>, ProbeError> {
    let has_refresh = !probe.lacks(Capability::Refresh);
    let endings: [(bool, Ending); 3] = [
        (has_refresh && !probe.lacks(Capability::Revocation), |probe, grant| {
            let revocation = probe.revocation(&grant.client, grant.refresh_token()?);
            probe.revoke_by(&revocation)?.alive().map(drop)
        }),
        (has_refresh && refresh == Refresh::Strict, |probe, grant| {
            let spent = grant.refresh_token()?;
            refreshed(probe, grant, spent)?;
            refreshed(probe, grant, spent).map(drop)
        }),
        (code_replay == CodeReplay::Revokes, |probe, grant| {
            probe.token(&probe.exchange(&grant.issued))?.alive().map(drop)
        }),
    ];
    let mut told = ReAuthorize::KeepsGrants;
    for (_, end) in endings.into_iter().filter(|(is_there, _)| *is_there) {
        let older = probe.grant()?;
        let newer = probe.grant()?;
        if !probe.is_live(&newer.tokens.access)? {
            return Ok(Told::Nothing("a fresh access token is refused"));
        }
        if !probe.is_live(&older.tokens.access)? {
            return Ok(Told::Value(ReAuthorize::EndsGrants));
        }
        end(probe, &newer)?;
        probe.let_revocation_spread();
        if probe.is_live(&newer.tokens.access)? {
            continue;
        }
        if probe.is_live(&older.tokens.access)? {
            return Ok(Told::Value(ReAuthorize::KeepsGrants));
        }
        told = ReAuthorize::JoinsGrants;
    }
    Ok(Told::Value(told))
}

/// What a person can choose among the scopes that a client asks for.
#[derive(Debug, Default)]
pub(crate) struct ScopeChoice {
    /// Whether every scope is either a box or locked, and some are boxes.
    pub(crate) has_boxes: bool,
    /// Those that are part of every approval.
    pub(crate) locked: Vec<String>,
}

/// Finds out what the consent page lets a person leave out.
pub(crate) fn scope_choice(probe: &Probe<'_>) -> ScopeChoice {
    if probe.lacks(Capability::Consent) {
        return ScopeChoice::default();
    }
    let scopes = probe.catalogue().scope_names();
    if probe.form_hints().is_none() {
        // A driver that shows no page is asked to narrow to each, and says when it cannot.
        let narrows = |scope: &&String| {
            let narrowed = probe.client().and_then(|client| {
                let decision = Decision::AllowOnly(vec![(*scope).clone()]);
                probe.code_after(&probe.authorization(&client), &decision)
            });
            narrowed.is_ok()
        };
        let alone: Vec<String> = scopes.iter().filter(narrows).cloned().collect();
        return match alone.len() {
            0 => ScopeChoice::default(),
            // What alone can be kept alone is what cannot be left out.
            1 if scopes.len() > 1 => ScopeChoice { has_boxes: true, locked: alone },
            _ => ScopeChoice { has_boxes: true, locked: Vec::new() },
        };
    }
    let page = probe.client().and_then(|client| probe.consent(&probe.authorization(&client)));
    let Ok(consent) = page else { return ScopeChoice::default() };
    let locked = consent.page.locked_scopes(&scopes);
    let fields: Vec<_> = consent.page.forms.iter().flat_map(|form| &form.fields).collect();
    let is_box = |scope: &String| {
        fields.iter().any(|field| field.kind == "checkbox" && field.value == *scope)
    };
    let has_boxes = scopes.iter().any(is_box)
        && scopes.iter().all(|scope| locked.contains(scope) || is_box(scope));
    ScopeChoice { has_boxes, locked }
}

/// Whether revoking a spent refresh token ends its grant, where there is something to revoke.
pub(crate) fn spent_revocation(probe: &Probe<'_>) -> Option<bool> {
    let needed = [Capability::Consent, Capability::Refresh, Capability::Revocation];
    if needed.into_iter().any(|capability| probe.lacks(capability)) {
        return None;
    }
    let grant = probe.grant().ok()?;
    let spent = grant.refresh_token().ok()?;
    let next = refreshed(probe, &grant, spent).ok()??;
    probe.revoke_by(&probe.revocation(&grant.client, spent)).ok()?.alive().ok()?;
    probe.let_revocation_spread();
    probe.is_live(&next.access).ok().map(|lives| !lives)
}
