//! The directory of pods: present and vanished pods.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use hsc_conversation::BoxError;

/// The report of a pod. Other pods may be of another version: fields are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PodReport {
    /// Its name; unique over all runs.
    #[schema(value_type = String)]
    pub pod: Arc<str>,
    /// Its address.
    pub address: String,
    /// Version of the server.
    pub version: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// True if it takes no new sessions and ends soon.
    pub draining: bool,
    /// Number of open sockets.
    pub sessions: usize,
    /// Number of their conversations.
    pub conversations: usize,
    /// Number of running answers.
    pub answering: usize,
    /// Number of queued questions.
    pub waiting: usize,
}

/// The directory, as it was a moment ago.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodList {
    /// Every pod with a recent heartbeat, including the caller.
    pub pods: Vec<PodReport>,
    /// Pods with a recent heartbeat whose report cannot be read.
    pub unread: usize,
    /// Vanished pods that the caller takes over. Each is given to one caller, and to another one a while later, in
    /// case the first vanished too.
    pub vanished: Vec<MissingPod>,
}

/// A pod without a recent heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPod {
    /// Its name.
    pub pod: Arc<str>,
    /// True if it was not given to any pod before.
    pub is_new: bool,
}

/// Stores the directory. Every call ends within a time limit of its own.
pub trait PodDirectory: Send + Sync + 'static {
    /// Stores the caller's heartbeat, and returns the directory.
    fn answer(&self, report: PodReport) -> BoxFuture<'static, Result<PodList, BoxError>>;

    /// Removes a pod. One that `leaves_work` is treated as vanished, at once: another pod completes its answers.
    fn leave(&self, pod: Arc<str>, leaves_work: bool) -> BoxFuture<'static, Result<(), BoxError>>;
}
