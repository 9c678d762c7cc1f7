//! What the routes are given: handles and ports, put together by `server.rs`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use hsc_actors::Pod;
use hsc_actors::ports::archive::{Analytics, Archive, Deliveries, Replies};
use hsc_actors::ports::{
    Announcer, Auditor, ConversationLog, Identify, ManualError, Staff, Uploads,
};
use hsc_catalogs::{Documentation, Snapshot};
use hsc_conversation::Tokens;
use hsc_monitoring::{Metrics, Process};
use serde::Serialize;
use utoipa::ToSchema;

use super::team::Reads;
use super::{Allowances, BodyDeadline, CatalogFiles, FrameAncestors, Origins, TrustedProxies};

/// Everything the routes may ask of the rest of the server.
pub struct Dependencies {
    /// The catalog in force.
    pub catalog: Arc<Snapshot>,
    /// Accepts visitor and agent sockets.
    pub house: Arc<Pod>,
    /// Gives manuals as they came.
    pub originals: Arc<dyn Originals>,
    /// How the server is.
    pub condition: Arc<dyn Condition>,
    /// How the sentence encoder is.
    pub encoder: Arc<dyn EncoderStatus>,
    /// Has the server drain.
    pub drain: Arc<dyn Drain>,
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
    /// Keeps the files of the catalog.
    pub catalog_files: Arc<dyn CatalogFiles>,
    /// The settings in force, without what is secret in them.
    pub settings: serde_json::Value,
    /// Who of the team somebody is.
    pub identify: Arc<dyn Identify>,
    /// Keeps their accounts in order.
    pub staff: Arc<dyn Staff>,
    /// Writes down what the team does.
    pub auditor: Auditor,
    /// Tells the outside world.
    pub announcer: Announcer,
    /// The endpoints that are told.
    pub webhooks: Arc<dyn Webhooks>,
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

/// Gives a manual's file as its maker published it, and tells how manuals are.
pub trait Originals: Send + Sync + 'static {
    /// The file, or why it cannot be had. Ends within a bounded time of its own.
    fn original(
        &self,
        documentation: Documentation,
    ) -> BoxFuture<'static, Result<Original, ManualError>>;
    /// How the last load of a manual went; nothing where it was never loaded here.
    fn last_load(&self, documentation: &Documentation) -> Option<LastLoad>;
    /// The manual's file as it lies on this machine, where it does. Looks on disk.
    fn kept(&self, documentation: &Documentation) -> Option<KeptFile>;
}

/// How the last load of a manual went.
#[derive(Debug, Clone, PartialEq)]
pub struct LastLoad {
    /// When it ended.
    pub at: SystemTime,
    /// Pages, where it was ever read.
    pub pages: Option<usize>,
    /// Why it was not read, where the last load failed.
    pub fault: Option<String>,
}

/// A manual's file on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptFile {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// When its host last said that it is right, or when it was written.
    pub at: SystemTime,
}

/// A manual's file.
#[derive(Debug, Clone)]
pub struct Original {
    /// The file on this machine.
    pub path: PathBuf,
    /// `application/pdf` or `text/html; charset=utf-8`.
    pub media_type: &'static str,
}

/// Tells how the server is.
pub trait Condition: Send + Sync + 'static {
    /// Why no new work should be sent here; nothing when it should.
    fn not_ready(&self) -> Option<String>;
    /// What does not work as it should although the server serves; nothing when all is well.
    fn degraded(&self) -> Option<String>;
    /// True while Redis answers; false too where none is configured.
    fn redis_connected(&self) -> bool;
}

/// How the sentence encoder is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct EncoderHealth {
    /// `ready`, `missing` (there is no model: words alone), `damaged` (the model cannot be used: words alone) or
    /// `disabled`.
    pub state: &'static str,
    /// The models that are loaded.
    pub models: Vec<String>,
    /// Manuals that wait to be embedded or are being embedded.
    pub waiting: usize,
}

/// Tells how the sentence encoder is.
pub trait EncoderStatus: Send + Sync + 'static {
    /// How it is now.
    fn health(&self) -> EncoderHealth;
    /// How many windows of the manual read from `location` are embedded, and of how many; nothing where its
    /// vectors were not wanted since the start.
    fn progress(&self, location: &str) -> Option<(usize, usize)>;
}

/// An endpoint and how it goes with it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Endpoint {
    /// Its address.
    pub(super) url: String,
    /// What it is told; `all` is everything. Empty where the settings do not have it any more.
    pub(super) events: Vec<String>,
    /// Deliveries that this pod made since its start.
    pub(super) delivered: u64,
    /// Tries of this pod that failed since its start.
    pub(super) failed: u64,
    /// Deliveries of all pods that wait.
    pub(super) waiting: u64,
    /// Dead letters of all pods.
    pub(super) dead: u64,
}

impl Endpoint {
    /// As this pod knows it.
    #[must_use]
    pub fn new(url: String, events: Vec<String>, delivered: u64, failed: u64) -> Self {
        Self { url, events, delivered, failed, waiting: 0, dead: 0 }
    }
}

/// Tells endpoints outside what happens.
pub trait Webhooks: Send + Sync + 'static {
    /// Those of the settings, with what this pod counted.
    fn endpoints(&self) -> Vec<Endpoint>;
    /// Tells the one of this address, or all, that this is a test; says the ids of the deliveries.
    fn test(&self, url: Option<&str>) -> Vec<String>;
}

/// Has the server take no more work and end.
pub trait Drain: Send + Sync + 'static {
    /// Begins, at once; says what will happen. A second call changes nothing.
    fn begin(&self) -> Draining;
}

/// What happens when a server drains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draining {
    /// False when it was under way already.
    pub is_first: bool,
    /// Sessions that are told to come again elsewhere.
    pub sessions: usize,
    /// When the server has ended at the latest.
    pub within: Duration,
}
