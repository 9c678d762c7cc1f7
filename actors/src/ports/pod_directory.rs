//! The roll of pods: who is there, and who is not heard of any more.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use hsc_conversation::BoxError;

/// What a pod tells of itself. Other pods may be of another version: fields are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PodReport {
    /// Its name; no two runs of a pod share one.
    #[schema(value_type = String)]
    pub pod: Arc<str>,
    /// Where it serves.
    pub address: String,
    /// Version of the server.
    pub version: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// It takes no new sessions and ends soon.
    pub draining: bool,
    /// Sockets open now.
    pub sessions: usize,
    /// Conversations they hold.
    pub conversations: usize,
    /// Answers that are being made.
    pub answering: usize,
    /// Questions that wait in line for one.
    pub waiting: usize,
}

/// The roll, as it was a moment ago.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodList {
    /// Every pod that is heard of, the caller too.
    pub pods: Vec<PodReport>,
    /// Pods that are heard of and whose report cannot be read.
    pub unread: usize,
    /// Pods that are not heard of any more and are the caller's to take care of. Each is given to one
    /// caller, and again to another a while later, in case that one vanished too.
    pub vanished: Vec<MissingPod>,
}

/// A pod that is not heard of any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPod {
    /// Its name.
    pub pod: Arc<str>,
    /// Nobody was told of it before.
    pub is_news: bool,
}

/// Keeps the roll. Every call ends within a bounded time of its own.
pub trait PodDirectory: Send + Sync + 'static {
    /// Says that the caller is there, and gives the roll.
    fn answer(&self, report: PodReport) -> BoxFuture<'static, Result<PodList, BoxError>>;

    /// Says good-bye. A pod that `leaves_work` is treated as one that vanished, at once: another one
    /// takes care of its answers.
    fn leave(&self, pod: Arc<str>, leaves_work: bool) -> BoxFuture<'static, Result<(), BoxError>>;
}
