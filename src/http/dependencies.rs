//! What the routes are given: handles and ports, put together by `components.rs`.

use std::path::PathBuf;
use std::sync::Arc;

use hsc_actors::Pod;
use hsc_actors::ports::archive::{Analytics, Archive, Deliveries, Replies};
use hsc_actors::ports::{
    Announcer, Auditor, ConversationLog, EncoderStatus, Identify, ManualFiles, RedisStatus, Staff,
    Uploads, WebhookAdmin,
};
use hsc_catalogs::Snapshot;
use hsc_conversation::Tokens;
use hsc_monitoring::{Metrics, Process};

use super::team::Reads;
use super::{Allowances, BodyDeadline, FrameAncestors, Origins, TrustedProxies};
use crate::catalog_folder::CatalogFolder;
use crate::drain::Drain;

/// Everything the routes may ask of the rest of the server.
pub struct Dependencies {
    /// The catalog in force.
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
    /// Everything that is counted.
    pub metrics: Arc<Metrics>,
    /// What the process uses.
    pub process: Process,
    /// How long the body of a request may take.
    pub body_deadline: BodyDeadline,
    /// True where metrics and details of the health have an address of their own.
    pub operations_apart: bool,
    /// True where browsers are told to come over https alone.
    pub https_only: bool,
    /// The proxies whose word on a client's address counts.
    pub trusted_proxies: TrustedProxies,
    /// Whose pages may call.
    pub origins: Origins,
    /// The sites that may put the visitor's page into a frame.
    pub frame_ancestors: FrameAncestors,
    /// What the settings say of administration.
    pub admin: AdminRules,
    /// The files of the catalog.
    pub catalog_folder: CatalogFolder,
    /// The settings in force, without what is secret in them.
    pub settings: serde_json::Value,
    /// Identifies team members.
    pub identify: Arc<dyn Identify>,
    /// Keeps their accounts in order.
    pub staff: Arc<dyn Staff>,
    /// Writes down what the team does.
    pub auditor: Auditor,
    /// Tells the outside world.
    pub announcer: Announcer,
    /// The endpoints that are told.
    pub webhooks: Arc<dyn WebhookAdmin>,
    /// What is on its way to them.
    pub deliveries: Arc<dyn Deliveries>,
    /// Stores and serves uploaded pictures.
    pub uploads: Arc<dyn Uploads>,
    /// What a visitor proves a conversation to be theirs with.
    pub tokens: Arc<Tokens>,
    /// What was said in conversations that go on.
    pub log: Arc<dyn ConversationLog>,
    /// What was said in all.
    pub archive: Arc<dyn Archive>,
    /// The figures over time.
    pub analytics: Arc<dyn Analytics>,
    /// What agents write again and again.
    pub replies: Arc<dyn Replies>,
    /// Who reads which past conversation.
    pub reads: Reads,
    /// Rate limits of what visitors may send.
    pub allowances: Allowances,
    /// Folder of the catalog's own assets (`/static`).
    pub statics: PathBuf,
}

/// The settings of administration.
#[derive(Debug, Clone)]
pub struct AdminRules {
    /// `admin.token`, which a program sends in place of a session; empty where there is none.
    pub token: hsc_config::Secret,
    /// True when faults may be asked for.
    pub chaos: bool,
}
