//! How an actor ended, in six words, and the faults that make it end so, for tests and operators.

use std::any::Any;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How a child ended. The same words are the metric label, the log field and the docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[derive(strum::Display, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Ending {
    /// It reported that its work is done.
    Done,
    /// It, or its factory, reported a failure: it no longer trusts its state.
    Failed,
    /// It panicked: in a handler, in `started`, in a future it spawned, in a stream it reads.
    Panicked,
    /// Its heartbeat was missed. The old generation is fenced off and a new one starts.
    Hung,
    /// The thread it ran on ended.
    ThreadLost,
    /// It stopped without a reason.
    Stopped,
}

/// How a child ended, and the known cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The kind of ending.
    pub ending: Ending,
    /// For the log and the tree; empty when unknown.
    pub why: String,
}

impl Exit {
    /// An ending with its cause.
    pub fn new(ending: Ending, why: impl Into<String>) -> Self {
        Self { ending, why: why.into() }
    }

    /// Reads the payload of a panic.
    pub(crate) fn of_panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without words".to_owned());
        Self::new(Ending::Panicked, text)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why.as_str() {
            "" => write!(f, "{}", self.ending),
            why => write!(f, "{}: {why}", self.ending),
        }
    }
}

/// A way to make a child end, or stop responding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Panic while handling a message.
    Panic,
    /// Panic while starting, this often; the first panic happens now.
    PanicAtStart {
        /// Number of starts that fail.
        times: u32,
    },
    /// Panic in a future that the actor spawned.
    PanicInFuture,
    /// Panic in a stream that the actor reads.
    PanicInStream,
    /// Stop without a reason.
    Stop,
    /// End with a reported failure, as an actor that no longer trusts its state.
    Fail,
    /// Block the thread.
    Hang {
        /// Milliseconds for which the thread is blocked.
        ms: u64,
    },
    /// End the thread that the child runs on.
    KillThread,
}

/// The text of an injected failure.
pub(super) const FAILURE: &str = "a failure on demand";

/// An injected panic; its text says so.
pub(crate) fn injected_panic() {
    panic!("a panic on demand");
}
