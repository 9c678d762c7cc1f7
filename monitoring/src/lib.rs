//! Every metric, and the format of a log line.
//!
//! [`Metrics`] is one value that is passed to every caller that counts. It has a registry of its own: several servers
//! in one process (tests) do not share numbers. Names, help and labels are in one list,
//! [`METRICS`], which the dashboards, the alerts and the docs are tested against. [`History`] makes the
//! charts of the page `/admin` from them, for deployments without Prometheus.

mod groups;
pub mod logging;
mod masking;
mod metric_list;
mod metrics;
mod metrics_builder;
mod process;
mod sampling;
mod series;
mod traces;

pub use groups::{
    ActorMeter, Actors, Answers, Archives, Bridge, CacheMeter, Caches, Catalogs, Connections, Desk,
    DeskStanding, Http, L2Meter, Manuals, Pods, Predictions, Sockets, UploadMetrics, Webhooks,
};
pub use metric_list::{Kind, METRICS, MetricInfo, reference_markdown};
pub use metrics::Metrics;
pub use process::{Process, ProcessUsage};
pub use series::{Buckets, History, Sample, Series};
pub use traces::{FinishedSpan, SpanKind, SpanValue, Traces};
