//! The dependencies of the routes: handles, ports and limits, built by `components.rs`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use hsc_actors::Pod;
use hsc_actors::ports::archive::{Analytics, Archive, Deliveries, Replies};
use hsc_actors::ports::{
    Announcer, Auditor, ConversationLog, EncoderStatus, Identify, ManualFiles, RedisStatus, Staff,
    Uploads, WebhookAdmin,
};
use hsc_catalogs::Snapshot;
use hsc_config::ServerSettings;
use hsc_conversation::Tokens;
use hsc_monitoring::{Metrics, Process};

use super::team::Reads;
use super::{Allowances, FrameAncestors, Origins, TrustedProxies};
use crate::catalog_folder::CatalogFolder;
use crate::drain::Drain;

/// Everything that the routes call.
pub struct Dependencies {
    /// The current catalog.
    pub catalog: Arc<Snapshot>,
    /// Accepts visitor and agent sockets.
    pub pod: Arc<Pod>,
    /// The files of manuals.
    pub manual_files: Arc<dyn ManualFiles>,
    /// The state of the sentence encoder.
    pub encoder: Arc<dyn EncoderStatus>,
    /// The state of Redis, if one is configured.
    pub redis: Option<Arc<dyn RedisStatus>>,
    /// True if the server is not ready without Redis.
    pub redis_required: bool,
    /// Drains the server.
    pub drain: Arc<Drain>,
    /// The metrics registry.
    pub metrics: Arc<Metrics>,
    /// Memory and processor use of the process.
    pub process: Process,
    /// Time limits of request bodies.
    pub body_deadline: BodyDeadline,
    /// True if metrics and health details have an address of their own.
    pub operations_apart: bool,
    /// True if browsers are told to use https only (HSTS).
    pub https_only: bool,
    /// The proxies whose forwarding headers count.
    pub trusted_proxies: TrustedProxies,
    /// The origins that may call.
    pub origins: Origins,
    /// The sites that may put the visitor's page into a frame.
    pub frame_ancestors: FrameAncestors,
    /// The settings of administration.
    pub admin: AdminRules,
    /// The files of the catalog.
    pub catalog_folder: CatalogFolder,
    /// The current settings, without secrets.
    pub settings: serde_json::Value,
    /// Identifies team members.
    pub identify: Arc<dyn Identify>,
    /// Manages the accounts.
    pub staff: Arc<dyn Staff>,
    /// Writes the audit.
    pub auditor: Auditor,
    /// Announces events of the routes to the webhook endpoints.
    pub announcer: Announcer,
    /// The webhook endpoints.
    pub webhooks: Arc<dyn WebhookAdmin>,
    /// The deliveries to them.
    pub deliveries: Arc<dyn Deliveries>,
    /// Stores and serves uploaded pictures.
    pub uploads: Arc<dyn Uploads>,
    /// Verifies conversation tokens.
    pub tokens: Arc<Tokens>,
    /// The log of current conversations.
    pub log: Arc<dyn ConversationLog>,
    /// The archive of all conversations.
    pub archive: Arc<dyn Archive>,
    /// The figures over time, from the archive.
    pub analytics: Arc<dyn Analytics>,
    /// The canned replies.
    pub replies: Arc<dyn Replies>,
    /// Limits the audit of reads to one entry per reading.
    pub reads: Reads,
    /// Rate limits of what visitors may send.
    pub allowances: Allowances,
    /// Folder of the catalog's own assets (`/static`).
    pub statics: PathBuf,
}

/// The dependencies as an argument of a route.
pub(super) type Deps = web::Data<Dependencies>;

/// The settings of administration.
#[derive(Debug, Clone)]
pub struct AdminRules {
    /// `admin.token`, which a program sends instead of a session; empty if there is none.
    pub token: hsc_config::Secret,
    /// True if faults may be injected.
    pub chaos: bool,
}

/// Time limits of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyDeadline {
    /// For the whole body.
    pub total: Duration,
    /// Before the rate counts: the first packet may be late.
    pub grace: Duration,
    /// Minimum rate in bytes per second, from the beginning.
    pub bytes_per_second: u32,
}

impl From<&ServerSettings> for BodyDeadline {
    fn from(settings: &ServerSettings) -> Self {
        Self {
            total: Duration::from_millis(settings.body_timeout_ms),
            grace: Duration::from_millis(settings.header_timeout_ms),
            bytes_per_second: settings.body_bytes_per_second,
        }
    }
}

impl BodyDeadline {
    /// Time since the beginning by which more bytes must arrive after `received` bytes.
    pub(super) fn after(&self, received: u64) -> Duration {
        if self.bytes_per_second == 0 {
            return self.total;
        }
        let earned = received.saturating_mul(1_000) / u64::from(self.bytes_per_second);
        self.grace.saturating_add(Duration::from_millis(earned)).min(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_extends_the_deadline_up_to_the_total() {
        let second = Duration::from_secs(1);
        let deadline =
            BodyDeadline { total: second * 120, grace: second * 10, bytes_per_second: 1_024 };
        assert_eq!(deadline.after(0), second * 10);
        assert_eq!(deadline.after(1_024), second * 11);
        assert_eq!(deadline.after(1_024 * 50), second * 60);
        assert_eq!(deadline.after(u64::MAX), second * 120);
        let any = BodyDeadline { bytes_per_second: 0, ..deadline };
        assert_eq!(any.after(0), second * 120);
    }
}
