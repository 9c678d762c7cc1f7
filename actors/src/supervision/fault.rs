//! Injectable faults: each way in which a child can end, for tests and operators.

use serde::Deserialize;

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
