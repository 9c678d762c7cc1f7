//! What other parts of the pod send to an agent's socket.

use actix::Message;

/// Something the pod wants of every agent's socket.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Deliver {
    /// Tell the agent to come again elsewhere, and close with 1012.
    Reconnect {
        /// After so long.
        after_ms: u64,
    },
    /// Panic, to rehearse it.
    #[cfg_attr(not(test), expect(dead_code, reason = "rehearsed in tests"))]
    Panic,
}
