//! Servers that are wrong on purpose, to measure whether the conformance harness notices.
//!
//! Every fault is one mistake that real servers make, planted in an otherwise strict server: one field of the [`Policy`], or one change to what goes in or
//! comes out. A fault is a name, a sentence and that one change, so that the kill matrix reads as documentation.
//!
//! This module exists only with the feature `danger-planted-faults`, which no shipped binary has.

mod benign;
mod calls;
mod clients;
mod documents;
mod endpoint;
mod failpoint;
mod flow;
mod grants;
mod messages;
mod operations;
mod pages;
mod places;
mod races;
mod reliability;
mod tamper;
mod tokens;
mod visitors;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::App;
use crate::authority::Policy;
use crate::config::Settings;
use tamper::{Incoming, Tampering};

pub use benign::{GRACE, SPREAD};
pub(crate) use failpoint::{acknowledges_early, before_next_change, failpoint, machine_clock};

/// One planted mistake.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// A stable name.
    pub name: &'static str,
    /// What this server does wrong.
    pub mistake: &'static str,
    policy: Policy,
    tampering: Option<Tampering>,
    settings: Option<fn(&mut Settings)>,
    pause: Option<fn(&Incoming) -> Duration>,
}

impl Fault {
    const fn decision(name: &'static str, mistake: &'static str, policy: Policy) -> Self {
        Self { name, mistake, policy, tampering: None, settings: None, pause: None }
    }

    const fn tampering(name: &'static str, mistake: &'static str, tampering: Tampering) -> Self {
        Self {
            name,
            mistake,
            policy: Policy::STRICT,
            tampering: Some(tampering),
            settings: None,
            pause: None,
        }
    }

    const fn setting(
        name: &'static str,
        mistake: &'static str,
        settings: fn(&mut Settings),
    ) -> Self {
        Self {
            name,
            mistake,
            policy: Policy::STRICT,
            tampering: None,
            settings: Some(settings),
            pause: None,
        }
    }

    /// The rules that the faulty server decides by.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Changes the configuration, where that is where the mistake is.
    pub fn adjust(&self, settings: &mut Settings) {
        if let Some(adjust) = self.settings {
            adjust(settings);
        }
    }

    /// Every route of the faulty server. `app` was opened with [`Fault::policy`].
    pub fn router(&self, app: Arc<App>) -> Router {
        let base = app.config.public_url.base.clone();
        let router = crate::router(app);
        match (self.tampering, self.pause) {
            (None, None) => router,
            (tampering, pause) => {
                tamper::layer(router, tampering.unwrap_or(tamper::NOTHING), pause, base)
            }
        }
    }
}

/// All faults.
pub fn faults() -> impl Iterator<Item = &'static Fault> {
    let lists = [
        documents::FAULTS,
        flow::FAULTS,
        grants::FAULTS,
        places::FAULTS,
        tokens::FAULTS,
        clients::FAULTS,
        endpoint::FAULTS,
        messages::FAULTS,
        calls::FAULTS,
        pages::FAULTS,
        races::FAULTS,
        visitors::FAULTS,
    ];
    lists.into_iter().flatten()
}

/// Legal servers of other policies, planted the same way: what they do differently is no mistake, and no check may raise it.
pub fn variants() -> impl Iterator<Item = &'static Fault> {
    benign::VARIANTS.iter()
}

/// Faults that only an operator would find, in what the server leaves behind.
pub fn operations_faults() -> impl Iterator<Item = &'static Fault> {
    operations::FAULTS.iter()
}

/// Faults that no client alone can see: they show under load, on several replicas, or when something is killed or fails. The reliability command catches them.
pub fn reliability_faults() -> impl Iterator<Item = &'static Fault> {
    reliability::FAULTS.iter()
}

pub(crate) use operations::{forgets_events, tells_secrets};
