//! Messages of other parts of the pod to an agent's socket.

use actix::Message;

/// A message to every agent's socket.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Deliver {
    /// Send `reconnect`, and close with 1012.
    Reconnect {
        /// Delay before the reconnect, in milliseconds.
        after_ms: u64,
    },
    /// Panic, as an injected fault.
    #[cfg_attr(not(test), expect(dead_code, reason = "rehearsed in tests"))]
    Panic,
}
