//! Servers that are wrong on purpose, to measure whether the conformance harness notices.
//!
//! Every fault is one mistake that real servers make, planted in an otherwise strict server: one field of the [`Policy`], or one change to what goes in or
//! comes out. A fault is a name, a sentence and that one change, so that the kill matrix reads as documentation.
//!
//! This module exists only with the feature `danger-planted-faults`, which no shipped binary has.

mod calls;
mod clients;
mod documents;
mod endpoint;
mod flow;
mod grants;
mod messages;
mod pages;
mod places;
mod tamper;
mod tokens;
mod visitors;

use std::sync::Arc;

use axum::Router;

use crate::App;
use crate::authority::Policy;
use crate::config::Settings;
use tamper::Tampering;

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
}

impl Fault {
    const fn decision(name: &'static str, mistake: &'static str, policy: Policy) -> Self {
        Self { name, mistake, policy, tampering: None, settings: None }
    }

    const fn tampering(name: &'static str, mistake: &'static str, tampering: Tampering) -> Self {
        Self { name, mistake, policy: Policy::STRICT, tampering: Some(tampering), settings: None }
    }

    const fn setting(
        name: &'static str,
        mistake: &'static str,
        settings: fn(&mut Settings),
    ) -> Self {
        Self { name, mistake, policy: Policy::STRICT, tampering: None, settings: Some(settings) }
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
        match self.tampering {
            Some(tampering) => tamper::layer(router, tampering, base),
            None => router,
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
        visitors::FAULTS,
    ];
    lists.into_iter().flatten()
}
