//! Saving a dashboard, the only tool that writes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lookout_schema::{
    DashboardChanges, DashboardSpec, ErrorCode, SaveDashboard, SaveDashboardResult, SavedDashboard,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{WorkspaceTools, dashboards, spec};
use crate::authority::bearer::Caller;
use crate::mcp::ToolError;
use crate::store::workspace::{Dashboard, DashboardSave, Idempotency, SaveOutcome};

/// Times that a slug made from the title is made again because somebody else took it first.
const SLUG_TRIES: usize = 5;

pub(super) async fn save(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &SaveDashboard,
) -> Result<SaveDashboardResult, ToolError> {
    if arguments.if_revision.is_some() && arguments.dashboard.is_none() {
        let message = "`if_revision` belongs to an update, and `dashboard` names none.";
        return Err(ToolError::new(ErrorCode::InvalidArguments, message)
            .hint("Pass `dashboard` to update it, or leave `if_revision` out to create one."));
    }
    let mut tries = 0;
    loop {
        let outcome = attempt(tools, caller, arguments).await;
        tries += 1;
        let taken = outcome.as_ref().is_err_and(|error| *error.code() == ErrorCode::SlugTaken);
        if !taken || arguments.slug.is_some() || tries == SLUG_TRIES {
            return outcome;
        }
    }
}

async fn attempt(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &SaveDashboard,
) -> Result<SaveDashboardResult, ToolError> {
    let current = match &arguments.dashboard {
        Some(id_or_slug) => Some(dashboards::find(tools, caller, id_or_slug).await?),
        None => None,
    };
    if let Some((dashboard, _)) = &current {
        check_update(arguments, dashboard)?;
    }
    let mut definition = arguments.spec.clone();
    let findings = spec::judge(tools, caller, &mut definition).await;
    if let Some(error) = findings.error() {
        return Err(error);
    }
    let slug = match &current {
        Some((dashboard, _)) => dashboard.slug.clone(),
        None => free_slug(tools, caller, arguments).await?,
    };
    let new_id = new_id()?;
    let id = current.as_ref().map_or(new_id.clone(), |(dashboard, _)| dashboard.id.clone());
    let exists = current.is_some() || !arguments.dry_run;
    let result = SaveDashboardResult {
        dashboard: SavedDashboard {
            id: exists.then_some(id),
            url: exists.then(|| tools.dashboard_url(&caller.workspace_slug, &slug)),
            slug: slug.clone(),
            title: arguments.title.clone(),
            revision: current.as_ref().and(arguments.if_revision).unwrap_or(0) + 1,
        },
        created: current.is_none() && !arguments.dry_run,
        dry_run: arguments.dry_run,
        changes: changes(current.as_ref().map(|(_, spec)| spec), &definition),
        warnings: findings.warnings,
    };
    if arguments.dry_run {
        return match (&current, arguments.if_revision) {
            (Some((dashboard, _)), Some(revision)) if dashboard.revision != revision => {
                Err(conflict(dashboard.revision))
            }
            _ => Ok(result),
        };
    }
    let description = arguments.description.clone();
    let save = DashboardSave {
        workspace: caller.workspace_id.clone(),
        replaces: current
            .as_ref()
            .zip(arguments.if_revision)
            .map(|((dashboard, _), revision)| (dashboard.id.clone(), revision)),
        new_id,
        slug,
        title: arguments.title.clone(),
        description: description
            .or_else(|| current.map(|(dashboard, _)| dashboard.description))
            .unwrap_or_default(),
        spec: json!(definition),
        by: caller.user_name.clone(),
        by_tool: true,
        idempotency: idempotency(caller, arguments, &result)?,
    };
    let slug = save.slug.clone();
    match tools.store.save_dashboard(save).await? {
        SaveOutcome::Saved => Ok(result),
        SaveOutcome::Repeated(answer) => {
            serde_json::from_value(answer).map_err(ToolError::internal)
        }
        SaveOutcome::KeyReused => Err(ToolError::new(
            ErrorCode::IdempotencyConflict,
            "The idempotency key was used for other arguments.",
        )
        .hint("Use a new key for a new save.")),
        SaveOutcome::NotFound => Err(ToolError::new(
            ErrorCode::DashboardNotFound,
            "The dashboard was removed meanwhile.",
        )
        .hint("Leave `dashboard` out to create a new one.")),
        SaveOutcome::Conflict(revision) => Err(conflict(revision)),
        SaveOutcome::SlugTaken => Err(slug_taken(&slug)),
        SaveOutcome::Full => Err(ToolError::new(
            ErrorCode::LimitExceeded,
            "The workspace has as many dashboards as it may.",
        )
        .hint("Ask a person to remove some, or update one.")),
    }
}

