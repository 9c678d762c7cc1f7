//! Faults on demand: each way a child can end, so that tests and operators can rehearse it.

use serde::Deserialize;

/// A way to make a child end, or be as good as ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Panic while handling a message.
    Panic,
    /// Panic while being started, this often; begins with a panic now.
    PanicAtStart {
        /// Starts that fail.
        times: u32,
    },
    /// Panic in a future that the actor spawned.
    PanicInFuture,
    /// Panic in a stream that the actor reads.
    PanicInStream,
    /// Stop without a word.
    Stop,
    /// End by saying that it failed, as one does that no longer trusts its state.
    Fail,
    /// Block the thread for so long.
    Hang {
        /// Milliseconds for which the thread is blocked.
        ms: u64,
    },
    /// End the thread the child lives on.
    KillThread,
}

/// The words of a failure that was wanted.
pub(super) const FAILURE: &str = "a failure on demand";

/// A panic that says that it was wanted.
pub(crate) fn rehearse() {
    panic!("a panic on demand");
}
