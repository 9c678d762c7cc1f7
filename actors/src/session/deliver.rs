//! What other parts of the pod send to a session.

use std::sync::Arc;

use actix::Message;
use hsc_conversation::desk::DeskUpdate;
use hsc_conversation::protocol::{CloseReason, ServerMessage};

/// Something the pod wants said on this socket, or its end.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Deliver {
    /// End the running answer, tell the client to come again elsewhere, close with 1012.
    Reconnect {
        /// After so long.
        after_ms: u64,
    },
    /// The time to drain is over: leave the running answer to another pod, tell the client to come
    /// again there, close with 1012.
    HandOver {
        /// After so long.
        after_ms: u64,
    },
    /// Close.
    Close(CloseReason),
    /// Close, where the conversation is owned by a later epoch than this session's.
    TakenOver {
        /// The epoch in force.
        epoch: u64,
    },
    /// Say this.
    Say(Arc<ServerMessage>),
    /// Something became known of its conversation at the desk.
    Desk(Box<DeskUpdate>),
    /// Panic, to rehearse it.
    Panic,
    /// Stop without a word, to rehearse it.
    Stop,
}
