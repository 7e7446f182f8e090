//! Spans, exported over OTLP/HTTP in batches from a thread of their own. What the collector does not take is lost; no request waits for it.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::registry::LookupSpan;

use super::context::TraceContext;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Exports spans until it is dropped, and the last ones then.
#[derive(Debug)]
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Begins to export to the collector at `endpoint`, such as `http://127.0.0.1:4318`. Call it within a runtime.
    ///
    /// # Errors
    ///
    /// When the endpoint is no address.
    pub fn to(endpoint: &str) -> Result<Self, ExporterBuildError> {
        // The client of the exporter asks for one, whatever the endpoint is.
        crate::outgoing::provide_cryptography();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()?;
        let resource = Resource::builder().with_service_name("lookout-server").build();
        let exporter = Within { exporter, runtime: Handle::current() };
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource);
        Ok(Self(provider.build()))
    }

    /// What feeds it.
    #[must_use]
    pub fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(
        &self,
    ) -> OpenTelemetryLayer<S, SdkTracer> {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("lookout-server"))
    }

    /// Sends what is left.
    pub fn finish(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(TIMEOUT) {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// An exporter whose connections belong to the runtime of the server, although it runs on a thread beside.
struct Within {
    exporter: SpanExporter,
    runtime: Handle,
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exporter.fmt(f)
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Within {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut exported = pin!(self.exporter.export(batch));
        poll_fn(|cx| {
            let _within = self.runtime.enter();
            exported.as_mut().poll(cx)
        })
        .await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Makes `span` a child of the client's.
pub(super) fn adopt(context: &TraceContext, span: &Span) {
    let state = context.state.as_deref().and_then(|state| state.parse::<TraceState>().ok());
    let flags = if context.is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let parent = SpanContext::new(
        TraceId::from(context.trace_id),
        SpanId::from(context.span_id),
        flags,
        true,
        state.unwrap_or_default(),
    );
    let parent = opentelemetry::Context::new().with_remote_span_context(parent);
    // There is nobody to export to when this fails.
    let _ = span.set_parent(parent);
}
