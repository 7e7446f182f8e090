//! Writing and reading the audit log.

use std::time::Instant;

use super::App;
use crate::audit::{Event, Query, Recorded, Verdict, What};
use crate::metrics::metrics;
use crate::store::StoreError;

impl App {
    /// Records a refusal, unless there were too many. A log that cannot be written changes nothing about the answer.
    pub async fn audit(&self, event: Event) {
        metrics().decided(&event);
        let left_out = match self.budget.judge(&event, Instant::now()) {
            Verdict::LeaveOut => {
                metrics().unrecorded.inc();
                return;
            }
            Verdict::Record(left_out) => left_out,
        };
        if left_out > 0 {
            let mut gap =
                Event::refused(What::Unrecorded, "").detail(format!("{left_out} refusals"));
            gap.address = None;
            self.record(gap).await;
        }
        self.record(event).await;
    }

    /// What to record when a client registered itself. Strangers cause that at no cost, so beyond some it is their number that is recorded.
    pub(super) fn self_registered(&self, event: Event) -> Vec<Event> {
        match self.registrations.judge(&event, Instant::now()) {
            Verdict::LeaveOut => {
                metrics().decided(&event);
                metrics().unrecorded.inc();
                Vec::new()
            }
            Verdict::Record(0) => vec![event],
            Verdict::Record(left_out) => {
                let mut gap = Event::allowed(What::Unrecorded);
                gap.address = None;
                vec![gap.detail(format!("{left_out} registrations")), event]
            }
        }
    }

    async fn record(&self, event: Event) {
        if let Err(error) = self.store.record(event).await {
            tracing::warn!(%error, "an event was not recorded");
        }
    }

    /// Records that a server started, and with which version and settings.
    pub async fn note_start(&self) -> Result<(), StoreError> {
        let Self { config, keys, .. } = self;
        let access = if config.external_access { "on" } else { "off" };
        let detail = format!(
            "version {} at {}, external access {access}, key {}, {} warehouses",
            env!("CARGO_PKG_VERSION"),
            config.public_url.base,
            keys.kids()[0],
            config.warehouses.len(),
        );
        self.store.record(Event::allowed(What::Start).detail(detail)).await
    }

    /// Events of the audit log in order, at most 500.
    pub async fn events(&self, query: Query) -> Result<Vec<Recorded>, StoreError> {
        self.store.events(query).await
    }
}
