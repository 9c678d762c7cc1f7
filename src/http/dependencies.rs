//! The dependencies of the routes: handles, ports and limits, built by `components.rs`.

use std::path::PathBuf;
use std::sync::Arc;

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
    /// `[server]` of the settings, with the time limits of request bodies.
    pub server: ServerSettings,
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
    /// True if there is an `admin.token`, which a program sends instead of a session.
    pub takes_admin_token: bool,
    /// True if faults may be injected.
    pub chaos: bool,
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