fn check_update(arguments: &SaveDashboard, dashboard: &Dashboard) -> Result<(), ToolError> {
    if arguments.if_revision.is_none() {
        let message = format!("An update of {:?} needs `if_revision`.", dashboard.slug);
        return Err(ToolError::new(ErrorCode::RevisionRequired, message).hint(
            "Read the dashboard with get_dashboard and detail=full, then send its revision back.",
        ));
    }
    if arguments.slug.as_ref().is_some_and(|slug| *slug != dashboard.slug) {
        return Err(ToolError::new(
            ErrorCode::SlugImmutable,
            format!("The slug {:?} cannot be changed.", dashboard.slug),
        )
        .hint("Leave `slug` out of an update."));
    }
    Ok(())
}

fn conflict(revision: i64) -> ToolError {
    ToolError::new(ErrorCode::RevisionConflict, format!("The dashboard was saved meanwhile and has revision {revision} now."))
        .hint("Read it again with detail=full, make the change on top of it, and save with the new revision.")
        .details(json!({ "current_revision": revision }))
}

fn slug_taken(slug: &str) -> ToolError {
    ToolError::new(ErrorCode::SlugTaken, format!("Another dashboard has the slug {slug:?}."))
        .hint("Choose another slug, leave it out, or pass `dashboard` to update that one.")
}

/// The slug that was asked for, or one made from the title that is still free.
async fn free_slug(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &SaveDashboard,
) -> Result<String, ToolError> {
    let taken = tools.store.dashboard_slugs(&caller.workspace_id).await?;
    if let Some(slug) = &arguments.slug {
        // A repeated save with an idempotency key finds its own slug taken; the store tells the two apart.
        let decided_later = arguments.idempotency_key.is_some() && !arguments.dry_run;
        return if taken.contains(slug) && !decided_later {
            Err(slug_taken(slug))
        } else {
            Ok(slug.clone())
        };
    }
    let words = arguments.title.to_lowercase();
    let words: Vec<_> =
        words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut base = words.join("-");
    base.truncate(70);
    let base = if base.is_empty() { "dashboard" } else { base.trim_end_matches('-') };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut candidates = std::iter::once(base.to_owned()).chain(numbered);
    candidates.find(|slug| !taken.contains(slug)).ok_or_else(|| slug_taken(base))
}

fn new_id() -> Result<String, ToolError> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(ToolError::internal)?;
    Ok(format!("dsh_{}", URL_SAFE_NO_PAD.encode(octets)))
}

fn idempotency(
    caller: &Caller,
    arguments: &SaveDashboard,
    answer: &SaveDashboardResult,
) -> Result<Option<Idempotency>, ToolError> {
    let Some(key) = &arguments.idempotency_key else { return Ok(None) };
    let digest = Sha256::digest(serde_json::to_vec(arguments).map_err(ToolError::internal)?);
    Ok(Some(Idempotency {
        grant: caller.grant_id.clone(),
        key: key.clone(),
        digest: digest.to_vec(),
        answer: json!(answer),
    }))
}

/// What saving `new` over `old` changes.
fn changes(old: Option<&DashboardSpec>, new: &DashboardSpec) -> DashboardChanges {
    let (old_panels, old_parameters) =
        old.map_or((&[][..], &[][..]), |old| (&old.panels, &old.parameters));
    let mut changes = DashboardChanges {
        panels_added: Vec::new(),
        panels_changed: Vec::new(),
        panels_removed: Vec::new(),
        parameters_changed: Vec::new(),
    };
    for panel in &new.panels {
        match old_panels.iter().find(|old| old.id == panel.id) {
            None => changes.panels_added.push(panel.id.clone()),
            Some(old) if old != panel => changes.panels_changed.push(panel.id.clone()),
            Some(_) => {}
        }
    }
    let gone = old_panels.iter().filter(|old| !new.panels.iter().any(|panel| panel.id == old.id));
    changes.panels_removed.extend(gone.map(|panel| panel.id.clone()));
    let differs = new
        .parameters
        .iter()
        .filter(|parameter| !old_parameters.contains(parameter))
        .map(|parameter| &parameter.name);
    let removed = old_parameters
        .iter()
        .map(|old| &old.name)
        .filter(|name| !new.parameters.iter().any(|new| new.name == **name));
    changes.parameters_changed.extend(differs.chain(removed).cloned());
    changes
}
